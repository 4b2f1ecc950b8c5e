"""Taking records: one, a list, or lines of JSON without end."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from generations.errors import GenerationsError, InvalidInput
from generations.record import content, identity
from generations.record.encode import Naming, encode_each, encode_records
from generations.server import schemas
from generations.server.bodies import lines_of, unpacked, whole_body
from generations.server.call import JSON_LINES, Call, Endpoint, flag, known_parameters
from generations.server.taking import ROOM_OF_A_RECORD, Taken, UnderWay, encoded, submit

if TYPE_CHECKING:
    from starlette.responses import Response

PARAMETERS: Final = {"atomic": "true: take all of the records, or none when one is refused"}
IDEMPOTENCY_KEY: Final = "idempotency-key"
_LINE_TYPES: Final = (JSON_LINES, "application/jsonl", "application/x-jsonlines")
_MOST_IN_FLIGHT: Final = 16
_KEY: Final = re.compile(r"[!-~]{1,255}")


async def insert(call: Call) -> Response:
    """Take one record, a list of them, or JSON lines; the answer comes once they are on disk.

    Refused records of a list or of lines are told by their number, and the others are taken, unless `atomic=true`.
    Under an `Idempotency-Key` records without an id get ids that are made of the key and of what was sent, so that
    the same request sent again adds nothing, whenever that is.
    """
    known_parameters(call.request, PARAMETERS)
    atomic = flag(call.request, "atomic")
    name = _naming(call.request.headers.get(IDEMPOTENCY_KEY))
    is_lines = call.request.headers.get("content-type", "").partition(";")[0].strip().lower() in _LINE_TYPES
    if is_lines and not atomic:
        return await _insert_stream(call, name)
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        if is_lines:
            records = [line for line in body.split(b"\n") if line and not line.isspace()]
        elif body.lstrip().startswith(b"["):
            records = _elements(body)
        else:
            records, atomic = [body], True
        holding.take(ROOM_OF_A_RECORD * len(records))
        taken = Taken()
        if atomic:
            rows = await encoded(call, encode_records, records, len(body), name)
        else:
            rows, refused = await encoded(call, encode_each, records, len(body), name)
            taken.refuse(refused, range(1, len(records) + 1))
        if len(rows):
            under_way = await submit(call, rows, holding)
            taken.count(under_way.ids, await under_way.written)
        return taken.response(call)


def _naming(key: str | None) -> Naming:
    if key is None:
        return identity.fresh
    if not _KEY.fullmatch(key):
        raise InvalidInput("an Idempotency-Key is 1 to 255 visible ASCII characters", path="Idempotency-Key")
    return identity.by_request(key)


def _elements(body: bytes) -> list[bytes]:
    """The JSON texts in a list, each as it was sent."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise content.diagnose(body, error) from None


async def _insert_stream(call: Call, name: Naming) -> Response:
    """JSON lines of any length, in flat memory: lines are read and encoded while those before them are written.

    Where there is no room for more it is not read on, which the client feels as a slow connection.
    """
    settings = call.state.settings
    taken = Taken()
    under_way: deque[UnderWay] = deque()
    patience_seconds = 0.0
    try:
        async for lines in lines_of(unpacked(call.request), settings.max_batch_bytes, settings.max_body_bytes):
            with call.state.room.holding() as holding:
                size_bytes = sum(map(len, lines.texts))
                await holding.wait_for(size_bytes + ROOM_OF_A_RECORD * len(lines.texts), patience_seconds)
                patience_seconds = settings.room_seconds
                rows, refused = await encoded(call, encode_each, lines.texts, size_bytes, name)
                taken.refuse(refused, lines.numbers)
                if len(rows):
                    under_way.append(await submit(call, rows, holding))
            while under_way and (len(under_way) > _MOST_IN_FLIGHT or under_way[0].written.done()):
                await _settle(taken, under_way)
        while under_way:
            await _settle(taken, under_way)
    except GenerationsError as error:
        raise await _cut_short(error, taken, under_way) from None
    return taken.response(call)


async def _settle(taken: Taken, under_way: deque[UnderWay]) -> None:
    """Wait for the oldest of what is under way, and count it."""
    one = under_way.popleft()
    taken.count(one.ids, await one.written)


async def _cut_short(error: GenerationsError, taken: Taken, under_way: deque[UnderWay]) -> GenerationsError:
    """The error that ended a stream, with what was taken before it: that stays."""
    while under_way:
        with suppress(GenerationsError):
            await _settle(taken, under_way)
    count = taken.inserted + taken.replaced + taken.unchanged
    if count:
        hint = f"{count:,} records of this request were taken; to send it again adds none of them twice if they have ids"
        error.hint = f"{error.hint}; {hint}" if error.hint else hint
    return error


_HEADERS: Final = {"Idempotency-Key": "The same request under the same key adds nothing a second time."}

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/generations",
        insert,
        "ingest",
        "Record generations: one, a list, or JSON lines.",
        parameters=PARAMETERS,
        status=201,
        statuses=(200,),
        answer=schemas.TAKEN,
        headers=_HEADERS,
    ),
)
