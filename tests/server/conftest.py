"""Servers for tests: `generations serve` as a process of its own, and the same in this process with any settings."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import uvicorn

from generations.server.protocol import Protocol
from generations.server.serve import Server, create_app
from generations.server.settings import ServerSettings

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
        return httpx2.Client(base_url=self.url, timeout=30, **options)

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


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server process for all tests of a module; keep to a `project` of your own."""
    with running(tmp_path_factory.mktemp("server") / "data") as started:
        yield started


@pytest.fixture
def start_server(tmp_path):
    """Starts server processes of a test's own: `start_server("--host", "::1")`; the folder is `tmp_path / "data"`."""
    with ExitStack() as started:
        yield lambda *arguments, folder=tmp_path / "data", **options: started.enter_context(running(folder, *arguments, **options))


@pytest.fixture
def http(server, project):
    """A client of the module's server that sees only the test's own project."""
    with server.client(headers={"Generations-Project": project}) as client:
        yield client


@dataclass
class Inside:
    """A server in this process, on a thread.

    Attributes:
        url: where it listens.
        state: what it holds.
    """

    url: str
    state: object

    def client(self, **options) -> httpx2.Client:
        """A client of it; close it."""
        return httpx2.Client(base_url=self.url, timeout=30, **options)


@contextmanager
def serving_inside(folder, **settings):
    """A server in this process with any settings; a process can have only one folder open."""
    chosen = ServerSettings(port=0, **settings)
    app = create_app(str(folder), chosen)
    config = uvicorn.Config(
        app, port=0, lifespan="on", log_config=None, access_log=False, http=Protocol, timeout_graceful_shutdown=int(chosen.drain_seconds)
    )
    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Inside(f"http://127.0.0.1:{port}", app.state)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def serve_inside(tmp_path_factory):
    """Serves in this process: `with serve_inside(max_waiting_bytes=1000) as inside`; each time the same folder, of the module's own."""
    folder = tmp_path_factory.mktemp("inside") / "data"
    return lambda **settings: serving_inside(folder, **settings)
