"""OpenAI's Batch API: the lines of output and error files, joined with those of the input file where it is given.

The shapes are those of `BatchRequestInput` and `BatchRequestOutput` in openai/openai-openapi; Azure, Together,
Fireworks and others write the same. An output line names its request by `custom_id` and does not repeat it:

    {"id": "batch_req_…", "custom_id": "…", "response": {"status_code": 200, "request_id": "…", "body": {…}}, "error": null}

Requests that failed, expired or were cancelled have an `error` and no response, or a response with a status of 400 or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generations.wire.call import Call
from generations.wire.exchange import Exchange, record_of
from generations.wire.loose_instants import iso_instant
from generations.wire.payload import Object, as_count, as_object, as_text, first_text, without_absent

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = 'an output or error file of OpenAI\'s Batch API: {"id": …, "custom_id": …, "response": {…}, "error": …} a line'

REQUEST: Final = "request"
"""Where a line carries the body of its request, once it has been found in the input file."""

AMBIGUOUS: Final = "requestIsAmbiguous"
"""Says of a line that several different requests have its `custom_id`."""


def recognises(document: Any) -> bool:
    """True for a line of an output or error file; those of the input file are requests without answers."""
    line = as_object(document)
    return "custom_id" in line and ("response" in line or "error" in line)


def is_request(document: Any) -> bool:
    """True for a line of the input file."""
    line = as_object(document)
    return "custom_id" in line and isinstance(line.get("body"), dict) and "response" not in line


def records(document: Any) -> Iterator[Object]:
    """The record of one answered or failed request."""
    line = as_object(document)
    response = as_object(line.get("response"))
    body = as_object(response.get("body"))
    code, error = as_count(response.get("status_code")), line.get("error") or None
    has_failed = code is not None and code >= 400
    kept: Object = {
        "customId": as_text(line.get("custom_id")),
        "statusCode": code,
        "apiRequestId": as_text(response.get("request_id")),
        AMBIGUOUS: line.get(AMBIGUOUS),
    }
    yield record_of(
        Exchange(
            # A `custom_id` is unique in its batch only.
            id=first_text(line.get("id"), body.get("id"), response.get("request_id")),
            timestamp=iso_instant(body.get("created", body.get("created_at"))),
            request=as_object(line.get(REQUEST)),
            response={"error": error} if error else response.get("body"),
            told=Call(provider="openai" if str(line.get("id")).startswith("batch_req_") else None, kept=without_absent(kept)),
            has_failed=bool(error) or has_failed,
            error_code=str(code) if has_failed else None,
            metadata={"processing": "batch"},
            source="openaiBatch",
        )
    )
