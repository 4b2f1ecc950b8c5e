"""From what a dialect tells of a call to a record in our shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generations.record import instants
from generations.record.fields import BY_PATH
from generations.wire.call_parameters import call_parameters
from generations.wire.modality import input_type, output_type
from generations.wire.otlp.call import Call
from generations.wire.otlp.dialects.genai_messages import DETAILS, MESSAGE_EVENTS
from generations.wire.otlp.evaluations import RESULT
from generations.wire.otlp.flattened import nested
from generations.wire.otlp.telemetry import Span, SpanEvent
from generations.wire.otlp.usage import usage_of
from generations.wire.payload import Object, as_list, as_text, first_text, without_absent


@dataclass(frozen=True, slots=True)
class Reading:
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
    span, call = reading.span, reading.call
    notes = [*reading.notes, *span.notes]
    usage, usage_notes = usage_of(call.tokens)
    if call.cost_usd is not None and call.cost_usd >= 0:
        usage |= {"cost": call.cost_usd, "currency": "USD", "costSource": "reported"}
    parameters, misfits = call_parameters(call.parameters)
    performance = _performance(span, call, notes)
    model = _model(call, notes)
    record: Object = {
        "id": span.key,
        "timestamp": _timestamp(span, call),
        "model": model,
        "input": _input(call, usage),
        "output": _output(call, usage),
        "parameters": without_absent(parameters) or None,
        "usage": usage or None,
        "performance": performance or None,
        **_status(span, call),
    }
    record["metadata"] = _metadata(reading, outer, misfits, [*dict.fromkeys(notes + usage_notes)])
    return without_absent(record)


def _timestamp(span: Span, call: Call) -> str | None:
    at_ns = span.start_ns or span.end_ns
    if at_ns is None:
        return None
    before_ns = int((call.duration_ms or 0) * 1e6)
    return instants.iso(instants.from_micros((at_ns - before_ns) // 1000))


def _model(call: Call, notes: list[str]) -> Object:
    model_id = call.requested_model or call.answered_model
    if model_id is None:
        notes.append("no model was named")
    provider = call.provider.lower() if call.provider else None
    return without_absent(
        {
            "id": model_id or "unknown",
            "version": call.answered_model,
            "provider": _PROVIDERS.get(provider, provider) if provider else None,
        }
    )


_PROVIDERS = {
    "vertex_ai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "az.ai.openai": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference",
    "xai": "x_ai",
}
"""Values of `gen_ai.system` that were renamed when it became `gen_ai.provider.name` (semantic conventions v1.37)."""


def _input(call: Call, usage: Object) -> Object | None:
    if call.input is None:
        return None
    return without_absent({"type": input_type(call.input), "content": call.input, "tokens": usage.get("promptTokens")})


def _output(call: Call, usage: Object) -> Object | None:
    """Without content, which is not captured by default, an output has its tokens and the reason that it ended."""
    if not call.choices:
        return None
    first, *others = call.choices
    kind = call.output_type or ("text" if first.content is None else output_type(first.content))
    output: Object = {"type": kind, "content": first.content, "tokens": usage.get("completionTokens"), "finishReason": first.finish_reason}
    alternatives = [without_absent({"content": other.content, "finishReason": other.finish_reason}) for other in others]
    return without_absent(output | {"alternatives": alternatives or None})


def _performance(span: Span, call: Call, notes: list[str]) -> Object:
    latency_ms = call.duration_ms
    if latency_ms is None and span.start_ns is not None and span.end_ns is not None:
        latency_ms = (span.end_ns - span.start_ns) / 1e6
    return without_absent(
        {
            "latency": _rounded(latency_ms, "latency", notes),
            "timeToFirstToken": _rounded(call.first_token_ms, "time to the first token", notes),
            "tokensPerSecond": _rounded(call.tokens_per_second, "rate of tokens", notes),
        }
    )


def _rounded(value: float | None, what: str, notes: list[str]) -> float | None:
    if value is None:
        return None
    if not 0 <= value < math.inf:
        notes.append(f"the {what} was ignored: it cannot be {round(value, 3)}")
        return None
    return int(value) if float(value).is_integer() else round(value, 3)


def _status(span: Span, call: Call) -> Object:
    """Nothing for a span that has not ended and shows no answer: whether it succeeded is not known."""
    exception = _exception(span)
    kind = first_text(call.error_type, exception.get("exception.type"))
    if span.status == "error" or call.has_failed or call.error_type is not None:
        message = first_text(call.error_message, exception.get("exception.message"), span.status_message)
        code = span.attributes.get("http.response.status_code", span.attributes.get("http.status_code"))
        error = {"type": kind, "message": message, "code": None if code is None else str(code)}
        return {"status": "error", "error": without_absent(error) or None}
    return {"status": "success"} if span.end_ns is not None or call.choices else {}


def _exception(span: Span) -> Object:
    return next((dict(event.attributes) for event in span.events if event.name == "exception"), Object())


_DECLARED = {path.removeprefix("metadata."): field for path, field in BY_PATH.items() if path.startswith("metadata.")}
_OURS = frozenset(["otel", "notes", "evaluations"])


def _metadata(reading: Reading, outer: Sequence[Reading], misfits: Object, notes: list[str]) -> Object:
    span, call = reading.span, reading.call
    known: Object = {
        "requestId": call.response_id,
        "userId": call.user_id,
        "sessionId": call.session_id,
        "functionId": call.function_id,
        "workflowId": call.workflow_id,
        "agentId": call.agent_id,
        "traceId": span.trace_id or None,
        "spanId": span.span_id or None,
        "parentSpanId": span.parent_span_id,
        "tags": list(call.tags) or None,
    }
    custom, misplaced = _sorted_out(nested(call.custom), known)
    otel: Object = {
        "dialect": reading.dialect,
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


def _sorted_out(custom: Object, known: Object) -> tuple[Object, Object]:
    """The user's own names beside ours: those that we declare fill a gap if they are of its type, others of our names do not."""
    own: Object = {}
    misplaced: Object = {}
    for name, value in custom.items():
        field = _DECLARED.get(name)
        is_free = name not in _OURS if field is None else known.get(name) is None and _fits(field.type, value)
        if is_free:
            own[name] = value
        elif value != known.get(name):
            misplaced[name] = value
    return own, misplaced


def _fits(type_: str, value: Any) -> bool:
    if type_ == "strings":
        return isinstance(value, list) and all(as_text(item) is not None for item in as_list(value))
    return as_text(value) is not None


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
_MOST_EVENTS = 100


def _is_unknown(event: SpanEvent) -> bool:
    return event.name not in _UNDERSTOOD_EVENTS


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
