"""The keys that open the server, held in memory for a few seconds, so that no request waits for a query."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from generations.errors import AccessDenied
from generations.store.keys import Key, id_in

if TYPE_CHECKING:
    from generations.store.keys import Keys

HELD_SECONDS: Final = 5.0
"""How long a change that another process makes may go unnoticed; those of this server are seen at once."""

_NOBODY: Final = Key("", "", (), None, None, datetime.now(UTC), None, None, secrets.token_bytes(32))


class Ring:
    """The keys that have not ended, as they were when they were read."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.id: key for key in keys}

    def opened_by(self, text: str) -> Key:
        """The key of this text.

        Raises:
            AccessDenied: there is none, or it has ended; which of them is not told, and takes the same time.
        """
        key = self._keys.get(id_in(text) or "", _NOBODY)
        if not key.opens_with(text) or key.has_ended:
            raise AccessDenied("the key is unknown, or has ended", hint="ask for a new one", unauthenticated=True)
        return key


class KeyRing:
    """Reads the keys when they are asked for and those it holds are too old; all that wait share one reading.

    Args:
        keys: where they are kept.
        clock: seconds, for tests.
    """

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self.keys = keys
        self._clock = clock
        self._held: tuple[Ring | None, float] | None = None
        self._reading: asyncio.Task[Ring | None] | None = None

    async def current(self) -> Ring | None:
        """The keys; None where none was ever made.

        Raises:
            StoreUnavailable: they cannot be read. Old ones are not believed for longer: one may have been revoked.
        """
        if self._held is not None and self._clock() - self._held[1] < HELD_SECONDS:
            return self._held[0]
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
        return await asyncio.shield(self._reading)

    def forget(self) -> None:
        """Read them anew for the next request: one was made or revoked."""
        self._held = self._reading = None

    async def _read(self) -> Ring | None:
        this, begun = asyncio.current_task(), self._clock()
        try:
            ring = await anyio.to_thread.run_sync(self._ring)
            if self._reading is this:  # else a key was changed since
                self._held = ring, begun
            return ring
        finally:
            if self._reading is this:
                self._reading = None

    def _ring(self) -> Ring | None:
        live = self.keys.live()
        return Ring(live) if live or self.keys.exist() else None
