"""Importing the package is light and does nothing."""

import json
import subprocess
import sys

import pytest

HEAVY = {"chdb", "clickhouse_connect", "httpx2", "numpy", "pandas", "polars", "pyarrow", "rich", "starlette", "typer"}

COST = """
import json, sys, time
started = time.process_time()
import generations
package_ms = (time.process_time() - started) * 1000
generations.Generations
class_ms = (time.process_time() - started) * 1000
print(json.dumps({"package_ms": package_ms, "class_ms": class_ms, "modules": sorted({name.split(".")[0] for name in sys.modules})}))
"""


def importing() -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_loads_no_engine_no_client_and_no_terminal() -> None:
    """Capture runs in other people's processes; they pay for what they use."""
    assert HEAVY.isdisjoint(importing()["modules"])


def test_importing_takes_less_than_60_ms_over_bare_python() -> None:
    """The best of five, since the first one may compile; processor time, since the machine may be busy."""
    costs = [importing() for _ in range(5)]

    assert min(cost["package_ms"] for cost in costs) < 60
    assert min(cost["class_ms"] for cost in costs) < 120


def test_importing_prints_nothing_and_touches_no_file(tmp_path: object) -> None:
    done = subprocess.run([sys.executable, "-c", "import generations"], capture_output=True, cwd=str(tmp_path), check=True)

    assert (done.stdout, done.stderr) == (b"", b"")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("extra", ["chdb", "pyarrow"])
def test_a_missing_extra_is_told_with_the_line_that_installs_it(extra: str, tmp_path: object) -> None:
    program = f"""
import sys
sys.modules[{extra!r}] = None
from generations import Generations, MissingExtra
try:
    Generations({str(tmp_path)!r} + "/data").count_documents({{}})
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "pip install 'generations[engine]'" in done.stdout
