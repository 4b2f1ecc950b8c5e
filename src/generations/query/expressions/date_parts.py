"""Dates taken apart and put together: `$year … $isoDayOfWeek`, `$dateToParts`, `$dateFromParts`."""

from __future__ import annotations

from generations.query.context import invalid
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call
from generations.query.expressions.arguments import Argument, Frame, Test, fail_where, null_where
from generations.query.expressions.date_units import MICROS_OF, read_whole
from generations.query.expressions.instants import fits, from_micros, micros
from generations.query.expressions.zones import Zone, read_zone
from generations.query.value import Value

PARTS = {
    "$year": "toYear({0})",
    "$month": "toMonth({0})",
    "$dayOfMonth": "toDayOfMonth({0})",
    "$hour": "toHour({0})",
    "$minute": "toMinute({0})",
    "$second": "toSecond({0})",
    "$millisecond": "toMillisecond({0})",
    "$dayOfYear": "toDayOfYear({0})",
    "$dayOfWeek": "toDayOfWeek({0}, 3)",
    "$week": "toWeek({0}, 0)",
    "$isoWeek": "toISOWeek({0})",
    "$isoWeekYear": "toISOYear({0})",
    "$isoDayOfWeek": "toDayOfWeek({0})",
}
"""The engine's function of a local time for each part."""


@operator(*PARTS)
def _part(scope: Scope, call: Call) -> Value:
    frame = Frame()
    date, zone, tests = read_date(scope, call, frame)
    return frame.scalar("integer", tests, f"toInt64({PARTS[call.op].format(zone.local(date.value))})")


def read_date(scope: Scope, call: Call, frame: Frame) -> tuple[Argument, Zone, list[Test]]:
    """The arguments `date` and `timezone`, with the tests that null or a wrong type of either needs."""
    date = frame.read(scope.value(call.named["date"] if call.named else call.args[0]), "instant")
    zone, tests = read_zone(scope, call, frame)
    return date, zone, [null_where(date.absent), *tests, fail_where(date.wrong, f"{call.op}: can't convert from this BSON type to Date")]


# --- $dateToParts -----------------------------------------------------------------------------------------------------

_CLOCK = ("hour", "minute", "second", "millisecond")
_DAY = {"year": "$year", "month": "$month", "day": "$dayOfMonth"}
_ISO_DAY = {"isoWeekYear": "$isoWeekYear", "isoWeek": "$isoWeek", "isoDayOfWeek": "$isoDayOfWeek"}


@operator("$dateToParts")
def _date_to_parts(scope: Scope, call: Call) -> Value:
    frame = Frame()
    date = frame.read(scope.value(call.named["date"]), "instant")
    zone, tests = read_zone(scope, call, frame)
    local = zone.local(date.value)
    text = _object(_DAY, local)
    if "iso8601" in call.named:
        iso = frame.read(scope.value(call.named["iso8601"]), "bool")
        tests += [null_where(iso.absent), fail_where(iso.wrong, "iso8601 must evaluate to a bool")]
        text = f"if({iso.value}, {_object(_ISO_DAY, local)}, {text})"
    tests += [null_where(date.absent), fail_where(date.wrong, "$dateToParts: can't convert from this BSON type to Date")]
    return frame.tagged(tests, text)


def _object(day: dict[str, str], local: str) -> str:
    parts = {**day, **{name: f"${name}" for name in _CLOCK}}
    fields = ", ',', ".join(f"'\"{name}\":', toString({PARTS[part].format(local)})" for name, part in parts.items())
    return f"concat('{{', {fields}, '}}')"


# --- $dateFromParts ---------------------------------------------------------------------------------------------------

_SHORT = range(-(2**15), 2**15)
_LONG = range(-(10**14), 10**14)
_YEARS = range(1, 10_000)
_FIRST = "toDateTime64('0001-01-01 00:00:00', 6, 'UTC')"


@operator("$dateFromParts")
def _date_from_parts(scope: Scope, call: Call) -> Value:
    """Parts beyond their range carry over: month 14 is February of the next year, day 0 the last of the month before."""
    iso = "isoWeekYear" in call.named
    days = tuple(_ISO_DAY if iso else _DAY)
    strangers = [name for name in (_DAY if iso else _ISO_DAY) if name in call.named]
    if days[0] not in call.named:
        raise invalid("$dateFromParts needs 'year' or 'isoWeekYear'", call.path)
    if strangers:
        raise invalid(f"$dateFromParts does not mix {days[0]!r} with {strangers[0]!r}", call.path)
    frame = Frame()
    parts: dict[str, str] = {}
    tests: list[Test] = []
    for name in (*_CLOCK, *days):
        parts[name] = "1" if name in days else "0"
        if name in call.named:
            within = _YEARS if name == days[0] else _LONG if name in ("second", "millisecond") else _SHORT
            complaint = f"'{name}' must evaluate to an integer in the range {within[0]} to {within[-1]}"
            parts[name], more = read_whole(scope, call, name, frame, complaint, within)
            tests += more
    zone, more = read_zone(scope, call, frame)
    day = _iso_day(*(parts[name] for name in days)) if iso else _calendar_day(*(parts[name] for name in days))
    clock = " + ".join(f"{MICROS_OF[name]} * {parts[name]}" for name in _CLOCK)
    moment = f"({day} + {clock})"
    tests += [*more, fail_where(f"NOT ({fits(moment)})", "$dateFromParts: the date lies outside of the years 1 to 9999")]
    return frame.scalar("instant", tests, zone.instant(from_micros(moment)))


def _calendar_day(year: str, month: str, day: str) -> str:
    """The microseconds at which a day begins."""
    months = f"(({year} - 1) * 12 + {month} - 1)"
    inside = f"greatest(0, least(119987, {months}))"
    return f"({micros(f'addMonths({_FIRST}, {inside})')} + {MICROS_OF['day']} * ({day} - 1) + 2678400000000 * ({months} - {inside}))"


def _iso_day(year: str, week: str, day: str) -> str:
    """The same of a day of an ISO week; the fourth of January lies in the first week."""
    fourth = f"addDays(addMonths({_FIRST}, ({year} - 1) * 12), 3)"
    return f"({micros(fourth)} + {MICROS_OF['day']} * (({week} - 1) * 7 + {day} - toDayOfWeek({fourth})))"
