"""The outage test: the server is killed and the network cut under programs that capture, which are killed themselves.

    python -m tests.crash.outage [--cut-seconds 60] [--seed 0] [--folder FOLDER]

A program captures from five threads, and writes down each generation that has ended in a file of its own, synced. It is killed with
SIGKILL at random moments and started again; so is the server; and in the middle the network between them passes nothing for a
minute. Another program sends spans with OpenTelemetry's own exporter all the while. In the end everything must be there once:

- of the capturing program all that it has written down, however short before it was killed.
- of the sender all spans that were acknowledged, also the agents that were told after their generations.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.kill_server import Server, asked
from tests.targets.model_server import serve_models
from tests.targets.network import Network

HERE = Path(__file__).parent
FLUSH = "from generations import capture\nwith capture.generation(model='last'): pass\nassert capture.flush(60), capture.counters()"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cut-seconds", type=float, default=60.0)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--folder", type=Path)
    asked_for = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked_for.folder or Path(scratch)
        wrong = Outage(folder, asked_for.seed).run(asked_for.cut_seconds)
        for line in wrong[:20]:
            print("  " + line, flush=True)
        if wrong:
            print(f"the folder is kept for a look: {folder}", flush=True)
            os._exit(1)  # skips removing it
    return 0


class Outage:
    """The server, the network, the programs, and what happens to them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.server = Server(folder)
        self.network = Network(self.server.port)
        self.ended = folder / "ended"
        self.killed_at: dict[int, int] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **os.environ,
            "GENERATIONS_URL": f"http://127.0.0.1:{self.network.port}",
            "GENERATIONS_SPOOL": str(folder / "spool"),
        }

    def run(self, cut_seconds: float) -> list[str]:
        """Everything, one after the other; what was found wrong."""
        with serve_models() as models:
            self.models_url = models.url
            sender = Sender(f"http://127.0.0.1:{self.network.port}")
            self.phase("all is well", 10, kills=2)
            self.phase("the server is killed", 15, kills=2, server_kills=3)
            self.network.cut()
            self.phase("the network is cut", cut_seconds, kills=max(2, int(cut_seconds / 12)), server_kills=1)
            self.network.mend()
            self.phase("all is well again", 10, kills=2, server_kills=1)
            self.kill_program()
            sender.stop()
        subprocess.run([sys.executable, "-c", FLUSH], env=self.environment, check=True, timeout=120)
        wrong = [*self.captured_wrong(), *self.sent_wrong(sender)]
        self.network.close()
        self.server.end()
        return wrong

    def phase(self, name: str, seconds: float, *, kills: int, server_kills: int = 0) -> None:
        """Some time, in which the capturing program and the server are killed that often, at random moments."""
        print(
            f"{time.strftime('%H:%M:%S')} {name}: {seconds:.0f} s, {kills} kills of the program, {server_kills} of the server", flush=True
        )
        start = time.monotonic()
        blows: list[tuple[float, Callable[[], None]]] = [(self.chance.uniform(0.5, seconds), self.restart_program) for _ in range(kills)]
        blows += [(self.chance.uniform(0.5, seconds), self.restart_server) for _ in range(server_kills)]
        if self.process is None:
            self.restart_program()
        for at, strike in sorted(blows, key=lambda blow: blow[0]):
            time.sleep(max(0.0, start + at - time.monotonic()))
            strike()
        time.sleep(max(0.0, start + seconds - time.monotonic()))

    def restart_program(self) -> None:
        self.kill_program()
        command = [sys.executable, str(HERE / "capturing.py"), str(self.ended), self.models_url]
        with (self.folder / "program.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stderr=log)

    def kill_program(self) -> None:
        if self.process is not None:
            assert self.process.poll() is None, "the capturing program ended by itself"
            self.killed_at[self.process.pid] = time.time_ns()
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart_server(self) -> None:
        self.server.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.server = Server(self.folder, self.server.port)

    def captured_wrong(self) -> list[str]:
        """What was written down and is not there once, or is there more than once."""
        found = self.server.marks()
        ended = [line.split() for line in self.ended.read_text().splitlines()]
        missing_ms = [(self.killed_at[int(mark.split("-")[0])] - int(at)) / 1e6 for mark, at in ended if mark not in found]
        print(f"captured: {len(ended):,} generations written down, {len(missing_ms)} lost; {len(self.killed_at)} kills", flush=True)
        return [
            *(f"a generation was lost that had ended {ms:.0f} ms before its program was killed" for ms in missing_ms),
            *(f"{mark} is there {times} times" for mark, times in found.items() if times > 1 and mark is not None),
        ]

    def sent_wrong(self, sender: Sender) -> list[str]:
        """Spans that were acknowledged and are not there once."""
        pipeline = [{"$match": {"metadata.spanId": {"$exists": True}}}, {"$project": {"id": 1, "metadata.agentId": 1}}]
        status, text = asked(self.server.port, "/api/generations/aggregate", json.dumps({"pipeline": pipeline}).encode(), {})
        assert status == 200, text
        docs = json.loads(text)["docs"]
        found = {doc["id"]: doc["metadata"].get("agentId") for doc in docs}
        print(f"sent: {len(sender.generations):,} generations and {len(sender.agents):,} agents around them acknowledged", flush=True)
        return [
            *(["a record is there twice"] if len(found) < len(docs) else []),
            *(f"{id} was acknowledged and is not there" for id in sender.generations if id not in found),
            *(f"the agent of {id} was acknowledged and is not there" for id in sender.agents if found.get(id) != "guide"),
        ]


@dataclass
class Sender:
    """The program that sends spans.

    Attributes:
        generations, agents: ids of records whose generation, or the agent around it, was acknowledged.
    """

    url: str
    generations: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        command = [sys.executable, str(HERE / "sending_spans.py"), self.url]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def stop(self) -> None:
        """Have it finish what it has begun."""
        self._process.stdin.close()
        assert self._process.wait(60) == 0, "the sender did not end well"
        self._reader.join()

    def _read(self) -> None:
        for line in self._process.stdout:
            kind, id = line.split()
            (self.generations if kind == "generation" else self.agents).add(id)


if __name__ == "__main__":
    sys.exit(main())
