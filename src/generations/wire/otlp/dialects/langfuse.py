"""Langfuse: what its SDKs send over OTLP.

Source: langfuse 5.0.4 and the attributes that its server reads. Values are JSON text. Buckets of `usage_details` stand
beside each other: `input` is without `input_cached_tokens`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from generations.record import instants
from generations.wire.call import Call, Choice, Tokens
from generations.wire.langfuse_usage import usage_of
from generations.wire.otlp.attributes import Attributes, parsed_object
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import Object, as_count, as_number, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, request_of, spoken

_OBSERVATION = "langfuse.observation."

NAMES = Names(
    requested_model=(_OBSERVATION + "model.name",),
    function_id=("langfuse.trace.name",),
    custom=(_OBSERVATION + "metadata.", "langfuse.trace.metadata."),
).before(genai.NAMES)


_SIGNS = tuple(_OBSERVATION + part for part in ("type", "model.", "input", "output", "usage_details", "cost_details", "level"))
"""An observation; attributes of the trace alone, and metadata, are set on the spans of other libraries, too."""


def place(span: Span) -> Place:
    """By the type that the user gave it."""
    match span.attributes.get(_OBSERVATION + "type"):
        case "generation" | "embedding":
            return Place("generation")
        case "agent":
            return Place("agent", span.name)
        case "chain":
            return Place("workflow", span.name)
        case "tool":
            return Place("tool", span.name)
        case "span":
            return Place("function", span.name)
        case None if as_text(span.attributes.get(_OBSERVATION + "model.name")):
            return Place("generation")
        case _:
            return Place("other")


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """An observation of type generation or embedding."""
    call = facts(told, NAMES)
    told.text(_OBSERVATION + "type")
    buckets = parsed_object(told.value(_OBSERVATION + "usage_details"))
    costs = parsed_object(told.value(_OBSERVATION + "cost_details"))
    usage, _ = usage_of({"usageDetails": buckets, "costDetails": costs})
    sent, made = told.value(_OBSERVATION + "input"), told.value(_OBSERVATION + "output")
    request, answer = request_of(as_object(sent)), answer_of(as_object(made)) or Answer()
    level = told.text(_OBSERVATION + "level")
    message = told.text(_OBSERVATION + "status_message")
    is_request = request.input is not None
    custom = dict(call.custom)
    choices = answer.choices or (() if made is None else (Choice(spoken(made)),))
    if len(choices) == 1 and choices[0].finish_reason is None and isinstance(custom.get("finish_reason"), str):
        choices = (replace(choices[0], finish_reason=custom.pop("finish_reason")),)  # its client of OpenAI tells it there, of streams
    cost = as_number(usage.get("cost")) if costs else call.cost_usd
    tokens = _tokens(usage, buckets) if buckets else call.tokens
    call = replace(
        call,
        answered_model=first_text(call.answered_model, answer.model),
        response_id=first_text(call.response_id, answer.response_id),
        input=request.input if is_request else sent,
        choices=choices,
        custom=custom,
        parameters=call.parameters
        | (request.parameters if is_request else {})
        | parsed_object(told.value(_OBSERVATION + "model.parameters")),
        tokens=tokens if costs else tokens.with_cost_of(answer.tokens),  # the user's own word goes before
        cost_usd=cost if cost or buckets else None,  # of a call that failed its clients say that it cost nothing
        first_token_ms=_first_token_ms(told, span, call.first_token_ms),
        has_failed=level == "ERROR",
        error_message=message if level == "ERROR" else None,
        kept=without_absent(
            {
                "level": level,
                "statusMessage": message if level != "ERROR" else None,
                "usageDetails": buckets or None,
                "costDetails": costs or None,
                "response": answer.rest or None,
            }
        ),
    )
    return genai.completed(call, told, span, logs)


def _tokens(usage: Object, buckets: Object) -> Tokens:
    """The record's own counts: the buckets have been added up already."""
    return Tokens(
        prompt=usage.get("promptTokens"),
        completion=usage.get("completionTokens"),
        total=usage.get("totalTokens"),
        cached=usage.get("cachedTokens"),
        cache_write=usage.get("cacheWriteTokens"),
        reasoning=usage.get("reasoningTokens"),
        input_audio=as_count(buckets.get("input_audio_tokens", buckets.get("input_audio"))),
        output_audio=as_count(buckets.get("output_audio_tokens", buckets.get("output_audio"))),
    )


def _first_token_ms(told: Attributes, span: Span, otherwise: float | None) -> float | None:
    at: Any = instants.parse(told.text(_OBSERVATION + "completion_start_time"))
    if at is None or span.start_ns is None:
        return otherwise
    return instants.micros(at) / 1000 - span.start_ns / 1e6


LANGFUSE = Dialect(
    "langfuse",
    "the user's own word on a span, which may also carry what an instrumentation says of it",
    Signs(_SIGNS),
    place,
    NAMES,
    read,
)
