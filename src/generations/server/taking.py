"""Records on their way from a request to the disk, whatever the protocol in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from anyio import to_thread

from generations.errors import GenerationsError
from generations.record.encode import Naming, Record, Refusal, Rows
from generations.server.bodies import lines_of, unpacked
from generations.server.call import JSON_LINES, Call, answer
from generations.server.committer import WORTH_A_BLOCK

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from generations.joining.joiner import Taken as Joined
    from generations.joining.pieces import Told
    from generations.server.room import Holding
    from generations.store.insertion import InsertOutcome

R = TypeVar("R")

MOST_IDS_TOLD: Final = 10_000
MOST_REFUSALS_TOLD: Final = 1_000
ROOM_OF_A_RECORD: Final = 2_048
"""Bytes that a record takes up in memory beside its text."""

_SHORT_BYTES: Final = 64 << 10
_LINE_TYPES: Final = (JSON_LINES, "application/jsonl", "application/x-jsonlines")
_MOST_IN_FLIGHT: Final = 16


@dataclass(slots=True)
class Taken:
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

    def response(self, call: Call, **more: Any) -> Response:
        """The answer that tells all that, and what else the route has to tell."""
        call.exchange.records, call.exchange.refused = self.inserted + self.replaced + self.unchanged, self.refused_count
        told = {
            "ids": self.ids,
            "insertedCount": self.inserted,
            "replacedCount": self.replaced,
            "unchangedCount": self.unchanged,
            "refusedCount": self.refused_count,
            "refused": self.refused,
            **more,
        }
        return answer(told, 201 if self.inserted or self.replaced else 200)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Records that the committer has."""

    ids: list[str]
    written: asyncio.Future[InsertOutcome]


def comes_as_lines(request: Request) -> bool:
    """Whether the body says that each of its lines is a value."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in _LINE_TYPES


async def encoded(call: Call, encoding: Callable[..., R], records: Sequence[Record], size_bytes: int, name: Naming) -> R:
    """Encode with the limits of the collection."""
    return await worked_out(call, partial(encoding, records, call.collection.max_record_bytes, name), size_bytes)


async def worked_out(call: Call, work: Callable[[], R], size_bytes: int) -> R:
    """Do what takes time in proportion to the body; in a thread where that is longer than getting one would be."""
    return work() if size_bytes < _SHORT_BYTES else await to_thread.run_sync(work, limiter=call.state.encoders)


async def submit(call: Call, rows: Rows, holding: Holding) -> UnderWay:
    """Hand rows to the committer, with the room that is held for them."""
    encoders, block = call.state.encoders, call.collection.store.block
    records = rows if len(rows) < WORTH_A_BLOCK else await to_thread.run_sync(block, rows, limiter=encoders)
    written = asyncio.wrap_future(call.state.committer.submit(call.project, records, holding.size_bytes))
    holding.hand_over()
    written.add_done_callback(_seen)
    return UnderWay(rows.ids, written)


async def join(call: Call, told: Sequence[Told], holding: Holding) -> Joined:
    """Have pieces of traces kept and joined, with the room that is held for them."""
    size_bytes = holding.size_bytes
    done = call.state.joiner.take(call.project, told, size_bytes)
    holding.hand_over()
    done.add_done_callback(lambda _: call.state.room.give_back(size_bytes))
    joined = asyncio.wrap_future(done)
    joined.add_done_callback(_seen)
    return await joined


def _seen(written: asyncio.Future[Any]) -> None:
    """An error that nobody is there to be told of any more, because the client has left, is not worth a line in the log."""
    if not written.cancelled():
        written.exception()


async def take_lines(call: Call, encode: Callable[[list[bytes]], tuple[Rows, list[Refusal]]], taken: Taken) -> None:
    """Take JSON lines of any length, in flat memory: lines are read and encoded while those before them are written.

    Where there is no room for more it is not read on, which the client feels as a slow connection.

    Args:
        call: the request.
        encode: makes rows of some lines, and says why others give none.
        taken: told what became of them.

    Raises:
        GenerationsError: what ended the stream; what was taken before it stays, and the hint says how much that is.
    """
    settings = call.state.settings
    under_way: deque[UnderWay] = deque()
    patience_seconds = 0.0
    try:
        async for lines in lines_of(unpacked(call.request), settings.max_batch_bytes, settings.max_body_bytes):
            with call.state.room.holding() as holding:
                size_bytes = sum(map(len, lines.texts))
                await holding.wait_for(size_bytes + ROOM_OF_A_RECORD * len(lines.texts), patience_seconds)
                patience_seconds = settings.room_seconds
                rows, refused = await worked_out(call, partial(encode, lines.texts), size_bytes)
                taken.refuse(refused, lines.numbers)
                if len(rows):
                    under_way.append(await submit(call, rows, holding))
            while under_way and (len(under_way) > _MOST_IN_FLIGHT or under_way[0].written.done()):
                await _settle(taken, under_way)
        while under_way:
            await _settle(taken, under_way)
    except GenerationsError as error:
        raise await _cut_short(error, taken, under_way) from None


async def _settle(taken: Taken, under_way: deque[UnderWay]) -> None:
    """Wait for the oldest of what is under way, and count it."""
    one = under_way.popleft()
    taken.count(one.ids, await one.written)


async def _cut_short(error: GenerationsError, taken: Taken, under_way: deque[UnderWay]) -> GenerationsError:
    """The error that ended a stream, with what was taken before it: that stays."""
    while under_way:
        with suppress(GenerationsError):  # one error is told, the first
            await _settle(taken, under_way)
    count = taken.inserted + taken.replaced + taken.unchanged
    if count:
        hint = f"{count:,} records of this request were taken; to send it again adds none of them twice if they have ids"
        error.hint = f"{error.hint}; {hint}" if error.hint else hint
    return error
