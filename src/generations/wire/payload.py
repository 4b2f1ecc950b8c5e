"""Reading payloads whose shape nobody guarantees: each reader answers with a value of its type or with nothing."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import Any, cast

Object = dict[str, Any]
"""A JSON object as parsed."""


def as_object(value: Any) -> Object:
    """The value when it is an object, else an empty one."""
    return cast("Object", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_text(value: Any) -> str | None:
    """The value when it is a string with something in it."""
    return value if isinstance(value, str) and value else None


def as_number(value: Any) -> float | int | None:
    """The value when it is a number, or a string that is written like one; neither a boolean is one, nor what no double can hold."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if -_LARGEST <= value <= _LARGEST else None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value) if value.lstrip("-").isdigit() else float(value)
    return None


def as_count(value: Any) -> int | None:
    """The value when it is a whole number that is not negative."""
    number = as_number(value)
    if number is None or number < 0 or number != int(number):
        return None
    return int(number)


def first_text(*values: Any) -> str | None:
    """The first of the values that is a string with something in it."""
    return next((text for value in values if (text := as_text(value)) is not None), None)


def elapsed_ms(start: Any, end: Any) -> float | None:
    """Milliseconds from one ISO-8601 instant to another; None when one is missing, malformed or they run backwards."""
    started, ended = _instant(start), _instant(end)
    if started is None or ended is None or (started.tzinfo is None) != (ended.tzinfo is None):
        return None
    ms = (ended - started).total_seconds() * 1000
    if ms < 0:
        return None
    return int(ms) if ms.is_integer() else round(ms, 3)


def without_absent(value: Object) -> Object:
    """The object without its nulls."""
    return {key: item for key, item in value.items() if item is not None}


def _instant(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_LARGEST = sys.float_info.max
_NUMBER = re.compile(r"-?\d{1,18}(\.\d+)?([eE][+-]?\d{1,2})?")
