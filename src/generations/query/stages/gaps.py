"""`$fill $densify`: series without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from generations.query import tagged
from generations.query.accumulate import arguments
from generations.query.constants import constant, instant_of
from generations.query.context import double, invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.evaluate import evaluate, failure
from generations.query.pipeline import stage
from generations.query.relation import OrderKey, Relation
from generations.query.sorting import order_keys, parse_sort
from generations.query.source import resolve
from generations.query.stages.shape import with_values
from generations.query.value import Tagged, quote, to_tagged

MOST_ADDED = 500_000
"""Documents that one `$densify` may add, as in MongoDB."""

_SECONDS = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@stage("$fill")
def _fill(relation: Relation, raw: Any, path: str) -> Relation:
    given = arguments(raw, ("output",), ("partitionBy", "partitionByFields", "sortBy"), "$fill", path)
    output = given["output"]
    if not isinstance(output, Mapping) or not output:
        raise invalid("output must be an object that names at least one field", pointer(path, "output"))
    over = None
    if any(isinstance(asked, Mapping) and "method" in asked for asked in cast("Mapping[Any, Any]", output).values()):
        relation, over = _carried(relation, given, path)
    filled = {
        str(name): _filled(relation, str(name), asked, over, pointer(pointer(path, "output"), name))
        for name, asked in cast("Mapping[Any, Any]", output).items()
    }
    relation, columns = relation.with_columns(list(filled.values()))
    values = {name: Tagged(column) for name, column in zip(filled, columns, strict=True)}
    return with_values(relation, values, path).settled()


def _carried(relation: Relation, given: Mapping[str, Any], path: str) -> tuple[Relation, tuple[str, str]]:
    """The rows in the order of `sortBy`, numbered, and the window up to each row."""
    if given.get("sortBy"):
        at = pointer(path, "sortBy")
        relation = replace(relation, order=order_keys(relation, parse_sort(given["sortBy"], at), at))
    relation, ordinal = relation.numbered()
    relation = relation.settled()
    partition = ""
    wanted = given.get("partitionBy")
    if "partitionByFields" in given:
        wanted = {str(i): f"${name}" for i, name in enumerate(given["partitionByFields"])}
    if wanted is not None:
        text = to_tagged(evaluate(relation.context, relation.root, wanted, pointer(path, "partitionBy")))
        relation, (key,) = relation.with_columns([tagged.equality(text)])
        partition = f"PARTITION BY {key} "
    return relation, (ordinal, f" OVER ({partition}ORDER BY {ordinal} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)")


def _filled(relation: Relation, name: str, asked: Any, over: tuple[str, str] | None, path: str) -> str:
    if not isinstance(asked, Mapping) or len(cast("Mapping[Any, Any]", asked)) != 1:
        raise invalid("a field is filled by {value: expression} or {method: …}", path)
    how, what = next(iter(cast("Mapping[str, Any]", asked).items()))
    old = to_tagged(resolve(relation.root, tuple(name.split(".")), path))
    if how == "value":
        new = to_tagged(evaluate(relation.context, relation.root, what, pointer(path, "value")))
        return tagged.let(old, lambda v: f"if({tagged.is_nullish(v)}, {new}, {v})")
    if how != "method":
        raise refuse_unknown_operator(how, ("value", "method"), pointer(path, how), "way to fill")
    if what != "locf" or over is None:
        raise refuse_unsupported(f"the method {what!r}", 'use a value, or "locf", which carries the last one on', pointer(path, "method"))
    last = f"argMaxIf({old}, {over[0]}, NOT {tagged.is_nullish(old)}){over[1]}"
    return tagged.let(last, lambda v: f"if({v} = '', 'null', {v})")


@stage("$densify")
def _densify(relation: Relation, raw: Any, path: str) -> Relation:
    given = arguments(raw, ("field", "range"), ("partitionByFields",), "$densify", path)
    field, asked = given["field"], given["range"]
    if not isinstance(field, str) or not all(field.split(".")) or field.startswith("$"):
        raise invalid("field must be a path", pointer(path, "field"))
    if not isinstance(asked, Mapping):
        raise invalid("range must be an object", pointer(path, "range"))
    spec = arguments(asked, ("step", "bounds"), ("unit",), "range", pointer(path, "range"))
    step = spec["step"]
    if isinstance(step, bool) or not isinstance(step, int | float) or not step > 0:
        raise invalid("step must be a positive number", pointer(pointer(path, "range"), "step"))
    names = cast("list[Any]", given.get("partitionByFields") or [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):  # pyright: ignore[reportUnnecessaryIsInstance] - a caller's value
        raise invalid("partitionByFields must be a list of paths", pointer(path, "partitionByFields"))
    unit = spec.get("unit")
    if unit is not None and unit not in _SECONDS and unit not in _MONTHS:
        raise refuse_unknown_operator(str(unit), [*_SECONDS, *_MONTHS], pointer(pointer(path, "range"), "unit"), "unit")
    series = _Series(relation, field, names, step, unit, path)
    return series.densified(spec["bounds"])


class _Series:
    """The values of a field, by partition, and what is missing between them."""

    def __init__(self, relation: Relation, field: str, names: list[str], step: float, unit: str | None, path: str) -> None:
        root = relation.root
        value = to_tagged(resolve(root, tuple(field.split(".")), path))
        parts = [to_tagged(resolve(root, tuple(name.split(".")), path)) for name in names]
        made, columns = relation.with_columns([to_tagged(root), value, tagged.array_of(parts)])
        self._relation = made
        self._document, self._value, self._partition = columns
        self._field, self._names, self._step, self._unit, self._path = field, names, step, unit, path

    def densified(self, bounds: Any) -> Relation:
        d, v, p = self._document, self._value, self._partition
        rows = self._relation.select(f"{d} AS d, {v} AS v, {p} AS p")
        number = self._number("v")
        numbers = f"groupArrayIf({number}, v NOT IN ('', 'null')) AS xs"
        present = f"SELECT {tagged.equality('p')} AS k, any(p) AS part, {numbers} FROM ({rows}) GROUP BY k"
        low, high, open_end = self._bounds(bounds)
        ends = "min(arrayMin(xs)) OVER () AS lowest, max(arrayMax(xs)) OVER () AS highest"
        each = f"SELECT part, arraySort(xs) AS xs, {ends} FROM ({present}) WHERE notEmpty(xs)"
        added = self._added(low, high, open_end)
        fresh = f"SELECT {self._made('part', 'x')} AS d, x AS o, 1 AS added FROM (SELECT part, arrayJoin({added}) AS x FROM ({each}))"
        kept = f"SELECT d, if(v IN ('', 'null'), -inf, {number}) AS o, 0 AS added FROM ({rows})"
        relation = Relation(self._relation.context, f"({kept} UNION ALL {fresh})", (), Tagged("d"))
        return replace(relation, order=(OrderKey("o"), OrderKey("added")))

    def _number(self, v: str) -> str:
        """The Float64 along which steps are made: the number, or seconds for dates."""
        if self._unit is None:
            wrong = f"{v} NOT IN ('', 'null') AND NOT {tagged.is_number(v)}"
            return failure(wrong, "$densify without a unit needs numbers", tagged.to_float(v))
        wrong = f"{v} NOT IN ('', 'null') AND NOT {tagged.is_date(v)}"
        micros = f"toUnixTimestamp64Micro(ifNull({tagged.to_instant(v)}, toDateTime64(0, 6, 'UTC')))"
        return failure(wrong, "$densify with a unit needs dates", f"{micros} / 1000000.")

    def _bounds(self, raw: Any) -> tuple[str, str, bool]:
        """SQL of the first and last place, and whether the last is left out."""
        if raw == "full":
            return "lowest", "highest", False
        if raw == "partition":
            return "xs[1]", "xs[-1]", False
        at = pointer(pointer(self._path, "range"), "bounds")
        if not isinstance(raw, list | tuple) or len(cast("list[Any]", raw)) != 2:
            raise invalid('bounds are "full", "partition" or [lower, upper]', at)
        low, high = (self._edge(constant(edge, at), at) for edge in cast("list[Any]", raw))
        return low, high, True

    def _edge(self, edge: Any, path: str) -> str:
        bind = self._relation.context.bind
        if self._unit is None and isinstance(edge, int | float) and not isinstance(edge, bool):
            return bind(double(edge, path), "Float64")
        found = instant_of(edge) if isinstance(edge, str) else edge
        if self._unit is not None and isinstance(found, datetime):
            return bind(found.timestamp(), "Float64")
        raise invalid("bounds and field must both be numbers, or dates with a unit", path)

    def _added(self, low: str, high: str, open_end: bool) -> str:
        """The places from the first to the last that no document of the partition has."""
        if self._unit in _MONTHS:
            months = int(_MONTHS[self._unit] * self._step)
            if months != _MONTHS[self._unit] * self._step:
                raise invalid("step must be whole for this unit", pointer(pointer(self._path, "range"), "step"))
            start = f"toDateTime64({low}, 6, 'UTC')"
            count = f"intDiv(dateDiff('month', {start}, toDateTime64({high}, 6, 'UTC')), {months}) + 1"
            place = f"toUnixTimestamp64Micro(addMonths({start}, i * {months})) / 1000000."
        else:
            size = self._step * _SECONDS[self._unit] if self._unit else self._step
            step = self._relation.context.bind(double(size, pointer(pointer(self._path, "range"), "step")), "Float64")
            count = f"toInt64(floor(({high} - {low}) / {step} + 1e-9)) + 1"
            place = f"{low} + i * {step}"
        sane = failure(f"{count} > {MOST_ADDED}", f"$densify adds at most {MOST_ADDED} documents", f"greatest({count}, 0)")
        end = f"AND x < {high}" if open_end else f"AND x <= {high}"
        return f"arrayFilter(x -> NOT has(xs, x) {end}, arrayMap(i -> {place}, range(toUInt64({sane}))))"

    def _made(self, partition: str, place: str) -> str:
        """A new document: the partition's fields and the place."""
        if self._unit is None:
            is_whole = f"{place} = trunc({place}) AND {int(float(self._step).is_integer())}"
            value = f"if({is_whole}, toString(toInt64({place})), {tagged.from_float(place)})"
        else:
            value = tagged.from_instant(f"fromUnixTimestamp64Micro(toInt64(round({place} * 1000000)), 'UTC')")
        fields: dict[str, Any] = {}
        for i, name in enumerate(self._names):
            _nest(fields, name.split("."), f"{tagged.elements(partition)}[{i + 1}]")
        _nest(fields, self._field.split("."), value)
        return _object(fields)


def _nest(tree: dict[str, Any], steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
    tree[steps[-1]] = value


def _object(tree: dict[str, Any]) -> str:
    return tagged.object_of(
        [(quote(name), _object(cast("dict[str, Any]", inner)) if isinstance(inner, dict) else inner) for name, inner in tree.items()]
    )
