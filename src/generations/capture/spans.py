"""Spans and log records of OpenTelemetry's SDK: as plain values, taken on the host's threads, and as the dialects read them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from msgspec import Struct

from generations.capture.context import NOTHING_TOLD, Context
from generations.wire.bounds import Bounded
from generations.wire.otlp.flattened import nested
from generations.wire.otlp.telemetry import KINDS, STATUS_CODES, LogRecord, Scope, Span, SpanEvent

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope


class Around(NamedTuple):
    """What was told where a span began: by `user(...)` and the like here, and by baggage from elsewhere."""

    told: Context = NOTHING_TOLD
    baggage: Mapping[str, object] = {}


class TakenSpan(Struct, array_like=True, frozen=True):
    """A span of the SDK as it was when it was taken; numbers of enumerations are the SDK's.

    Attributes:
        events: their names, times and attributes.
        links: ids of traces and spans.
        scope: name and version.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: int
    start_time: int | None
    end_time: int | None
    attributes: dict[str, Any]
    events: list[tuple[str, int, dict[str, Any]]]
    links: list[tuple[str, str]]
    status: int
    status_message: str | None
    scope: tuple[str, str | None] | None
    resource: dict[str, Any]
    dropped_attributes: int
    dropped_events: int


class TakenLog(Struct, array_like=True, frozen=True):
    """A log record of the SDK as it was when it was taken."""

    trace_id: str | None
    span_id: str | None
    timestamp: int | None
    event_name: str | None
    body: Any
    attributes: dict[str, Any]
    scope: tuple[str, str | None] | None
    resource: dict[str, Any]
    dropped_attributes: int


class EndedSpan(NamedTuple):
    """A span of the host that has ended."""

    span: TakenSpan
    around: Around | None
    size_bytes: int


class OpenSpan(NamedTuple):
    """A span of the host that is open around one that has ended, as it is so far."""

    span: TakenSpan
    size_bytes: int = 0


class EmittedLog(NamedTuple):
    """A log record of an instrumentation."""

    log: TakenLog
    size_bytes: int


def taken_span(span: ReadableSpan) -> TakenSpan:
    """A span of the SDK as it is now, ended or not.

    Raises:
        ValueError: it has no ids.
    """
    context, parent, status = span.context, span.parent, span.status
    if context is None:
        raise ValueError("a span has ids")
    return TakenSpan(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_span_id=f"{parent.span_id:016x}" if parent is not None and parent.span_id else None,
        name=span.name,
        kind=span.kind.value,
        start_time=span.start_time,
        end_time=span.end_time,
        attributes=_taken(span.attributes),
        events=[(event.name, event.timestamp, _taken(event.attributes)) for event in span.events],
        links=[(f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links[:100]],
        status=status.status_code.value,
        status_message=status.description,
        scope=_scope(span.instrumentation_scope),
        resource=_resource(span.resource),
        dropped_attributes=span.dropped_attributes,
        dropped_events=span.dropped_events,
    )


def taken_log(sent: ReadWriteLogRecord) -> TakenLog:
    """A log record of the SDK as it is now."""
    log = sent.log_record
    return TakenLog(
        trace_id=f"{log.trace_id:032x}" if log.trace_id else None,
        span_id=f"{log.span_id:016x}" if log.span_id else None,
        timestamp=log.timestamp or log.observed_timestamp,
        event_name=log.event_name,
        body=log.body,
        attributes=_taken(log.attributes),
        scope=_scope(sent.instrumentation_scope),
        resource=_resource(sent.resource),
        dropped_attributes=sent.dropped_attributes,
    )


def span_of(span: TakenSpan) -> Span:
    """A span as OTLP would bring it."""
    bounded = Bounded()
    bounded.dropped(span.dropped_attributes, span.dropped_events)
    return Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        name=bounded.text(span.name),
        parent_span_id=span.parent_span_id,
        kind=KINDS[span.kind + 1],
        start_ns=bounded.instant_ns(span.start_time, "start"),
        end_ns=bounded.instant_ns(span.end_time, "end"),
        attributes=_attributes(span.attributes, bounded),
        events=tuple(
            SpanEvent(name, bounded.instant_ns(timestamp, "time of an event"), _attributes(attributes, bounded))
            for name, timestamp, attributes in span.events
        ),
        links=tuple(span.links),
        status=STATUS_CODES[span.status],
        status_message=span.status_message or None,
        scope=scope_of(span.scope),
        resource=_nested(span.resource),
        notes=tuple(bounded.notes),
    )


def log_of(log: TakenLog) -> LogRecord:
    """A log record as OTLP would bring it."""
    bounded = Bounded()
    bounded.dropped(log.dropped_attributes)
    attributes = _attributes(log.attributes, bounded)
    named = attributes.get("event.name")
    return LogRecord(
        trace_id=log.trace_id,
        span_id=log.span_id,
        at_ns=bounded.instant_ns(log.timestamp, "time"),
        event_name=log.event_name or (named if isinstance(named, str) else ""),
        body=_value(log.body, bounded),
        attributes=attributes,
        scope=scope_of(log.scope),
        resource=_nested(log.resource),
        notes=tuple(bounded.notes),
    )


def scope_of(scope: tuple[str, str | None] | None) -> Scope:
    """The library that made a span, as OTLP would bring it."""
    return Scope() if scope is None else Scope(scope[0], scope[1] or "")


def _scope(scope: InstrumentationScope | None) -> tuple[str, str | None] | None:
    return None if scope is None else (scope.name, scope.version)


def _taken(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy; the SDK's own is ten times as fast as reading item by item."""
    copy: Callable[[], dict[str, Any]] | None = getattr(attributes, "copy", None)
    return copy() if copy is not None else dict(attributes or {})


def _resource(resource: Resource | None) -> dict[str, Any]:
    """The attributes of a resource; a process has one or two, which all its spans hold."""
    return _NONE if resource is None else _remembered(_resources, resource, lambda: _taken(resource.attributes))


def _nested(resource: dict[str, Any]) -> dict[str, Any]:
    return _remembered(_nesteds, resource, lambda: nested(_attributes(resource, Bounded())))


def _remembered(known: dict[int, tuple[object, dict[str, Any]]], key: object, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was made of an object before, by its identity; it is kept alive, so that no other one has it."""
    found = known.get(id(key))
    if found is None:
        if len(known) >= _MOST_RESOURCES:
            known.clear()
        found = known[id(key)] = key, make()
    return found[1]


_NONE: Final[dict[str, Any]] = {}
_MOST_RESOURCES: Final = 16
_resources: Final[dict[int, tuple[object, dict[str, Any]]]] = {}
_nesteds: Final[dict[int, tuple[object, dict[str, Any]]]] = {}


def _attributes(attributes: Mapping[str, Any], bounded: Bounded) -> dict[str, Any]:
    return bounded.members(attributes.items(), lambda value, depth: _value(value, bounded, depth))


def _value(value: Any, bounded: Bounded, depth: int = 0) -> Any:
    """A JSON value of what the SDK takes; bytes are base64 text, as in OTLP's JSON."""
    match value:
        case str():
            return bounded.text(value)
        case float():
            return bounded.number(value)
        case bool() | int() | None:
            return value
        case bytes():
            return bounded.text(b64encode(value).decode())
        case Mapping():
            members = cast("Mapping[str, Any]", value)
            return bounded.members(members.items(), lambda item, below: _value(item, bounded, below), depth)
        case Sequence():
            return bounded.items(cast("Sequence[Any]", value), lambda item, below: _value(item, bounded, below), depth)
        case _:
            return bounded.text(str(value))
