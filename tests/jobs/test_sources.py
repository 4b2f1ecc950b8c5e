"""Files and pipes, packed and not."""

from __future__ import annotations

import gzip
import io
import os
import threading

import pyarrow as pa
import pytest

from generations.errors import InvalidInput
from generations.jobs.sources import open_source

CONTENT = b'{"model":{"id":"gpt-4"}}\n' * 5000


def packed(packing: str, content: bytes) -> bytes:
    if packing == "gzip":
        return gzip.compress(content)
    if packing == "zstd":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as out:
            out.write(content)
        return sink.getvalue().to_pybytes()
    return content


def everything(source) -> bytes:
    found = b""
    while piece := source.read(10_000):
        found += piece
    return found


@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd"])
def test_packing_is_told_by_the_first_bytes_not_by_the_name(packing, tmp_path):
    path = tmp_path / "data.txt"
    path.write_bytes(packed(packing, CONTENT))

    with open_source(path) as source:
        assert source.packing == packing
        assert everything(source) == CONTENT
        assert source.read_bytes == source.size_bytes == path.stat().st_size


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_parts_packed_one_by_one_are_read_as_one(packing):
    with open_source(io.BytesIO(packed(packing, b"one\n") + packed(packing, b"two\n"))) as source:
        assert everything(source) == b"one\ntwo\n"


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_source_that_is_cut_short_gives_what_is_there_and_then_fails(packing):
    content = os.urandom(400_000).hex().encode()

    with open_source(io.BytesIO(packed(packing, content)[:300_000])) as source:
        found = source.read(len(content))
        assert found
        assert content.startswith(found)
        with pytest.raises(InvalidInput, match="cut short or damaged"):
            source.read(1)


def test_a_byte_order_mark_is_no_content():
    with open_source(io.BytesIO(b"\xef\xbb\xbf{}")) as source:
        assert everything(source) == b"{}"


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[1]"])
def test_very_short_sources_are_read_whole(content):
    with open_source(io.BytesIO(content)) as source:
        assert everything(source) == content


def test_a_pipe_that_is_written_slowly_is_waited_for():
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as out:
            for byte in packed("gzip", CONTENT)[:3]:
                out.write(bytes([byte]))
            out.write(packed("gzip", CONTENT)[3:])

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb", buffering=0) as pipe, open_source(pipe) as source:
        assert source.size_bytes is None
        assert source.packing == "gzip"
        assert everything(source) == CONTENT
    writer.join()


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path):
    with pytest.raises(InvalidInput, match=r"missing\.jsonl cannot be read: No such file"), open_source(tmp_path / "missing.jsonl"):
        pass


def test_a_folder_is_no_source(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"), open_source(tmp_path):
        pass
