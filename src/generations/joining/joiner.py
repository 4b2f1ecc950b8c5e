"""Group commit of pieces: what many requests tell is kept in one block, and each is answered once its records are on disk.

While the records of one group are written, those of the next one are made, and the pieces of the one after that are put on disk.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import TYPE_CHECKING, Final

from generations.errors import StoreUnavailable
from generations.joining.join import KEPT_FOR, Joined, Kept, Made, Refused, keep, make, write
from generations.joining.pieces import Told, settling_piece

if TYPE_CHECKING:
    from generations.store.collection import Collection

OnJoined = Callable[[Mapping[str, int], Joined], None]

MOST_PIECES: Final = 20_000
MOST_BYTES: Final = 64 << 20
MOST_SETTLED: Final = 1_000
MOST_SECONDS_BETWEEN_SWEEPS: Final = 60.0
PATIENCE: Final = timedelta(minutes=5)
_OVERLAP: Final = timedelta(minutes=1)
"""By which sweeps look back further than the one before: clocks of other servers differ, and groups take their time."""
_LOG: Final = logging.getLogger("generations.joining")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one request.

    Attributes:
        refused: what of it could not be recorded.
    """

    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class _Waiting:
    project: str
    told: Sequence[Told]
    size_bytes: int
    done: Future[Taken]


class Joiner:
    """Keeps pieces of traces and makes records of them, in groups, from threads of its own.

    Args:
        collection: opens the collection of a project.
        kept_for: how long pieces wait for others of their trace, from the last one on.
        patience: how long events that tell a whole call wait for their span until they become a record without it; that
            is completed where it comes later.
        on_joined: told of what became of pieces, by the kinds of those that are on disk. It must not raise.
    """

    def __init__(
        self,
        collection: Callable[[str], Collection],
        kept_for: timedelta = KEPT_FOR,
        patience: timedelta = PATIENCE,
        on_joined: OnJoined | None = None,
    ) -> None:
        self._collection = collection
        self._kept_for = kept_for
        self._patience = min(patience, kept_for / 2)
        self._queue: deque[_Waiting] = deque()
        self._kept: Queue[tuple[list[_Waiting], Kept] | None] = Queue(1)
        self._made: Queue[tuple[list[_Waiting], Kept, Made | None] | None] = Queue(1)
        self._changed = threading.Condition()
        self._closing = False
        self._stopping = threading.Event()
        self._on_joined = on_joined
        self._kept_pieces = 0
        self._settled_until: datetime | None = None
        self._threads = [
            threading.Thread(target=target, name=f"generations-joiner-{name}", daemon=True)
            for name, target in (
                ("keeps", self._run_keeping),
                ("makes", self._run_making),
                ("writes", self._run_writing),
                ("sweeps", self._run_sweeping),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def kept_pieces(self) -> int:
        """How many pieces were kept when that was last counted, a minute ago at most."""
        return self._kept_pieces

    @property
    def is_working(self) -> bool:
        """Whether the threads are there."""
        return all(thread.is_alive() for thread in self._threads)

    def take(self, project: str, told: Sequence[Told], size_bytes: int = 0) -> Future[Taken]:
        """Keep pieces, and make records of them; done once both are on disk, or with the error that says why not.

        Taking the same pieces again adds nothing.

        Args:
            project: whose they are.
            told: the pieces; those of one project are taken in the order of these calls.
            size_bytes: what they take up in memory, for the size of groups.

        Raises:
            StoreUnavailable: the server is stopping.
        """
        done: Future[Taken] = Future()
        done.set_running_or_notify_cancel()  # a client that leaves cancels nothing
        if not told:
            done.set_result(Taken())
            return done
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the server is stopping", hint="send it again to the next one")
            self._queue.append(_Waiting(project, told, size_bytes, done))
            self._changed.notify_all()
        return done

    def close(self) -> None:
        """Finish what waits, and stop. Harmless when repeated."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run_keeping(self) -> None:
        while group := self._next_group():
            try:
                kept = keep(self._collection(group[0].project).store, [one for waiting in group for one in waiting.told], self._kept_for)
            except BaseException as error:  # noqa: BLE001 - each request is told, whatever it is, and the thread goes on
                _fail(group, error)
                continue
            self._kept.put((group, kept))
        self._kept.put(None)

    def _next_group(self) -> list[_Waiting]:
        """The oldest request and those of its project behind it; empty at the end."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            group: list[_Waiting] = []
            others: deque[_Waiting] = deque()
            pieces = size_bytes = 0
            is_open = True
            while self._queue:
                one = self._queue.popleft()
                fits = not group or (pieces + len(one.told) <= MOST_PIECES and size_bytes + one.size_bytes <= MOST_BYTES)
                if is_open and fits and (not group or one.project == group[0].project):
                    group.append(one)
                    pieces, size_bytes = pieces + len(one.told), size_bytes + one.size_bytes
                    continue
                # What comes later of this project must stay behind it.
                is_open = is_open and one.project != group[0].project
                others.append(one)
            self._queue = others
            return group

    def _run_making(self) -> None:
        while (found := self._kept.get()) is not None:
            group, kept = found
            made = None
            with suppress(Exception):  # it is tried again, and told, where it is written
                collection = self._collection(group[0].project)
                made = make(collection.store, kept, collection.max_record_bytes)
            self._made.put((group, kept, made))
        self._made.put(None)

    def _run_writing(self) -> None:
        while (found := self._made.get()) is not None:
            self._write(*found)

    def _write(self, group: list[_Waiting], kept: Kept, made: Made | None) -> None:
        """Write records; where that cannot be done together, for one request after the other, so that only the bad ones are refused."""
        try:
            collection = self._collection(group[0].project)
            made = made or make(collection.store, kept, collection.max_record_bytes)
            joined = write(collection.store, made, collection.max_record_bytes)
        except BaseException as error:  # noqa: BLE001 - each request is told, whatever it is, and the thread goes on
            if len(group) == 1 or isinstance(error, StoreUnavailable):
                _fail(group, error)
                return
            for one in group:
                self._write([one], kept.of({told.piece.trace_id for told in one.told}), None)
        else:
            if self._on_joined is not None:
                self._on_joined(Counter(told.piece.kind for one in group for told in one.told), joined)
            _tell(group, joined)

    def _run_sweeping(self) -> None:
        """Settle what has waited too long, and remove what nobody waits for; also what is left of another process."""
        seconds = min(MOST_SECONDS_BETWEEN_SWEEPS, self._patience.total_seconds() / 2)
        while not self._stopping.is_set():
            try:
                self.sweep()
            except Exception:  # noqa: BLE001 - the next sweep finds what this one has left
                if not self._stopping.is_set():
                    _LOG.exception("what waits could not be swept")
            self._stopping.wait(seconds)

    def sweep(self) -> None:
        """Make records of what has waited for its span long enough, and remove the pieces whose time is over."""
        pieces = self._collection("default").store.pieces
        until = datetime.now(UTC) - self._patience
        while traces := pieces.unsettled(self._settled_until, until, MOST_SETTLED):
            settled = [self.take(project, [settling_piece(trace_id)]) for project, trace_id in traces]
            for one in settled:
                one.result()
        self._settled_until = until - _OVERLAP
        pieces.drop(self._kept_for)
        self._kept_pieces = pieces.count()


def _fail(group: list[_Waiting], error: BaseException) -> None:
    for one in group:
        one.done.set_exception(error)


def _tell(group: list[_Waiting], joined: Joined) -> None:
    for one in group:
        traces = {told.piece.trace_id for told in one.told} if joined.refused else set[str]()
        one.done.set_result(Taken(tuple(refused for refused in joined.refused if refused.trace_id in traces)))
