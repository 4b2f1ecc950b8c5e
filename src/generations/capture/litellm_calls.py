"""LiteLLM's calls as records, from what its logger has told; runs on the recorder's thread, and needs no LiteLLM."""

from __future__ import annotations

from typing import Final

from generations.capture.context import in_surroundings
from generations.capture.recording import Recording
from generations.capture.records import declared
from generations.wire import litellm
from generations.wire.payload import Object, as_object

SOURCE: Final = "litellm"


def record_of(recording: Recording) -> Object | None:
    """The record; None for what calls no model. A span around the call is its trace, rather than LiteLLM's own id."""
    record = litellm.record_of(recording.told)
    if record is not None:
        metadata, around = as_object(record.get("metadata")), recording.surroundings
        record["metadata"] = declared(in_surroundings(metadata | around.span, recording.context, around.baggage))
    return record
