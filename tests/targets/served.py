"""`generations serve` as a process of its own, for the tests of what it answers and of what asks it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

PROGRAM = Path(sys.executable).with_name("generations")


@dataclass
class Running:
    """A server that runs as a process of its own.

    Attributes:
        folder: its data.
        process: what runs.
        url: where it listens.
        said: the lines it wrote to stderr so far, the ready line first.
    """

    folder: Path
    process: subprocess.Popen
    url: str
    said: list[str]
    _reader: threading.Thread = field(repr=False)

    def client(self, **options) -> httpx2.Client:
        """A client of it; close it."""
        return httpx2.Client(
            base_url=self.url, timeout=30, verify=False, **options
        )  # nothing is encrypted; certificates take 20 ms to load

    def stop(self, how: int = signal.SIGTERM, timeout: float = 40) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(how)
        return self.wait(timeout)

    def wait(self, timeout: float = 40) -> int:
        """Wait for the end; the exit status."""
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status


@contextmanager
def running(folder: Path, *arguments: str, port: int = 0):
    """`generations serve` over a folder for as long as the context lasts; it is told to stop at the end."""
    command = [str(PROGRAM), "serve", "--data", str(folder), "--port", str(port), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    ready = threading.Event()

    def listen():
        for line in process.stderr:
            said.append(line.rstrip("\n"))
            if said[-1].startswith("serving "):
                ready.set()
        ready.set()

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        assert ready.wait(30), "the server did not start in time"
        found = [address[1] for line in said if (address := re.search(r" on (http://\S+)", line))]
        assert found, f"the server did not start: {said}"
        yield Running(folder, process, found[0], said, reader)
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        process.stderr.close()
