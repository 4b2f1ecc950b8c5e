"""What is accepted as an instant, and how it is written."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from generations.record.instants import EARLIEST_US, LATEST_US, from_micros, iso, micros, parse

from .builders import INSTANTS

NOON = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        datetime(2024, 6, 15, 12),  # noqa: DTZ001 - naive is UTC
        NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30))),
        "2024-06-15T12:00:00Z",
        "2024-06-15T14:00:00.000+02:00",
        "2024-06-15 12:00",
        "20240615T120000Z",
        {"$date": "2024-06-15T12:00:00Z"},
        {"$date": 1718452800000},
        {"$date": NOON},
    ],
)
def test_an_instant_may_be_spelled_in_many_ways(value: Any):
    parsed = parse(value)

    assert parsed == NOON
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        *("", "noon", "12:00", "2024-02-30T00:00:00Z", 5, 1718452800000, True, None, [], {}),
        *({"$date": True}, {"$date": 1.5}, {"$date": 10**20}, {"$date": NOON, "x": 1}, date(2024, 6, 15)),
        *("1899-12-31T23:59:59.999999Z", "2300-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00"),
    ],
)
def test_what_says_no_instant_that_can_be_kept_is_none(value: Any):
    assert parse(value) is None


@given(INSTANTS)
def test_instants_are_kept_to_the_microsecond(instant: datetime):
    assert from_micros(micros(instant)) == instant.astimezone(UTC)
    assert parse(iso(instant)) == instant.astimezone(UTC)
    assert len(iso(instant)) == 27


def test_the_bounds_are_the_engines():
    assert iso(from_micros(EARLIEST_US)) == "1900-01-01T00:00:00.000000Z"
    assert iso(from_micros(LATEST_US)) == "2299-12-31T23:59:59.999999Z"
