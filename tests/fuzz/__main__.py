"""Fuzz everything that comes from outside: `python -m tests.fuzz [--seconds 60] [--seed N] [TARGET …]`, or one kept payload again.

Each target runs for its share of the time. A payload that breaks its target is made smaller and kept in `build/fuzz`;
`python -m tests.fuzz --again build/fuzz/TARGET-….bin` checks it anew. The payload that is read just now is in
`build/fuzz/TARGET-now.bin`, and stays there when it ends the process.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.journal import JOURNAL
from tests.fuzz.large import large
from tests.fuzz.running import Run, checked, examples
from tests.fuzz.served import served_targets
from tests.fuzz.targets import TARGETS, Target

KEPT = Path(__file__).parents[2] / "build" / "fuzz"
_MOST_OF_ONE_THING = 4_000


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, prog="python -m tests.fuzz", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("targets", nargs="*", help="all without any")
    options.add_argument("--seconds", type=float, default=60.0, help="of all targets together")
    options.add_argument("--seed", type=int, default=None, help="a new one each time")
    options.add_argument("--again", type=Path, help="a payload that was kept; its name says the target")
    asked = options.parse_args()
    logging.getLogger("generations.capture").setLevel(logging.ERROR)  # it tells of each journal that cannot be read
    with served_targets() as served:
        targets = {target.name: target for target in (*TARGETS, JOURNAL, large(_MOST_OF_ONE_THING), *served)}
        if asked.again is not None:
            name = asked.again.stem.rpartition("-")[0]
            print(f"{name}: held, in {checked(targets[name].check, asked.again.read_bytes()):.3f} s of processor time")
            return 0
        if unknown := set(asked.targets) - set(targets):
            options.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(targets)}")
        chosen = [targets[name] for name in asked.targets or targets]
        start = random.SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
        print(f"seed {start}, {asked.seconds / len(chosen):.1f} s for each of {len(chosen)} targets", flush=True)
        broken = [target for target in chosen if not fuzzed(target, asked.seconds / len(chosen), start)]
    return 1 if broken else 0


def fuzzed(target: Target, seconds: float, start: int) -> bool:
    """Run a target for so long; whether it held."""
    started, whole, number, at_once = time.monotonic(), Run(), start, 10
    KEPT.mkdir(parents=True, exist_ok=True)
    now = KEPT / f"{target.name}-now.bin"
    while whole.failure is None and (spent := time.monotonic() - started) < seconds:
        run = examples(target, at_once, number, now)
        number += 1
        at_once = min(200, max(10, int(at_once * seconds / 10 / max(time.monotonic() - started - spent, 0.01))))
        whole.executions += run.executions
        whole.slowest_seconds = max(whole.slowest_seconds, run.slowest_seconds)
        whole.failing, whole.failure = run.failing, run.failure
    now.unlink(missing_ok=True)
    took = time.monotonic() - started
    told = f"{target.name:<24} {whole.executions:>8,} payloads in {took:>5.1f} s, the slowest {whole.slowest_seconds * 1000:>5.0f} ms"
    print(f"{told}: {'BROKEN' if whole.failure else 'held'}", flush=True)
    if whole.failure is not None:
        tell(target, whole)
    return whole.failure is None


def tell(target: Target, run: Run) -> None:
    """Keep the payload, and say how it broke the target."""
    traceback.print_exception(run.failure, limit=-6, file=sys.stdout)
    payload = run.failing or b""
    kept = KEPT / f"{target.name}-{hashlib.sha256(payload).hexdigest()[:12]}.bin"
    kept.write_bytes(payload)
    print(f"  {payload[:300]!r}{' …' if len(payload) > 300 else ''}\n  kept: python -m tests.fuzz --again {kept}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
