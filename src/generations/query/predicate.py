"""Filters, compiled: every node to one SQL condition. Values travel in parameters only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from generations.query import filter as f
from generations.query import tagged
from generations.query.constants import Pattern, instant_of
from generations.query.context import Context, invalid, refuse_unsupported
from generations.query.pattern import to_re2
from generations.query.source import resolve
from generations.query.value import Document, Open, Patched, Scalar, Strings, Tagged, Value, quote, to_tagged

_SIGN = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_EXACT_FLOAT = 2**53


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition; where `nullable` it may be NULL, which counts as false."""

    sql: str
    nullable: bool = False


TRUE = Condition("1")
FALSE = Condition("0")


def all_of(parts: Sequence[Condition]) -> Condition:
    kept = [part for part in parts if part != TRUE]
    if FALSE in kept:
        return FALSE
    return _joined(" AND ", kept, TRUE)


def any_of(parts: Sequence[Condition]) -> Condition:
    kept = [part for part in parts if part != FALSE]
    if TRUE in kept:
        return TRUE
    return _joined(" OR ", kept, FALSE)


def _joined(word: str, parts: Sequence[Condition], empty: Condition) -> Condition:
    if not parts:
        return empty
    if len(parts) == 1:
        return parts[0]
    return Condition("(" + word.join(part.sql for part in parts) + ")", any(part.nullable for part in parts))


def negated(part: Condition) -> Condition:
    """The complement: NULL counts as false before it is turned."""
    if part == TRUE:
        return FALSE
    if part == FALSE:
        return TRUE
    return Condition(f"NOT ({settled(part)})")


def settled(part: Condition) -> str:
    """The condition as SQL that is never NULL."""
    return f"ifNull({part.sql}, 0)" if part.nullable else part.sql


Expressions = Callable[[Any, str, Value], str]
"""Compiles the raw expression of `$expr`, at a pointer, over a root, to a condition that is never NULL."""


class Filters:
    """Compiles filters over one root value."""

    def __init__(self, context: Context, root: Value, expressions: Expressions) -> None:
        self._context = context
        self._root = root
        self._expressions = expressions

    def compile(self, node: f.Filter) -> Condition:
        match node:
            case f.AllOf(parts):
                return all_of([self.compile(part) for part in parts])
            case f.AnyOf(parts):
                return any_of([self.compile(part) for part in parts])
            case f.Not(part):
                return negated(self.compile(part))
            case f.Holds(raw, path):
                return Condition(self._expressions(raw, path, self._root))
            case f.Leaf(field, test, path):
                target, rest = self._target(tuple(field.split(".")), path)
                return self._test(target, rest, test, path)
            case _:
                assert_never(node)

    def holds(self, test: f.Test) -> str:
        """The test on the root value itself, never NULL."""
        return settled(self._test(self._root, (), test, ""))

    def position(self, filters: Sequence[f.Filter], path: str) -> str:
        """The place, from 1, of the array element by which the filters matched; 0 when no array took part.

        Raises:
            Unsupported: the filters have alternatives or negations, so that no one element can be told.
        """
        places: list[str] = []
        for node in filters:
            match node:
                case f.AllOf(parts):
                    places += [self.position((part,), path) for part in parts]
                case f.Leaf(field, test, at):
                    target, rest = self._target(tuple(field.split(".")), at)
                    places.append(self._place(to_tagged(target), rest, test, at))
                case f.Holds():
                    pass
                case f.AnyOf() | f.Not():
                    raise refuse_unsupported("a positional projection beside $or or a negation", "no one element can be told", path)
                case _:
                    assert_never(node)
        out = "0"
        for place in places:
            out = tagged.let(place, lambda i, out=out: f"if({i} > 0, {i}, {out})")
        return out

    def _place(self, value: str, steps: tuple[str, ...], test: f.Test, path: str) -> str:
        e = tagged.fresh()
        if not steps:
            holds = self._leaf(f"concat('[', {e}, ']')", test, path) if isinstance(test, f.ElementMatches) else self._single(e, test, path)
            return tagged.let(value, lambda v: f"if({tagged.is_array(v)}, arrayFirstIndex({e} -> {holds}, {tagged.elements(v)}), 0)")
        inside = settled(self._leaves(e, steps, test, path))

        def body(v: str) -> str:
            below = self._place(f"JSONExtractRaw({v}, {quote(steps[0])})", steps[1:], test, path)
            return f"if({tagged.is_array(v)}, arrayFirstIndex({e} -> {inside}, {tagged.elements(v)}), {below})"

        return tagged.let(value, body)

    def _target(self, steps: tuple[str, ...], path: str) -> tuple[Value, tuple[str, ...]]:
        """The value that a field names and the steps that are left below it."""
        value = self._root
        for i, step in enumerate(steps):
            match value:
                case Document(fields) if step in fields:
                    value = fields[step]
                case Strings() if step.isdigit() and i == len(steps) - 1:
                    return Tagged(to_tagged(value)), steps[i:]
                case Patched(base, name, replaced):
                    while step != name and isinstance(base, Patched):
                        base, name, replaced = base.base, base.name, base.value
                    if step == name:
                        value = replaced
                        continue
                    target, rest = Filters(self._context, base, self._expressions)._target(steps[i:], path)
                    return target, rest
                case Tagged():
                    return value, steps[i:]
                case Open(path=()) if self._declared(value, step):
                    value = resolve(value, (step,), path)
                case Open():
                    return value, steps[i:]
                case _:
                    resolve(self._root, steps, path)
                    return Tagged("''"), ()
        return value, ()

    @staticmethod
    def _declared(value: Open, step: str) -> bool:
        return not isinstance(resolve(value, (step,), ""), Open)

    def _test(self, target: Value, rest: tuple[str, ...], test: f.Test, path: str) -> Condition:
        match test:
            case f.NotTest(part):
                return negated(self._test(target, rest, part, path))
            case f.Tests(parts):
                return all_of([self._test(target, rest, part, path) for part in parts])
            case f.Nothing():
                return FALSE
            case _:
                pass
        match target:
            case Scalar():
                return self._scalar(target, test, path)
            case Strings():
                return self._strings(target, test, path)
            case Open():
                return self._open(target, rest, test, path)
            case Tagged(sql):
                return self._leaves(sql, rest, test, path)
            case Document() | Patched():
                return self._leaves(to_tagged(target), rest, test, path)
            case _:
                assert_never(target)

    # --- typed columns ---------------------------------------------------------------------------------------------

    def _scalar(self, value: Scalar, test: f.Test, path: str) -> Condition:
        match test:
            case f.Equals(wanted):
                return self._scalar_equals(value, wanted, path)
            case f.Ordered(op, wanted):
                if wanted is None:
                    return self._absent(value) if op in ("$gte", "$lte") else FALSE
                bound = self._bound(value, wanted, path)
                return Condition(f"{value.sql} {_SIGN[op]} {bound}", value.nullable) if bound else FALSE
            case f.OneOf(values, patterns):
                return self._scalar_one_of(value, values, patterns, path)
            case f.Matches(pattern):
                return self._scalar_matches(value, pattern, path)
            case f.Exists():
                there = negated(self._absent(value))
                return any_of([there, Condition(value.null_test)]) if value.null_test else there
            case f.HasType(names):
                return self._scalar_type(value, names)
            case f.Modulo(divisor, remainder):
                return self._modulo(value, divisor, remainder)
            case f.HasSize() | f.ElementMatches():
                return FALSE
            case f.NotTest() | f.Tests() | f.Nothing():
                raise AssertionError("taken apart before")
            case _:
                assert_never(test)

    @staticmethod
    def _absent(value: Scalar) -> Condition:
        return Condition(f"{value.sql} IS NULL") if value.nullable else FALSE

    def _scalar_equals(self, value: Scalar, wanted: Any, path: str) -> Condition:
        if wanted is None:
            return self._absent(value)
        bound = self._bound(value, wanted, path)
        return Condition(f"{value.sql} = {bound}", value.nullable) if bound else FALSE

    def _bound(self, value: Scalar, wanted: Any, path: str) -> str | None:
        """A placeholder comparable with the column; None where the types differ and so never match."""
        match value.type, wanted:
            case "bool", bool():
                return "true" if wanted else "false"
            case _, bool():
                return None
            case ("integer" | "number"), (int() | float()):
                return None if isinstance(wanted, float) and math.isnan(wanted) else self._context.number(wanted)
            case "string", str():
                return self._context.string(wanted)
            case "instant", datetime():
                return self._context.instant(wanted)
            case "instant", str():
                found = instant_of(wanted)
                if found is None:
                    raise invalid(f"{wanted!r} is not an instant", path, 'write it as "2024-06-15T12:30:45Z"')
                return self._context.instant(found)
            case _:
                return None

    def _scalar_one_of(self, value: Scalar, values: Sequence[Any], patterns: Sequence[Pattern], path: str) -> Condition:
        parts = [self._absent(value)] if None in values else []
        if value.type == "number" and any(isinstance(v, int | float) and not isinstance(v, bool) and not v for v in values):
            values = [*values, 0.0, -0.0]  # IN compares bits, and both zeros are one number
        bounds = list(dict.fromkeys(b for b in (self._bound(value, v, path) for v in values if v is not None) if b))
        if bounds:
            parts.append(Condition(f"{value.sql} IN ({', '.join(bounds)})", value.nullable))
        parts += [self._scalar_matches(value, pattern, path) for pattern in patterns]
        return any_of(parts)

    def _scalar_matches(self, value: Scalar, pattern: Pattern, path: str) -> Condition:
        expression = self._context.string(to_re2(pattern, path))
        return Condition(f"match({value.sql}, {expression})", value.nullable) if value.type == "string" else FALSE

    def _scalar_type(self, value: Scalar, names: frozenset[str]) -> Condition:
        own = {"string": "string", "bool": "bool", "instant": "date", "number": "double"}
        parts: list[Condition] = []
        if value.type == "integer":
            fits = f"{value.sql} BETWEEN -2147483648 AND 2147483647"
            parts += [Condition(fits, value.nullable)] if "int" in names else []
            parts += [Condition(f"NOT ({fits})", value.nullable)] if "long" in names else []
        elif own[value.type] in names:
            parts.append(negated(self._absent(value)))
        if "null" in names and value.null_test:
            parts.append(all_of([self._absent(value), Condition(value.null_test)]))
        return any_of(parts)

    def _modulo(self, value: Scalar, divisor: int, remainder: int) -> Condition:
        if value.type not in ("integer", "number"):
            return FALSE
        whole = value.sql if value.type == "integer" else f"toInt64(trunc({value.sql}))"
        return Condition(f"modulo({whole}, {self._context.number(divisor)}) = {self._context.number(remainder)}", value.nullable)

    def _strings(self, value: Strings, test: f.Test, path: str) -> Condition:
        match test:
            case f.Equals(str() as wanted):
                return Condition(f"has({value.sql}, {self._context.string(wanted)})")
            case f.OneOf(values, ()) if values and all(isinstance(v, str) for v in values):
                return Condition(f"hasAny({value.sql}, [{', '.join(self._context.string(v) for v in values)}])")
            case f.Matches(pattern):
                name = tagged.fresh()
                return Condition(f"arrayExists({name} -> match({name}, {self._context.string(to_re2(pattern, path))}), {value.sql})")
            case _:
                return self._leaves(to_tagged(value), (), test, path)

    # --- stored JSON text ------------------------------------------------------------------------------------------

    def _open(self, value: Open, rest: tuple[str, ...], test: f.Test, path: str) -> Condition:
        steps = value.path + rest
        if value.plain and not steps:
            return self._content(value, test, path)
        fast = self._fast(value, steps, test, path) if self._context.source.fast and value.stem and steps else None
        if fast is None:
            exact = self._stored_leaves(value.text, steps, test, path)
            return exact if not _matches_no_missing(test) else all_of([Condition(f"{value.text} != ''"), exact])
        if isinstance(test, f.Exists):
            column = _accelerator(value.stem or "", steps)
            exact = self._stored_leaves(value.text, steps, test, path)
            return any_of([Condition(f"{column} IS NOT NULL"), self._among([f"{column} IS NULL", f"{value.text} != ''"], exact)])
        # The text stands a second time in a column of its own for the records whose accelerator is not exact.
        text = f"{value.stem}_exact"
        return any_of([fast, all_of([Condition(f"{text} != ''"), self._stored_leaves(text, steps, test, path)])])

    def _content(self, value: Open, test: f.Test, path: str) -> Condition:
        """A test of whole content: the text column when it is a plain text, the JSON text when it is anything else."""
        string = Scalar(value.plain or "", "string", absent="missing")
        plain = all_of([negated(self._absent(string)), self._scalar(string, test, path)])
        exact = self._leaves(tagged.from_text(value.text), (), test, path)
        if not _matches_no_missing(test):
            return any_of([plain, all_of([self._absent(string), exact])])
        # Texts are in their own column, so that of what starts otherwise only lists can hold one.
        others = f"{value.starts} = '['" if _matches_only_strings(test) else f"{value.starts} != ''"
        return any_of([plain, all_of([Condition(others), self._among([others], exact)])])

    def _among(self, kept: Sequence[str], exact: Condition) -> Condition:
        """An exact test of few records, in a subquery, so that the text of the others is not even read."""
        source = self._context.source
        where = " AND ".join([f"project = {self._context.string(source.project)}", *kept, settled(exact)])
        return Condition(f"seq IN (SELECT seq FROM {source.local_table} WHERE {where})")

    def _fast(self, value: Open, steps: tuple[str, ...], test: f.Test, path: str) -> Condition | None:
        """The test on the accelerator's sub-column: right for every record whose map is not odd and has no arrays."""
        if any(step.isdigit() or not step or "`" in step or "\\" in step for step in steps):
            return None
        column = _accelerator(value.stem or "", steps)
        typed = {
            "string": Scalar(f"{column}.:String", "string"),
            "bool": Scalar(f"{column}.:Bool", "bool"),
            "integer": Scalar(f"{column}.:Int64", "integer"),
            "number": Scalar(f"{column}.:Float64", "number"),
        }
        match test:
            case f.Exists():
                return TRUE
            case f.Equals(wanted) | f.Ordered(_, wanted) if isinstance(wanted, str | bool | int | float):
                return any_of([self._scalar(typed[name], test, path) for name in _classes(wanted)])
            case f.OneOf(values, patterns) if all(isinstance(v, str | bool | int | float) for v in values):
                names = list(dict.fromkeys(name for v in values for name in _classes(v))) or ["string"]
                if patterns and "string" not in names:
                    names.append("string")
                return any_of([self._scalar(typed[name], test, path) for name in names])
            case f.Matches():
                return self._scalar(typed["string"], test, path)
            case _:
                return None

    def _stored_leaves(self, text: str, steps: tuple[str, ...], test: f.Test, path: str) -> Condition:
        """The test on all values that the path reaches in stored text.

        Tagging a whole map costs ten times what looking into it does, so only what is found is tagged. On the way a double may
        become an integer, which only `$type` can tell, and an integer beyond 64 bits a string, so those go the long way.
        """
        if not steps or isinstance(test, f.HasType):
            return self._leaves(tagged.from_text(text), steps, test, path)
        long_number = f"match({text}, '[0-9]{{19}}')"
        name, raw = tagged.fresh(), tagged.fresh()
        found = tagged.leaves(f"if({long_number}, {tagged.from_text(text)}, {text})", _keys(steps))
        leaves = f"arrayMap({raw} -> if({long_number}, {raw}, {tagged.from_text(raw)}), {found})"
        return Condition(f"arrayExists({name} -> {self._leaf(name, test, path)}, {leaves})")

    # --- tagged values ---------------------------------------------------------------------------------------------

    def _leaves(self, sql: str, steps: tuple[str, ...], test: f.Test, path: str) -> Condition:
        """The test on all values that the path reaches."""
        if not steps:
            return Condition(tagged.let(sql, lambda v: self._leaf(v, test, path)))
        found = tagged.leaves(sql, _keys(steps))
        name = tagged.fresh()
        return Condition(f"arrayExists({name} -> {self._leaf(name, test, path)}, {found})")

    def _leaf(self, v: str, test: f.Test, path: str) -> str:
        """The test on one value that may be an array: on itself, or on one of its elements."""
        match test:
            case f.Exists():
                return f"{v} != ''"
            case f.HasSize(size):
                return f"({tagged.is_array(v)} AND length({tagged.elements(v)}) = {size})"
            case f.ElementMatches():
                return f"({tagged.is_array(v)} AND {self._element(v, test, path)})"
            case _:
                e = tagged.fresh()
                inside = f"({tagged.is_array(v)} AND arrayExists({e} -> {self._single(e, test, path)}, {tagged.elements(v)}))"
                return f"({self._single(v, test, path)} OR {inside})"

    def _element(self, v: str, test: f.ElementMatches, path: str) -> str:
        e = tagged.fresh()
        if test.tests is not None:
            return f"arrayExists({e} -> {self._single(e, test.tests, path)}, {tagged.elements(v)})"
        assert test.filter is not None
        i, x = tagged.fresh(), tagged.fresh()
        indexed = f"arrayMap(({x}, {i}) -> (toString({i} - 1), {x}), {tagged.elements(e)}, arrayEnumerate({tagged.elements(e)}))"
        document = f"if({tagged.is_object(e)}, {e}, {tagged.object_from_pairs(indexed)})"
        condition = tagged.let(document, lambda d: settled(Filters(self._context, Tagged(d), self._expressions).compile(test.filter or f.MATCH_ALL)))
        return f"arrayExists({e} -> ({tagged.is_object(e)} OR {tagged.is_array(e)}) AND {condition}, {tagged.elements(v)})"

    def _single(self, v: str, test: f.Test, path: str) -> str:
        """The test on one value as it is."""
        match test:
            case f.Equals(wanted):
                return self._equals(v, wanted)
            case f.Ordered(op, wanted):
                return self._ordered(v, op, wanted)
            case f.OneOf(values, patterns):
                parts = [self._equals(v, wanted) for wanted in values if wanted is None or isinstance(wanted, list | dict)]
                texts = [equality_text(w) for w in values if w is not None and not isinstance(w, list | dict)]
                if texts:
                    parts.append(f"{tagged.equality(v)} IN ({', '.join(self._context.string(t) for t in dict.fromkeys(texts))})")
                parts += [self._single(v, f.Matches(pattern), path) for pattern in patterns]
                return "(" + " OR ".join(parts) + ")" if parts else "0"
            case f.Exists():
                return f"{v} != ''"
            case f.HasType(names):
                return f"{tagged.type_name(v)} IN ({', '.join(quote(name) for name in sorted(names))})"
            case f.Matches(pattern):
                return f"({tagged.is_string(v)} AND match({tagged.to_string(v)}, {self._context.string(to_re2(pattern, path))}))"
            case f.Modulo(divisor, remainder):
                number = f"if({tagged.is_integer(v)}, {tagged.to_integer(v)}, toInt64(trunc({tagged.to_float(v)})))"
                sane = f"{tagged.is_number(v)} AND isFinite({tagged.to_float(v)}) AND abs({tagged.to_float(v)}) < 9223372036854775807"
                return f"({sane} AND modulo({number}, {self._context.number(divisor)}) = {self._context.number(remainder)})"
            case f.HasSize(size):
                return f"({tagged.is_array(v)} AND length({tagged.elements(v)}) = {size})"
            case f.ElementMatches():
                return f"({tagged.is_array(v)} AND {self._element(v, test, path)})"
            case f.Tests(parts):
                return "(" + " AND ".join(self._single(v, part, path) for part in parts) + ")"
            case f.NotTest(part):
                return f"NOT ({self._leaf(v, part, path) if not isinstance(part, f.Tests) else self._all_leaf(v, part, path)})"
            case f.Nothing():
                return "0"
            case _:
                assert_never(test)

    def _all_leaf(self, v: str, tests: f.Tests, path: str) -> str:
        return "(" + " AND ".join(self._leaf(v, part, path) for part in tests.parts) + ")"

    def _equals(self, v: str, wanted: Any) -> str:
        if wanted is None:
            return tagged.is_nullish(v)
        bound = self._context.string(equality_text(wanted))
        return f"{v} = {bound}" if isinstance(wanted, str | bool | datetime) else f"{tagged.equality(v)} = {bound}"

    def _ordered(self, v: str, op: f.Order, wanted: Any) -> str:
        sign = _SIGN[op]
        match wanted:
            case None:
                return tagged.is_nullish(v) if op in ("$gte", "$lte") else "0"
            case bool():
                return f"({tagged.is_bool(v)} AND ({v} = 'true') {sign} {int(wanted)})"
            case int() | float() if math.isnan(wanted):
                return f"{v} = '\"\\\\u0001dNaN\"'" if op in ("$gte", "$lte") else "0"
            case int() | float() if abs(wanted) < _EXACT_FLOAT or math.isinf(wanted):
                return f"({tagged.is_number(v)} AND {tagged.to_float(v)} {sign} {self._context.bind(float(wanted), 'Float64')})"
            case str():
                return f"({tagged.is_string(v)} AND {tagged.to_string(v)} {sign} {self._context.string(wanted)})"
            case datetime():
                return f"({tagged.is_date(v)} AND {tagged.instant_text(v)} {sign} {self._context.string(tagged.text_of_instant(wanted))})"
            case _:
                bound = self._context.tagged(wanted)
                same = f"{tagged.rank(v)} = {tagged.rank(bound)}"
                return f"({same} AND {tagged.sort_key(v)} {sign} {tagged.sort_key(bound)})"


def equality_text(value: Any) -> str:
    """The text that `tagged.equality` gives for a constant."""
    if isinstance(value, float) and value.is_integer() and abs(value) < tagged.INTEGRAL_BOUND:
        return str(int(value))
    if isinstance(value, list):
        return "[" + ",".join(equality_text(item) for item in value) + "]"  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return "{" + ",".join(f"{tagged.text_of(k)}:{equality_text(v)}" for k, v in value.items()) + "}"  # pyright: ignore
    return tagged.text_of(value)


def _keys(steps: tuple[str, ...]) -> list[tuple[str, int | None]]:
    """The steps as SQL texts, each with the index it may also be."""
    return [(quote(step), int(step) if step.isdigit() and len(step) < 10 else None) for step in steps]


def _accelerator(stem: str, steps: tuple[str, ...]) -> str:
    return f"{stem}_paths." + ".".join(f"`{step}`" for step in steps)


def _classes(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["bool"]
    return ["string"] if isinstance(value, str) else ["integer", "number"]


def _matches_only_strings(test: f.Test) -> bool:
    """Whether the test can hold of strings and of lists with strings alone."""
    match test:
        case f.Equals(wanted) | f.Ordered(_, wanted):
            return isinstance(wanted, str)
        case f.OneOf(values, _):
            return all(isinstance(value, str) for value in values)
        case f.Matches():
            return True
        case _:
            return False


def _matches_no_missing(test: f.Test) -> bool:
    """Whether the test can never hold of a missing value, so that records without the text need not be read."""
    match test:
        case f.Equals(wanted):
            return wanted is not None
        case f.Ordered(_, wanted):
            return wanted is not None
        case f.OneOf(values, _):
            return None not in values
        case _:
            return True
