"""The ASGI application: finds the route of a request, admits it, has it answered, and turns every error into a problem document."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from generations.errors import GenerationsError, InvalidInput, NotFound
from generations.server.access import admitted
from generations.server.call import Call, Endpoint
from generations.server.problems import problem
from generations.server.routes import ENDPOINTS

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from generations.server.state import State

REQUEST_ID: Final = "x-request-id"
_SANE_ID: Final = re.compile(r"[\w.:/+=-]{1,128}")
_LOG: Final = logging.getLogger("generations.server")


class App:
    """Answers HTTP over one store.

    Args:
        open: makes the state when the server starts, inside its event loop.
        close: gives it back when the server stops, after the last request.
    """

    def __init__(self, open: Callable[[], Awaitable[State]], close: Callable[[State], Awaitable[None]]) -> None:
        self._open = open
        self._close = close
        self._state: State | None = None
        self._routes = [(endpoint, _segments(endpoint.path)) for endpoint in ENDPOINTS]

    @property
    def state(self) -> State | None:
        """What it holds while it runs; None before."""
        return self._state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._state = await self._open()
        except GenerationsError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._close(self._state)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        sent = request.headers.get(REQUEST_ID, "")
        request_id = sent if _SANE_ID.fullmatch(sent) else uuid.uuid4().hex
        scope["state"] = {"request_id": request_id}

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID.encode(), request_id.encode())]
            await send(message)

        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        except GenerationsError as error:
            response = problem(error)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the traceback
            _LOG.exception("request %s failed", request_id)
            response = problem(_unexpected(request_id))
        await response(scope, receive, with_id)

    async def _respond(self, request: Request) -> Response:
        assert self._state is not None  # noqa: S101 - the lifespan has begun
        found = self._found(request)
        if isinstance(found, Response):
            return found
        project, collection = await admitted(request, found, self._state)
        return await found.handle(Call(request, self._state, project, collection))

    def _found(self, request: Request) -> Endpoint | Response:
        """The route of a request, its id unpacked; ids may hold slashes, so the path is taken apart as it was sent."""
        raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
        sent = raw.decode("latin-1").partition("?")[0].split("/")
        others: set[str] = set()
        method = "GET" if request.method == "HEAD" else request.method
        for endpoint, segments in self._routes:
            if len(segments) != len(sent) or any(part not in ("{id}", piece) for part, piece in zip(segments, sent, strict=True)):
                continue
            if endpoint.method != method:
                others.add(endpoint.method)
                continue
            request.scope["path_params"] = _parameters(segments, sent)
            return endpoint
        if others:
            error = InvalidInput(f"{request.url.path} does not take {request.method}", hint=f"it takes {', '.join(sorted(others))}")
            return problem(error, 405, {"Allow": ", ".join(sorted(others))})
        raise NotFound(f"there is no path {request.url.path}", hint="/api/openapi.json lists them")


def _segments(path: str) -> list[str]:
    return path.split("/")


def _parameters(segments: list[str], sent: list[str]) -> dict[str, Any]:
    return {part[1:-1]: _text(piece) for part, piece in zip(segments, sent, strict=True) if part.startswith("{")}


def _text(piece: str) -> str:
    try:
        found = unquote(piece, errors="strict")
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise InvalidInput("the id in the path is not UTF-8 text", path="id", hint="percent-encode it")
    return found


def _unexpected(request_id: str) -> GenerationsError:
    return GenerationsError("the server failed in a way that was not foreseen", hint=f"its log says more under {request_id}")
