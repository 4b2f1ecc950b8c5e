"""Dates: their parts, arithmetic, text in and out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from . import calendar_units as units
from .expressions import Scope, check_names, lazy, named
from .expressions_strings import iso_text
from .values import Long, MongoError, is_nullish, is_number, is_whole, need, type_name


def as_date(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise MongoError(f"can't convert from BSON type {type_name(value)} to Date", 16006)
    return value


def _week_from_sunday(local: datetime) -> int:
    """0 before the first Sunday of the year, then counted from Sundays."""
    return (local.timetuple().tm_yday + 6 - local.isoweekday() % 7) // 7


PARTS: dict[str, Callable[[datetime], int]] = {
    "$year": lambda local: local.year,
    "$month": lambda local: local.month,
    "$dayOfMonth": lambda local: local.day,
    "$hour": lambda local: local.hour,
    "$minute": lambda local: local.minute,
    "$second": lambda local: local.second,
    "$millisecond": lambda local: local.microsecond // 1000,
    "$dayOfYear": lambda local: local.timetuple().tm_yday,
    "$dayOfWeek": lambda local: local.isoweekday() % 7 + 1,
    "$isoDayOfWeek": lambda local: local.isoweekday(),
    "$week": _week_from_sunday,
    "$isoWeek": lambda local: local.isocalendar().week,
    "$isoWeekYear": lambda local: local.isocalendar().year,
}


def _register_part(name: str, part: Callable[[datetime], int]) -> None:
    @lazy(name)
    def operator(spec: Any, scope: Scope) -> Any:
        timezone: Any = "UTC"
        if isinstance(spec, dict) and not any(key.startswith("$") for key in spec):
            check_names(name, spec, ("date",), ("timezone",))
            value, timezone = scope.evaluate(spec["date"]), scope.evaluate(spec.get("timezone", "UTC"))
        else:
            operands = spec if isinstance(spec, list) else [spec]
            need(len(operands) == 1, f"{name} takes 1 operand", 40536)
            value = scope.evaluate(operands[0])
        if is_nullish(timezone):
            return None
        zone = units.zone_of(timezone)
        return None if is_nullish(value) else part(units.to_local(as_date(value), zone))


for _name, _part in PARTS.items():
    _register_part(_name, _part)


@named("$dateAdd", ("startDate", "unit", "amount"), ("timezone",))
def _date_add(startDate: Any, unit: Any, amount: Any, timezone: Any = "UTC") -> Any:  # noqa: N803
    return _date_arithmetic(startDate, unit, amount, timezone, 1)


@named("$dateSubtract", ("startDate", "unit", "amount"), ("timezone",))
def _date_subtract(startDate: Any, unit: Any, amount: Any, timezone: Any = "UTC") -> Any:  # noqa: N803
    return _date_arithmetic(startDate, unit, amount, timezone, -1)


def _date_arithmetic(start: Any, unit: Any, amount: Any, timezone: Any, sign: int) -> Any:
    if any(is_nullish(item) for item in (start, unit, amount, timezone)):
        return None
    return units.add(as_date(start), units.check_unit(unit), sign * units.check_amount(amount), units.zone_of(timezone))


@named("$dateDiff", ("startDate", "endDate", "unit"), ("timezone", "startOfWeek"))
def _date_diff(startDate: Any, endDate: Any, unit: Any, timezone: Any = "UTC", startOfWeek: Any = "sunday") -> Any:  # noqa: N803
    if any(is_nullish(item) for item in (startDate, endDate, unit, timezone)) or (unit == "week" and is_nullish(startOfWeek)):
        return None
    unit = units.check_unit(unit)
    weekday = units.weekday_of(startOfWeek) if unit == "week" else 0
    return Long(units.difference(as_date(startDate), as_date(endDate), unit, units.zone_of(timezone), weekday))


@named("$dateTrunc", ("date", "unit"), ("binSize", "timezone", "startOfWeek"))
def _date_trunc(date: Any, unit: Any, binSize: Any = 1, timezone: Any = "UTC", startOfWeek: Any = "sunday") -> Any:  # noqa: N803
    if any(is_nullish(item) for item in (date, unit, binSize, timezone)) or (unit == "week" and is_nullish(startOfWeek)):
        return None
    need(is_number(binSize) and is_whole(binSize) and binSize > 0, "binSize must be a whole number above 0", 5439017)
    unit = units.check_unit(unit)
    weekday = units.weekday_of(startOfWeek) if unit == "week" else 0
    return units.truncate(as_date(date), unit, int(binSize), units.zone_of(timezone), weekday)


@named("$dateToParts", ("date",), ("timezone", "iso8601"))
def _date_to_parts(date: Any, timezone: Any = "UTC", iso8601: Any = False) -> Any:
    if is_nullish(date) or is_nullish(timezone) or is_nullish(iso8601):
        return None
    need(isinstance(iso8601, bool), "iso8601 must evaluate to a bool", 40521)
    local = units.to_local(as_date(date), units.zone_of(timezone))
    iso = local.isocalendar()
    day = (
        {"isoWeekYear": iso.year, "isoWeek": iso.week, "isoDayOfWeek": iso.weekday}
        if iso8601
        else {"year": local.year, "month": local.month, "day": local.day}
    )
    return {**day, "hour": local.hour, "minute": local.minute, "second": local.second, "millisecond": local.microsecond // 1000}


CLOCK = ("hour", "minute", "second", "millisecond")


@lazy("$dateFromParts")
def _date_from_parts(spec: Any, scope: Scope) -> Any:
    """Parts beyond their range carry over: month 14 is February of the next year, day 0 the last of the month before."""
    need(isinstance(spec, dict), "$dateFromParts takes an object", 40519)
    iso = "isoWeekYear" in spec
    names = ("isoWeekYear", "isoWeek", "isoDayOfWeek") if iso else ("year", "month", "day")
    check_names("$dateFromParts", spec, names[:1], (*names[1:], *CLOCK, "timezone"))
    parts = {name: scope.evaluate(item) for name, item in spec.items()}
    if any(is_nullish(value) for value in parts.values()):
        return None
    zone = units.zone_of(parts.pop("timezone", "UTC"))
    for name, value in parts.items():
        need(is_number(value) and is_whole(value), f"{name!r} must evaluate to a whole number, found {value!r}", 40515)
        need(name in names[:1] or -32768 <= value <= 32767, f"{name!r} is out of range", 31034)
    whole = {name: int(value) for name, value in parts.items()}
    need(1 <= whole[names[0]] <= 9999, f"{names[0]!r} must be in 1..9999", 40523)
    try:
        return units.from_local(_day(whole, iso) + timedelta(**{f"{name}s": whole.get(name, 0) for name in CLOCK}), zone)
    except (OverflowError, ValueError):
        raise MongoError("date out of range", 18537) from None


def _day(parts: dict[str, int], iso: bool) -> datetime:
    if iso:
        first = datetime.fromisocalendar(parts["isoWeekYear"], 1, 1).replace(tzinfo=UTC)
        return first + timedelta(weeks=parts.get("isoWeek", 1) - 1, days=parts.get("isoDayOfWeek", 1) - 1)
    year, month = divmod(parts["year"] * 12 + parts.get("month", 1) - 1, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC) + timedelta(days=parts.get("day", 1) - 1)


FORMATS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda local: f"{local.year:04}",
    "m": lambda local: f"{local.month:02}",
    "d": lambda local: f"{local.day:02}",
    "H": lambda local: f"{local.hour:02}",
    "M": lambda local: f"{local.minute:02}",
    "S": lambda local: f"{local.second:02}",
    "L": lambda local: f"{local.microsecond // 1000:03}",
    "j": lambda local: f"{local.timetuple().tm_yday:03}",
    "w": lambda local: str(local.isoweekday() % 7 + 1),
    "u": lambda local: str(local.isoweekday()),
    "U": lambda local: f"{_week_from_sunday(local):02}",
    "V": lambda local: f"{local.isocalendar().week:02}",
    "G": lambda local: f"{local.isocalendar().year:04}",
    "b": lambda local: local.strftime("%b"),
    "B": lambda local: local.strftime("%B"),
}


@lazy("$dateToString")
def _date_to_string(spec: Any, scope: Scope) -> Any:
    check_names("$dateToString", spec, ("date",), ("format", "timezone", "onNull"))
    value = scope.evaluate(spec["date"])
    timezone = scope.evaluate(spec.get("timezone", "UTC"))
    pattern = scope.evaluate(spec.get("format", ""))
    if is_nullish(value):
        return scope.evaluate(spec.get("onNull"))
    if is_nullish(timezone) or is_nullish(pattern):
        return None
    zone = units.zone_of(timezone)
    if "format" not in spec:
        local = iso_text(units.to_local(as_date(value), zone))
        return local if zone == timedelta(0) else local.removesuffix("Z")
    need(isinstance(pattern, str), "$dateToString requires that 'format' be a string", 18533)
    return formatted(as_date(value), pattern, zone)


def formatted(instant: datetime, pattern: str, zone: units.Zone) -> str:
    local = units.to_local(instant, zone)
    offset_minutes = (local - instant) // timedelta(minutes=1)

    def write(found: re.Match[str]) -> str:
        letter = found[1]
        if letter == "z":
            hours, minutes = divmod(abs(offset_minutes), 60)
            return f"{'-' if offset_minutes < 0 else '+'}{hours:02}{minutes:02}"
        if letter == "Z":
            return f"{offset_minutes:+}"
        if letter == "%":
            return "%"
        need(letter in FORMATS, f"invalid format character '%{letter}' in format string", 18536)
        return FORMATS[letter](local)

    return re.sub("%(.?)", write, pattern, flags=re.DOTALL)


@lazy("$dateFromString")
def _date_from_string(spec: Any, scope: Scope) -> Any:
    check_names("$dateFromString", spec, ("dateString",), ("format", "timezone", "onError", "onNull"))
    text = scope.evaluate(spec["dateString"])
    timezone = scope.evaluate(spec.get("timezone", "UTC"))
    pattern = scope.evaluate(spec.get("format", ""))
    if is_nullish(text):
        return scope.evaluate(spec.get("onNull"))
    if is_nullish(timezone) or is_nullish(pattern):
        return None
    zone = units.zone_of(timezone) if "timezone" in spec else None
    found = None
    if isinstance(text, str):
        found = parse_formatted(text, pattern, zone) if "format" in spec else parse_date(text, zone)
    if found is None:
        need("onError" in spec, f"error parsing date string {text!r}", 241)
        return scope.evaluate(spec["onError"])
    return found


DATE_TEXT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


def parse_date(text: str, zone: units.Zone | None = None) -> datetime | None:
    """An ISO 8601 date, with blanks around it; None when it is not one. MongoDB reads more spellings than these."""
    found = DATE_TEXT.fullmatch(text.strip("\0\u00a0 \t\n\v\f\r"))
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if found[8] and zone is not None:
        raise MongoError("a date with its own time zone cannot be given another", 241)
    try:
        local = datetime(year, month, day, hour, minute, second, int((found[7] or "0").ljust(6, "0")[:6]), tzinfo=UTC)
        return units.from_local(local, units.zone_of(found[8].upper()) if found[8] else zone or timedelta(0))
    except ValueError:
        return None


PATTERNS = {
    "Y": r"(?P<Y>\d{4})",
    "m": r"(?P<m>\d\d?)",
    "d": r"(?P<d>\d\d?)",
    "H": r"(?P<H>\d\d?)",
    "M": r"(?P<M>\d\d?)",
    "S": r"(?P<S>\d\d?)",
    "L": r"(?P<L>\d{1,3})",
    "j": r"(?P<j>\d{1,3})",
    "z": r"(?P<z>[Zz]|[+-]\d\d(?::?\d\d)?)",
    "%": "%",
}


def parse_formatted(text: str, pattern: Any, zone: units.Zone | None) -> datetime | None:
    need(isinstance(pattern, str), "$dateFromString requires that 'format' be a string", 40684)
    expression = ""
    for letter, plain in re.findall("%(.?)|([^%]+)", pattern, flags=re.DOTALL):
        need(bool(plain) or letter in PATTERNS, f"invalid format character '%{letter}' in format string", 18536)
        expression += re.escape(plain) if plain else PATTERNS[letter]
    found = re.fullmatch(expression, text, re.ASCII)
    if not found:
        return None
    parts = found.groupdict()
    if parts.get("z") and zone is not None:
        raise MongoError("a date with its own time zone cannot be given another", 241)
    if "Y" not in parts or ("j" not in parts and not {"m", "d"} <= set(parts)):
        return None
    try:
        day = datetime(int(parts["Y"]), int(parts.get("m") or 1), int(parts.get("d") or 1), tzinfo=UTC)
        clock = timedelta(
            days=int(parts.get("j") or 1) - 1,
            hours=int(parts.get("H") or 0),
            minutes=int(parts.get("M") or 0),
            seconds=int(parts.get("S") or 0),
            milliseconds=int((parts.get("L") or "0").ljust(3, "0")),
        )
    except ValueError:
        return None
    return units.from_local(day + clock, units.zone_of(parts["z"].upper()) if parts.get("z") else zone or timedelta(0))
