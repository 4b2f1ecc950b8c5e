"""OpenAI's stored completions: what `GET /v1/chat/completions` and `GET /v1/responses/{id}` hand out.

The shapes are `ChatCompletionList` and `CreateChatCompletionResponse` of openai/openai-openapi: pages
`{"object": "list", "data": […], "first_id": …, "has_more": …}`, or one completion a line. A stored completion repeats the
parameters of its request, but not the messages: `GET /v1/chat/completions/{id}/messages` has them, and under `messages`
(the page of that answer, or its list) they become the input. A stored response has its own under `input`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generations.wire.call import Call
from generations.wire.exchange import Exchange, each_of, record_of
from generations.wire.loose_instants import iso_instant
from generations.wire.payload import Object, as_list, as_object, as_text, without_absent
from generations.wire.provider_bodies import tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = 'stored completions of OpenAI: a page {"object": "list", "data": [{"object": "chat.completion", …}]}, or one of them a line'

_KINDS: Final = frozenset(["chat.completion", "response"])
_OF_THE_ANSWER: Final = frozenset(
    [
        "id",
        "object",
        "created",
        "created_at",
        "model",
        "choices",
        "output",
        "output_text",
        "usage",
        "system_fingerprint",
        "service_tier",
        "status",
        "error",
        "incomplete_details",
    ]
)
_OF_THE_LOG: Final = frozenset(["metadata", "input_user", "messages", "request_id"])


def recognises(document: Any) -> bool:
    """True for a page of completions or responses, an empty one too, and for one of them."""
    holder = as_object(document)
    if holder.get("object") == "list" and "has_more" in holder:
        return all(as_text(as_object(item).get("object")) in _KINDS for item in as_list(holder.get("data"))[:1])
    return as_text(holder.get("object")) in _KINDS


def records(document: Any) -> Iterator[Object]:
    """One record for each completion of a page."""
    for item in each_of(document, "data"):
        if as_text(item.get("object")) in _KINDS:
            yield _record(item)


def _record(item: Object) -> Object:
    """The parameters that are told belong to the request, the rest to the answer; its model is the one that answered."""
    answer = {name: value for name, value in item.items() if name in _OF_THE_ANSWER}
    request = without_absent({name: value for name, value in item.items() if name not in _OF_THE_ANSWER | _OF_THE_LOG})
    messages = _messages(item)
    told = Call(
        provider="openai",
        user_id=as_text(item.get("input_user")),
        custom=as_object(item.get("metadata")),
        kept=without_absent({"apiRequestId": as_text(item.get("request_id"))}),
    )
    return record_of(
        Exchange(
            id=as_text(item.get("id")),
            timestamp=iso_instant(item.get("created", item.get("created_at"))),
            request=request | ({"messages": messages} if messages else {}),
            response=answer,
            told=told,
            has_failed=item.get("status") == "failed" or None,
            source="openai",
        )
    )


def _messages(item: Object) -> list[Any]:
    """Messages without the ids and nulls of their page."""
    found = item.get("messages")
    listed = as_list(found) or as_list(as_object(found).get("data"))
    return [tidy({name: value for name, value in as_object(message).items() if name != "id"}) for message in listed]
