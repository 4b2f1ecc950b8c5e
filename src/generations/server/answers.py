"""How answers travel: JSON for people, lines of extended JSON or Arrow for programs, as the request accepts them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio.to_thread
import msgspec
from starlette.responses import Response, StreamingResponse

from generations.errors import GenerationsError
from generations.jobs.answers import answer_line
from generations.record.extended import extended_line
from generations.server.call import ARROW, JSON, JSON_LINES
from generations.server.problems import document, status_of

if TYPE_CHECKING:
    from anyio import CapacityLimiter
    from starlette.requests import Request

    from generations.store.cursor import Cursor

Wanted = Literal["json", "lines", "arrow"]

_PIECE_BYTES: Final = 64 << 10


def wanted(request: Request) -> Wanted:
    """The form that the request accepts: JSON unless it names lines or Arrow."""
    accepted = request.headers.get("accept", "")
    if ARROW in accepted:
        return "arrow"
    return "lines" if JSON_LINES in accepted else "json"


def documents_as_json(documents: Iterable[Any]) -> bytes:
    """A JSON list; instants are ISO 8601 texts."""
    return b"[" + b",".join(map(answer_line, documents)) + b"]"


async def streamed(cursor: Cursor[Any], form: Wanted, limiter: CapacityLimiter) -> Response:
    """The answer of a cursor: `{"docs": […]}`, one document a line, or an Arrow stream.

    Lines are sent as they come. What goes wrong before the first one is told as a problem document; after it the problem
    is the last line, as `{"$problem": …}`, and the answer is cut off, which every client sees because its end is missing.
    """
    if form == "arrow":
        return Response(await anyio.to_thread.run_sync(_arrow, cursor, limiter=limiter), media_type=ARROW)
    if form == "json":
        text = await anyio.to_thread.run_sync(documents_as_json, cursor, limiter=limiter)
        return Response(b'{"docs":' + text + b"}", media_type=JSON)
    pieces = _pieces(cursor, extended_line)
    first = await anyio.to_thread.run_sync(next, pieces, b"", limiter=limiter)
    if len(first) < _PIECE_BYTES:  # the whole answer: more would have filled the piece
        return Response(first, media_type=JSON_LINES)
    return StreamingResponse(_following(first, pieces, cursor, limiter), media_type=JSON_LINES)


def _arrow(cursor: Cursor[Any]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    table = cursor.to_arrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _pieces(documents: Iterator[Any], line: Callable[[Any], bytes]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for one in documents:
        text = line(one) + b"\n"
        gathered.append(text)
        size += len(text)
        if size >= _PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


async def _following(first: bytes, pieces: Iterator[bytes], cursor: Cursor[Any], limiter: CapacityLimiter) -> AsyncIterator[bytes]:
    try:
        piece = first
        while piece:
            yield piece
            piece = await anyio.to_thread.run_sync(next, pieces, b"", limiter=limiter)
    except GenerationsError as error:
        yield msgspec.json.encode({"$problem": document(error, status_of(error))}) + b"\n"
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(cursor.close)
