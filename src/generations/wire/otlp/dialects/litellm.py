"""LiteLLM: the spans of its `otel` callback.

Source: litellm 1.109. The names are those that OpenLLMetry had, and OpenTelemetry's own for messages. A call is a span
`litellm_request`; the one below it has the raw request and answer again, as Python writes them. Only there, and in
`metadata.usage_object`, are cached tokens and reasoning told; what a call of a tool says stands in old names alone.
"""

from __future__ import annotations

import ast
from typing import Any, Final

from msgspec.structs import replace

from generations.wire.call import Call, Tokens
from generations.wire.otlp.attributes import Attributes
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai, openllmetry
from generations.wire.otlp.names import Names
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import Object, as_list, as_number, as_object, as_text, first_text
from generations.wire.provider_bodies import openai_tokens

NAMES = Names(
    user_id=("metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id"),
).before(openllmetry.NAMES)


def place(span: Span) -> Place:
    """A call of a model tells what kind of request it was; what the proxy does around it does not."""
    return Place("generation") if as_text(span.attributes.get("llm.request.type")) else genai.place(span)


def read(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    """A span of one call. A cost of 0 is none: LiteLLM writes it where it knows no price, too."""
    cost, metadata = as_number(told.number("gen_ai.cost.total_cost")), told.below("metadata.")
    call = openllmetry.read(told, span, logs)
    call_id, group = told.text("litellm.call_id"), told.text("litellm.model_group")
    provider, _, _ = (told.text("litellm.provider.model") or "").rpartition("/")
    message = told.text("error.message")
    about = as_object(_literal(metadata.get("requester_metadata")))
    # The proxy writes its own name of the model over the one that the provider answered with.
    is_renamed = call.answered_model == group != call.requested_model
    return replace(
        call,
        answered_model=None if is_renamed else call.answered_model,
        provider=call.provider or provider.partition("/")[0] or None,
        response_id=None if call.response_id == call_id else call.response_id,  # a call that failed has only its own id
        parameters={name: _flag(value) for name, value in call.parameters.items()},
        tokens=_with_parts(call.tokens, metadata.pop("usage_object", None)),
        cost_usd=cost or None,
        user_id=call.user_id or _user_id(metadata),
        session_id=call.session_id or as_text(about.get("session_id")),
        tags=call.tags or tuple(tag for tag in as_list(about.get("tags")) if isinstance(tag, str)),
        error_message=message,
        kept={**call.kept, "litellm": _said(metadata | {"model_group": group}) or None},
    )


def _said(metadata: Object) -> Object:
    return {name: value for name, value in metadata.items() if value not in (None, "", "[]", "{}")}


def _user_id(metadata: Object) -> str | None:
    """Who asked, else whose key it was; of the proxy's master key that is nobody."""
    owner = metadata.get("user_api_key_user_id")
    return first_text(metadata.get("user_api_key_end_user_id"), None if owner == NOBODY else owner)


NOBODY: Final = "default_user_id"
"""Whom the master key of the proxy belongs to."""


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
    Signs(("litellm.call_id",), ("litellm",)),
    place,
    NAMES,
    read,
)
