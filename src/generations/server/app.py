"""The ASGI application: finds the route of a request, admits it, has it answered, and turns every error into a problem document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import anyio.to_thread
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from generations.errors import GenerationsError, InvalidInput, NotFound, Stalled, StoreUnavailable
from generations.server import logs
from generations.server.access import admitted
from generations.server.call import Call, Endpoint, in_utf8
from generations.server.exchange import REQUEST_ID, Exchange, request_id
from generations.server.problems import problem
from generations.server.routes import ENDPOINTS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from generations.server.state import State

_TOLD_TO_PAGES: Final = ("etag", "retry-after", REQUEST_ID)


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
        self._answering: ASGIApp = self._answer

    @property
    def state(self) -> State | None:
        """What it holds while it runs; None before."""
        return self._state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._exchange(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._state = await self._open()
        except GenerationsError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        if origins := self._state.settings.cors_origins:
            self._answering = CORSMiddleware(
                self._answer, allow_origins=origins, allow_methods=["*"], allow_headers=["*"], expose_headers=_TOLD_TO_PAGES
            )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._close(self._state)
        await send({"type": "lifespan.shutdown.complete"})

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and tell of it once, however it ends."""
        exchange = Exchange(request_id(Request(scope).headers.get(REQUEST_ID, "")), scope["method"])
        scope["state"] = {"exchange": exchange}
        assert self._state is not None  # noqa: S101 - the lifespan has begun
        metrics = self._state.metrics
        metrics.begun()
        headers = [(REQUEST_ID.encode(), exchange.id.encode()), (b"x-content-type-options", b"nosniff")]
        try:
            await self._answering(scope, exchange.counted(receive), exchange.told(send, headers))
        except ClientDisconnect:
            pass  # there is nobody left to answer; the log tells of the request without a status
        except Exception as error:
            exchange.failure = error
            raise
        finally:
            metrics.ended(exchange)
            if self._state.telemetry is not None:
                self._state.telemetry.answered(exchange, Request(scope).headers)
            logs.request_answered(exchange)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, self._arriving(receive), send)
        exchange = Exchange.of(request)
        try:
            response = await self._respond(request, exchange)
        except ClientDisconnect:
            return  # nobody is left to answer
        except GenerationsError as error:
            response = problem(error, request)
        except asyncio.CancelledError:  # a stopping server does not wait for ever
            response = problem(StoreUnavailable("the server is stopping", hint="send it again to the next one"), request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the traceback
            exchange.failure = error
            response = problem(_unexpected(exchange.id), request)
        await response(scope, receive, send)

    def _arriving(self, receive: Receive) -> Receive:
        """The same, but not waiting for the next piece of a body for ever."""
        assert self._state is not None  # noqa: S101 - the lifespan has begun
        seconds = self._state.settings.stall_seconds

        async def receive_in_time() -> Message:
            try:
                async with asyncio.timeout(seconds):
                    return await receive()
            except TimeoutError:
                raise Stalled(f"no more of the body came in {seconds:g} seconds") from None

        return receive_in_time

    async def _respond(self, request: Request, exchange: Exchange) -> Response:
        assert self._state is not None  # noqa: S101 - the lifespan has begun
        found = self._found(request)
        if isinstance(found, Response):
            return found
        exchange.route, exchange.wording, exchange.takes_passwords = found.path, found.wording, found.takes_passwords
        who = await admitted(request, found, self._state)
        in_utf8(request)
        exchange.project, exchange.key_id = who.project, who.key and who.key.id
        projects = self._state.projects
        collection = projects.opened(who.project) or await anyio.to_thread.run_sync(projects.collection, who.project)
        return await found.handle(Call(request, self._state, who.project, collection, who.key))

    def _found(self, request: Request) -> Endpoint | Response:
        """The route of a request, its id unpacked; ids may hold slashes, so the path is taken apart as it was sent."""
        raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
        sent = raw.decode("latin-1").partition("?")[0].split("/")
        others: set[str] = set()
        method = "GET" if request.method == "HEAD" else request.method
        for endpoint, segments in self._routes:
            if len(segments) != len(sent) or not all(map(_fits, segments, sent)):
                continue
            if endpoint.method != method:
                others.add(endpoint.method)
                continue
            request.scope["path_params"] = _parameters(segments, sent)
            return endpoint
        if others:
            error = InvalidInput(f"{request.url.path} does not take {request.method}", hint=f"it takes {', '.join(sorted(others))}")
            return problem(error, request, 405, {"Allow": ", ".join(sorted(others))})
        raise NotFound(f"there is no path {request.url.path}", hint="/api/openapi.json lists them")


def _segments(path: str) -> list[str]:
    return path.split("/")


def _fits(segment: str, piece: str) -> bool:
    return segment == piece or segment.startswith("{")


def _parameters(segments: list[str], sent: list[str]) -> dict[str, Any]:
    return {part[1:-1]: _text(piece) for part, piece in zip(segments, sent, strict=True) if part.startswith("{")}


def _text(piece: str) -> str:
    if not piece:
        raise InvalidInput("the id in the path is empty", path="id")
    try:
        return unquote(piece, errors="strict")
    except UnicodeDecodeError:
        raise InvalidInput("the id in the path is not UTF-8 text", path="id", hint="percent-encode it") from None


def _unexpected(request_id: str) -> GenerationsError:
    return GenerationsError("the server failed in a way that was not foreseen", hint=f"its log says more under {request_id}")
