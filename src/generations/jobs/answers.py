"""Answers as lines of JSON: what Python holds of them, written down again."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any, Final, cast

from generations.record.instants import iso

Document = dict[str, Any]

_INSTANTS: Final = ("timestamp", "createdAt", "updatedAt")


def record_line(record: Document) -> bytes:
    """A record as one line of JSON that can be imported again: instants in open content keep their `$date`."""
    shown = {name: iso(value) if name in _INSTANTS and isinstance(value, datetime) else value for name, value in record.items()}
    feedback = shown.get("feedback")
    if isinstance(feedback, dict):
        given = cast("Document", feedback).get("timestamp")
        if isinstance(given, datetime):
            shown["feedback"] = cast("Document", feedback) | {"timestamp": iso(given)}
    return _encoded(shown, _tagged_instant)


def answer_line(answer: Any) -> bytes:
    """Any other answer as one line of JSON: instants in ISO 8601; numbers that JSON lacks as `{"$numberDouble": "NaN"}`."""
    return _encoded(_finite(answer), _plain_instant)


def _encoded(value: Any, default: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default, allow_nan=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can carry
        return json.dumps(value, separators=(",", ":"), default=default, allow_nan=False).encode()


def _tagged_instant(value: Any) -> Any:
    return {"$date": _plain_instant(value)}


def _plain_instant(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} is not a value of an answer")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$numberDouble": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("Document", value).items()}
    if isinstance(value, list):
        return [_finite(item) for item in cast("list[Any]", value)]
    return value
