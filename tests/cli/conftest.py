"""The command, run in this process over a folder of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from generations.cli import app
from generations.connect import open_engine


@dataclass
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store that stays open while the commands of a module open and close it, which makes that quick."""
    folder = str(tmp_path_factory.mktemp("cli") / "data")
    engine = open_engine(folder)
    yield folder
    engine.close()


@pytest.fixture
def run(folder, project, monkeypatch, tmp_path):
    """Run `generations` with these arguments, in an empty folder, over a project of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Ran:
        result = CliRunner().invoke(app, ["--data", folder, "--project", project, *arguments], input=stdin, prog_name="generations")
        return Ran(result.exit_code, result.stdout, result.stderr)

    return invoke


RECORDS = [
    {
        "id": f"g-{n}",
        "timestamp": f"2023-01-0{n}T00:00:00Z",
        "model": {"id": "gpt-4" if n % 2 else "gpt-4o"},
        "output": {"type": "text", "content": f"answer {n}"},
        "usage": {"promptTokens": 10 * n, "completionTokens": n, "cost": n / 4, "currency": "USD"},
        "metadata": {"userId": f"user-{n % 3}", "tags": ["even" if n % 2 == 0 else "odd"]},
    }
    for n in range(1, 7)
]


@pytest.fixture
def filled(run):
    """The same, with six records in it."""
    assert run("insert", "-", stdin="\n".join(map(json.dumps, RECORDS))).code == 0
    return run
