"""How many bytes of records may be in memory at once, from the first byte of a body until they are on disk."""

from __future__ import annotations

import threading
import time
from typing import Final, Self

import anyio

from generations.errors import Busy

_LOOK_AGAIN_SECONDS: Final = 0.01


class Room:
    """Counts bytes that are held; safe to use from many threads.

    Args:
        max_bytes: most of them. Whoever comes when nothing is held is let in whatever its size.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._held_bytes = 0

    @property
    def held_bytes(self) -> int:
        """Bytes that were taken and not given back."""
        return self._held_bytes

    def take(self, size_bytes: int) -> None:
        """Hold that many bytes more.

        Raises:
            Busy: there is no room for them; nothing was taken.
        """
        if not self._took(size_bytes):
            raise Busy("more is sent than can be written now", hint="send it again after the time in Retry-After")

    async def wait_for(self, size_bytes: int, seconds: float) -> None:
        """Hold that many bytes more, as soon as there is room for them.

        Raises:
            Busy: there was none in all that time.
        """
        end = time.monotonic() + seconds
        while not self._took(size_bytes):
            if time.monotonic() > end:
                self.take(size_bytes)
                return
            await anyio.sleep(_LOOK_AGAIN_SECONDS)

    def give_back(self, size_bytes: int) -> None:
        with self._lock:
            self._held_bytes -= size_bytes

    def holding(self) -> Holding:
        """What one request holds, given back where its context ends."""
        return Holding(self)

    def _took(self, size_bytes: int) -> bool:
        with self._lock:
            if self._held_bytes and self._held_bytes + size_bytes > self._max_bytes:
                return False
            self._held_bytes += size_bytes
            return True


class Holding:
    """What one request holds of the room; as a context it gives back at its end what was not handed over."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Hold more; raises `Busy` as `Room.take` does."""
        self._room.take(size_bytes)
        self._size_bytes += size_bytes

    async def wait_for(self, size_bytes: int, seconds: float) -> None:
        """Hold more; raises `Busy` as `Room.wait_for` does."""
        await self._room.wait_for(size_bytes, seconds)
        self._size_bytes += size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def hand_over(self) -> None:
        """Somebody else gives it back."""
        self._size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.give_back(self._size_bytes)
        self._size_bytes = 0
