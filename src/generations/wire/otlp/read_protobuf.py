"""OTLP/protobuf: the bytes of export requests as spans and log records.

Needs the extra `otlp` (opentelemetry-proto), whose generated classes decode in C. They are loaded on the first use.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from generations.errors import InvalidInput, MissingExtra
from generations.wire.bounds import Bounded
from generations.wire.otlp.flattened import nested
from generations.wire.otlp.telemetry import KINDS, STATUS_CODES, LogRecord, Scope, Span, SpanEvent, Telemetry, refuse
from generations.wire.payload import Object

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as SentLogRecord
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

Request = TypeVar("Request", bound="Message")


def traces_of(body: bytes) -> Telemetry:
    """What an `ExportTraceServiceRequest` holds.

    Raises:
        InvalidInput: the bytes are not such a message.
        MissingExtra: the extra `otlp` is not installed.
    """
    try:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise _missing_extra() from error
    request = _parsed(body, ExportTraceServiceRequest)
    spans: list[Span] = []
    refused: list[str] = []
    for i, of_resource in enumerate(request.resource_spans):
        resource = nested(_attributes(of_resource.resource.attributes, Bounded()))
        for j, of_scope in enumerate(of_resource.scope_spans):
            scope = _scope(of_scope.scope)
            for k, sent in enumerate(of_scope.spans):
                if len(sent.trace_id) == 16 and len(sent.span_id) == 8 and any(sent.trace_id) and any(sent.span_id):
                    spans.append(_span(sent, scope, resource))
                else:
                    place = f"resource_spans[{i}].scope_spans[{j}].spans[{k}]"
                    refuse(refused, place, "a span has a trace_id of 16 and a span_id of 8 bytes")
    return Telemetry(spans=tuple(spans), refused=tuple(refused))


def logs_of(body: bytes) -> Telemetry:
    """What an `ExportLogsServiceRequest` holds.

    Raises:
        InvalidInput: the bytes are not such a message.
        MissingExtra: the extra `otlp` is not installed.
    """
    try:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest  # noqa: PLC0415 - the same
    except ImportError as error:
        raise _missing_extra() from error
    request = _parsed(body, ExportLogsServiceRequest)
    logs: list[LogRecord] = []
    for of_resource in request.resource_logs:
        resource = nested(_attributes(of_resource.resource.attributes, Bounded()))
        for of_scope in of_resource.scope_logs:
            scope = _scope(of_scope.scope)
            logs += [_log_record(sent, scope, resource) for sent in of_scope.log_records]
    return Telemetry(logs=tuple(logs))


def _missing_extra() -> MissingExtra:
    return MissingExtra("reading OTLP in protobuf takes opentelemetry-proto", hint="pip install 'generations[otlp]'")


def _parsed(body: bytes, kind: Callable[[], Request]) -> Request:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - the same

    request = kind()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise InvalidInput(f"the bytes are not a {type(request).__name__} of OTLP: {error}") from error
    return request


def _scope(sent: InstrumentationScope) -> Scope:
    return Scope(sent.name, sent.version)


def _span(sent: SentSpan, scope: Scope, resource: Object) -> Span:
    bounded = Bounded()
    bounded.dropped(sent.dropped_attributes_count, sent.dropped_events_count)
    return Span(
        trace_id=sent.trace_id.hex(),
        span_id=sent.span_id.hex(),
        name=bounded.text(sent.name),
        parent_span_id=_id(sent.parent_span_id, 8),
        kind=KINDS[sent.kind] if 0 <= sent.kind < len(KINDS) else KINDS[0],
        start_ns=bounded.instant_ns(sent.start_time_unix_nano, "start"),
        end_ns=bounded.instant_ns(sent.end_time_unix_nano, "end"),
        attributes=_attributes(sent.attributes, bounded),
        events=tuple(bounded.items(sent.events, lambda event, _: _event(event, bounded))),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in sent.links[:100] if any(link.trace_id) and any(link.span_id)),
        status=STATUS_CODES[sent.status.code] if 0 <= sent.status.code < len(STATUS_CODES) else STATUS_CODES[0],
        status_message=sent.status.message or None,
        scope=scope,
        resource=resource,
        notes=tuple(bounded.notes),
    )


def _event(sent: SentSpan.Event, bounded: Bounded) -> SpanEvent:
    at_ns = bounded.instant_ns(sent.time_unix_nano, "time of an event")
    return SpanEvent(sent.name, at_ns, _attributes(sent.attributes, bounded))


def _log_record(sent: SentLogRecord, scope: Scope, resource: Object) -> LogRecord:
    bounded = Bounded()
    bounded.dropped(sent.dropped_attributes_count)
    attributes = _attributes(sent.attributes, bounded)
    named = attributes.get("event.name")
    return LogRecord(
        trace_id=_id(sent.trace_id, 16),
        span_id=_id(sent.span_id, 8),
        at_ns=bounded.instant_ns(sent.time_unix_nano or sent.observed_time_unix_nano, "time"),
        # The field came with protocol 1.5; the attribute is how it was said before.
        event_name=sent.event_name or (named if isinstance(named, str) else ""),
        body=_any_value(sent.body, bounded, 0),
        attributes=attributes,
        scope=scope,
        resource=resource,
        notes=tuple(bounded.notes),
    )


def _id(sent: bytes, size: int) -> str | None:
    return sent.hex() if len(sent) == size and any(sent) else None


def _attributes(sent: Iterable[KeyValue], bounded: Bounded, depth: int = 0) -> Object:
    return bounded.members(((pair.key, pair.value) for pair in sent), lambda value, below: _any_value(value, bounded, below), depth)


def _any_value(sent: AnyValue, bounded: Bounded, depth: int) -> Any:
    """The value; None for an empty one, which is how a null is sent; bytes as base64 text."""
    match sent.WhichOneof("value"):
        case "string_value":
            return bounded.text(sent.string_value)
        case "bool_value":
            return sent.bool_value
        case "int_value":
            return sent.int_value
        case "double_value":
            return bounded.number(sent.double_value)
        case "array_value":
            return bounded.items(sent.array_value.values, lambda item, below: _any_value(item, bounded, below), depth)
        case "kvlist_value":
            return _attributes(sent.kvlist_value.values, bounded, depth)
        case "bytes_value":
            return bounded.text(b64encode(sent.bytes_value).decode())
        case _:
            return None
