"""OpenTelemetry's own GenAI conventions: the current names and the renamed ones before.

Sources: the conventions of `open-telemetry/semantic-conventions` up to v1.41.0 and of
`open-telemetry/semantic-conventions-genai` after them. The schema URL of a scope does not tell which ones are used
(instrumentations stamp 1.37.0 on newer attributes), so every name is understood at any time.

`gen_ai.usage.input_tokens` contains the cached tokens and `output_tokens` the reasoning.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from generations.wire.call import Call, Choice, Tokens
from generations.wire.otlp.attributes import Attributes
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects.genai_messages import choices_of, prepended, said_in_events
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import as_list, as_object, as_text
from generations.wire.provider_bodies import tidy

NAMES = Names(
    requested_model=("gen_ai.request.model",),
    answered_model=("gen_ai.response.model",),
    provider=("gen_ai.provider.name", "gen_ai.system"),
    response_id=("gen_ai.response.id",),
    prompt_tokens=("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    completion_tokens=("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    total_tokens=("gen_ai.usage.total_tokens",),
    cached_tokens=("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    cache_write_tokens=(
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    reasoning_tokens=("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    input_audio_tokens=("gen_ai.usage.audio.input_tokens",),
    output_audio_tokens=("gen_ai.usage.audio.output_tokens",),
    cached_audio_tokens=("gen_ai.usage.audio.cache_read.input_tokens",),
    input_image_tokens=("gen_ai.usage.image.input_tokens",),
    output_image_tokens=("gen_ai.usage.image.output_tokens",),
    cached_image_tokens=("gen_ai.usage.image.cache_read.input_tokens",),
    cost_usd=("gen_ai.usage.cost", "operation.cost"),
    first_token_s=("gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk"),
    error_type=("error.type",),
    user_id=("user.id", "enduser.id", "langfuse.user.id", "gen_ai.user"),
    session_id=("session.id", "langfuse.session.id"),
    conversation_id=("gen_ai.conversation.id",),
    function_id=("langfuse.trace.name", "code.function.name"),
    workflow_id=("gen_ai.workflow.name",),
    agent_id=("gen_ai.agent.id", "gen_ai.agent.name"),
    tags=("langfuse.trace.tags",),
    parameters=("gen_ai.request.", "gen_ai.openai.request.", "openai.request."),
)

GENERATIVE = frozenset(["chat", "text_completion", "generate_content", "embeddings", "completion", "responses", "image_generation"])
"""Values of `gen_ai.operation.name` that are one call of a model; the last three are not in the conventions but sent."""

_AGENTS = frozenset(["invoke_agent", "create_agent"])
_OTHERS = frozenset(["plan", "retrieval", "evaluate", "evaluation", "create_memory", "update_memory", "delete_memory", "search_memory"])


def place(span: Span) -> Place:
    """By the operation's name. An operation of the sender's own is a generation when it is a client's call of a named model."""
    attributes = span.attributes
    operation = as_text(attributes.get("gen_ai.operation.name"))
    if operation in _AGENTS:
        return Place("agent", as_text(attributes.get("gen_ai.agent.name")))
    if operation == "execute_tool":
        return Place("tool", as_text(attributes.get("gen_ai.tool.name")))
    if operation == "invoke_workflow":
        return Place("workflow", as_text(attributes.get("gen_ai.workflow.name")) or span.name)
    if operation in GENERATIVE:
        return Place("generation")
    has_model = any(as_text(attributes.get(name)) for name in (*NAMES.requested_model, *NAMES.answered_model))
    has_usage = any(name in attributes for name in (*NAMES.prompt_tokens, *NAMES.completion_tokens))
    if operation is None:
        return Place("generation" if has_model and (has_usage or span.kind == "client") else "other")
    return Place("generation" if has_model and span.kind == "client" and operation not in _OTHERS else "other")


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span, with the log records and span events that carry its messages."""
    return completed(facts(told, NAMES), told, span, logs)


_REASONS = ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "anthropic.message.stop_reason")
"""The last is that of the spans which Anthropic's own client makes."""


def completed(call: Call, told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """The call, with what it lacks of messages and particulars taken from these conventions' attributes and events."""
    reasons = told.texts(*_REASONS)
    found, choices = _messages(told, reasons)
    found, choices = found if call.input is None else call.input, call.choices or choices
    if found is None or not choices:
        event_input, event_choices = said_in_events(span.events, logs, reasons)
        found = event_input if found is None else found
        choices = choices or event_choices
    parameters = dict(call.parameters)
    tools = told.value("gen_ai.tool.definitions")
    if tools is not None:
        parameters.setdefault("tools", tools)
    told.text("gen_ai.operation.name")
    return replace(
        call,
        input=found,
        choices=_with_reasons(choices, reasons),
        output_type=call.output_type or _output_type(told, parameters),
        parameters=parameters,
        tokens=_whole(call.tokens, span.scope.name),
    )


_WITHOUT_CACHED = frozenset(["opentelemetry.instrumentation.genai.bedrock", "opentelemetry.instrumentation.bedrock"])
_WITHOUT_THOUGHTS = "opentelemetry.instrumentation.google_generativeai"


def _whole(tokens: Tokens, scope: str) -> Tokens:
    """The counts of instrumentations that pass on the provider's, which do not contain their parts.

    Bedrock counts what is cached beside the prompt. Gemini counts its thoughts beside the answer, and only the total tells them.
    """
    if tokens.prompt is None or tokens.completion is None:
        return tokens
    total, told = tokens.total, tokens.prompt + tokens.completion
    if scope in _WITHOUT_CACHED:
        prompt = tokens.prompt + (tokens.cached or 0) + (tokens.cache_write or 0)
        return replace(tokens, prompt=prompt, total=None if total == told else total)
    if scope == _WITHOUT_THOUGHTS and total is not None and total > told and tokens.reasoning is None:
        return replace(tokens, completion=total - tokens.prompt, reasoning=total - told)
    return tokens


def _with_reasons(choices: tuple[Choice, ...], reasons: list[str]) -> tuple[Choice, ...]:
    """Choices that do not say why they ended, with the span's word on it; a reason alone is a choice without content."""
    if not choices:
        return tuple(Choice(None, reason) for reason in reasons[:1])
    if not reasons or all(choice.finish_reason for choice in choices):
        return choices
    told = [*reasons, *[None] * len(choices)]
    return tuple(Choice(choice.content, choice.finish_reason or told[index]) for index, choice in enumerate(choices))


def _messages(told: Attributes, reasons: list[str]) -> tuple[Any, tuple[Choice, ...]]:
    """Input and outputs in attributes: JSON text on spans, structured values on events."""
    system = told.value("gen_ai.system_instructions", "gen_ai.system.instructions")
    found = told.value("gen_ai.input.messages", "gen_ai.prompt")
    if isinstance(found, list):
        found = [tidy(message) for message in as_list(found)]
    outputs = told.value("gen_ai.output.messages", "gen_ai.completion")
    return prepended(system, found), choices_of(outputs, reasons)


def _output_type(told: Attributes, parameters: dict[str, Any]) -> str | None:
    """`text` is what was asked for, not what came: tool calls come under it too, so the content tells that."""
    asked = told.text("gen_ai.output.type")
    wanted = parameters.get("response_format")
    wanted = as_object(wanted).get("type") or wanted
    if asked is None and wanted in ("json_object", "json_schema"):
        return "json"
    return {"json": "json", "image": "image", "speech": "audio"}.get(asked or "")


GENAI = Dialect(
    "otel-genai",
    "the last: all others send these names too",
    Signs(("gen_ai.",)),
    place,
    NAMES,
    read,
)
