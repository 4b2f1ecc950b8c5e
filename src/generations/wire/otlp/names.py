"""Under which attributes each fact of a call is told: one table for a convention, read in one way."""

from __future__ import annotations

from dataclasses import dataclass, fields

from generations.wire.otlp.attributes import Attributes, parsed
from generations.wire.otlp.call import Call, Tokens
from generations.wire.payload import Object

Aliases = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Attributes by what they tell, the most particular first.

    Attributes:
        parameters: prefixes; what follows them is the parameter's name.
        custom: prefixes; what follows them is a name that the user chose.
    """

    requested_model: Aliases = ()
    answered_model: Aliases = ()
    provider: Aliases = ()
    response_id: Aliases = ()
    prompt_tokens: Aliases = ()
    completion_tokens: Aliases = ()
    total_tokens: Aliases = ()
    cached_tokens: Aliases = ()
    cache_write_tokens: Aliases = ()
    reasoning_tokens: Aliases = ()
    input_audio_tokens: Aliases = ()
    output_audio_tokens: Aliases = ()
    cached_audio_tokens: Aliases = ()
    input_image_tokens: Aliases = ()
    output_image_tokens: Aliases = ()
    cached_image_tokens: Aliases = ()
    cost_usd: Aliases = ()
    first_token_s: Aliases = ()
    first_token_ms: Aliases = ()
    tokens_per_second: Aliases = ()
    error_type: Aliases = ()
    user_id: Aliases = ()
    session_id: Aliases = ()
    function_id: Aliases = ()
    workflow_id: Aliases = ()
    agent_id: Aliases = ()
    tags: Aliases = ()
    parameters: Aliases = ()
    custom: Aliases = ()

    def before(self, others: Names) -> Names:
        """These names first, then those of another convention."""
        return Names(**{field.name: getattr(self, field.name) + getattr(others, field.name) for field in fields(Names)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """In whose name a call was made, as a span around it tells; None and empty for what is not told."""

    user_id: str | None = None
    session_id: str | None = None
    function_id: str | None = None
    workflow_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] = ()


def facts(told: Attributes, names: Names) -> Call:
    """Everything but input and outputs."""
    seconds = told.number(*names.first_token_s)
    first_token_ms = told.number(*names.first_token_ms)
    about = context(told, names)
    # The user's names first: their prefix may begin like the one of the parameters.
    custom = {name: parsed(value) for prefix in names.custom for name, value in told.below(prefix).items()}
    return Call(
        requested_model=told.text(*names.requested_model),
        answered_model=told.text(*names.answered_model),
        provider=told.text(*names.provider),
        parameters=_parameters(told, names.parameters),
        tokens=_tokens(told, names),
        cost_usd=told.number(*names.cost_usd),
        first_token_ms=first_token_ms if seconds is None else seconds * 1000,
        tokens_per_second=told.number(*names.tokens_per_second),
        response_id=told.text(*names.response_id),
        error_type=told.text(*names.error_type),
        user_id=about.user_id,
        session_id=about.session_id,
        function_id=about.function_id,
        workflow_id=about.workflow_id,
        agent_id=about.agent_id,
        tags=about.tags,
        custom=custom,
    )


def context(told: Attributes, names: Names) -> Context:
    """In whose name the span was made."""
    return Context(
        user_id=_unscrubbed(told.text(*names.user_id)),
        session_id=_unscrubbed(told.text(*names.session_id)),
        function_id=told.text(*names.function_id),
        workflow_id=told.text(*names.workflow_id),
        agent_id=told.text(*names.agent_id),
        tags=tuple(told.texts(*names.tags)),
    )


def _unscrubbed(identity: str | None) -> str | None:
    """None for what Logfire writes in place of values that look secret: it would be the session of everybody."""
    return None if identity is not None and identity.startswith("[Scrubbed due to ") else identity


def _tokens(told: Attributes, names: Names) -> Tokens:
    return Tokens(
        prompt=told.count(*names.prompt_tokens),
        completion=told.count(*names.completion_tokens),
        total=told.count(*names.total_tokens),
        cached=told.count(*names.cached_tokens),
        cache_write=told.count(*names.cache_write_tokens),
        reasoning=told.count(*names.reasoning_tokens),
        input_audio=told.count(*names.input_audio_tokens),
        output_audio=told.count(*names.output_audio_tokens),
        cached_audio=told.count(*names.cached_audio_tokens),
        input_image=told.count(*names.input_image_tokens),
        output_image=told.count(*names.output_image_tokens),
        cached_image=told.count(*names.cached_image_tokens),
    )


def _parameters(told: Attributes, prefixes: Aliases) -> Object:
    """The parameters below the prefixes; one that a later prefix tells otherwise is left."""
    found: Object = {}
    for prefix in prefixes:
        for name, sent in told.below(prefix, but=_NOT_PARAMETERS).items():
            parameter, value = _PARAMETERS.get(name) or name.replace(".", "_"), parsed(sent)
            if found.setdefault(parameter, value) != value:
                told.leave(prefix + name)
    return found


_NOT_PARAMETERS = frozenset(["model", "type"])
_PARAMETERS = {  # the Vercel AI SDK writes them in camel case
    "choice.count": "n",
    "choice_count": "n",
    "is_streaming": "stream",
    "streaming": "stream",
    "chat.stop_sequences": "stop_sequences",
    "maxTokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "stopSequences": "stop_sequences",
}
