"""OTLP/JSON: parsed export requests as spans and log records.

The encoding is that of the OTLP specification 1.x: lowerCamelCase names, ids in hexadecimal, 64-bit integers as strings
or numbers, enumerations as numbers. What careless senders make of it is repaired where it is unambiguous: ids in base64
and enumerations by name, as protobuf's own JSON writes them.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from generations.wire.bounds import Bounded
from generations.wire.otlp.flattened import nested
from generations.wire.otlp.telemetry import KINDS, STATUS_CODES, LogRecord, Scope, Span, SpanEvent, Telemetry, refuse
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text

Read = TypeVar("Read", Span, LogRecord)


def telemetry_of(request: Any) -> Telemetry:
    """What an `ExportTraceServiceRequest` or an `ExportLogsServiceRequest` holds; both may stand in one object."""
    refused: list[str] = []
    spans = tuple(_each(request, ("resourceSpans", "scopeSpans", "spans"), _span, refused))
    logs = tuple(_each(request, ("resourceLogs", "scopeLogs", "logRecords"), _log_record, refused))
    return Telemetry(spans, logs, tuple(refused))


def _each(
    request: Any,
    names: tuple[str, str, str],
    read: Callable[[Object, Scope, Object], Read],
    refused: list[str],
) -> Iterator[Read]:
    in_request, in_resource, in_scope = names
    for at_resource, of_resource in _objects(as_object(request), in_request, "", refused):
        resource = nested(_attributes(as_object(of_resource.get("resource")), Bounded()))
        for at_scope, of_scope in _objects(of_resource, in_resource, at_resource, refused):
            sent = as_object(of_scope.get("scope"))
            scope = Scope(as_text(sent.get("name")) or "", as_text(sent.get("version")) or "")
            for at, item in _objects(of_scope, in_scope, at_scope, refused):
                try:
                    yield read(item, scope, resource)
                except ValueError as error:
                    refuse(refused, at, str(error))


def _objects(holder: Object, name: str, place: str, refused: list[str]) -> Iterator[tuple[str, Object]]:
    """The objects of a list, each with its place; what is none is refused."""
    found = holder.get(name)
    path = f"{place}.{name}" if place else name
    if not isinstance(found, list | None):
        refuse(refused, path, "this is no list")
    for index, item in enumerate(as_list(found)):
        if isinstance(item, dict):
            yield f"{path}[{index}]", as_object(item)
        else:
            refuse(refused, f"{path}[{index}]", "this is no object")


def _span(sent: Object, scope: Scope, resource: Object) -> Span:
    bounded = Bounded()
    trace_id, span_id = _id(sent.get("traceId"), 32), _id(sent.get("spanId"), 16)
    if trace_id is None or span_id is None:
        raise ValueError("a span has a traceId of 32 and a spanId of 16 hexadecimal digits")
    bounded.dropped(as_count(sent.get("droppedAttributesCount")) or 0, as_count(sent.get("droppedEventsCount")) or 0)
    status = as_object(sent.get("status"))
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=bounded.text(as_text(sent.get("name")) or ""),
        parent_span_id=_id(sent.get("parentSpanId"), 16),
        kind=_enumerated(sent.get("kind"), KINDS, "SPAN_KIND_"),
        start_ns=bounded.instant_ns(_integer(sent.get("startTimeUnixNano")), "start"),
        end_ns=bounded.instant_ns(_integer(sent.get("endTimeUnixNano")), "end"),
        attributes=_attributes(sent, bounded),
        events=tuple(bounded.items(as_list(sent.get("events")), lambda event, _: _event(as_object(event), bounded))),
        links=tuple(link for item in as_list(sent.get("links"))[:100] if (link := _link(as_object(item))) is not None),
        status=_enumerated(status.get("code"), STATUS_CODES, "STATUS_CODE_"),
        status_message=as_text(status.get("message")),
        scope=scope,
        resource=resource,
        notes=tuple(bounded.notes),
    )


def _event(sent: Object, bounded: Bounded) -> SpanEvent:
    at_ns = bounded.instant_ns(_integer(sent.get("timeUnixNano")), "time of an event")
    return SpanEvent(as_text(sent.get("name")) or "", at_ns, _attributes(sent, bounded))


def _link(sent: Object) -> tuple[str, str] | None:
    trace_id, span_id = _id(sent.get("traceId"), 32), _id(sent.get("spanId"), 16)
    return (trace_id, span_id) if trace_id and span_id else None


def _log_record(sent: Object, scope: Scope, resource: Object) -> LogRecord:
    if not sent:
        raise ValueError("a log record is an object with something in it")
    bounded = Bounded()
    bounded.dropped(as_count(sent.get("droppedAttributesCount")) or 0)
    attributes = _attributes(sent, bounded)
    at_ns = _integer(sent.get("timeUnixNano")) or _integer(sent.get("observedTimeUnixNano"))
    return LogRecord(
        trace_id=_id(sent.get("traceId"), 32),
        span_id=_id(sent.get("spanId"), 16),
        at_ns=bounded.instant_ns(at_ns, "time"),
        # The field came with protocol 1.5; the attribute is how it was said before.
        event_name=as_text(sent.get("eventName")) or as_text(attributes.get("event.name")) or "",
        body=_any_value(sent.get("body"), bounded, 0),
        attributes=attributes,
        scope=scope,
        resource=resource,
        notes=tuple(bounded.notes),
    )


def _attributes(holder: Object, bounded: Bounded, depth: int = 0) -> Object:
    return _members(holder.get("attributes"), bounded, depth)


def _members(sent: Any, bounded: Bounded, depth: int) -> Object:
    pairs = ((pair.get("key"), pair.get("value")) for pair in map(as_object, as_list(sent)))
    return bounded.members(pairs, lambda value, below: _any_value(value, bounded, below), depth)


def _any_value(sent: Any, bounded: Bounded, depth: int) -> Any:
    """The value of an `AnyValue`; None for an empty one, which is how a null is sent."""
    for kind, value in as_object(sent).items():
        match kind:
            case "stringValue" | "bytesValue":  # bytes are base64 text here, and stay it
                return bounded.text(value) if isinstance(value, str) else None
            case "boolValue":
                return value if isinstance(value, bool) else None
            case "intValue":
                return _integer(value)
            case "doubleValue":
                number = value if isinstance(value, float) else as_number(value)
                return bounded.number(number) if isinstance(number, float) else number
            case "arrayValue":
                return bounded.items(as_list(as_object(value).get("values")), lambda item, below: _any_value(item, bounded, below), depth)
            case "kvlistValue":
                return _members(as_object(value).get("values"), bounded, depth)
            case _:
                continue
    return None


def _integer(value: Any) -> int | None:
    """A 64-bit integer, which JSON carries as text because most readers of JSON lose its last digits."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_INTEGER = re.compile(r"-?\d{1,20}")


def _id(value: Any, digits: int) -> str | None:
    """An id in lower-case hexadecimal; None when it is missing, all zeros, or of another length."""
    text = as_text(value) or ""
    if len(text) == digits and _HEX.fullmatch(text):
        return text.lower() if text.strip("0") else None
    if len(text) == -(-digits // 6) * 4:  # what base64 makes of as many bytes
        try:
            decoded = b64decode(text, validate=True).hex()
        except binascii.Error:
            return None
        return decoded if len(decoded) == digits and decoded.strip("0") else None
    return None


_HEX = re.compile(r"[0-9a-fA-F]+")
Name = TypeVar("Name", bound=str)


def _enumerated(value: Any, names: tuple[Name, ...], prefix: str) -> Name:
    """The name of an enumeration's number; the first one for what is unknown."""
    if isinstance(value, str) and value.startswith(prefix):
        named = value.removeprefix(prefix).lower()
        return next((name for name in names if name == named), names[0])
    number = as_count(value) or 0
    return names[number] if number < len(names) else names[0]
