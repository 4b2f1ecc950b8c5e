"""Whether records would be taken now: the writer works, and the disk takes what it is given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio.to_thread

from generations.errors import StoreUnavailable

HELD_SECONDS: Final = 1.0
"""How long an answer stands; asking more often costs nothing."""

_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether records would be taken, and what is in the way; None where nothing is. It names no place: everyone may ask."""

    is_ready: bool
    reason: str | None = None


class Health:
    """Looks when it is asked, and not more often than once a second.

    Args:
        is_writing: whether the writer is alive and has not failed of late.
        probe: writes something small where the data is; raises `StoreUnavailable` where that cannot be done.
    """

    def __init__(self, is_writing: Callable[[], bool], probe: Callable[[], None]) -> None:
        self._is_writing = is_writing
        self._probe = probe
        self._looked = asyncio.Lock()
        self._found: tuple[Readiness, float] | None = None

    async def readiness(self) -> Readiness:
        """Whether records would be taken now."""
        async with self._looked:
            if self._found is None or time.monotonic() - self._found[1] > HELD_SECONDS:
                self._found = await self._look(), time.monotonic()
            return self._found[0]

    async def _look(self) -> Readiness:
        if not self._is_writing():
            return Readiness(False, "writing fails")
        try:
            with anyio.fail_after(_PATIENCE_SECONDS):
                await anyio.to_thread.run_sync(self._probe, abandon_on_cancel=True)
        except TimeoutError:
            return Readiness(False, "the store does not answer in time")
        except StoreUnavailable:
            return Readiness(False, "the store takes no writes")
        return Readiness(True)
