"""`$first $last $push $addToSet`: what depends on the order of the rows."""

from __future__ import annotations

from typing import Any

from generations.query import tagged
from generations.query.accumulate import Accumulation, accumulator
from generations.query.value import Scalar, Tagged, Value, to_tagged


def _end(function: str) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        value = rows.value(raw, path)
        if isinstance(value, Scalar):
            # The tuple keeps NULLs, which argMin and argMax would pass over.
            return Scalar(f"tupleElement({rows.fold(function, f'tuple({value.sql})', rows.ordinal)}, 1)", value.type)
        found = rows.fold(function, to_tagged(value), rows.ordinal)
        return Tagged(tagged.let(found, lambda v: f"if({v} = '', 'null', {v})"))

    return compile


accumulator("$first", needs_order=True)(_end("argMin"))
accumulator("$last", needs_order=True)(_end("argMax"))


def in_order(rows: Accumulation, raw: Any, path: str) -> str:
    """The values of all rows in order, as Array(String), missing ones left out."""
    v = to_tagged(rows.value(raw, path))
    pairs = rows.fold("groupArrayIf", f"({rows.ordinal}, {v})", f"{v} != ''")
    t = tagged.fresh()
    return f"arrayMap({t} -> {t}.2, arraySort({t} -> {t}.1, {pairs}))"


def distinct(items: str) -> str:
    """The first of each set of equal elements of an Array(String)."""
    x, n, y = tagged.fresh(), tagged.fresh(), tagged.fresh()
    equal = f"arrayEnumerateUniq(arrayMap({y} -> {tagged.equality(y)}, {{items}}))"
    return tagged.let(items, lambda a: f"arrayFilter(({x}, {n}) -> {n} = 1, {a}, {equal.format(items=a)})")


@accumulator("$push", needs_order=True)
def _push(rows: Accumulation, raw: Any, path: str) -> Value:
    return Tagged(tagged.array(in_order(rows, raw, path)))


@accumulator("$addToSet", needs_order=True)
def _add_to_set(rows: Accumulation, raw: Any, path: str) -> Value:
    return Tagged(tagged.array(distinct(in_order(rows, raw, path))))
