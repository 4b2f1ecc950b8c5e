"""What a query may spend before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from generations.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one user query; None lifts a limit.

    Raises:
        ConfigError: a limit is no number above 0.

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

    def __post_init__(self) -> None:
        told: dict[str, object] = {"seconds": self.seconds, "memory_bytes": self.memory_bytes, "result_rows": self.result_rows}
        for name, limit in told.items():
            if limit is not None and not (isinstance(limit, int | float) and limit > 0):
                raise ConfigError(f"the limit `{name}` is a number above 0, not {limit!r}", hint="None lifts it")


UNLIMITED = Limits(seconds=None, memory_bytes=None, result_rows=None)
"""For long work that streams: exports and imports."""
