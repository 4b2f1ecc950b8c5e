"""The rest of an order: which records come behind a given one, as a filter in MongoDB's language.

A page that begins behind the last record of the one before costs the same however deep it lies, and stays in its place while
records arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from generations.query.source import reach, record
from generations.query.value import Scalar
from generations.record import instants

Order = Sequence[tuple[str, int]]
"""Paths with their directions, 1 or -1; the last one is `id`, so that no two records are equal in it."""

STORED = ("timestamp", "metadata.sessionId", "id")
"""The paths by which the stored order places a record."""

_REST = timedelta(hours=1) - timedelta(microseconds=1)
_FIRST_HOUR = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_LAST_HOUR = datetime(2106, 2, 7, 7, tzinfo=UTC)
"""The engine's hours are 32-bit: what lies before the first or behind the last of them counts as one hour."""


def can_follow(order: Order) -> bool:
    """Whether every path of the order is a typed column; the others compare by rules that no filter says."""
    return all(_column(path) is not None for path, _ in order)


def values_at(paths: Iterable[str], document: dict[str, Any]) -> list[Any]:
    """What a document has at typed paths, None where it has nothing."""
    found: list[Any] = []
    for path in paths:
        value: Any = document
        for step in path.split("."):
            value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
        found.append(value)
    return found


def behind(order: Order, values: Sequence[Any]) -> dict[str, Any]:
    """The filter for what comes behind the record that has these values, None where it has none.

    Raises:
        UnknownField: the order names a path that cannot exist.
    """
    alternatives: list[dict[str, Any]] = []
    equal: list[dict[str, Any]] = []
    for (path, way), value in zip(order, values, strict=True):
        beyond = _beyond(path, way, value)
        if beyond is not None:
            alternatives.append({"$and": [*equal, beyond]})
        equal.append({path: value})
    # Said apart, the bound on the first path lets the engine skip what lies before it.
    return {"$and": [_from(*order[0], values[0]), {"$or": alternatives}]}


def behind_stored(timestamp: datetime, session_id: str | None, id: str) -> dict[str, Any]:
    """The filter for what comes behind this record in the order of `compile_find(stored_order=True)`."""
    session = {"metadata.sessionId": session_id} if session_id else {"metadata.sessionId": {"$in": [None, ""]}}
    instant = timestamp.astimezone(UTC)
    first, last = _stored_hour(instant)
    within = {"timestamp": {"$gte": first, "$lte": last}}
    alternatives: list[dict[str, Any]] = [
        {"timestamp": {"$gt": last}},
        {"$and": [within, {"metadata.sessionId": {"$gt": session_id or ""}}]},
        {"$and": [within, session, {"timestamp": {"$gt": instant}}]},
        {"$and": [{"timestamp": instant}, session, {"id": {"$gt": id}}]},
    ]
    return {"$and": [{"timestamp": {"$gte": first}}, {"$or": alternatives}]}


def _stored_hour(instant: datetime) -> tuple[datetime, datetime]:
    """The first and the last instant of the hour under which the table holds an instant."""
    first = instant.replace(minute=0, second=0, microsecond=0)
    if first <= _FIRST_HOUR:
        first, last = instants.from_micros(instants.EARLIEST_US), _FIRST_HOUR + _REST
    elif first >= _AFTER_LAST_HOUR:
        first, last = _AFTER_LAST_HOUR, instants.from_micros(instants.LATEST_US)
    else:
        last = first + _REST
    return first, last


def _beyond(path: str, way: int, value: Any) -> dict[str, Any] | None:
    """Strictly behind a value on one path: nothing is lower than null, which missing is too."""
    if value is None:
        return {path: {"$ne": None}} if way > 0 else None
    if way > 0:
        return {path: {"$gt": value}}
    below = {path: {"$lt": value}}
    column = _column(path)
    return {"$or": [below, {path: None}]} if column is None or column.nullable else below


def _from(path: str, way: int, value: Any) -> dict[str, Any]:
    """A value or behind it."""
    if value is None:
        return {} if way > 0 else {path: None}
    if way > 0:
        return {path: {"$gte": value}}
    column = _column(path)
    at_most = {path: {"$lte": value}}
    return {"$or": [at_most, {path: None}]} if column is None or column.nullable else at_most


def _column(path: str) -> Scalar | None:
    value, rest = reach(record(), tuple(path.split(".")), "/sort")
    return value if isinstance(value, Scalar) and not rest else None
