"""Query parameters of the list: any known path, with an operator or without, and how the list is cut."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, cast

from generations.errors import InvalidInput, InvalidQuery, UnknownField
from generations.query import Source, compile_count
from generations.query.constants import Pattern
from generations.query.source import known_paths, reach, record
from generations.record import content, instants
from generations.record.fields import BY_PATH, OBJECTS, Field
from generations.record.nearest import nearest

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

LIST_PARAMETERS: Final = {
    "from": "Records at or after this instant, ISO 8601.",
    "to": "Records at or before this instant.",
    "where": "A filter in MongoDB's language, as JSON, beside the other conditions.",
    "sort": "Paths, comma-separated; a minus descends. `-timestamp` by default; ends in `id`, so that the order is whole.",
    "limit": "Records of a page, 1 to 1,000; 10 by default.",
    "page": "Which page, from 1.",
    "cursor": "The `nextCursor` of the page before: the page behind it, at the same cost however deep.",
    "fields": "Paths to return, comma-separated; all by default.",
    "count": "`false` leaves out `totalDocs` and `totalPages`, which cost a count.",
}
"""Beside them every path of a record is a parameter."""

OPERATORS: Final[Mapping[str, str]] = {
    "eq": "$eq",
    "ne": "$ne",
    "gt": "$gt",
    "gte": "$gte",
    "lt": "$lt",
    "lte": "$lte",
    "in": "$in",
    "nin": "$nin",
    "exists": "$exists",
    "regex": "$regex",
    # The platform's names, which its clients put into `where[path][operator]`.
    "equals": "$eq",
    "not_equals": "$ne",
    "greater_than": "$gt",
    "greater_than_equal": "$gte",
    "less_than": "$lt",
    "less_than_equal": "$lte",
    "not_in": "$nin",
    "contains": "contains",
    "like": "like",
}
"""What may stand in brackets behind a path, with a `$` or without."""

MOST_RECORDS: Final = 1000
_MOST_PAGES: Final = 10**9
_NAME: Final = re.compile(r"(?:where\[(?P<inner>[^\[\]]+)\]|(?P<path>[^\[\]]+))(?:\[\$?(?P<operator>\w+)\])?")
_INTEGER: Final = re.compile(r"-?\d{1,40}", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SPECIAL: Final = re.compile(r"([\\.^$*+?()\[\]{}|])")
_MANY: Final = {"$eq": "$in", "$ne": "$nin", "$in": "$in", "$nin": "$nin"}
_QUESTION_IS_THE_SAME: Final = ("cursor", "page", "limit", "fields", "count")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list was asked for.

    Attributes:
        filter: which records, all pages together.
        fields: paths to return; None is all.
        order: paths with 1 or -1, the last one `id`.
        limit: most records of the page.
        page: its number, from 1; None behind a cursor.
        cursor: where the page begins; None for a numbered one.
        count: whether `totalDocs` is asked for.
        question: tells this filter and order from any other.
    """

    filter: dict[str, Any]
    fields: list[str] | None
    order: list[tuple[str, int]]
    limit: int
    page: int | None
    cursor: str | None
    count: bool
    question: bytes


def listing(given: QueryParams, within: Mapping[str, str] | None = None, order: str = "-timestamp") -> Listing:
    """The question that the query parameters ask.

    Args:
        given: the parameters.
        within: paths with the values that every record of the list has.
        order: of the list where no other one is asked for.

    Raises:
        InvalidInput: a parameter is unknown, or has a value that it cannot have; `path` is its name.
    """
    within = within or {}
    conditions: list[dict[str, Any]] = [{path: value} for path, value in within.items()]
    for name in dict.fromkeys(given):
        values = given.getlist(name)
        if name in LIST_PARAMETERS:
            if len(values) > 1 and name not in ("sort", "fields"):
                raise InvalidInput(f"{name} is given {len(values)} times", path=name, hint="give it once")
        else:
            conditions.append(_condition(name, values))
    bounds = {sign: _instant(given[name], name) for name, sign in (("from", "$gte"), ("to", "$lte")) if name in given}
    if bounds:
        conditions.append({"timestamp": bounds})
    if "where" in given:
        conditions.append(_where(given["where"]))
    if "cursor" in given and "page" in given:
        raise InvalidInput("a page is named by its number or by a cursor", path="cursor", hint="leave out page")
    paths = _listed(given, "fields")
    return Listing(
        filter=conditions[0] if len(conditions) == 1 else {"$and": conditions} if conditions else {},
        fields=paths or None,
        order=_order(_listed(given, "sort") or [order]),
        limit=_number(given, "limit", 10, MOST_RECORDS),
        page=None if "cursor" in given else _number(given, "page", 1, _MOST_PAGES),
        cursor=given.get("cursor"),
        count=_boolean(given.get("count", "true"), "count"),
        question=_digest([*within.items(), *(item for item in given.multi_items() if item[0] not in _QUESTION_IS_THE_SAME)]),
    )


def _condition(name: str, texts: list[str]) -> dict[str, Any]:
    """The filter of one parameter; several values are alternatives."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise InvalidInput(f"{name!r} is not a parameter", path=name, hint="write a path, or a path and an operator: usage.cost[gte]")
    path = found["inner"] or found["path"]
    operator = _operator(name, found["operator"])
    _refuse_unknown(name, path, operator)
    field = BY_PATH.get(path)
    if operator in ("$in", "$nin"):
        texts = [text for listed in texts for text in listed.split(",")]
    match operator:
        case "$eq" | "$ne" | "$in" | "$nin":
            values = [value for text in texts for value in _equals(field, text, name)]
            return {path: {operator: values[0]}} if len(values) == 1 and operator in ("$eq", "$ne") else {path: {_MANY[operator]: values}}
        case "$regex" | "contains":
            patterns = [Pattern(text) if operator == "$regex" else _containing(text) for text in texts]
            return {path: patterns[0] if len(patterns) == 1 else {"$in": patterns}}
        case "like":
            alternatives = [{"$and": [{path: _containing(word)} for word in text.split() or [text]]} for text in texts]
            return {"$or": alternatives}
        case _ if len(texts) > 1:
            raise InvalidInput(f"{name} is given {len(texts)} times", path=name, hint="give it once")
        case "$exists":
            return {path: {"$exists": _boolean(texts[0], name)}}
        case _:
            return {path: {operator: _bound(field, texts[0], name)}}


def _operator(name: str, written: str | None) -> str:
    if written is None:
        return "$eq"
    if written not in OPERATORS:
        close = nearest(written, OPERATORS)
        hint = f"did you mean {close!r}?" if close else f"there are {', '.join(OPERATORS)}"
        raise InvalidInput(f"unknown operator {written!r}", path=name, hint=hint)
    return OPERATORS[written]


def _refuse_unknown(name: str, path: str, operator: str) -> None:
    """A typo must not be ignored, nor may what is always false pass for an answer."""
    if not all(path.split(".")) or path.startswith("$"):
        raise InvalidInput(f"{path!r} is not a path", path=name, hint="steps are joined by single dots")
    try:
        reach(record(), tuple(path.split(".")), name)
    except UnknownField:
        known = known_paths(record()) if name == "sort" else [*LIST_PARAMETERS, *known_paths(record())]
        close = nearest(path, known)
        hint = f"did you mean {close!r}?" if close else "parameters are the paths of a record, and " + ", ".join(LIST_PARAMETERS)
        if name == "sort":
            raise UnknownField(f"unknown field {path!r}", path=name, hint=hint if close else None) from None
        raise UnknownField(f"unknown query parameter {name!r}", path=name, hint=hint) from None
    if path in OBJECTS and operator != "$exists":
        inside = [known for known in BY_PATH if known.startswith(path + ".")]
        raise InvalidInput(f"{path} is an object", path=name, hint=f"name a field of it: {', '.join(inside)}")


def _equals(field: Field | None, text: str, name: str) -> list[Any]:
    """What a text may say: one value of the field's type; at an open path the text and what else it spells."""
    if field is not None and field.type in ("string", "strings"):
        return [text]
    if field is not None and field.type in _TYPED:
        return [_TYPED[field.type](text, name)]
    number = _spelled(text)
    if number is not None:
        return [text, number]
    return [text, text == "true"] if text in ("true", "false") else [text]


def _bound(field: Field | None, text: str, name: str) -> Any:
    """What greater and less compare with: at an open path the number that the text spells, else the text."""
    if field is not None and field.type in ("string", "strings"):
        return text
    if field is not None and field.type in _TYPED:
        return _TYPED[field.type](text, name)
    number = _spelled(text)
    return text if number is None else number


def _instant(text: str, name: str) -> Any:
    found = instants.parse(text)
    if found is None:
        raise InvalidInput(
            f"{name} is an instant, not {text!r}", path=name, hint="write 2024-06-15T12:30:45Z; a + in an offset is sent as %2B"
        )
    return found


def _quantity(text: str, name: str) -> int | float:
    found = _spelled(text)
    if found is None:
        raise InvalidInput(f"{name} is a number, not {text!r}", path=name)
    return found


_TYPED: Final[Mapping[str, Callable[[str, str], Any]]] = {"integer": _quantity, "number": _quantity, "instant": _instant}


def _spelled(text: str) -> int | float | None:
    """The number that a text spells; None when it spells none."""
    if _INTEGER.fullmatch(text):
        return int(text)
    found = float(text) if _NUMBER.fullmatch(text) else math.inf
    return found if math.isfinite(found) else None


def _containing(text: str) -> Pattern:
    return Pattern(_SPECIAL.sub(r"\\\1", text), "i")


def _where(text: str) -> dict[str, Any]:
    """A filter in MongoDB's language; what is wrong with it is told by its place inside of it."""
    try:
        found = content.loads(text.encode(errors="surrogatepass"))
        if not isinstance(found, dict):
            raise InvalidQuery("it is a JSON object", hint='write where={"usage.cost":{"$gte":0.01}}, percent-encoded')
        compile_count(found, Source())
    except InvalidInput as error:
        error.path = "where" + (error.path or "")
        raise
    return cast("dict[str, Any]", found)


def _listed(given: QueryParams, name: str) -> list[str]:
    return [part.strip() for text in given.getlist(name) for part in text.split(",") if part.strip()]


def _order(parts: list[str]) -> list[tuple[str, int]]:
    order = [(part.lstrip("-+"), -1 if part.startswith("-") else 1) for part in parts]
    for path, _ in order:
        _refuse_unknown("sort", path, "$exists")
    return order if any(path == "id" for path, _ in order) else [*order, ("id", 1)]


def _number(given: QueryParams, name: str, default: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not 1 <= int(text) <= most:
        raise InvalidInput(f"{name} is a number from 1 to {most:,}, not {text!r}", path=name)
    return int(text)


def _boolean(text: str, name: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise InvalidInput(f"{name} is true or false, not {text!r}", path=name)
    return text.lower() in ("true", "1")


def _digest(items: list[tuple[str, str]]) -> bytes:
    return blake2b(repr(sorted(items)).encode(errors="surrogatepass"), digest_size=9).digest()
