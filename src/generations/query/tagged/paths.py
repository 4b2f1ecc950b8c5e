"""Paths into tagged values: as expressions see them, and as filters do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from generations.query.tagged.binding import fresh, let, quote
from generations.query.tagged.kinds import is_array, is_object
from generations.query.tagged.reading import elements


def get(value: str, keys: Sequence[str]) -> str:
    """The value at a path, as expressions see it: mapped over arrays of objects, never an index.

    Args:
        keys: the steps, each an SQL String.
    """
    if not keys:
        return value

    def body(v: str) -> str:
        direct = f"JSONExtractRaw({v}, {', '.join(keys)})"
        return f"if({is_object(v)} AND {direct} != '', {direct}, if(position({v}, '[') > 0, {_get_through_arrays(v, keys)}, ''))"

    return let(value, body)


def _get_through_arrays(v: str, keys: Sequence[str]) -> str:
    if not keys:
        return v
    e, r, w = fresh(), fresh(), fresh()
    items = f"if({is_object(w)}, [{w}], arrayFilter({e} -> {is_object(e)}, {elements(w)}))"
    found = f"arrayFilter({r} -> {r} != '', arrayMap({e} -> {_get_through_arrays(f'JSONExtractRaw({e}, {keys[0]})', keys[1:])}, {items}))"
    answer = let(found, lambda f: f"multiIf({is_object(w)}, {f}[1], {is_array(w)}, concat('[', arrayStringConcat({f}, ','), ']'), '')")
    return f"arrayMap({w} -> {answer}, [{v}])[1]"


def leaves(value: str, steps: Sequence[str]) -> str:
    """The values that a filter's path reaches, as an Array(String): through arrays, by index and by key; '' is missing."""
    return _followed(value, steps, lambda v, step: _joined(v, step, _indexed))


def leaves_by_key(value: str, steps: Sequence[str]) -> str:
    """The values that a filter's path reaches of which the last step is a key: where they are arrays, their elements count."""
    return _followed(value, steps, _keyed)


def leaves_by_index(value: str, steps: Sequence[str]) -> str:
    """The values that a filter's path reaches of which the last step is an index: each counts as it is, be it an array."""
    return _followed(value, steps, _indexed)


def is_index(step: str) -> bool:
    """Whether a step may be a place in an array: `01` is a key only."""
    return _INDEX.fullmatch(step) is not None


_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def _followed(value: str, steps: Sequence[str], at_last: Callable[[str, str], str]) -> str:
    out = f"[{value}]"
    for position, step in enumerate(steps):
        v = fresh()
        found = at_last(v, step) if position == len(steps) - 1 else _joined(v, step, _container_at)
        out = f"arrayMap({v} -> {found}, {out})"
        out = f"{out}[1]" if position == 0 else f"arrayFlatten({out})"
    return out


def _joined(v: str, step: str, by_index: Callable[[str, str], str]) -> str:
    return f"arrayConcat({_keyed(v, step)}, {by_index(v, step)})" if is_index(step) else _keyed(v, step)


def _keyed(v: str, step: str) -> str:
    """The fields of this name of an object, or of the objects in an array."""
    e = fresh()
    key = quote(step)
    inside = f"arrayMap({e} -> JSONExtractRaw({e}, {key}), arrayFilter({e} -> {is_object(e)}, {elements(v)}))"
    return f"multiIf({is_object(v)}, [JSONExtractRaw({v}, {key})], {is_array(v)}, {inside}, [''])"


def _indexed(v: str, step: str) -> str:
    return f"if({is_array(v)} AND length({elements(v)}) > {step}, [{elements(v)}[{int(step) + 1}]], [])"


def _container_at(v: str, step: str) -> str:
    """The element at an index through which a path goes on: below a scalar there is nothing, not even a missing value."""
    e = fresh()
    return f"arrayFilter({e} -> {is_object(e)} OR {is_array(e)}, {_indexed(v, step)})"
