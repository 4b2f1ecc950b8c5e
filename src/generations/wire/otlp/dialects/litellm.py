"""LiteLLM: the spans of its `otel` callback.

Source: litellm 1.109. The names are those that OpenLLMetry had, and OpenTelemetry's own for messages. A call is a span
`litellm_request`; the one below it has the raw request and answer again, as Python writes them. Only there, and in
`metadata.usage_object`, are cached tokens and reasoning told; what a call of a tool says stands in old names alone.
"""

from __future__ import annotations

import ast
from typing import Any

from msgspec.structs import replace

from generations.wire.otlp.attributes import Attributes
from generations.wire.otlp.call import Call, Tokens
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai, openllmetry
from generations.wire.otlp.names import Names
from generations.wire.otlp.provider_bodies import openai_tokens
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import as_number, as_object, as_text

NAMES = Names(
    user_id=("metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id"),
).before(openllmetry.NAMES)


def place(span: Span) -> Place:
    """A call of a model tells what kind of request it was; what the proxy does around it does not."""
    return Place("generation") if as_text(span.attributes.get("llm.request.type")) else genai.place(span)


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span of one call."""
    cost, metadata = as_number(told.number("gen_ai.cost.total_cost")), told.below("metadata.")
    call = openllmetry.read(told, span, logs)
    call_id = told.text("litellm.call_id")
    message = told.text("error.message")
    return replace(
        call,
        response_id=None if call.response_id == call_id else call.response_id,  # a call that failed has only its own id
        parameters={name: _flag(value) for name, value in call.parameters.items()},
        tokens=_with_parts(call.tokens, metadata.pop("usage_object", None)),
        cost_usd=cost,
        user_id=call.user_id or as_text(metadata.get("user_api_key_end_user_id")),
        error_message=message,
        kept={**call.kept, "litellm": {name: value for name, value in metadata.items() if value not in ("", "[]", "{}")} or None},
    )


def _flag(value: Any) -> Any:
    return {"True": True, "False": False}.get(value, value) if isinstance(value, str) else value


def _with_parts(tokens: Tokens, usage: Any) -> Tokens:
    """The counts with the parts that only LiteLLM's copy of the provider's usage tells."""
    told = openai_tokens(as_object(_literal(usage)))
    same = (told.prompt, told.completion) == (tokens.prompt, tokens.completion)
    return replace(told, total=tokens.total) if same and told.is_told() else tokens


def _literal(text: Any) -> Any:
    """The value that Python wrote down; None for anything else. Only literals are read, and no long ones."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


_LONGEST = 4_096

LITELLM = Dialect(
    "litellm",
    "it uses OpenLLMetry's names, and OpenTelemetry's beside them",
    Signs(scopes=("litellm",)),
    place,
    NAMES,
    read,
)
