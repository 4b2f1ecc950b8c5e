"""Batches on their way: to disk, to their destination, and off the disk again. For the recorder's thread alone."""

from __future__ import annotations

import gzip
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from generations.capture.context import unobserved
from generations.capture.sinks import ANSWER_SECONDS, NotSent, Refused, ServerSink, Sink, StoreSink
from generations.capture.spool import Frame, Place, Spool, SpoolFile

if TYPE_CHECKING:
    from generations.capture.counters import Tally
    from generations.capture.settings import Settings

BATCH_BYTES: Final = 1 << 20
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
LOOK_AROUND_SECONDS: Final = 10.0
"""How often the spool is searched for what other processes left, at most."""
SYNC_SECONDS: Final = 1.0
"""How long what is left on disk may wait to be safe from the power going out."""
_QUICK_SECONDS: Final = 0.05
"""How long a batch is waited for at most before others are written behind it."""
_LOOK_SECONDS: Final = 0.02
"""How often it is looked whether something came in while a batch is on its way."""
_MOST_AT_ONCE_BYTES: Final = 256 << 10
"""Of packed batches that were left, which are sent as one: what gathered in an hour is not to take an hour to send."""
_LINE_BREAK: Final = gzip.compress(b"\n", mtime=0)
_ENGINE_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Flight:
    """A batch on its way, on a thread of its own.

    Attributes:
        frame: what is sent.
        is_own: captured by this process.
        place: in the own file; None for a frame of another file or one that is in memory.
        is_from_memory: kept nowhere but here.
        landed: set when `outcome` is there.
        outcome: why records of it were refused, one message for each, or why it was not sent.
    """

    frame: Frame
    is_own: bool
    place: Place | None = None
    is_from_memory: bool = False
    landed: threading.Event = field(default_factory=threading.Event)
    outcome: list[str] | Exception = field(default_factory=list[str])


class Delivery:
    """Writes each batch to the spool, sends it, and takes it out again: whoever is killed in between loses nothing.

    Sending happens on a thread of its own, one batch at a time: what is captured while a network is silent is on disk as soon
    as at any other time. After a failure everything stays on disk, and is sent after a pause that doubles up to half a minute,
    the oldest first. Where there is no spool, or the disk does not take it, batches wait in memory, within the same bound as
    recordings.

    Attributes:
        loading: held while a thread of ours imports.
    """

    def __init__(self, settings: Settings, tally: Tally, on_open: Callable[[], None]) -> None:
        self._settings = settings
        self._tally = tally
        self._on_open = on_open
        self._spool = Spool(settings.spool, settings.spool_bytes) if settings.spool is not None else None
        self._sink: Sink | None = None
        self.loading = threading.Lock()
        self._flight: _Flight | None = None
        self._left: SpoolFile | None = None
        self._left_frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._in_memory: deque[Frame] = deque()
        self._in_memory_bytes = 0
        self._looked_around_at = float("-inf")
        self._may_send_at = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._sync_at: float | None = None

    def leave(self, frames: Sequence[Frame]) -> bool:
        """Put batches of a process that is no more on disk, to be sent as what others left; whether they are there."""
        if self._spool is None or not frames:
            return self._spool is not None
        try:
            self._spool.leave(frames)
        except OSError as error:
            self._tally.error("spool", str(error))
            return False
        finally:
            self._count_evicted(self._spool)
        self._looked_around_at = float("-inf")
        return True

    def deliver(self, frame: Frame) -> None:
        """Bring a batch to safety, and on its way where nothing else is; does not wait for a slow destination."""
        place = self._on_disk(frame)
        self._land(0)
        if place is None:
            self._keep_in_memory(frame)
            self._begin_from_memory(ANSWER_SECONDS)
            self._land(_QUICK_SECONDS)
            return
        self._tally.settle(frame.count)
        if self._may_begin():
            self._begin(_Flight(frame, is_own=True, place=place), ANSWER_SECONDS)
            if self._land(_QUICK_SECONDS):
                return
        self._tally.spooled += frame.count
        self._sync_at = self._sync_at or time.monotonic() + SYNC_SECONDS

    def due_seconds(self) -> float | None:
        """When there is something to do again, in seconds from now; None when nothing is known to be left."""
        if self._flight is not None:
            return _LOOK_SECONDS
        if self._left is None and not self._in_memory and not (self._spool is not None and self._spool.has_own):
            return None
        due_at = self._may_send_at if self._sync_at is None else min(self._may_send_at, self._sync_at)
        return max(0.01, due_at - time.monotonic())

    def drain_while(self, is_idle: Callable[[], bool]) -> None:
        """Send what is left on disk and in memory, as long as nothing else is to be done."""
        self._sync()
        while is_idle() and (self._flight is not None or (self._may_begin() and self._begin_next(ANSWER_SECONDS))):
            self._land(_LOOK_SECONDS)
            self._sync()

    def drain_until(self, ends_at: float, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Send what is left on disk and in memory, at once, until a time (`time.monotonic`); whether nothing is left.

        Args:
            ends_at: see above.
            meanwhile: called now and then.
        """
        self._may_send_at = min(self._may_send_at, time.monotonic())
        self._looked_around_at = float("-inf")
        while (patience := ends_at - time.monotonic()) > 0:
            if self._flight is None:
                if not self._may_begin():
                    break
                if not self._begin_next(patience):
                    return self.due_seconds() is None
            self._land(min(patience, _LOOK_SECONDS))
            meanwhile()
        self._sync(at_once=True)
        return False

    def close(self) -> None:
        """Leave the spool to others, and the destination; both are opened again when there is more.

        A batch that is on its way is waited for where an engine has it: one that is left open would crash the process.
        """
        if not self._settings.is_server:
            self._land(_ENGINE_SECONDS)
        left, self._left, self._next = self._left, None, None
        if left is not None:
            left.close(remove=False)
        if self._spool is not None:
            self._spool.close()
        if self._flight is None:
            sink, self._sink = self._sink, None
            if sink is not None:
                sink.close()

    def abandon(self) -> None:
        """In a forked child: close the descriptors that belong to the parent."""
        if self._spool is not None:
            self._spool.abandon()
        if self._left is not None:
            self._left.let_go()

    def _on_disk(self, frame: Frame) -> Place | None:
        """Its place in the spool; None where it is not there."""
        if self._spool is None:
            return None
        try:
            return self._spool.append(frame)
        except OSError as error:
            self._tally.error("spool", str(error))
            return None
        finally:
            self._count_evicted(self._spool)

    def _count_evicted(self, spool: Spool) -> None:
        evicted, spool.evicted = spool.evicted, 0
        if evicted:
            self._tally.drop("spool full", evicted, was_in_memory=False)

    def _sync(self, *, at_once: bool = False) -> None:
        """Have the disk keep what is left on it, a while after it was left."""
        if self._spool is None or self._sync_at is None or (time.monotonic() < self._sync_at and not at_once):
            return
        self._sync_at = None
        try:
            self._spool.sync()
        except OSError as error:
            self._tally.error("spool", str(error))

    def _keep_in_memory(self, frame: Frame) -> None:
        self._in_memory.append(frame)
        self._in_memory_bytes += len(frame.body)
        while self._in_memory_bytes > self._settings.memory_bytes and len(self._in_memory) > 1:
            oldest = self._in_memory.popleft()
            self._in_memory_bytes -= len(oldest.body)
            self._tally.drop("memory full", oldest.count)

    def _may_begin(self) -> bool:
        return self._flight is None and time.monotonic() >= self._may_send_at

    def _begin_next(self, patience_seconds: float) -> bool:
        """Send the next batch that was left; False when none is."""
        if self._begin_from_memory(patience_seconds):
            return True
        while (left := self._left or self._look_around()) is not None:
            self._next = self._next or _as_one(self._left_frames)
            if self._next is not None:
                is_own = self._spool is not None and self._spool.is_own(left)
                self._begin(_Flight(self._next, is_own), patience_seconds)
                return True
            if left.damaged:
                self._tally.error("damaged spool", f"{left.path.name} was not whole")
            left.close(remove=True)
            self._left = None
        return False

    def _begin_from_memory(self, patience_seconds: float) -> bool:
        if not self._in_memory or not self._may_begin():
            return False
        frame = self._in_memory.popleft()
        self._in_memory_bytes -= len(frame.body)
        self._begin(_Flight(frame, is_own=True, is_from_memory=True), patience_seconds)
        return True

    def _begin(self, flight: _Flight, patience_seconds: float) -> None:
        self._flight = flight
        thread = threading.Thread(target=self._fly, args=(flight, patience_seconds), name="generations-sending", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, and lets no thread begin
            self._fly(flight, patience_seconds)

    def _land(self, seconds: float) -> bool:
        """Wait so long for the batch that is on its way; whether it has arrived.

        One that was refused for good has, too. What could not be sent is where it was before, and sets the time of the next try.
        """
        flight = self._flight
        if flight is None or not flight.landed.wait(seconds):
            return False
        self._flight = None
        if isinstance(flight.outcome, Exception):
            self._failed(flight, flight.outcome)
            return False
        self._pause_seconds = FIRST_PAUSE_SECONDS
        if flight.place is not None:
            flight.place.sent()
        elif flight.is_from_memory:
            self._tally.settle(flight.frame.count)
        else:
            self._next = None
        refused = flight.outcome
        if refused:
            self._tally.drop("refused", len(refused), was_in_memory=False, message=refused[0])
        if flight.is_own:
            self._tally.sent += flight.frame.count - len(refused)
        else:
            self._tally.recovered += flight.frame.count - len(refused)
        return True

    def _failed(self, flight: _Flight, error: Exception) -> None:
        if flight.is_from_memory:
            self._in_memory.appendleft(flight.frame)
            self._in_memory_bytes += len(flight.frame.body)
        if isinstance(error, NotSent):
            self._tally.error(error.kind, str(error))
        else:
            self._tally.error("internal", f"{type(error).__name__}: {error}")
        least_seconds = error.pause_seconds if isinstance(error, NotSent) else 0.0
        pause = max(self._pause_seconds * random.uniform(0.5, 1.0), least_seconds)  # noqa: S311 - nothing secret
        self._may_send_at = time.monotonic() + pause
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)

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

    # On the thread of a flight

    def _fly(self, flight: _Flight, patience_seconds: float) -> None:
        try:
            flight.outcome = self._asked(flight.frame, patience_seconds)
        except Exception as error:  # noqa: BLE001 - whatever a client or an engine raises, the batch is kept for another try
            flight.outcome = error
        finally:
            flight.landed.set()

    def _asked(self, frame: Frame, patience_seconds: float) -> list[str]:
        """Send it; where the destination refuses all of it, each line alone: one that is too large must not take the others with it."""
        try:
            with unobserved():
                return self._ask(frame.body, patience_seconds)
        except Refused as error:
            if frame.count == 1:
                return [str(error)]
            return [why for one in _single(frame) for why in self._asked(one, patience_seconds)]

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


def frame_of(lines: Sequence[bytes]) -> Frame:
    """A batch of lines, packed."""
    return Frame(gzip.compress(b"\n".join(lines), 1, mtime=0), len(lines))


def packed_in_batches(lines: list[bytes]) -> Iterator[Frame]:
    """Lines in batches of about `BATCH_BYTES`."""
    start = size = 0
    for at, line in enumerate(lines):
        if size >= BATCH_BYTES:
            yield frame_of(lines[start:at])
            start, size = at, 0
        size += len(line)
    if lines:
        yield frame_of(lines[start:])


def _as_one(frames: Iterator[Frame]) -> Frame | None:
    """The next batches together, as far as they are small; None when there is none. Files of gzip stand behind each other."""
    bodies: list[bytes] = []
    count = size_bytes = 0
    for frame in frames:
        bodies.append(frame.body)
        count += frame.count
        size_bytes += len(frame.body)
        if size_bytes >= _MOST_AT_ONCE_BYTES:
            break
    return Frame(_LINE_BREAK.join(bodies), count) if bodies else None


def _single(frame: Frame) -> Iterator[Frame]:
    """Each line of a batch as a batch of its own."""
    for line in gzip.decompress(frame.body).split(b"\n"):
        yield frame_of([line])
