"""The arguments `unit`, `startOfWeek`, `binSize` and `amount` of date arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, Number, Test, fail_where, null_where
from generations.query.value import NULL, Scalar, Value

MICROS_OF = {
    "week": 604_800_000_000,
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
}
"""Lengths of the units that have one."""

MONTHS_OF = {"year": 12, "quarter": 3, "month": 1}

UNITS = (*MONTHS_OF, *MICROS_OF)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def unit_of(call: Call) -> str:
    """The unit, a constant.

    Raises:
        InvalidQuery: it is none.
    """
    node = call.named["unit"]
    value = node.value if isinstance(node, Constant) else None
    if not isinstance(value, str) or value not in UNITS:
        raise invalid(f"unknown time unit value: {value}", pointer(call.path, "unit"), f"the units are {', '.join(UNITS)}")
    return value


def start_of_week(call: Call) -> int:
    """The first day of the week, 0 for Monday, a constant."""
    node = call.named.get("startOfWeek", Constant("sunday"))
    value = node.value if isinstance(node, Constant) else None
    for i, day in enumerate(WEEKDAYS):
        if isinstance(value, str) and value.lower() in (day, day[:3]):
            return i
    raise invalid(f"{value!r} is not a day of the week", pointer(call.path, "startOfWeek"), "such as sunday or sun")


def by_choice(scope: Scope, call: Call, compile: Callable[[Scope, Call], Value]) -> Value:
    """A call whose unit and first day of the week are constants, made of one where they differ by record: one for each choice."""
    if not isinstance(call.named["unit"], Constant):
        return _one_of(scope, call, "unit", UNITS, compile)
    if call.named["unit"].value is None:
        return NULL
    day = call.named.get("startOfWeek")
    if unit_of(call) == "week" and day is not None:
        if not isinstance(day, Constant):
            return _one_of(scope, call, "startOfWeek", (*WEEKDAYS, *(day[:3] for day in WEEKDAYS)), compile)
        if day.value is None:
            return NULL
    return compile(scope, call)


def _one_of(scope: Scope, call: Call, name: str, choices: Sequence[str], compile: Callable[[Scope, Call], Value]) -> Value:
    frame = Frame()
    given = frame.read(scope.value(call.named[name]), "string")
    chosen = given.value if name == "unit" else f"lower({given.value})"
    results = [by_choice(scope, replace(call, named={**call.named, name: Constant(choice)}), compile) for choice in choices]
    scalars = [result for result in results if isinstance(result, Scalar)]
    if not scalars or given.absent == "1":
        return NULL
    known = ", ".join(f"'{choice}'" for choice in choices)
    tests = [
        null_where(given.absent, *(["0"] if not any(scalar.nullable for scalar in scalars) else [])),
        fail_where(given.wrong, f"{call.op} requires '{name}' to be a string"),
        fail_where(f"{chosen} NOT IN ({known})", f"{call.op}: unknown {name}"),
    ]
    cases = [(f"{chosen} = '{choice}'", scalar.sql) for choice, scalar in zip(choices, scalars, strict=True)]
    sql = tagged.choose(cases, "NULL")
    return frame.scalar(scalars[0].type, [*tests, Test("0", "null")], f"({sql})", spreads=False)


def read_whole(scope: Scope, call: Call, name: str, frame: Frame, complaint: str, within: range) -> tuple[str, list[Test]]:
    """A whole number (5 or 5.0) as Int64, with the tests for null and for what is none."""
    node = call.named[name]
    message = f"{call.op}: {complaint}"
    if isinstance(node, Constant):
        value = node.value
        if value is None:
            return "NULL", [null_where("1")]
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or int(value) not in within:
            raise invalid(message, pointer(call.path, name))
        return scope.context.bind(int(value), "Int64"), []
    number = frame.number(scope.value(node))
    whole = _whole(number)
    tests = [null_where(number.absent), fail_where(number.wrong, message)]
    if number.whole != "1":
        tests.append(fail_where(f"NOT ({number.double} = trunc({number.double}))", message))
    outside = f"NOT ({number.double} BETWEEN {float(within[0])} AND {float(within[-1])})"
    return whole, [*tests, fail_where(outside, message)]


def _whole(number: Number) -> str:
    if number.whole == "1":
        return number.integer
    cut = tagged.cut(number.double)
    return cut if number.whole == "0" else f"if({number.whole}, {number.integer}, {cut})"
