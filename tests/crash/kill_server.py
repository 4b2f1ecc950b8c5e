"""The kill test of the server: SIGKILL of `generations serve` at random moments under clients that send again what was not answered.

    python tests/crash/kill_server.py [--rounds 20] [--clients 16] [--seed 0] [--folder FOLDER]

The server is killed and started again on the same port and folder while plain HTTP clients go on: a request that got no
answer, or was told to come again, is sent again as it was, until it is acknowledged. After each restart everything that was
acknowledged must be there, once; at the end all that was ever sent, once. Some records carry no id: those requests carry an
`Idempotency-Key` instead.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("generations")
BATCH_SIZES = (1, 1, 1, 10, 300)
PATIENCE_SECONDS = 60


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--folder", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        wrong = rounds(folder, asked.rounds, asked.clients, asked.seed)
        if wrong:
            print(f"the folder is kept for a look: {folder}", flush=True)
            os._exit(1)  # skips removing it
    return 0


def rounds(folder: Path, count: int, clients: int, seed: int) -> list[str]:
    """Kill and start the server that often; what was found wrong."""
    chance = random.Random(seed)
    server = Server(folder)
    working = [Client(server.port, number, seed) for number in range(clients)]
    for client in working:
        client.start()
    wrong: list[str] = []
    for number in range(count):
        wait_for(working, chance.choice((0, 1, 20, 100)))
        time.sleep(chance.uniform(0, 0.2))
        server.kill()
        acknowledged = Counter[str]()
        for client in working:
            acknowledged.update(client.acknowledged())
        server = Server(folder, server.port)
        wrong = list(missing(acknowledged, server.marks()))
        print(
            f"round {number + 1}/{count}: killed after {len(acknowledged)} acknowledged records, {'BROKEN' if wrong else 'held'}",
            flush=True,
        )
        if wrong:
            break
    for client in working:
        client.stop()
    found = server.marks()
    sent = Counter(mark for client in working for mark in client.acknowledged())
    wrong = wrong or [*missing(sent, found), *(f"{mark} was never acknowledged and is there" for mark in found if mark not in sent)]
    again = sum(client.sent_again for client in working)
    print(f"  {len(sent)} records acknowledged, {again} requests sent again, {len(wrong)} wrong", flush=True)
    for line in wrong[:20]:
        print("  " + line)
    server.end()
    return wrong


def missing(acknowledged: Counter[str], found: Counter[str]) -> list[str]:
    """What was acknowledged and is not there once."""
    return [f"{mark} is there {found[mark]} times" for mark in acknowledged if found[mark] != 1] + [
        f"{mark} is there {times} times" for mark, times in found.items() if times > 1 and mark not in acknowledged
    ]


def wait_for(clients: list[Client], requests: int) -> None:
    """Wait until so many more requests were acknowledged, or for a while."""
    wanted, end = sum(client.answered for client in clients) + requests, time.monotonic() + 10
    while sum(client.answered for client in clients) < wanted and time.monotonic() < end:
        time.sleep(0.005)


class Server:
    """`generations serve` as a process; ready once made."""

    def __init__(self, folder: Path, port: int = 0):
        command = [str(PROGRAM), "serve", "--data", str(folder / "data"), "--port", str(port)]
        self.log = (folder / "server.log").open("ab")
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            self.log.write(line)
            if found := re.search(rb" on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        else:
            raise SystemExit(f"the server did not start; see {folder / 'server.log'}")
        self.reader = threading.Thread(target=lambda: self.log.writelines(self.process.stderr))
        self.reader.start()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL, "the server ended by itself"
        self.close()

    def end(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, "the server did not end well"
        self.close()

    def close(self):
        self.reader.join()
        self.process.stderr.close()
        self.log.close()

    def marks(self) -> Counter[str]:
        """How often each mark is among the records."""
        pipeline = [{"$group": {"_id": "$metadata.mark", "times": {"$sum": 1}}}]
        status, text = asked(self.port, "/api/generations/aggregate", json.dumps({"pipeline": pipeline}).encode(), {})
        assert status == 200, text
        return Counter({one["_id"]: one["times"] for one in json.loads(text)["docs"]})


class Client(threading.Thread):
    """Sends one request after the other, each until it is acknowledged."""

    def __init__(self, port: int, number: int, seed: int):
        super().__init__(daemon=True)
        self.port = port
        self.name = f"c{number}"
        self.chance = random.Random(f"{seed}-{number}")
        self.marks: list[str] = []
        self.answered = self.sent_again = 0
        self.failure: Exception | None = None
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.stopping.is_set():
                marks = [f"{self.name}-{self.answered}-{n}" for n in range(self.chance.choice(BATCH_SIZES))]
                self.send(marks)
                self.marks += marks
                self.answered += 1
        except Exception as failure:  # noqa: BLE001 - the parent tells it
            self.failure = failure

    def send(self, marks: list[str]):
        headers = {"content-type": "application/x-ndjson"}
        named = self.chance.random() < 0.5
        if not named:
            headers["idempotency-key"] = marks[0]
        body = b"".join(json.dumps(self.record(mark, named)).encode() + b"\n" for mark in marks)
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            with suppress(OSError, http.client.HTTPException):  # it was killed: whether this was kept is unknown, so it is sent again
                status, text = asked(self.port, "/api/generations", body, headers)
                if status in (200, 201):
                    assert json.loads(text)["refusedCount"] == 0, text
                    return
                assert status == 503, text
            assert time.monotonic() < end, "no answer in all that time"
            self.sent_again += 1
            time.sleep(self.chance.uniform(0.01, 0.1))

    def record(self, mark: str, named: bool) -> dict[str, Any]:
        content = f"{mark} " * self.chance.randrange(1, 100)
        record = {"timestamp": "2026-01-01T00:00:00Z", "model": {"id": "m"}, "output": {"type": "text", "content": content}}
        return {**record, "metadata": {"mark": mark}, **({"id": mark} if named else {})}

    def acknowledged(self) -> list[str]:
        return self.marks[:]

    def stop(self):
        self.stopping.set()
        self.join(PATIENCE_SECONDS + 10)
        assert not self.is_alive(), f"{self.name} does not end"
        assert self.failure is None, f"{self.name}: {self.failure!r}"


def asked(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
