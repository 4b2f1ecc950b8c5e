"""`python -m bench 10000 100000 1000000`: measure every size and print the tables; all three sizes write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import report
from bench.place import BUILD, Place, in_own_process, sample_file

SIZES = [10_000, 100_000, 1_000_000]
INSERTED = 50_000
"""Records that `insert_many` is measured over, at most."""


def main() -> None:
    """Run; exits with an error only when an answer was wrong or a part failed, not when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench")
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--keep", action="store_true", help="measure the queries over the stores of the last run; imports are not repeated")
    arguments = parser.parse_args()
    started = time.monotonic()
    results: dict[str, Any] = {"sizes": arguments.sizes, "by_size": [one_size(size, arguments.keep) for size in arguments.sizes]}
    say("agent sessions")
    results["sessions"] = in_own_process("session_compression", str(Place(0).fresh("sessions")), 120, 50)
    results["importing"] = in_own_process("import_cost")
    results["seconds"] = time.monotonic() - started
    (BUILD / "results.json").write_text(json.dumps(results, indent=1))
    page = report.page(results)
    if arguments.sizes == SIZES:
        report.replace_part("bench", page)
    sys.stdout.write(page)


def one_size(size: int, keep: bool) -> dict[str, Any]:
    """Everything that is measured at one size."""
    place = Place(size)
    kept = place.folder / "writes.json"
    say(f"{size:,}: sample")
    sample = sample_file(size)
    if keep and kept.exists():
        measured = json.loads(kept.read_text())
    else:
        measured = {"size": size, "file_bytes": sample.stat().st_size, **writes(place, sample)}
        kept.write_text(json.dumps(measured))
    say(f"{size:,}: queries")
    measured["queries"] = in_own_process("twelve_queries", str(place.store))
    return measured


def writes(place: Place, sample: Path) -> dict[str, Any]:
    """Measure everything that writes or reads all records; the import makes the store that the queries run over."""
    measured: dict[str, Any] = {}
    first = engine_insert(place, sample)
    say(f"{place.size:,}: import")
    store = str(place.fresh("store"))
    in_own_process("make_empty_store", store)
    measured["import"] = {"seconds": import_by_command(store, sample)}
    say(f"{place.size:,}: insert_many")
    measured["insert"] = in_own_process("insert_in_batches", str(place.fresh("inserted")), str(sample), min(place.size, INSERTED))
    place.fresh("inserted")
    second = engine_insert(place, sample)
    measured["import_by_engine"] = {name: first[name] + second[name] for name in first}
    measured["disk"] = in_own_process("bytes_on_disk", store)
    say(f"{place.size:,}: export")
    exported = place.folder / "export.jsonl"
    measured["export"] = in_own_process("export_through_package", store, str(exported))
    measured["export_by_engine"] = in_own_process("export_by_engine", store, str(exported))
    exported.unlink()
    return measured


def engine_insert(place: Place, sample: Path) -> dict[str, Any]:
    """The engine's own way in; measured before and after the package's, so that what else the machine does falls on both."""
    say(f"{place.size:,}: the engine's own insert")
    folder = str(place.fresh("by-engine"))
    in_own_process("make_empty_store", folder)
    measured = in_own_process("import_by_engine", folder, str(sample))
    place.fresh("by-engine")
    return measured


def import_by_command(store: str, sample: Path) -> float:
    """Seconds of `generations import`, as a user runs it, the start of the process included."""
    program = str(Path(sys.executable).with_name("generations"))
    started = time.perf_counter()
    subprocess.run([program, "--data", store, "import", str(sample)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")


if __name__ == "__main__":
    main()
