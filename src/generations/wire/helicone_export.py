"""Helicone: requests as its query API and its export tool hand them out.

The shape is `HeliconeRequest` of Helicone/helicone (`POST /v1/request/query-clickhouse`: `{"data": […]}`), and what
`examples/export` makes of it: JSON, JSON lines, or CSV with a part of the columns and doubly quoted JSON. The bodies are
the provider's own, and there only if the export fetched them (`--include-body`); otherwise Helicone's reading of them under
`llmSchema` stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generations.wire.call import Call, Choice, Tokens
from generations.wire.cells import object_in, structures
from generations.wire.exchange import Exchange, each_of, record_of
from generations.wire.loose_instants import between_ms, iso_instant
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = (
    'an export of Helicone: {"request_id": …, "request_created_at": …, "request_body": …, "response_body": …}, a page of them, or CSV'
)

_STRUCTURES: Final = ("request_body", "response_body", "request_properties", "properties", "llmSchema", "scores", "asset_ids", "asset_urls")
_NO_CACHE_HIT: Final = frozenset([None, "00000000-0000-0000-0000-000000000000"])
"""Values of `cache_reference_id` for an answer that Helicone did not take from its cache."""

_PENDING: Final = -2
"""Of `response_status`: no answer yet. Other numbers below zero are calls that were cut off or refused by Helicone."""


def recognises(document: Any) -> bool:
    """True for a request, and for a page of them."""
    return any("request_created_at" in item and not item.keys().isdisjoint(_MARKS) for item in each_of(document, "data")[:1])


_MARKS: Final = frozenset(["request_body", "response_status", "request_properties", "request_path"])


def records(document: Any) -> Iterator[Object]:
    """One record for each request to a model; tools and vector databases that were logged beside are left out."""
    for item in each_of(document, "data"):
        row = structures(item, *_STRUCTURES)
        if "_type" not in as_object(row.get("request_body")):
            yield _record(row)


def _record(row: Object) -> Object:
    status = as_number(row.get("response_status"))
    return _feedback(row) | record_of(
        Exchange(
            id=first_text(row.get("request_id"), row.get("response_id")),
            timestamp=iso_instant(row.get("request_created_at")),
            request=as_object(row.get("request_body")),
            response=row.get("response_body"),
            told=_told(row),
            latency_ms=_latency_ms(row),
            has_failed=None if status in (None, _PENDING) else not 200 <= status < 400,
            error_code=str(status) if status is not None and status >= 400 else None,
            source="helicone",
        )
    )


def _told(row: Object) -> Call:
    """What Helicone's columns tell beside the bodies."""
    properties = object_in(row.get("request_properties")) or object_in(row.get("properties"))
    schema, provider = as_object(row.get("llmSchema")), as_text(row.get("provider"))
    kept = {name: value for name, value in row.items() if name not in _READ}
    return Call(
        requested_model=first_text(row.get("model_override"), row.get("request_model"), row.get("model")),
        answered_model=as_text(row.get("response_model")),
        provider=None if provider == "CUSTOM" else provider,
        input=_schema_input(schema),
        choices=_schema_choices(schema),
        tokens=_tokens(row),
        cost_usd=_cost_usd(row),
        first_token_ms=as_number(row.get("time_to_first_token")) or None,
        user_id=first_text(row.get("request_user_id"), row.get("helicone_user")),
        session_id=as_text(properties.get("Helicone-Session-Id")),
        function_id=as_text(row.get("prompt_id")),
        custom={name: value for name, value in properties.items() if not name.startswith(_OF_HELICONE)},
        kept=kept | {name: value for name, value in properties.items() if name.startswith(_OF_HELICONE)},
    )


_OF_HELICONE: Final = "Helicone-"
"""Beginning of the properties that Helicone gives a meaning; the others are the user's own."""

_READ: Final = frozenset(
    [
        "request_id",
        "request_created_at",
        "request_body",
        "response_body",
        "llmSchema",
        "model",
        "request_model",
        "response_model",
        "model_override",
        "provider",
        "total_tokens",
        "prompt_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "prompt_cache_read_tokens",
        "prompt_cache_write_tokens",
        "prompt_audio_tokens",
        "completion_audio_tokens",
        "delay_ms",
        "latency",
        "time_to_first_token",
        "request_user_id",
        "request_properties",
        "properties",
        "feedback_rating",
        "feedback_created_at",
        "signed_body_url",
        "cost",
        "costUSD",
    ]
)


def _schema_input(schema: Object) -> Any:
    request = as_object(schema.get("request"))
    return request.get("messages") or request.get("prompt") or request.get("input")


def _schema_choices(schema: Object) -> tuple[Choice, ...]:
    response = as_object(schema.get("response"))
    messages = as_list(response.get("messages")) or ([response["message"]] if response.get("message") else [])
    return tuple(Choice(spoken(message)) for message in messages)


def _tokens(row: Object) -> Tokens:
    """Helicone's columns, where the answer does not tell its usage.

    The cached tokens of Anthropic stand beside the prompt. Reasoning stands beside the completion where the total says so.
    """
    prompt, completion, total = (as_count(row.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if not prompt and not completion:
        return Tokens()  # Helicone writes 0 where it found no usage
    cached, written = as_count(row.get("prompt_cache_read_tokens")) or 0, as_count(row.get("prompt_cache_write_tokens")) or 0
    reasoning = as_count(row.get("reasoning_tokens")) or 0
    is_beside = str(row.get("provider")).upper() in ("ANTHROPIC", "BEDROCK") or cached + written > (prompt or 0)
    if is_beside:
        prompt = (prompt or 0) + cached + written
    if reasoning and (total == (as_count(row.get("prompt_tokens")) or 0) + (completion or 0) + reasoning or reasoning > (completion or 0)):
        completion = (completion or 0) + reasoning
    return Tokens(
        prompt=prompt,
        completion=completion,
        cached=cached or None,
        cache_write=written or None,
        reasoning=reasoning or None,
        input_audio=as_count(row.get("prompt_audio_tokens")) or None,
        output_audio=as_count(row.get("completion_audio_tokens")) or None,
    )


def _cost_usd(row: Object) -> float | None:
    """US dollars. Helicone writes 0 where it knows no price; an answer from its cache did cost nothing."""
    cost = as_number(row.get("costUSD", row.get("cost")))
    is_free = row.get("cache_reference_id") not in _NO_CACHE_HIT
    return cost if cost or is_free else None


def _latency_ms(row: Object) -> float | None:
    told = as_number(row.get("delay_ms", row.get("latency")))
    return told if told is not None and told >= 0 else between_ms(row.get("request_created_at"), row.get("response_created_at"))


def _feedback(row: Object) -> Object:
    rating = row.get("feedback_rating")
    if rating not in (True, False, "true", "false"):
        return {}
    thumbs = "up" if rating in (True, "true") else "down"
    return {"feedback": without_absent({"thumbs": thumbs, "timestamp": iso_instant(row.get("feedback_created_at"))})}
