"""Group commit: what many requests send is written in one block, and each is answered once its records are on disk.

Writing costs the engine some 20 ms however few the records are. While one group is written the next one gathers, so that
nobody waits for more than two writes and nothing waits for company that may not come.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from generations.errors import StoreUnavailable
from generations.joining.completing import complete_from_pieces
from generations.record.encode import Rows
from generations.store.block import Block
from generations.store.insertion import InsertOutcome

if TYPE_CHECKING:
    from generations.server.projects import Projects
    from generations.server.room import Room
    from generations.store.store import Store

MOST_ROWS: Final = 50_000
MOST_BYTES: Final = 64 << 20
_FAILING_SECONDS: Final = 10.0
WORTH_A_BLOCK: Final = 100
"""Rows from which on a block of their own is made before they are submitted, which is work that the thread need not do then."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    project: str
    records: Rows | Block
    size_bytes: int
    done: Future[InsertOutcome]


class Committer:
    """Writes records in groups, from one thread of its own.

    Args:
        projects: where they go.
        room: what the records that wait take up; given back when they are written, or refused.
        on_commit: told of each group that is on disk: its requests, its records, and the seconds that writing took.
    """

    def __init__(self, projects: Projects, room: Room, on_commit: Callable[[int, int, float], None] | None = None) -> None:
        self._projects = projects
        self._room = room
        self._on_commit = on_commit
        self._failed_at: float | None = None
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="generations-committer", daemon=True)
        self._thread.start()

    @property
    def is_writing(self) -> bool:
        """Whether the thread is there, and the last write has not failed for want of a store within some seconds."""
        is_failing = self._failed_at is not None and time.monotonic() - self._failed_at < _FAILING_SECONDS
        return self._thread.is_alive() and not is_failing

    def submit(self, project: str, records: Rows | Block, size_bytes: int) -> Future[InsertOutcome]:
        """Have records written, all of them or none; the future is done once they are on disk, or says why they are not.

        Args:
            project: whose records they are; those of one project are written in the order of these calls.
            records: rows where they are fewer than `WORTH_A_BLOCK`: a block of their own would cost more than their share of the group's.
            size_bytes: what was taken for them in the room.

        Raises:
            StoreUnavailable: the server is stopping; nothing is given back.
        """
        done: Future[InsertOutcome] = Future()
        done.set_running_or_notify_cancel()  # a client that leaves cancels nothing
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the server is stopping", hint="send it again to the next one")
            self._queue.append(_Waiting(project, records, size_bytes, done))
            self._changed.notify()
        return done

    def close(self) -> None:
        """Write what waits, and stop. Harmless when repeated."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            for one, outcome in self._written(group):
                self._room.give_back(one.size_bytes)
                if isinstance(outcome, InsertOutcome):
                    one.done.set_result(outcome)
                else:
                    one.done.set_exception(outcome)

    def _next_group(self) -> list[_Waiting]:
        """The oldest records and those of its project behind them, in their order; empty at the end.

        What names an id of the group waits for the next one, so that the outcome of each is its own.
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
                fits = not group or (rows + len(one.records) <= MOST_ROWS and size_bytes + one.size_bytes <= MOST_BYTES)
                if is_open and fits and (not group or one.project == group[0].project) and ids.isdisjoint(one.records.ids):
                    group.append(one)
                    ids.update(one.records.ids)
                    rows, size_bytes = rows + len(one.records), size_bytes + one.size_bytes
                    continue
                # What comes later of this project must stay behind it.
                is_open = is_open and one.project != group[0].project
                others.append(one)
            self._queue = others
            return group

    def _written(self, group: list[_Waiting]) -> Iterator[tuple[_Waiting, InsertOutcome | BaseException]]:
        """Write a group; where it cannot be taken as a whole, one after the other, so that only the bad ones are refused."""
        try:
            outcomes = self._insert(group)
        except BaseException as error:  # noqa: BLE001 - each request is told, whatever it is, and the thread goes on
            if len(group) == 1 or isinstance(error, StoreUnavailable):
                outcomes = [error] * len(group)
            else:
                for one in group:
                    yield from self._written([one])
                return
        yield from zip(group, outcomes, strict=True)

    def _insert(self, group: list[_Waiting]) -> list[InsertOutcome]:
        begun = time.monotonic()
        collection = self._projects.collection(group[0].project)
        store = collection.store
        try:
            outcome = store.insert(_joined(store, [one.records for one in group]))
            complete_from_pieces(store, frozenset(outcome.replaced_ids), collection.max_record_bytes)
        except StoreUnavailable:
            self._failed_at = time.monotonic()
            raise
        self._failed_at = None
        if self._on_commit is not None:
            self._on_commit(len(group), sum(len(one.records) for one in group), time.monotonic() - begun)
        if len(group) == 1:
            return [outcome]
        inserted, unchanged = set(outcome.inserted_ids), set(outcome.unchanged_ids)
        outcomes = [InsertOutcome([], [], []) for _ in group]
        for one, own in zip(group, outcomes, strict=True):
            for id in dict.fromkeys(one.records.ids):
                kept = own.inserted_ids if id in inserted else own.unchanged_ids if id in unchanged else own.replaced_ids
                kept.append(id)
        return outcomes


def _joined(store: Store, records: list[Rows | Block]) -> Block:
    """All of them as one block, in their order."""
    blocks: list[Block] = []
    small: list[Rows] = []
    for one in records:
        if isinstance(one, Rows):
            small.append(one)
            continue
        if small:
            blocks.append(store.block(Rows.joined(small)))
            small = []
        blocks.append(one)
    if small:
        blocks.append(store.block(Rows.joined(small)))
    return Block.joined(blocks)
