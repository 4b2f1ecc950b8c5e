"""One request on its way: what a route is given, and how it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar
from urllib.parse import unquote, unquote_to_bytes

import anyio.to_thread
import msgspec
from starlette.responses import Response

from generations.errors import InvalidInput, NotFound
from generations.record.nearest import nearest
from generations.server.exchange import Exchange

if TYPE_CHECKING:
    from starlette.requests import Request

    from generations.server.exchange import Wording
    from generations.server.schemas import Schema
    from generations.server.state import State
    from generations.store.collection import Collection
    from generations.store.keys import Key, KeyScope

P = ParamSpec("P")
R = TypeVar("R")

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"
ARROW: Final = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may go on.

    Attributes:
        request: as it came.
        state: what the server holds.
        project: whose records it sees.
        collection: those records.
        key: what it showed; None where no key is needed.
    """

    request: Request
    state: State
    project: str
    collection: Collection
    key: Key | None

    @property
    def exchange(self) -> Exchange:
        """What the log and the metrics tell of it."""
        return Exchange.of(self.request)

    @property
    def id(self) -> str:
        """The id of the record that the path names."""
        return str(self.request.path_params["id"])

    async def read(self, what: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking read in a thread, together with few enough others."""
        return await anyio.to_thread.run_sync(partial(what, *args, **kwargs), limiter=self.state.reads)

    async def write(self, what: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking change in a thread; what has begun is finished even when the client leaves."""
        return await anyio.to_thread.run_sync(partial(what, *args, **kwargs), limiter=self.state.writes)


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route: what it is, who may use it, and what the OpenAPI document says of it.

    Attributes:
        method: GET, POST, PATCH or DELETE.
        path: with the ids that it names in braces: `{id}`.
        handle: answers it.
        scope: what a key must carry; None is open to everyone.
        summary: one line.
        body: the type of the JSON body, or its JSON Schema; None where there is none, or where it is described by hand.
        answer: the JSON Schema of the answer in JSON; None where it has no JSON.
        status: of the usual answer.
        statuses: of other answers that are no errors.
        forms: media types of the answer; whoever asks chooses with `Accept` when there are several.
        parameters: query parameters, by name, with what they mean.
        headers: headers of the request that it reads, the same way.
        media_types: of the body; another is answered with 415.
        wording: how errors are written; None is a problem document.
        takes_passwords: a key may be shown as the password of Basic authentication, whatever the name.
        key_headers: headers in which a key may be shown, the first of them that is there; `Authorization` when empty.
    """

    method: str
    path: str
    handle: Handler
    scope: KeyScope | None
    summary: str
    body: Any = None
    answer: Schema | None = None
    status: int = 200
    statuses: tuple[int, ...] = ()
    forms: tuple[str, ...] = (JSON,)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    media_types: tuple[str, ...] = (JSON,)
    wording: Wording | None = None
    takes_passwords: bool = False
    key_headers: tuple[str, ...] = ()


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; bytes are JSON already."""
    content = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Response(content, status, dict(headers or {}), JSON)


def not_there(id: str) -> NotFound:
    """The refusal of an id that no record of the project has."""
    return NotFound(f"there is no generation {id!r}", path="id")


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; false where it is left out."""
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false", "1", "0", ""):
        raise InvalidInput(f"{name} is true or false, not {text!r}", path=name)
    return text in ("true", "1", "")


def in_utf8(request: Request) -> None:
    """Refuse query parameters that are not UTF-8: read with another letter in its place, a value would be another value.

    Raises:
        InvalidInput: with the byte.
    """
    for parameter in request.scope["query_string"].split(b"&"):
        try:
            unquote_to_bytes(parameter).decode()
        except UnicodeDecodeError as bad:
            name = unquote(parameter.partition(b"=")[0].decode("latin-1"))
            message = f"the query parameter is not UTF-8: byte 0x{bad.object[bad.start]:02x}"
            raise InvalidInput(message, path=name, hint="encode its UTF-8 bytes with % signs") from None


def known_parameters(request: Request, known: Mapping[str, str]) -> None:
    """Refuse a query parameter that the route does not know: a typo must not be ignored.

    Raises:
        InvalidInput: with the nearest name.
    """
    for name in request.query_params:
        if name not in known:
            near = nearest(name, list(known))
            hint = f"did you mean {near!r}?" if near else f"known are {', '.join(sorted(known))}" if known else "this route takes none"
            raise InvalidInput(f"unknown query parameter {name!r}", path=name, hint=hint)
