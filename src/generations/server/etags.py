"""Entity tags of single records (RFC 9110): the version that a client has seen, so that it need not read or change another."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from generations.errors import VersionChanged
from generations.record import instants

if TYPE_CHECKING:
    from starlette.requests import Request

    from generations.server.answers import Wanted

_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


def etag(record: dict[str, Any], form: Wanted, links: str = "") -> str:
    """The tag of a record in one of its forms: when the store last changed it, the form, and the `Links.tag` of what it is shown with."""
    return f'"{instants.micros(record["updatedAt"]):x}.{form}{links}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` says that the client has this already."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in [f'"{found[1]}"' for found in _TAG.findall(given)]


def meant(request: Request, id: str) -> dict[str, Any]:
    """The filter for the record with this id, in one of the versions that `If-Match` names."""
    given = request.headers.get("if-match", "*")
    if given.strip() == "*":
        return {"id": id}
    versions = [_version(found[1]) for found in _TAG.findall(given) if not found[0]]
    return {"id": id, "updatedAt": {"$in": [version for version in versions if version is not None]}}


def changed(id: str) -> VersionChanged:
    """The refusal to change a record of which the client has seen another version."""
    return VersionChanged(f"generation {id!r} is not in the version that If-Match names", hint="read it again", path="id")


def _version(tag: str) -> datetime | None:
    digits = tag.partition(".")[0]
    return instants.from_micros(int(digits, 16)) if re.fullmatch(r"-?[0-9a-f]{1,13}", digits) else None
