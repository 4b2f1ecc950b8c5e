"""The targets as fixtures; `tests/targets` says what they are and how to use them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from generations.connect import open_engine
from tests.targets.served import running

os.environ["GENERATIONS_PRICES"] = "off"  # what is sent comes back as it was; the tests of prices name theirs


@pytest.fixture(scope="session", autouse=True)
def journals(tmp_path_factory):
    """What a test's programs leave when they are killed is removed with everything else."""
    os.environ["GENERATIONS_JOURNAL"] = str(tmp_path_factory.mktemp("journals"))


NAMES = ("embedded", "http", "sharded")
CLIENTS = ("server", "async")
SERVER = Path(__file__).parent / "targets" / "serve_http.py"


@dataclass(frozen=True)
class Target:
    """Where a test runs: `name` is one of NAMES or CLIENTS, `url` opens it."""

    name: str
    url: str


def pytest_addoption(parser):
    parser.addoption("--targets", default=",".join((*NAMES, *CLIENTS)), help="comma-separated targets of the store's tests; default: all")
    parser.addoption("--everywhere", action="store_true", help="each test on all of these targets; otherwise on those that say the most")


def pytest_collection_modifyitems(config, items):
    """Tests that start and kill programs take long; they run with all the others in `make test-everywhere`."""
    if not config.getoption("--everywhere"):
        kept = [item for item in items if item.get_closest_marker("programs") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept] if len(kept) < len(items) else [])
        items[:] = kept


def pytest_generate_tests(metafunc):
    if "target" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--targets").split(",")
        stores = [name for name in NAMES if name in asked]
        clients = [name for name in getattr(metafunc.module, "CLIENTS", ()) if name in asked and "engine" not in metafunc.fixturenames]
        if not metafunc.config.getoption("--everywhere"):
            clients = []
            stores = stores[:2] if metafunc.definition.nodeid.startswith("tests/store/") else stores[:1]
        metafunc.parametrize("target", [*stores, *clients], indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server process for all tests of a worker; keep to a `project` of your own."""
    with running(tmp_path_factory.mktemp("served") / "data") as started:
        yield started


@pytest.fixture(scope="session")
def targets(request, tmp_path_factory):
    """Gives the URL of a target; servers start when first asked for and stay, for a worker goes from target to target and back."""
    with ExitStack() as started:
        urls = {"embedded": str(tmp_path_factory.mktemp("embedded") / "data")}

        def url_of(name):
            if name not in urls:
                if name in CLIENTS:
                    urls[name] = request.getfixturevalue("server").url
                else:
                    urls[name] = started.enter_context(serve(*(["--sharded"] if name == "sharded" else [])))
            return urls[name]

        yield url_of


@pytest.fixture(scope="session")
def target(request, targets):
    """One target after the other."""
    return Target(request.param, targets(request.param))


@pytest.fixture(scope="module")
def store_url(target, tmp_path_factory):
    """The URL of a store that all tests of a module share; keep to a `project` of your own.

    A folder is that module's alone: each delete looks at every part, and those of all modules would be many.
    """
    return str(tmp_path_factory.mktemp("store") / "data") if target.name == "embedded" else target.url


@pytest.fixture(scope="module")
def engine(store_url):
    """An engine on the target, for the tests of one module: a process can have only one folder open."""
    engine = open_engine(store_url)
    yield engine
    engine.close()


@pytest.fixture
def project():
    """The name of a project that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def serving():
    """Starts servers with options of one's own: `with serving("--version", "25.8") as url`."""
    return serve


class serve:  # noqa: N801 - used as a function
    """A server for as long as the context lasts; gives its URL."""

    def __init__(self, *arguments: str):
        self.command = [sys.executable, str(SERVER), *arguments]

    def __enter__(self) -> str:
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        url = self.process.stdout.readline().strip()
        assert url, "the server did not start"
        return url

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
