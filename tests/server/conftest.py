"""Servers for tests: `generations serve` as a process of its own, and the same in this process with any settings."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
import pytest
import uvicorn

from generations.server.otlp_grpc import OtlpGrpc
from generations.server.protocol import Protocol
from generations.server.serve import Server, create_app
from generations.server.settings import ServerSettings
from tests.targets.served import running


def pytest_ignore_collect(collection_path, config):
    """Its questions take seconds to make, in each worker, whether they are asked or not."""
    return (collection_path.name == "test_openapi_questions.py" and not config.getoption("--everywhere")) or None


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
        server: what runs.
        grpc_address: where it listens for OTLP/gRPC; empty where it does not.
    """

    url: str
    state: object
    server: Server
    grpc_address: str

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
    otlp_grpc = None if chosen.grpc_port is None else OtlpGrpc(app, chosen)
    server = Server(config, otlp_grpc=otlp_grpc)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started or (otlp_grpc is not None and not otlp_grpc.address):
            assert thread.is_alive(), "the server did not start"
            thread.join(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Inside(f"http://127.0.0.1:{port}", app.state, server, "" if otlp_grpc is None else otlp_grpc.address)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def serve_inside(tmp_path_factory):
    """Serves in this process: `with serve_inside(max_waiting_bytes=1000) as inside`; each time the same folder, of the module's own."""
    folder = tmp_path_factory.mktemp("inside") / "data"
    return lambda **settings: serving_inside(folder, **settings)
