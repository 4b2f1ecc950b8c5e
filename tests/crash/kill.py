"""The kill test: SIGKILL at random moments under four writers; nothing acknowledged is lost, nothing is there by half or twice.

    python tests/crash/kill.py [--rounds 20] [--writers 4] [--seed 0] [--folder FOLDER]

Each round starts a process whose threads insert batches, resend them, update, add feedback and delete, and write a line to a file,
fsynced, before each call and after it has returned. The round kills the process, opens the folder in a fresh one and
compares what is there with what was acknowledged. The folder lives through all rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generations import Generations

START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH_SIZES = (1, 7, 60, 700)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--writers", type=int, default=4)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--folder", type=Path)
    options.add_argument("--write", type=int, metavar="ROUND", help=argparse.SUPPRESS)
    options.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.write is not None:
        return write(asked.folder, asked.write, asked.writers, asked.seed)
    if asked.check:
        return check(asked.folder)
    with tempfile.TemporaryDirectory() as scratch:
        return rounds(asked.folder or Path(scratch), asked.rounds, asked.writers, asked.seed)


# The parent: starts, kills, has it checked.


def rounds(folder: Path, count: int, writers: int, seed: int) -> int:
    chance = random.Random(seed)
    for number in range(count):
        calls = kill(folder, number, writers, seed, chance)
        checked = subprocess.run([*again(folder), "--check"], timeout=120, check=False)
        print(
            f"round {number + 1}/{count}: killed after {calls} acknowledged calls, {'held' if checked.returncode == 0 else 'BROKEN'}",
            flush=True,
        )
        if checked.returncode:
            print(f"the folder is kept for a look: {folder}")
            os._exit(1)  # skips removing it
    return 0


def kill(folder: Path, number: int, writers: int, seed: int, chance: random.Random) -> int:
    """Start writers and kill them after some acknowledgements and a random moment more; returns how many there were."""
    command = [*again(folder), "--write", str(number), "--writers", str(writers), "--seed", str(seed)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    child.stdout.readline()  # the store is open
    wanted, patience = chance.choice((0, 1, 10, 50)), time.monotonic() + 15
    while acknowledged(folder, number) < wanted and time.monotonic() < patience:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.15))
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "the writers ended by themselves"
    child.stdout.close()
    return acknowledged(folder, number)


def acknowledged(folder: Path, number: int) -> int:
    return sum(journal.read_bytes().count(b'"done": true') for journal in folder.glob(f"r{number}-*.journal"))


def again(folder: Path) -> list[str]:
    return [sys.executable, __file__, "--folder", str(folder)]


# The writers.


def write(folder: Path, number: int, writers: int, seed: int) -> int:
    with Generations(folder / "data") as generations:
        threads = [threading.Thread(target=Writer(generations, folder, number, n, seed).run) for n in range(writers)]
        print("open", flush=True)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return 0


class Writer:
    """Works on records of its own, so that what is acknowledged last says what must be there."""

    def __init__(self, generations: Generations, folder: Path, number: int, writer: int, seed: int):
        self.generations = generations
        self.prefix = f"r{number}-w{writer}"
        self.chance = random.Random(f"{seed}-{self.prefix}")
        self.journal = (folder / f"{self.prefix}.journal").open("ab", buffering=0)
        self.batches = 0
        self.alive: list[dict[str, Any]] = []

    def run(self):
        while True:
            verb = self.chance.choices(("insert", "resend", "update", "feedback", "delete"), (4, 2, 3, 3, 2))[0]
            if verb == "insert" or not self.alive:
                self.insert()
            else:
                getattr(self, verb)(self.chance.choice(self.alive))

    def insert(self):
        self.batches += 1
        size = self.chance.choice(BATCH_SIZES)
        batch = [self.record(f"{self.prefix}-b{self.batches}-{n}", n) for n in range(size)]
        names = [record["id"] for record in batch]
        self.note("insert", names)
        self.generations.insert_many(batch)
        self.note("insert", names, done=True)
        self.alive += batch[:3]

    def record(self, name: str, n: int) -> dict[str, Any]:
        content = f"{name} " * self.chance.randrange(1, 200)
        metadata = {"userId": "u", "sessionId": f"{self.prefix}-s{n % 3}", "n": n}
        return {
            "id": name,
            "timestamp": START + timedelta(seconds=self.chance.randrange(90_000)),
            "model": {"id": "m"},
            "output": {"type": "text", "content": content},
            "metadata": metadata,
        }

    def resend(self, record: dict[str, Any]):
        self.note("resend", [record["id"]])
        self.generations.insert_many([record, record])
        self.note("resend", [record["id"]], done=True)

    def update(self, record: dict[str, Any]):
        value = self.chance.randrange(1 << 30)
        self.note("update", [record["id"]], value)
        self.generations.update_one({"id": record["id"]}, {"$set": {"metadata.value": value}})
        self.note("update", [record["id"]], value, done=True)

    def feedback(self, record: dict[str, Any]):
        value = self.chance.randrange(1 << 30)
        self.note("feedback", [record["id"]], value)
        self.generations.add_feedback(record["id"], rating=value)
        self.note("feedback", [record["id"]], value, done=True)

    def delete(self, record: dict[str, Any]):
        self.note("delete", [record["id"]])
        self.generations.delete_one({"id": record["id"]})
        self.note("delete", [record["id"]], done=True)
        self.alive.remove(record)

    def note(self, verb: str, names: list[str], value: int | None = None, done: bool = False):
        line = json.dumps({"verb": verb, "ids": names, "value": value, "done": done}) + "\n"
        self.journal.write(line.encode())
        os.fsync(self.journal.fileno())


# The check.


class Expected:
    """What the journals say must be there: the acknowledged calls, and what the call that was cut off may have done."""

    def __init__(self, folder: Path):
        self.alive: set[str] = set()
        self.gone: set[str] = set()
        self.values: dict[tuple[str, str], set[int | None]] = {}
        self.whole_or_none: list[list[str]] = []
        self.unsure: set[str] = set()
        for journal in sorted(folder.glob("*.journal")):
            self.read(journal)

    def read(self, journal: Path):
        # A line that the kill cut off was not acknowledged by anyone.
        lines = [json.loads(line) for line in journal.read_bytes().split(b"\n")[:-1]]
        for line in lines:
            if line["done"]:
                self.done(line)
        if lines and not lines[-1]["done"]:
            self.cut_off(lines[-1])

    def done(self, line: dict[str, Any]):
        match line["verb"]:
            case "insert":
                self.alive.update(line["ids"])
            case "delete":
                self.alive.difference_update(line["ids"])
                self.gone.update(line["ids"])
            case "update" | "feedback" as verb:
                self.values[verb, line["ids"][0]] = {line["value"]}

    def cut_off(self, line: dict[str, Any]):
        match line["verb"]:
            case "insert":
                self.whole_or_none.append(line["ids"])
            case "delete":
                self.alive.difference_update(line["ids"])
                self.unsure.update(line["ids"])
            case "update" | "feedback" as verb:
                self.values.setdefault((verb, line["ids"][0]), {None}).add(line["value"])


def check(folder: Path) -> int:
    expected = Expected(folder)
    with Generations(folder / "data") as generations:
        for _ in range(20):
            found = generations.find({}, ["id", "metadata.value", "feedback.rating"]).to_list()
            counted = generations.count_documents({})
            if counted == len(found):
                break
            time.sleep(0.5)  # a delete that was cut off is being finished
    wrong = list(compare(expected, found, counted))
    for line in wrong[:20]:
        print("  " + line)
    print(f"  {len(expected.alive)} records acknowledged, {len(found)} found, {len(expected.gone)} deleted, {len(wrong)} wrong", flush=True)
    return 1 if wrong else 0


def compare(expected: Expected, found: list[dict[str, Any]], counted: int):
    times = Counter(record["id"] for record in found)
    yield from (f"{name} is there {count} times" for name, count in times.items() if count > 1)
    if counted != len(found):
        yield f"counted {counted}, listed {len(found)}"
    yield from (f"{name} is missing" for name in expected.alive if name not in times)
    yield from (f"{name} was deleted and is there" for name in expected.gone if name in times)
    for batch in expected.whole_or_none:
        there = sum(name in times for name in batch)
        if there not in {0, len(batch)}:
            yield f"{there} of {len(batch)} records of the batch of {batch[0]}"
    allowed = expected.alive.union(expected.unsure, *expected.whole_or_none)
    yield from (f"{name} was never sent" for name in times if name not in allowed)
    for record in found:
        seen = {"update": record.get("metadata", {}).get("value"), "feedback": record.get("feedback", {}).get("rating")}
        for verb, value in seen.items():
            may_be = expected.values.get((verb, record["id"]), {None})
            if value not in may_be:
                yield f"{verb} of {record['id']} is {value}, not {may_be}"


if __name__ == "__main__":
    sys.exit(main())
