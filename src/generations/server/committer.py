"""Group commit: what many requests send is written in one block, and each is answered once its records are on disk.

Writing costs the engine some 20 ms however few the records are. While one group is written the next one gathers, so that
nobody waits for more than two writes and nothing waits for company that may not come.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from generations.errors import Busy, StoreUnavailable
from generations.store.block import Block
from generations.store.insertion import InsertOutcome

if TYPE_CHECKING:
    from generations.server.projects import Projects

MOST_ROWS: Final = 50_000
MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class _Waiting:
    project: str
    block: Block
    size_bytes: int
    done: Future[InsertOutcome]


class Committer:
    """Writes blocks in groups, from one thread of its own.

    Args:
        projects: where they go.
        max_waiting_bytes: most bytes that wait to be written, as Arrow.
    """

    def __init__(self, projects: Projects, max_waiting_bytes: int) -> None:
        self._projects = projects
        self._max_waiting_bytes = max_waiting_bytes
        self._queue: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="generations-committer", daemon=True)
        self._thread.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that are not on disk yet, those being written included."""
        return self._waiting_bytes

    def submit(self, project: str, block: Block) -> Future[InsertOutcome]:
        """Have a block written; the future is done once it is on disk, or says why it is not.

        Raises:
            Busy: too much is waiting already; nothing of this block was taken.
            StoreUnavailable: the server is stopping.
        """
        waiting = _Waiting(project, block, block.table.nbytes, Future())
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the server is stopping", hint="send it again to the next one")
            if self._queue and self._waiting_bytes + waiting.size_bytes > self._max_waiting_bytes:
                raise Busy("more is sent than can be written now", hint="send it again after the time in Retry-After")
            self._queue.append(waiting)
            self._waiting_bytes += waiting.size_bytes
            self._changed.notify()
        return waiting.done

    def close(self) -> None:
        """Write what waits, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._write(group)
            with self._changed:
                self._waiting_bytes -= sum(one.size_bytes for one in group)

    def _next_group(self) -> list[_Waiting]:
        """The oldest block and those of its project behind it, in their order; empty at the end.

        A block that names an id of the group waits for the next one, so that the outcome of each is its own.
        """
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            group: list[_Waiting] = []
            others: deque[_Waiting] = deque()
            ids: set[str] = set()
            rows = size_bytes = 0
            is_open = True
            while self._queue:
                one = self._queue.popleft()
                fits = not group or (rows + len(one.block) <= MOST_ROWS and size_bytes + one.size_bytes <= MOST_BYTES)
                if is_open and fits and (not group or one.project == group[0].project) and ids.isdisjoint(one.block.ids):
                    group.append(one)
                    ids.update(one.block.ids)
                    rows, size_bytes = rows + len(one.block), size_bytes + one.size_bytes
                    continue
                # What comes later of this project must stay behind it.
                is_open = is_open and one.project != group[0].project
                others.append(one)
            self._queue = others
            return group

    def _write(self, group: list[_Waiting]) -> None:
        try:
            outcome = self._projects.collection(group[0].project).store.insert(Block.joined([one.block for one in group]))
        except BaseException as error:  # noqa: BLE001 - each request is told, whatever it is
            for one in group:
                one.done.set_exception(error)
            return
        if len(group) == 1:
            group[0].done.set_result(outcome)
            return
        inserted, unchanged = set(outcome.inserted_ids), set(outcome.unchanged_ids)
        for one in group:
            own = InsertOutcome([], [], [])
            for id in dict.fromkeys(one.block.ids):
                kept = own.inserted_ids if id in inserted else own.unchanged_ids if id in unchanged else own.replaced_ids
                kept.append(id)
            one.done.set_result(own)
