"""Where an export goes: a file that is there whole or not at all, or standard output; packed by the file's suffix."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Self, cast

from generations.errors import InvalidInput, MissingExtra, StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

Packing = Literal["gzip", "zstd"]

_PACKINGS: Final[dict[str, Packing]] = {".gz": "gzip", ".zst": "zstd"}


class Output(io.RawIOBase):
    """Takes bytes, packs them, and keeps count of what is written.

    The file appears under its name when the `with` block ends well; when it does not, nothing is left behind.

    Attributes:
        path: the file; None for standard output.
        size_bytes: bytes written, packed.

    Raises:
        InvalidInput: the target cannot be written, or is a folder, a device or a pipe.
    """

    def __init__(self, target: str | Path | BinaryIO) -> None:
        super().__init__()
        self.path = Path(target) if isinstance(target, str | Path) and str(target) != "-" else None
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._partial: Path | None = None
        self._sink = self._opened(target)
        self._packer = self._packing()

    @property
    def sha256(self) -> str:
        """Of the bytes written, packed, as hexadecimal digits."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - only bytes are ever written
        self._packer.write(data)
        return len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._clean_up()

    def _opened(self, target: str | Path | BinaryIO) -> BinaryIO:
        if self.path is None:
            return sys.stdout.buffer if isinstance(target, str | Path) else target
        if self.path.exists() and not self.path.is_file():
            hint = "name a file in it" if self.path.is_dir() else "- is standard output, which can be sent anywhere"
            raise InvalidInput(f"{self.path} is no file, and an export would take its place", hint=hint)
        self._partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        try:
            return self._partial.open("wb")
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be written: {error.strerror or error}") from error

    def _packing(self) -> BinaryIO:
        sink = cast("BinaryIO", _Written(self._sink, self))
        packing = _PACKINGS.get(self.path.suffix if self.path is not None else "")
        return packer(sink, packing) if packing else sink

    def took(self, data: bytes) -> None:
        """Count what went to the disk."""
        self._digest.update(data)
        self.size_bytes += len(data)

    def _finish(self) -> None:
        if not isinstance(self._packer, _Written):
            self._packer.close()
        self._sink.flush()
        if self._partial is not None and self.path is not None:
            os.fsync(self._sink.fileno())
            self._sink.close()
            self._partial.replace(self.path)
            self._partial = None

    def _clean_up(self) -> None:
        if self._partial is not None:
            with suppress(OSError, ValueError):
                self._sink.close()
            self._partial.unlink(missing_ok=True)


def packer(sink: BinaryIO, packing: Packing, gzip_level: int = 5) -> BinaryIO:
    """Packs what is written to it into a sink, which is left open when it is closed."""
    if packing == "gzip":
        return cast("BinaryIO", gzip.GzipFile(filename="", fileobj=sink, mode="wb", compresslevel=gzip_level, mtime=0))
    try:
        import pyarrow as pa  # noqa: PLC0415 - only for what is packed with zstd
    except ImportError as error:
        raise MissingExtra("packing with zstd takes pyarrow", hint="pip install 'generations[engine]'") from error
    return cast("BinaryIO", pa.CompressedOutputStream(sink, "zstd"))


class Drain(io.RawIOBase):
    """A sink that is emptied as one goes."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - only bytes are ever written
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Written(io.RawIOBase):
    """The end of the pipe: bytes go to the sink and are counted."""

    def __init__(self, sink: BinaryIO, output: Output) -> None:
        super().__init__()
        self._sink = sink
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - only bytes are ever written
        data = bytes(data)
        try:
            self._sink.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StoreUnavailable(f"{self._output.path or 'standard output'} cannot be written: {error.strerror or error}") from error
        self._output.took(data)
        return len(data)
