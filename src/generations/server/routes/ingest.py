"""Taking records: one, a list, or lines of JSON without end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from generations.errors import TooLarge
from generations.record import content
from generations.record.encode import Record, Refusal, encode_each, encode_records
from generations.server.bodies import lines_of, unpacked, whole_body
from generations.server.call import JSON_LINES, Call, Endpoint, answer, flag, known_parameters
from generations.store.block import Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from generations.store.insertion import InsertOutcome

PARAMETERS: Final = {"atomic": "true: take all of the records, or none when one is refused"}
_LINE_TYPES: Final = (JSON_LINES, "application/jsonl", "application/x-jsonlines")
_IN_FLIGHT: Final = 2


@dataclass(slots=True)
class _Taken:
    """What became of the records of one request so far."""

    ids: list[str] = field(default_factory=list[str])
    inserted: int = 0
    replaced: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def count(self, block: Block, outcome: InsertOutcome) -> None:
        self.ids += block.ids
        self.inserted += len(outcome.inserted_ids)
        self.replaced += len(outcome.replaced_ids)
        self.unchanged += len(block) - len(outcome.inserted_ids) - len(outcome.replaced_ids)

    def response(self) -> Response:
        told = {
            "ids": self.ids,
            "insertedCount": self.inserted,
            "replacedCount": self.replaced,
            "unchangedCount": self.unchanged,
            "refusedCount": len(self.refused),
            "refused": self.refused,
        }
        return answer(told, 201 if self.inserted or self.replaced else 200)


async def insert(call: Call) -> Response:
    """Take one record, a list of them, or JSON lines; the answer comes once they are on disk.

    Refused records of a list or of lines are told by their number, and the others are taken, unless `atomic=true`.
    """
    known_parameters(call.request, PARAMETERS)
    atomic = flag(call.request, "atomic")
    if call.request.headers.get("content-type", "").partition(";")[0].strip().lower() in _LINE_TYPES:
        return await (_insert_whole(call, [line async for line in _held_lines(call)]) if atomic else _insert_lines(call))
    body = await whole_body(call.request, call.state.settings.max_body_bytes)
    if not body.lstrip().startswith(b"["):
        return await _insert_whole(call, [body])
    records = _elements(body)
    if atomic:
        return await _insert_whole(call, records)
    taken = _Taken()
    await (await _insert_each(call, records, 0, taken))
    return taken.response()


def _elements(body: bytes) -> list[bytes]:
    """The JSON texts in a list, each as it was sent."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise content.diagnose(body, error) from None


async def _insert_whole(call: Call, records: Sequence[Record]) -> Response:
    block = Block.of(await call.read(encode_records, records, call.collection.max_record_bytes))
    taken = _Taken()
    if len(block):
        taken.count(block, await asyncio.wrap_future(call.state.committer.submit(call.project, block)))
    return taken.response()


async def _insert_each(call: Call, records: Sequence[Record], before: int, taken: _Taken) -> asyncio.Future[None]:
    """Encode a batch and hand it to the committer; the future is done when it is on disk and counted."""
    rows, refused = await call.read(encode_each, records, call.collection.max_record_bytes)
    taken.refused += [_refusal(one, before) for one in refused]
    block = Block.of(rows)
    if not len(block):
        return asyncio.ensure_future(asyncio.sleep(0))
    written = asyncio.wrap_future(call.state.committer.submit(call.project, block))

    async def counted() -> None:
        taken.count(block, await written)

    return asyncio.ensure_future(counted())


async def _insert_lines(call: Call) -> Response:
    """JSON lines of any length: the next batch is read and encoded while the ones before are written."""
    taken = _Taken()
    under_way: deque[asyncio.Future[None]] = deque()
    before = 0
    async for lines in lines_of(unpacked(call.request), call.state.settings.max_batch_bytes):
        under_way.append(await _insert_each(call, lines, before, taken))
        before += len(lines)
        if len(under_way) > _IN_FLIGHT:
            await under_way.popleft()
    for one in under_way:
        await one
    return taken.response()


async def _held_lines(call: Call) -> AsyncIterator[bytes]:
    size = 0
    async for lines in lines_of(unpacked(call.request), call.state.settings.max_batch_bytes):
        size += sum(map(len, lines))
        if size > call.state.settings.max_body_bytes:
            raise TooLarge(f"the body has more than {call.state.settings.max_body_bytes:,} bytes", hint="leave out atomic=true")
        for line in lines:
            yield line


def _refusal(refusal: Refusal, before: int) -> dict[str, Any]:
    error = refusal.error
    return {"line": before + refusal.line_index + 1, "code": error.code, "message": error.message, "path": error.path, "hint": error.hint}


ENDPOINTS: Final = (
    Endpoint(
        "POST", "/api/generations", insert, "ingest", "Record generations: one, a list, or JSON lines.", parameters=PARAMETERS, status=201
    ),
)
