"""Keys over HTTP: a running server holds its folder, so that they are made and revoked through it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from generations.record.instants import iso
from generations.server import schemas
from generations.server.bodies import body_as
from generations.server.call import Call, Endpoint, answer, known_parameters

if TYPE_CHECKING:
    from starlette.responses import Response

    from generations.store.keys import Key


class NewKey(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A key to be made, for the project of the request."""

    scopes: list[str]
    name: str | None = None
    expires_at: datetime | None = None
    rate_per_second: float | None = None


async def create(call: Call) -> Response:
    """Make a key; its text is in this answer and can never be had again."""
    known_parameters(call.request, {})
    asked = await body_as(call.request, NewKey, call.state.settings.max_body_bytes)
    text, key = await call.write(
        call.state.keys.keys.create,
        call.project,
        asked.scopes,
        name=asked.name,
        expires_at=asked.expires_at,
        rate_per_second=asked.rate_per_second,
    )
    call.state.keys.forget()
    return answer({"key": text, **_told(key)}, 201, {"Cache-Control": "no-store"})


async def list_keys(call: Call) -> Response:
    """The keys of the project, those that have ended too, the oldest first."""
    known_parameters(call.request, {})
    return answer({"docs": [_told(key) for key in await call.read(call.state.keys.keys.all, call.project)]})


async def revoke(call: Call) -> Response:
    """Take a key back for good."""
    known_parameters(call.request, {})
    key = await call.write(call.state.keys.keys.revoke, call.id, call.project)
    call.state.keys.forget()
    return answer(_told(key))


def _told(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "project": key.project,
        "scopes": key.scopes,
        "name": key.name,
        "ratePerSecond": key.rate_per_second,
        "createdAt": iso(key.created_at),
        "expiresAt": key.expires_at and iso(key.expires_at),
        "revokedAt": key.revoked_at and iso(key.revoked_at),
    }


ENDPOINTS: Final = (
    Endpoint("POST", "/api/keys", create, "admin", "Make a key; its text is shown once.", body=NewKey, status=201, answer=schemas.NEW_KEY),
    Endpoint("GET", "/api/keys", list_keys, "admin", "The keys of the project.", answer=schemas.shape(docs=schemas.listed(schemas.KEY))),
    Endpoint("DELETE", "/api/keys/{id}", revoke, "admin", "Revoke a key for good.", answer=schemas.KEY),
)
