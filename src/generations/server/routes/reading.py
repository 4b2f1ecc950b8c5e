"""Reading records by their id, and lists of them by query parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from starlette.responses import Response

from generations.jobs.answers import record_line
from generations.record.extended import extended_line
from generations.record.instants import iso
from generations.server import schemas
from generations.server.answers import wanted
from generations.server.call import JSON, JSON_LINES, Call, Endpoint, known_parameters, not_there
from generations.server.etags import etag, is_known
from generations.server.paging import Page
from generations.server.parameters import LIST_PARAMETERS, Listing, listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from generations.results import RecordVersion


async def list_generations(call: Call) -> Response:
    """A page of the records that match the query parameters, the newest first."""
    return await _list(call, listing(call.request.query_params))


async def list_trace(call: Call) -> Response:
    """A page of the records of a trace, the oldest first; the query parameters are those of the list."""
    trace = {"metadata.traceId": str(call.request.path_params["traceId"])}
    return await _list(call, listing(call.request.query_params, trace, "timestamp"))


async def _list(call: Call, asked: Listing) -> Response:
    page = Page(asked)
    found = await call.read(_found, call, page, asked)
    total = await _total(call, page, asked, found.seen) if asked.count else None
    head = msgspec.json.encode(page.envelope(found.shown, total, found.next_cursor, has_next=found.seen > asked.limit))
    return Response(b'{"docs":[' + found.lines + b"]," + head[1:], media_type=JSON)


class _Found(NamedTuple):
    """A page: its records as JSON, how many they are, how many were looked at, and where the next one begins."""

    lines: bytes
    shown: int
    seen: int
    next_cursor: str | None


def _found(call: Call, page: Page, asked: Listing) -> _Found:
    found = call.collection.find(page.filter, page.fields, sort=asked.order, skip=page.skip, limit=asked.limit + 1).to_list()
    docs = found[: asked.limit]
    cursor = page.next_cursor(docs[-1]) if len(found) > asked.limit else None
    shown = [page.shown(document) for document in docs]
    if asked.fields is None:
        shown = [call.state.links.shown(document) for document in shown]
    return _Found(b",".join(map(record_line, shown)), len(docs), len(found), cursor)


async def _total(call: Call, page: Page, asked: Listing, found: int) -> int:
    """How many records match; on the last page that is known already. Never fewer than have just been seen."""
    if asked.page is not None and found <= asked.limit and (found or asked.page == 1):
        return page.skip + found
    return max(page.skip + found if found else 0, await call.read(call.collection.count_documents, asked.filter))


async def get(call: Call) -> Response:
    """One record, as it was recorded, and in JSON what it is linked to."""
    known_parameters(call.request, {})
    found = await call.read(call.collection.get, call.id)
    if found is None:
        raise not_there(call.id)
    form = "lines" if wanted(call.request) == "lines" else "json"
    links = call.state.links
    headers = {"ETag": etag(found, form, links.tag if form == "json" else ""), "Vary": "Accept"}
    if is_known(call.request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if form == "lines":
        return Response(extended_line(found) + b"\n", headers=headers, media_type=JSON_LINES)
    return Response(record_line(links.shown(found)), headers=headers, media_type=JSON)


async def feedback(call: Call) -> Response:
    """All feedback that a record was given, the newest first."""
    known_parameters(call.request, {})
    return _listed(await call.read(_given, call, call.collection.feedback))


async def evals(call: Call) -> Response:
    """All evals that a record was given, each with its name, the newest first."""
    known_parameters(call.request, {})
    return _listed(await call.read(_given, call, call.collection.evals))


def _given(call: Call, given_to: Callable[[str], list[dict[str, Any]]]) -> list[bytes]:
    """What was given to a record, which may be nothing."""
    given = given_to(call.id)
    if not given and call.collection.get(call.id) is None:
        raise not_there(call.id)
    return [record_line(one) for one in given]


async def history(call: Call) -> Response:
    """All versions of a record, the newest first."""
    known_parameters(call.request, {})
    as_lines = wanted(call.request) == "lines"
    line = extended_line if as_lines else record_line
    versions = await call.read(lambda: [_version(one, line) for one in call.collection.history(call.id)])
    if not versions:
        raise not_there(call.id)
    return Response(b"\n".join(versions) + b"\n", media_type=JSON_LINES) if as_lines else _listed(versions)


def _version(one: RecordVersion, line: Callable[[dict[str, Any]], bytes]) -> bytes:
    head = f'{{"change":"{one.change}","changedAt":"{iso(one.changed_at)}","record":'
    return head.encode() + line(one.record) + b"}"


def _listed(documents: list[bytes]) -> Response:
    return Response(b'{"docs":[' + b",".join(documents) + b"]}", media_type=JSON)


_IF_NONE_MATCH: Final = {"If-None-Match": "The `ETag` of an answer before: 304 when the record is still that one."}

ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/generations",
        list_generations,
        "read",
        "List records by query parameters, the newest first.",
        parameters=LIST_PARAMETERS,
        answer=schemas.PAGE,
    ),
    Endpoint(
        "GET",
        "/api/traces/{traceId}/generations",
        list_trace,
        "read",
        "List the records of a trace, the oldest first.",
        parameters=LIST_PARAMETERS,
        answer=schemas.PAGE,
    ),
    Endpoint(
        "GET",
        "/api/generations/{id}",
        get,
        "read",
        "One record.",
        answer=schemas.GENERATION,
        statuses=(304,),
        forms=(JSON, JSON_LINES),
        headers=_IF_NONE_MATCH,
    ),
    Endpoint(
        "GET",
        "/api/generations/{id}/feedback",
        feedback,
        "read",
        "All feedback on a record, the newest first.",
        answer=schemas.shape(docs=schemas.listed(schemas.FEEDBACK)),
    ),
    Endpoint(
        "GET",
        "/api/generations/{id}/evals",
        evals,
        "read",
        "All evals of a record, the newest first.",
        answer=schemas.shape(docs=schemas.listed(schemas.EVAL)),
    ),
    Endpoint(
        "GET",
        "/api/generations/{id}/history",
        history,
        "read",
        "All versions of a record, the newest first.",
        answer=schemas.VERSIONS,
        forms=(JSON, JSON_LINES),
    ),
)
