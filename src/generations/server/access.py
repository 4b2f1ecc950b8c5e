"""Who may do what: which project a request sees, and whether it may do what it asks for.

Before the first key is made the server is open: everyone who reaches it may do everything, in the project that the request
names. It then listens on loopback only, and answers no page of the web that the browser of this machine has open. From the
first key on every request shows one.
"""

from __future__ import annotations

import math
import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from generations.errors import AccessDenied, RateLimited

if TYPE_CHECKING:
    from starlette.requests import Request

    from generations.server.call import Endpoint
    from generations.server.settings import ServerSettings
    from generations.server.state import State
    from generations.store.keys import Key

PROJECT_HEADER: Final = "generations-project"
_DEFAULT_PROJECT: Final = "default"
_MOST_BUCKETS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may go on: the only project that it sees, and the key that it showed; None where none is needed."""

    project: str
    key: Key | None


async def admitted(request: Request, endpoint: Endpoint, state: State) -> Admitted:
    """Who asks, and whether they may.

    Raises:
        AccessDenied: the key is missing, unknown or ended, or may not do this.
        RateLimited: the key has sent more than it may.
    """
    if endpoint.scope is None:
        return Admitted(_DEFAULT_PROJECT, None)
    ring = await state.keys.current()
    asked = request.headers.get(PROJECT_HEADER)
    if ring is None:
        refuse_pages(request, state.settings)
        return Admitted(asked or _DEFAULT_PROJECT, None)
    key = ring.opened_by(_password(request) if endpoint.takes_passwords else _shown(request, *endpoint.key_headers))
    state.rates.spend(key)
    if asked and asked != key.project:
        raise AccessDenied("the key is not for this project", hint=f"leave the header {PROJECT_HEADER} out: a key sees one project only")
    if endpoint.scope not in key.scopes:
        raise AccessDenied("the key may not do this", hint=f"it takes a key with the scope {endpoint.scope!r}")
    return Admitted(key.project, key)


def is_loopback(host: str) -> bool:
    """Whether a name or address is reached from this machine only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_pages(request: Request, settings: ServerSettings) -> None:
    """Refuse what a page of the web sends through the browser of this machine.

    A page can send a request without asking first, and a name that it owns can be made to lead to 127.0.0.1.

    Raises:
        AccessDenied: the request names a host that is not this machine, or comes from a page of another origin.
    """
    host = request.headers.get("host", "")
    if not is_loopback(_hostname(host)):
        raise AccessDenied("without a key only localhost is answered", hint="make a key with `generations keys create`, and send it")
    origin = request.headers.get("origin")
    if origin is None or origin in settings.cors_origins or "*" in settings.cors_origins:
        return
    if origin != f"{request.url.scheme}://{host}":
        raise AccessDenied("pages of other origins are not answered", hint="allow the origin with --cors-origin")


class Rates:
    """How much each key may still send: a bucket that fills at its rate, and holds what a second brings.

    Args:
        default: requests a second of a key that has no rate of its own; None is no limit.
        clock: seconds, for tests.
    """

    def __init__(self, default: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._default = default
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: Key) -> None:
        """Count one request.

        Raises:
            RateLimited: there is nothing left; it names the seconds after which there is.
        """
        rate = self._default if key.rate_per_second is None else key.rate_per_second
        if rate is None:
            return
        now, most = self._clock(), max(1.0, rate)
        left, since = self._buckets.pop(key.id, (most, now))
        left = min(most, left + (now - since) * rate)
        is_enough = left >= 1
        self._buckets[key.id] = (left - 1 if is_enough else left, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if not is_enough:
            wait = max(1, math.ceil((1 - left) / rate))
            hint = "wait for the time in Retry-After"
            raise RateLimited(f"the key may send {rate:g} requests a second", hint=hint, retry_after=wait)


def _shown(request: Request, *headers: str) -> str:
    """The key in the first of the headers that is there, which are `Authorization` alone when none are named."""
    sent = (request.headers.get(name) for name in headers or ("authorization",))
    scheme, _, text = (next(filter(None, sent), "")).partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise AccessDenied("a key is needed", hint="send it as `Authorization: Bearer <key>`", unauthenticated=True)
    return text.strip()


def _password(request: Request) -> str:
    """A key that is shown as a password, or as everywhere."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return _shown(request)
    try:
        _, colon, password = b64decode(text.strip(), validate=True).decode().partition(":")
    except ValueError:
        colon = password = ""
    if not colon or not password:
        raise AccessDenied("a key is needed", hint="send it as the password of Basic authentication", unauthenticated=True)
    return password


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
