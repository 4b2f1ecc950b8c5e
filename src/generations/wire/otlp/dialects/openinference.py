"""OpenInference (Arize Phoenix): flattened messages and the raw request and answer beside them.

Source: openinference-semantic-conventions 0.1.42 and the instrumentations of the same time. Token counts contain their
parts. There is no attribute for the id of the answer nor for reasons of other choices than the first: they are taken
from the raw answer in `output.value`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec.structs import replace

from generations.wire.call import Call, Choice
from generations.wire.otlp.attributes import Attributes, parsed, parsed_object
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import Object, as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, request_of, spoken

NAMES = Names(
    requested_model=("llm.request.model_name",),
    answered_model=("llm.response.model_name", "llm.model_name", "embedding.model_name"),
    provider=("llm.provider", "llm.system"),
    prompt_tokens=("llm.token_count.prompt",),
    completion_tokens=("llm.token_count.completion",),
    total_tokens=("llm.token_count.total",),
    cached_tokens=("llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"),
    cache_write_tokens=("llm.token_count.prompt_details.cache_write",),
    reasoning_tokens=("llm.token_count.completion_details.reasoning",),
    input_audio_tokens=("llm.token_count.prompt_details.audio",),
    output_audio_tokens=("llm.token_count.completion_details.audio",),
    cost_usd=("llm.cost.total",),
    agent_id=("agent.name",),
    tags=("tag.tags",),
).before(genai.NAMES)

_FIRST_TOKEN = "First Token Stream Event"


def place(span: Span) -> Place:
    """By the kind. Agents and chains repeat the usage of the calls inside them."""
    match str(span.attributes.get("openinference.span.kind")).upper():
        case "LLM" | "EMBEDDING":
            return Place("generation")
        case "AGENT":
            return Place("agent", as_text(span.attributes.get("agent.name")) or span.name)
        case "CHAIN":
            return Place("workflow", span.name)
        case "TOOL":
            return Place("tool", as_text(span.attributes.get("tool.name")) or span.name)
        case _:
            return Place("other")


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span of kind LLM or EMBEDDING."""
    call = facts(told, NAMES)
    told.text("openinference.span.kind")
    messages, raw_input, raw_output = _input(told), told.value("input.value"), told.value("output.value")
    if isinstance(raw_output, str) and _OBJECT.fullmatch(raw_output):
        raw_output = None
    told.text("input.mime_type")
    told.text("output.mime_type")
    request, answer = request_of(as_object(raw_input)), answer_of(as_object(raw_output))
    choices = _choices(told, answer or Answer())
    sent = parsed_object(told.value("llm.invocation_parameters"))
    parameters = request.parameters if request.input is not None else {}
    parameters = parameters | {key: value for key, value in sent.items() if key not in _NOT_PARAMETERS}
    parameters = {key: value for key, value in parameters.items() if value not in _NOTHING}
    tools = _tools(told)
    if tools:
        parameters["tools"] = tools
    user = parameters.pop("user", None)
    before = f"{call.provider}/" if span.scope.name == _LITELLM else ""
    requested = first_text(call.requested_model, request.model, sent.get("model"), sent.get("model_name"))
    answered = first_text(call.answered_model, answer.model if answer else None)
    call = replace(
        call,
        requested_model=requested.removeprefix(before) if requested else None,
        answered_model=answered.removeprefix(before) if answered else None,
        response_id=first_text(call.response_id, answer.response_id if answer else None, sent.get("id") if "created_at" in sent else None),
        parameters=parameters | call.parameters,
        tokens=(call.tokens if call.tokens.is_told() else answer.tokens).with_cost_of(answer.tokens) if answer else call.tokens,
        first_token_ms=_first_token_ms(span, call.first_token_ms),
        user_id=first_text(call.user_id, user),
        custom=parsed_object(told.value("metadata")) | call.custom,
        input=next((found for found in (messages, request.input, raw_input) if found is not None), None),
        choices=choices or (answer.choices if answer else () if raw_output is None else (Choice(spoken(raw_output)),)),
        kept=without_absent(
            {
                "response": (answer.rest or None) if answer else None,
                "inputValue": raw_input if messages and request.input is None else None,
                "outputValue": raw_output if choices and answer is None else None,
            }
        ),
    )
    return genai.completed(call, told, span, logs)


_LITELLM: Final = "openinference.instrumentation.litellm"
"""Its models have the provider before them."""
_OBJECT: Final = re.compile(r"<.{1,200} at 0x[0-9a-f]+>")
"""What Python writes for an object that has no other text: instrumentations send streams like this that they do not follow."""
_NOTHING: Final[tuple[object, ...]] = (None, "", {})
"""Parameters that were not given: the instrumentation of Mistral's client sends all that there are."""
_NOT_PARAMETERS = frozenset(
    [
        "model",
        "model_name",
        # Of a whole answer, which the instrumentation of the OpenAI Agents SDK sends as the parameters.
        "id",
        "created_at",
        "completed_at",
        "object",
        "output",
        "usage",
        "status",
        "error",
        "incomplete_details",
        "instructions",
    ]
)


def _input(told: Attributes) -> Any:
    messages = [_message(as_object(item)) for item in as_list(told.unflattened("llm.input_messages."))]
    if messages:
        return messages
    prompts = [as_object(as_object(item).get("prompt")).get("text") for item in as_list(told.unflattened("llm.prompts."))]
    embedded = as_list(told.unflattened("embedding.embeddings."))
    texts = prompts or [as_object(as_object(item).get("embedding")).get("text") for item in embedded]
    texts = [text for text in texts if text is not None]
    return texts[0] if len(texts) == 1 else texts or None


def _choices(told: Attributes, answer: Answer) -> tuple[Choice, ...]:
    """The output messages, with the reasons of the raw answer; only the first one's is an attribute.

    The items of one of OpenAI's responses (a thought, a message, a call) are sent as messages, too: the raw answer has them
    in one piece.
    """
    first = told.text("llm.finish_reason")
    sent = [_message(as_object(item)) for item in as_list(told.unflattened("llm.output_messages."))]
    said = [spoken(message) for message in sent if message.keys() != {"role"}]  # LangChain's of a call that failed
    completions = as_list(told.unflattened("llm.choices."))
    said = said or [as_object(as_object(item).get("completion")).get("text") for item in completions]
    if answer.is_one_output and len(said) > 1:
        return answer.choices
    reasons = [choice.finish_reason for choice in answer.choices] if len(answer.choices) == len(said) else []
    reasons = reasons or [first]
    return tuple(Choice(content, reasons[index] if index < len(reasons) else None) for index, content in enumerate(said))


def _message(item: Object) -> Object:
    """A message without the names that only say where one stands: `message.contents.0.message_content.text`."""
    message = dict(as_object(item.get("message")))
    if isinstance(message.get("contents"), list):
        message["content"] = [_part(as_object(part)) for part in as_list(message.pop("contents"))]
    if isinstance(message.get("tool_calls"), list):
        message["tool_calls"] = [as_object(call).get("tool_call", call) for call in as_list(message["tool_calls"])]
    return message


def _part(item: Object) -> Object:
    part = dict(as_object(item.get("message_content")))
    for kind in ("image", "audio", "video", "document"):
        held = as_object(part.get(kind))
        if kind in held:
            part[kind] = held[kind]
    return part


def _tools(told: Attributes) -> list[Any]:
    tools = [as_object(as_object(item).get("tool")) for item in as_list(told.unflattened("llm.tools."))]
    return [parsed(tool.get("json_schema", tool)) for tool in tools]


def _first_token_ms(span: Span, otherwise: float | None) -> float | None:
    first = next((event.at_ns for event in span.events if event.name == _FIRST_TOKEN), None)
    if first is None or span.start_ns is None:
        return otherwise
    return (first - span.start_ns) / 1e6


OPENINFERENCE = Dialect(
    "openinference",
    "some of its instrumentations send `gen_ai.*` beside its own, and it runs on the spans of others",
    Signs(("openinference.span.kind",)),
    place,
    NAMES,
    read,
)
