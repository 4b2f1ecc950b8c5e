"""Spans and log records of OpenTelemetry's SDK, as the host's threads hand them over and as the dialects read them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

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


class EndedSpan(NamedTuple):
    """A span of the host that has ended, which changes no more."""

    span: ReadableSpan
    around: Around | None
    size_bytes: int


class EmittedLog(NamedTuple):
    """A log record of an instrumentation."""

    log: ReadWriteLogRecord
    size_bytes: int


def span_of(span: ReadableSpan) -> Span:
    """A span of the SDK as OTLP would bring it, ended or not; without its ids it is none.

    Raises:
        ValueError: it has no ids.
    """
    context = span.context
    if context is None:
        raise ValueError("a span has ids")
    bounded = Bounded()
    bounded.dropped(span.dropped_attributes, span.dropped_events)
    status = span.status
    return Span(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        name=bounded.text(span.name),
        parent_span_id=f"{span.parent.span_id:016x}" if span.parent is not None and span.parent.span_id else None,
        kind=KINDS[span.kind.value + 1],
        start_ns=bounded.instant_ns(span.start_time, "start"),
        end_ns=bounded.instant_ns(span.end_time, "end"),
        attributes=_attributes(span.attributes, bounded),
        events=tuple(
            SpanEvent(event.name, bounded.instant_ns(event.timestamp, "time of an event"), _attributes(event.attributes, bounded))
            for event in span.events
        ),
        links=tuple((f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links[:100]),
        status=STATUS_CODES[status.status_code.value],
        status_message=status.description or None,
        scope=_scope(span.instrumentation_scope),
        resource=_resource(span.resource),
        notes=tuple(bounded.notes),
    )


def log_of(sent: ReadWriteLogRecord) -> LogRecord:
    """A log record of the SDK as OTLP would bring it."""
    log = sent.log_record
    bounded = Bounded()
    bounded.dropped(sent.dropped_attributes)
    attributes = _attributes(log.attributes, bounded)
    named = attributes.get("event.name")
    return LogRecord(
        trace_id=f"{log.trace_id:032x}" if log.trace_id else None,
        span_id=f"{log.span_id:016x}" if log.span_id else None,
        at_ns=bounded.instant_ns(log.timestamp or log.observed_timestamp, "time"),
        event_name=log.event_name or (named if isinstance(named, str) else ""),
        body=_value(log.body, bounded),
        attributes=attributes,
        scope=_scope(sent.instrumentation_scope),
        resource=_resource(sent.resource),
        notes=tuple(bounded.notes),
    )


def _scope(scope: InstrumentationScope | None) -> Scope:
    return Scope() if scope is None else Scope(scope.name, scope.version or "")


def _resource(resource: Resource | None) -> Mapping[str, Any]:
    """The attributes of a resource; a process has one or two, and each span holds the same object."""
    if resource is None:
        return {}
    remembered = _resources.get(id(resource))
    if remembered is None or remembered[0] is not resource:
        if len(_resources) > _MOST_RESOURCES:
            _resources.clear()
        remembered = _resources[id(resource)] = (resource, nested(_attributes(resource.attributes, Bounded())))
    return remembered[1]


_MOST_RESOURCES = 16
_resources: dict[int, tuple[Resource, Mapping[str, Any]]] = {}


def _attributes(attributes: Mapping[str, Any] | None, bounded: Bounded) -> dict[str, Any]:
    return bounded.members(attributes.items(), lambda value, depth: _value(value, bounded, depth)) if attributes else {}


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
