"""`$bucket` and `$bucketAuto`."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .accumulators import accumulate
from .expressions import check_names, evaluate
from .order import compare, in_order, rank
from .values import MISSING, MongoError, is_number, is_whole, need

Docs = list[dict[str, Any]]


def bucket(spec: Any, docs: Docs) -> Docs:
    check_names("$bucket", spec, ("groupBy", "boundaries"), ("default", "output"))
    _check_group_by("$bucket", spec["groupBy"])
    need(isinstance(spec["boundaries"], list) and len(spec["boundaries"]) >= 2, "$bucket needs 2 boundaries at least", 40192)
    boundaries = [evaluate(item, {}) for item in spec["boundaries"]]
    for low, high in pairwise(boundaries):
        need(rank(low) == rank(high), "boundaries must be of one type", 40193)
        need(compare(low, high) < 0, "boundaries must ascend", 40194)
    default = evaluate(spec["default"], {}) if "default" in spec else MISSING
    if default is not MISSING:
        outside = compare(default, boundaries[0]) < 0 or compare(default, boundaries[-1]) >= 0
        need(outside, "the default must be outside the boundaries", 40199)
    buckets: list[tuple[Any, Docs]] = [(low, []) for low in boundaries[:-1]]
    others: Docs = []
    for doc in docs:
        value = evaluate(spec["groupBy"], doc)
        places = [place for place, (low, high) in enumerate(pairwise(boundaries)) if compare(low, value) <= 0 and compare(value, high) < 0]
        need(bool(places) or default is not MISSING, "a value is outside the boundaries and there is no default", 40066)
        (buckets[places[0]][1] if places else others).append(doc)
    if others:
        buckets.append((default, others))
    found = [_output(low, group, spec.get("output")) for low, group in buckets if group]
    return sorted(found, key=lambda doc: [compare(doc["_id"], other["_id"]) for other in found].count(1))


def _check_group_by(name: str, expression: Any) -> None:
    is_path = isinstance(expression, str) and expression.startswith("$")
    need(is_path or isinstance(expression, dict), f"'groupBy' of {name} must be a path or an expression", 40202)


def _output(identity: Any, group: Docs, output: Any) -> dict[str, Any]:
    need(output is None or isinstance(output, dict), "'output' must be an object", 40196)
    accumulators = output or {"count": {"$sum": 1}}
    return {"_id": identity, **{name: accumulate(item, group) for name, item in accumulators.items()}}


def bucket_auto(spec: Any, docs: Docs) -> Docs:
    """As many buckets as asked for, of nearly equal size; equal values stay together."""
    check_names("$bucketAuto", spec, ("groupBy", "buckets"), ("output", "granularity"))
    _check_group_by("$bucketAuto", spec["groupBy"])
    wanted = spec["buckets"]
    need(is_number(wanted) and is_whole(wanted) and wanted > 0, "'buckets' must be a whole number above 0", 40241)
    rounded = _rounder(spec["granularity"]) if "granularity" in spec else None
    values = [evaluate(spec["groupBy"], doc) for doc in docs]
    if rounded:
        for value in values:
            need(is_number(value) and value >= 0 and math.isfinite(value), "a granularity needs numbers not below 0", 40258)
    pairs = [(None if value is MISSING else value, doc) for value, doc in zip(values, docs, strict=True)]
    order = {id(value): place for place, value in enumerate(in_order(value for value, _ in pairs))}
    pairs = [(value, doc) for value, doc in sorted(pairs, key=lambda pair: order[id(pair[0])])]
    arrival = {id(doc): place for place, doc in enumerate(docs)}
    found = _cut(pairs, int(wanted), rounded)
    return [_auto_output({"min": low, "max": high}, group, spec.get("output"), arrival) for low, high, group in found]


def _auto_output(identity: Any, group: Docs, output: Any, arrival: dict[int, int]) -> dict[str, Any]:
    """A bucket's documents are in the order of their values; only first and last mean the order in which they came."""
    by_arrival = sorted(group, key=lambda doc: arrival[id(doc)])
    result = _output(identity, group, output)
    for name, accumulator in (output or {}).items():
        if next(iter(accumulator)) in ("$first", "$firstN", "$last", "$lastN"):
            result[name] = accumulate(accumulator, by_arrival)
    return result


Rounder = Callable[[float, bool], float]


def _cut(pairs: list[tuple[Any, dict[str, Any]]], wanted: int, rounded: Rounder | None) -> list[tuple[Any, Any, Docs]]:
    size = max(1, math.floor(len(pairs) / wanted + 0.5))
    cuts: list[tuple[Any, Any, Docs]] = []
    place = 0
    while place < len(pairs):
        end = len(pairs) if len(cuts) == wanted - 1 else min(place + size, len(pairs))
        top = pairs[end - 1][0]
        if rounded:
            high = rounded(top, True)
            while end < len(pairs) and (pairs[end][0] < high or pairs[end][0] == top):
                end += 1
            if high == 0 and end < len(pairs):
                high = rounded(pairs[end][0], False)
            low = cuts[-1][1] if cuts else rounded(pairs[place][0], False)
        else:
            while end < len(pairs) and compare(pairs[end][0], top) == 0:
                end += 1
            low, high = pairs[place][0], pairs[end][0] if end < len(pairs) else top
        cuts.append((low, high, [doc for _, doc in pairs[place:end]]))
        place = end
    return cuts


SERIES: dict[str, list[float]] = {
    "1-2-5": [1, 2, 5],
    "R5": [1.0, 1.6, 2.5, 4.0, 6.3],
    "R10": [1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0],
    "E6": [1.0, 1.5, 2.2, 3.3, 4.7, 6.8],
    "E12": [1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2],
}


def _rounder(granularity: Any) -> Rounder:
    """Up to the next number of the series above, or down to the next below, a value."""
    if granularity == "POWERSOF2":
        powers = [2.0**power for power in range(-1074, 1024)]
        return lambda value, up: _neighbour(powers, value, up)
    if granularity not in SERIES:
        raise MongoError(f"granularity {granularity!r} is not part of the reference", 40257)
    numbers = sorted(float(f"{number}e{power}") for number in SERIES[granularity] for power in range(-300, 300))
    return lambda value, up: _neighbour(numbers, value, up)


def _neighbour(numbers: list[float], value: float, up: bool) -> float:
    if value == 0:
        return 0.0
    return next(number for number in numbers if number > value) if up else next(n for n in reversed(numbers) if n < value)
