"""OpenLLMetry (Traceloop): its instrumentations and decorators.

Sources: opentelemetry-instrumentation-* 0.62.4 (messages as JSON under OpenTelemetry's own names, since 0.53.4 to 0.61
package by package) and the ones before, which flatten messages into `gen_ai.prompt.0.role`. Others flatten like that too
(Koog), and are read here.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from generations.wire.call import Call, Choice
from generations.wire.otlp.attributes import Attributes, parsed
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import Object, as_list, as_object, as_text
from generations.wire.provider_bodies import spoken, tidy

_PROPERTIES = "traceloop.association.properties."

NAMES = Names(
    answered_model=("llm.response.model",),
    total_tokens=("llm.usage.total_tokens",),
    user_id=(_PROPERTIES + "user_id", "llm.user"),
    session_id=(_PROPERTIES + "session_id",),
    function_id=("traceloop.entity.name",),
    workflow_id=("traceloop.workflow.name",),
    agent_id=("gen_ai.agent.name",),  # its ids are those of runs
    custom=(_PROPERTIES,),
).before(genai.NAMES)

_PARAMETERS = {
    "llm.is_streaming": "stream",
    "gen_ai.is_streaming": "stream",
    "llm.frequency_penalty": "frequency_penalty",
    "llm.presence_penalty": "presence_penalty",
    "llm.top_k": "top_k",
    "llm.chat.stop_sequences": "stop_sequences",
}
_FIRST_CHUNK = frozenset(["gen_ai.content.completion.chunk", "llm.content.completion.chunk"])


_SCOPES = tuple(
    f"opentelemetry.instrumentation.{name}"
    for name in (
        *("alephalpha", "anthropic", "bedrock", "cohere", "crewai", "google_generativeai", "groq", "haystack", "langchain", "litellm"),
        *("llamaindex", "mistralai", "ollama", "openai", "openai_agents", "replicate", "sagemaker", "together", "transformers"),
        *("vertexai", "voyageai", "watsonx", "writer"),
    )
)
"""Its instrumentations; those of OpenTelemetry's own have `genai` or a version in their names."""

_SIGNS = ("traceloop.", "llm.request.", "llm.usage.", "llm.is_streaming", "gen_ai.is_streaming", "gen_ai.prompt.0.", "gen_ai.completion.0.")


def place(span: Span) -> Place:
    """By the decorator's kind, the old type of request, or the operation's name."""
    attributes = span.attributes
    name = as_text(attributes.get("traceloop.entity.name")) or span.name
    match attributes.get("traceloop.span.kind"):
        case "workflow":
            return Place("workflow", name)
        case "task":
            return Place("function", name)
        case "agent":
            return Place("agent", name)
        case "tool":
            return Place("tool", name)
        case _:
            pass
    if attributes.get("llm.request.type") in ("chat", "completion", "embedding"):
        return Place("generation")
    return genai.place(span)


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span whose messages are flattened or under OpenTelemetry's names."""
    call = facts(told, NAMES)
    parameters = dict(call.parameters)
    for name, parameter in _PARAMETERS.items():
        value = told.value(name)
        if value is not None:
            parameters.setdefault(parameter, value)
    functions = told.unflattened("llm.request.functions.")
    if functions:
        parameters.setdefault("tools", [_function(as_object(function)) for function in as_list(functions)])
    told.text("llm.request.type")
    chunks = [event.at_ns for event in span.events if event.name in _FIRST_CHUNK and event.at_ns is not None]
    first_token_ms = call.first_token_ms
    if first_token_ms is None and chunks and span.start_ns is not None:
        first_token_ms = (min(chunks) - span.start_ns) / 1e6
    messages = [_message(as_object(message)) for message in as_list(told.unflattened("gen_ai.prompt."))]
    choices = tuple(_choice(as_object(choice)) for choice in as_list(told.unflattened("gen_ai.completion.")))
    call = replace(call, parameters=parameters, first_token_ms=first_token_ms, input=messages or None, choices=choices)
    return genai.completed(call, told, span, logs)


def _message(sent: Object) -> Object:
    return tidy({key: _content(value) if key == "content" else value for key, value in sent.items() if value != ""})


def _choice(sent: Object) -> Choice:
    message = _message({key: value for key, value in sent.items() if key != "finish_reason"})
    return Choice(spoken(message), as_text(sent.get("finish_reason")))


def _content(value: Any) -> Any:
    """Parts, where the content is JSON text of a list of them; a text that merely looks like JSON stays one."""
    said = parsed(value)
    parts = [as_object(item) for item in as_list(said)]
    return said if parts and all("type" in part for part in parts) else value


def _function(sent: Object) -> Object:
    return sent | {"parameters": parsed(sent.get("parameters"))} if "parameters" in sent else sent


OPENLLMETRY = Dialect(
    "openllmetry",
    "it uses OpenTelemetry's names beside its own",
    Signs(_SIGNS, _SCOPES),
    place,
    NAMES,
    read,
)
