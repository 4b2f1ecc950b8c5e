"""Bodies that are packed, cut, split, too large or not what they say."""

from __future__ import annotations

import asyncio
import gzip
import io
import tracemalloc
import zlib

import pyarrow as pa
import pytest
from starlette.requests import Request

from generations.errors import GenerationsError, InvalidInput, TooLarge
from generations.server.bodies import lines_of, unpacked, whole_body


def request(*pieces: bytes, packing: str | None = None, length: int | None = None) -> Request:
    """A request whose body comes in these pieces."""
    headers = [(b"content-encoding", packing.encode())] if packing else []
    headers += [(b"content-length", str(length).encode())] if length is not None else []
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces] + [{"type": "http.request"}]

    async def receive():
        return waiting.pop(0)

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def lines(*pieces: bytes, batch_bytes: int = 100, max_line_bytes: int = 1000) -> list[list[tuple[int, bytes]]]:
    async def coming():
        for piece in pieces:
            yield piece

    return [list(zip(batch.numbers, batch.texts, strict=True)) async for batch in lines_of(coming(), batch_bytes, max_line_bytes)]


def body(*pieces: bytes, **options) -> bytes:
    return asyncio.run(whole_body(request(*pieces, **options), 10_000_000))


def in_pieces(text: bytes, size: int) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def packed(text: bytes, packing: str) -> bytes:
    return gzip.compress(text) if packing == "gzip" else pa.compress(text, codec="zstd", asbytes=True)


def test_lines_are_the_same_however_the_body_is_split():
    text = b'{"a":1}\n\n  \r\n{"b":2}\r\n{"c":3}'

    for size in range(1, len(text) + 1):
        assert asyncio.run(lines(*in_pieces(text, size))) == [[(1, b'{"a":1}'), (4, b'{"b":2}\r'), (5, b'{"c":3}')]]


def test_lines_come_in_batches_of_some_size():
    found = asyncio.run(lines(*[b"x" * 40 + b"\n"] * 7))

    assert [[number for number, _ in batch] for batch in found] == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(TooLarge, match="line 2 has more than 1,000 bytes"):
        asyncio.run(lines(b"{}\n", *[b"x" * 100] * 1000))


def test_a_long_line_in_many_pieces_is_put_together_once():
    """Joining it anew with each piece would allocate gigabytes."""

    async def read() -> int:
        (batch,) = await lines(*[b"x" * 1000] * 20_000, max_line_bytes=1 << 30)
        return len(batch[0][1])

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    assert asyncio.run(read()) == 20_000_000
    assert tracemalloc.get_traced_memory()[1] - before < 90_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_packed_bodies_are_unpacked(packing, size):
    text = b"all of it, " * 100

    assert body(*in_pieces(packed(text, packing), size), packing=packing) == text


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_two_packed_files_one_after_the_other_are_one_body(packing):
    assert body(packed(b"one ", packing) + packed(b"two", packing), packing=packing) == b"one two"


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@pytest.mark.parametrize("keep", [0, 1, 10, -1])
def test_a_packed_body_that_is_cut_short_is_refused(packing, keep):
    with pytest.raises(InvalidInput, match="cut short"):
        body(packed(b"all of it", packing)[:keep], packing=packing)


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_what_is_not_packed_as_it_says_is_refused(packing):
    with pytest.raises(InvalidInput, match=f"is not {packing}"):
        body(b"plain text that is long enough to be looked at", packing=packing)


def test_garbage_after_a_packed_body_is_refused():
    with pytest.raises(InvalidInput, match="is not gzip"):
        body(packed(b"all of it", "gzip") + b"garbage", packing="gzip")


def test_an_unknown_packing_is_refused():
    with pytest.raises(InvalidInput, match="'br' is not read here"):
        body(b"x", packing="br")


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_does_not_go_off(packing):
    """Hundreds of megabytes of zeros in a few kilobytes."""
    if packing == "gzip":
        pack = zlib.compressobj(wbits=31)
        bomb = b"".join(pack.compress(bytes(1 << 24)) for _ in range(16)) + pack.flush()
    else:
        sink = io.BytesIO()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            for _ in range(16):
                stream.write(bytes(1 << 24))
            stream.flush()
            bomb = sink.getvalue()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    with pytest.raises(TooLarge, match="more than 10,000,000 bytes"):
        body(*in_pieces(bomb, 65_536), packing=packing)

    assert tracemalloc.get_traced_memory()[1] - before < 30_000_000
    tracemalloc.stop()


def test_a_body_that_is_announced_too_large_is_not_read():
    with pytest.raises(TooLarge):
        body(length=10_000_001)


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_what_ends_the_body_is_told_as_it_is(packing):
    class Left(GenerationsError):
        pass

    async def receive():
        raise Left("the client has left")

    left = Request({"type": "http", "method": "POST", "headers": [(b"content-encoding", packing.encode())]}, receive)

    async def read():
        return [piece async for piece in unpacked(left)]

    with pytest.raises(Left):
        asyncio.run(read())
