"""Connections to an embedded engine: one call at a time on each, so a pool of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from generations.errors import StoreUnavailable

T = TypeVar("T")


class Connection:
    """One of the driver's connections. A stream that is open on it ends when something else is asked of it.

    Raises `StoreUnavailable` once it is closed, whoever closed it.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self._lock = threading.Lock()
        self._stream: Any = None
        self._closed = False

    def call(self, what: Callable[[Any], T]) -> T:
        """Do something with the driver's connection while nobody else does."""
        with self._lock:
            if self._closed:
                raise closed()
            return what(self.raw)

    def begin(self, what: Callable[[Any], Any]) -> None:
        """Open a stream."""
        self._stream = self.call(what)

    def fetch(self) -> Any:
        """The next piece of the stream; None at its end."""
        return self.call(lambda _: self._stream.fetch())

    def end(self) -> None:
        """End the stream, wherever it is. Harmless when there is none."""
        with self._lock:
            self._end_stream()

    def close(self, timeout: float = 0) -> bool:
        """Close it, after what runs on it; False when that did not end in time."""
        if not self._lock.acquire(timeout=timeout):
            return False
        try:
            if not self._closed:
                self._closed = True
                self._end_stream()
                self.raw.close()
        finally:
            self._lock.release()
        return True

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            # The driver raises when the query of the stream has failed, which was told already.
            with suppress(Exception):
                stream.close()


class Pool:
    """At most `size` connections, made when needed and kept for the next.

    Args:
        open: makes the driver's connection.
        size: how many may be out at once; who asks for more waits.
        patience: seconds to wait for one.
    """

    def __init__(self, open: Callable[[], Any], size: int, patience: float) -> None:
        self._open = open
        self._size = size
        self._patience = patience
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._closed = False

    @contextmanager
    def lease(self) -> Generator[Connection]:
        """A connection for as long as the context lasts.

        Raises:
            StoreUnavailable: the pool is closed, or all connections stayed busy.
        """
        if self._closed:
            raise closed()
        if not self._free.acquire(timeout=self._patience):
            raise StoreUnavailable(
                f"all {self._size} connections have been busy for {self._patience:g} s",
                hint="close cursors that are not read to their end, or open the store with more `connections`",
            )
        try:
            connection = self._take()
            try:
                yield connection
            except GeneratorExit:  # a stream that its reader left
                self._keep(connection)
                raise
            except BaseException:
                self._replace(connection)
                raise
            self._keep(connection)
        finally:
            self._free.release()

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)

    def _replace(self, connection: Connection) -> None:
        """Part with a connection whose query failed: what that had written would come out with the next one's answer."""
        with self._lock:
            self._all.discard(connection)
            if not self._closed and not self._all:  # the engine stops with its last connection
                with suppress(Exception):  # whoever needs one next opens it, or is told why it cannot be
                    fresh = Connection(self._open())
                    self._all.add(fresh)
                    self._idle.append(fresh)
        connection.close()

    def close(self, timeout: float) -> bool:
        """Give out no more, and close all of them; False when one was still busy after `timeout` seconds, and is left to its query."""
        with self._lock:
            self._closed = True
            connections = list(self._all)
        are_closed = [connection.close(timeout) for connection in connections]
        return all(are_closed)

    def raw(self) -> list[Any]:
        """The driver's connections, for a forked child to leave alone."""
        return [connection.raw for connection in self._all]

    def _take(self) -> Connection:
        with self._lock:
            if self._closed:
                raise closed()
            if self._idle:
                return self._idle.pop()
            connection = Connection(self._open())
            self._all.add(connection)
            return connection


def closed() -> StoreUnavailable:
    """The error for using what was closed."""
    return StoreUnavailable("the store is closed", hint="open it again")
