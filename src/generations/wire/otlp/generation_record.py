"""From what a dialect tells of a call to a record in our shape."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from generations.record import instants
from generations.wire.call import Call
from generations.wire.call_parameters import call_parameters
from generations.wire.otlp.dialects.genai_messages import DETAILS, MESSAGE_EVENTS
from generations.wire.otlp.evaluations import RESULT
from generations.wire.otlp.flattened import nested
from generations.wire.otlp.telemetry import Span, SpanEvent
from generations.wire.payload import Object, first_text, without_absent
from generations.wire.record_parts import input_of, measured, model_of, output_of, own_metadata
from generations.wire.usage import usage_of


class Reading(msgspec.Struct, frozen=True):
    """One span that was understood as a call.

    Attributes:
        dialect: name of the dialect that read it.
        unknown: attributes that the dialect did not understand, as sent.
        notes: what people should know of the reading.
    """

    span: Span
    dialect: str
    call: Call
    unknown: Object
    notes: tuple[str, ...] = ()


def record_of(reading: Reading, outer: Sequence[Reading] = ()) -> Object:
    """The record of a call.

    Args:
        reading: the span of the call, completed with what the others know.
        outer: other spans around the same call; they are named under `metadata.otel.outerSpans` with what only they told.
    """
    span, call = reading.span, _without_answer(reading)
    notes = [*reading.notes, *span.notes]
    usage, usage_notes = usage_of(call.tokens, call.cost_usd)
    parameters, misfits = call_parameters(call.parameters)
    performance = _performance(span, call, notes)
    model = model_of(call, notes)
    record: Object = {
        "id": span.key,
        "timestamp": _timestamp(span, call),
        "model": model,
        "input": input_of(call, usage),
        "output": output_of(call, usage),
        "parameters": without_absent(parameters) or None,
        "usage": usage or None,
        "performance": performance or None,
        **_status(span, call),
    }
    record["metadata"] = _metadata(reading, outer, misfits, [*dict.fromkeys(notes + usage_notes)])
    return without_absent(record)


def _without_answer(reading: Reading) -> Call:
    """The call, without a model that answered where none did: several senders put the one that was asked in its place."""
    call = reading.call
    has_answer = call.choices or call.response_id is not None or call.tokens.is_told()
    if reading.span.status != "error" or has_answer or call.requested_model not in (None, call.answered_model):
        return call
    return replace(call, requested_model=call.answered_model, answered_model=None)


def _timestamp(span: Span, call: Call) -> str | None:
    at_ns = span.start_ns or span.end_ns
    if at_ns is None:
        return None
    before_ns = int((call.duration_ms or 0) * 1e6)
    return instants.iso(instants.from_micros((at_ns - before_ns) // 1000))


def _performance(span: Span, call: Call, notes: list[str]) -> Object:
    latency_ms = call.duration_ms
    if latency_ms is None and span.start_ns is not None and span.end_ns is not None:
        latency_ms = (span.end_ns - span.start_ns) / 1e6
    return without_absent(
        {
            "latency": measured(latency_ms, "latency", notes),
            "timeToFirstToken": measured(call.first_token_ms, "time to the first token", notes),
            "tokensPerSecond": measured(call.tokens_per_second, "rate of tokens", notes),
        }
    )


def _status(span: Span, call: Call) -> Object:
    """Nothing for a span that has not ended and shows no answer: whether it succeeded is not known."""
    exception = _exception(span)
    kind = first_text(call.error_type, exception.get("exception.type"))
    if span.status == "error" or call.has_failed or call.error_type is not None:
        message = first_text(call.error_message, failure_message(span))
        code = span.attributes.get("http.response.status_code", span.attributes.get("http.status_code"))
        error = {"type": kind, "message": message, "code": None if code is None else str(code)}
        return {"status": "error", "error": without_absent(error) or None}
    return {"status": "success"} if span.end_ns is not None or call.choices else {}


def failure_message(span: Span) -> str | None:
    """What the span itself says of its failure."""
    return first_text(_exception(span).get("exception.message"), span.status_message)


def _exception(span: Span) -> Object:
    for event in span.events:
        if event.name == "exception":
            return dict(event.attributes)
    return {}


def _metadata(reading: Reading, outer: Sequence[Reading], misfits: Object, notes: list[str]) -> Object:
    span, call = reading.span, reading.call
    known: Object = {
        "requestId": call.response_id,
        "userId": call.user_id,
        "sessionId": call.session_id or call.conversation_id,
        "functionId": call.function_id,
        "workflowId": call.workflow_id,
        "agentId": call.agent_id,
        "traceId": span.trace_id or None,
        "spanId": span.span_id or None,
        "parentSpanId": span.parent_span_id,
        "tags": list(call.tags) or None,
    }
    custom, misplaced = own_metadata(nested(call.custom), known, ("otel", "notes", "evaluations"))
    otel: Object = {
        "dialect": reading.dialect,
        "conversationId": call.conversation_id if call.session_id is not None else None,
        "name": span.name or None,
        "kind": span.kind,
        "scope": without_absent({"name": span.scope.name or None, "version": span.scope.version or None}) or None,
        "resource": dict(span.resource) or None,
        "attributes": nested(reading.unknown) or None,
        "parameters": misfits or None,
        "metadata": misplaced or None,
        "exception": _beyond_type_and_message(span) or None,
        "events": [_event(event) for event in span.events if _is_unknown(event)][:_MOST_EVENTS] or None,
        "links": [{"traceId": trace_id, "spanId": span_id} for trace_id, span_id in span.links] or None,
        "outerSpans": [_outer(other) for other in outer] or None,
    }
    return without_absent(known | custom | {"notes": notes or None, "otel": without_absent(call.kept | otel)})


def _beyond_type_and_message(span: Span) -> Object:
    return {
        name.removeprefix("exception."): value
        for name, value in _exception(span).items()
        if name not in ("exception.type", "exception.message") and value is not None
    }


_UNDERSTOOD_EVENTS = MESSAGE_EVENTS | {
    DETAILS,
    RESULT,
    "exception",
    "First Token Stream Event",
    "gen_ai.content.completion.chunk",
    "llm.content.completion.chunk",
    "ai.stream.firstChunk",
    "ai.stream.finish",
}
CHUNK = "mlflow.chunk.item."
"""How the events begin in which MLflow writes the pieces of a stream."""
_MOST_EVENTS = 100


def _is_unknown(event: SpanEvent) -> bool:
    return event.name not in _UNDERSTOOD_EVENTS and not event.name.startswith(CHUNK)


def _event(event: SpanEvent) -> Object:
    at = None if event.at_ns is None else instants.iso(instants.from_micros(event.at_ns // 1000))
    return without_absent({"name": event.name, "at": at, "attributes": nested(event.attributes) or None})


def _outer(reading: Reading) -> Object:
    span = reading.span
    return without_absent(
        {
            "spanId": span.span_id,
            "name": span.name or None,
            "dialect": reading.dialect,
            "scope": span.scope.name or None,
            "attributes": nested(reading.unknown) or None,
        }
    )
