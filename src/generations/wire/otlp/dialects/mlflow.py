"""MLflow: the spans of its tracing, exported over OTLP.

Source: mlflow-tracing 3.17.2. Every attribute is JSON text, strings with their quotes. That token counts contain their
parts is assumed, not documented; parts larger than their whole are noticed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from generations.record.content import from_json
from generations.wire.call import Call, Choice, Tokens
from generations.wire.otlp.attributes import Attributes, parsed, parsed_object
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.generation_record import CHUNK
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span, SpanEvent
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, request_of, spoken, tidy
from generations.wire.streamed import joined

NAMES = Names(
    provider=("mlflow.llm.provider",),
    function_id=("mlflow.spanFunctionName",),
    custom=("mlflow.traceTag.",),
).before(genai.NAMES)


def place(span: Span) -> Place:
    """By the type."""
    match parsed(span.attributes["mlflow.spanType"]):
        case "LLM" | "CHAT_MODEL" | "EMBEDDING":
            return Place("generation")
        case "AGENT":
            return Place("agent", span.name)
        case "CHAIN" | "WORKFLOW":
            return Place("workflow", span.name)
        case "TOOL":
            return Place("tool", span.name)
        case "TASK":
            return Place("function", span.name)
        case _:
            return Place("other")


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span of type LLM, CHAT_MODEL or EMBEDDING."""
    call = facts(told, NAMES)
    told.text("mlflow.spanType")
    model, asked = told.text("mlflow.llm.model"), told.text("model")
    sent, made = told.value("mlflow.spanInputs"), told.value("mlflow.spanOutputs")
    request, answer = request_of(as_object(sent)), answer_of(as_object(made)) or Answer()
    if isinstance(made, str) and _OBJECT.fullmatch(made):
        made = None
    chunks = [event for event in span.events if event.name.startswith(CHUNK)]
    if chunks and _says_nothing(answer):
        answer = _streamed(chunks, answer)
    usage = parsed_object(told.value("mlflow.chat.tokenUsage"))
    cost = parsed_object(told.value("mlflow.llm.cost"))
    tokens = Tokens(
        prompt=as_count(usage.get("input_tokens")),
        completion=as_count(usage.get("output_tokens")),
        total=as_count(usage.get("total_tokens")),
        cached=as_count(usage.get("cache_read_input_tokens")),
        cache_write=as_count(usage.get("cache_creation_input_tokens")),
    )
    if tokens.is_told() and (answer.tokens.prompt, answer.tokens.completion) == (tokens.prompt, tokens.completion):
        # The same counts with their parts, by the provider's own convention; a sum of raw counts would contradict it.
        tokens = replace(answer.tokens, total=tokens.total if answer.tokens.are_inside else None)
    is_request = request.input is not None
    asked_for: Any = request.input
    parameters = (request.parameters if is_request else {}) | _of_langchain(told) | _parameters(told) | call.parameters
    user = parameters.pop("user", None)
    call = replace(
        call,
        requested_model=first_text(asked, request.model, call.requested_model, model),
        answered_model=first_text(answer.model, call.answered_model, model if asked else None),
        response_id=first_text(call.response_id, answer.response_id),
        input=([tidy(message) for message in as_list(asked_for)] or asked_for) if is_request else sent,
        choices=answer.choices or (() if made is None else (Choice(spoken(made)),)),
        parameters=parameters,
        custom=parsed_object(told.value("metadata")) | call.custom,
        user_id=first_text(call.user_id, user),
        first_token_ms=_first_token_ms(span, chunks) if call.first_token_ms is None else call.first_token_ms,
        tokens=next((found for found in (tokens, call.tokens, answer.tokens) if found.is_told()), call.tokens).with_cost_of(answer.tokens),
        cost_usd=as_number(cost.get("total_cost")) or call.cost_usd,
        kept=without_absent({"cost": cost or None, "response": answer.rest or None}),
    )
    return genai.completed(call, told, span, logs)


_OBJECT = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>")
"""A Python object that was written down before it held an answer: a stream, for instance."""


def _says_nothing(answer: Answer) -> bool:
    """MLflow's own sum of a stream has the text but no calls of tools."""
    return not any(isinstance(content := choice.content, str) or as_object(content).get("tool_calls") for choice in answer.choices)


def _streamed(chunks: Sequence[SpanEvent], otherwise: Answer) -> Answer:
    """The answer that the pieces of a stream make; a span keeps no more than its SDK's limit of events, by default 128."""
    pieces = [parsed_object(chunk.attributes.get("mlflow.chunk.value")) for chunk in chunks]
    found = answer_of(joined(pieces) or {})
    return otherwise if found is None or _says_nothing(found) else replace(otherwise, choices=found.choices)


def _first_token_ms(span: Span, chunks: Sequence[SpanEvent]) -> float | None:
    arrivals = [chunk.at_ns for chunk in chunks if chunk.at_ns is not None]
    return (min(arrivals) - span.start_ns) / 1e6 if arrivals and span.start_ns is not None else None


def _of_langchain(told: Attributes) -> Object:
    """The parameters of LangChain's models, which are told in one piece beside the input."""
    sent = parsed_object(told.value("invocation_params"))
    return without_absent({name: value for name, value in sent.items() if name not in ("model", "model_name", "_type")})


def _parameters(told: Attributes) -> Object:
    """Arguments of the call, which MLflow's instrumentations set under their bare names, as JSON text."""
    sent = {name: told.text(name) for name in _ARGUMENTS}
    return {name: _decoded(text) for name, text in sent.items() if text is not None}


_ARGUMENTS = (
    *("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens", "stop", "stop_sequences"),
    *("presence_penalty", "frequency_penalty", "n", "seed", "stream", "tool_choice", "tools", "response_format", "reasoning_effort"),
)


def _decoded(text: str) -> Any:
    try:
        return from_json(text)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return text


MLFLOW = Dialect(
    "mlflow",
    "an instrumentation that it has translated leaves its own attributes beside",
    Signs(("mlflow.spanType",)),
    place,
    NAMES,
    read,
)
