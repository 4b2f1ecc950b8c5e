"""`$dateTrunc $dateAdd $dateSubtract $dateDiff`: dates by units, on the clock of a time zone."""

from __future__ import annotations

from generations.query.evaluate import Scope, operator
from generations.query.expression import Call
from generations.query.expressions.arguments import Frame, Test, fail_where
from generations.query.expressions.date_parts import read_date
from generations.query.expressions.date_units import MICROS_OF, MONTHS_OF, read_start_of_week, read_unit, read_whole
from generations.query.expressions.instants import fits, from_micros, micros
from generations.query.expressions.zones import Zone
from generations.query.value import NULL, Value

_ORIGIN = "toDateTime64('2000-01-01 00:00:00', 6, 'UTC')"
_ORIGIN_MICROS = 946_684_800_000_000
"""From here bins are counted, on the clock of the zone. It was a Saturday."""

_SATURDAY = 5


@operator("$dateTrunc")
def _date_trunc(scope: Scope, call: Call) -> Value:
    frame = Frame()
    unit = read_unit(call)
    first_day = read_start_of_week(call) if unit == "week" else 0
    if unit is None or first_day is None:
        return NULL
    size, tests = "1", list[Test]()
    if "binSize" in call.named:
        size, tests = read_whole(scope, call, "binSize", frame, "binSize must be a whole number above 0")
        tests.append(
            fail_where(f"ifNull(NOT {size} BETWEEN 1 AND 100000000000000, 0)", "$dateTrunc requires 'binSize' to be greater than 0")
        )
    date, zone, more = read_date(scope, call, frame)
    tests = [more[0], *tests, *more[1:]]
    if unit in MONTHS_OF:
        start, in_range = _month(zone.wall(date.value), f"{MONTHS_OF[unit]} * {size}")
        sql = zone.instant(start)
    elif unit in ("week", "day"):
        origin = _ORIGIN_MICROS + (first_day - _SATURDAY) % 7 * MICROS_OF["day"] if unit == "week" else _ORIGIN_MICROS
        start, in_range = _bin(micros(zone.wall(date.value)), str(origin), f"{MICROS_OF[unit]} * {size}")
        sql = zone.instant(from_micros(start))
    else:
        start, in_range = _bin(micros(date.value), _origin(zone), f"{MICROS_OF[unit]} * {size}")
        sql = from_micros(start)
    if size != "1":
        tests.append(fail_where(f"ifNull(NOT ({in_range}), 0)", "dateTrunc overflowed"))
    return frame.scalar("instant", tests, sql)


def _origin(zone: Zone) -> str:
    """The microseconds at which the year 2000 began in a zone."""
    if isinstance(zone.minutes, int) and not zone.name:
        return str(_ORIGIN_MICROS - zone.minutes * MICROS_OF["minute"])
    return micros(zone.instant(_ORIGIN))


def _bin(number: str, origin: str, size: str) -> tuple[str, str]:
    """The start of the bin that microseconds lie in, and whether it lies in range."""
    start = f"({number} - toInt64(positiveModulo({number} - {origin}, {size})))"
    return start, fits(start)


def _month(wall: str, size: str) -> tuple[str, str]:
    """The start of the bin of months that a local time lies in, and whether it lies in range."""
    month = f"((toYear({wall}) - 2000) * 12 + toMonth({wall}) - 1)"
    start = f"({month} - toInt64(positiveModulo({month}, {size})))"
    return f"addMonths({_ORIGIN}, {start})", f"{start} >= -23988"
