"""Running the server: one process, one port, until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
import uvicorn

from generations.connect import open_engine
from generations.server.app import App
from generations.server.committer import Committer
from generations.server.projects import Projects
from generations.server.state import State

if TYPE_CHECKING:
    from generations.server.settings import ServerSettings
    from generations.store.limits import Limits


def create_app(url: str, settings: ServerSettings, limits: Limits | None = None) -> App:
    """The application over the store that a URL names; the store is opened when the server starts."""

    async def opened() -> State:
        return await anyio.to_thread.run_sync(_open, url, settings, limits)

    async def closed(state: State) -> None:
        await anyio.to_thread.run_sync(_close, state)

    return App(opened, closed)


def serve(url: str, settings: ServerSettings, limits: Limits | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests that have begun are finished first."""
    config = uvicorn.Config(
        create_app(url, settings, limits),
        host=settings.host,
        port=settings.port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        http="httptools",
        timeout_graceful_shutdown=int(settings.drain_seconds),
    )
    uvicorn.Server(config).run()


def _open(url: str, settings: ServerSettings, limits: Limits | None) -> State:
    projects = Projects(open_engine(url), limits)
    try:
        projects.collection("default")  # runs the migrations now, and refuses what cannot be opened
    except BaseException:
        projects.close()
        raise
    return State(projects, Committer(projects, settings.max_waiting_bytes), settings)


def _close(state: State) -> None:
    state.committer.close()
    state.projects.close()
