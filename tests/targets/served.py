"""`generations serve` over a folder, for the tests of what asks it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("generations")


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """The URL of a server that runs as long as the context lasts; what it says is in `server.log` of the folder above its data."""
    log = folder.parent / "server.log"
    command = [str(PROGRAM), "serve", "--data", str(folder), "--port", "0", *arguments]
    with log.open("w") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        yield listening_at(process, log)
    finally:
        process.terminate()
        process.wait(timeout=40)


def listening_at(process: subprocess.Popen, log: Path) -> str:
    """Where the server says that it listens, once it does."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        is_running = process.poll() is None
        if found := re.search(r" on (http://\S+)\s", log.read_text()):
            return found[1]
        assert is_running, f"the server did not start: {log.read_text()}"
        time.sleep(0.02)
    raise AssertionError(f"the server did not say where it listens: {log.read_text()}")
