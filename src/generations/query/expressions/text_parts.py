"""`$split $trim $ltrim $rtrim $replaceOne $replaceAll`: texts cut and mended."""

from __future__ import annotations

from generations.query import tagged
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Argument, Frame, fail_where, null_where
from generations.query.value import NULL, Value

_SEPARATOR = "'\\xF4\\x8F\\xBF\\xBF'"
"""U+10FFFF, which is no character: stands between the parts where separators differ by record."""

_CHARACTERS = "extractAll({0}, '(?s).')"
"""The characters of a text as an array."""

_BLANKS = "\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
"""What is trimmed by default: https://www.mongodb.com/docs/manual/reference/operator/aggregation/trim/"""


@operator("$split")
def _split(scope: Scope, call: Call) -> Value:
    frame = Frame()
    text, separator = (frame.read(scope.value(arg), "string") for arg in call.args)
    tests = [
        null_where(text.absent, separator.absent),
        fail_where(text.wrong, "$split requires an expression that evaluates to a string as a first argument"),
        fail_where(separator.wrong, "$split requires an expression that evaluates to a string as a second argument"),
        fail_where(f"{separator.value} = ''", "$split requires a non-empty separator"),
    ]
    node = call.args[1]
    if isinstance(node, Constant):
        parts = f"splitByString({separator.value}, assumeNotNull({text.value}))"
    else:
        tests.append(fail_where(f"position({text.value}, {_SEPARATOR}) > 0", "$split: the text holds U+10FFFF"))
        parts = f"splitByString({_SEPARATOR}, assumeNotNull(replaceAll({text.value}, {separator.value}, {_SEPARATOR})))"
    part = tagged.fresh()
    return frame.tagged(tests, tagged.array(f"arrayMap({tagged.function([part], tagged.from_string(part))}, {parts})"))


@operator("$trim", "$ltrim", "$rtrim")
def _trim(scope: Scope, call: Call) -> Value:
    frame = Frame()
    text = frame.read(scope.value(call.named["input"]), "string")
    tests = [null_where(text.absent), fail_where(text.wrong, f"{call.op} requires its input to be a string")]
    node = call.named.get("chars", Constant(_BLANKS))
    if isinstance(node, Constant) and isinstance(node.value, str):
        return frame.scalar("string", tests, _trimmed(scope, call.op, text.value, node.value))
    if isinstance(node, Constant) and node.value is None:
        return NULL
    chars = frame.read(scope.value(node), "string")
    tests += [null_where(chars.absent), fail_where(chars.wrong, f"{call.op} requires 'chars' to be a string")]
    return frame.scalar("string", tests, _trimmed_by_row(call.op, text, chars), spreads=False)


def _trimmed(scope: Scope, op: str, text: str, chars: str) -> str:
    if not chars:
        return text
    one = "[" + "".join(f"\\x{{{ord(char):x}}}" for char in chars) + "]+"
    starts, ends = scope.context.string(rf"\A{one}"), scope.context.string(rf"{one}\z")
    if op != "$rtrim":
        text = f"replaceRegexpOne({text}, {starts}, '')"
    return text if op == "$ltrim" else f"replaceRegexpOne({text}, {ends}, '')"


def _trimmed_by_row(op: str, text: Argument, chars: Argument) -> str:
    """From the first to the last character that is not to be trimmed."""
    all_chars, kept, char = (tagged.fresh() for _ in range(3))
    other = tagged.function([char], f"NOT has({all_chars}, {char})")
    first = "1" if op == "$rtrim" else f"arrayFirstIndex({other}, {kept})"
    last = f"length({kept})" if op == "$ltrim" else f"arrayLastIndex({other}, {kept})"
    cut = f"if(arrayExists({other}, {kept}), substringUTF8({text.value}, {first}, {last} - {first} + 1), '')"
    bound = [(name, _CHARACTERS.replace("{0}", f"assumeNotNull({arg.value})")) for name, arg in ((all_chars, chars), (kept, text))]
    return tagged.let_all(bound, cut)


@operator("$replaceOne", "$replaceAll")
def _replace(scope: Scope, call: Call) -> Value:
    """An empty text is found before each character and at the end."""
    frame = Frame()
    names = ("input", "find", "replacement")
    text, find, other = arguments = [frame.read(scope.value(call.named[name]), "string") for name in names]
    tests = [fail_where(arg.wrong, f"{call.op} requires that '{name}' be a string") for name, arg in zip(names, arguments, strict=True)]
    tests.append(null_where(*(arg.absent for arg in arguments)))
    replace = "replaceOne" if call.op == "$replaceOne" else "replaceAll"
    usual = f"{replace}({text.value}, {find.value}, {other.value})"
    node = call.named["find"]
    if isinstance(node, Constant) and node.value:
        return frame.scalar("string", tests, usual)
    char = tagged.fresh()
    characters = _CHARACTERS.replace("{0}", f"assumeNotNull({text.value})")
    spread = f"arrayMap({tagged.function([char], f'concat({char}, assumeNotNull({other.value}))')}, {characters})"
    everywhere = f"concat({other.value}, arrayStringConcat({spread}))"
    empty = f"concat({other.value}, {text.value})" if call.op == "$replaceOne" else everywhere
    return frame.scalar("string", tests, f"if({find.value} = '', {empty}, {usual})", spreads=False)
