"""`$setWindowFields`: computed over neighbours in an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from generations.query import tagged
from generations.query.accumulate import Accumulation, accumulate, arguments, parse_accumulator, prepared
from generations.query.constants import constant
from generations.query.context import invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.evaluate import evaluate, failure
from generations.query.operators import ACCUMULATORS, WINDOW
from generations.query.pipeline import stage
from generations.query.relation import OrderKey, Relation
from generations.query.sorting import order_keys, parse_sort
from generations.query.stages.shape import with_values
from generations.query.value import Scalar, Tagged, Value, to_tagged

_MILLISECONDS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}


@dataclass(frozen=True, slots=True)
class _Frame:
    """The parts of an OVER clause."""

    partition: str
    order: str
    ties: str

    def over(self, bounds: str, *, ties: bool = False) -> str:
        """` OVER (…)`; with `ties`, equal sort keys stay equal instead of being told apart by the natural order."""
        parts = [self.partition, self.ties if ties else self.order, bounds]
        return f" OVER ({' '.join(part for part in parts if part)})"


@stage("$setWindowFields")
def _set_window_fields(relation: Relation, raw: Any, path: str) -> Relation:
    given = _arguments(raw, path)
    output = given.get("output")
    if not isinstance(output, Mapping) or not output:
        raise invalid("$setWindowFields needs output, an object of fields", path)
    relation, keys, partition = _ordered(relation, given, path)
    order = f"ORDER BY {', '.join(str(key) for key in (*keys, *(OrderKey(column) for column in relation.natural)))}"
    frame = _Frame(
        f"PARTITION BY {partition[0]}" if partition else "",
        order if keys or relation.natural else "",
        f"ORDER BY {', '.join(str(key) for key in keys)}" if keys else "",
    )
    values: dict[str, Value] = {}
    for name, asked in cast("Mapping[Any, Any]", output).items():
        at = pointer(pointer(path, "output"), name)
        if not isinstance(name, str) or not all(name.split(".")) or name.startswith("$"):
            raise invalid(f"{name!r} is not a path", at)
        relation, values[name] = _output(relation, name, asked, frame, keys, at)
    relation, columns = relation.with_columns([to_tagged(value) for value in values.values()])
    made = with_values(relation, {name: Tagged(column) for name, column in zip(values, columns, strict=True)}, path)
    first = [OrderKey(partition[1])] if partition else []
    return replace(made, order=(*first, *keys)).settled()


def _arguments(raw: Any, path: str) -> Mapping[str, Any]:
    known = ("partitionBy", "sortBy", "output")
    if not isinstance(raw, Mapping):
        raise invalid("$setWindowFields takes an object", path)
    for name in cast("Mapping[Any, Any]", raw):
        if name not in known:
            raise refuse_unknown_operator(str(name), known, pointer(path, name), "argument of $setWindowFields")
    return cast("Mapping[str, Any]", raw)


def _ordered(relation: Relation, given: Mapping[str, Any], path: str) -> tuple[Relation, tuple[OrderKey, ...], tuple[str, str] | None]:
    """The rows with columns for the sort keys and the partition (its equality, and its place in BSON order)."""
    relation, _ = relation.numbered() if relation.order else (relation, "")
    if relation.order:
        relation = replace(relation, natural=(relation.order[0].sql,), order=())
    relation = relation.settled()
    keys: tuple[OrderKey, ...] = ()
    if given.get("sortBy"):
        at = pointer(path, "sortBy")
        keys = order_keys(relation, parse_sort(given["sortBy"], at), at, tagged_only=_by_range(given))
        relation, names = relation.with_columns([key.sql for key in keys])
        keys = tuple(replace(key, sql=name) for key, name in zip(keys, names, strict=True))
    if given.get("partitionBy") is None:
        return relation, keys, None
    text = to_tagged(evaluate(relation.context, relation.root, given["partitionBy"], pointer(path, "partitionBy")))
    relation, (whole,) = relation.with_columns([text])
    array = failure(tagged.is_array(whole), "an expression used to partition cannot evaluate to an array", whole)
    equal = tagged.let(tagged.equality(array), lambda v: f"if({v} = '', 'null', {v})")
    relation, (equality, place) = relation.with_columns([equal, tagged.sort_key(f"if({whole} = '', 'null', {whole})")])
    return relation, keys, (equality, place)


def _by_range(given: Mapping[str, Any]) -> bool:
    """Whether a window is measured along the sort key, which is then needed in one form."""
    outputs = cast("Mapping[str, Any]", given["output"]).values()
    return any(
        "range" in cast("Mapping[str, Any]", o).get("window", {})
        for o in outputs
        if isinstance(o, Mapping) and isinstance(cast("Mapping[str, Any]", o).get("window", {}), Mapping)
    )


def _output(relation: Relation, name: str, raw: Any, frame: _Frame, keys: tuple[OrderKey, ...], path: str) -> tuple[Relation, Value]:
    if not isinstance(raw, Mapping):
        raise invalid(f"{name!r} needs one window operator", path)
    fields = dict(cast("Mapping[str, Any]", raw))
    window = fields.pop("window", None)
    op = next(iter(fields), "")
    if len(fields) == 1 and op in WINDOW:
        if window is not None:
            raise invalid(f"{op} takes no window", pointer(path, "window"))
        if not keys:
            raise invalid(f"{op} needs sortBy", path)
        return relation, _ranked(relation, op, fields[op], frame, pointer(path, op))
    if len(fields) == 1 and op not in ACCUMULATORS:
        raise refuse_unknown_operator(op, [*ACCUMULATORS, *WINDOW], pointer(path, op), "window operator")
    asked = parse_accumulator(name.rpartition(".")[2], fields, path)
    rows = prepared(replace(relation, order=keys), [asked])
    bounds = _bounds(window, keys, pointer(path, "window"))
    made = rows.relation
    if isinstance(bounds, _Range):
        made, (distance,) = made.with_columns([_distance(bounds)])
        over = replace(frame, order=f"ORDER BY {distance}").over(bounds.clause)
    else:
        over = frame.over(bounds)
    value = accumulate(Accumulation(made, rows.ordinal, rows.ranks, over), asked)
    return replace(made, order=(), natural=relation.natural), value


def _ranked(relation: Relation, op: str, raw: Any, frame: _Frame, path: str) -> Value:
    if op == "$shift":
        return _shifted(relation, raw, frame, path)
    if raw != {}:
        raise invalid(f"{op} takes an empty object", path)
    function = {"$rank": "rank()", "$denseRank": "dense_rank()", "$documentNumber": "row_number()"}[op]
    return Scalar(f"toInt64({function}{frame.over('', ties=op != '$documentNumber')})", "integer", nullable=False)


def _shifted(relation: Relation, raw: Any, frame: _Frame, path: str) -> Value:
    given = arguments(raw, ("output", "by"), ("default",), "$shift", path)
    by = given["by"]
    if isinstance(by, bool) or not isinstance(by, int):
        raise invalid("by must be a whole number", pointer(path, "by"))
    value = to_tagged(evaluate(relation.context, relation.root, given["output"], pointer(path, "output")))
    default = relation.context.tagged(constant(given.get("default"), pointer(path, "default")))
    place = "CURRENT ROW" if by == 0 else f"{abs(by)} {'FOLLOWING' if by > 0 else 'PRECEDING'}"
    over = frame.over(f"ROWS BETWEEN {place} AND {place}")
    there = f"any({value}){over}"
    return Tagged(f"if(count(){over} = 0, {default}, if({there} = '', {default}, {there}))")


_MOST = 2**31
"""The engine's bound of a distance."""


@dataclass(frozen=True, slots=True)
class _Range:
    """A window by distance along the one sort key.

    Attributes:
        clause: the frame clause.
        milliseconds: what 1 in the clause stands for along a key of dates; None for a key of numbers.
        sort_key: the key.
    """

    clause: str
    milliseconds: int | None
    sort_key: str


def _bounds(raw: Any, keys: tuple[OrderKey, ...], path: str) -> str | _Range:
    """The frame clause of a `window`; all of the partition when there is none."""
    if raw is None:
        return "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
    if not isinstance(raw, Mapping):
        raise invalid("a window is an object with documents or range", path)
    given = cast("Mapping[str, Any]", raw)
    for name in given:
        if name not in ("documents", "range", "unit"):
            raise refuse_unknown_operator(name, ("documents", "range", "unit"), pointer(path, name), "argument of window")
    kind = "documents" if "documents" in given else "range"
    at = pointer(path, kind)
    pair = cast("list[Any]", given.get(kind)) if isinstance(given.get(kind), list | tuple) else []
    if len(pair) != 2 or ("documents" in given and ("range" in given or "unit" in given)):
        raise invalid("a window has documents or range, each [lower, upper]", at)
    if kind == "documents":
        if not keys and list(pair) != ["unbounded", "unbounded"]:
            raise invalid("a window of documents needs sortBy", path)
        lower, upper = (_bound(bound, i, 1, at) for i, bound in enumerate(pair))
        return f"ROWS BETWEEN {lower} AND {upper}"
    if len(keys) != 1 or keys[0].descending:
        raise invalid("a window by range needs one ascending sort key", path)
    unit = given.get("unit")
    if unit is not None and unit not in _MILLISECONDS:
        raise refuse_unsupported(f"a window by range in {unit!r}", f"the units are {', '.join(_MILLISECONDS)}", pointer(path, "unit"))
    return _range(pair, _MILLISECONDS.get(str(unit)), keys[0].sql, at)


def _range(pair: list[Any], unit: int | None, key: str, path: str) -> _Range:
    """A window by distance; the engine measures it in whole numbers of 31 bits, so dates far apart are measured in seconds."""
    distances = [bound * (unit or 1) for bound in pair if isinstance(bound, int | float) and not isinstance(bound, bool)]
    step = 1000 if unit and any(abs(distance) >= _MOST for distance in distances) else 1
    for distance in distances:
        if distance % step or abs(distance) // step >= _MOST:
            raise refuse_unsupported("this window by range", "its bounds must be whole numbers below 2,147,483,648", path)
    lower, upper = (_bound(bound, i, (unit or 1) / step, path) for i, bound in enumerate(pair))
    return _Range(f"RANGE BETWEEN {lower} AND {upper}", step if unit else None, key)


def _bound(bound: Any, position: int, unit: float, path: str) -> str:
    if bound == "unbounded":
        return "UNBOUNDED PRECEDING" if position == 0 else "UNBOUNDED FOLLOWING"
    if bound == "current":
        return "CURRENT ROW"
    if isinstance(bound, bool) or not isinstance(bound, int | float) or bound * unit != int(bound * unit):
        raise invalid(f'{bound!r} is not a bound: a whole number, "current" or "unbounded"', pointer(path, position))
    return f"{abs(int(bound * unit))} {'FOLLOWING' if bound > 0 else 'PRECEDING'}"


def _distance(window: _Range) -> str:
    """The sort key of a window by range as a Float64: the number, or the milliseconds of the date."""
    # A sort key's first tuple is (rank, double, rest, text); typed columns are what they are.
    kind = 2 if window.milliseconds is None else 9
    key = window.sort_key
    tuple_ = f"{key}[1]"
    number = f"toFloat64({tuple_}.2)"
    if window.milliseconds is not None:
        number = f"toFloat64(toUnixTimestamp64Micro(parseDateTime64BestEffort({tuple_}.4, 6, 'UTC'))) / {window.milliseconds * 1000}."
    what = "numbers" if window.milliseconds is None else "dates"
    return failure(f"{tuple_}.1 != {kind}", f"a window by range needs {what} to sort by", number)
