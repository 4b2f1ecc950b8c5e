"""LiteLLM: each of its calls recorded, by its own callback.

    import litellm
    from generations.capture.litellm import GenerationsLogger

    litellm.callbacks = [GenerationsLogger()]

Calls through the library and through its proxy alike; the proxy takes `generations.capture.litellm.generations_logger` in its
`callbacks`. Needs litellm, and is imported by nothing else here.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from generations.capture.context import Context, Surroundings, current_context, in_surroundings, surroundings
from generations.capture.process import keep
from generations.capture.recorder import Payload
from generations.capture.snapshot import Snapshot
from generations.wire.litellm import record_of
from generations.wire.payload import Object, as_object

if TYPE_CHECKING:
    CustomLogger = object
else:
    CustomLogger = import_module("litellm.integrations.custom_logger").CustomLogger


class GenerationsLogger(CustomLogger):
    """Hands each call, as LiteLLM describes it to its loggers, to the recorder; nothing is raised into LiteLLM."""

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call has succeeded."""
        del response_obj, start_time, end_time
        _keep(kwargs)

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call has failed."""
        del response_obj, start_time, end_time
        _keep(kwargs)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """An asynchronous call has succeeded."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """An asynchronous call has failed."""
        self.log_failure_event(kwargs, response_obj, start_time, end_time)


generations_logger = GenerationsLogger()
"""The one that a proxy's configuration can name."""


def _keep(kwargs: Any) -> None:
    with suppress(Exception):  # whatever it is, it is not the host's
        payload = kwargs.get("standard_logging_object")
        if payload is not None:
            snapshot = Snapshot()
            sent, told, around = snapshot.take(payload), current_context(), surroundings()
            keep(Payload(lambda: _record(sent, told, around), snapshot.size_bytes + told.size_bytes))


def _record(payload: Any, told: Context, around: Surroundings) -> Object | None:
    """The record; None for what calls no model. A span around the call is its trace, rather than LiteLLM's own id."""
    record = record_of(payload)
    if record is not None:
        metadata = as_object(record.get("metadata"))
        if around.trace_id:
            metadata |= {"traceId": f"{around.trace_id:032x}", "spanId": f"{around.span_id:016x}"}
        record["metadata"] = in_surroundings(metadata, told, around.baggage)
    return record
