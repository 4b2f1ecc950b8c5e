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
        threads: most threads of the engine that work on a query; None is one for each core.
    """

    seconds: float | None = 60.0
    memory_bytes: int | None = 4 << 30
    result_rows: int | None = 1_000_000
    threads: int | None = None


UNLIMITED = Limits(seconds=None, memory_bytes=None, result_rows=None)
"""For long work that streams: exports and imports."""
