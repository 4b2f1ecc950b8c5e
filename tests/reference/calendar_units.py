"""Time zones and calendar arithmetic: what `$dateAdd`, `$dateDiff` and `$dateTrunc` do with each unit."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .values import INT64, MongoError, fits, is_number, is_whole, need, type_name

UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond")
LENGTHS = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "millisecond": timedelta(milliseconds=1),
}
MONTHS = {"year": 12, "quarter": 3, "month": 1}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)

Zone = timedelta | ZoneInfo


def zone_of(name: Any) -> Zone:
    """A zone of the Olson database, or an offset such as `+05:30`, which may be any number of hours and minutes."""
    need(isinstance(name, str), f"timezone must evaluate to a string, found {type_name(name)}", 40517)
    if name in ("UTC", "GMT", "Z", ""):
        return timedelta(0)
    if found := re.fullmatch(r"([+-])(\d\d)(?::?(\d\d))?", name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return offset if found[1] == "+" else -offset
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise MongoError(f"unrecognized time zone identifier: {name!r}", 40485) from None


def to_local(instant: datetime, zone: Zone) -> datetime:
    """The clock on the wall, written as if it were UTC."""
    try:
        if isinstance(zone, timedelta):
            return instant + zone
        return instant.astimezone(zone).replace(tzinfo=UTC)
    except OverflowError:
        raise MongoError("date out of range", 18537) from None


def from_local(local: datetime, zone: Zone) -> datetime:
    try:
        if isinstance(zone, timedelta):
            return local - zone
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise MongoError("date out of range", 18537) from None


def check_unit(unit: Any) -> str:
    need(isinstance(unit, str), f"unit must be a string, found {type_name(unit)}", 5439013)
    need(unit in UNITS, f"unknown time unit value: {unit}", 9)
    return unit


def check_amount(amount: Any) -> int:
    need(is_number(amount) and is_whole(amount) and fits(amount, INT64), "amount must be a whole number", 5166405)
    return int(amount)


def weekday_of(name: Any) -> int:
    need(isinstance(name, str), f"startOfWeek must be a string, found {type_name(name)}", 5439015)
    matches = [index for index, day in enumerate(WEEKDAYS) if name.lower() in (day, day[:3])]
    need(bool(matches), f"unknown day of week value: {name}", 9)
    return matches[0]


def add(instant: datetime, unit: str, amount: int, zone: Zone) -> datetime:
    """Days and longer keep the clock on the wall; a day that the month lacks becomes its last; hours and shorter are exact."""
    try:
        if unit in MONTHS:
            return from_local(_add_months(to_local(instant, zone), amount * MONTHS[unit]), zone)
        if unit in ("week", "day"):
            return from_local(to_local(instant, zone) + amount * LENGTHS[unit], zone)
        return instant + amount * LENGTHS[unit]
    except (OverflowError, ValueError):
        raise MongoError("date overflow", 5166406) from None


def _add_months(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


def difference(start: datetime, end: datetime, unit: str, zone: Zone, first_weekday: int) -> int:
    """How many boundaries of the unit lie between the two."""
    if unit in ("hour", "minute", "second", "millisecond"):
        last_boundary = start - (to_local(start, zone) - ORIGIN) % LENGTHS[unit]
        return (end - last_boundary) // LENGTHS[unit]
    return _ordinal(to_local(end, zone), unit, first_weekday) - _ordinal(to_local(start, zone), unit, first_weekday)


def _ordinal(local: datetime, unit: str, first_weekday: int) -> int:
    """The number of the unit that a local time lies in."""
    if unit in MONTHS:
        return (local.year * 12 + local.month - 1) // MONTHS[unit]
    origin = _first_day(first_weekday) if unit == "week" else ORIGIN
    return (local - origin) // LENGTHS[unit]


def _first_day(weekday: int) -> datetime:
    """The first such weekday of the year 2000."""
    return ORIGIN + timedelta(days=(weekday - ORIGIN.weekday()) % 7)


def truncate(instant: datetime, unit: str, bin_size: int, zone: Zone, first_weekday: int) -> datetime:
    """The start of the bin; bins are counted from the start of the year 2000 in the zone."""
    if unit in ("hour", "minute", "second", "millisecond"):
        origin, size = from_local(ORIGIN, zone), bin_size * LENGTHS[unit]
        return origin + (instant - origin) // size * size
    local = to_local(instant, zone)
    try:
        if unit in MONTHS:
            months = (local.year - 2000) * 12 + local.month - 1
            size_in_months = bin_size * MONTHS[unit]
            return from_local(_add_months(ORIGIN, months // size_in_months * size_in_months), zone)
        origin_local = _first_day(first_weekday) if unit == "week" else ORIGIN
        size = bin_size * LENGTHS[unit]
        return from_local(origin_local + (local - origin_local) // size * size, zone)
    except (OverflowError, ValueError):
        raise MongoError("date overflow", 5166406) from None
