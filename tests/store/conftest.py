"""Folders of a test's own, and processes beside it."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from generations.store.store import Store


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder that is not there yet; close what you open on it, as a process can have only one folder open."""
    return tmp_path / "data"


@pytest.fixture
def store(engine, project) -> Store:
    """An empty store on the target."""
    return Store(engine, project)


class Child:
    """A Python process beside the test."""

    def __init__(self, code: str, *arguments: object):
        command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code), *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def line(self) -> str:
        """The next line that it prints."""
        return self.process.stdout.readline().strip()

    def end(self, timeout: float = 30) -> tuple[int, str, str]:
        """Close its input and wait for it: its status, output and errors. One that does not end tells where it is."""
        try:
            output, errors = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            output, errors = self.process.communicate()
            pytest.fail(f"the process did not end within {timeout} s; it was here:\n{errors}")
        return self.process.returncode, output, errors


@pytest.fixture
def child():
    """Starts Python processes, and sees that none outlives the test."""
    started: list[Child] = []

    def start(code: str, *arguments: object) -> Child:
        started.append(Child(code, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
