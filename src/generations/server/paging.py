"""Pages of a list: where a cursor points, and the envelope."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from generations.errors import InvalidInput
from generations.query.following import behind, can_follow, values_at
from generations.record import content, instants
from generations.record.extended import extended

if TYPE_CHECKING:
    from generations.server.parameters import Listing

Document = dict[str, Any]

_OPAQUE: Final = "a cursor is what nextCursor of the page before says, with the same filter and order"


class Page:
    """One page of a list.

    A cursor holds the values by which the last record of a page was sorted, and a digest of the question. The page behind it
    is found by those values: it costs the same at any depth, and what arrives meanwhile moves no record from page to page.
    """

    def __init__(self, asked: Listing) -> None:
        self._asked = asked
        self._follows = can_follow(asked.order)
        self.skip = 0 if asked.page is None else (asked.page - 1) * asked.limit
        self.filter = asked.filter if asked.cursor is None else _both(asked.filter, behind(asked.order, self._values(asked.cursor)))
        self._added = self._missing_paths()

    @property
    def fields(self) -> list[str] | None:
        """What is read: what was asked for and what the cursor needs."""
        return self._asked.fields and [*self._asked.fields, *self._added]

    def next_cursor(self, last: Document) -> str | None:
        """Points behind a record; None where the order has no cursors."""
        if not self._follows:
            return None
        values = values_at([path for path, _ in self._asked.order], last)
        return urlsafe_b64encode(self._asked.question + msgspec.json.encode(extended(values))).decode().rstrip("=")

    def shown(self, document: Document) -> Document:
        """The document without what only the cursor needed."""
        for path in self._added:
            _drop(document, path, self._asked.fields or [])
        return document

    def envelope(self, count: int, total: int | None, cursor: str | None, *, has_next: bool) -> dict[str, Any]:
        """The platform's envelope around `count` documents, without the documents."""
        asked, page = self._asked, self._asked.page
        return {
            "totalDocs": total,
            "limit": asked.limit,
            "page": page,
            "totalPages": None if total is None else max(1, -(-total // asked.limit)),
            "pagingCounter": self.skip + 1 if page is not None and count else None,
            "hasNextPage": has_next,
            "hasPrevPage": page is None or page > 1,
            "nextPage": page + 1 if page is not None and has_next else None,
            "prevPage": page - 1 if page is not None and page > 1 else None,
            "nextCursor": cursor,
        }

    def _values(self, cursor: str) -> list[Any]:
        if not self._follows:
            raise InvalidInput("this order has no cursors: a path of it has no column of its own", path="cursor", hint="use page")
        try:
            held = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            values = content.from_json(held[len(self._asked.question) :])
        except (ValueError, msgspec.MsgspecError):
            raise InvalidInput("this is not a cursor", path="cursor", hint=_OPAQUE) from None
        if not held.startswith(self._asked.question):
            raise InvalidInput("the cursor belongs to another question", path="cursor", hint=_OPAQUE)
        if not isinstance(values, list) or len(cast("list[Any]", values)) != len(self._asked.order):
            raise InvalidInput("this is not a cursor", path="cursor", hint=_OPAQUE)
        return [_value(one) for one in cast("list[Any]", values)]

    def _missing_paths(self) -> list[str]:
        if not self._asked.fields or not self._follows:
            return []
        wanted = self._asked.fields
        return [path for path, _ in self._asked.order if not any(path == one or path.startswith(one + ".") for one in wanted)]


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"$and": [one, other]} if one else other


def _value(held: Any) -> Any:
    match held:
        case None | str() | int() | float():
            return held
        case {"$date": _} if (found := instants.parse(held)) is not None:
            return found
        case _:
            raise InvalidInput("this is not a cursor", path="cursor", hint=_OPAQUE)


def _drop(document: Document, path: str, wanted: Sequence[str]) -> None:
    """Take a value out, and an object that stands there for its sake alone."""
    root, _, leaf = path.partition(".")
    if not leaf:
        document.pop(root, None)
    elif any(one.startswith(root + ".") for one in wanted):
        cast("Document", document.get(root) or {}).pop(leaf, None)
    else:
        document.pop(root, None)
