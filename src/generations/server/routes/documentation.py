"""What the server says about itself: the OpenAPI document, and a page that shows it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response

from generations.server.call import JSON, Call, Endpoint, known_parameters
from generations.server.schemas import OBJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE: Final = "/api/docs"
_TYPES: Final = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


async def openapi(call: Call) -> Response:
    """This document."""
    known_parameters(call.request, {})
    return Response(_document(), media_type=JSON)


async def page(call: Call) -> Response:
    """The page, and the two files that belong to it; nothing of it comes from elsewhere."""
    known_parameters(call.request, {})
    name = call.request.url.path.removeprefix(_PAGE).strip("/") or "docs.html"
    return Response(_file(name), headers=_HEADERS, media_type=_TYPES[name.rpartition(".")[2]])


@cache
def _document() -> bytes:
    from generations.server.openapi import document  # noqa: PLC0415 - it describes this module too
    from generations.server.routes import ENDPOINTS as ALL  # noqa: PLC0415 - the same

    described: Sequence[Endpoint] = [endpoint for endpoint in ALL if not endpoint.path.startswith(_PAGE + "/")]
    return msgspec.json.encode(document(described))


@cache
def _file(name: str) -> bytes:
    return (files("generations.server") / "page" / name).read_bytes()


ENDPOINTS: Final = (
    Endpoint("GET", "/api/openapi.json", openapi, None, "This document, OpenAPI 3.1.", answer=OBJECT),
    Endpoint("GET", _PAGE, page, None, "A page to read this document with, and to try it.", forms=(_TYPES["html"],)),
    Endpoint("GET", f"{_PAGE}/docs.css", page, None, "How the page looks.", forms=(_TYPES["css"],)),
    Endpoint("GET", f"{_PAGE}/docs.js", page, None, "What the page does.", forms=(_TYPES["js"],)),
)
