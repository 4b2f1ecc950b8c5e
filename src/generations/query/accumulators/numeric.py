"""`$sum $avg $min $max $count $percentile $median $stdDevPop $stdDevSamp`."""

from __future__ import annotations

from typing import Any, cast

from generations.query import tagged
from generations.query.accumulate import Accumulation, accumulator, arguments
from generations.query.constants import constant
from generations.query.context import invalid, pointer
from generations.query.evaluate import failure
from generations.query.value import Scalar, Tagged, Value, to_tagged

_NUMBERS = ("integer", "number")


@accumulator("$count")
def _count(rows: Accumulation, raw: Any, path: str) -> Value:
    if raw != {}:
        raise invalid("$count takes an empty object", path)
    return Scalar(f"toInt64({rows.fold('count')})", "integer", nullable=False)


@accumulator("$sum")
def _sum(rows: Accumulation, raw: Any, path: str) -> Value:
    value = rows.value(raw, path)
    if isinstance(value, Scalar):
        if value.type not in _NUMBERS:
            return Scalar("toInt64(0)", "integer", nullable=False)
        if raw == 1:
            return Scalar(f"toInt64({rows.fold('count')})", "integer", nullable=False)
        total = rows.fold("sum", f"toInt128({value.sql})" if value.type == "integer" else value.sql)
        total = f"ifNull({total}, 0)" if value.nullable else total
        return Scalar(_in_64_bits(total) if value.type == "integer" else total, value.type, nullable=False)
    v = to_tagged(value)
    whole = rows.fold("sumIf", f"toInt128({tagged.to_integer(v)})", tagged.is_integer(v))
    fraction = rows.fold("sumIf", tagged.to_float(v), tagged.is_double(v))
    return Tagged(tagged.from_sums(whole, fraction, rows.fold("countIf", tagged.is_double(v))))


def _in_64_bits(total: str) -> str:
    """The Int64 of a sum; one that does not fit stops the query, for a column has one type."""
    wrong = "a $sum of integers leaves 64 bits; add 0.0 to sum them as doubles"
    return tagged.let(total, lambda x: failure(f"{x} NOT BETWEEN -9223372036854775808 AND 9223372036854775807", wrong, f"toInt64({x})"))


@accumulator("$avg")
def _avg(rows: Accumulation, raw: Any, path: str) -> Value:
    number, condition = numbers(rows.value(raw, path))
    if number is None:
        return Tagged("'null'")
    mean = rows.fold("avgOrNull", f"toFloat64({number})") if condition is None else rows.fold("avgOrNullIf", number, condition)
    return Scalar(mean, "number")


def numbers(value: Value) -> tuple[str | None, str | None]:
    """A number of each row and the condition that it is one: (None, None) never, (x, None) where not NULL."""
    if isinstance(value, Scalar):
        return (value.sql, None) if value.type in _NUMBERS else (None, None)
    v = to_tagged(value)
    return tagged.to_float(v), tagged.is_number(v)


def _least_or_greatest(function: str) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        value = rows.value(raw, path)
        if isinstance(value, Scalar) and value.type != "bool":
            return Scalar(rows.fold(f"{function}OrNull", value.sql), value.type)
        v = to_tagged(value)
        name = "argMinIf" if function == "min" else "argMaxIf"
        found = rows.fold(name, v, tagged.sort_key(v), f"NOT {tagged.is_nullish(v)}")
        return Tagged(tagged.let(found, lambda x: f"if({x} = '', 'null', {x})"))

    return compile


accumulator("$min")(_least_or_greatest("min"))
accumulator("$max")(_least_or_greatest("max"))


@accumulator("$percentile")
def _percentile(rows: Accumulation, raw: Any, path: str) -> Value:
    given = arguments(raw, ("input", "p", "method"), (), "$percentile", path)
    levels = constant(given["p"], pointer(path, "p"))
    if not isinstance(levels, list) or not levels or not all(_is_level(level) for level in cast("list[Any]", levels)):
        raise invalid("p must be a list of numbers from 0 to 1", pointer(path, "p"))
    check_method(given["method"], pointer(path, "method"))
    ordered = _sorted_numbers(rows, given["input"], pointer(path, "input"))
    if ordered is None:
        return Tagged("'[" + ",".join(["null"] * len(cast("list[Any]", levels))) + "]'")
    picks = [tagged_level("s", rows.context.bind(float(level), "Float64")) for level in cast("list[Any]", levels)]
    return Tagged(f"arrayMap(s -> {tagged.array_of(picks)}, [{ordered}])[1]")


@accumulator("$median")
def _median(rows: Accumulation, raw: Any, path: str) -> Value:
    given = arguments(raw, ("input", "method"), (), "$median", path)
    check_method(given["method"], pointer(path, "method"))
    ordered = _sorted_numbers(rows, given["input"], pointer(path, "input"))
    if ordered is None:
        return Tagged("'null'")
    return Scalar(f"arrayMap(s -> if(empty(s), NULL, s[toUInt64(greatest(ceil(length(s) * 0.5), 1))]), [{ordered}])[1]", "number")


def _sorted_numbers(rows: Accumulation, raw: Any, path: str) -> str | None:
    number, condition = numbers(rows.value(raw, path))
    if number is None:
        return None
    values = rows.fold("groupArray", number) if condition is None else rows.fold("groupArrayIf", number, condition)
    return f"arraySort({values})"


def tagged_level(ordered: str, level: str) -> str:
    """The percentile at a level of a sorted array of numbers, as MongoDB's discrete one: the ceil(n·p)-th value."""
    pick = f"toFloat64({ordered}[toUInt64(greatest(ceil(length({ordered}) * {level}), 1))])"
    return f"if(empty({ordered}), 'null', {tagged.from_float(pick)})"


def check_method(raw: Any, path: str) -> None:
    """Only `approximate` exists in MongoDB; the answer here is exact all the same."""
    if raw != "approximate":
        raise invalid(f"{raw!r} is not a method", path, 'write "approximate"; the answer is exact all the same')


def _is_level(level: Any) -> bool:
    return isinstance(level, int | float) and not isinstance(level, bool) and 0 <= level <= 1


def _deviation(function: str, fewest: int) -> Any:
    def compile(rows: Accumulation, raw: Any, path: str) -> Value:
        number, condition = numbers(rows.value(raw, path))
        if number is None:
            return Tagged("'null'")
        x = f"toFloat64({number})"
        if condition is None:
            spread, count = rows.fold(function, x), rows.fold("count", x)
        else:
            spread, count = rows.fold(function + "If", x, condition), rows.fold("countIf", condition)
        return Scalar(f"if({count} < {fewest}, NULL, {spread})", "number")

    return compile


accumulator("$stdDevPop")(_deviation("stddevPopStable", 1))
accumulator("$stdDevSamp")(_deviation("stddevSampStable", 2))
