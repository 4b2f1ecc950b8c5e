"""Questions in MongoDB's language: find, aggregate, count, distinct, explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from generations.record.extended import extended
from generations.server import schemas
from generations.server.answers import streamed, wanted
from generations.server.bodies import body_as
from generations.server.call import ARROW, JSON, JSON_LINES, Call, Endpoint, answer, known_parameters

if TYPE_CHECKING:
    from starlette.responses import Response

Filter = dict[str, Any]
T = TypeVar("T")


class Find(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What to find; as in Python, `sort` is an object or a list of pairs of path and direction."""

    filter: Filter = {}
    projection: dict[str, Any] | list[str] | None = None
    sort: dict[str, int] | list[tuple[str, int]] | str | None = None
    skip: int = 0
    limit: int = 0
    max_time_ms: int | None = None


class Aggregate(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The stages of a pipeline."""

    pipeline: list[dict[str, Any]]
    max_time_ms: int | None = None


class Count(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which records to count."""

    filter: Filter
    skip: int = 0
    limit: int = 0
    max_time_ms: int | None = None


class Distinct(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Whose values."""

    key: str
    filter: Filter = {}
    max_time_ms: int | None = None


class Explain(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A `find` or, with `pipeline`, an aggregation."""

    filter: Filter = {}
    projection: dict[str, Any] | list[str] | None = None
    sort: dict[str, int] | list[tuple[str, int]] | str | None = None
    skip: int = 0
    limit: int = 0
    pipeline: list[dict[str, Any]] | None = None


async def find(call: Call) -> Response:
    """The records that match, as JSON, as lines of extended JSON, or as Arrow."""
    asked = await _asked(call, Find)
    cursor = await call.read(
        call.collection.find,
        asked.filter,
        asked.projection,
        sort=asked.sort,
        skip=asked.skip,
        limit=asked.limit,
        max_time_ms=asked.max_time_ms,
    )
    return await streamed(cursor, wanted(call.request), call.state.reads)


async def aggregate(call: Call) -> Response:
    """What a pipeline makes of the records."""
    asked = await _asked(call, Aggregate)
    cursor = await call.read(call.collection.aggregate, asked.pipeline, max_time_ms=asked.max_time_ms)
    return await streamed(cursor, wanted(call.request), call.state.reads)


async def count(call: Call) -> Response:
    """How many records match."""
    asked = await _asked(call, Count)
    found = await call.read(
        call.collection.count_documents, asked.filter, skip=asked.skip, limit=asked.limit, max_time_ms=asked.max_time_ms
    )
    return answer({"count": found})


async def distinct(call: Call) -> Response:
    """The different values at a path, as extended JSON."""
    asked = await _asked(call, Distinct)
    found = await call.read(call.collection.distinct, asked.key, asked.filter, max_time_ms=asked.max_time_ms)
    return answer({"values": extended(found)})


async def explain(call: Call) -> Response:
    """How a question is answered: the SQL, its parameters, and, where no key is needed, what it would read of all projects."""
    asked = await _asked(call, Explain)
    if asked.pipeline is not None:
        cursor = await call.read(call.collection.aggregate, asked.pipeline)
    else:
        cursor = await call.read(call.collection.find, asked.filter, asked.projection, sort=asked.sort, skip=asked.skip, limit=asked.limit)
    found = await call.read(cursor.explain)
    return answer({"sql": found.sql, "params": extended(found.params), "estimate": None if call.key else found.estimate})


async def _asked(call: Call, type: type[T]) -> T:
    known_parameters(call.request, {})
    return await body_as(call.request, type, call.state.settings.max_body_bytes)


STREAMED: Final = (JSON, JSON_LINES, ARROW)

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/generations/find",
        find,
        "read",
        "Find records by a filter in MongoDB's language.",
        body=Find,
        answer=schemas.DOCUMENTS,
        forms=STREAMED,
    ),
    Endpoint(
        "POST",
        "/api/generations/aggregate",
        aggregate,
        "read",
        "Run an aggregation pipeline.",
        body=Aggregate,
        answer=schemas.DOCUMENTS,
        forms=STREAMED,
    ),
    Endpoint(
        "POST",
        "/api/generations/count",
        count,
        "read",
        "Count the records that match.",
        body=Count,
        answer=schemas.shape(count=schemas.COUNT),
    ),
    Endpoint(
        "POST",
        "/api/generations/distinct",
        distinct,
        "read",
        "The different values at a path.",
        body=Distinct,
        answer=schemas.shape(values=schemas.listed(schemas.ANYTHING)),
    ),
    Endpoint(
        "POST", "/api/generations/explain", explain, "read", "How a question would be answered.", body=Explain, answer=schemas.EXPLANATION
    ),
)
