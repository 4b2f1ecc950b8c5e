"""The arguments `unit`, `startOfWeek`, `binSize` and `amount` of date arithmetic."""

from __future__ import annotations

from generations.query.context import invalid, pointer, refuse_unsupported
from generations.query.evaluate import Scope
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, Number, Test, fail_where, null_where

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

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_unit(call: Call) -> str | None:
    """The unit, a constant; None when it is null."""
    value = _constant(call, "unit", None)
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(f"{call.op} requires 'unit' to be a string", pointer(call.path, "unit"))
    if value not in MICROS_OF and value not in MONTHS_OF:
        known = ", ".join([*MONTHS_OF, *MICROS_OF])
        raise invalid(f"unknown time unit value: {value}", pointer(call.path, "unit"), f"the units are {known}")
    return value


def read_start_of_week(call: Call) -> int | None:
    """The first day of the week, 0 for Monday, a constant; None when it is null."""
    value = _constant(call, "startOfWeek", "sunday")
    if value is None:
        return None
    names = [i for i, day in enumerate(_WEEKDAYS) if isinstance(value, str) and value.lower() in (day, day[:3])]
    if not names:
        raise invalid(f"{value!r} is not a day of the week", pointer(call.path, "startOfWeek"), "such as sunday or sun")
    return names[0]


def _constant(call: Call, name: str, default: object) -> object:
    node = call.named.get(name)
    if node is None:
        return default
    if not isinstance(node, Constant):
        raise refuse_unsupported(f"{name} that differs by record", f"write {name} as a constant", pointer(call.path, name))
    return node.value


def read_whole(scope: Scope, call: Call, name: str, frame: Frame, complaint: str) -> tuple[str, list[Test]]:
    """A whole number (5 or 5.0) as Int64, with the tests for null and for what is none."""
    node = call.named[name]
    if isinstance(node, Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        if node.value != int(node.value) or abs(node.value) >= 2**63:
            raise invalid(f"{call.op}: {complaint}", node.path)
        return scope.context.bind(int(node.value), "Int64"), []
    number = frame.number(scope.value(node))
    return f"toInt64({number.double})" if number.whole == "0" else _integer(number), [
        null_where(number.absent),
        fail_where(number.wrong, f"{call.op}: {complaint}"),
        fail_where(_broken(number), f"{call.op}: {complaint}"),
    ]


def _integer(number: Number) -> str:
    return number.integer if number.whole == "1" else f"if({number.whole}, {number.integer}, toInt64({number.double}))"


def _broken(number: Number) -> str:
    """Whether a double is no whole number of 64 bits."""
    if number.whole == "1":
        return "0"
    return f"ifNull(NOT ({number.double} = trunc({number.double}) AND abs({number.double}) < 9223372036854775808.), 0)"
