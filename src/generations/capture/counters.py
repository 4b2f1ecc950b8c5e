"""What became of everything that was captured."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

LOG: Final = logging.getLogger("generations.capture")
_SECONDS_BETWEEN_LINES: Final = 60.0


@dataclass(frozen=True, slots=True)
class Counters:
    """Numbers of generations since the process started, was forked, or was configured anew.

    Attributes:
        captured: recorded, or found in spans.
        sampled_out: left out by a sampling rule.
        sent: taken by the server or the folder.
        spooled: left on disk because they could not be sent within 50 ms; counted in `sent` as well once they were.
        recovered: sent for an earlier or another process, which had left them on disk.
        waiting: in memory, on their way.
        dropped: lost, by reason: `memory full`, `spool full`, `redacted` (by a function that returned None), `refused` by
            the server, `not recorded` (no record could be made of it), `no thread` (the interpreter was ending, and no journal took it).
        errors: what went wrong without losing a generation, by kind: `redaction` (its content was dropped), `too large` (its
            content was dropped), `unreachable`, `unauthorized`, `spool` (the disk does not take it), `damaged spool`, `journal` (a
            kill would take it along, or what a kill has left cannot be read), `internal`.
    """

    captured: int = 0
    sampled_out: int = 0
    sent: int = 0
    spooled: int = 0
    recovered: int = 0
    waiting: int = 0
    dropped: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])


class Tally:
    """The counters while they count, and the log line that tells of trouble, at most one a minute.

    Attributes:
        captured: counted by the host's threads, under the recorder's lock.
        settled: generations that are in memory no more.
        found: generations in spans; counted by the recorder's thread alone, as the others.
        sampled_out, sent, spooled, recovered: as in `Counters`.
    """

    def __init__(self) -> None:
        self.captured = 0
        self.found = 0
        self.settled = 0
        self.sampled_out = 0
        self.sent = 0
        self.spooled = 0
        self.recovered = 0
        self._dropped: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._told_at = -_SECONDS_BETWEEN_LINES

    def drop(self, reason: str, count: int = 1, *, was_in_memory: bool = True, message: str = "") -> None:
        """Count generations that are lost."""
        with self._lock:
            self._dropped[reason] += count
            if was_in_memory:
                self.settled += count
        self._tell(f"{count} generations were dropped: {reason}", message)

    def settle(self, count: int) -> None:
        """Count generations that have left memory for their destination, the disk, or nowhere by a rule."""
        with self._lock:
            self.settled += count

    def forget(self, count: int) -> None:
        """Take back what was counted as captured, and proved to be no generation."""
        self.found -= count

    def error(self, kind: str, message: str = "") -> None:
        """Count trouble that lost no generation."""
        with self._lock:
            self._errors[kind] += 1
        self._tell(kind, message)

    def counters(self) -> Counters:
        """The counters as they are now."""
        with self._lock:
            captured = self.captured + self.found
            waiting = captured - self.settled
            numbers = (captured, self.sampled_out, self.sent, self.spooled, self.recovered, waiting)
            return Counters(*numbers, self._dropped.copy(), self._errors.copy())

    def _tell(self, what: str, message: str) -> None:
        now = time.monotonic()
        if now - self._told_at >= _SECONDS_BETWEEN_LINES:
            self._told_at = now
            LOG.warning("%s%s (capture.counters() tells how often)", what, f": {message}" if message else "")
