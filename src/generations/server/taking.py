"""Records on their way from a request to the disk, whatever the protocol in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from anyio import to_thread

from generations.record.encode import Naming, Record, Refusal, Rows
from generations.server.call import Call, answer
from generations.server.committer import WORTH_A_BLOCK

if TYPE_CHECKING:
    from starlette.responses import Response

    from generations.server.room import Holding
    from generations.store.insertion import InsertOutcome

R = TypeVar("R")

MOST_IDS_TOLD: Final = 10_000
MOST_REFUSALS_TOLD: Final = 1_000
ROOM_OF_A_RECORD: Final = 2_048
"""Bytes that a record takes up in memory beside its text."""

_SHORT_BYTES: Final = 64 << 10


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


def _seen(written: asyncio.Future[InsertOutcome]) -> None:
    """An error that nobody is there to be told of any more, because the client has left, is not worth a line in the log."""
    if not written.cancelled():
        written.exception()
