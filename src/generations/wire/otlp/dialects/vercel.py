"""The Vercel AI SDK: `ai.*` attributes up to version 6 and in `LegacyOpenTelemetry`, OpenTelemetry's names in version 7.

Source: `packages/otel` of vercel/ai at version 7. The spans `ai.generateText` and `ai.streamText` repeat the usage of the
`doGenerate` and `doStream` spans inside them, the root `invoke_agent` of version 7 that of the `chat` spans.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from generations.wire.call import Call, Choice, Tokens
from generations.wire.otlp.attributes import Attributes, parsed, parsed_object
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import as_count, as_list, as_object, as_text, without_absent
from generations.wire.provider_bodies import request_of, spoken

_METADATA = "ai.telemetry.metadata."
_CONTEXT = "ai.settings.context."

NAMES = Names(
    requested_model=("ai.model.id",),
    answered_model=("ai.response.model",),
    provider=("ai.model.provider",),
    response_id=("ai.response.id",),
    prompt_tokens=("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    completion_tokens=("ai.usage.outputTokens", "ai.usage.completionTokens"),
    total_tokens=("ai.usage.totalTokens",),
    cached_tokens=("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
    cache_write_tokens=("ai.usage.inputTokenDetails.cacheWriteTokens",),
    reasoning_tokens=("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
    first_token_ms=("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
    tokens_per_second=("ai.response.avgOutputTokensPerSecond", "ai.response.avgCompletionTokensPerSecond"),
    user_id=(_METADATA + "userId", _CONTEXT + "userId"),
    session_id=(_METADATA + "sessionId", _CONTEXT + "sessionId"),
    function_id=("ai.telemetry.functionId", "resource.name"),
    tags=(_METADATA + "tags", _CONTEXT + "tags"),
    parameters=("ai.settings.",),
    custom=(_METADATA, _CONTEXT),
).before(genai.NAMES)


def place(span: Span) -> Place:
    """By the operation; in version 7 by OpenTelemetry's."""
    operation = as_text(span.attributes.get("ai.operationId"))
    if operation is None:
        return genai.place(span)
    if operation.endswith((".doGenerate", ".doStream", ".doEmbed")):
        return Place("generation")
    if operation == "ai.toolCall":
        return Place("tool", as_text(span.attributes.get("ai.toolCall.name")))
    return Place("other")


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span of either generation of the SDK."""
    call = facts(told, NAMES)
    told.text("ai.operationId")
    told.text("operation.name")
    provider_metadata = parsed_object(told.value("ai.response.providerMetadata"))
    parameters = dict(call.parameters)
    tools = told.value("ai.prompt.tools")
    if tools is not None:
        parameters["tools"] = [parsed(tool) for tool in as_list(tools)] or tools
    choice = told.value("ai.prompt.toolChoice")
    if choice is not None:
        parameters["tool_choice"] = choice
    call = replace(
        call,
        provider=_provider(call.provider),
        input=_input(told),
        choices=_choices(told),
        tokens=_tokens(call.tokens, provider_metadata),
        parameters=parameters,
        kept=without_absent({"providerMetadata": provider_metadata or None}),
    )
    return genai.completed(call, told, span, logs)


def _provider(sent: str | None) -> str | None:
    """`openai.responses` and `anthropic.messages` name the API after the provider; OpenTelemetry's names have dots of their own."""
    if sent is None or sent.startswith(("gcp.", "azure.ai.", "aws.", "ibm.")):
        return sent
    return sent.partition(".")[0]


def _input(told: Attributes) -> Any:
    messages = told.value("ai.prompt.messages")
    if messages is not None:
        return messages
    prompt = told.value("ai.prompt")
    if isinstance(prompt, dict):
        request = request_of(as_object(prompt), is_request=True)
        return as_object(prompt) if request.input is None else request.input
    if prompt is not None:
        return prompt
    values = [parsed(value) for value in as_list(told.value("ai.values"))]
    return values[0] if len(values) == 1 else values or None


def _choices(told: Attributes) -> tuple[Choice, ...]:
    """Text, reasoning and tool calls are one message; an object or embeddings stand for themselves. Up to version 3: `ai.result.*`."""
    text = told.text("ai.response.text", "ai.result.text")
    calls = told.value("ai.response.toolCalls", "ai.result.toolCalls")
    reasoning = told.value("ai.response.reasoning")
    made = told.value("ai.response.object", "ai.result.object")
    reason = told.text("ai.response.finishReason", "ai.finishReason")
    if made is None and (calls is not None or reasoning is not None):
        made = spoken({"role": "assistant", "content": text, "reasoning": reasoning, "tool_calls": calls})
    embeddings = [parsed(vector) for vector in as_list(told.value("ai.embeddings"))]
    content = next((found for found in (made, text, embeddings or None) if found is not None), None)
    return () if content is None and reason is None else (Choice(content, reason),)


def _tokens(sent: Tokens, provider_metadata: dict[str, Any]) -> Tokens:
    """Up to version 5 the counts of Anthropic are raw, without the cached tokens; its own usage, passed on beside them, tells."""
    anthropic = as_object(provider_metadata.get("anthropic"))
    raw = as_object(anthropic.get("usage"))
    written = as_count(raw.get("cache_creation_input_tokens", anthropic.get("cacheCreationInputTokens")))
    cached = as_count(raw.get("cache_read_input_tokens", anthropic.get("cacheReadInputTokens")))
    tokens = replace(
        sent,
        cached=cached if sent.cached is None else sent.cached,
        cache_write=written if sent.cache_write is None else sent.cache_write,
    )
    is_raw = sent.prompt is not None and sent.prompt == as_count(raw.get("input_tokens")) and bool(tokens.cached or tokens.cache_write)
    if not is_raw:
        return tokens
    # Their total is that of the raw counts, and would say that the cached ones are inside.
    return replace(tokens, are_inside=False, total=None, reasoning=None)


VERCEL = Dialect(
    "vercel-ai",
    "it repeats what it says under `gen_ai.*`",
    Signs(("ai.operationId", _CONTEXT), ("ai", "gen_ai")),
    place,
    NAMES,
    read,
)
