"""`python -m bench.load [SIZE]`: load a server on this machine, and print what it takes and how long it lets others wait.

Everything is bounded in count and time, and stops by itself. A run over 1,000,000 records writes its part of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import load_report
from bench.__main__ import INSERTED, import_by_command, say
from bench.place import BUILD, Place, in_own_process, part, sample_file
from generations import Generations

WRITTEN_SIZE = 1_000_000
CLIENTS = (1, 4, 16)
IN_FLIGHT = {1: 8, 100: 2, 1000: 1}
"""Requests that each client keeps open, by the size of its batches."""
SECONDS = 4.0
"""Of each combination of clients and batches."""
READS = 65
"""Of each kind, of which the first five do not count."""
READ_SECONDS = 15.0
IDLE_WINDOWS, IDLE_SECONDS = 7, 4.0
BY_MODEL = [
    {"$group": {"_id": "$model.id", "tokens": {"$sum": "$usage.totalTokens"}, "cost": {"$sum": "$usage.cost"}, "count": {"$sum": 1}}},
    {"$sort": {"tokens": -1}},
]


def main() -> None:
    """Run; exits with an error only when a part failed, not when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python -m bench.load")
    parser.add_argument("size", nargs="?", type=int, default=100_000)
    size = parser.parse_args().size
    results: dict[str, Any] = {"size": size, "in_flight": list(IN_FLIGHT.values()), "load_before": os.getloadavg()[0]}
    sample = sample_file(size)
    results["writes"] = writes(Place(size), sample)
    results["reads"], results["idle"] = reads_and_rest(Place(size), sample)
    results["load_after"] = os.getloadavg()[0]
    (BUILD / "load.json").write_text(json.dumps(results, indent=1))
    section = load_report.section(results)
    if size >= WRITTEN_SIZE:
        load_report.write(section)
    sys.stdout.write(section)


def writes(place: Place, sample: Path) -> dict[str, Any]:
    """Records by second over HTTP, beside the package's own in this machine's state before and after."""
    measured: dict[str, Any] = {"http": [], "in_process": [], "single": []}

    def in_process() -> None:
        say("insert_many and insert_one in-process")
        measured["in_process"].append(
            in_own_process("insert_in_batches", str(place.fresh("load")), str(sample), min(place.size, INSERTED // 2))
        )
        measured["single"].append(in_own_process("insert_one_by_one", str(place.fresh("load")), str(sample), 100))

    in_process()
    with serving(place.fresh("load")) as server:
        say("one client, one record after the other")
        measured["alone"] = percentiles(in_own_process("send", server.url, str(sample), "alone", 1, 1, 1, SECONDS, 1_000)["ms"])
        for batch, in_flight in IN_FLIGHT.items():
            for clients in CLIENTS:
                say(f"{clients} clients, batches of {batch}")
                most = 8_000 if batch == 1 else 60_000
                sent = in_own_process("send", server.url, str(sample), f"{clients}-{batch}", clients, in_flight, batch, SECONDS, most)
                measured["http"].append({"clients": clients, "batch": batch, **sent, "ms": percentiles(sent["ms"])})
        measured["memory_mib"] = server.memory_mib()
    in_process()
    place.fresh("load")
    return measured


@part
def insert_one_by_one(folder: str, file: str, records: int) -> dict[str, Any]:
    """Seconds of `insert_one` for some records, one after the other."""
    with Generations(folder) as db, Path(file).open("rb") as lines:
        db.count_documents({})
        started = time.perf_counter()
        for _ in range(records):
            db.insert_one(next(lines))
        return {"seconds": time.perf_counter() - started, "rows": records}


def reads_and_rest(place: Place, sample: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Milliseconds of reads in-process, over HTTP, and over HTTP while others write; and what the server takes at rest."""
    if not place.store.exists():
        say("import")
        import_by_command(str(place.store), sample)
    copy = place.fresh("load")
    shutil.copytree(place.store, copy, symlinks=True)
    say("reads in-process")
    before = in_own_process("read_in_process", str(copy), None)
    with serving(copy) as server:
        come_to_rest(server.cpu_seconds)
        say("reads over HTTP")
        over_http = {name: [milliseconds(ask) for _ in range(READS)][5:] for name, ask in server.asks(before["id"]).items()}
        say("reads while writing")
        while_writing = read_while_writing(server, sample, before["id"])
        say("at rest")
        come_to_rest(server.cpu_seconds)
        idle = {"share": statistics.median(shares_of_a_core(server)), "memory_mib": server.memory_mib()}
    after = in_own_process("read_in_process", str(copy), before["id"])
    place.fresh("load")
    measured = [
        {
            "name": name,
            "in_process_ms": statistics.mean((before["ms"][name], after["ms"][name])),
            "http_ms": statistics.median(over_http[name]),
            "writing_ms": percentiles(sorted(while_writing["ms"][name])),
            "runs": len(while_writing["ms"][name]),
        }
        for name in over_http
    ]
    return measured, {**idle, "written_meanwhile": while_writing["written"]}


@part
def read_in_process(folder: str, id: str | None) -> dict[str, Any]:
    """Median milliseconds of the three reads through the package, and the id that was asked for; None takes one."""
    with Generations(folder) as db:
        id = id or db.find({}, ["id"]).sort("timestamp", -1).skip(1000).limit(1).to_list()[0]["id"]
        come_to_rest(time.process_time)
        asks: dict[str, Callable[[], Any]] = {
            "newest 50": lambda: db.find().sort("timestamp", -1).limit(50).to_list(),
            "get by id": lambda: db.get(id),
            "tokens and cost by model": lambda: db.aggregate(BY_MODEL).to_list(),
        }
        return {"id": id, "ms": {name: statistics.median([milliseconds(ask) for _ in range(READS)][5:]) for name, ask in asks.items()}}


def read_while_writing(server: Server, sample: Path, id: str) -> dict[str, Any]:
    """Ask by turns, from one client, while four clients send batches of 100 as fast as they are taken."""
    written: list[dict[str, Any]] = []
    sending = ("send", server.url, str(sample), "meanwhile", 4, 1, 100, READ_SECONDS + 3, 200_000)
    writer = threading.Thread(target=lambda: written.append(in_own_process(*sending)))
    writer.start()
    time.sleep(5)  # it prepares what it will send
    asks = server.asks(id)
    took: dict[str, list[float]] = {name: [] for name in asks}
    end = time.perf_counter() + READ_SECONDS
    while time.perf_counter() < end:
        for name, ask in asks.items():
            took[name].append(milliseconds(ask))
    writer.join()
    return {"ms": took, "written": written[0]["records"] / written[0]["seconds"]}


class Server:
    """A running server: where it is, and what it takes of the machine."""

    def __init__(self, url: str, process_id: int) -> None:
        self.url = url
        self._process_id = process_id
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def asks(self, id: str) -> dict[str, Callable[[], Any]]:
        """The three reads."""
        body = json.dumps({"pipeline": BY_MODEL})
        return {
            "newest 50": lambda: self._ask("GET", "/api/generations?limit=50&count=false"),
            "get by id": lambda: self._ask("GET", f"/api/generations/{id}"),
            "tokens and cost by model": lambda: self._ask("POST", "/api/generations/aggregate", body),
        }

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self._process_id}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """`generations serve` over a folder; its log is thrown away."""
    program = str(Path(sys.executable).with_name("generations"))
    process = subprocess.Popen([program, "serve", "--data", str(folder), "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r" on (http://\S+)", said)
    assert found is not None, said
    drain = threading.Thread(target=process.stderr.read)
    drain.start()
    try:
        yield Server(found[1], process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        drain.join()
        process.stderr.close()


def come_to_rest(cpu_seconds: Callable[[], float]) -> None:
    """Wait until a process has merged what it was given, for a minute at most."""
    for _ in range(30):
        before = cpu_seconds()
        time.sleep(2)
        if cpu_seconds() - before < 0.04:
            return


def shares_of_a_core(server: Server) -> Iterator[float]:
    """What a server takes in each of some windows of time; now and then the engine merges what was written, which is not rest."""
    for _ in range(IDLE_WINDOWS):
        used = server.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        yield (server.cpu_seconds() - used) / IDLE_SECONDS


def milliseconds(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def percentiles(ordered: list[float]) -> dict[str, float]:
    """The median, the 95th and the 99th percentile of numbers in order."""
    return {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}


if __name__ == "__main__":
    main()
