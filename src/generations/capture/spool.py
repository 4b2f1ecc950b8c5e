"""Batches on disk until they are sent: one folder for one destination, shared by any number of processes.

A process appends to a file of its own, which it holds locked; a file that nobody holds belongs to whoever locks it next. A
file is frames one after the other: magic, length of the body, number of records, CRC-32 of the rest of the header and the
body, body. A frame that was not written whole (the process was killed) ends its file or is stepped over; one that was sent
before those behind it has another magic.

What was written survives the end of the process, however it ends; the power going out it survives once `sync` was called.
"""

from __future__ import annotations

import os
import secrets
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generations.capture.locking import lock, new_locked

_MAGIC: Final = b"GSP1"
_SENT: Final = b"GSP0"
_HEADER: Final = struct.Struct("<4sIII")
_SUFFIX: Final = ".spool"
_LEFT: Final = "left"
"""In place of a process's name in that of a file."""
_FILES: Final = 16
"""A file is closed when it has this part of what the folder may hold; what is evicted is a whole file."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One batch: gzip of JSON lines, and how many they are."""

    body: bytes
    count: int


class Spool:
    """The folder, as one process sees it. For one thread.

    Args:
        folder: made when something is first written.
        max_bytes: of all files in it; the oldest go first.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._file: SpoolFile | None = None
        self._unsynced: set[Path] = set()
        self.evicted = 0
        """Records that had to go for younger ones, since somebody has set this to 0."""
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"

    @property
    def has_own(self) -> bool:
        """Whether the own file holds anything."""
        return self._file is not None and self._file.size_bytes > 0

    def is_own(self, file: SpoolFile) -> bool:
        """Whether this process has begun a file."""
        return file.path.stem.endswith(self._name)

    def append(self, frame: Frame) -> Place:
        """Write a batch to the own file; where it is.

        Raises:
            OSError: it is not on disk.
        """
        own_share = max(self._max_bytes // _FILES, 1)
        if self._file is not None and self._file.size_bytes and self._file.size_bytes + len(frame.body) > own_share:
            self.close()
        if self._file is None:
            self._file = self._new_file(self._name)
        self._evict(len(frame.body) + _HEADER.size)
        self._unsynced.add(self._file.path)
        return Place(self._file, self._file.append(frame), self._file.emptied)

    def leave(self, frames: Sequence[Frame]) -> None:
        """Write batches to a file of their own, for whoever takes it next.

        Raises:
            OSError: they are not on disk.
        """
        self._evict(sum(len(frame.body) + _HEADER.size for frame in frames))
        file = self._new_file(_LEFT)
        try:
            for frame in frames:
                file.append(frame)
        except OSError:
            file.close(remove=True)
            raise
        self._unsynced.add(file.path)
        file.close(remove=False)

    def sync(self) -> None:
        """Wait until what was appended is where the power going out cannot harm it, also in files that were closed.

        Raises:
            OSError: the disk says that it is not.
        """
        unsynced, self._unsynced = self._unsynced, set()
        for path in unsynced:
            with suppress(FileNotFoundError):  # all of it was sent
                _sync(path)

    def close(self) -> None:
        """Leave the own file to whoever comes next, or remove it when it is empty. Harmless when repeated."""
        file, self._file = self._file, None
        if file is not None:
            file.close(remove=not file.size_bytes)

    def abandon(self) -> None:
        """In a forked child: let go of the parent's files without touching them."""
        if self._file is not None:
            self._file.let_go()
        self._file = None

    def claim(self) -> SpoolFile | None:
        """The oldest file that nobody holds, held from now on; None when there is none. Empty ones are removed."""
        for path in self._paths():
            try:
                file = _locked(path)
            except OSError:  # whoever put it there could lock it; here it stays
                continue
            if file is None:
                continue
            if file.size_bytes:
                return file
            file.close(remove=True)
        return None

    def _new_file(self, name: str) -> SpoolFile:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = self._folder / f"{time.time_ns():020d}-{name}{_SUFFIX}"
            descriptor = new_locked(path)
            if descriptor is not None:  # else another process took it for an old, empty one
                self._unsynced.add(self._folder)
                return SpoolFile(path, descriptor)

    def _evict(self, needed_bytes: int) -> None:
        """Remove the oldest files that nobody holds until there is room; then the own one begins anew."""
        sizes: dict[Path, int] = {}
        for path in self._paths():
            with suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
        excess = sum(sizes.values()) + needed_bytes - self._max_bytes
        for path, size in sizes.items():
            if excess <= 0:
                return
            own = self._file is not None and path == self._file.path
            file = self._file if own else _locked(path)
            if file is None:
                continue
            self.evicted += sum(frame.count for frame in file.frames())
            excess -= size
            if own:
                file.empty()
            else:
                file.close(remove=True)

    def _paths(self) -> list[Path]:
        """The oldest first: names begin with the time."""
        return sorted(self._folder.glob("*" + _SUFFIX))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame begins, in a file that was emptied so many times before."""

    file: SpoolFile
    at: int
    emptied: int

    def sent(self) -> None:
        """Nobody is to send it again."""
        if self.file.emptied == self.emptied:
            self.file.sent(self.at)


class SpoolFile:
    """A file that this process holds locked."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._is_open = True
        self.size_bytes = os.fstat(descriptor).st_size
        self.emptied = 0
        """How often everything in it was given up for younger frames."""
        self.damaged = 0
        """Places where a frame should have been and was not, so far."""

    def append(self, frame: Frame) -> int:
        """Write a frame at the end; where it begins. What a full disk cut off is taken back.

        Raises:
            OSError: it is not there.
        """
        place = self.size_bytes
        length_and_count = struct.pack("<II", len(frame.body), frame.count)
        check = zlib.crc32(frame.body, zlib.crc32(length_and_count))
        pending = memoryview(_HEADER.pack(_MAGIC, len(frame.body), frame.count, check) + frame.body)
        try:
            at = place
            while pending:
                written = os.pwrite(self._descriptor, pending, at)
                pending, at = pending[written:], at + written
        except OSError:
            os.ftruncate(self._descriptor, place)
            raise
        self.size_bytes = at
        return place

    def sent(self, at: int) -> None:
        """Nobody is to send the frame that begins there again: it is cut off where it is the last, and marked where it is not.

        Where others may have the file by now nothing is done: they send it once more, which adds nothing.
        """
        if not self._is_open or at >= self.size_bytes:
            return
        length = _HEADER.unpack(os.pread(self._descriptor, _HEADER.size, at))[1]
        if at + _HEADER.size + length == self.size_bytes:
            self._truncate(at)
        else:
            os.pwrite(self._descriptor, _SENT, at)

    def frames(self) -> Iterator[Frame]:
        """The frames that are whole and not marked as sent, from the first on."""
        at = 0
        while at + _HEADER.size <= self.size_bytes:
            header = os.pread(self._descriptor, _HEADER.size, at)
            magic, length, count, check = _HEADER.unpack(header)
            is_frame = magic in (_MAGIC, _SENT) and length <= self.size_bytes
            body = os.pread(self._descriptor, length, at + _HEADER.size) if is_frame else b""
            if is_frame and len(body) == length and zlib.crc32(body, zlib.crc32(header[4:12])) == check:
                if magic == _MAGIC:
                    yield Frame(body, count)
                at += _HEADER.size + length
            else:
                self.damaged += 1
                at = self._next_magic(at + 1)

    def empty(self) -> None:
        """Forget everything in it."""
        self._truncate(0)
        self.emptied += 1

    def close(self, *, remove: bool) -> None:
        """Let others have it, or remove it."""
        if remove:
            with suppress(OSError):
                self.path.unlink()
        self.let_go()

    def let_go(self) -> None:
        """Close the descriptor; in a forked child the lock stays with the process that shares it. Harmless when repeated."""
        if self._is_open:  # a fork may find it closed already, and its number another file's
            self._is_open = False
            os.close(self._descriptor)

    def _truncate(self, size_bytes: int) -> None:
        os.ftruncate(self._descriptor, size_bytes)
        self.size_bytes = size_bytes

    def _next_magic(self, start: int) -> int:
        piece_bytes = 1 << 20
        at = start
        while at < self.size_bytes:
            piece = os.pread(self._descriptor, piece_bytes + len(_MAGIC) - 1, at)
            found = piece.find(_MAGIC)
            if found >= 0:
                return at + found
            at += piece_bytes
        return self.size_bytes


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> SpoolFile | None:
    """The file, when nobody holds it and it is still there.

    Raises:
        OSError: the file system has no locks.
    """
    descriptor = lock(path)
    return None if descriptor is None else SpoolFile(path, descriptor)
