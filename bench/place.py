"""Where the benchmark keeps its files, and how its parts run in processes of their own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Place:
    """The files of one size."""

    size: int

    @property
    def folder(self) -> Path:
        return BUILD / str(self.size)

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def fresh(self, name: str) -> Path:
        """An empty folder's path; nothing is there."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def sample_file(size: int) -> Path:
    """The sample as JSON lines; made once for each state of the generator."""
    generator = ROOT / "src" / "generations" / "record" / "sample.py"
    mark = hashlib.sha256(generator.read_bytes()).hexdigest()[:12]
    path = BUILD / f"sample-{size}-{mark}.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in BUILD.glob(f"sample-{size}-*.jsonl"):
            old.unlink()
        part = path.with_suffix(".part")
        in_own_process("write_sample", size, str(part))
        part.rename(path)
    return path


PARTS: dict[str, Callable[..., Any]] = {}


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function that `in_own_process` may run; it takes and returns what JSON can carry."""
    PARTS[function.__name__] = function
    return function


def in_own_process(name: str, *arguments: Any) -> Any:
    """Run a part in a process of its own and return what it returned."""
    command = [sys.executable, "-m", "bench.part", name, *(json.dumps(argument) for argument in arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed with exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])
