"""Query parameters of the list: any known path, with an operator or without, and how the list is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from generations.errors import InvalidInput

if TYPE_CHECKING:
    from starlette.requests import Request

LIST_PARAMETERS: Final = {
    "from": "records at or after this instant",
    "to": "records before this instant",
    "limit": "records of a page, 1 to 1,000; 10 by default",
    "page": "which page, from 1",
    "sort": "paths, comma-separated; a minus descends; -timestamp by default",
    "fields": "paths to return, comma-separated; all by default",
    "count": "false leaves out totalDocs, which costs a count",
}
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list was asked for."""

    filter: dict[str, Any]
    fields: list[str] | None
    sort: list[tuple[str, int]]
    limit: int
    page: int
    count: bool


def listing(request: Request) -> Listing:
    """The question that the query parameters ask.

    Raises:
        InvalidInput: a parameter is unknown, or has a value that it cannot have.
    """
    filter: dict[str, Any] = {}
    given = request.query_params
    for name in given:
        if name not in LIST_PARAMETERS:
            values = given.getlist(name)
            filter[name] = values[0] if len(values) == 1 else {"$in": values}
    bounds = {sign: given[name] for name, sign in (("from", "$gte"), ("to", "$lt")) if name in given}
    if bounds:
        filter["timestamp"] = bounds
    fields = given["fields"].split(",") if given.get("fields") else None
    return Listing(
        filter, fields, _sort(given.get("sort", "-timestamp")), _number(given, "limit", 10, _MOST), _number(given, "page", 1, 10**9),
        given.get("count", "true") != "false",
    )  # fmt: skip


def _sort(text: str) -> list[tuple[str, int]]:
    return [(path.removeprefix("-"), -1 if path.startswith("-") else 1) for path in text.split(",") if path]


def _number(given: Any, name: str, default: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise InvalidInput(f"{name} is a number from 1 to {most:,}, not {text!r}", path=name)
    return int(text)
