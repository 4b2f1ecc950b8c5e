"""Running the server: one process, one port, until it is told to stop."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import anyio.to_thread
import uvicorn

from generations.connect import open_engine, open_prices
from generations.errors import ConfigError
from generations.joining.joiner import Joiner
from generations.server import logs
from generations.server.access import is_loopback
from generations.server.app import App
from generations.server.committer import Committer
from generations.server.keyring import KeyRing
from generations.server.links import Links
from generations.server.metrics import Metrics
from generations.server.projects import Projects
from generations.server.protocol import Protocol
from generations.server.room import Room
from generations.server.state import State
from generations.server.telemetry import telemetry_of_environment
from generations.store.keys import Keys

if TYPE_CHECKING:
    from types import FrameType

    from generations.server.otlp_grpc import OtlpGrpc
    from generations.server.settings import ServerSettings
    from generations.store.limits import Limits

Ready = Callable[[str, str | None, bool], None]
"""Told the address as a URL, that of OTLP/gRPC where it is served, and whether a key is needed."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_KEEP_ALIVE_SECONDS: Final = 75  # longer than clients keep a connection, so that they are the ones to close it


def create_app(url: str, settings: ServerSettings, limits: Limits | None = None) -> App:
    """The application over the store that a URL names; the store is opened when the server starts."""

    async def opened() -> State:
        return _state(await anyio.to_thread.run_sync(_open, url, settings, limits), settings)

    return App(opened, _close)


def serve(url: str, settings: ServerSettings, limits: Limits | None = None, on_ready: Ready | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests that have begun are finished first. A second signal ends the process at once.

    Args:
        url: where the generations are.
        settings: where to listen, and what is taken.
        limits: what one query may spend.
        on_ready: told where requests are taken, once they are.

    Raises:
        ConfigError: the address cannot be listened on, or is reached by others and no key was made.
        GenerationsError: the store cannot be opened.
    """
    logs.configure(settings.log_level)
    Links(settings.links)  # refuses what is wrong before anything is opened
    if settings.grpc_port is not None:
        importlib.import_module("generations.server.otlp_grpc")  # the same, where the extra is missing
        _bound(settings.host, settings.grpc_port, "--grpc-port").close()
    with closing(_bound(settings.host, settings.port)) as listening:
        projects = _open(url, settings, limits)

        async def opened() -> State:
            return _state(projects, settings)

        app = App(opened, _close)
        otlp_grpc = _otlp_grpc(app, settings)

        def ready(address: str) -> None:
            if on_ready is not None:
                on_ready(address, otlp_grpc and otlp_grpc.address, Keys(projects.engine).exist())

        config = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            http=Protocol,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=int(settings.drain_seconds),
        )
        gc.freeze()  # what is loaded by now stays: looking through it for cycles would hold up all requests for tens of milliseconds
        Server(config, ready, otlp_grpc).run([listening])


class Server(uvicorn.Server):
    """A server that says when it is ready, and whose process ends well after a signal.

    Args:
        config: what it serves.
        on_ready: told the address once requests are taken, as a URL.
        otlp_grpc: served beside, begun before that.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[str], None] | None = None,
        otlp_grpc: OtlpGrpc | None = None,
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._otlp_grpc = otlp_grpc

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._otlp_grpc is not None and self.started:
            await self._otlp_grpc.start()
        if self._on_ready is not None and sockets:
            self._on_ready(_address(sockets[0]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._otlp_grpc is not None:
            await self._otlp_grpc.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Handle signals while serving, without raising them again afterwards: having stopped when told to is success."""
        if threading.current_thread() is not threading.main_thread():  # where no signal arrives
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + sig)  # what was acknowledged is on disk; nothing else was promised
        super().handle_exit(sig, frame)


def _otlp_grpc(app: App, settings: ServerSettings) -> OtlpGrpc | None:
    if settings.grpc_port is None:
        return None
    from generations.server.otlp_grpc import OtlpGrpc  # noqa: PLC0415 - an extra

    return OtlpGrpc(app, settings)


def _bound(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that has the address; nobody can connect before the server listens on it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        hint = None
        if error.errno == errno.EADDRINUSE:
            hint = f"stop what listens there, or name another port; {option} 0 takes a free one"
        elif isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            hint = "--host takes an address of this machine"
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror or error}", hint=hint) from None
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open(url: str, settings: ServerSettings, limits: Limits | None) -> Projects:
    prices = open_prices(settings.prices)
    projects = Projects(open_engine(url), limits, prices=prices)
    try:
        projects.collection("default")  # runs the migrations now, and refuses what cannot be opened
        _refuse_strangers(settings.host, projects)
    except BaseException:
        projects.close()
        raise
    return projects


def _refuse_strangers(host: str, projects: Projects) -> None:
    if is_loopback(host) or Keys(projects.engine).exist():
        return
    raise ConfigError(
        f"without a key the server listens on this machine only, not on {host}",
        hint="make one first: generations keys create --scope ingest --scope read",
    )


def _state(projects: Projects, settings: ServerSettings) -> State:
    room = Room(settings.max_waiting_bytes)
    metrics = Metrics(projects.measures, lambda: room.held_bytes)
    committer = Committer(projects, room, metrics.committed)
    telemetry = telemetry_of_environment()
    if telemetry is not None:
        projects.measures.also_told = telemetry.recorded
    joiner = Joiner(projects.collection, timedelta(seconds=settings.trace_window_seconds), on_joined=metrics.joined)
    metrics.keeps(lambda: joiner.kept_pieces)
    return State(projects, committer, joiner, settings, KeyRing(Keys(projects.engine)), room, metrics, telemetry)


async def _close(state: State) -> None:
    await anyio.to_thread.run_sync(state.committer.close)
    await anyio.to_thread.run_sync(state.joiner.close)
    if state.telemetry is not None:
        await anyio.to_thread.run_sync(state.telemetry.close)
    await anyio.to_thread.run_sync(state.projects.close)
