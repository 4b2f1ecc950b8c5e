"""The recorder: takes what the host's threads hand over, and brings it to its destination from a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from generations.capture.counters import Tally
from generations.capture.delivery import BATCH_BYTES, LOOK_AROUND_SECONDS, Delivery, packed_in_batches
from generations.capture.journal import Entry, Journal
from generations.capture.open_spans import OPEN_SPANS
from generations.capture.preparing import Preparing
from generations.capture.reading import record_of
from generations.capture.spans import EmittedLog, EndedSpan, OpenSpan
from generations.capture.stored import Captured, packed
from generations.capture.taking_over import STRANGE_SECONDS, lines_left
from generations.capture.traces import Traces
from generations.wire.payload import Object

if TYPE_CHECKING:
    from generations.capture.counters import Counters
    from generations.capture.recording import Recording
    from generations.capture.settings import Settings

GATHER_SECONDS: Final = 0.1
"""How long a batch waits for more before it goes to disk."""
_ENGINE_SECONDS: Final = 60.0
_SHARE_OF_TRACES: Final = 4
"""The part of the memory that pieces of traces may take: one of so many."""
_SHARE_OF_JOURNAL: Final = 2
_PIECES: Final = (EndedSpan, OpenSpan, EmittedLog)


class _Flush:
    """Asks the thread to bring everything before it to safety, and to send what is on disk until a time."""

    __slots__ = ("_done", "ends_at", "is_sent")

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.is_sent = False
        self._done = threading.Lock()
        self._done.acquire()

    def wait(self) -> bool:
        """Whether it was done in time."""
        return self._done.acquire(timeout=min(max(0.0, self.ends_at - time.monotonic()), threading.TIMEOUT_MAX))

    def finish(self, *, is_sent: bool) -> None:
        self.is_sent = is_sent
        self._done.release()


class Recorder:
    """Brings recordings to one destination.

    `keep` is safe from any thread, from signal handlers and from finalizers: it only uses locks that its own thread may
    take twice, and a queue whose `put` may be interrupted by itself. What it has taken is in the journal, and outlives the
    process. Everything else happens on one daemon thread, which starts with the first recording: build the record, sample,
    redact, encode, pack, write to the spool, take out of the journal, send, take out of the spool.

    Args:
        settings: see there.
        on_start: called when the thread is about to start.
        on_open: called by the thread when it has opened its destination.
    """

    def __init__(self, settings: Settings, on_start: Callable[[], None], on_open: Callable[[], None]) -> None:
        self.settings = settings
        self._on_start = on_start
        self._queue: SimpleQueue[tuple[Captured, Entry | None] | _Flush | None] = SimpleQueue()
        self._lock = threading.RLock()
        self._hurry = threading.Lock()
        self._hurry.acquire()
        self._tally = Tally()
        self._put_bytes = 0
        self._taken_bytes = 0  # by the thread, which must not wait for a lock that a signal handler's victim may hold
        self._dropped_bytes = 0
        self._thread: threading.Thread | None = None
        self._forking: int | None = None  # the thread that does
        self._marks: deque[_Flush | None] = deque()  # the thread's own
        self._take_in_at = 0.0
        self._traces = Traces(OPEN_SPANS, self._tally, settings.memory_bytes // _SHARE_OF_TRACES)
        self._preparing = Preparing(settings, self._tally)
        self._journal: Journal | None = None
        self._done: list[Entry] = []  # once what came of them is on disk
        self._look_at = 0.0
        self._delivery = Delivery(settings, self._tally, on_open)

    # On the host's threads

    def keep(self, captured: Captured) -> None:
        """Take over what has ended. Never raises, never waits."""
        if not self.settings.enabled:
            return
        try:
            is_piece = isinstance(captured, _PIECES)
            with self._lock:
                if self._thread is None and not self._start():
                    self._leave(captured)
                    return
                if not is_piece:
                    self._tally.captured += 1
                self._put_bytes += captured.size_bytes
                waiting_bytes = self._waiting_bytes()
            self._queue.put((captured, self._journaled(captured)))
            if self._thread is None:  # it has ended meanwhile
                self._start_again()
            if waiting_bytes > BATCH_BYTES:
                self._wake()
            if waiting_bytes > self.settings.memory_bytes:
                self._drop_oldest()
        except Exception:  # noqa: BLE001 - whatever it is, it is not the host's
            self._tally.error("internal")

    def flush(self, seconds: float) -> bool:
        """Wait until everything captured before has been sent, or time is up; also sends what is on disk.

        Returns:
            Whether it has been sent. What was not is on disk, or still in memory where there is no spool.
        """
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                return not self._tally.counters().waiting
        mark = _Flush(time.monotonic() + seconds)
        self._queue.put(mark)
        self._wake()
        return mark.wait() and mark.is_sent

    def stop(self, seconds: float) -> None:
        """Flush, and end the thread: at the end of the process, and when another configuration takes over.

        An engine that is open is waited for longer: left open, it would crash the process.
        """
        thread, ends_at = self._thread, time.monotonic() + seconds
        if thread is not None:
            self.flush(seconds)
            self._queue.put(None)
            self._wake()
            thread.join(max(0.05, ends_at - time.monotonic()) if self.settings.is_server else max(seconds, _ENGINE_SECONDS))

    def counters(self) -> Counters:
        """The counters as they are now."""
        return self._tally.counters()

    def before_fork(self, seconds: float) -> None:
        """Wait until the thread is not importing, for a child would wait for the end of such an import for ever."""
        if self._delivery.loading.acquire(timeout=seconds):
            self._forking = threading.get_ident()

    def after_fork(self) -> None:
        """In the parent: go on."""
        if self._forking == threading.get_ident():  # else time was up, and another thread holds the lock
            self._forking = None
            self._delivery.loading.release()

    def abandon(self) -> None:
        """In a forked child: close the descriptors that belong to the parent, and leave everything else alone."""
        self._delivery.abandon()
        if self._journal is not None:
            self._journal.abandon()

    def _start(self) -> bool:
        if not self.settings.is_server:
            import_module("concurrent.futures.thread")  # the engine needs it, and it cannot be imported once the process is ending
        if self._journal is None:
            self._journal = self._new_journal()
        try:
            self._on_start()
            self._thread = threading.Thread(target=self._run, name="generations-capture", daemon=True)
            self._thread.start()
        except RuntimeError:  # the interpreter is ending
            self._thread = None
        return self._thread is not None

    def _start_again(self) -> None:
        """Where something came just when the thread ended."""
        if not self._lock.acquire(timeout=1.0):  # whom a signal handler has interrupted does it then
            return
        try:
            if self._thread is None and not self._queue.empty():
                self._start()
        finally:
            self._lock.release()

    def _new_journal(self) -> Journal | None:
        if self.settings.journal is None:
            return None
        try:
            return Journal(self.settings.journal, self.settings.memory_bytes // _SHARE_OF_JOURNAL, self.settings.rules)
        except OSError as error:
            self._tally.error("journal", str(error))
            return None

    def _journaled(self, captured: Captured) -> Entry | None:
        """Its entry in the journal; None where it is kept in memory alone."""
        journal = self._journal
        if journal is None:
            return None
        body = packed(captured)
        entry = None if body is None else journal.write(body)
        if entry is None:
            self._tally.error("journal", "what waits is in memory alone")
        return entry

    def _leave(self, captured: Captured) -> None:
        """The interpreter is ending: what the journal takes is left to the next process."""
        self._tally.captured += 1
        if self._journaled(captured) is None:
            self._tally.drop("no thread")
        else:
            self._tally.spooled += 1
            self._tally.settle(1)

    def _wake(self) -> None:
        with suppress(RuntimeError):  # it hurries already
            self._hurry.release()

    def _drop_oldest(self) -> None:
        while self._waiting_bytes() > self.settings.memory_bytes:
            try:
                oldest = self._queue.get_nowait()
            except Empty:
                return
            if oldest is None:  # the thread is to end
                self._queue.put(None)
                return
            if isinstance(oldest, _Flush):
                oldest.finish(is_sent=False)
                continue
            captured, entry = oldest
            with self._lock:
                self._dropped_bytes += captured.size_bytes
            if entry is not None and self._journal is not None:
                self._journal.done([entry])
            self._tally.drop("memory full", was_in_memory=not isinstance(captured, _PIECES))

    def _waiting_bytes(self) -> int:
        return self._put_bytes - self._taken_bytes - self._dropped_bytes

    # On the recorder's thread

    def _run(self) -> None:
        while True:
            try:
                if not self._round():
                    return
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever it meets
                self._done.clear()  # what it had in hand stays in the journal
                self._tally.error("internal", f"{type(error).__name__}: {error}")
                time.sleep(GATHER_SECONDS)

    def _round(self) -> bool:
        """Bring one batch on its way, and then what is on disk, as long as nothing new comes; False at the end."""
        lines: list[bytes] = []
        mark: _Flush | None = None
        goes_on = True
        with suppress(Empty):
            item = self._marks.popleft() if self._marks else self._queue.get(timeout=self._due_seconds())
            if item is None or isinstance(item, _Flush):
                mark, goes_on = item, item is not None
            else:
                self._hurry.acquire(timeout=GATHER_SECONDS)
                lines = self._gathered(item)
        try:
            self._deliver(lines, is_end=mark is not None or not goes_on)
        finally:
            if mark is not None:
                self._take_in_at = time.monotonic() + GATHER_SECONDS
                self._take_over(at_once=True)
                mark.finish(is_sent=self._delivery.drain_until(mark.ends_at, self._take_in))
        if goes_on:
            self._take_over()
            self._delivery.drain_while(self._is_idle)
        else:
            self._delivery.close()
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.close()
            self._thread = None  # what comes all the same starts another one
            if not self._queue.empty():
                self._start_again()
        return goes_on

    def _gathered(self, item: tuple[Captured, Entry | None] | _Flush | None) -> list[bytes]:
        """The lines of an item and of those behind it, to about the size of a batch; marks among them are put by."""
        lines: list[bytes] = []
        size = 0
        with suppress(Empty):
            while True:
                if item is None or isinstance(item, _Flush):
                    self._marks.append(item)
                else:
                    captured, entry = item
                    size += captured.size_bytes
                    self._taken_bytes += captured.size_bytes
                    lines += self._lines(self._read(captured, entry))
                if size >= BATCH_BYTES:
                    break
                item = self._queue.get_nowait()
        return lines

    def _deliver(self, lines: list[bytes], *, is_end: bool = False) -> None:
        lines += self._lines(self._found(self._traces.all() if is_end else self._traces.due()))
        journal = self._journal
        if journal is None or journal.is_reachable:
            self._traces.note_open(self._journaled)
        for frame in packed_in_batches(lines):
            self._delivery.deliver(frame)
        self._done += self._traces.released()
        if journal is not None and journal.done(self._done):
            self._done.clear()
            journal.tidy()

    def _take_over(self, *, at_once: bool = False) -> None:
        """Put into the spool what processes that are no more have left in their journals."""
        now = time.monotonic()
        if self._journal is None or (now < self._look_at and not at_once):
            return
        self._look_at = now + LOOK_AROUND_SECONDS
        for left in self._journal.left():
            is_taken = False
            try:
                if left.has_rules or left.found_seconds > STRANGE_SECONDS:
                    lines = lines_left(left, self.settings, self._tally)
                    is_taken = self._delivery.leave(list(packed_in_batches(lines)))
            except Exception as error:  # noqa: BLE001 - whatever was left, what this process captures goes on
                self._tally.error("journal", f"what a process has left cannot be taken: {type(error).__name__}: {error}")
            finally:
                left.close(remove=is_taken)

    def _take_in(self) -> None:
        """While a flush waits for the network, bring to disk what comes meanwhile, as at any other time."""
        now = time.monotonic()
        if now >= self._take_in_at and not self._queue.empty():
            self._take_in_at = now + GATHER_SECONDS
            with suppress(Empty):
                self._deliver(self._gathered(self._queue.get_nowait()))

    def _is_idle(self) -> bool:
        return self._queue.empty() and not self._marks

    def _due_seconds(self) -> float | None:
        due = [seconds for seconds in (self._delivery.due_seconds(), self._traces.due_seconds()) if seconds is not None]
        return min(due) if due else None

    def _read(self, captured: Captured, entry: Entry | None) -> list[Object]:
        """The records that can be made now."""
        try:
            if isinstance(captured, _PIECES):
                return self._found(self._traces.add(captured, entry))
            if entry is not None:
                self._done.append(entry)
            return self._recorded(captured)
        except Exception as error:  # noqa: BLE001 - one bad recording must not take the others with it
            is_piece = isinstance(captured, _PIECES)
            self._tally.drop("not recorded", was_in_memory=not is_piece, message=f"{type(error).__name__}: {error}")
            return []

    def _recorded(self, recording: Recording) -> list[Object]:
        record = record_of(recording)
        if record is None:
            self._tally.forget(1)
            return []
        return [record]

    def _found(self, records: list[Object]) -> list[Object]:
        """The records, counted: nobody did when their spans were handed over."""
        self._tally.found += len(records)
        return records

    def _lines(self, records: Iterable[Object]) -> list[bytes]:
        return [line for record in records if (line := self._preparing.line(record)) is not None]
