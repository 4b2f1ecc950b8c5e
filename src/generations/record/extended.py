"""Values of answers as extended JSON, and back: what JSON lacks travels as an object around a text.

An instant is `{"$date": "2024-06-15T12:30:45.000000Z"}`, a number that JSON lacks `{"$numberDouble": "NaN"}`. An object that
looks like one of these but is none stands in `{"$literal": …}`, so that everything comes back as it was. `{"$problem": …}` is how
an answer ends that cannot go on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from generations.record import instants
from generations.record.content import from_json, to_json

_KEYS: Final = ("$date", "$numberDouble", "$literal", "$problem")
_MARKS: Final = tuple(f'"{key}"'.encode() for key in _KEYS)
_OPTIONS: Final = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s", re.VERBOSE: "x"}


def extended(value: Any) -> Any:
    """A value of an answer as extended JSON."""
    if isinstance(value, dict):
        found = {key: extended(item) for key, item in cast("dict[str, Any]", value).items()}
        return {"$literal": found} if len(found) == 1 and not found.keys().isdisjoint(_KEYS) else found
    if isinstance(value, list):
        return [extended(item) for item in cast("list[Any]", value)]
    return _scalar(value)


def extended_query(value: Any) -> Any:
    """A filter, a pipeline or an update that the query language has taken, as extended JSON; patterns travel as well.

    What already is extended JSON stays as it is.
    """
    if isinstance(value, Mapping):
        return {key: extended_query(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [extended_query(item) for item in cast("list[Any]", value)]
    if isinstance(value, re.Pattern):
        pattern = cast("re.Pattern[str]", value)
        options = "".join(letter for flag, letter in _OPTIONS.items() if pattern.flags & flag)
        return {"$regularExpression": {"pattern": pattern.pattern, "options": options}}
    return _scalar(value)


def extended_line(answer: Any) -> bytes:
    """Any answer as one line of extended JSON, without the line's end."""
    return to_json(extended(answer))


def read_extended(text: bytes) -> Any:
    """What `extended_line` was given."""
    value = from_json(text)
    return restored(value) if any(mark in text for mark in _MARKS) else value


def restored(value: Any) -> Any:
    """What `extended` was given."""
    if isinstance(value, list):
        return [restored(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    found = cast("dict[str, Any]", value)
    if len(found) == 1:
        (key, inner), *_ = found.items()
        match key:
            case "$date":
                return datetime.fromisoformat(inner)
            case "$numberDouble":
                return float(inner)
            case "$literal":
                found = cast("dict[str, Any]", inner)
            case _:
                pass
    return {key: restored(item) for key, item in found.items()}


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$date": instants.iso(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$numberDouble": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return value
