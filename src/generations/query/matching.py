"""MongoDB's order of values and its filters on one value, in Python: what updates need, record by record."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cmp_to_key
from typing import Any, Final, cast

from generations.query.constants import Pattern, constant
from generations.query.context import invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.operators import QUERY, REFUSED_QUERY


class Missing(Enum):
    """The value of a field that is not there, which is not null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

Test = Callable[[Any], bool]


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1 in BSON's total order; numbers by value whatever their type, objects field by field in order."""
    rank = _rank(left)
    if rank != _rank(right):
        return _sign(rank, _rank(right))
    match left:
        case dict():
            return _compare_objects(cast("dict[str, Any]", left), right)
        case list():
            return _compare_lists(cast("list[Any]", left), right)
        case float() if math.isnan(left):
            return 0 if _is_nan(right) else -1
        case None | Missing():
            return 0
        case _:
            return 1 if _is_nan(right) else _sign(left, right)


def comparable(left: Any, right: Any) -> bool:
    """Whether two values are of one class, such as numbers, so that one comes before the other by more than its type."""
    return _rank(left) == _rank(right)


def equal(left: Any, right: Any) -> bool:
    """Whether two values are one to MongoDB: 5 and 5.0 are, 1 and true are not."""
    return compare(left, right) == 0


in_order = cmp_to_key(compare)


def _rank(value: Any) -> int:
    match value:
        case Missing():
            return 0
        case None:
            return 1
        case bool():
            return 6
        case int() | float():
            return 2
        case str():
            return 3
        case dict():
            return 4
        case list():
            return 5
        case datetime():
            return 7
        case _:
            raise TypeError(f"not a value of a record: {type(value).__name__}")


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


def _compare_lists(left: list[Any], right: list[Any]) -> int:
    for one, other in zip(left, right, strict=False):
        if result := compare(one, other):
            return result
    return _sign(len(left), len(right))


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    for (name, one), (other_name, other) in zip(left.items(), right.items(), strict=False):
        if result := _sign(_rank(one), _rank(other)) or _sign(name, other_name) or compare(one, other):
            return result
    return _sign(len(left), len(right))


def element_test(condition: Any, path: str) -> Test:
    """The test that `$pull` makes of one element.

    Operators are about the element; an object without operators is a filter that elements which are objects
    satisfy; anything else is equal to the element.

    Args:
        condition: what `$pull` was given.
        path: JSON pointer to it.

    Raises:
        Unsupported: an operator that is not offered here.
        UnknownOperator: one that nobody knows.
    """
    value = constant(condition, path)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if _has_operators(members) and _first(members) not in _LOGICAL:
            satisfied = _on_path("element", members, path)
            return lambda element: satisfied({"element": element})
        matched = _filter(members, path)
        return lambda element: isinstance(element, dict) and matched(element)
    if isinstance(value, Pattern):
        return _pattern(value, path)
    return lambda element: equal(element, value)


_LOGICAL: Final = ("$and", "$or", "$nor")


def _first(value: Mapping[str, Any]) -> str:
    return next(iter(value))


def _has_operators(value: Mapping[str, Any]) -> bool:
    return bool(value) and _first(value).startswith("$")


def _filter(filter: Mapping[str, Any], path: str) -> Test:
    tests = [
        _logical(name, operand, pointer(path, name)) if name.startswith("$") else _on_path(name, operand, pointer(path, name))
        for name, operand in filter.items()
    ]
    return lambda document: all(test(document) for test in tests)


def _logical(name: str, operand: Any, path: str) -> Test:
    if name not in _LOGICAL:
        raise _refused(name, path)
    if not isinstance(operand, list) or not operand:
        raise invalid(f"{name} takes a list of filters that is not empty", path)
    parts: list[Test] = []
    for index, part in enumerate(cast("list[Any]", operand)):
        if not isinstance(part, dict):
            raise invalid("a filter is an object", pointer(path, index))
        parts.append(_filter(cast("dict[str, Any]", part), pointer(path, index)))
    match name:
        case "$and":
            return lambda document: all(test(document) for test in parts)
        case "$or":
            return lambda document: any(test(document) for test in parts)
        case _:
            return lambda document: not any(test(document) for test in parts)


def _on_path(name: str, condition: Any, path: str) -> Test:
    """Every operator is satisfied by itself, by any of the values that the path reaches; negations by none."""
    names = name.split(".")
    if isinstance(condition, Pattern):
        return _some(names, _pattern(condition, path))
    if not (isinstance(condition, dict) and _has_operators(cast("dict[str, Any]", condition))):
        return _some(names, _equals(condition))
    operators = cast("dict[str, Any]", condition)
    tests = [_operator(names, operator, operators, pointer(path, operator)) for operator in operators if operator != "$options"]
    return lambda document: all(test(document) for test in tests)


def _operator(names: list[str], operator: str, operators: Mapping[str, Any], path: str) -> Test:
    operand = operators[operator]
    match operator:
        case "$eq":
            return _some(names, _equals(operand))
        case "$ne":
            return _not(_some(names, _equals(operand)))
        case "$gt" | "$gte" | "$lt" | "$lte":
            return _some(names, _range(operator, operand))
        case "$in":
            return _some(names, _in(operand, path))
        case "$nin":
            return _not(_some(names, _in(operand, path)))
        case "$exists":
            return _exists(names, wanted=operand not in (None, False, 0))
        case "$not":
            return _not(_on_path(".".join(names), operand, path))
        case "$regex":
            return _some(names, _pattern(_with_options(operand, operators.get("$options"), path), path))
        case _:
            raise _refused(operator, path)


def _refused(operator: str, path: str) -> Exception:
    if operator in QUERY or operator in REFUSED_QUERY:
        return refuse_unsupported(f"{operator} in $pull", "compare with $eq, $gt, $in and their like", path)
    return refuse_unknown_operator(operator, QUERY, path)


def _some(names: list[str], test: Test) -> Test:
    return lambda document: any(test(value) for value in _reached(document, names))


def _not(test: Test) -> Test:
    return lambda document: not test(document)


def _exists(names: list[str], *, wanted: bool) -> Test:
    return lambda document: any(value is not MISSING for value in _reached(document, names)) == wanted


def _equals(operand: Any) -> Test:
    if operand is None:
        return lambda value: value is None or value is MISSING
    return lambda value: equal(value, operand)


def _range(operator: str, operand: Any) -> Test:
    """Only values of the operand's own class are compared."""
    wanted = 1 if operator.startswith("$gt") else -1
    or_equal = operator.endswith("e")

    def test(value: Any) -> bool:
        if operand is None:
            return or_equal and (value is None or value is MISSING)
        if _rank(value) != _rank(operand):
            return False
        result = compare(value, operand)
        return result == wanted or (or_equal and result == 0)

    return test


def _in(operand: Any, path: str) -> Test:
    if not isinstance(operand, list):
        raise invalid("it takes a list of values", path)
    items = cast("list[Any]", operand)
    tests = [_pattern(item, pointer(path, i)) if isinstance(item, Pattern) else _equals(item) for i, item in enumerate(items)]
    return lambda value: any(test(value) for test in tests)


def _with_options(operand: Any, options: Any, path: str) -> Pattern:
    match operand:
        case Pattern() if options is None:
            return operand
        case str() if options is None or isinstance(options, str):
            return Pattern(operand, options or "")
        case _:
            raise invalid("$regex takes a text or a pattern, and $options the letters i, m, s and x", path)


_PLAIN_PATTERN: Final = re.compile(
    r"""\^? (?: (?: [^\\.^$*+?()\[\]{}|] | \\[dws] | \\[^0-9A-Za-z] | \. | \[\^?(?:(?!--|&&|\|\||~~)[^\[\]\\]|\\[^0-9A-Za-z]|\\[dws])+\] )
                (?: [*+?] | \{\d{1,3}(?:,\d{0,3})?\} )? \??
              | [()|] )* \$?""",
    re.VERBOSE,
)
"""Patterns that mean the same here as in the engine, and of which no text takes long: a group is never repeated."""


def _pattern(pattern: Pattern, path: str) -> Test:
    if not _PLAIN_PATTERN.fullmatch(pattern.text) or set(pattern.options) - {"i", "u"}:
        raise refuse_unsupported("this regular expression in $pull", "only plain ones are: no repeated groups, no options but i", path)
    ignores_case = "i" in pattern.options
    if ignores_case and re.search(r"\\[dws]", pattern.text):
        raise refuse_unsupported("a class of characters beside the option i in $pull", "write the characters out, as in [0-9]", path)
    try:
        compiled = re.compile(pattern.text, re.IGNORECASE if ignores_case else re.ASCII)
    except re.error as error:
        raise invalid(f"the regular expression does not compile: {error}", path) from None
    return lambda value: isinstance(value, str) and compiled.search(value) is not None


def _reached(value: Any, names: list[str]) -> Iterator[Any]:
    """Every value that a path stands for; see MongoDB's rules for paths through arrays.

    An array stands for its elements and, at the end of the path, for itself; a number is tried as a name in its
    elements and as an index; an array inside an array is entered by index only.
    """
    if not isinstance(value, dict):
        yield MISSING
        return
    child: Any = cast("dict[str, Any]", value).get(names[0], MISSING)
    rest = names[1:]
    if isinstance(child, list):
        items = cast("list[Any]", child)
        if rest:
            yield from _reached_in_list(items, rest)
        else:
            yield from items
            yield items
    elif rest:
        yield from _reached(child, rest)
    else:
        yield child


def _reached_in_list(items: list[Any], names: list[str]) -> Iterator[Any]:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from _reached(item, names)
        if names[0] == str(index):
            rest = names[1:]
            if not rest:
                yield item
            elif isinstance(item, dict):
                yield from _reached(item, rest)
            elif isinstance(item, list):
                yield from _reached_in_list(cast("list[Any]", item), rest)
