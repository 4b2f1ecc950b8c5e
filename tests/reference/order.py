"""BSON's total order of values, equality, group keys, and the order of documents under `$sort`."""

import itertools
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from typing import Any

from .values import MISSING, MongoError, is_nan, is_number, is_whole, need, type_name

RANKS = {
    "missing": 0,
    "null": 1,
    "int": 2,
    "long": 2,
    "double": 2,
    "decimal": 2,
    "string": 3,
    "object": 4,
    "array": 5,
    "bool": 8,
    "date": 9,
    "regex": 11,
}


def rank(value: Any) -> int:
    """The place of a value's type class; all numbers are one class."""
    return RANKS[type_name(value)]


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1 in BSON's total order, in which missing is below null."""
    if rank(left) != rank(right):
        return _sign(rank(left), rank(right))
    if is_number(left):
        return _compare_numbers(left, right)
    if isinstance(left, list):
        return _compare_arrays(left, right)
    if isinstance(left, dict):
        return _compare_objects(left, right)
    if type_name(left) == "regex":
        return _sign((left.pattern, left.flags), (right.pattern, right.flags))
    if left is MISSING or left is None:
        return 0
    return _sign(left, right)  # strings order by code point, which is the order of their UTF-8 bytes


def equal(left: Any, right: Any) -> bool:
    return compare(left, right) == 0


def group_key(value: Any) -> Any:
    """A hashable that is equal exactly for values that compare equal: 5 and 5.0, but not 1 and true."""
    if isinstance(value, dict):
        return (4, tuple((name, group_key(item)) for name, item in value.items()))
    if isinstance(value, list):
        return (5, tuple(group_key(item) for item in value))
    if is_nan(value):
        return (2, "nan")
    if is_whole(value):
        return (2, int(value))
    return (rank(value), None if value is MISSING else value)


def distinct_values(values: Iterable[Any]) -> list[Any]:
    """The first of each group of equal values, in order."""
    first: dict[Any, Any] = {}
    for value in values:
        first.setdefault(group_key(value), value)
    return list(first.values())


def in_order(values: Iterable[Any], descending: bool = False) -> list[Any]:
    return sorted(values, key=cmp_to_key(compare), reverse=descending)


def _sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


def _compare_numbers(left: Any, right: Any) -> int:
    """By value, exactly, whatever the types; NaN equals itself and is below every number."""
    if is_nan(left) or is_nan(right):
        return is_nan(right) - is_nan(left)
    return _sign(left, right)


def _compare_arrays(left: list[Any], right: list[Any]) -> int:
    for one, other in zip(left, right, strict=False):
        if result := compare(one, other):
            return result
    return _sign(len(left), len(right))


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    """Field by field in order: first the type class of the value, then the name, then the value."""
    for (name, one), (other_name, other) in zip(left.items(), right.items(), strict=False):
        if result := _sign(rank(one), rank(other)) or _sign(name, other_name) or compare(one, other):
            return result
    return _sign(len(left), len(right))


class _Undefined:
    """The sort key of an empty array: below null."""


UNDEFINED = _Undefined()


def sort_documents(docs: Iterable[dict[str, Any]], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Sort by `{path: 1 | -1, ...}`, keeping the order of equals.

    An array stands for its least element going up and its greatest going down; missing is null; [] is below null.
    """
    directions = list(parse_sort(spec).values())
    paths = [path.split(".") for path in spec]

    def compare_keys(left: Sequence[Any], right: Sequence[Any]) -> int:
        for one, other, direction in zip(left, right, directions, strict=True):
            if result := _compare_sort_values(one, other):
                return result * direction
        return 0

    by_direction = cmp_to_key(compare_keys)
    return sorted(docs, key=lambda doc: by_direction(min(sort_keys(doc, paths), key=by_direction)))


def sort_elements(array: Iterable[Any], spec: dict[str, Any]) -> list[Any]:
    """Sort the elements of an array, as `$sortArray` does: here a field that is an array is compared whole."""
    directions = parse_sort(spec)

    def compare_elements(left: Any, right: Any) -> int:
        for path, direction in directions.items():
            if result := compare(_inside(left, path), _inside(right, path)):
                return result * direction
        return 0

    return sorted(array, key=cmp_to_key(compare_elements))


def _inside(value: Any, path: str) -> Any:
    """The value at a path through objects and array indexes; null when there is none."""
    for name in path.split("."):
        if isinstance(value, list):
            value = dict(zip(map(str, itertools.count()), value, strict=False))
        value = value.get(name) if isinstance(value, dict) else None
    return value


def parse_sort(spec: Any) -> dict[str, int]:
    need(isinstance(spec, dict) and len(spec) > 0, "a sort names one field at least", 15976)
    for path, direction in spec.items():
        need(is_number(direction) and direction in (1, -1), "a sort direction is 1 or -1", 15975)
        need(path != "" and not path.startswith("$") and "" not in path.split("."), "not a path to sort by", 15998)
    return {path: int(direction) for path, direction in spec.items()}


def _compare_sort_values(left: Any, right: Any) -> int:
    if left is UNDEFINED or right is UNDEFINED:
        return (right is UNDEFINED) - (left is UNDEFINED)
    return compare(left, right)


def sort_keys(doc: Any, paths: list[list[str]]) -> list[tuple[Any, ...]]:
    """Every combination of values that the paths reach in one document, as an index over them would hold it.

    Paths that share an array are expanded together, element by element; two different arrays cannot be
    sorted by at once.
    """
    values: list[Any] = [None] * len(paths)
    stops: dict[int, tuple[list[Any], list[str]]] = {}
    for index, path in enumerate(paths):
        value, rest = _until_array(doc, path)
        if isinstance(value, list):
            stops[index] = (value, rest)
        else:
            values[index] = None if value is MISSING else value
    if not stops:
        return [tuple(values)]
    arrays = {id(array) for array, _ in stops.values()}
    if len(arrays) > 1:
        raise MongoError("cannot sort with keys that are parallel arrays", 2)
    array = next(iter(stops.values()))[0]
    return list(itertools.chain.from_iterable(_keys_of_element(element, values, stops) for element in array or [UNDEFINED]))


def _until_array(doc: Any, path: list[str]) -> tuple[Any, list[str]]:
    """Walk down to the end of the path or the first array on it; numbers index an array where they can."""
    value = doc
    for position, name in enumerate(path):
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif isinstance(value, list):
            if not _indexes(name, value):
                return value, path[position:]
            value = value[int(name)]
        else:
            return MISSING, []
    return value, []


def _indexes(name: str, array: list[Any]) -> bool:
    if not (name.isdecimal() and str(int(name)) == name and int(name) < len(array)):
        return False
    if any(isinstance(element, dict) and name in element for element in array):
        raise MongoError(f"{name!r} is both an index and a field of the array's elements", 16746)
    return True


def _keys_of_element(element: Any, values: list[Any], stops: dict[int, tuple[list[Any], list[str]]]) -> list[tuple[Any, ...]]:
    paths: list[list[str]] = []
    indexes: list[int] = []
    filled = list(values)
    for index, (_, rest) in stops.items():
        if rest:
            indexes.append(index)
            paths.append(rest)
        else:
            filled[index] = element
    below = sort_keys(element if isinstance(element, dict) else {}, paths) if paths else [()]
    keys: list[tuple[Any, ...]] = []
    for key in below:
        combined = list(filled)
        for index, value in zip(indexes, key, strict=True):
            combined[index] = value
        keys.append(tuple(combined))
    return keys


def least(values: Iterable[Any]) -> Any:
    return min(values, key=cmp_to_key(compare))


def greatest(values: Iterable[Any]) -> Any:
    return max(values, key=cmp_to_key(compare))
