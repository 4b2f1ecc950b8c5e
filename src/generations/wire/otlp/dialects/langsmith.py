"""LangSmith: the spans that its SDK makes of runs when it exports them over OpenTelemetry.

Source: `langsmith/_internal/otel/_otel_exporter.py` of langsmith 0.15.0. The inputs and outputs of a run are JSON text in
`gen_ai.prompt` and `gen_ai.completion`; token details are Python's notation of a dictionary, and are taken from the
outputs instead. `langsmith.trace.session_id` is the project, not a conversation.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from generations.wire.call import Call, Choice
from generations.wire.otlp.attributes import Attributes, parsed_object
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.generation_record import failure_message
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, langchain_message, langchain_tokens, request_of, spoken

_METADATA = "langsmith.metadata."

NAMES = Names(
    requested_model=(_METADATA + "ls_model_name",),
    provider=(_METADATA + "ls_provider",),
    user_id=(_METADATA + "user_id",),
    session_id=(_METADATA + "session_id", _METADATA + "thread_id", _METADATA + "conversation_id"),
    tags=("langsmith.span.tags",),
    custom=(_METADATA,),
).before(genai.NAMES)


def place(span: Span) -> Place:
    """By the type of the run; its own operation names call a prompt a chat and a retriever an embedding."""
    match span.attributes.get("langsmith.span.kind"):
        case "llm" | "embedding":
            return Place("generation")
        case "chain":
            return Place("workflow", as_text(span.attributes.get("langsmith.trace.name")) or span.name)
        case "tool":
            return Place("tool", as_text(span.attributes.get("langsmith.trace.name")) or span.name)
        case _:
            return Place("other")


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A run of type llm."""
    call = facts(told, NAMES)
    told.text("langsmith.span.kind")
    sent, made = told.value("gen_ai.prompt"), told.value("gen_ai.completion")
    request, outputs = request_of(as_object(sent)), as_object(made)
    found = answer_of(outputs)
    answer = found or Answer()
    of_outputs = langchain_tokens(as_object(outputs.get("usage_metadata")))
    tokens = next((tokens for tokens in (of_outputs, answer.tokens, call.tokens) if tokens.is_told()), call.tokens)
    tokens = tokens.with_cost_of(answer.tokens)
    stream = told.flag("langsmith.request.streaming")
    reasons = told.texts("gen_ai.response.finish_reasons")
    choices = answer.choices if found or made is None else (Choice(spoken(made), reasons[0] if reasons else None),)
    custom = dict(call.custom)
    failure = _FAILURE.match(failure_message(span) or "")
    settings = {name: value for key, name in _SETTINGS.items() if (value := custom.get(key)) is not None}
    invocation = parsed_object(custom.pop("invocation_params", None)) | parsed_object(custom.pop("ls_invocation_params", None))
    call = replace(
        call,
        provider=None if call.provider == "langchain" else call.provider,
        answered_model=first_text(call.answered_model, answer.model),
        response_id=first_text(call.response_id, answer.response_id),
        input=_unwrapped(request.input) if request.input is not None else sent,
        choices=choices,
        parameters=without_absent({"stream": stream} | settings | invocation | request.parameters | call.parameters),
        tokens=tokens,
        custom=custom,
        error_type=failure["type"] if failure else call.error_type,
        error_message=failure["message"] if failure else call.error_message,
        kept=without_absent({"response": answer.rest or None}),
    )
    call = genai.completed(call, told, span, logs)
    return call if choices or not found else replace(call, choices=())  # the outputs were read, and there was nothing in them


_SETTINGS = {"ls_temperature": "temperature", "ls_max_tokens": "max_tokens", "ls_stop": "stop"}
"""Settings of LangChain's models that stand in the metadata, by what they are called elsewhere."""

_FAILURE = re.compile(r"(?P<type>[A-Za-z_]\w*)\((?P<quote>['\"])(?P<message>.*?)(?P=quote),?\)(?=Traceback|$)", re.DOTALL)
"""An exception as Python writes it down, which a trace of calls follows without a space."""


def _unwrapped(messages: Any) -> Any:
    """LangChain's inputs are a list for each prompt; a run has one."""
    prompts = as_list(messages)
    if len(prompts) != 1 or not isinstance(prompts[0], list):
        return messages
    return [langchain_message(as_object(message)) if isinstance(message, dict) else message for message in as_list(prompts[0])]


LANGSMITH = Dialect(
    "langsmith",
    "it sets `gen_ai.operation.name` on runs of every type",
    Signs(("langsmith.span.", "langsmith.trace.")),
    place,
    NAMES,
    read,
)
