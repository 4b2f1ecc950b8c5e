"""Writing and reading everything: import, insert, export, each beside the engine's own way."""

from __future__ import annotations

import resource
import time
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from bench.engine import CURRENT, DERIVED, RECORD, Engine
from bench.place import part
from bench.shred import statement
from generations import Generations


@part
def make_empty_store(folder: str) -> None:
    """The table, with its schema and nothing in it."""
    with Generations(folder) as db:
        db.count_documents({})


@part
def import_by_engine(folder: str, file: str) -> dict[str, Any]:
    """Seconds of the engine's own insert of the file into an empty store."""
    engine = Engine(folder)
    started = time.perf_counter()
    engine.run(statement(file))
    seconds = time.perf_counter() - started
    rows = int(engine.value("SELECT count() AS n FROM generations"))
    engine.close()
    return {"seconds": seconds, "rows": rows}


@part
def insert_in_batches(folder: str, file: str, records: int) -> dict[str, Any]:
    """Seconds that `insert_many` takes for the first records of the file, 1,000 at a time; reading them is not counted."""
    decode = msgspec.json.Decoder().decode
    seconds = 0.0
    done = 0
    with Generations(folder) as db, Path(file).open("rb") as lines:
        db.count_documents({})
        while done < records and (batch := [decode(line) for line in islice(lines, 1000)]):
            started = time.perf_counter()
            db.insert_many(batch)
            seconds += time.perf_counter() - started
            done += len(batch)
    return {"seconds": seconds, "rows": done}


@part
def export_through_package(folder: str, file: str) -> dict[str, Any]:
    """Seconds of an export of everything as JSON lines, and the most memory the process ever held."""
    with Generations(folder) as db:
        db.count_documents({})
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        db.export(file, format="jsonl")
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "bytes": Path(file).stat().st_size,
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "before_mib": before / 1024,
    }


@part
def export_by_engine(folder: str, file: str) -> dict[str, Any]:
    """Seconds of the engine's own streaming SELECT of the same columns into a file."""
    engine = Engine(folder)
    started = time.perf_counter()
    with Path(file).open("wb") as out:
        out.writelines(engine.stream(f"SELECT {RECORD} FROM generations WHERE {CURRENT}"))
    seconds = time.perf_counter() - started
    engine.close()
    return {"seconds": seconds, "bytes": Path(file).stat().st_size}


@part
def bytes_on_disk(folder: str) -> dict[str, Any]:
    """Compressed bytes of all columns and of the groups that matter, after merges came to rest."""
    engine = Engine(folder)
    engine.settle()
    active = "active AND table = 'generations'"
    (whole,) = engine.rows(f"SELECT sum(data_compressed_bytes) AS bytes, min(part_type) AS kind FROM system.parts WHERE {active}")
    derived = ", ".join(f"'{name}'" for name in DERIVED)
    (part_of_it,) = engine.rows(
        f"SELECT sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns WHERE {active} AND column IN ({derived})"
    )
    engine.close()
    accelerators = int(part_of_it["bytes"]) if whole["kind"] == "Wide" else None  # compact parts do not tell it by column
    return {"all": int(whole["bytes"]), "accelerators": accelerators}
