"""Run recorded MongoDB cases on the three targets and hold them to their rates.

    python tests/recorded/rates.py FOLDER [--targets embedded http sharded]

FOLDER holds `run_cases.py`, its cases, and `generations_engine.py`, which puts the documents of a case under `metadata`. Each target
answers the pipelines of all cases and the filters of find, count and distinct on metadata.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parents[1] / "targets" / "serve_http.py"
LEAST_PASSED = {"tier 1": 0.97, "tier 2": 0.85}
MOST_WRONG = 0.005
NOT_MEANT = "projection is tested through the pipeline"
"""What the runner's collection of filters says of the cases that are not for it; they are not counted."""
RUNS = {
    "pipelines": ["--tier", "1", "2"],
    "filters": ["--tier", "1", "2", "--engine", "generations_engine:make_filter_collection", "--op", "find", "count", "distinct"],
}


def main() -> int:
    """Print a line for each target and run; returns 1 when a rate is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--targets", nargs="*", default=["embedded", "http", "sharded"])
    asked = options.parse_args()
    missed = 0
    for target in asked.targets:
        with url_of(target) as url:
            for name, arguments in RUNS.items():
                missed += not reached(f"{target}, {name}", report_of(asked.folder.resolve(), arguments, url))
    return 1 if missed else 0


@contextmanager
def url_of(target: str) -> Iterator[str]:
    """Where a target's store is, while it is needed."""
    if target == "embedded":
        with tempfile.TemporaryDirectory() as folder:
            yield f"{folder}/data"
        return
    command = [sys.executable, str(SERVER), *(["--sharded"] if target == "sharded" else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def report_of(folder: Path, arguments: list[str], url: str) -> dict[str, Any]:
    """What the runner counted."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [sys.executable, str(folder / "run_cases.py"), "--json", str(report), *arguments]
        environment = {**os.environ, "GENERATIONS_URL": url, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text())


def reached(name: str, report: dict[str, Any]) -> bool:
    """Print the rates of a run; whether all of them are reached."""
    fine = True
    words: list[str] = []
    for tier, all_counts in sorted(report["by_tier"].items()):
        counts = Counter(all_counts)
        counts["error"] -= sum(f"tier {fail['tier']}" == tier and NOT_MEANT in fail["detail"] for fail in report["fails"])
        rate = counts["pass"] / counts.total()
        fine = fine and rate >= LEAST_PASSED[tier]
        words.append(f"{tier} {rate:.1%} of {counts.total()}")
    total = Counter(report["total"])
    wrong = total["wrong"] / total.total()
    fine = fine and wrong <= MOST_WRONG
    print(f"{name}: {', '.join(words)}, wrong {wrong:.2%}{'' if fine else '  MISSED'}", flush=True)
    return fine


if __name__ == "__main__":
    sys.exit(main())
