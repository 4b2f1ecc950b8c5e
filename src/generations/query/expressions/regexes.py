"""`$regexMatch $regexFind $regexFindAll`: patterns are constants, positions count code points."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generations.query import tagged
from generations.query.constants import Pattern
from generations.query.context import invalid, pointer, refuse_unsupported
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant, Expression
from generations.query.expressions.arguments import Argument, Frame, constant_only, fail_where, null_where
from generations.query.pattern import to_re2
from generations.query.value import NULL, Scalar, Tagged, Value

_NOTHING: dict[str, Value] = {
    "$regexMatch": Scalar("false", "bool", nullable=False),
    "$regexFind": NULL,
    "$regexFindAll": Tagged("'[]'"),
}
"""The result without a text or without a pattern."""

_WRONG = "{0} needs 'input' to be of type string"


def _input(scope: Scope, call: Call, frame: Frame) -> Argument:
    return frame.read(scope.value(call.named["input"]), "string")


@operator("$regexMatch", "$regexFind", "$regexFindAll")
def _regex(scope: Scope, call: Call) -> Value:
    for name in ("regex", "options"):
        node = call.named.get(name)
        if node is not None and not _is_constant(node):
            return _of_record(scope, call, name)
    pattern = _pattern(call)
    if pattern is None:
        return _NOTHING[call.op]
    return {"$regexMatch": _match, "$regexFind": _find, "$regexFindAll": _find_all}[call.op](scope, call, pattern)


def _of_record(scope: Scope, call: Call, name: str) -> Value:
    """An argument that differs by record fails the query, unless it is null everywhere."""
    frame = Frame()
    fail = constant_only(tagged.is_nullish(frame.text(scope.value(call.named[name]))), f"{call.op}: the {name}")[1]
    if call.op == "$regexMatch":
        return frame.scalar("bool", [fail], "false", spreads=False)
    return frame.tagged([fail], "'null'" if call.op == "$regexFind" else "'[]'")


def _match(scope: Scope, call: Call, pattern: Pattern) -> Value:
    frame = Frame()
    text = _input(scope, call, frame)
    found = f"ifNull(match({text.value}, {scope.context.string(to_re2(pattern, call.path))}), 0)"
    tests = [fail_where(text.wrong, _WRONG.format(call.op))]
    return frame.scalar("bool", tests, found if text.absent == "0" else f"(NOT {text.absent} AND {found})")


def _find(scope: Scope, call: Call, pattern: Pattern) -> Value:
    frame = Frame()
    text = _input(scope, call, frame)
    anchored = scope.context.string(rf"(?s:\A(.*?))({to_re2(pattern, call.path)})")
    groups = tagged.fresh()
    found = f"if(empty({groups}), 'null', {_found(groups, f'lengthUTF8({groups}[1])', _captures(pattern, call))})"
    sql = tagged.let_all([(groups, f"extractGroups(assumeNotNull({text.value}), {anchored})")], found)
    return frame.tagged([fail_where(text.wrong, _WRONG.format(call.op)), null_where(text.absent)], sql)


def _find_all(scope: Scope, call: Call, pattern: Pattern) -> Value:
    """Matches one after the other. A pattern that matches the empty text fails the query: the engine steps by bytes then."""
    frame = Frame()
    text = _input(scope, call, frame)
    re2 = to_re2(pattern, call.path)
    matches, ends, groups, end = (tagged.fresh() for _ in range(4))
    one = _found(groups, f"{end} - lengthUTF8({groups}[2])", _captures(pattern, call))
    items = f"arrayMap({tagged.function([groups, end], one)}, {matches}, {ends})"
    lengths = f"arrayMap({tagged.function([groups], f'lengthUTF8({groups}[1]) + lengthUTF8({groups}[2])')}, {matches})"
    sql = tagged.let_all([(ends, f"arrayCumSum({lengths})")], tagged.array(items))
    empty = f"arrayExists({tagged.function([groups], f'{groups}[2] = ' + repr(''))}, {matches})"
    none = f"({text.value} = '' AND match('', {scope.context.string(re2)}))"
    message = "$regexFindAll: a pattern that matches the empty text is not supported"
    sql = tagged.choose([(tagged.fails(f"({empty} OR {none})", message), "''")], sql)
    # Not folded as a constant: a shard that is sent an empty list of lists as a literal no longer knows its type.
    all_groups = f"extractAllGroupsVertical(materialize(assumeNotNull({text.value})), {scope.context.string(f'(?s:(.*?))({re2})')})"
    sql = tagged.let_all([(matches, all_groups)], sql)
    return frame.tagged([fail_where(text.wrong, _WRONG.format(call.op))], tagged.choose([(text.absent, "'[]'")], sql))


def _found(groups: str, index: str, captures: list[str]) -> str:
    """A match as an object, of the text before it, the text itself and its groups."""
    items = tagged.array_of([capture.replace("{0}", groups) for capture in captures])
    return f"""concat('{{"match":', {tagged.from_string(f"{groups}[2]")}, ',"idx":', toString({index}), ',"captures":', {items}, '}}')"""


# --- the pattern ------------------------------------------------------------------------------------------------------


def _pattern(call: Call) -> Pattern | None:
    """The arguments `regex` and `options`, which are constants; None when the pattern is null."""
    given = _constant(call.named["regex"])
    options = _constant(call.named["options"]) if "options" in call.named else None
    if options is not None and not isinstance(options, str):
        raise invalid(f"{call.op} needs 'options' to be of type string", pointer(call.path, "options"))
    match given:
        case None:
            return None
        case Pattern():
            if given.options and options:
                raise invalid(f"{call.op}: found regex options specified in both 'regex' and 'options' fields", call.path)
            return Pattern(given.text, given.options or options or "")
        case str():
            return Pattern(given, options or "")
        case _:
            raise invalid(f"{call.op} needs 'regex' to be of type string or regex", pointer(call.path, "regex"))


def _is_constant(node: Expression) -> bool:
    return isinstance(node, Constant) or (isinstance(node, Call) and node.op == "$concat" and all(map(_is_constant, node.args)))


def _constant(node: Expression) -> object:
    """A constant, or constants put together by `$concat`."""
    if isinstance(node, Constant):
        return node.value
    parts = [_constant(arg) for arg in node.args] if isinstance(node, Call) else []
    return None if None in parts else "".join(map(str, parts))


def _captures(pattern: Pattern, call: Call) -> list[str]:
    """The SQL of each capture, where `{0}` is the array of groups. The engine gives "" for a group that took no part."""
    if "#" in pattern.text and ("x" in pattern.options or "(?x" in pattern.text) and "(" in pattern.text:
        raise refuse_unsupported("comments beside groups in a regular expression", "leave the comments out", pointer(call.path, "regex"))
    out: list[str] = []
    for position, (inner, optional) in enumerate(_groups(pattern.text), start=3):
        taken = tagged.from_string(f"{{0}}[{position}]")
        if not optional:
            out.append(taken)
        elif _may_be_empty(inner):
            why = "the engine cannot tell an empty group from one that took no part"
            raise refuse_unsupported(f"the group ({inner}), which may be empty or take no part,", why, pointer(call.path, "regex"))
        else:
            out.append(f"if({{0}}[{position}] = '', 'null', {taken})")
    return out


def _may_be_empty(text: str) -> bool:
    """Whether a part of a pattern may match the empty text; in doubt it may."""
    if re.search(r"\\[bBAzZ]|[$^]", text):
        return True
    try:
        return re.fullmatch(re.sub(r"\[:\^?\w+:\]", "a", text), "") is not None
    except re.error:
        return True


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet: where its content starts, the number of its capture, the captures inside."""

    start: int
    number: int
    inside: list[int]
    alternates: bool = False


_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\((?:\?P?<(?![=!])\w+>|\?[^:)]*[:)])?|[)|]", re.DOTALL)
"""Escapes and classes, which hide brackets, and what shapes groups."""


def _groups(text: str) -> list[tuple[str, bool]]:
    """The capturing groups of a pattern in order: their text, and whether a match may do without them."""
    groups: dict[int, tuple[str, bool]] = {}
    stack = [_Open(0, 0, [])]

    def spare(numbers: list[int]) -> None:
        groups.update({number: (groups[number][0], True) for number in numbers})

    for token in _TOKEN.finditer(text):
        part = token[0]
        if part == "|":
            stack[-1].alternates = True
        elif part == ")" and len(stack) > 1:
            closed = stack.pop()
            if closed.alternates:
                spare(closed.inside)
            if closed.number:
                groups[closed.number] = (text[closed.start : token.start()], False)
                closed.inside.append(closed.number)
            if re.match(r"\s*(?:[?*]|\{0)", text[token.end() :]):
                spare(closed.inside)
            stack[-1].inside += closed.inside
        elif part.startswith("(") and not part.endswith(")"):
            captures = part == "(" or part.endswith(">")
            number = sum(1 for other in stack if other.number) + len(groups) + 1 if captures else 0
            stack.append(_Open(token.end(), number, []))
    if stack[0].alternates:
        spare(stack[0].inside)
    return [groups[number] for number in sorted(groups)]
