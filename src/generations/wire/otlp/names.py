"""Under which attributes each fact of a call is told: one table for a convention, read in one way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec

from generations.wire.call import Call, Tokens
from generations.wire.otlp.attributes import Attributes, parsed
from generations.wire.payload import Object

Aliases = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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
    conversation_id: Aliases = ()
    function_id: Aliases = ()
    workflow_id: Aliases = ()
    agent_id: Aliases = ()
    tags: Aliases = ()
    parameters: Aliases = ()
    custom: Aliases = ()

    def before(self, others: Names) -> Names:
        """These names first, then those of another convention."""
        return Names(**{field.name: getattr(self, field.name) + getattr(others, field.name) for field in fields(Names)})


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """In whose name a call was made, as a span around it tells; None and empty for what is not told."""

    user_id: str | None = None
    session_id: str | None = None
    conversation_id: str | None = None
    function_id: str | None = None
    workflow_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] = ()


def facts(told: Attributes, names: Names) -> Call:
    """Everything but input and outputs."""
    present = told.remembered(_present, names)
    first_token = _read(told, present.first_token)
    about = _read(told, present.context)
    # The user's names first: their prefix may begin like the one of the parameters.
    custom = {name: parsed(value) for sent, name in present.custom if (value := told.left(sent)) is not None}
    found = _read(told, present.model)
    found["parameters"] = _parameters(told, present.parameters)
    found["tokens"] = Tokens(**_read(told, present.tokens))
    found |= _read(told, present.rest)
    seconds = first_token.get("first_token_s")
    found["first_token_ms"] = first_token.get("first_token_ms") if seconds is None else seconds * 1000
    return Call(**found, **_mended(about), custom=custom)


def context(told: Attributes, names: Names) -> Context:
    """In whose name the span was made."""
    return Context(**_mended(_read(told, told.remembered(_present, names).context)))


def context_names(names: Names) -> frozenset[str]:
    """The attributes that tell in whose name a span was made."""
    return frozenset(alias for name in _CONTEXT for alias in getattr(names, name))


def _mended(about: Object) -> Object:
    """Without what Logfire writes in place of values that look secret: it would be the session of everybody."""
    for name in ("user_id", "session_id"):
        identity = about.get(name)
        if identity is not None and identity.startswith("[Scrubbed due to "):
            del about[name]
    if "tags" in about:
        about["tags"] = tuple(about["tags"])
    return about


_Reader = Callable[..., Any]
_Fact = tuple[str, _Reader, Aliases]
"""A fact by its name in `Call`, `Tokens` or `Context`, how it is read, and the attributes that may tell it."""
_Below = tuple[tuple[str, str], ...]
"""Attributes, each with what it is called there where it goes."""


@dataclass(frozen=True, slots=True)
class _Present:
    """What attributes of some names may tell, in the order in which it is read: most names of a table are not there."""

    first_token: tuple[_Fact, ...]
    context: tuple[_Fact, ...]
    model: tuple[_Fact, ...]
    tokens: tuple[_Fact, ...]
    rest: tuple[_Fact, ...]
    custom: _Below
    parameters: _Below


def _present(names: Names, attributes: frozenset[str]) -> _Present:
    def among(read: Mapping[str, _Reader], suffix: str = "") -> tuple[_Fact, ...]:
        found = [(name, reader, _among(attributes, getattr(names, name + suffix))) for name, reader in read.items()]
        return tuple(fact for fact in found if fact[2])

    return _Present(
        among(_FIRST_TOKEN),
        among(_CONTEXT),
        among(_MODEL),
        among(_TOKENS, "_tokens"),
        among(_REST),
        tuple(_below(names.custom, attributes)),
        tuple(
            (sent, _PARAMETERS.get(name) or name.replace(".", "_"))
            for sent, name in _below(names.parameters, attributes)
            if name not in _NOT_PARAMETERS
        ),
    )


def _among(attributes: Collection[str], aliases: Aliases) -> Aliases:
    return tuple(name for name in aliases if name in attributes)


def _below(prefixes: Aliases, attributes: Collection[str]) -> Iterator[tuple[str, str]]:
    """The attributes that start with the prefixes, with the rest of their names."""
    for prefix in prefixes:
        yield from ((name, rest) for name in sorted(attributes) if name.startswith(prefix) and (rest := name.removeprefix(prefix)))


_FIRST_TOKEN: Final = {"first_token_s": Attributes.number, "first_token_ms": Attributes.number}
_CONTEXT: Final = {
    **dict.fromkeys(("user_id", "session_id", "conversation_id", "function_id", "workflow_id", "agent_id"), Attributes.text),
    "tags": Attributes.texts,
}
_MODEL: Final[Mapping[str, _Reader]] = dict.fromkeys(("requested_model", "answered_model", "provider"), Attributes.text)
_TOKENS: Final = {name.removesuffix("_tokens"): Attributes.count for field in fields(Names) if (name := field.name).endswith("_tokens")}


def _cost_usd(told: Attributes, *names: str) -> float | None:
    """The cost; None for 0, which instrumentations write where they know no price."""
    return told.number(*names) or None


_REST: Final[Mapping[str, _Reader]] = {
    "cost_usd": _cost_usd,
    "tokens_per_second": Attributes.number,
    "response_id": Attributes.text,
    "error_type": Attributes.text,
}


def _read(told: Attributes, facts: tuple[_Fact, ...]) -> Object:
    return {name: value for name, read, aliases in facts if (value := read(told, *aliases)) is not None}


def _parameters(told: Attributes, below: _Below) -> Object:
    """The parameters below the prefixes; one that a later prefix tells otherwise is left."""
    found: Object = {}
    for name, parameter in below:
        if (sent := told.left(name)) is None:
            continue
        value = parsed(sent)
        if found.setdefault(parameter, value) != value:
            told.leave(name)
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
