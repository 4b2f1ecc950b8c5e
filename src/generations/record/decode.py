"""The JSON document of a read, back into Python values."""

from __future__ import annotations

from typing import Any, cast

from generations.record import instants
from generations.record.content import from_json, revive_dates


def decode_document(text: bytes | str) -> dict[str, Any]:
    """A record as reads return it: instants and `{"$date": …}` values are aware UTC datetimes.

    Works on whole documents and on projected ones. What stands at a declared instant but says none stays as it is.
    """
    found: dict[str, Any] = from_json(text)
    for name in ("timestamp", "createdAt", "updatedAt"):
        if name in found:
            _revive(found, name)
    if "feedback" in found:
        _revive_feedback(found)
    output: object = found.get("output")
    if isinstance(output, dict) and "alternatives" in output:
        revive_alternatives(cast("dict[str, Any]", output)["alternatives"])
    if ("$date" in text) if isinstance(text, str) else (b"$date" in text):
        revive_dates(found)
    return found


def revive_alternatives(found: Any) -> None:
    """Turn, in place, the instants of the feedback on alternatives into datetimes."""
    if isinstance(found, list):
        for alternative in cast("list[Any]", found):
            if isinstance(alternative, dict):
                _revive_feedback(cast("dict[str, Any]", alternative))


def _revive_feedback(holder: dict[str, Any]) -> None:
    feedback: object = holder.get("feedback")
    if isinstance(feedback, dict) and "timestamp" in feedback:
        _revive(cast("dict[str, Any]", feedback), "timestamp")


def _revive(holder: dict[str, Any], name: str) -> None:
    value: object = holder[name]
    if isinstance(value, str):
        holder[name] = instants.parse(value) or value
