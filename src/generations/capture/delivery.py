"""Batches on their way: to disk, to their destination, and off the disk again. For the recorder's thread alone."""

from __future__ import annotations

import gzip
import random
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from generations.capture.sinks import ANSWER_SECONDS, NotSent, Refused, ServerSink, Sink, StoreSink
from generations.capture.spool import Frame, Spool, SpoolFile

if TYPE_CHECKING:
    from generations.capture.counters import Tally
    from generations.capture.settings import Settings

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
LOOK_AROUND_SECONDS: Final = 10.0
"""How often the spool is searched for what other processes left, at most."""
_GZIP_FILE: Final = 31


class Delivery:
    """Writes each batch to the spool, sends it, and takes it out again: whoever is killed in between loses nothing.

    After a failure everything stays on disk, and is sent after a pause that doubles up to half a minute, the oldest first.
    Where there is no spool, or the disk does not take it, batches wait in memory, within the same bound as recordings.

    Attributes:
        loading: held while the thread imports.
    """

    def __init__(self, settings: Settings, tally: Tally, on_open: Callable[[], None]) -> None:
        self._settings = settings
        self._tally = tally
        self._on_open = on_open
        self._spool = Spool(settings.spool, settings.spool_bytes) if settings.spool is not None else None
        self._sink: Sink | None = None
        self.loading = threading.Lock()
        self._left: SpoolFile | None = None
        self._left_frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._in_memory: deque[Frame] = deque()
        self._in_memory_bytes = 0
        self._looked_around_at = float("-inf")
        self._may_send_at = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def deliver(self, lines: list[bytes]) -> None:
        """Send the lines, or leave them where they will be sent from."""
        frame = Frame(gzip.compress(b"\n".join(lines), 1, mtime=0), len(lines))
        place = self._on_disk(frame)
        if time.monotonic() >= self._may_send_at and self._send(frame, ANSWER_SECONDS, is_own=True):
            if place is not None and self._spool is not None:
                self._spool.retract(place)
        elif place is not None:
            self._tally.spooled += frame.count
        else:
            self._hold(frame)
            return
        self._tally.settle(frame.count)

    def due_seconds(self) -> float | None:
        """When there is something to send again, in seconds from now; None when nothing is known to be left."""
        if self._left is None and not self._in_memory and not (self._spool is not None and self._spool.has_own):
            return None
        return max(0.01, self._may_send_at - time.monotonic())

    def drain_while(self, is_idle: Callable[[], bool]) -> None:
        """Send what is left on disk and in memory, as long as nothing else is to be done."""
        while is_idle() and time.monotonic() >= self._may_send_at:
            if not self._drain_one(ANSWER_SECONDS):
                return

    def drain_until(self, ends_at: float) -> bool:
        """Send what is left on disk and in memory, at once, until a time (`time.monotonic`); whether nothing is left."""
        self._may_send_at = min(self._may_send_at, time.monotonic())
        self._looked_around_at = float("-inf")
        while (patience := ends_at - time.monotonic()) > 0 and time.monotonic() >= self._may_send_at:
            if not self._drain_one(patience):
                return self.due_seconds() is None
        return False

    def close(self) -> None:
        """Leave the spool to others, and the destination; both are opened again when there is more."""
        left, self._left, self._next = self._left, None, None
        if left is not None:
            left.close(remove=False)
        if self._spool is not None:
            self._spool.close()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()

    def abandon(self) -> None:
        """In a forked child: close the descriptors that belong to the parent."""
        if self._spool is not None:
            self._spool.abandon()
        if self._left is not None:
            self._left.let_go()

    def _on_disk(self, frame: Frame) -> int | None:
        """Its place in the spool; None where it is not there."""
        if self._spool is None:
            return None
        evicted = self._spool.evicted
        try:
            return self._spool.append(frame)
        except OSError as error:
            self._tally.error("spool", str(error))
            return None
        finally:
            if self._spool.evicted > evicted:
                self._tally.drop("spool full", self._spool.evicted - evicted, was_in_memory=False)

    def _hold(self, frame: Frame) -> None:
        self._in_memory.append(frame)
        self._in_memory_bytes += len(frame.body)
        while self._in_memory_bytes > self._settings.memory_bytes:
            oldest = self._in_memory.popleft()
            self._in_memory_bytes -= len(oldest.body)
            self._tally.drop("memory full", oldest.count)

    def _drain_one(self, patience_seconds: float) -> bool:
        """Send one batch that was left; False when none is left or it could not be sent."""
        if self._in_memory:
            frame = self._in_memory[0]
            if not self._send(frame, patience_seconds, is_own=True):
                return False
            self._in_memory.popleft()
            self._in_memory_bytes -= len(frame.body)
            self._tally.settle(frame.count)
            return True
        left = self._left or self._look_around()
        if left is None:
            return False
        self._next = self._next or next(self._left_frames, None)
        if self._next is None:
            if left.damaged:
                self._tally.error("damaged spool", f"{left.path.name} was not whole")
            left.close(remove=True)
            self._left = None
            return True
        if not self._send(self._next, patience_seconds, is_own=self._spool is not None and left.path.name in self._spool.own_names):
            return False
        self._next = None
        return True

    def _look_around(self) -> SpoolFile | None:
        """Take the oldest file that nobody holds, the own one included; None when there is none, or it was searched just now."""
        if self._spool is None:
            return None
        now = time.monotonic()
        if self._spool.has_own:
            self._spool.close()
        elif now - self._looked_around_at < LOOK_AROUND_SECONDS:
            return None
        self._left = self._spool.claim()
        if self._left is None:
            self._looked_around_at = now
        else:
            self._left_frames = self._left.frames()
        return self._left

    def _send(self, frame: Frame, patience_seconds: float, *, is_own: bool) -> bool:
        """Whether the batch is taken, or refused for good; what could not be sent sets the time of the next try."""
        try:
            refused = self._ask(frame.body, patience_seconds)
        except NotSent as error:
            self._tally.error(error.kind, str(error))
            self._pause(error.pause_seconds)
            return False
        except Refused as error:
            refused = [str(error)]
            if frame.count > 1:
                return all(self._send(one, patience_seconds, is_own=is_own) for one in _single(frame))
        except Exception as error:  # noqa: BLE001 - whatever a client or an engine raises, the batch is kept for another try
            self._tally.error("internal", f"{type(error).__name__}: {error}")
            self._pause(0.0)
            return False
        self._pause_seconds = FIRST_PAUSE_SECONDS
        if refused:
            self._tally.drop("refused", len(refused), was_in_memory=False, message=refused[0])
        if is_own:
            self._tally.sent += frame.count - len(refused)
        else:
            self._tally.recovered += frame.count - len(refused)
        return True

    def _pause(self, least_seconds: float) -> None:
        pause = max(self._pause_seconds * random.uniform(0.5, 1.0), least_seconds)  # noqa: S311 - nothing secret
        self._may_send_at = time.monotonic() + pause
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)

    def _ask(self, body: bytes, patience_seconds: float) -> list[str]:
        if self._sink is None and self._settings.is_server:
            with self.loading:
                self._sink = ServerSink(self._settings)
        if self._sink is not None:
            return self._sink.send(body, patience_seconds)
        with self.loading:  # an engine imports until its first batch is in it
            sink = StoreSink(self._settings)
            try:
                refused = sink.send(body, patience_seconds)
            except NotSent:
                sink.close()
                raise
            finally:
                self._on_open()
            self._sink = sink
        return refused


def _single(frame: Frame) -> Iterator[Frame]:
    """Each line of a batch as a batch of its own: one that is too large must not take the others with it."""
    for line in zlib.decompress(frame.body, _GZIP_FILE).split(b"\n"):
        yield Frame(gzip.compress(line, 1, mtime=0), 1)
