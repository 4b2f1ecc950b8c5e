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
package = time.perf_counter() - started
generations.Generations
print(package * 1000, (time.perf_counter() - started) * 1000, "chdb" in sys.modules)
"""


@part
def import_cost(runs: int = 21) -> dict[str, float | bool]:
    """Medians over processes, in milliseconds beyond bare Python: the package, and with its main class; whether the engine came along."""
    package: list[float] = []
    with_class: list[float] = []
    loaded = False
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
        ms, class_ms, engine = done.stdout.split()
        package.append(float(ms))
        with_class.append(float(class_ms))
        loaded = loaded or engine == "True"
    return {"ms": statistics.median(package), "class_ms": statistics.median(with_class), "engine_loaded": loaded}
