"""What a query may spend before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one user query; None lifts a limit.

    Attributes:
        seconds: longest time a query may run.
        memory_bytes: most memory a query may hold at once.
        result_rows: most rows a query may return.
        background: the query works on one thread and waits while others run, for 0.1 s at most before each of its blocks.
    """

    seconds: float | None = 60.0
    memory_bytes: int | None = 4 << 30
    result_rows: int | None = 1_000_000
    background: bool = False


UNLIMITED = Limits(seconds=None, memory_bytes=None, result_rows=None)
"""For long work that streams: exports and imports."""
