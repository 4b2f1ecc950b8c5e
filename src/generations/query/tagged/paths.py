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
    return _followed(value, steps, [_inside] * len(steps))


def leaves_by_key(value: str, steps: Sequence[str]) -> str:
    """The values that a filter's path reaches of which the last step is a key: where they are arrays, their elements count."""
    return _followed(value, steps, [*[_inside] * (len(steps) - 1), _keyed])


def leaves_by_index(value: str, steps: Sequence[str]) -> str:
    """The values that a filter's path reaches of which the last step is an index: each counts as it is, be it an array."""
    return _followed(value, steps, [*[_inside] * (len(steps) - 1), _indexed])


def is_index(step: str) -> bool:
    """Whether a step may be a place in an array: `01` is a key only."""
    return _INDEX.fullmatch(step) is not None


_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def _followed(value: str, steps: Sequence[str], found: Sequence[Callable[[str, str], str]]) -> str:
    out = f"[{value}]"
    for position, (step, follow) in enumerate(zip(steps, found, strict=True)):
        v = fresh()
        out = f"arrayMap({v} -> {follow(v, step)}, {out})"
        out = f"{out}[1]" if position == 0 else f"arrayFlatten({out})"
    return out


def _keyed(v: str, step: str) -> str:
    """The fields of this name of an object, or of the objects in an array."""
    e = fresh()
    key = quote(step)
    inside = f"arrayMap({e} -> JSONExtractRaw({e}, {key}), arrayFilter({e} -> {is_object(e)}, {elements(v)}))"
    return f"multiIf({is_object(v)}, [JSONExtractRaw({v}, {key})], {is_array(v)}, {inside}, [''])"


def _indexed(v: str, step: str) -> str:
    return f"if({is_array(v)} AND length({elements(v)}) > {step}, [{elements(v)}[{int(step) + 1}]], [])"


def _inside(v: str, step: str) -> str:
    return f"arrayConcat({_keyed(v, step)}, {_indexed(v, step)})" if is_index(step) else _keyed(v, step)
