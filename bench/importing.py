"""What `import generations` costs, and what it loads."""

from __future__ import annotations

import statistics
import subprocess
import sys

from bench.place import part

PROGRAM = """
import sys, time
started = time.perf_counter()
import generations
generations.Generations
print((time.perf_counter() - started) * 1000, "chdb" in sys.modules)
"""


@part
def import_cost(runs: int = 21) -> dict[str, float | bool]:
    """Median over processes, in milliseconds beyond the bare interpreter, and whether the engine was loaded."""
    taken: list[float] = []
    loaded = False
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
        ms, engine = done.stdout.split()
        taken.append(float(ms))
        loaded = loaded or engine == "True"
    return {"ms": statistics.median(taken), "engine_loaded": loaded}
