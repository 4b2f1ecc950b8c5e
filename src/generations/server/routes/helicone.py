"""Taking what Helicone's manual loggers post."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from generations.record import content
from generations.record.encode import encode_records
from generations.server import schemas
from generations.server.bodies import whole_body
from generations.server.call import JSON, Call, Endpoint, Handler, answer, known_parameters
from generations.server.taking import ROOM_OF_A_RECORD, submit, worked_out
from generations.wire.helicone import record_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from generations.record.encode import Rows

_ID_TOLD: Final = "Helicone-Id"
_HEADERS: Final = {
    "Helicone-Auth": "The key, as `Bearer <key>`; `Authorization` is read without it.",
    "Helicone-Request-Id": "The id of the record; the same log under the same id is one.",
    "Helicone-User-Id": "Who asked.",
    "Helicone-Session-Id": "The conversation.",
    "Helicone-Prompt-Id": "The prompt: `metadata.functionId`.",
    "Helicone-Property-<name>": "A property of one's own, kept in `metadata` under its name in lower case.",
    "Helicone-Model-Override": "The model, in place of the one that the request names.",
    "Helicone-Omit-Request": "`true`: what was asked is not kept, only its tokens.",
    "Helicone-Omit-Response": "`true`: what was answered is not kept, only its tokens.",
}


async def _take(call: Call, provider: str | None) -> Response:
    known_parameters(call.request, {})
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        holding.take(ROOM_OF_A_RECORD)
        rows = await worked_out(
            call, partial(_read, body, dict(call.request.headers), provider, call.collection.max_record_bytes), len(body)
        )
        call.exchange.records, call.exchange.refused = 0 if rows is None else len(rows), 0
        if rows is None:
            return answer({"id": None})
        under_way = await submit(call, rows, holding)
        await under_way.written
        return answer({"id": under_way.ids[0]}, headers={_ID_TOLD: _in_a_header(under_way.ids[0])})


def _read(body: bytes, headers: dict[str, str], provider: str | None, max_record_bytes: int) -> Rows | None:
    record = record_of(content.loads(body), headers, provider)
    return None if record is None else encode_records([record], max_record_bytes)


def _in_a_header(id: str) -> str:
    return id.encode("latin-1", errors="replace").decode("latin-1")


def _error(told: dict[str, Any], request: Request) -> tuple[bytes, str]:
    """An error as Helicone's worker writes it, with our code beside."""
    del request
    return msgspec.json.encode({"error": told["detail"], "code": told["code"], "requestId": told["requestId"]}), JSON


async def custom(call: Call) -> Response:
    """Take the log of a call of any model; the answer comes once it is on disk.

    Logs of tools and vector databases are no generations: they are answered with `null` for an id.
    """
    return await _take(call, None)


async def openai(call: Call) -> Response:
    """Take the log of a call of OpenAI's API."""
    return await _take(call, "openai")


async def anthropic(call: Call) -> Response:
    """Take the log of a call of Anthropic's API."""
    return await _take(call, "anthropic")


async def google(call: Call) -> Response:
    """Take the log of a call of Google's API."""
    return await _take(call, "google")


def _endpoint(path: str, handle: Handler, of: str) -> Endpoint:
    return Endpoint(
        "POST",
        path,
        handle,
        "ingest",
        f"Record a log of Helicone's manual loggers: {of}.",
        body=schemas.OBJECT,
        answer=schemas.shape(id=schemas.nullable(schemas.TEXT)),
        headers=_HEADERS,
        wording=_error,
        key_headers=("helicone-auth", "authorization"),
    )


ENDPOINTS: Final = (
    _endpoint("/custom/v1/log", custom, "any model"),
    _endpoint("/oai/v1/log", openai, "OpenAI"),
    _endpoint("/anthropic/v1/log", anthropic, "Anthropic"),
    _endpoint("/googleapis/v1/log", google, "Google"),
)
