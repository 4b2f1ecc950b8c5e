"""`$bucket $bucketAuto`: groups by ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

from generations.query import tagged
from generations.query.accumulate import NEEDS_ORDER, SORTS_BY, Asked, arguments, parse_accumulator
from generations.query.constants import constant
from generations.query.context import invalid, pointer, refuse_unsupported
from generations.query.evaluate import evaluate, failure
from generations.query.matching import comparable, compare
from generations.query.pipeline import stage
from generations.query.relation import OrderKey, Relation
from generations.query.stages.group import grouped
from generations.query.stages.shape import whole
from generations.query.value import Document, Tagged, to_tagged

MOST_VALUES = 100_000
"""Distinct values that `$bucketAuto` spreads; more of them stop the query."""


@stage("$bucket")
def _bucket(relation: Relation, raw: Any, path: str) -> Relation:
    given = arguments(raw, ("groupBy", "boundaries"), ("default", "output"), "$bucket", path)
    boundaries = constant(given["boundaries"], pointer(path, "boundaries"))
    if not isinstance(boundaries, list) or len(cast("list[Any]", boundaries)) < 2:
        raise invalid("boundaries must be a list of at least two values", pointer(path, "boundaries"))
    given_default = "default" in given
    default = constant(given.get("default"), pointer(path, "default"))
    _check_boundaries(cast("list[Any]", boundaries), [default] if given_default else [], path)
    context = relation.context
    texts = [context.tagged(boundary) for boundary in cast("list[Any]", boundaries)]
    edges = [tagged.sort_key(text) for text in texts]
    value = to_tagged(evaluate(context, relation.root, given["groupBy"], pointer(path, "groupBy")))
    relation, (key,) = relation.with_columns([tagged.let(value, lambda v: tagged.sort_key(f"if({v} = '', 'null', {v})"))])
    cases = ", ".join(f"{key} >= {low} AND {key} < {high}, {text}" for (low, high), text in zip(pairwise(edges), texts, strict=False))
    if given_default:
        other = context.tagged(default)
    else:
        outside = f"{key} < {edges[0]} OR {key} >= {edges[-1]}"
        other = failure(outside, "$bucket could not find a matching branch for an input, and no default was specified", "''")
    relation, (label,) = relation.with_columns([f"multiIf({cases}, {other})"])
    return _gathered(relation, label, given, path)


def _check_boundaries(boundaries: list[Any], default: list[Any], path: str) -> None:
    """They rise, all of one type; a default, where there is one, lies outside of them."""
    at = pointer(path, "boundaries")
    for i, (low, high) in enumerate(pairwise(boundaries), 1):
        if not comparable(low, high):
            raise invalid("boundaries must all have one type", pointer(at, i))
        if compare(low, high) >= 0:
            raise invalid("boundaries must rise", pointer(at, i))
    for value in default:
        if compare(value, boundaries[0]) >= 0 and compare(value, boundaries[-1]) < 0:
            raise invalid("the default must lie outside of the boundaries", pointer(path, "default"))


def _gathered(relation: Relation, label: str, given: Mapping[str, Any], path: str) -> Relation:
    """Grouped by a column, in its order."""
    output = given.get("output")
    if output is not None and not isinstance(output, Mapping):
        raise invalid("output must be an object", pointer(path, "output"))
    fields = cast("Mapping[str, Any]", output or {"count": {"$sum": 1}})
    at = pointer(path, "output")
    asked: list[Asked] = [parse_accumulator(name, item, pointer(at, name)) for name, item in fields.items()]
    out = grouped(relation, Tagged(label), asked)
    assert isinstance(out.root, Document)
    return replace(out, order=(OrderKey(tagged.sort_key(to_tagged(out.root.fields["_id"]))),))


@stage("$bucketAuto")
def _bucket_auto(relation: Relation, raw: Any, path: str) -> Relation:
    given = arguments(raw, ("groupBy", "buckets"), ("output", "granularity"), "$bucketAuto", path)
    if "granularity" in given:
        raise refuse_unsupported("granularity", "leave it out", pointer(path, "granularity"))
    count = whole(given["buckets"], "buckets", pointer(path, "buckets"))
    if count < 1:
        raise invalid("buckets must be positive", pointer(path, "buckets"))
    value = to_tagged(evaluate(relation.context, relation.root, given["groupBy"], pointer(path, "groupBy")))
    relation, (shown,) = relation.with_columns([tagged.let(value, lambda v: f"if({v} = '', 'null', {v})")])
    relation, (key,) = relation.with_columns([tagged.sort_key(shown)])
    counts = replace(relation, order=(), natural=()).select(f"{key} AS k, count() AS n, any({shown}) AS v", suffix=" GROUP BY k")
    spread = f"(SELECT arraySort(x -> x.1, groupArray((k, n, v))) AS s FROM ({counts}))"
    label = f"{_labels(spread, count)}[arrayFirstIndex(x -> x.1 = {key}, {spread})]"
    relation, (bucket,) = relation.with_columns([label])
    return _gathered(_in_the_order_of_values(relation, key, given, path), bucket, given, path)


def _in_the_order_of_values(relation: Relation, key: str, given: Mapping[str, Any], path: str) -> Relation:
    """MongoDB fills a bucket in the order of the values; only what asks for the first or last goes by order of arrival.

    Raises:
        Unsupported: both orders are needed at once.
    """
    output = given.get("output")
    fields: Mapping[Any, Any] = cast("Mapping[Any, Any]", output) if isinstance(output, Mapping) else {}
    asked = {str(op) for item in fields.values() if isinstance(item, Mapping) for op in cast("Mapping[Any, Any]", item)}
    by_arrival = asked & {"$first", "$firstN", "$last", "$lastN"}
    by_value = asked & (NEEDS_ORDER - SORTS_BY - by_arrival)
    if by_arrival and by_value:
        names = f"{min(by_arrival)} beside {min(by_value)}"
        raise refuse_unsupported(names, "they go by different orders; use two stages", pointer(path, "output"))
    return replace(relation, order=(OrderKey(key),)) if by_value else relation


def _labels(spread: str, count: int) -> str:
    """For each distinct value in order, the `{min, max}` of its bucket; max is the next bucket's min, or the greatest value.

    A bucket takes values until it holds round(n / buckets) documents, equal ones always together; the last takes the rest.
    """
    return f"(SELECT {_spread_labels('s', count)} FROM {spread})"


def _spread_labels(s: str, count: int) -> str:
    size = f"greatest(toInt64(round(arraySum(x -> x.2, {s}) / {count} + 1e-9)), 1)"
    # The fold's state: (bucket of the present value, documents in it so far, buckets of all values).
    fold = (
        f"arrayFold((a, x) -> if(a.2 >= {size} AND a.1 < {count}, "
        f"(a.1 + 1, toInt64(x.2), arrayPushBack(a.3, a.1 + 1)), (a.1, a.2 + toInt64(x.2), arrayPushBack(a.3, a.1))), "
        f"{s}, (toInt64(1), toInt64(0), CAST([] AS Array(Int64))))"
    )
    checked = failure(f"length({s}) > {MOST_VALUES}", f"$bucketAuto spreads at most {MOST_VALUES} distinct values", f"({fold}).3")
    low = f"{s}[arrayFirstIndex(y -> y = b, f)].3"
    high = f"if(has(f, b + 1), {s}[arrayFirstIndex(y -> y = b + 1, f)].3, {s}[-1].3)"
    label = f"concat('{{\"min\":', {low}, ',\"max\":', {high}, '}}')"
    return f"arrayMap(f -> arrayMap(b -> {label}, f), [{checked}])[1]"
