"""Capture against real things on the loopback: a model server, and a server of the project, or what only keeps what it is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from generations import capture
from tests.targets.model_server import serve_models
from tests.targets.receiver import receiving
from tests.targets.served import running


@pytest.fixture
def start_server(tmp_path):
    """Starts server processes of a test's own: `start_server(port=4300)`; the folder is `tmp_path / "data"`."""
    with ExitStack() as started:
        yield lambda *arguments, **options: started.enter_context(running(tmp_path / "data", *arguments, **options))


@pytest.fixture(scope="session")
def models():
    """The model server of `tests/targets`."""
    with serve_models() as started:
        yield started


@pytest.fixture(scope="session")
def receiver():
    """Keeps what all tests of a worker send; keep to a `project` of your own."""
    with receiving() as started:
        yield started


class Captured:
    """What was sent into one project."""

    def __init__(self, destination, project, spool):
        self.destination = destination
        self.project = project
        self.spool = spool

    def configure(self, **settings):
        """Capture into the project, with other settings where they are given."""
        capture.configure(**{"url": self.destination.url, "project": self.project, "spool": self.spool, **settings})

    def records(self):
        """All records, the oldest first, after everything captured was sent."""
        assert capture.flush(20), capture.counters()
        return self.arrived()

    def arrived(self):
        """All records that have been sent."""
        return self.destination.records(self.project)

    def record(self):
        """The only record."""
        [found] = self.records()
        return found


class CapturedByServer(Captured):
    """What a server has of one project."""

    @property
    def server(self):
        return self.destination

    def arrived(self):
        return self.on_server()

    def on_server(self):
        """All records that the server has now."""
        with self.server.client(headers={"Generations-Project": self.project}) as client:
            found = client.get("/api/generations", params={"limit": 1000, "sort": "id"})
            found.raise_for_status()
            return found.json()["docs"]


@pytest.fixture
def captured(receiver, project, tmp_path):
    """Captures into a project of the test's own, and keeps what is sent."""
    yield from capturing(Captured(receiver, project, tmp_path / "spool"))


@pytest.fixture
def captured_by_server(server, project, tmp_path):
    """Captures into a server, into a project of the test's own."""
    yield from capturing(CapturedByServer(server, project, tmp_path / "spool"))


def capturing(found):
    found.configure()
    yield found
    capture.configure(enabled=False, spool=False)


@pytest.fixture
def program(tmp_path):
    """Runs a Python program in a process of its own: `program(source, GENERATIONS_URL=…)`; returns what it printed as JSON, if anything."""

    def run(source, *, status=0, **environment):
        process = start(source, tmp_path, environment)
        out, err = process.communicate(timeout=60)
        assert process.returncode == status, (process.returncode, out, err)
        return json.loads(out) if out.strip() else err

    return run


@pytest.fixture
def started_program(tmp_path):
    """Starts a Python program whose output can be read while it runs."""
    running_ones = []

    def run(source, **environment):
        running_ones.append(start(source, tmp_path, environment))
        return running_ones[-1]

    yield run
    for process in running_ones:
        process.kill()
        process.communicate()


def start(source: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen:
    path = folder / "program.py"
    path.write_text(source)
    return subprocess.Popen(
        [sys.executable, str(path)],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "GENERATIONS_JOURNAL": os.environ["GENERATIONS_JOURNAL"],
            **{name: str(value) for name, value in environment.items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
