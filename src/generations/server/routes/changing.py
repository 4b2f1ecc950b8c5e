"""Changing what is there: updates, feedback, evals, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from generations.jobs.answers import record_line
from generations.server import schemas
from generations.server.bodies import body_as
from generations.server.call import Call, Endpoint, answer, known_parameters, not_there
from generations.server.etags import changed, etag, meant

if TYPE_CHECKING:
    from starlette.responses import Response


class Update(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What to change in which records: the first that matches, or with `many` all of them."""

    filter: dict[str, Any]
    update: dict[str, Any]
    many: bool = False


class Delete(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which records to remove: the first that matches, or with `many` all of them."""

    filter: dict[str, Any]
    many: bool = False


class Feedback(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What somebody says of a record."""

    rating: float | None = None
    thumbs: str | None = None
    comment: str | None = None
    categories: list[str] | None = None
    timestamp: Any = None
    user_id: str | None = None


async def patch(call: Call) -> Response:
    """Change one record with MongoDB's update operators; the answer is the record as it now is."""
    known_parameters(call.request, {})
    update = await body_as(call.request, dict[str, Any], call.state.settings.max_body_bytes)
    result = await call.write(call.collection.update_one, meant(call.request, call.id), update)
    found = await call.read(call.collection.get, call.id)
    if found is None:
        raise not_there(call.id)
    if not result.matched_count:
        raise changed(call.id)
    links = call.state.links
    return answer(record_line(links.shown(found)), headers={"ETag": etag(found, "json", links.tag)})


async def update(call: Call) -> Response:
    """Change the records that match."""
    known_parameters(call.request, {})
    asked = await body_as(call.request, Update, call.state.settings.max_body_bytes)
    verb = call.collection.update_many if asked.many else call.collection.update_one
    result = await call.write(verb, asked.filter, asked.update)
    return answer({"matchedCount": result.matched_count, "modifiedCount": result.modified_count})


async def remove(call: Call) -> Response:
    """Remove one record with all of its versions."""
    known_parameters(call.request, {})
    result = await call.write(call.collection.delete_one, meant(call.request, call.id))
    if not result.deleted_count:
        raise changed(call.id) if await call.read(call.collection.get, call.id) else not_there(call.id)
    return answer({"deletedCount": result.deleted_count})


async def delete(call: Call) -> Response:
    """Remove the records that match, with all of their versions."""
    known_parameters(call.request, {})
    asked = await body_as(call.request, Delete, call.state.settings.max_body_bytes)
    verb = call.collection.delete_many if asked.many else call.collection.delete_one
    result = await call.write(verb, asked.filter)
    return answer({"deletedCount": result.deleted_count})


async def feedback(call: Call) -> Response:
    """Add feedback to a record; the answer is the feedback as stored."""
    known_parameters(call.request, {})
    said = await body_as(call.request, Feedback, call.state.settings.max_body_bytes)
    given = await call.write(
        call.collection.add_feedback,
        call.id,
        rating=said.rating,
        thumbs=said.thumbs,  # pyright: ignore[reportArgumentType] - checked with the record
        comment=said.comment,
        categories=said.categories,
        timestamp=said.timestamp,
        user_id=said.user_id,
    )
    return answer(record_line(given), 201)


_ONE_OR_MORE: Final[Any] = dict[str, Any] | list[Any]


async def evals(call: Call) -> Response:
    """Add one eval or a list of them to a record; the answer is what was stored. One of an earlier name takes its place."""
    known_parameters(call.request, {})
    said = await body_as(call.request, _ONE_OR_MORE, call.state.settings.max_body_bytes)
    stored = [record_line(one) for one in await call.write(call.collection.add_evals, call.id, said)]
    return answer(b'{"docs":[' + b",".join(stored) + b"]}" if isinstance(said, list) else stored[0], 201)


_IF_MATCH: Final = {"If-Match": "Change it only in one of these versions, by the `ETag` of an answer; 412 otherwise."}

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/generations/update",
        update,
        "ingest",
        "Change the records that match.",
        body=Update,
        answer=schemas.shape(matchedCount=schemas.COUNT, modifiedCount=schemas.COUNT),
    ),
    Endpoint(
        "POST",
        "/api/generations/delete",
        delete,
        "delete",
        "Remove the records that match.",
        body=Delete,
        answer=schemas.shape(deletedCount=schemas.COUNT),
    ),
    Endpoint(
        "PATCH",
        "/api/generations/{id}",
        patch,
        "ingest",
        "Change one record with update operators.",
        body=dict[str, Any],
        answer=schemas.GENERATION,
        headers=_IF_MATCH,
    ),
    Endpoint(
        "DELETE",
        "/api/generations/{id}",
        remove,
        "delete",
        "Remove one record with all of its versions.",
        answer=schemas.shape(deletedCount=schemas.COUNT),
        headers=_IF_MATCH,
    ),
    Endpoint(
        "POST",
        "/api/generations/{id}/feedback",
        feedback,
        "feedback",
        "Give feedback on a record.",
        body=Feedback,
        status=201,
        answer=schemas.FEEDBACK,
    ),
    Endpoint(
        "POST",
        "/api/generations/{id}/evals",
        evals,
        "feedback",
        "Give a record one eval, or a list of them.",
        body=schemas.either(schemas.GIVEN_EVAL, schemas.listed(schemas.GIVEN_EVAL)),
        status=201,
        answer=schemas.either(schemas.EVAL, schemas.shape(docs=schemas.listed(schemas.EVAL))),
    ),
)
