"""Where an import reads from: a file or a pipe, plain, gzip or zstd, told by its first bytes; also whether it is JSON or a table."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import tempfile
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, cast

from generations.errors import InvalidInput, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Packing = Literal["plain", "gzip", "zstd"]

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_PARQUET: Final = b"PAR1"
_SQLITE: Final = b"SQLite format 3\x00"
_PIECE_BYTES: Final = 1 << 18
_BOM: Final = b"\xef\xbb\xbf"


class Source:
    """Bytes to import, unpacked as they are read.

    Attributes:
        name: what it is called, for people.
        path: the file; None for a pipe.
        size_bytes: size as packed; None for a pipe.
        is_parquet: True when it is a Parquet file.
        is_sqlite: True when it is a SQLite database, packed or not.
    """

    def __init__(self, name: str, path: Path | None, raw: BinaryIO) -> None:
        self.name = name
        self.path = path
        self.size_bytes = path.stat().st_size if path is not None else None
        head = b""
        while len(head) < len(_PARQUET) and (more := raw.read(len(_PARQUET) - len(head))):
            head += more
        self._counted = _Counted(raw, head)
        self.is_parquet = head == _PARQUET
        self.packing: Packing = "gzip" if head.startswith(_GZIP) else "zstd" if head == _ZSTD else "plain"
        self._failure: InvalidInput | None = None
        self._read = self._unpacked()
        self._pushed_back = b""
        self._pushed_back = self._without_bom()
        self.is_sqlite = not self.is_parquet and self.peek(len(_SQLITE)) == _SQLITE

    @property
    def read_bytes(self) -> int:
        """How many packed bytes have been read so far."""
        return self._counted.count

    def read(self, size: int) -> bytes:
        """The next bytes, exactly `size` of them except at the end.

        Raises:
            InvalidInput: the packed data is cut short or damaged; what could be unpacked has been handed out before.
        """
        if self._failure is not None and not self._pushed_back:
            raise self._failure
        parts, missing = [self._pushed_back[:size]], size - len(self._pushed_back)
        self._pushed_back = self._pushed_back[size:]
        while missing > 0 and not self.is_parquet and self._failure is None:
            try:
                part = self._read(missing if self.packing == "plain" else min(missing, _PIECE_BYTES))
            except (EOFError, OSError, zlib.error) as error:
                self._failure = self._damaged(error)
                break
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        if self._failure is not None and not any(parts):
            raise self._failure
        return b"".join(parts)

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay there to be read; fewer than `size` only at the end, or where the source is damaged."""
        if self.is_parquet or len(self._pushed_back) >= size:
            return self._pushed_back[:size]
        try:
            self._pushed_back = self.read(size)
        except InvalidInput:
            return b""  # reading says it again
        return self._pushed_back

    def _damaged(self, error: Exception) -> InvalidInput:
        problem = f"is cut short or damaged ({self.packing}: {error})" if self.packing != "plain" else f"cannot be read: {error}"
        return InvalidInput(
            f"{self.name} {problem}",
            hint="what came before is imported; mend the source and repeat the import, which adds only what is missing",
        )

    @contextmanager
    def seekable(self) -> Generator[BinaryIO]:
        """The whole of it as a file that can be read in any order; what comes from a pipe is spooled to disk first."""
        if self.path is not None:
            with self.path.open("rb") as file:
                yield file
            return
        with tempfile.TemporaryFile() as spool:
            shutil.copyfileobj(io.BufferedReader(self._counted, 1 << 20), spool)
            spool.seek(0)
            yield cast("BinaryIO", spool)

    @contextmanager
    def on_disk(self) -> Generator[Path]:
        """The whole of it as a plain file: the file itself, or a copy of what is packed or comes from a pipe."""
        if self.path is not None and self.packing == "plain":
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="generations-import-") as folder:
            copy = Path(folder) / "unpacked"
            with copy.open("wb") as file:
                while piece := self.read(_PIECE_BYTES):
                    file.write(piece)
            yield copy

    def _unpacked(self) -> Callable[[int], bytes]:
        """Reads unpacked bytes. What is packed is handed out as it is unpacked, so that damage costs nothing that stands before it."""
        buffered = io.BufferedReader(self._counted, 1 << 20)
        if self.packing == "gzip":
            return gzip.GzipFile(fileobj=buffered).read1
        if self.packing == "zstd":
            return cast("BinaryIO", _zstd_reader(buffered, self.name)).read
        return buffered.read

    def _without_bom(self) -> bytes:
        if self.is_parquet:
            return b""
        start = self.read(len(_BOM))
        return b"" if start == _BOM else start


@contextmanager
def open_source(source: str | Path | BinaryIO) -> Generator[Source]:
    """Open a path, or `-` for standard input, or anything that is open for reading bytes.

    Raises:
        InvalidInput: there is no such file, or it cannot be read.
    """
    with ExitStack() as opened:
        if isinstance(source, str | Path):
            if str(source) == "-":
                yield Source("standard input", None, sys.stdin.buffer)
                return
            path = Path(source)
            try:
                file = opened.enter_context(path.open("rb", buffering=0))
            except OSError as error:
                raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from error
            yield Source(str(path), path, cast("BinaryIO", file))
        else:
            yield Source(str(getattr(source, "name", "a stream")), None, source)


class _Counted(io.RawIOBase):
    """Hands on what a reader gives, after the bytes that were already taken from it, and counts them."""

    def __init__(self, raw: BinaryIO, head: bytes) -> None:
        self._raw = raw
        self._head = head
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - BufferedReader passes a memoryview
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
            buffer[: len(data)] = data
            size = len(data)
        elif isinstance(self._raw, io.RawIOBase | io.BufferedIOBase):
            size = self._raw.readinto(buffer) or 0
        else:
            data = self._raw.read(len(buffer))
            buffer[: len(data)] = data
            size = len(data)
        self.count += size
        return size


def _zstd_reader(file: object, name: str) -> object:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only for what is packed with zstd
    except ImportError as error:
        raise MissingExtra(f"reading {name} takes pyarrow", hint="pip install 'generations[engine]'") from error
    return pa.CompressedInputStream(file, "zstd")
