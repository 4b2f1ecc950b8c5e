"""Dotted paths: what a filter's path reaches, what an expression's path gives, what `distinct` collects."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .values import MISSING


class Reached(NamedTuple):
    """One value that a filter's path reaches, and the index in the outermost array it went through without naming one."""

    value: Any
    index: int | None = None


def reach(doc: Any, path: str, expand_last: bool = True) -> Iterator[Reached]:
    """Every value that a filter's path stands for in a document.

    Objects are entered by name. An array contributes its elements, and a number in the path is tried both as
    a name in its elements and as an index. An array inside an array is entered by index only. A path that
    ends at an array stands for its elements and then for itself; only for itself when `expand_last` is false.
    A path that cannot be followed through objects stands for one missing value; elements that are not
    objects contribute nothing.
    """
    yield from _reach(doc, path.split("."), expand_last)


def _reach(doc: Any, path: list[str], expand_last: bool) -> Iterator[Reached]:
    value, rest = doc, path
    while rest:
        value, rest = value.get(rest[0], MISSING), rest[1:]
        if isinstance(value, list):
            yield from _reach_array(value, rest, expand_last)
            return
        if not isinstance(value, dict) and rest:
            yield Reached(MISSING)
            return
    yield Reached(value)


def _reach_array(array: list[Any], rest: list[str], expand_last: bool) -> Iterator[Reached]:
    if not rest:
        if expand_last:
            yield from (Reached(element, index) for index, element in enumerate(array))
        yield Reached(array)
        return
    yield from _reach_elements(array, rest, expand_last)


def _reach_elements(array: list[Any], rest: list[str], expand_last: bool) -> Iterator[Reached]:
    for index, element in enumerate(array):
        if isinstance(element, dict):
            yield from (Reached(found.value, index) for found in _reach(element, rest, expand_last))
        if rest[0] == str(index):
            yield from _reach_index(element, rest[1:], expand_last)


def _reach_index(element: Any, rest: list[str], expand_last: bool) -> Iterator[Reached]:
    """An element taken by its index is one value, also when it is an array."""
    if not rest:
        yield Reached(element)
    elif isinstance(element, dict):
        yield from _reach(element, rest, expand_last)
    elif isinstance(element, list):
        yield from _reach_elements(element, rest, expand_last)


def get(value: Any, path: list[str]) -> Any:
    """What an expression's path gives: arrays are mapped over, never indexed; missing elements are dropped."""
    if not path:
        return value
    if isinstance(value, dict):
        return get(value.get(path[0], MISSING), path[1:])
    if isinstance(value, list):
        found = [get(element, path) for element in value if isinstance(element, dict)]
        return [item for item in found if item is not MISSING]
    return MISSING


def get_through_objects(value: Any, path: list[str]) -> Any:
    """What a path gives that goes through objects only, as in `$unwind`."""
    for name in path:
        value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
    return value


def collect(value: Any, path: list[str]) -> Iterator[Any]:
    """What `distinct` collects: numbers index arrays, other names go through their elements, the last array is opened."""
    if not path:
        yield from value if isinstance(value, list) else [value]
    elif isinstance(value, dict):
        if path[0] in value:
            yield from collect(value[path[0]], path[1:])
    elif isinstance(value, list):
        if path[0].isdecimal():
            if int(path[0]) < len(value):
                yield from collect(value[int(path[0])], path[1:])
        else:
            for element in value:
                if isinstance(element, dict | list):
                    yield from collect(element, path)
