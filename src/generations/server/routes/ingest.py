"""Taking records: one, a list, or lines of JSON without end."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from anyio import to_thread

from generations.errors import GenerationsError, InvalidInput
from generations.record import content, identity
from generations.record.encode import Naming, Record, Refusal, Rows, encode_each, encode_records
from generations.server import schemas
from generations.server.bodies import lines_of, unpacked, whole_body
from generations.server.call import JSON_LINES, Call, Endpoint, answer, flag, known_parameters
from generations.server.committer import WORTH_A_BLOCK

if TYPE_CHECKING:
    from starlette.responses import Response

    from generations.server.room import Holding
    from generations.store.insertion import InsertOutcome

R = TypeVar("R")

PARAMETERS: Final = {"atomic": "true: take all of the records, or none when one is refused"}
IDEMPOTENCY_KEY: Final = "idempotency-key"
MOST_IDS_TOLD: Final = 10_000
MOST_REFUSALS_TOLD: Final = 1_000
_LINE_TYPES: Final = (JSON_LINES, "application/jsonl", "application/x-jsonlines")
_MOST_IN_FLIGHT: Final = 16
_ROOM_OF_A_RECORD: Final = 2_048
_SHORT_BYTES: Final = 64 << 10
_KEY: Final = re.compile(r"[!-~]{1,255}")


@dataclass(slots=True)
class _Taken:
    """What became of the records of one request so far.

    Attributes:
        ids: in the order sent; None once there are too many to tell.
        refused: the first of the refused records, of which there are `refused_count`.
    """

    ids: list[str] | None = field(default_factory=list[str])
    inserted: int = 0
    replaced: int = 0
    unchanged: int = 0
    refused_count: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def count(self, ids: list[str], outcome: InsertOutcome) -> None:
        if self.ids is not None:
            self.ids = self.ids + ids if len(self.ids) + len(ids) <= MOST_IDS_TOLD else None
        self.inserted += len(outcome.inserted_ids)
        self.replaced += len(outcome.replaced_ids)
        self.unchanged += len(outcome.unchanged_ids)

    def refuse(self, refusals: list[Refusal], numbers: Sequence[int]) -> None:
        self.refused_count += len(refusals)
        for one in refusals[: MOST_REFUSALS_TOLD - len(self.refused)]:
            error = one.error
            told = {"line": numbers[one.line_index], "code": error.code, "message": error.message, "path": error.path, "hint": error.hint}
            self.refused.append(told)

    def response(self, call: Call) -> Response:
        call.exchange.records, call.exchange.refused = self.inserted + self.replaced + self.unchanged, self.refused_count
        told = {
            "ids": self.ids,
            "insertedCount": self.inserted,
            "replacedCount": self.replaced,
            "unchangedCount": self.unchanged,
            "refusedCount": self.refused_count,
            "refused": self.refused,
        }
        return answer(told, 201 if self.inserted or self.replaced else 200)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """Records that the committer has."""

    ids: list[str]
    written: asyncio.Future[InsertOutcome]


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
        holding.take(_ROOM_OF_A_RECORD * len(records))
        taken = _Taken()
        if atomic:
            rows = await _encoded(call, encode_records, records, len(body), name)
        else:
            rows, refused = await _encoded(call, encode_each, records, len(body), name)
            taken.refuse(refused, range(1, len(records) + 1))
        if len(rows):
            under_way = await _submit(call, rows, holding)
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


async def _encoded(call: Call, encoding: Callable[..., R], records: Sequence[Record], size_bytes: int, name: Naming) -> R:
    """Encode, in a thread where that takes longer than getting one would."""
    encode = partial(encoding, records, call.collection.max_record_bytes, name)
    return encode() if size_bytes < _SHORT_BYTES else await to_thread.run_sync(encode, limiter=call.state.encoders)


async def _submit(call: Call, rows: Rows, holding: Holding) -> _UnderWay:
    """Hand rows to the committer, with the room that is held for them."""
    encoders, block = call.state.encoders, call.collection.store.block
    records = rows if len(rows) < WORTH_A_BLOCK else await to_thread.run_sync(block, rows, limiter=encoders)
    written = asyncio.wrap_future(call.state.committer.submit(call.project, records, holding.size_bytes))
    holding.hand_over()
    written.add_done_callback(_seen)
    return _UnderWay(rows.ids, written)


def _seen(written: asyncio.Future[InsertOutcome]) -> None:
    """An error that nobody is there to be told of any more, because the client has left, is not worth a line in the log."""
    if not written.cancelled():
        written.exception()


async def _insert_stream(call: Call, name: Naming) -> Response:
    """JSON lines of any length, in flat memory: lines are read and encoded while those before them are written.

    Where there is no room for more it is not read on, which the client feels as a slow connection.
    """
    settings = call.state.settings
    taken = _Taken()
    under_way: deque[_UnderWay] = deque()
    patience_seconds = 0.0
    try:
        async for lines in lines_of(unpacked(call.request), settings.max_batch_bytes, settings.max_body_bytes):
            with call.state.room.holding() as holding:
                size_bytes = sum(map(len, lines.texts))
                await holding.wait_for(size_bytes + _ROOM_OF_A_RECORD * len(lines.texts), patience_seconds)
                patience_seconds = settings.room_seconds
                rows, refused = await _encoded(call, encode_each, lines.texts, size_bytes, name)
                taken.refuse(refused, lines.numbers)
                if len(rows):
                    under_way.append(await _submit(call, rows, holding))
            while under_way and (len(under_way) > _MOST_IN_FLIGHT or under_way[0].written.done()):
                await _settle(taken, under_way)
        while under_way:
            await _settle(taken, under_way)
    except GenerationsError as error:
        raise await _cut_short(error, taken, under_way) from None
    return taken.response(call)


async def _settle(taken: _Taken, under_way: deque[_UnderWay]) -> None:
    """Wait for the oldest of what is under way, and count it."""
    one = under_way.popleft()
    taken.count(one.ids, await one.written)


async def _cut_short(error: GenerationsError, taken: _Taken, under_way: deque[_UnderWay]) -> GenerationsError:
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
