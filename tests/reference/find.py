"""`find`, `count_documents` and `distinct` over a list of documents."""

from collections.abc import Iterable, Sequence
from typing import Any

from .match import matched_index
from .order import distinct_values, sort_documents
from .paths import collect
from .projection import parse_projection
from .values import need

Doc = dict[str, Any]


def find(
    docs: Iterable[Doc],
    filter: Doc | None = None,
    *,
    projection: Doc | None = None,
    sort: Sequence[tuple[str, int]] | None = None,
    skip: int = 0,
    limit: int = 0,
) -> list[Doc]:
    """The documents that satisfy the filter, sorted, cut and projected, in this order; a limit of 0 is none."""
    parsed = parse_projection(projection, for_find=True) if projection else None
    need(skip >= 0, "skip must not be negative", 51024)
    found = [doc for doc in docs if matched_index(filter or {}, doc)[0]]
    if sort:
        found = sort_documents(found, dict(sort))
    found = found[skip : skip + abs(limit) if limit else None]
    if parsed is None:
        return found
    return [parsed.apply(doc, matched_index(filter or {}, doc)[1]) for doc in found]


def count_documents(docs: Iterable[Doc], filter: Doc | None = None, *, skip: int = 0, limit: int = 0) -> int:
    return len(find(docs, filter, skip=skip, limit=limit))


def distinct(docs: Iterable[Doc], key: str, filter: Doc | None = None) -> list[Any]:
    """The different values of a path: elements of arrays one by one, null included, missing not."""
    return distinct_values(value for doc in find(docs, filter) for value in collect(doc, key.split(".")))
