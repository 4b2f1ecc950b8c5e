"""Spans and log records, as small and as plain as the dialects need them.

The names are OpenTelemetry's (opentelemetry-proto 1.x). Ids are lower-case hexadecimal, instants nanoseconds since 1970,
attribute values JSON values. What was not sent is None or empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from generations.wire.identity import span_generation_id

Kind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
KINDS: tuple[Kind, ...] = ("unspecified", "internal", "server", "client", "producer", "consumer")
"""By the number that the protocol gives each."""

StatusCode = Literal["unset", "ok", "error"]
STATUS_CODES: tuple[StatusCode, ...] = ("unset", "ok", "error")
"""By the number that the protocol gives each."""


class Scope(msgspec.Struct, frozen=True):
    """The library that made a span or a log record: the instrumentation."""

    name: str = ""
    version: str = ""


class SpanEvent(msgspec.Struct, frozen=True):
    """Something that happened during a span."""

    name: str
    at_ns: int | None
    attributes: Mapping[str, Any]


class Span(msgspec.Struct, frozen=True):
    """One operation.

    Attributes:
        parent_span_id: None for the root of a trace.
        status: `unset` is what most instrumentations leave after a success.
        links: (trace id, span id) of other spans that it refers to.
        resource: who sent it; dotted names as objects inside objects.
        notes: what was cut off or ignored while it was read, for people.
    """

    trace_id: str
    span_id: str
    name: str
    parent_span_id: str | None = None
    kind: Kind = "unspecified"
    start_ns: int | None = None
    end_ns: int | None = None
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    events: tuple[SpanEvent, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    status: StatusCode = "unset"
    status_message: str | None = None
    scope: Scope = Scope()
    resource: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Identity among all spans; also that of the record of a generation that is this span."""
        return span_generation_id(self.trace_id, self.span_id)

    @property
    def parent_key(self) -> str | None:
        """The key of the span around it; None for the root of a trace."""
        return span_generation_id(self.trace_id, self.parent_span_id) if self.parent_span_id else None


class LogRecord(msgspec.Struct, frozen=True):
    """One event; with ids when it happened inside a span.

    Attributes:
        at_ns: when it happened; when it was first seen, where that alone was sent.
        event_name: empty for ordinary log lines.
        body: any JSON value.
        resource: who sent it; dotted names as objects inside objects.
        notes: what was cut off or ignored while it was read, for people.
    """

    trace_id: str | None
    span_id: str | None
    at_ns: int | None
    event_name: str
    body: Any = None
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    scope: Scope = Scope()
    resource: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()

    @property
    def span_key(self) -> str | None:
        """The key of the span that it happened in."""
        return span_generation_id(self.trace_id, self.span_id) if self.trace_id and self.span_id else None


MOST_REASONS: Final = 1_000


def refuse(refused: list[str], place: str, reason: str) -> None:
    """Take note of what could not be read; a body of nothing else must not fill the memory with sentences."""
    refused.append(f"{place}: {reason}" if len(refused) < MOST_REASONS else "another one")


class Telemetry(msgspec.Struct, frozen=True):
    """What one request, or one file, holds.

    Attributes:
        refused: one sentence for each span or log record that could not be read, with its place; beyond the first
            `MOST_REASONS` the same short one for all.
    """

    spans: tuple[Span, ...] = ()
    logs: tuple[LogRecord, ...] = ()
    refused: tuple[str, ...] = ()
