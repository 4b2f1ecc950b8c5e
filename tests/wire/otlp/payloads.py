"""Small OTLP requests of the shapes that instrumentations send; the builders name only what matters."""

from __future__ import annotations

from typing import Any

from generations.wire.otlp.telemetry import LogRecord, Scope, Span, SpanEvent
from generations.wire.otlp.trace import read_traces

TRACE = "0af7651916cd43dd8448eb211c80319c"
START_NS = 1_750_000_000_000_000_000
"""2025-06-15T15:06:40Z."""


def a_span(span_id: str = "b7ad6b7169203331", *, scope: str = "", ms: int = 250, **fields: Any) -> Span:
    """A span of 250 ms; attributes with dots in their names come as `attributes={…}`."""
    about: dict[str, Any] = {
        "trace_id": TRACE,
        "span_id": span_id,
        "name": "chat gpt-4o",
        "kind": "client",
        "start_ns": START_NS,
        "end_ns": START_NS + ms * 10**6,
        "scope": Scope(scope),
    }
    return Span(**(about | fields))


def an_event(name: str, *, ms: int = 0, **attributes: Any) -> SpanEvent:
    return SpanEvent(name, START_NS + ms * 10**6, attributes)


def a_log(event_name: str, body: Any = None, *, ms: int = 0, **fields: Any) -> LogRecord:
    about: dict[str, Any] = {"trace_id": TRACE, "span_id": "b7ad6b7169203331"}
    return LogRecord(at_ns=START_NS + ms * 10**6, event_name=event_name, body=body, **(about | fields))


def only(*spans: Span, logs: tuple[LogRecord, ...] = ()) -> dict[str, Any]:
    """The one record that the spans give."""
    [record] = read_traces(spans, logs).records
    return record


CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 5,
}


def a_chat(span_id: str = "b7ad6b7169203331", *, scope: str = "genai", attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    """A span of OpenTelemetry's own conventions."""
    return a_span(span_id, scope=scope, attributes=CHAT | (attributes or {}), **fields)


def as_any_value(value: Any) -> dict[str, Any]:
    """A Python value as OTLP/JSON writes it."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [as_any_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": as_pairs(value)}}
        case _:
            return {"stringValue": str(value)}


def as_pairs(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": as_any_value(value)} for key, value in values.items()]


def a_request(*spans: dict[str, Any], scope: str = "genai") -> dict[str, Any]:
    """An `ExportTraceServiceRequest` in OTLP/JSON."""
    in_scope = {"scope": {"name": scope, "version": "1.0"}, "spans": list(spans)}
    resource = {"attributes": as_pairs({"service.name": "shop"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [in_scope]}]}


def a_sent_span(span_id: str = "b7ad6b7169203331", *, attributes: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """One span in OTLP/JSON."""
    about = {
        "traceId": TRACE,
        "spanId": span_id,
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 250_000_000),
        "attributes": as_pairs(CHAT if attributes is None else attributes),
        "status": {},
    }
    return about | fields


def a_log_request(*logs: dict[str, Any]) -> dict[str, Any]:
    """An `ExportLogsServiceRequest` in OTLP/JSON."""
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {"name": "genai"}, "logRecords": list(logs)}]}]}


def a_sent_log(event_name: str, attributes: dict[str, Any], body: Any = None, **fields: Any) -> dict[str, Any]:
    """One log record in OTLP/JSON, with the time of its observation alone, as instrumentations send it."""
    about = {
        "traceId": TRACE,
        "spanId": "b7ad6b7169203331",
        "observedTimeUnixNano": str(START_NS + 200_000_000),
        "eventName": event_name,
        "body": as_any_value(body),
        "attributes": as_pairs(attributes),
    }
    return about | fields
