"""The current generation and trace in the application's log lines."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from generations.capture.context import surroundings
from generations.capture.recording import current_id
from generations.wire.identity import span_generation_id
from generations.wire.otlp.dialects import dialect_of
from generations.wire.otlp.telemetry import Scope, Span


class GenerationIdFilter(logging.Filter):
    """Gives each log record `generation_id`, `trace_id` and `span_id`, each None where there is none; it keeps every record.

    `generation_id` is that of the generation that is being recorded, or of OpenTelemetry's current span where that is a
    call of a model. `trace_id` and `span_id` are those of OpenTelemetry's current span, as the record's metadata has them.

        handler.addFilter(GenerationIdFilter())
        handler.setFormatter(logging.Formatter("%(message)s generation=%(generation_id)s trace=%(trace_id)s"))

    On a handler it sees the records of all loggers; on a logger only those that are logged there, not below.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        span = surroundings().span
        trace_id, span_id = span.get("traceId"), span.get("spanId")
        generation_id = current_id() or (_call_id(trace_id, span_id) if trace_id and span_id else None)
        vars(record).update(generation_id=generation_id, trace_id=trace_id, span_id=span_id)
        return True


def _call_id(trace_id: str, span_id: str) -> str | None:
    """The id of the generation that the current span is; None where it is none, as far as it tells by now."""
    with suppress(Exception):  # another library's business must not end the host's
        from opentelemetry import trace  # noqa: PLC0415 - loaded, for it gave the ids

        current: Any = trace.get_current_span()
        attributes, scope = current.attributes, current.instrumentation_scope
        span = Span(trace_id, span_id, current.name, attributes=dict(attributes or {}), scope=Scope(scope.name) if scope else Scope())
        dialect = dialect_of(span)
        if dialect is not None and dialect.place(span).role == "generation":
            return span_generation_id(trace_id, span_id)
    return None
