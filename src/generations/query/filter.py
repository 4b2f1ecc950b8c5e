"""Filters, parsed: MongoDB's query language as a closed tree of frozen nodes. Nothing is looked up and no SQL is made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from generations.query.constants import Pattern, constant
from generations.query.context import MAX_DEPTH, invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.operators import QUERY, REFUSED_QUERY

Order = Literal["$gt", "$gte", "$lt", "$lte"]

TYPE_CODES = {
    1: "double", 2: "string", 3: "object", 4: "array", 5: "binData", 6: "undefined", 7: "objectId", 8: "bool", 9: "date",
    10: "null", 11: "regex", 12: "dbPointer", 13: "javascript", 14: "symbol", 16: "int", 17: "timestamp", 18: "long",
    19: "decimal", -1: "minKey", 127: "maxKey",
}  # fmt: skip
"""https://www.mongodb.com/docs/manual/reference/bson-types/"""


@dataclass(frozen=True, slots=True)
class Equals:
    value: Any


@dataclass(frozen=True, slots=True)
class Ordered:
    op: Order
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    values: tuple[Any, ...]
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there; `$exists: false` is its negation."""


@dataclass(frozen=True, slots=True)
class HasType:
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matches:
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Modulo:
    divisor: int
    remainder: int


@dataclass(frozen=True, slots=True)
class HasSize:
    size: int


@dataclass(frozen=True, slots=True)
class ElementMatches:
    """One element satisfies all of it: `filter` on elements that are objects, or `tests` on the element itself."""

    filter: Filter | None
    tests: Tests | None


@dataclass(frozen=True, slots=True)
class Tests:
    """All hold of one path, each for an element of its own; `negated` ones hold for no element."""

    parts: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class NotTest:
    part: Test


@dataclass(frozen=True, slots=True)
class Nothing:
    """Matches no record: `{$all: []}`, or equality with a pattern, which no record holds."""


Test = Equals | Ordered | OneOf | Exists | HasType | Matches | Modulo | HasSize | ElementMatches | Tests | NotTest | Nothing


@dataclass(frozen=True, slots=True)
class Leaf:
    field: str
    test: Test
    path: str


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


@dataclass(frozen=True, slots=True)
class Holds:
    """`$expr`: the raw expression, which the expression parser reads."""

    expression: Any
    path: str


Filter = Leaf | AllOf | AnyOf | Not | Holds

MATCH_ALL = AllOf(())


def parse_filter(raw: Any, path: str = "", depth: int = 0) -> Filter:
    """Read a filter.

    Raises:
        InvalidQuery: and its kinds; `path` points at the offending place.
    """
    if raw is None:
        return MATCH_ALL
    if not isinstance(raw, Mapping):
        raise invalid(f"a filter must be an object, not {type(raw).__name__}", path or "/", 'write {"model.id": "gpt-4"}')
    if depth > MAX_DEPTH:
        raise invalid(f"the filter nests deeper than {MAX_DEPTH} levels", path)
    parts: list[Filter] = []
    for key, value in cast("Mapping[Any, Any]", raw).items():
        if not isinstance(key, str):
            raise invalid(f"a key must be a string, not {type(key).__name__}", path)
        at = pointer(path, key)
        if key.startswith("$"):
            part = _logical(key, value, at, depth)
            if part is not None:
                parts.append(part)
        else:
            parts.append(_leaf(key, value, at, depth))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _logical(key: str, value: Any, path: str, depth: int) -> Filter | None:
    match key:
        case "$and":
            return AllOf(_parts(key, value, path, depth))
        case "$or":
            return AnyOf(_parts(key, value, path, depth))
        case "$nor":
            return Not(AnyOf(_parts(key, value, path, depth)))
        case "$expr":
            return Holds(value, path)
        case "$comment":
            return None
        case _ if key in REFUSED_QUERY:
            raise refuse_unsupported(key, REFUSED_QUERY[key], path)
        case _ if key in QUERY:
            raise invalid(f"{key} stands below a field, not at the top of a filter", path, f'write {{"model.id": {{"{key}": …}}}}')
        case _:
            raise refuse_unknown_operator(key, QUERY, path)


def _parts(key: str, value: Any, path: str, depth: int) -> tuple[Filter, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise invalid(f"{key} needs a list of at least one filter", path)
    items = cast("list[Any]", value)
    for i, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise invalid(f"{key} needs filters, not {type(item).__name__}", pointer(path, i))
    return tuple(parse_filter(item, pointer(path, i), depth + 1) for i, item in enumerate(items))


def _leaf(field: str, value: Any, path: str, depth: int) -> Filter:
    if not field or field.startswith(".") or field.endswith(".") or ".." in field:
        raise invalid(f"{field!r} is not a path", path, "steps are joined by single dots")
    test = parse_test(value, path, depth)
    return Not(Leaf(field, test.part, path)) if isinstance(test, NotTest) else Leaf(field, test, path)


def parse_test(raw: Any, path: str, depth: int = 0) -> Test:
    """What stands to the right of a field: a value, a pattern, or an object of operators."""
    if isinstance(raw, Mapping) and raw and not _is_wrapper(cast("Mapping[Any, Any]", raw)):
        keys = list(cast("Mapping[Any, Any]", raw))
        if isinstance(keys[0], str) and keys[0].startswith("$"):
            return _operators(cast("Mapping[str, Any]", raw), path, depth)
        for key in keys:
            if isinstance(key, str) and key in QUERY:
                raise invalid("a value and operators cannot be mixed", pointer(path, key))
    value = constant(raw, path)
    return Matches(value) if isinstance(value, Pattern) else Equals(_no_pattern(value, path))


def _is_wrapper(raw: Mapping[Any, Any]) -> bool:
    return len(raw) == 1 and next(iter(raw)) in (
        "$date",
        "$regularExpression",
        "$oid",
        "$numberInt",
        "$numberLong",
        "$numberDouble",
        "$numberDecimal",
    )


def _no_pattern(value: Any, path: str) -> Any:
    """Records hold no patterns, so a pattern inside a compared value is a mistake."""
    if isinstance(value, Pattern):
        raise invalid("a regular expression cannot stand here", path)
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            _no_pattern(item, pointer(path, key))
    elif isinstance(value, list):
        for i, item in enumerate(cast("list[Any]", value)):
            _no_pattern(item, pointer(path, i))
    return value  # pyright: ignore[reportUnknownVariableType] - narrowed by isinstance above, still what was given


def _operators(raw: Mapping[str, Any], path: str, depth: int) -> Test:
    if depth > MAX_DEPTH:
        raise invalid(f"the condition nests deeper than {MAX_DEPTH} levels", path)
    parts: list[Test] = []
    for op, value in raw.items():
        at = pointer(path, op)
        if op == "$options":
            if "$regex" not in raw:
                raise invalid("$options needs a $regex beside it", at)
            continue
        if op == "$regex":
            parts.append(Matches(_regex(value, raw.get("$options"), at)))
            continue
        parts.append(_operator(op, value, at, depth))
    return parts[0] if len(parts) == 1 else Tests(tuple(parts))


def _operator(op: str, value: Any, path: str, depth: int) -> Test:
    match op:
        case "$eq":
            wanted = constant(value, path)
            return Nothing() if isinstance(wanted, Pattern) else Equals(_no_pattern(wanted, path))
        case "$ne":
            wanted = constant(value, path)
            return NotTest(Equals(_no_pattern(wanted, path)))
        case "$gt" | "$gte" | "$lt" | "$lte":
            return Ordered(op, _no_pattern(constant(value, path), path))
        case "$in":
            return _one_of(op, value, path)
        case "$nin":
            return NotTest(_one_of(op, value, path))
        case "$exists":
            return Exists() if _truthy(value) else NotTest(Exists())
        case "$type":
            return HasType(_types(value, path))
        case "$mod":
            return _modulo(value, path)
        case "$size":
            return HasSize(_whole(value, "$size", path))
        case "$all":
            return _all(value, path, depth)
        case "$elemMatch":
            return _element(value, path, depth)
        case "$not":
            return _negation(value, path, depth)
        case _ if op in REFUSED_QUERY:
            raise refuse_unsupported(op, REFUSED_QUERY[op], path)
        case _ if op in QUERY:
            raise invalid(f"{op} cannot stand below a field", path)
        case _:
            raise refuse_unknown_operator(op, QUERY, path)


def _truthy(value: Any) -> bool:
    """Only false, null and 0 are false: `$exists: ""` and `$exists: []` count as true."""
    return not (value is None or value is False or (isinstance(value, int | float) and value == 0))


def _one_of(op: str, value: Any, path: str) -> OneOf:
    if not isinstance(value, list | tuple):
        raise invalid(f"{op} needs a list", path)
    values: list[Any] = []
    patterns: list[Pattern] = []
    for i, item in enumerate(cast("list[Any]", value)):
        at = pointer(path, i)
        if (
            isinstance(item, Mapping)
            and any(str(k).startswith("$") for k in cast("Mapping[Any, Any]", item))
            and not _is_wrapper(cast("Mapping[Any, Any]", item))
        ):
            raise invalid(f"{op} takes values, not operators", at, "use compiled patterns for regular expressions")
        found = constant(item, at)
        if isinstance(found, Pattern):
            patterns.append(found)
        else:
            values.append(_no_pattern(found, at))
    return OneOf(tuple(values), tuple(patterns))


def _regex(value: Any, options: Any, path: str) -> Pattern:
    found = Pattern(value) if isinstance(value, str) else constant(value, path)
    if not isinstance(found, Pattern):
        raise invalid("$regex needs a text or a compiled pattern", path)
    if options is None:
        return found
    if not isinstance(options, str):
        raise invalid("$options needs a text of option letters", path)
    return Pattern(found.text, options)


def _types(value: Any, path: str) -> frozenset[str]:
    names: set[str] = set()
    for item in cast("list[Any]", value) if isinstance(value, list | tuple) else [value]:
        if item == "number":
            names |= {"int", "long", "double", "decimal"}
        elif isinstance(item, str) and item in TYPE_CODES.values():
            names.add(item)
        elif isinstance(item, int | float) and not isinstance(item, bool) and item in TYPE_CODES:
            names.add(TYPE_CODES[int(item)])
        else:
            raise invalid(f"{item!r} is not a BSON type", path, 'such as "string", "number", "array", or a type\'s number')
    if not names:
        raise invalid("$type needs at least one type", path)
    return frozenset(names)


def _modulo(value: Any, path: str) -> Modulo:
    items = cast("list[Any]", value) if isinstance(value, list | tuple) else []
    if len(items) != 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) and v == v and abs(v) < 2**63 for v in items):
        raise invalid("$mod needs [divisor, remainder], two numbers", path)
    divisor, remainder = int(items[0]), int(items[1])
    if divisor == 0:
        raise invalid("the divisor of $mod cannot be 0", path)
    return Modulo(divisor, remainder)


def _whole(value: Any, op: str, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or int(value) != value or value < 0:
        raise invalid(f"{op} needs a whole number from 0 on", path)
    return int(value)


def _all(value: Any, path: str, depth: int) -> Test:
    if not isinstance(value, list | tuple):
        raise invalid("$all needs a list", path)
    items = cast("list[Any]", value)
    parts: list[Test] = []
    for i, item in enumerate(items):
        at = pointer(path, i)
        if isinstance(item, Mapping) and "$elemMatch" in item:
            parts.append(parse_test(item, at, depth))
        elif (
            isinstance(item, Mapping)
            and any(str(k).startswith("$") for k in cast("Mapping[Any, Any]", item))
            and not _is_wrapper(cast("Mapping[Any, Any]", item))
        ):
            raise invalid("$all takes values or $elemMatch", at)
        else:
            found = constant(item, at)
            parts.append(Matches(found) if isinstance(found, Pattern) else Equals(_no_pattern(found, at)))
    return Tests(tuple(parts)) if parts else Nothing()


def _element(value: Any, path: str, depth: int) -> ElementMatches:
    if not isinstance(value, Mapping):
        raise invalid("$elemMatch needs an object", path)
    keys = [str(key) for key in cast("Mapping[Any, Any]", value)]
    if keys and all(k.startswith("$") and k not in ("$and", "$or", "$nor", "$expr", "$comment") for k in keys):
        return ElementMatches(None, Tests((parse_test(value, path, depth + 1),)))
    if "$expr" in keys:
        raise invalid("$expr stands at the top of a filter only", pointer(path, "$expr"))
    return ElementMatches(parse_filter(value, path, depth + 1), None)


def _negation(value: Any, path: str, depth: int) -> Test:
    operators = isinstance(value, Mapping) and not _is_wrapper(cast("Mapping[Any, Any]", value))
    found: Any = cast("Any", value) if operators else constant(value, path)
    if isinstance(found, Pattern):
        return NotTest(Matches(found))
    if not isinstance(found, Mapping) or not found:
        raise invalid("$not needs operators or a pattern", path, "use $ne for a value")
    keys = list(cast("Mapping[Any, Any]", found))
    if not all(isinstance(key, str) and key.startswith("$") for key in keys):
        raise invalid("$not needs operators or a pattern", path, "use $ne for a value")
    return NotTest(Tests((_operators(cast("Mapping[str, Any]", found), path, depth + 1),)))
