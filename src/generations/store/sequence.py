"""Numbers for versions: unique across processes, increasing within one, also after the clock was set back."""

from __future__ import annotations

import os
import secrets
import threading
import time

_COUNTER_BITS = 12
_PROCESS_BITS = 10


class Sequence:
    """Hands out `milliseconds << 22 | process << 12 | counter`.

    When a millisecond is used up it runs ahead of the clock instead of waiting, so a batch of any size costs nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0  # milliseconds << 12 | counter
        self._process = 0
        self._pid = 0

    def take(self, count: int) -> list[int]:
        """The next numbers, in increasing order, all greater than any given before."""
        with self._lock:
            if self._pid != os.getpid():  # a forked child must not repeat its parent's numbers
                self._pid, self._process = os.getpid(), secrets.randbits(_PROCESS_BITS)
            first = max(self._last + 1, time.time_ns() // 1_000_000 << _COUNTER_BITS)
            self._last = first + count - 1
            process = self._process
        return [_number(tick, process) for tick in range(first, first + count)]

    def advance(self, number: int) -> None:
        """Never hand out anything up to this number again: it is in a store that was opened."""
        with self._lock:
            self._last = max(self._last, (number >> _PROCESS_BITS) | (1 << _COUNTER_BITS) - 1)


def _number(tick: int, process: int) -> int:
    return (tick >> _COUNTER_BITS) << (_COUNTER_BITS + _PROCESS_BITS) | process << _COUNTER_BITS | tick & (1 << _COUNTER_BITS) - 1


SEQUENCE = Sequence()
"""The one of this process: two stores on one folder must not collide."""
