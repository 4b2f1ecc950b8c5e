"""`$dateTrunc $dateAdd $dateSubtract $dateDiff`: dates by units, on the clock of a time zone."""

from __future__ import annotations

from generations.query.evaluate import Scope, operator
from generations.query.expression import Call
from generations.query.expressions.arguments import Argument, Frame, Test, fail_where, null_where
from generations.query.expressions.date_units import MICROS_OF, MONTHS_OF, by_choice, read_whole, start_of_week, unit_of
from generations.query.expressions.instants import fits, floor_divided, from_micros, micros, millis
from generations.query.expressions.zones import Zone, read_zone
from generations.query.value import Value

_ORIGIN = "toDateTime64('2000-01-01 00:00:00', 6, 'UTC')"
_ORIGIN_MICROS = 946_684_800_000_000
"""From here bins are counted, on the clock of the zone. It was a Saturday."""

_SATURDAY = 5
_THURSDAY = 3
"""The weekday of 1970-01-01."""

_YEARS = 10_000
"""More than lie between the first and the last date."""


# --- $dateTrunc -------------------------------------------------------------------------------------------------------


@operator("$dateTrunc")
def _date_trunc(scope: Scope, call: Call) -> Value:
    return by_choice(scope, call, _truncated)


def _truncated(scope: Scope, call: Call) -> Value:
    frame = Frame()
    unit = unit_of(call)
    date, tests = _date(scope, call, frame, "date")
    size = "1"
    if "binSize" in call.named:
        bins = range(1, _YEARS * 366 * MICROS_OF["day"] // MICROS_OF.get(unit, MICROS_OF["day"] * 28))
        size, more = read_whole(scope, call, "binSize", frame, "binSize must be a whole number above 0", bins)
        size = f"greatest(1, {size})"
        tests += more
    zone, more = read_zone(scope, call, frame)
    tests += [*more, fail_where(date.wrong, "$dateTrunc requires 'date' to be a date")]
    start, in_range = _start(unit, size, date.value, zone, start_of_week(call) if unit == "week" else 0)
    if size != "1":
        tests.append(fail_where(f"NOT ({in_range})", "dateTrunc overflowed"))
    return frame.scalar("instant", tests, start)


def _start(unit: str, size: str, date: str, zone: Zone, first_day: int) -> tuple[str, str]:
    """The start of the bin that an instant lies in, and whether it lies in range."""
    if unit in MONTHS_OF:
        wall = zone.local(date)
        month = f"((toYear({wall}) - 2000) * 12 + toMonth({wall}) - 1)"
        first = f"({month} - toInt64(positiveModulo({month}, {MONTHS_OF[unit]} * {size})))"
        return zone.instant(f"addMonths({_ORIGIN}, {first})"), f"{first} >= -23988"
    length = f"{MICROS_OF[unit]} * {size}"
    if unit in ("week", "day"):
        days = (first_day - _SATURDAY) % 7 if unit == "week" else 0
        start = _bin(micros(zone.wall(date)), str(_ORIGIN_MICROS + days * MICROS_OF["day"]), length)
        return zone.instant(from_micros(start)), fits(start)
    start = _bin(micros(date), _origin(zone), length)
    return from_micros(start), fits(start)


def _origin(zone: Zone) -> str:
    """The microseconds at which the year 2000 began in a zone."""
    if isinstance(zone.minutes, int) and not zone.name:
        return str(_ORIGIN_MICROS - zone.minutes * MICROS_OF["minute"])
    return micros(zone.instant(_ORIGIN))


def _bin(number: str, origin: str, size: str) -> str:
    return f"({number} - toInt64(positiveModulo({number} - {origin}, {size})))"


# --- $dateAdd, $dateSubtract ------------------------------------------------------------------------------------------


@operator("$dateAdd", "$dateSubtract")
def _date_add(scope: Scope, call: Call) -> Value:
    return by_choice(scope, call, _moved)


def _moved(scope: Scope, call: Call) -> Value:
    """Days and longer keep the clock on the wall, hours and shorter are exact; a day that a month lacks becomes its last."""
    frame = Frame()
    unit = unit_of(call)
    date, tests = _date(scope, call, frame, "startDate")
    amount, more = read_whole(scope, call, "amount", frame, "amount must be a whole number", range(-(2**63), 2**63))
    tests += more
    zone, more = read_zone(scope, call, frame)
    tests += [*more, fail_where(date.wrong, f"{call.op} requires startDate to be convertible to a date")]
    most = _YEARS * 12 // MONTHS_OF[unit] if unit in MONTHS_OF else _YEARS * 366 * MICROS_OF["day"] // MICROS_OF[unit]
    tests.append(fail_where(f"NOT ({amount} BETWEEN -{most} AND {most})", f"{call.op}: the date overflows"))
    sign = "-" if call.op == "$dateSubtract" else "+"
    if unit in MONTHS_OF:
        wall = zone.wall(date.value)
        count = f"{sign} {MONTHS_OF[unit]} * {amount}"
        in_range = f"toYear({wall}) * 12 + toMonth({wall}) - 1 {count} BETWEEN 12 AND 119999"
        result = zone.instant(f"addMonths({wall}, 0 {count})")
    else:
        on_wall = unit in ("week", "day")
        later = f"{micros(zone.wall(date.value) if on_wall else date.value)} {sign} {MICROS_OF[unit]} * {amount}"
        in_range = fits(later)
        result = zone.instant(from_micros(later)) if on_wall else from_micros(later)
    tests.append(fail_where(f"NOT ({in_range})", f"{call.op}: the date overflows"))
    return frame.scalar("instant", tests, result)


def _date(scope: Scope, call: Call, frame: Frame, name: str) -> tuple[Argument, list[Test]]:
    date = frame.read(scope.value(call.named[name]), "instant")
    return date, [null_where(date.absent)]


# --- $dateDiff --------------------------------------------------------------------------------------------------------


@operator("$dateDiff")
def _date_diff(scope: Scope, call: Call) -> Value:
    return by_choice(scope, call, _difference)


def _difference(scope: Scope, call: Call) -> Value:
    """How many boundaries of the unit lie between the two."""
    frame = Frame()
    unit = unit_of(call)
    start, tests = _date(scope, call, frame, "startDate")
    end, more = _date(scope, call, frame, "endDate")
    zone, zone_tests = read_zone(scope, call, frame)
    tests += [*more, *zone_tests]
    for date, name in ((start, "startDate"), (end, "endDate")):
        tests.append(fail_where(date.wrong, f"$dateDiff requires '{name}' to be a date"))
    first_day = start_of_week(call) if unit == "week" else 0
    count = " - ".join(_ordinal(unit, date.value, zone, first_day) for date in (end, start))
    if unit in ("hour", "minute") and not (zone.is_utc or (not zone.name)):
        seconds = MICROS_OF[unit] // MICROS_OF["second"]
        count = f"{count} + intDiv({zone.offset(start.value)} - {zone.offset(end.value)}, {seconds})"
    return frame.scalar("integer", tests, f"toInt64({count})")


def _ordinal(unit: str, date: str, zone: Zone, first_day: int) -> str:
    """The number of the unit that an instant lies in; of hours and minutes on the wall."""
    match unit:
        case "year":
            return f"toYear({zone.local(date)})"
        case "quarter":
            return f"(toYear({zone.local(date)}) * 4 + toQuarter({zone.local(date)}))"
        case "month":
            return f"(toYear({zone.local(date)}) * 12 + toMonth({zone.local(date)}))"
        case "week":
            days = floor_divided(micros(zone.wall(date)), MICROS_OF["day"])
            return floor_divided(f"({days} + {_THURSDAY - first_day})", 7)
        case "second":
            return floor_divided(micros(date), MICROS_OF["second"])
        case "millisecond":
            return millis(date)
        case _:
            return floor_divided(micros(zone.wall(date)), MICROS_OF[unit])
