"""Bodies of requests: unpacked and read within their limits, whatever the headers say."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from generations.errors import InvalidInput, TooLarge
from generations.record import content

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")


async def whole_body(request: Request, max_bytes: int) -> bytes:
    """The body, unpacked.

    Raises:
        TooLarge: unpacked it is larger than may be held; it is not read further.
        InvalidInput: it is packed in a way that is not known, or not packed as it says.
    """
    pieces: list[bytes] = []
    size = 0
    async for piece in unpacked(request):
        size += len(piece)
        if size > max_bytes:
            raise TooLarge(f"the body has more than {max_bytes:,} bytes", hint="send less at once, or JSON lines for many records")
        pieces.append(piece)
    return b"".join(pieces)


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
        raise InvalidInput(message, path=path.strip("`").removeprefix("$").removeprefix(".") or None) from None


async def unpacked(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of a bounded size, unpacked as `Content-Encoding` says."""
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    unpacker = _unpacker(packing)
    async for piece in request.stream():
        if unpacker is None:
            if piece:
                yield piece
            continue
        for part in unpacker.feed(piece):
            yield part
    if unpacker is not None:
        unpacker.finish()


async def lines_of(pieces: AsyncIterator[bytes], batch_bytes: int) -> AsyncIterator[list[bytes]]:
    """The lines that are not empty, gathered to some `batch_bytes` at a time.

    Raises:
        TooLarge: one line is longer than a batch may be.
    """
    lines: list[bytes] = []
    size = 0
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        lines += [line for line in whole if line and not line.isspace()]
        size += len(piece)
        if len(rest) > batch_bytes:
            raise TooLarge(f"a line has more than {batch_bytes:,} bytes", hint="each record is one line of JSON")
        if size >= batch_bytes:
            yield lines
            lines, size = [], 0
    if rest and not rest.isspace():
        lines.append(rest)
    if lines:
        yield lines


class _Unpacker(Protocol):
    def feed(self, piece: bytes) -> Any: ...

    def finish(self) -> None: ...


def _unpacker(packing: str) -> _Unpacker | None:
    match packing:
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Gzip()
        case _:
            raise InvalidInput(f"the content encoding {packing!r} is not read here", hint="send it plain, or packed with gzip or zstd")


_PIECE = 1 << 20


class _Gzip:
    """Unpacks a megabyte at a time, so that a bomb is noticed before it goes off."""

    def __init__(self) -> None:
        self._unpack = zlib.decompressobj(wbits=31)

    def feed(self, piece: bytes) -> Any:
        try:
            while piece:
                yield self._unpack.decompress(piece, _PIECE)
                piece = self._unpack.unconsumed_tail
                if self._unpack.eof:
                    piece = self._unpack.unused_data
                    if piece:
                        self._unpack = zlib.decompressobj(wbits=31)
        except zlib.error as error:
            raise InvalidInput(f"the body is not gzip: {error}") from None

    def finish(self) -> None:
        if not self._unpack.eof:
            raise InvalidInput("the gzip body is cut short")
