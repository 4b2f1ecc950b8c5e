"""One run of a target: so many payloads, each within its bounds, and the smallest that breaks the property."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import Target

MOST_SECONDS: Final = 10.0
"""Of processor time for one payload; the largest that are made have some megabytes."""
MOST_MIB: Final = 400
"""That the process may grow by for one payload; a packed bomb has a hundred, and nobody holds it more than once."""


@dataclass
class Run:
    """What became of a run.

    Attributes:
        executions: payloads checked.
        failing: the smallest payload that broke the property; None when none did.
        failure: how it did.
        slowest_seconds: processor time of the slowest payload.
    """

    executions: int = 0
    failing: bytes | None = None
    failure: Exception | None = None
    slowest_seconds: float = 0.0


class Payload:
    """Bytes that are told of by their number: Hypothesis prints what breaks a test, for which 64 MB take it 0.8 GB."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __repr__(self) -> str:
        return f"<{len(self.content):,} bytes>"

    def _repr_pretty_(self, printer: Any, is_cycle: bool) -> None:
        del is_cycle
        printer.text(repr(self))


def checked(check: Callable[[bytes], None], payload: bytes) -> float:
    """Check one payload and its bounds; the seconds of processor time that it took."""
    before_mib, started = _peak_mib(), time.process_time()
    check(payload)
    seconds, grown_mib = time.process_time() - started, _peak_mib() - before_mib
    assert seconds < MOST_SECONDS, f"{len(payload):,} bytes took {seconds:.1f} seconds"
    assert grown_mib < MOST_MIB, f"{len(payload):,} bytes took {grown_mib:,} MiB"
    return seconds


def examples(target: Target, count: int, number: int | None = None, before: Path | None = None) -> Run:
    """Check so many payloads of a target, always the same ones for one number; after a failure it looks for a smaller one.

    Args:
        before: a file to write each payload to before it is read, for one that ends the process.
    """
    run = Run()

    def one(payload: Payload) -> None:
        run.executions += 1
        if before is not None:
            before.write_bytes(payload.content)
        try:
            run.slowest_seconds = max(run.slowest_seconds, checked(target.check, payload.content))
        except Exception as failure:
            run.failing, run.failure = payload.content, failure
            raise

    given_one = given(target.payloads.map(Payload))(one)
    bounded = settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=number is None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )(given_one)
    try:
        (bounded if number is None else seed(number)(bounded))()
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is what was looked for
        run.failure = run.failure or failure
    return run


def _peak_mib() -> int:
    """The most memory that the process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 20 if sys.platform == "darwin" else 1 << 10)
