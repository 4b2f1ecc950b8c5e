"""Bodies of requests: unpacked and read within their limits, whatever the headers say."""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import anyio
import anyio.from_thread
import anyio.to_thread
import msgspec
from anyio import CapacityLimiter

from generations.errors import InvalidInput, TooLarge
from generations.record import content

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")

_PIECE_BYTES: Final = 1 << 20


async def whole_body(request: Request, max_bytes: int, hold: Callable[[int], None] | None = None) -> bytes:
    """The body, unpacked.

    Args:
        request: whose.
        max_bytes: of the unpacked body.
        hold: told the size of each piece before it is kept; what it raises ends the reading.

    Raises:
        TooLarge: unpacked it is larger than may be held; it is not read further.
        InvalidInput: it is packed in a way that is not known, or not packed as it says.
    """
    _check_size(int(request.headers.get("content-length", 0)), max_bytes)
    pieces: list[bytes] = []
    size = 0
    async for piece in unpacked(request):
        size += len(piece)
        _check_size(size, max_bytes)
        if hold is not None:
            hold(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise TooLarge(f"the body has more than {max_bytes:,} bytes", hint="send less at once, or JSON lines for many records")


async def body_as(request: Request, type: type[T], max_bytes: int) -> T:
    """The JSON body as a struct.

    Raises:
        InvalidInput: it is not JSON, or not what the route takes; says where.
    """
    text = await whole_body(request, max_bytes)
    if not text.strip():
        raise InvalidInput("the body is empty", hint="send a JSON object")
    value = content.loads(text)
    try:
        return msgspec.convert(value, type)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        place = path.strip("`").removeprefix("$").removeprefix(".") or None
        raise InvalidInput(message, path=place, hint="/api/docs says what this route takes") from None


async def unpacked(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of a bounded size, none of them empty, unpacked as `Content-Encoding` says.

    Raises:
        InvalidInput: it is packed in a way that is not known, not packed as it says, or cut short.
    """
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    match packing:
        case "" | "identity":
            pieces = request.stream()
        case "gzip" | "x-gzip":
            pieces = _inflated(request.stream(), "gzip", 31)
        case "deflate":
            pieces = _inflated(request.stream(), "deflate", 15)
        case "zstd":
            pieces = _from_zstd(request.stream())
        case _:
            raise InvalidInput(
                f"the content encoding {packing!r} is not read here", hint="send it plain, or packed with gzip, deflate or zstd"
            )
    async for piece in pieces:
        if piece:
            yield piece


@dataclass(slots=True)
class Lines:
    """Lines of a body that are not empty.

    Attributes:
        texts: of the lines.
        numbers: the place of each in the body, counted from 1.
    """

    texts: list[bytes] = field(default_factory=list[bytes])
    numbers: list[int] = field(default_factory=list[int])


async def lines_of(pieces: AsyncIterator[bytes], batch_bytes: int, max_line_bytes: int) -> AsyncIterator[Lines]:
    """The lines of a body, gathered to some `batch_bytes` at a time.

    Raises:
        TooLarge: one line has more than `max_line_bytes`.
    """
    batch = Lines()
    begun: list[bytes] = []
    begun_bytes = size = number = 0
    async for piece in pieces:
        ends = piece.split(b"\n")
        begun.append(ends[0])
        begun_bytes += len(ends[0])
        if begun_bytes > max_line_bytes:
            raise TooLarge(f"line {number + 1} has more than {max_line_bytes:,} bytes", hint="each record is one line of JSON")
        if len(ends) == 1:
            continue
        ends[0] = b"".join(begun)
        begun = [ends.pop()]
        begun_bytes = len(begun[0])
        for text in ends:
            number += 1
            if text and not text.isspace():
                batch.texts.append(text)
                batch.numbers.append(number)
                size += len(text)
                if size >= batch_bytes:
                    yield batch
                    batch, size = Lines(), 0
    last = b"".join(begun)
    if last and not last.isspace():
        batch.texts.append(last)
        batch.numbers.append(number + 1)
    if batch.texts:
        yield batch


async def _inflated(packed: AsyncIterator[bytes], name: str, wbits: int) -> AsyncIterator[bytes]:
    """A megabyte at a time, so that a bomb is noticed before it goes off, and others get their turn meanwhile."""
    unpack = zlib.decompressobj(wbits)
    try:
        async for piece in packed:
            rest = piece
            while rest:
                if unpack.eof:  # one gzip file may follow another
                    unpack = zlib.decompressobj(wbits)
                yield unpack.decompress(rest, _PIECE_BYTES)
                rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
                await anyio.sleep(0)
    except zlib.error as error:
        raise InvalidInput(f"the body is not {name}: {error}") from None
    if not unpack.eof:
        raise InvalidInput(f"the {name} body is cut short")


async def _from_zstd(packed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A megabyte at a time; the library reads its input itself, so it runs in a thread that asks the event loop for more."""
    import pyarrow as pa  # noqa: PLC0415 - only for what is packed with zstd

    source = _Arriving(packed)
    stream = pa.CompressedInputStream(pa.PythonFile(source, "r"), "zstd")
    own_thread = CapacityLimiter(1)  # a slow client keeps it; threads of others must not run out
    while True:
        try:
            piece = cast("bytes", await anyio.to_thread.run_sync(stream.read, _PIECE_BYTES, limiter=own_thread))
        except OSError as error:
            if source.failure is not None:
                raise source.failure from None
            raise InvalidInput(f"the body is not zstd, or cut short: {error}") from None
        if not piece:
            break
        yield piece
    if not source.count:
        raise InvalidInput("the zstd body is cut short")


class _Arriving(io.RawIOBase):
    """A body as a file that a worker thread reads, waiting for what has not come yet.

    Attributes:
        count: how many bytes were read.
        failure: why no more will come; the library would hide it.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.count = 0
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._rest:
            try:
                self._rest = anyio.from_thread.run(self._next)
            except BaseException as error:
                self.failure = error
                raise OSError("the body stopped coming") from error
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        self.count += size
        return size

    async def _next(self) -> bytes:
        async for piece in self._pieces:
            if piece:
                return piece
        return b""
