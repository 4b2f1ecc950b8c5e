"""Requests to one server: sent again where that is safe, answered with what it said or with an error of ours."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from generations.errors import Busy, ConfigError, GenerationsError, StoreUnavailable
from generations.record.content import to_json
from generations.remote.problems import error_of

if TYPE_CHECKING:
    import httpx2

R = TypeVar("R")

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"
ARROW: Final = "application/vnd.apache.arrow.stream"

CONNECT_SECONDS: Final = 5.0
SEND_SECONDS: Final = 60.0
CHANGE_SECONDS: Final = 600.0
"""How long an update, a deletion or an insert of many records may take on the server."""

_PATIENCE_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0
_KEPT_SECONDS: Final = 3.0  # servers drop an idle connection after 5; whoever sends just then gets no answer
_PASSING: Final = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that is under way; the names of headers may be spelled in any case."""

    headers: Mapping[str, str]
    pieces: Iterator[bytes]


class Connection:
    """Speaks to one server. Safe to use from many threads.

    What could not be sent, and what the server says it has not taken, is sent again; what may have been taken is sent
    again only where doing it twice is doing it once. Pauses double from 0.1 s, and end after `patience_seconds`.

    Args:
        url: `http://host:port` or `https://…`, with a path when the server stands behind one.
        api_key: shown with each request; None where the server asks for none.
        project: whose records; None is the key's, or `default`.
        patience_seconds: how long after its first failure a request is still sent again.

    Raises:
        ConfigError: the URL is not one of a server.
    """

    def __init__(self, url: str, api_key: str | None, project: str | None, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        import httpx2  # noqa: PLC0415 - loaded by those who speak to a server

        self.name = _checked(url)
        self._patience_seconds = patience_seconds
        for what, value in (("project", project), ("key", api_key)):
            if value is not None and not (value.isascii() and value.isprintable()):
                raise ConfigError(f"the {what} cannot be sent in a request", hint="it takes printable ASCII, and no end of line")
        headers = {"Generations-Project": project} if project is not None else {}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        limits = httpx2.Limits(keepalive_expiry=_KEPT_SECONDS)
        try:
            self._client = httpx2.Client(headers=headers, limits=limits)
            self._root = str(httpx2.URL(f"{self.name}/api"))
        except httpx2.InvalidURL as error:
            raise ConfigError(f"the URL names no server: {error}", hint="write http://host:4300") from None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        repeatable: bool,
        accept: str = JSON,
        read_seconds: float | None = 90.0,
    ) -> bytes:
        """Send one request and return its whole answer.

        Args:
            method: GET, POST, …
            path: below `/api`, quoted.
            body: a JSON value, or the bytes of one; None is no body.
            repeatable: whether doing it twice is doing it once.
            accept: in which form the answer is wanted.
            read_seconds: how long the server may be silent; None is as long as it likes.

        Raises:
            GenerationsError: the one that the server told.
            StoreUnavailable: the server cannot be reached, or broke off.
        """

        def whole(response: httpx2.Response) -> bytes:
            try:
                return response.read()
            finally:
                response.close()

        return self._sent(method, path, body, repeatable, accept, read_seconds, whole)

    @contextmanager
    def stream(self, path: str, body: Any, accept: str, read_seconds: float | None) -> Generator[Streamed]:
        """Ask a question that is repeatable, and give its answer in pieces as they come.

        Raises:
            StoreUnavailable: also while the pieces are read, when the answer is cut off.
        """
        response = self._sent("POST", path, body, True, accept, read_seconds, _as_it_is)
        try:
            yield Streamed(response.headers, self._pieces(response))
        finally:
            response.close()

    def close(self) -> None:
        """Give back the connections. Harmless when repeated."""
        self._client.close()

    def _sent(
        self,
        method: str,
        path: str,
        body: Any,
        repeatable: bool,
        accept: str,
        read_seconds: float | None,
        take: Callable[[httpx2.Response], R],
    ) -> R:
        import httpx2  # noqa: PLC0415 - see above

        if self._client.is_closed:
            raise StoreUnavailable(f"the collection at {self.name} is closed", hint="open it again")
        content = body if body is None or isinstance(body, bytes) else to_json(body)
        headers = {"Accept": accept} | ({} if content is None else {"Content-Type": JSON})
        timeout = httpx2.Timeout(connect=CONNECT_SECONDS, write=SEND_SECONDS, read=read_seconds, pool=CONNECT_SECONDS)
        pause, gives_up_at = _FIRST_PAUSE_SECONDS, None
        while True:
            request = self._client.build_request(method, self._root + path, content=content, headers=headers, timeout=timeout)
            try:
                response = self._client.send(request, stream=True)
                if response.is_success:
                    return take(response)
                failure = self._refusal(response)
                again = isinstance(failure, Busy) or (repeatable and response.status_code in _PASSING)
            except httpx2.HTTPError as error:
                failure = self._unanswered(error)
                again = repeatable or isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
            now = time.monotonic()
            gives_up_at = gives_up_at or now + self._patience_seconds
            wait = max(pause * random.uniform(0.5, 1.0), failure.retry_after if isinstance(failure, Busy) else 0.0)  # noqa: S311 - nothing secret
            if not again or now + wait > gives_up_at:
                raise failure
            time.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _refusal(self, response: httpx2.Response) -> GenerationsError:
        try:
            body = response.read()
        finally:
            response.close()
        kind, retry_after = response.headers.get("content-type", ""), response.headers.get("retry-after")
        return error_of(response.status_code, kind, retry_after, body, self.name)

    def _pieces(self, response: httpx2.Response) -> Iterator[bytes]:
        import httpx2  # noqa: PLC0415 - see above

        try:
            yield from response.iter_bytes()
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise StoreUnavailable(
                f"the answer of {self.name} was cut off: {error}", hint="ask again; the server's log says more"
            ) from error

    def _unanswered(self, error: httpx2.HTTPError) -> StoreUnavailable:
        import httpx2  # noqa: PLC0415 - see above

        match error:
            case httpx2.ConnectError() | httpx2.ConnectTimeout():
                message, hint = f"{self.name} cannot be reached: {error}", "is `generations serve` running there?"
            case httpx2.TimeoutException():
                message, hint = f"{self.name} did not answer in time", "ask for less, or allow it more time with max_time_ms"
            case _:
                message, hint = f"{self.name} broke off: {error}", "whether it did what was asked is unknown; look before you send it again"
        failure = StoreUnavailable(message, hint=hint)
        failure.__cause__ = error
        return failure


def _as_it_is(response: httpx2.Response) -> httpx2.Response:
    return response


def _checked(url: str) -> str:
    """The URL without a slash at its end."""
    try:
        parts = urlsplit(url)
        is_sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ConfigError("the URL names no server", hint="write http://host:4300") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigError("a URL of a server holds no user and no password", hint="give the key as api_key, or in GENERATIONS_API_KEY")
    if not is_sound or parts.query or parts.fragment:
        raise ConfigError("the URL names no server", hint="write http://host:4300, and nothing behind it but a path")
    return url.rstrip("/")
