"""Errors as problem documents (RFC 9457), one status for each kind of error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

from generations.errors import (
    AccessDenied,
    Busy,
    ConfigError,
    GenerationsError,
    InvalidInput,
    LimitExceeded,
    NotFound,
    QueryFailed,
    RateLimited,
    Stalled,
    StoreUnavailable,
    TooLarge,
    VersionChanged,
)
from generations.server.exchange import Exchange

if TYPE_CHECKING:
    from starlette.requests import Request

PROBLEM_TYPE: Final = "application/problem+json"

_STATUSES: Final[tuple[tuple[type[GenerationsError], int], ...]] = (
    (NotFound, 404),
    (TooLarge, 413),
    (Stalled, 408),
    (VersionChanged, 412),
    (InvalidInput, 400),
    (RateLimited, 429),
    (StoreUnavailable, 503),
    (QueryFailed, 422),
    (LimitExceeded, 422),
    (ConfigError, 500),
)
"""The first that fits; `AccessDenied` carries its own."""

TITLES: Final = {
    400: "The request cannot be taken as it is",
    401: "A key is needed",
    403: "This may not be done",
    404: "There is no such thing",
    405: "The path does not take this method",
    408: "The request did not come to its end",
    409: "Something else came in between",
    412: "The record is not the one that was meant",
    413: "The request is too large",
    415: "The content is of a kind that is not read here",
    416: "There is no such part",
    422: "The query could not be answered",
    429: "Too many requests",
    431: "The headers are too large",
    500: "The server failed",
    503: "The store cannot take it now",
}


def status_of(error: GenerationsError) -> int:
    """The HTTP status of an error of ours."""
    if isinstance(error, AccessDenied):
        return 401 if error.code == "unauthenticated" else 403
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def document(error: GenerationsError, status: int) -> dict[str, Any]:
    """An error as it is told: what, where and how to mend it.

    `code` is the stable name of the kind of error; `errors` repeats message and place in the form of the platform.
    """
    return {
        "type": f"urn:generations:error:{error.code}",
        "title": TITLES.get(status, "The request failed"),
        "status": status,
        "detail": str(error),
        "code": error.code,
        "hint": error.hint,
        "errors": [{"message": error.message, "path": error.path}],
    }


def problem(error: GenerationsError, request: Request, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """The answer that tells an error; with the id of the request, under which the log tells of it."""
    chosen = status or status_of(error)
    exchange = Exchange.of(request)
    exchange.error_code = error.code
    sent = dict(headers or {})
    if isinstance(error, StoreUnavailable):
        sent.setdefault("Retry-After", str(error.retry_after if isinstance(error, Busy) else 1))
    if chosen == 401:
        schemes = ("Bearer", "Basic") if exchange.takes_passwords else ("Bearer",)
        sent.setdefault("WWW-Authenticate", ", ".join(f'{scheme} realm="generations"' for scheme in schemes))
    if chosen == 408:
        sent.setdefault("Connection", "close")
    told = {**document(error, chosen), "requestId": exchange.id}
    body, media_type = (msgspec.json.encode(told), PROBLEM_TYPE) if exchange.wording is None else exchange.wording(told, request)
    return Response(body, chosen, sent, media_type)
