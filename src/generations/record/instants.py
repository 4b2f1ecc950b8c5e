"""Instants: what is accepted as one, and their two forms, microseconds and ISO text."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EARLIEST_US = -2_208_988_800_000_000
"""1900-01-01, the first instant that the engine's `DateTime64(6)` can hold."""

LATEST_US = 10_413_791_999_999_999
"""The last microsecond of 2299, the last that the engine's `DateTime64(6)` can hold."""


def now_us() -> int:
    """This instant in microseconds since 1970."""
    return time.time_ns() // 1000


def micros(instant: datetime) -> int:
    """Microseconds since 1970, UTC; an instant without an offset is taken as UTC."""
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    delta = instant - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(us: int) -> datetime:
    """The aware UTC datetime of `us` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=us)


def iso(instant: datetime) -> str:
    """ISO-8601 with six digits and `Z`, the one form in which instants are written."""
    if instant.tzinfo is None:
        return instant.isoformat(timespec="microseconds") + "Z"
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="microseconds")[:26] + "Z"


def parse(value: object) -> datetime | None:
    """The aware UTC instant that `value` says; None when it says none.

    Accepts a datetime, ISO-8601 text with any offset or none, and `{"$date": …}` around such text or
    around milliseconds since 1970. A date alone is its midnight in UTC.
    """
    if isinstance(value, dict):
        holder = cast("dict[str, Any]", value)
        return parse_date_object(holder) if len(holder) == 1 and "$date" in holder else None
    return _parse_scalar(value)


def parse_date_object(holder: dict[str, Any]) -> datetime | None:
    """The instant of `{"$date": …}`; None when its value is neither ISO text nor milliseconds."""
    value: object = holder["$date"]
    if isinstance(value, int) and not isinstance(value, bool):
        if not EARLIEST_US <= value * 1000 <= LATEST_US:
            return None
        return from_micros(value * 1000)
    return _parse_scalar(value)


def _parse_scalar(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime) or value != value:  # pandas' NaT is a datetime unlike itself
        return None
    try:
        us = micros(value)
    except OverflowError:
        return None
    return from_micros(us) if EARLIEST_US <= us <= LATEST_US else None
