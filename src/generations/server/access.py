"""Who may do what: which project a request sees, and whether it may do what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread

if TYPE_CHECKING:
    from starlette.requests import Request

    from generations.server.call import Endpoint
    from generations.server.state import State
    from generations.store.collection import Collection

PROJECT_HEADER: Final = "generations-project"


async def admitted(request: Request, endpoint: Endpoint, state: State) -> tuple[str, Collection]:
    """The project that a request sees, and its records.

    Raises:
        AccessDenied: its key is missing, unknown or ended, or may not do this.
    """
    del endpoint
    project = request.headers.get(PROJECT_HEADER) or "default"
    return project, await anyio.to_thread.run_sync(state.projects.collection, project)
