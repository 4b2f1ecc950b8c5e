"""The record of whatever was recorded, by who told of it; runs on the recorder's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from generations.capture import langchain_runs, litellm_calls, records
from generations.capture.recording import Recording
from generations.wire.payload import Object

_BY_SOURCE: Final[dict[str | None, Callable[[Recording], Object | None]]] = {
    None: records.record_of,
    langchain_runs.SOURCE: langchain_runs.record_of,
    litellm_calls.SOURCE: litellm_calls.record_of,
}


def record_of(recording: Recording) -> Object | None:
    """The record of a recording that has ended, as JSON values; None for what calls no model."""
    return _BY_SOURCE[recording.source](recording)
