"""Helicone: the logs that its manual loggers post for calls that did not go through its proxy.

Source: `@helicone/helpers` 1.8.3, `helicone-helpers` 1.2.1 and `helicone` 1.0.14, and the worker of Helicone/helicone that reads
them. A log holds both bodies, the times, and an HTTP status; who asked and what for stands in headers, of the request or
under `meta`. An answer of a stream is text: its events, one a line, behind the error that cut it off, if one did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from generations.errors import InvalidRecord
from generations.record import content, instants
from generations.record.shape import LONGEST_ID
from generations.wire.bounds import Bounded
from generations.wire.call import Call
from generations.wire.exchange import Exchange
from generations.wire.exchange import record_of as record_of_exchange
from generations.wire.loose_instants import nanoseconds
from generations.wire.payload import Object, as_list, as_number, as_object, as_text
from generations.wire.provider_bodies import Answer, answer_of
from generations.wire.streamed import joined

_HEADER: Final = "helicone-"
_PROPERTY: Final = "helicone-property-"
_MODEL_IN_URL: Final = re.compile(r"/models/([\w.@-]{1,200})")
_CANCELLED: Final = -3
"""The status that the loggers give to a stream whose reader left."""

_SECRET: Final = re.compile(r"auth|key|token|secret")


def record_of(log: Any, headers: Mapping[str, str], provider: str | None) -> Object | None:
    """The record of a log; None when it tells of a tool or a vector database.

    Args:
        log: the body of the request.
        headers: its headers, their names in lower case.
        provider: the one that the path names.

    Raises:
        InvalidRecord: it is no such log.
    """
    bounded = Bounded()
    sent = as_object(bounded.json(log))
    asked, answered = sent.get("providerRequest"), sent.get("providerResponse")
    if not isinstance(asked, dict) or not isinstance(answered, dict):
        raise InvalidRecord(
            "expected a log with the objects `providerRequest` and `providerResponse`", hint="as Helicone's loggers send it"
        )
    asked, answered = as_object(asked), as_object(answered)
    request = as_object(asked.get("json"))
    if "_type" in request:
        return None
    named = _headers(asked.get("meta"), headers)
    if "model-override" in named:
        request = request | {"model": named["model-override"]}
    status = as_number(answered.get("status"))
    answer, error = _answer(answered, bounded)
    has_failed = error is not None or (status is not None and (status < 0 or status >= 400))
    partial = answer_of(as_object(answer)) if has_failed else None
    timing = as_object(sent.get("timing"))
    start_ns, end_ns = (bounded.instant_ns(_nanoseconds(timing.get(name)), name) for name in ("startTime", "endTime"))
    record = record_of_exchange(
        Exchange(
            id=_id(named.get("request-id"), log),
            timestamp=None if start_ns is None else instants.iso(instants.from_micros(start_ns // 1000)),
            request=request,
            response=error or (answer if partial is None else None),
            told=_told(sent, named, provider, _properties(asked.get("meta"), headers, bounded), partial or Answer()),
            latency_ms=None if start_ns is None or end_ns is None else (end_ns - start_ns) / 1e6,
            has_failed=has_failed if has_failed or status is not None else None,
            error_code=str(int(status)) if status is not None and 400 <= status < 1000 else None,
            source="helicone",
        )
    )
    if status == _CANCELLED:
        record.setdefault("error", {"type": "cancelled"})
    if bounded.notes:
        record["metadata"] = {**record.get("metadata", {}), "notes": [*bounded.notes, *as_list(record.get("metadata", {}).get("notes"))]}
    return _without_content(record, is_request=named.get("omit-request") == "true", is_response=named.get("omit-response") == "true")


def _told(sent: Object, named: Mapping[str, str], provider: str | None, properties: Object, partial: Answer) -> Call:
    """What the log tells beside both bodies, and of a call that failed what had come until then."""
    asked = as_object(sent.get("providerRequest"))
    return Call(
        requested_model=_model_in_url(asked.get("url")),
        answered_model=partial.model,
        provider=provider or _named_provider(sent.get("provider")),
        choices=partial.choices,
        tokens=partial.tokens,
        response_id=partial.response_id,
        first_token_ms=as_number(as_object(sent.get("timing")).get("timeToFirstToken")) or None,
        user_id=named.get("user-id"),
        session_id=named.get("session-id"),
        function_id=named.get("prompt-id"),
        custom=properties,
        kept=_kept(named, asked),
    )


def _headers(meta: Any, headers: Mapping[str, str]) -> dict[str, str]:
    """What Helicone's headers say, by their names without `helicone-`; those of the HTTP request go before those of the log."""
    told = {name.lower(): value for name, value in as_object(meta).items() if isinstance(value, str)} | dict(headers)
    return {name.removeprefix(_HEADER): value for name, value in told.items() if name.startswith(_HEADER) and value}


def _properties(meta: Any, headers: Mapping[str, str], bounded: Bounded) -> Object:
    """The user's own properties. HTTP carries their names in lower case; a log keeps them as they are."""
    told: dict[str, Any] = {**headers, **as_object(meta)}
    own = ((name[len(_PROPERTY) :], value) for name, value in told.items() if name.lower().startswith(_PROPERTY))
    return bounded.members(own, bounded.json)


_READ: Final = frozenset(
    ["request-id", "user-id", "session-id", "prompt-id", "model-override", "omit-request", "omit-response", "id", "org-id", "url"]
)


def _kept(named: Mapping[str, str], asked: Object) -> Object:
    """The other headers, such as the path of a session, but those that may hold a secret."""
    kept: Object = {
        name: value for name, value in named.items() if name not in _READ and not name.startswith("property-") and not _SECRET.search(name)
    }
    url = as_text(asked.get("url"))
    if url is not None and url != "custom-model-nopath":
        kept["url"] = url.partition("?")[0]  # the query may hold a key
    return kept


def _id(request_id: str | None, log: Any) -> str:
    """The one that the sender chose, else one of the log itself: the loggers do not send again by themselves, but others may."""
    if request_id is not None and len(request_id) <= LONGEST_ID:
        return request_id
    return "helicone-" + blake2b(content.to_json((request_id, log)), digest_size=16).hexdigest()


def _answer(answered: Object, bounded: Bounded) -> tuple[Any, str | None]:
    """The answer, put together if it was streamed, and the error that the logger of a failed call wrote before it."""
    text = as_text(answered.get("textBody"))
    body = as_object(answered.get("json"))
    if text is None:
        marks = ("_type", "toolName", "name") if body.get("_type", "unknown") == "unknown" else ()
        return {name: value for name, value in body.items() if name not in marks}, None
    events, others = _events(text, bounded)
    if not events:
        return (None, text.strip()) if text.startswith(_TRACEBACK) else (text, None)
    answer: Any = events[0] if len(events) == 1 and answer_of(events[0]) and not _is_chunk(events[0]) else joined(events)
    if answer is None:
        return text, None
    return answer, "\n".join(others).strip() or None


_TRACEBACK: Final = "Traceback (most recent call last):"


def _is_chunk(event: Object) -> bool:
    return event.get("object") == "chat.completion.chunk"


def _events(text: str, bounded: Bounded) -> tuple[list[Object], list[str]]:
    """The objects in a text, whole or one a line as servers send events, and the other lines."""
    whole = _object(text, bounded)
    if whole is not None:
        return [whole], []
    events: list[Object] = []
    others: list[str] = []
    for line in text.split("\n"):
        data = line.strip().removeprefix("data:").strip()
        event = _object(data, bounded) if data.startswith("{") else None
        if event is not None:
            events.append(event)
        elif data and data != "[DONE]" and not data.startswith(("event:", "id:", "retry:", ":")):
            others.append(line)
    return events, others


def _object(text: str, bounded: Bounded) -> Object | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = content.from_json(text)
    except (ValueError, RecursionError):
        return None
    return as_object(bounded.json(value)) or None


def _nanoseconds(value: Any) -> int | None:
    """Of seconds and milliseconds apart, as all current loggers send it; else of any number or text that says an instant."""
    parts = as_object(value)
    if not parts:
        return nanoseconds(value)
    seconds, milliseconds = as_number(parts.get("seconds")), as_number(parts.get("milliseconds"))
    if seconds is None:
        return None
    return round(min(max(seconds, -_MOST_SECONDS), _MOST_SECONDS) * 1000 + min(max(milliseconds or 0, 0), 999)) * 1_000_000


_MOST_SECONDS: Final = 10**12


def _model_in_url(url: Any) -> str | None:
    """Google's API names the model in the path and nowhere else."""
    found = _MODEL_IN_URL.search(as_text(url) or "")
    return found[1] if found else None


def _named_provider(value: Any) -> str | None:
    name = (as_text(value) or "custom").lower()
    return None if name == "custom" else name


def _without_content(record: Object, *, is_request: bool, is_response: bool) -> Object:
    """The record without what was said, where the sender wants it so: usage, times and the kind of both sides stay."""
    if is_request:
        record.get("input", {}).pop("content", None)
        kept = {name: value for name, value in record.pop("parameters", {}).items() if isinstance(value, int | float)}
        record |= {"parameters": kept} if kept else {}
    if is_response:
        for name in ("content", "alternatives"):
            record.get("output", {}).pop(name, None)
        as_object(record.get("metadata", {}).get("helicone")).pop("response", None)
    return record
