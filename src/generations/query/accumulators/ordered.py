"""`$first $last $push $addToSet $firstN $lastN $top $topN $bottom $bottomN $mergeObjects $concatArrays`: what depends on an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generations.query import tagged
from generations.query.accumulate import Accumulation, accumulator, arguments
from generations.query.context import invalid, pointer
from generations.query.evaluate import failure
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


def in_order(rows: Accumulation, raw: Any, path: str, *, order: str | None = None, nulls: bool = False) -> str:
    """The values of all rows in order, as Array(String); missing ones left out, or `nulls` in their place."""
    v = to_tagged(rows.value(raw, path))
    if nulls:
        pairs = rows.fold("groupArray", f"({order or rows.ordinal}, if({v} = '', 'null', {v}))")
    else:
        pairs = rows.fold("groupArrayIf", f"({order or rows.ordinal}, {v})", f"{v} != ''")
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


def count_of(given: Mapping[str, Any], path: str) -> int:
    """The constant `n`, from 1 on."""
    n = given["n"]
    if isinstance(n, bool) or not isinstance(n, int | float) or n != n or n < 1 or int(n) != n or n >= 2**31:
        raise invalid("n must be a whole number from 1 on, and a constant", pointer(path, "n"))
    return int(n)


@accumulator("$firstN", needs_order=True)
def _first_n(rows: Accumulation, raw: Any, path: str) -> Value:
    given = arguments(raw, ("input", "n"), (), "$firstN", path)
    items = in_order(rows, given["input"], pointer(path, "input"), nulls=True)
    return Tagged(tagged.array(f"arraySlice({items}, 1, {count_of(given, path)})"))


@accumulator("$lastN", needs_order=True)
def _last_n(rows: Accumulation, raw: Any, path: str) -> Value:
    given = arguments(raw, ("input", "n"), (), "$lastN", path)
    items = in_order(rows, given["input"], pointer(path, "input"), nulls=True)
    return Tagged(tagged.array(f"arraySlice({items}, -{count_of(given, path)})"))


def _best(function: str, op: str) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        given = arguments(raw, ("sortBy", "output"), (), op, path)
        v = to_tagged(rows.value(given["output"], pointer(path, "output")))
        return Tagged(rows.fold(function, f"if({v} = '', 'null', {v})", rows.ranks[path]))

    return compile


accumulator("$top", needs_order=True)(_best("argMin", "$top"))
accumulator("$bottom", needs_order=True)(_best("argMax", "$bottom"))


def _best_n(op: str, sign: str) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        given = arguments(raw, ("sortBy", "output", "n"), (), op, path)
        items = in_order(rows, given["output"], pointer(path, "output"), order=rows.ranks[path], nulls=True)
        n = count_of(given, path)
        return Tagged(tagged.array(f"arraySlice({items}, 1, {n})" if sign == "first" else f"arraySlice({items}, -{n})"))

    return compile


accumulator("$topN", needs_order=True)(_best_n("$topN", "first"))
accumulator("$bottomN", needs_order=True)(_best_n("$bottomN", "last"))


def _extreme_n(op: str) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        given = arguments(raw, ("input", "n"), (), op, path)
        v = to_tagged(rows.value(given["input"], pointer(path, "input")))
        items = rows.fold("groupArrayIf", f"({tagged.sort_key(v)}, {v})", f"NOT {tagged.is_nullish(v)}")
        t = tagged.fresh()
        sort = "arraySort" if op == "$minN" else "arrayReverseSort"
        return Tagged(tagged.array(f"arraySlice(arrayMap({t} -> {t}.2, {sort}({t} -> {t}.1, {items})), 1, {count_of(given, path)})"))

    return compile


accumulator("$minN")(_extreme_n("$minN"))
accumulator("$maxN")(_extreme_n("$maxN"))


@accumulator("$mergeObjects", needs_order=True)
def _merge_objects(rows: Accumulation, raw: Any, path: str) -> Value:
    x, k, p = tagged.fresh(), tagged.fresh(), tagged.fresh()
    items = f"arrayFilter({x} -> {x} != 'null', {in_order(rows, raw, path)})"

    def merged(all_pairs: str) -> str:
        keys = f"arrayDistinct(arrayMap({p} -> {p}.1, {all_pairs}))"
        return tagged.object_from_pairs(f"arrayMap({k} -> ({k}, arrayLast({p} -> {p}.1 = {k}, {all_pairs}).2), {keys})")

    def checked(a: str) -> str:
        wrong = f"arrayExists({x} -> NOT {tagged.is_object(x)}, {a})"
        pairs = tagged.let(f"arrayFlatten(arrayMap({x} -> {tagged.pairs(x)}, {a}))", merged)
        return failure(wrong, "$mergeObjects requires object inputs", pairs)

    return Tagged(tagged.let(items, checked))


def _arrays(op: str, of: Callable[[str], str]) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        x = tagged.fresh()

        def checked(a: str) -> str:
            wrong = f"arrayExists({x} -> NOT {tagged.is_array(x)}, {a})"
            return failure(
                wrong, f"{op} requires array inputs", tagged.array(of(f"arrayFlatten(arrayMap({x} -> {tagged.elements(x)}, {a}))"))
            )

        return Tagged(tagged.let(in_order(rows, raw, path), checked))

    return compile


accumulator("$setUnion", needs_order=True)(_arrays("$setUnion", distinct))
accumulator("$concatArrays", needs_order=True)(_arrays("$concatArrays", lambda items: items))
