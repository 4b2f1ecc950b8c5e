"""Clients of the providers' SDKs, watched: for programs that have no OpenTelemetry instrumentation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from generations.capture.counters import LOG
from generations.capture.process import keep
from generations.capture.proxies import Hidden, watched
from generations.capture.recording import Calling, Recording, current_recording

Client = TypeVar("Client")

_RESOURCES: Final = ("chat.completions", "responses", "messages", "completions", "beta.chat.completions", "beta.messages")
"""Where the clients of OpenAI and Anthropic, and those made like them, keep the calls that generate."""
_PATHS: Final = frozenset(["/chat/completions", "/responses", "/v1/messages", "/completions"])
_HOSTS: Final = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "openai.azure.com": "azure",
    "generativelanguage.googleapis.com": "google",
    "api.groq.com": "groq",
    "openrouter.ai": "openrouter",
    "api.mistral.ai": "mistral",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "x-ai",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
}
_TELL_USAGE_WHEN_ASKED: Final = frozenset(["api.openai.com", "openai.azure.com"])
INSTRUMENTED: Final[set[str]] = set()
"""Packages whose calls are told by an instrumentation that `instrument()` has turned on: they are not recorded a second time."""
_UNSET: Final = frozenset(["Omit", "NotGiven"])


def watch(client: Client, *, stream_usage: bool | None = None) -> Client:
    """Record every generation of one client; see `instrument`. Watching again changes nothing."""
    host = _known_host(client)
    package = type(client).__module__.partition(".")[0]
    provider = _HOSTS[host] if host is not None else package
    asks = host in _TELL_USAGE_WHEN_ASKED if stream_usage is None else stream_usage
    watched_any = False
    for path in _RESOURCES:
        with suppress(Exception):  # a client without this resource, or one that does not let itself be watched
            resource: Any = attrgetter(path)(client)
            name = "_post" if callable(getattr(resource, "_post", None)) else "create"
            call = getattr(resource, name)
            if not hasattr(call, "generations_recorded"):
                setattr(resource, name, _recorded(call, package, provider, asks_usage=asks))
            watched_any = True
    if not watched_any:
        LOG.warning("%s is not a client that can be instrumented", type(client).__qualname__)
    return client


def _known_host(client: Any) -> str | None:
    """Which of the known hosts serves it; None for any other, which may be a proxy of whomever."""
    with suppress(Exception):  # not every client has an address
        host = urlsplit(str(client.base_url)).hostname or ""
        return next((known for known in _HOSTS if host == known or host.endswith("." + known)), None)
    return None


def _recorded(call: Callable[..., Any], package: str, provider: str, *, asks_usage: bool) -> Callable[..., Any]:
    """The call, recorded. What goes wrong in recording is not seen by the host: the call is made as it would have been."""

    @functools.wraps(call)
    def recorded_call(*args: Any, **kwargs: Any) -> Any:
        recording: Recording | None = None
        is_hidden: Hidden | None = None
        with suppress(Exception):
            body = None if package in INSTRUMENTED else _body(args, kwargs)
            if body is not None:
                recording = Recording(keep, provider=provider, request=body)
                recording.is_automatic = True
                if asks_usage and "body" in kwargs and body.get("stream") and "messages" in body and not body.get("stream_options"):
                    kwargs = {**kwargs, "body": {**kwargs["body"], "stream_options": {"include_usage": True}}}
                    is_hidden = _is_usage_alone
        if recording is None:
            return call(*args, **kwargs)
        with Calling(recording):
            result = call(*args, **kwargs)
        if inspect.isawaitable(result):  # it runs later, and maybe in another task
            return _awaited(result, recording, is_hidden)
        return _returned(result, recording, is_hidden)

    recorded_call.generations_recorded = True  # pyright: ignore[reportAttributeAccessIssue] - told to the next one who asks
    return recorded_call


def _body(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """What is asked of the model; None when this call generates nothing, or is part of one that is recorded already."""
    outer = current_recording()
    if outer is not None and outer.is_automatic:
        return None
    sent = kwargs
    if "body" in kwargs:
        path: Any = args[0] if args else kwargs.get("path")
        if not isinstance(path, str) or path.partition("?")[0] not in _PATHS:
            return None
        sent = kwargs["body"]
        options = kwargs.get("options")
        if isinstance(options, dict) and isinstance(extra := cast("dict[str, Any]", options).get("extra_json"), dict):
            sent = sent | cast("dict[str, Any]", extra)
    return {name: value for name, value in sent.items() if type(value).__name__ not in _UNSET and value is not None}


async def _awaited(result: Awaitable[Any], recording: Recording, is_hidden: Hidden | None) -> Any:
    with Calling(recording):
        answer = await result
    return _returned(answer, recording, is_hidden)


def _returned(answer: Any, recording: Recording, is_hidden: Hidden | None) -> Any:
    with suppress(Exception):  # an answer of an unknown kind goes to the host as it is
        stream = watched(answer, recording, is_hidden)
        if stream is not None:
            return stream
        parse = getattr(answer, "parse", None)
        is_raw = callable(parse) and not hasattr(answer, "model_fields") and hasattr(answer, "http_response")
        if not is_raw:
            recording.response(answer)
        elif not (recording.request or {}).get("stream"):
            parsed: Any = cast("Callable[[], Any]", parse)()
            if inspect.iscoroutine(parsed):
                parsed.close()
            else:
                recording.response(parsed)
    recording.end()
    return answer


def _is_usage_alone(chunk: Any) -> bool:
    """The last chunk of a chat completion whose usage was asked for: no choices, only the tokens."""
    return not chunk.choices and chunk.usage is not None
