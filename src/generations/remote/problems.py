"""Errors of ours out of the problem documents that a server answers with."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from generations.errors import AccessDenied, Busy, ConfigError, GenerationsError, InvalidInput, RateLimited, StoreUnavailable, TooLarge

PROBLEM_TYPE: Final = "application/problem+json"


class _Place(msgspec.Struct):
    message: str
    path: str | None = None


class _Problem(msgspec.Struct):
    detail: str = ""
    code: str = GenerationsError.code
    hint: str | None = None
    errors: list[_Place] = []


def error_of(status: int, content_type: str, retry_after: str | None, body: bytes, server: str) -> GenerationsError:
    """The error that a server told, of the same class, with the same message, hint and path.

    What is no problem document comes from something between, or from another server, and is told by its status.
    """
    waited = int(retry_after) if retry_after and retry_after.isdecimal() else 1
    if content_type.partition(";")[0].strip() != PROBLEM_TYPE:
        return _by_status(status, waited, server)
    return told(body, server, waited)


def told(document: bytes, server: str, retry_after: int = 1) -> GenerationsError:
    """The error that a problem document tells."""
    try:
        problem = msgspec.json.decode(document, type=_Problem)
    except msgspec.MsgspecError:
        return StoreUnavailable(f"{server} told a problem that cannot be read", hint="try again later")
    place = problem.errors[0] if problem.errors else _Place(problem.detail)
    kind = _KINDS.get(problem.code, GenerationsError)
    if issubclass(kind, AccessDenied):
        return AccessDenied(place.message, hint=problem.hint, unauthenticated=problem.code == "unauthenticated")
    about: dict[str, Any] = {"hint": problem.hint, "path": place.path}
    return kind(place.message, **about, retry_after=retry_after) if issubclass(kind, Busy) else kind(place.message, **about)


def _by_status(status: int, retry_after: int, server: str) -> GenerationsError:
    match status:
        case 401 | 403:
            hint = "what stands before the server refused the request, not the server itself"
            return AccessDenied(f"{server} answered with status {status}", hint=hint, unauthenticated=status == 401)
        case 413:
            return TooLarge(f"{server} takes less at once", hint="send less, or raise the limit of what stands before the server")
        case 429:
            return RateLimited(f"{server} takes fewer requests", retry_after=retry_after)
        case _ if status >= 500:
            return StoreUnavailable(f"{server} answered with status {status}", hint="something before the server failed; try again later")
        case _ if status in (404, 405) or 300 <= status < 400:
            return ConfigError(f"{server} is not a Generations server: it answered with status {status}", hint="check the URL")
        case _:
            return InvalidInput(f"{server} answered with status {status}")


def _tree(kind: type[GenerationsError]) -> dict[str, type[GenerationsError]]:
    below = {code: one for child in kind.__subclasses__() for code, one in _tree(child).items()}
    return {kind.code: kind, **below}


_KINDS: Final = {**_tree(GenerationsError), "unauthenticated": AccessDenied}
