"""Measuring two ways to one answer so that whatever else the machine does falls on both alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pair:
    """Medians of two ways in milliseconds; `ratio` is the median of the ratios of neighbouring runs."""

    ours_ms: float
    engine_ms: float
    ratio: float
    runs: int


def interleaved(ours: Callable[[], Any], engine: Callable[[], Any], *, seconds: float = 6.0, least: int = 7, most: int = 41) -> Pair:
    """Run both by turns, who goes first alternating, until the time is used up; both ran once before, unmeasured."""
    ours()
    engine()
    times: list[tuple[float, float]] = []
    until = time.perf_counter() + seconds
    while len(times) < least or (time.perf_counter() < until and len(times) < most):
        if len(times) % 2:
            second = milliseconds(engine)
            first = milliseconds(ours)
        else:
            first = milliseconds(ours)
            second = milliseconds(engine)
        times.append((first, second))
    return Pair(
        ours_ms=statistics.median(first for first, _ in times),
        engine_ms=statistics.median(second for _, second in times),
        ratio=statistics.median(first / second for first, second in times),
        runs=len(times),
    )


def milliseconds(run: Callable[[], Any]) -> float:
    """How long one call takes; the garbage collector rests meanwhile."""
    gc.collect()
    gc.disable()
    try:
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) * 1000
    finally:
        gc.enable()


def median_ms(run: Callable[[], Any], times: int = 51) -> float:
    """Median of repeated calls, after one that is not counted."""
    run()
    return statistics.median(milliseconds(run) for _ in range(times))
