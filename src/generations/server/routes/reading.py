"""Reading records by their id, and lists of them by query parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from generations.jobs.answers import record_line
from generations.record.extended import extended_line
from generations.record.instants import iso
from generations.server.answers import wanted
from generations.server.call import JSON, JSON_LINES, Call, Endpoint, answer, known_parameters, not_there
from generations.server.parameters import LIST_PARAMETERS, listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from generations.results import RecordVersion


async def list_generations(call: Call) -> Response:
    """A page of the records that match the query parameters, the newest first."""
    asked = listing(call.request)
    filter, limit, page = asked.filter, asked.limit, asked.page
    total = await call.read(call.collection.count_documents, filter) if asked.count else None
    docs = await call.read(_page, call, asked.filter, asked.fields, asked.sort, (page - 1) * limit, limit + 1)
    has_next, docs = len(docs) > limit, docs[:limit]
    envelope: dict[str, Any] = {
        "totalDocs": total,
        "limit": limit,
        "page": page,
        "totalPages": None if total is None else max(1, -(-total // limit)),
        "hasNextPage": has_next,
        "hasPrevPage": page > 1,
        "nextPage": page + 1 if has_next else None,
        "prevPage": page - 1 if page > 1 else None,
    }
    head = answer(envelope).body
    return Response(b'{"docs":[' + b",".join(docs) + b"]," + bytes(head)[1:], media_type=JSON)


def _page(call: Call, filter: Any, fields: Any, sort: Any, skip: int, limit: int) -> list[bytes]:
    return [record_line(doc) for doc in call.collection.find(filter, fields, sort=sort, skip=skip, limit=limit)]


async def get(call: Call) -> Response:
    """One record, as it was recorded."""
    known_parameters(call.request, {})
    found = await call.read(call.collection.get, call.id)
    if found is None:
        raise not_there(call.id)
    if wanted(call.request) == "lines":
        return Response(extended_line(found) + b"\n", media_type=JSON_LINES)
    return Response(record_line(found), media_type=JSON)


async def feedback(call: Call) -> Response:
    """All feedback that a record was given, the newest first."""
    known_parameters(call.request, {})
    return _listed([record_line(one) for one in await call.read(call.collection.feedback, call.id)])


async def history(call: Call) -> Response:
    """All versions of a record, the newest first."""
    known_parameters(call.request, {})
    versions = await call.read(call.collection.history, call.id)
    if not versions:
        raise not_there(call.id)
    if wanted(call.request) == "lines":
        return Response(b"".join(_version(one, extended_line) + b"\n" for one in versions), media_type=JSON_LINES)
    return _listed([_version(one, record_line) for one in versions])


def _version(one: RecordVersion, line: Callable[[dict[str, Any]], bytes]) -> bytes:
    head = f'{{"change":"{one.change}","changedAt":"{iso(one.changed_at)}","record":'
    return head.encode() + line(one.record) + b"}"


def _listed(documents: list[bytes]) -> Response:
    return Response(b'{"docs":[' + b",".join(documents) + b"]}", media_type=JSON)


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/generations",
        list_generations,
        "read",
        "List records by query parameters, the newest first.",
        parameters=LIST_PARAMETERS,
    ),
    Endpoint("GET", "/api/generations/{id}", get, "read", "One record."),
    Endpoint("GET", "/api/generations/{id}/feedback", feedback, "read", "All feedback on a record, the newest first."),
    Endpoint("GET", "/api/generations/{id}/history", history, "read", "All versions of a record, the newest first."),
)
