"""What was captured and is not on disk yet, where it outlives the process: in memory that belongs to no process.

The host's thread writes an entry here before it goes on, and the recorder's thread marks it as done once what came of it is
in the spool. A process that is killed leaves its entries to the next one that captures for the same spool.

A journal is files of a file system that is kept in memory, as `/dev/shm` is: what is in it was not redacted yet, and is never on
a disk. Their pages are mapped and reserved, so that writing is copying, and can neither wait for a disk nor find it full. Each
file is locked by its process. It is a head, and entries one after the other: state, length, number, body. A body that a kill
cut off is known by its state: nobody was told that it is there.
"""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import stat
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count, groupby
from pathlib import Path
from typing import Final

from msgspec import Struct

from generations.capture.locking import lock, new_locked

SEGMENT_BYTES: Final = 512 << 10
"""Of a file; a larger entry has one of its own."""
MOST_SPARE: Final = 4
MOST_UNPACKED: Final = 4
"""Files that may be kept for a few old entries each, before these are moved together."""

FULL_SECONDS: Final = 1.0
"""How long nothing is asked of a file system that had no room."""
_LOCK_SECONDS: Final = 0.1
"""The longest that anybody waits for the others: a signal handler that flushes may have interrupted whoever holds the lock."""

_MAGIC: Final = b"GJN1"
_TAKEN: Final = b"GJN0"
"""In the first file of a process, when all of its entries are somewhere else, and the files are about to be removed."""
_HEAD: Final = struct.Struct("<4s4x16sQ32x")
"""Magic, rules, and when it was found by somebody who has others, in nanoseconds since 1970."""
_FOUND: Final = struct.Struct("<Q")
_FOUND_AT: Final = 24
_ENTRY: Final = struct.Struct("<IIQ")
_ALIGNED: Final = 8
_BEGUN, _KEPT, _DONE = 1, 2, 3
_SUFFIX: Final = ".journal"


class Entry(Struct, eq=False):
    """Where something stands; it may be moved."""

    segment: _Segment
    at: int
    size_bytes: int


class _Segment:
    """A file of the journal, mapped; `at` is where the next entry begins."""

    def __init__(self, path: Path, descriptor: int, size_bytes: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.size_bytes = size_bytes
        os.posix_fallocate(descriptor, 0, size_bytes)  # else writing where memory is full would end the process
        self.map = mmap.mmap(descriptor, size_bytes, flags=mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
        self.at = _HEAD.size
        self.entries: set[Entry] = set()
        self.live_bytes = 0
        self.is_gone = False

    @property
    def is_free(self) -> bool:
        """Whether it can be used again, from its beginning."""
        return not self.entries and not self.is_gone and self.size_bytes == SEGMENT_BYTES

    def add(self, entry: Entry) -> None:
        """It stands here now."""
        self.entries.add(entry)
        self.live_bytes += entry.size_bytes

    def discard(self, entry: Entry) -> None:
        """Nobody needs it here any more."""
        if entry in self.entries:
            self.entries.discard(entry)
            self.live_bytes -= entry.size_bytes

    def notice_whether_gone(self) -> bool:
        """Whether somebody has removed the file: what is written into it nobody would find."""
        self.is_gone = not os.fstat(self.descriptor).st_nlink
        return self.is_gone

    def clear(self) -> None:
        """Forget everything but the head: what follows the last entry must not look like one."""
        self.map[_HEAD.size : self.at] = bytes(self.at - _HEAD.size)
        self.at = _HEAD.size

    def close(self, *, remove: bool) -> None:
        if remove:
            with suppress(OSError):
                self.path.unlink()
        with suppress(BufferError):  # a thread is writing just now; it goes with the process
            self.map.close()
        os.close(self.descriptor)


class Journal:
    """The entries of one process.

    `write` is safe from any thread, from signal handlers and from finalizers; all else is for the recorder's thread.

    Args:
        folder: below one that belongs to this user alone; both are made.
        most_bytes: of all files together.
        rules: what may become of the entries, in 16 bytes: see `Left.has_rules`.

    Raises:
        OSError: nothing can be kept there.
    """

    def __init__(self, folder: Path, most_bytes: int, rules: bytes) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._rules = rules
        self._name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = threading.RLock()
        self._numbers = count()
        self._is_choosing = False  # what interrupts that on the same thread writes nothing
        self._full_until = 0.0
        self._segments: list[_Segment] = []
        self._spare: list[_Segment] = []
        self._current: _Segment | None = self._new(SEGMENT_BYTES)
        self._segments.append(self._current)

    def write(self, body: bytes, number: int | None = None) -> Entry | None:
        """Keep it, as the last one or by the number that it had; None when there is no room. Never raises."""
        length = len(body)
        size_bytes = (_ENTRY.size + length + _ALIGNED - 1) & -_ALIGNED
        try:
            if not self._lock.acquire(blocking=False) and not self._lock.acquire(timeout=_LOCK_SECONDS):
                return None
            try:
                segment = None if self._is_choosing else self._current
                while segment is not None and segment.at + size_bytes > segment.size_bytes:
                    segment = self._with_room(size_bytes)
                if segment is None:
                    return None
                own = next(self._numbers) if number is None else number
                at = segment.at  # what interrupts this, and writes or raises, comes before it or after the next two lines
                segment.at = at + size_bytes
                _ENTRY.pack_into(segment.map, at, _BEGUN, length, own)
                entry = Entry(segment, at, size_bytes)
                segment.add(entry)
            finally:
                self._lock.release()
            start = at + _ENTRY.size
            segment.map[start : start + length] = body
            segment.map[at] = _KEPT
        except Exception:  # noqa: BLE001 - no memory is left, it was closed meanwhile, or what interrupts this raises: not the host's affair
            return None
        return entry

    @property
    def is_reachable(self) -> bool:
        """Whether nobody holds the lock for long."""
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        self._lock.release()
        return True

    def done(self, entries: Iterable[Entry]) -> bool:
        """Nobody needs them any more; False when the lock was not to be had, and they are to be told again."""
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        try:
            for entry in entries:
                if not entry.segment.map.closed:  # else it was left to the next process, which does no harm
                    entry.segment.map[entry.at] = _DONE
                    entry.segment.discard(entry)
        finally:
            self._lock.release()
        return True

    def tidy(self) -> None:
        """Make room, so that the host's threads need not."""
        current = self._current
        if current is not None and current.notice_whether_gone():
            self._begin_anew()
        if sum(1 for segment in self._segments if segment.entries) > MOST_UNPACKED:
            self._pack()
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return
        self._is_choosing = True
        emptied = [segment for segment in self._segments if segment is not self._current and not segment.entries]
        for segment in emptied:
            self._segments.remove(segment)
        self._is_choosing = False
        self._lock.release()
        for segment in emptied:
            if segment.is_free and len(self._spare) < MOST_SPARE:
                segment.clear()
                self._spare.append(segment)
            else:
                segment.close(remove=True)
        current = self._current
        if not self._spare and current is not None and current.at > current.size_bytes // 2:
            with suppress(OSError):
                self._spare.append(self._new(SEGMENT_BYTES))

    def left(self) -> Iterator[Left]:
        """What processes that are no more have left, each in all of its files."""
        for _, paths in groupby(sorted(self._folder.glob("*" + _SUFFIX)), lambda path: path.stem.rpartition("-")[0]):
            left = Left(self._rules)
            if all(left.hold(path) for path in paths):
                yield left
            else:  # somebody has the rest, and what is in several files is one thing
                left.close(remove=False)

    def close(self) -> None:
        """Let go of the files; what is not done is left to the next process."""
        with self._lock:
            self._current = None
            segments, self._segments, self._spare = [*self._segments, *self._spare], [], []
            for segment in segments:
                segment.close(remove=not segment.entries)
        with suppress(OSError):
            self._folder.rmdir()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's files."""
        for segment in [*self._segments, *self._spare]:
            segment.close(remove=False)
        self._segments, self._spare, self._current = [], [], None

    def _with_room(self, size_bytes: int) -> _Segment | None:
        """Another file to write into; None when there may be none."""
        self._is_choosing = True
        try:
            chosen = self._chosen(max(SEGMENT_BYTES, _HEAD.size + size_bytes))
        finally:
            self._is_choosing = False
        self._current = chosen or self._current
        return chosen

    def _chosen(self, size_bytes: int) -> _Segment | None:
        is_usual = size_bytes == SEGMENT_BYTES
        segment = next((segment for segment in self._segments if is_usual and segment.is_free), None)
        if segment is not None:
            segment.clear()
            return segment
        if is_usual and self._spare:
            segment = self._spare.pop()
        elif sum(segment.size_bytes for segment in self._segments) + size_bytes <= self._most_bytes:
            segment = self._new(size_bytes)
        else:
            return None
        self._segments.append(segment)
        return segment

    def _new(self, size_bytes: int) -> _Segment:
        if time.monotonic() < self._full_until:
            raise OSError(errno.ENOSPC, "there was no room just now")
        try:
            return self._made_new(size_bytes)
        except OSError:
            self._full_until = time.monotonic() + FULL_SECONDS
            raise

    def _made_new(self, size_bytes: int) -> _Segment:
        while True:
            _make_own(self._folder)
            path = self._folder / f"{self._name}-{next(self._numbers):012d}{_SUFFIX}"
            with suppress(FileNotFoundError):  # whoever had the folder last has just removed it
                descriptor = new_locked(path)
                if descriptor is not None:
                    return self._made(path, descriptor, size_bytes)

    def _made(self, path: Path, descriptor: int, size_bytes: int) -> _Segment:
        try:
            segment = _Segment(path, descriptor, size_bytes)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        _HEAD.pack_into(segment.map, 0, _MAGIC, self._rules, 0)
        return segment

    def _begin_anew(self) -> None:
        """Somebody has removed the files: write elsewhere from now on, and move what is in them there."""
        with suppress(OSError):
            current = self._new(SEGMENT_BYTES)
            if not self._lock.acquire(timeout=_LOCK_SECONDS):
                current.close(remove=True)
                return
            self._segments.append(current)
            self._current = current
            gone = [segment for segment in self._spare if segment.notice_whether_gone()]
            self._spare = [segment for segment in self._spare if not segment.is_gone]
            self._lock.release()
            for segment in gone:
                segment.close(remove=False)
            for segment in self._segments:
                segment.notice_whether_gone()
            self._pack()

    def _pack(self) -> None:
        """Move the entries of files that are mostly done into the current one, one at a time: others are waiting for the lock."""
        for segment in list(self._segments):
            is_sparse = 2 * segment.live_bytes < segment.size_bytes
            if segment is not self._current and (is_sparse or segment.is_gone):
                for entry in list(segment.entries):
                    if not self._moved(entry):
                        return

    def _moved(self, entry: Entry) -> bool:
        """Write an entry once more, where there is room, and let go of it where it was; False when that cannot be."""
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        try:
            segment = entry.segment
            state, length, number = _ENTRY.unpack_from(segment.map, entry.at)
            if state != _KEPT or entry not in segment.entries:  # a thread is about to write it, or it is done
                return True
            start = entry.at + _ENTRY.size
            moved = self.write(segment.map[start : start + length], number)
            if moved is None:
                return False
            self.done([entry])
            moved.segment.discard(moved)
            entry.segment, entry.at = moved.segment, moved.at
            entry.segment.add(entry)
        finally:
            self._lock.release()
        return True


class Left:
    """The files of a process that is no more, held by this one.

    Attributes:
        has_rules: whether what may become of its entries is what this process does with its own.
        found_seconds: how long ago a process that has other rules found it first; 0 where this one is it.
    """

    def __init__(self, rules: bytes) -> None:
        self._rules = rules
        self._files: list[tuple[Path, int]] = []
        self._is_taken = False
        self._bodies: dict[int, bytes] = {}
        self.has_rules = True
        self.found_seconds = 0.0

    @property
    def bodies(self) -> list[bytes]:
        """The entries that are not done, in their order, each once."""
        return [body for _, body in sorted(self._bodies.items())]

    def hold(self, path: Path) -> bool:
        """Lock a file and read it, if nobody has it."""
        try:
            descriptor = lock(path)
        except OSError:
            return False
        if descriptor is None:
            return False
        self._files.append((path, descriptor))
        try:
            self._read(descriptor)
        except (OSError, MemoryError):  # no file, or one that is too large for this process
            return False
        return True

    def _read(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if found.st_size > SEGMENT_BYTES and found.st_blocks * 512 < found.st_size:
            return  # it says that it is large, and was never reserved
        head = os.pread(descriptor, _HEAD.size, 0)
        magic, rules, found_ns = _HEAD.unpack(head) if len(head) == _HEAD.size else (b"", b"", 0)
        if magic == _TAKEN:
            self._is_taken = True
        elif magic == _MAGIC and not self._is_taken:
            with os.fdopen(os.dup(descriptor), "rb") as file:
                self._bodies |= dict(_kept_in(file.read()))
            if rules != self._rules:
                self._find(descriptor, found_ns)

    def close(self, *, remove: bool) -> None:
        """Remove the files, or leave them as they are.

        Whoever is killed meanwhile leaves the first one, which tells that all was taken: a part of a trace is another record.
        """
        if remove and self._files:
            with suppress(OSError):
                os.pwrite(self._files[0][1], _TAKEN, 0)
        for path, descriptor in reversed(self._files):
            if remove:
                with suppress(OSError):
                    path.unlink()
            os.close(descriptor)

    def _find(self, descriptor: int, found_ns: int) -> None:
        self.has_rules = False
        if found_ns:
            self.found_seconds = (time.time_ns() - found_ns) / 1e9
        else:
            os.pwrite(descriptor, _FOUND.pack(time.time_ns()), _FOUND_AT)


def _kept_in(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The entries of a file that are not done, by their numbers."""
    at = _HEAD.size
    while at + _ENTRY.size <= len(content):
        state, length, number = _ENTRY.unpack_from(content, at)
        if state not in (_BEGUN, _KEPT, _DONE):
            return
        start = at + _ENTRY.size
        if state == _KEPT:
            yield number, content[start : start + length]
        at = (start + length + _ALIGNED - 1) & -_ALIGNED


def _make_own(folder: Path) -> None:
    """Make the folder, below one that nobody else can read or has put there.

    Raises:
        OSError: somebody has.
    """
    above = folder.parent
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = above.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{above} is not a folder of this user alone")
    folder.mkdir(mode=0o700, exist_ok=True)
