"""What a dialect tells of one call of a model, before it becomes a record."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from generations.wire.payload import Object


class Choice(msgspec.Struct, frozen=True):
    """One output.

    Attributes:
        content: text, or a message or another structure.
        finish_reason: why the model stopped, in the sender's word.
    """

    content: Any
    finish_reason: str | None = None


class Tokens(msgspec.Struct, frozen=True):
    """Token counts as one sender means them; None for what was not sent.

    Attributes:
        cached: read from a cache.
        cache_write: written to a cache; `cache_write_hour` of them to one that keeps them for an hour.
        input_audio, output_audio, input_image, output_image: of the prompt and of the completion.
        cached_audio, cached_image: of the cached ones.
        are_inside: the sender's convention: `prompt` contains the cached ones and `completion` the reasoning.
        cost_usd: what the provider itself says beside its counts that they cost.
    """

    prompt: int | None = None
    completion: int | None = None
    total: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    cache_write_hour: int | None = None
    reasoning: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    cached_audio: int | None = None
    input_image: int | None = None
    output_image: int | None = None
    cached_image: int | None = None
    are_inside: bool = True
    cost_usd: float | None = None

    def with_cost_of(self, other: Tokens) -> Tokens:
        """These counts, with the provider's own cost where only another view of the call tells it."""
        return replace(self, cost_usd=other.cost_usd) if self.cost_usd is None and other.cost_usd is not None else self

    def is_told(self) -> bool:
        """Whether there is any count."""
        return any(count is not None for count in (self.prompt, self.completion, self.total))


NO_TOKENS = Tokens()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a model; None and empty for what was not told.

    Attributes:
        requested_model: the model as it was asked for.
        answered_model: the version or snapshot that answered.
        provider: in the sender's word.
        input: text, or messages.
        choices: the outputs, the first one first.
        output_type: one of the record's types, where the sender says it.
        parameters: as sent, under any of the usual names.
        tokens: as the sender means them.
        cost_usd: as the sender reports it, where the provider does not in `tokens`.
        first_token_ms: from the request to the first token.
        response_id: the provider's id of its answer.
        user_id, session_id, function_id, workflow_id, agent_id, tags: the context, where the span itself tells it.
        conversation_id: the session where nobody names one: some libraries make up an id for each run.
        custom: what the user put beside the call, by the user's own names.
        has_failed: the sender says so beside the span's status.
        duration_ms: how long it took, where the span's times do not tell: it ended when the span started.
        kept: what else was understood and has no field: it goes to `metadata.otel`.
    """

    requested_model: str | None = None
    answered_model: str | None = None
    provider: str | None = None
    input: Any = None
    choices: tuple[Choice, ...] = ()
    output_type: str | None = None
    parameters: Object = msgspec.field(default_factory=dict[str, Any])
    tokens: Tokens = NO_TOKENS
    cost_usd: float | None = None
    first_token_ms: float | None = None
    tokens_per_second: float | None = None
    response_id: str | None = None
    has_failed: bool = False
    duration_ms: float | None = None
    error_type: str | None = None
    error_message: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    conversation_id: str | None = None
    function_id: str | None = None
    workflow_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] = ()
    custom: Object = msgspec.field(default_factory=dict[str, Any])
    kept: Object = msgspec.field(default_factory=dict[str, Any])
