"""From a record to the line of JSON that is sent: sampled, redacted, encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from generations.capture.redaction import without_anything_open, without_content
from generations.record import content

if TYPE_CHECKING:
    from generations.capture.counters import Tally
    from generations.capture.settings import Settings

LARGEST_RECORD_BYTES: Final = 16 << 20


class Preparing:
    """Makes lines for one destination; everything that leaves the process passes here."""

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self._settings = settings
        self._tally = tally

    def line(self, record: dict[str, Any]) -> bytes | None:
        """The record as one line of JSON; None when it is not to be sent, which is counted."""
        try:
            if not self._settings.sampling.keeps(record):
                self._tally.sampled_out += 1
                self._tally.settle(1)
                return None
            redacted = self._redacted(record)
            if redacted is None:
                self._tally.drop("redacted")
                return None
            return self._encoded(redacted)
        except Exception as error:  # noqa: BLE001 - one bad record must not take the others with it
            self._tally.drop("not recorded", message=f"{type(error).__name__}: {error}")
            return None

    def _redacted(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The record as the host lets it leave; where a redaction fails, without anything that it might have changed."""
        if not self._settings.content:
            without_content(record)
        id = record["id"]
        found: Any = record
        try:
            for redact in self._settings.redactions:
                found = redact(found)
                if found is None:
                    return None
                found["id"] = id  # without it, sending again would record it twice
        except Exception as error:  # noqa: BLE001 - whatever the host's function raises, what it had to hide stays here
            self._tally.error("redaction", f"content was dropped, for a redaction raised {type(error).__name__}")
            return noted(without_anything_open(record), "redaction failed")
        return cast("dict[str, Any]", found)

    def _encoded(self, record: dict[str, Any]) -> bytes:
        line = _json(record)
        if len(line) <= LARGEST_RECORD_BYTES:
            return line
        self._tally.error("too large", f"content of {len(line):,} bytes was dropped")
        return _json(noted(without_anything_open(record), "too large"))


def noted(record: dict[str, Any], reason: str) -> dict[str, Any]:
    """The record with the reason why its content is not there."""
    record.setdefault("metadata", {})["contentDropped"] = reason
    return record


def _json(record: dict[str, Any]) -> bytes:
    """Compact JSON; halves of surrogate pairs and integers without end are mended first."""
    try:
        return content.to_json(record)
    except (UnicodeEncodeError, ValueError, OverflowError):
        return content.to_json(mended(record))


def mended(value: Any) -> Any:
    """A JSON value without halves of surrogate pairs and integers without end, which no encoder takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [mended(item) for item in cast("list[Any]", value)]
    if isinstance(value, int) and value.bit_length() > 4_000:
        return hex(value)
    return value
