"""Instants as exports write them: ISO 8601 with a `T` or a blank, with an offset or in UTC, or numbers since 1970."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from generations.record import instants
from generations.wire.payload import as_number

_UNITS: Final = ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3), (1e8, 1e6))
"""Numbers from 1973 on, by their size: nanoseconds, microseconds, milliseconds, seconds; and their microseconds."""


def utc_instant(value: Any) -> datetime | None:
    """The aware instant that a value says; text without an offset is UTC. None when it says none."""
    number = as_number(value)
    if number is None:
        return instants.parse(value)
    for least, micros in _UNITS:
        if number >= least:
            us = int(number * micros) if micros != 1 else int(number)
            return instants.from_micros(us) if us <= instants.LATEST_US else None
    return None


def iso_instant(value: Any) -> str | None:
    """The same as text, to the microsecond."""
    instant = utc_instant(value)
    return None if instant is None else instants.iso(instant)


def nanoseconds(value: Any) -> int | None:
    """The same as nanoseconds since 1970."""
    instant = utc_instant(value)
    return None if instant is None else instants.micros(instant) * 1000


def between_ms(start: Any, end: Any) -> float | None:
    """Milliseconds from one instant to another; None when one is missing or they run backwards."""
    started, ended = utc_instant(start), utc_instant(end)
    if started is None or ended is None or ended < started:
        return None
    ms = (ended - started) / timedelta(milliseconds=1)
    return int(ms) if ms.is_integer() else round(ms, 3)
