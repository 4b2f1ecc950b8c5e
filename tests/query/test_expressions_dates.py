"""Dates in expressions: parts, units, time zones, texts."""

from datetime import UTC, datetime, timedelta

import pytest

DATE = datetime(2024, 6, 15, 12, 30, 45, 123456, tzinfo=UTC)
"""A Saturday."""


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("operator", "part"),
    [
        ("$year", 2024),
        ("$month", 6),
        ("$dayOfMonth", 15),
        ("$hour", 12),
        ("$minute", 30),
        ("$second", 45),
        ("$millisecond", 123),
        ("$dayOfYear", 167),
        ("$dayOfWeek", 7),
        ("$week", 23),
        ("$isoWeek", 24),
        ("$isoWeekYear", 2024),
        ("$isoDayOfWeek", 6),
    ],
)
def test_parts(gives, fails, operator, part):
    gives({operator: "$d"}, part, d=DATE)
    gives({operator: ["$d"]}, part, d=DATE)
    gives({operator: {"date": "$d"}}, part, d=DATE)
    gives({operator: "$nowhere"}, None)
    fails({operator: "$d"}, "can't convert from this BSON type to Date", d="2024-06-15")


@pytest.mark.parametrize(
    ("date", "week", "iso_week", "iso_year", "day"),
    [
        (utc(2023, 1, 1), 1, 52, 2022, 1),
        (utc(2024, 1, 1), 0, 1, 2024, 2),
        (utc(2020, 12, 31), 52, 53, 2020, 5),
        (utc(1, 1, 1), 0, 1, 1, 2),
        (utc(9999, 12, 31, 23, 59, 59), 52, 52, 9999, 6),
    ],
)
def test_weeks_from_sunday_and_iso_weeks(gives, date, week, iso_week, iso_year, day):
    for operator, part in (("$week", week), ("$isoWeek", iso_week), ("$isoWeekYear", iso_year), ("$dayOfWeek", day)):
        gives({operator: "$d"}, part, d=date)


@pytest.mark.parametrize(
    ("zone", "hour", "minute"),
    [
        ("UTC", 12, 30),
        ("Europe/Berlin", 14, 30),
        ("Asia/Kolkata", 18, 0),
        ("+05:30", 18, 0),
        ("-0345", 8, 45),
        ("+02", 14, 30),
        ("+25:00", 13, 30),
        ("+05:70", 18, 40),
    ],
)
def test_time_zones_are_names_or_offsets_constant_or_not(gives, zone, hour, minute):
    for zones in (zone, "$z"):
        gives({"$hour": {"date": "$d", "timezone": zones}}, hour, d=DATE, z=zone)
        gives({"$minute": {"date": "$d", "timezone": zones}}, minute, d=DATE, z=zone)


def test_zones_of_nothing_and_unknown_zones(gives, fails):
    gives({"$hour": {"date": "$d", "timezone": None}}, None, d=DATE)
    gives({"$hour": {"date": "$d", "timezone": "$nowhere"}}, None, d=DATE)
    fails({"$hour": {"date": "$d", "timezone": "Mars/Olympus"}}, "unrecognized time zone identifier: 'Mars/Olympus'", d=DATE)
    fails({"$hour": {"date": "$d", "timezone": "europe/berlin"}}, "unrecognized time zone identifier", d=DATE)
    fails({"$hour": {"date": "$d", "timezone": "+5"}}, "unrecognized time zone identifier", d=DATE)
    fails({"$hour": {"date": "$d", "timezone": "$z"}}, "unrecognized time zone identifier", d=DATE, z="Mars/Olympus")
    fails({"$hour": {"date": "$d", "timezone": "$z"}}, "unrecognized time zone identifier", d=DATE, z="")
    fails({"$hour": {"date": "$d", "timezone": 5}}, "timezone must be a string", d=DATE)
    fails({"$hour": {"date": "$d", "timezone": "$z"}}, "timezone must evaluate to a string", d=DATE, z=5)


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("%Y-%m-%d", "2024-06-15"),
        ("%H:%M:%S.%L", "14:30:45.123"),
        ("%j|%w|%u|%U|%V|%G", "167|7|6|23|24|2024"),
        ("%b %B %d", "Jun June 15"),
        ("%z %Z", "+0200 120"),
        ("it's %% é\\n {x}", "it's % é\\n {x}"),
        ("", ""),
    ],
)
def test_formats(gives, format, text):
    gives({"$dateToString": {"date": "$d", "format": format, "timezone": "Europe/Berlin"}}, text, d=DATE)


def test_the_default_format_ends_in_z_in_utc_only(gives):
    for zone, text in [("UTC", "12:30:45.123Z"), ("+00:00", "12:30:45.123Z"), ("Europe/Berlin", "14:30:45.123"), ("-01", "11:30:45.123")]:
        for zones in (zone, "$z"):
            gives({"$dateToString": {"date": "$d", "timezone": zones}}, f"2024-06-15T{text}", d=DATE, z=zone)
    gives({"$dateToString": {"date": "$d"}}, "0099-01-02T00:00:00.000Z", d=utc(99, 1, 2))


def test_formats_of_nothing_and_wrong_formats(gives, fails):
    gives({"$dateToString": {"date": "$nowhere", "format": "%Y", "onNull": "$f"}}, [1], f=[1])
    gives({"$dateToString": {"date": "$nowhere", "timezone": None, "onNull": "none"}}, "none")
    gives({"$dateToString": {"date": "$d", "timezone": None, "onNull": "none"}}, None, d=DATE)
    gives({"$dateToString": {"date": "$d", "format": "$nowhere"}}, None, d=DATE)
    fails({"$dateToString": {"date": "$d", "format": "%q"}}, "invalid format character '%q'", d=DATE)
    fails({"$dateToString": {"date": "$d", "format": "x%"}}, "invalid format character '%'", d=DATE)
    fails({"$dateToString": {"date": "$d", "format": 5}}, "requires that 'format' be a string", d=DATE)
    fails({"$dateToString": {"date": "$d", "format": "$f"}}, "the format must be a constant", d=DATE, f="%Y")
    fails({"$dateToString": {"date": "$d"}}, "can't convert from this BSON type to Date", d=5)


@pytest.mark.parametrize(
    ("text", "format", "instant"),
    [
        ("15/06/2024", "%d/%m/%Y", utc(2024, 6, 15)),
        ("2024-06-15 12:30:45.5", "%Y-%m-%d %H:%M:%S.%L", utc(2024, 6, 15, 12, 30, 45, 500000)),
        ("2024-06-15T12+05:30", "%Y-%m-%dT%H%z", utc(2024, 6, 15, 6, 30)),
        ("2024-06-15 -90", "%Y-%m-%d %Z", utc(2024, 6, 15, 1, 30)),
        ("2024 167", "%Y %j", utc(2024, 6, 15)),
        ("15 June 2024", "%d %B %Y", utc(2024, 6, 15)),
        ("Jun 5 2024", "%b %d %Y", utc(2024, 6, 5)),
        ("2024-24-6", "%G-%V-%u", utc(2024, 6, 15)),
        ("(2024).06[15]%", "(%Y).%m[%d]%%", utc(2024, 6, 15)),
    ],
)
def test_dates_are_read_by_format(gives, text, format, instant):
    gives({"$dateFromString": {"dateString": "$s", "format": format}}, instant, s=text)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("2024-06-15", "%d/%m/%Y"),
        ("31/02/2024", "%d/%m/%Y"),
        ("2024-06-15 25", "%Y-%m-%d %H"),
        ("12:30", "%H:%M"),
        ("x2024-06-15", "%Y-%m-%d"),
    ],
)
def test_texts_that_do_not_fit_are_on_error(gives, fails, text, format):
    gives({"$dateFromString": {"dateString": "$s", "format": format, "onError": "bad"}}, "bad", s=text)
    fails({"$dateFromString": {"dateString": "$s", "format": format}}, "error parsing a date string", s=text)


def test_dates_from_text_in_a_zone(gives, fails):
    for zone in ("Europe/Berlin", "$z"):
        gives({"$dateFromString": {"dateString": "$s", "timezone": zone}}, utc(2024, 6, 15, 10), s="2024-06-15T12:00", z="Europe/Berlin")
    gives({"$dateFromString": {"dateString": "$s", "timezone": "+01", "onError": "two zones"}}, "two zones", s="2024-06-15T12:00Z")
    gives({"$dateFromString": {"dateString": "$s", "timezone": "UTC"}}, utc(2024, 6, 15, 11), s="2024-06-15T12:00+01")


def test_dates_from_nothing(gives, fails):
    gives({"$dateFromString": {"dateString": "$nowhere", "onNull": "none", "onError": "bad"}}, "none")
    gives({"$dateFromString": {"dateString": "$s", "onNull": "none", "onError": "bad"}}, "bad", s=5)
    gives({"$dateFromString": {"dateString": "$s", "format": None}}, None, s="2024-06-15")
    fails({"$dateFromString": {"dateString": "$s"}}, "requires that 'dateString' be a string", s=5)
    fails({"$dateFromString": {"dateString": "$s", "format": "%w"}}, "invalid format character '%w'", s="5")


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "options", "start"),
    [
        ("year", {}, utc(2024, 1, 1)),
        ("quarter", {}, utc(2024, 4, 1)),
        ("month", {}, utc(2024, 6, 1)),
        ("week", {}, utc(2024, 6, 9)),
        ("week", {"startOfWeek": "Mon"}, utc(2024, 6, 10)),
        ("week", {"startOfWeek": "saturday"}, utc(2024, 6, 15)),
        ("day", {}, utc(2024, 6, 15)),
        ("hour", {}, utc(2024, 6, 15, 12)),
        ("minute", {}, utc(2024, 6, 15, 12, 30)),
        ("second", {}, utc(2024, 6, 15, 12, 30, 45)),
        ("millisecond", {}, DATE.replace(microsecond=123000)),
        ("year", {"binSize": 5}, utc(2020, 1, 1)),
        ("month", {"binSize": 4}, utc(2024, 5, 1)),
        ("day", {"binSize": 7.0}, utc(2024, 6, 15)),
        ("minute", {"binSize": 7}, utc(2024, 6, 15, 12, 29)),
        ("day", {"timezone": "America/New_York"}, utc(2024, 6, 15, 4)),
        ("month", {"timezone": "+05:30"}, utc(2024, 5, 31, 18, 30)),
        ("hour", {"timezone": "Asia/Kolkata"}, utc(2024, 6, 15, 12, 30)),
    ],
)
def test_dates_are_cut_to_units(gives, unit, options, start):
    """Bins are counted from the year 2000, on the clock of the zone."""
    gives({"$dateTrunc": {"date": "$d", "unit": unit, **options}}, start, d=DATE)
    by_record = {name: f"${name}" for name in options}
    gives({"$dateTrunc": {"date": "$d", "unit": "$unit", **by_record}}, start, d=DATE, unit=unit, **options)


def test_bins_go_on_before_the_year_2000(gives):
    gives({"$dateTrunc": {"date": "$d", "unit": "month", "binSize": 5}}, utc(1999, 8, 1), d=utc(1999, 12, 31))
    gives({"$dateTrunc": {"date": "$d", "unit": "week"}}, utc(1969, 7, 20), d=utc(1969, 7, 20, 20, 17))


def test_cut_of_nothing_and_wrong_arguments(gives, fails):
    for arguments in (
        {"date": "$nowhere"},
        {"unit": None},
        {"binSize": None},
        {"timezone": "$nowhere"},
        {"unit": "week", "startOfWeek": None},
    ):
        gives({"$dateTrunc": {"date": "$d", "unit": "day", **arguments}}, None, d=DATE)
    gives({"$dateTrunc": {"date": "$d", "unit": "day", "startOfWeek": None}}, utc(2024, 6, 15), d=DATE)
    for size in (0, -1, 1.5, "2"):
        fails({"$dateTrunc": {"date": "$d", "unit": "day", "binSize": size}}, "binSize must be a whole number above 0", d=DATE)
        fails({"$dateTrunc": {"date": "$d", "unit": "day", "binSize": "$n"}}, "binSize must be a whole number above 0", d=DATE, n=size)
    fails({"$dateTrunc": {"date": "$d", "unit": "days"}}, "unknown time unit value: days", d=DATE)
    fails({"$dateTrunc": {"date": "$d", "unit": "$u"}}, "unknown unit", d=DATE, u="days")
    fails({"$dateTrunc": {"date": "$d", "unit": "week", "startOfWeek": "someday"}}, "'someday' is not a day of the week", d=DATE)
    fails({"$dateTrunc": {"date": "$d", "unit": "day"}}, "requires 'date' to be a date", d="2024-06-15")


@pytest.mark.parametrize(
    ("start", "unit", "amount", "zone", "end"),
    [
        (utc(2024, 1, 31), "month", 1, "UTC", utc(2024, 2, 29)),
        (utc(2020, 2, 29), "year", 1, "UTC", utc(2021, 2, 28)),
        (utc(2024, 1, 31), "quarter", 1.0, "UTC", utc(2024, 4, 30)),
        (utc(2024, 6, 15), "week", -1, "UTC", utc(2024, 6, 8)),
        (utc(2024, 6, 15), "millisecond", 1, "UTC", utc(2024, 6, 15, 0, 0, 0, 1000)),
        (utc(2021, 11, 6, 10), "day", 1, "America/New_York", utc(2021, 11, 7, 11)),
        (utc(2021, 11, 6, 10), "hour", 24, "America/New_York", utc(2021, 11, 7, 10)),
        (utc(2021, 3, 13, 7, 30), "day", 1, "America/New_York", utc(2021, 3, 14, 7, 30)),
        (utc(2021, 11, 6, 5, 30), "day", 1, "America/New_York", utc(2021, 11, 7, 5, 30)),
        (utc(2024, 2, 29, 20), "month", 1, "+05:30", utc(2024, 3, 31, 20)),
        (utc(9999, 12, 31), "second", 1, "UTC", utc(9999, 12, 31, 0, 0, 1)),
    ],
)
def test_units_are_added_and_taken(gives, start, unit, amount, zone, end):
    """Days and longer keep the clock on the wall; a clock time that is skipped, or shown twice, is the first that follows."""
    arguments = {"startDate": "$d", "unit": unit, "timezone": zone}
    gives({"$dateAdd": {**arguments, "amount": amount}}, end, d=start)
    gives({"$dateAdd": {**arguments, "amount": "$n", "timezone": "$z", "unit": "$u"}}, end, d=start, n=amount, z=zone, u=unit)
    gives({"$dateSubtract": {**arguments, "amount": -amount}}, end, d=start)


def test_units_added_to_nothing_and_wrong_amounts(gives, fails):
    for arguments in ({"startDate": None}, {"unit": "$nowhere"}, {"amount": None}, {"amount": "$nowhere"}, {"timezone": None}):
        gives({"$dateAdd": {"startDate": "$d", "unit": "day", "amount": 1, **arguments}}, None, d=DATE)
    fails({"$dateAdd": {"startDate": "$d", "unit": "day", "amount": 1.5}}, "amount must be a whole number", d=DATE)
    fails({"$dateAdd": {"startDate": "$d", "unit": "day", "amount": "$n"}}, "amount must be a whole number", d=DATE, n="1")
    fails({"$dateAdd": {"startDate": "$d", "unit": "year", "amount": 8000}}, "the date overflows", d=DATE)
    fails({"$dateSubtract": {"startDate": "$d", "unit": "hour", "amount": 2**62}}, "the date overflows", d=DATE)
    fails({"$dateAdd": {"startDate": 5, "unit": "day", "amount": 1}}, "requires startDate to be convertible to a date")


@pytest.mark.parametrize(
    ("unit", "options", "count"),
    [
        ("year", {}, 1),
        ("quarter", {}, 1),
        ("month", {}, 1),
        ("week", {}, 1),
        ("week", {"startOfWeek": "monday"}, 0),
        ("day", {}, 1),
        ("hour", {}, 1),
        ("minute", {}, 1),
        ("second", {}, 1),
        ("millisecond", {}, 1),
        ("day", {"timezone": "+05:00"}, 0),
        ("year", {"timezone": "-01:00"}, 0),
    ],
)
def test_differences_count_boundaries(gives, unit, options, count):
    """From the last millisecond of Saturday, 2022-12-31, to the first of the next year."""
    start, end = utc(2022, 12, 31, 23, 59, 59, 999000), utc(2023, 1, 1)
    gives({"$dateDiff": {"startDate": "$a", "endDate": "$b", "unit": unit, **options}}, count, a=start, b=end)
    gives({"$dateDiff": {"startDate": "$b", "endDate": "$a", "unit": "$u", **options}}, -count, a=start, b=end, u=unit)


def test_hours_between_are_those_that_passed(gives):
    """When clocks are set back an hour, one hour more passes than they show."""
    start, end = utc(2020, 11, 1, 4, 30), utc(2020, 11, 1, 7, 30)
    for unit, count in (("hour", 3), ("minute", 180), ("day", 0)):
        gives({"$dateDiff": {"startDate": "$a", "endDate": "$b", "unit": unit, "timezone": "America/New_York"}}, count, a=start, b=end)


def test_differences_of_nothing(gives, fails):
    gives({"$dateDiff": {"startDate": "$a", "endDate": "$nowhere", "unit": "day"}}, None, a=DATE)
    gives({"$type": {"$dateDiff": {"startDate": "$a", "endDate": "$a", "unit": "day"}}}, "long", a=DATE)
    fails({"$dateDiff": {"startDate": "$a", "endDate": 5, "unit": "day"}}, "requires 'endDate' to be a date", a=DATE)


# --- parts put together ---------------------------------------------------------------------------------------------------


def test_parts_as_an_object(gives, fails):
    clock = {"hour": 1, "minute": 30, "second": 45, "millisecond": 123}
    sunday = DATE.replace(hour=23)
    gives({"$dateToParts": {"date": "$d", "timezone": "Europe/Berlin"}}, {"year": 2024, "month": 6, "day": 16, **clock}, d=sunday)
    iso = {"isoWeekYear": 2024, "isoWeek": 24, "isoDayOfWeek": 7, **clock}
    gives({"$dateToParts": {"date": "$d", "timezone": "+02", "iso8601": "$i"}}, iso, d=sunday, i=True)
    gives({"$dateToParts": {"date": "$d", "iso8601": None}}, None, d=DATE)
    gives({"$dateToParts": {"date": "$nowhere"}}, None)
    fails({"$dateToParts": {"date": "$d", "iso8601": 1}}, "iso8601 must evaluate to a bool", d=DATE)


@pytest.mark.parametrize(
    ("parts", "instant"),
    [
        ({"year": 2024}, utc(2024, 1, 1)),
        (
            {"year": 2024.0, "month": 6, "day": 15, "hour": 12, "minute": 30, "second": 45, "millisecond": 123},
            utc(2024, 6, 15, 12, 30, 45, 123000),
        ),
        ({"year": 2024, "second": -1, "millisecond": 70_000}, utc(2024, 1, 1, 0, 1, 9)),
        ({"year": 2024, "month": 14}, utc(2025, 2, 1)),
        ({"year": 2024, "month": 0}, utc(2023, 12, 1)),
        ({"year": 2024, "month": 3, "day": 0}, utc(2024, 2, 29)),
        ({"year": 2024, "day": -31, "hour": 25}, utc(2023, 12, 1, 1)),
        ({"year": 2024, "month": 6, "timezone": "Europe/Berlin"}, utc(2024, 5, 31, 22)),
        ({"year": 2021, "month": 3, "day": 14, "hour": 2, "minute": 30, "timezone": "America/New_York"}, utc(2021, 3, 14, 7, 30)),
        ({"year": 2021, "month": 11, "day": 7, "hour": 1, "timezone": "America/New_York"}, utc(2021, 11, 7, 5)),
        ({"isoWeekYear": 2024}, utc(2024, 1, 1)),
        ({"isoWeekYear": 2021, "isoWeek": 53, "isoDayOfWeek": 7}, utc(2022, 1, 9)),
        ({"isoWeekYear": 2021, "isoWeek": 0, "isoDayOfWeek": 0}, utc(2020, 12, 27)),
        ({"year": 9999, "month": 13, "day": 0, "hour": -1}, utc(9999, 12, 30, 23)),
    ],
)
def test_dates_from_parts_carry_over(gives, parts, instant):
    gives({"$dateFromParts": parts}, instant)
    gives({"$dateFromParts": {name: f"$p.{name}" for name in parts}}, instant, p=parts)


def test_dates_from_wrong_parts(gives, fails):
    gives({"$dateFromParts": {"year": "$nowhere"}}, None)
    gives({"$dateFromParts": {"year": 2024, "day": None}}, None)
    fails({"$dateFromParts": {"month": 1}}, "needs 'year' or 'isoWeekYear'")
    fails({"$dateFromParts": {"year": 2024, "isoWeek": 1}}, "does not mix 'year' with 'isoWeek'")
    fails({"$dateFromParts": {"year": 0}}, "'year' must evaluate to an integer in the range 1 to 9999")
    fails({"$dateFromParts": {"year": "$y"}}, "'year' must evaluate to an integer in the range 1 to 9999", y=10000)
    fails({"$dateFromParts": {"year": 2024, "hour": 1.5}}, "'hour' must evaluate to an integer")
    fails({"$dateFromParts": {"year": 2024, "day": 40000}}, "in the range -32768 to 32767")
    fails({"$dateFromParts": {"year": 9999, "month": 14}}, "outside of the years 1 to 9999")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
def test_parts_and_dates_go_round(gives, zone):
    """At instants spread over a year; none of them lies in the hour that clocks show twice."""
    taken = {"$dateToParts": {"date": "$d", "timezone": zone}}
    built = {"$dateFromParts": {**{name: f"$$p.{name}" for name in ("year", "month", "day", "hour", "minute", "second")}, "timezone": zone}}
    for hours in range(0, 365 * 24, 31 * 97):
        date = utc(2015, 1, 1) + timedelta(hours=hours)
        gives({"$let": {"vars": {"p": taken}, "in": built}}, date, d=date)
