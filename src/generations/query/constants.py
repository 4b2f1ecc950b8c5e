"""Constants in queries: plain Python values, or MongoDB's extended JSON wrappers of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from generations.query.context import MAX_DEPTH, invalid, pointer, refuse_unsupported

_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s", re.VERBOSE: "x"}
N = TypeVar("N", int, float)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression as it was given: PCRE text and the option letters of MongoDB (i, m, s, x, u)."""

    text: str
    options: str = ""


def constant(value: Any, path: str, depth: int = 0) -> Any:
    """A constant as None, bool, int, float, str, aware datetime, Pattern, list or dict of these.

    Raises:
        InvalidQuery: a type that JSON and BSON dates cannot hold.
    """
    if depth > MAX_DEPTH:
        raise invalid(f"values nest deeper than {MAX_DEPTH} levels", path)
    match value:
        case None | bool() | int() | float() | Pattern():
            return value
        case str():
            return checked_string(value, path)
        case datetime():
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        case re.Pattern():
            return Pattern(_text(cast("re.Pattern[str]", value), path), _options(cast("re.Pattern[str]", value)))
        case Mapping():
            fields = cast("Mapping[Any, Any]", value)
            for key in fields:
                if not isinstance(key, str):
                    raise invalid(f"a key must be a string, not {type(key).__name__}", path)
            wrapped = _unwrapped(fields, path) if len(fields) <= 2 else None
            if wrapped is not None:
                return wrapped
            return {key: constant(item, pointer(path, key), depth + 1) for key, item in fields.items()}
        case list() | tuple():
            items = cast("list[Any]", value)
            return [constant(item, pointer(path, i), depth + 1) for i, item in enumerate(items)]
        case _:
            kind = type(value).__name__
            raise invalid(f"a value of type {kind} cannot be part of a query", path, "use JSON values, datetimes or compiled patterns")


def checked_string(value: str, path: str) -> str:
    """The string, which must be encodable as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid("the text holds half of a surrogate pair and is not valid Unicode", path) from None
    return value


def _unwrapped(value: Mapping[str, Any], path: str) -> Any:
    """The value inside an extended JSON wrapper; None when it is not one."""
    match dict(value):
        case {"$date": inner, **rest} if not rest:
            return _date(inner, path)
        case {"$regularExpression": {"pattern": str(text), **options}, **rest} if not rest:
            return Pattern(text, str(options.get("options", "")))
        case {"$numberInt": str(text), **rest} | {"$numberLong": str(text), **rest} if not rest:
            return _read(int, text, path)
        case {"$numberDouble": str(text), **rest} if not rest:
            return _read(float, text, path)
        case {"$oid": _, **rest} | {"$numberDecimal": _, **rest} | {"$binary": _, **rest} | {"$timestamp": _, **rest} if not rest:
            raise refuse_unsupported(next(iter(value)), "records hold JSON values and instants", path)
        case _:
            return None


def _read(kind: Callable[[str], N], text: str, path: str) -> N:
    try:
        return kind(text)
    except ValueError:
        raise invalid(f"{text[:40]!r} is not a number", path) from None


def _date(inner: Any, path: str) -> datetime:
    match inner:
        case str():
            found = instant_of(inner)
            if found is not None:
                return found
        case bool():
            pass
        case int() | {"$numberLong": str()}:
            ms = inner if isinstance(inner, int) else _read(int, inner["$numberLong"], pointer(path, "$date"))
            with suppress(OverflowError):
                return _EPOCH + timedelta(milliseconds=ms)
        case datetime():
            return inner
        case _:
            pass
    raise invalid(f"{str(inner)[:80]!r} is not an instant", pointer(path, "$date"), 'write it as "2024-06-15T12:30:45Z"')


def instant_of(text: str) -> datetime | None:
    """The aware UTC datetime of an ISO 8601 text (naive means UTC); None when it is not one."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # an offset may lead out of the calendar
        return None


def _text(pattern: re.Pattern[str], path: str) -> str:
    if not isinstance(pattern.pattern, str):  # pyright: ignore[reportUnnecessaryIsInstance] - a bytes pattern at run time
        raise invalid("a pattern must be text, not bytes", path)
    return pattern.pattern


def _options(pattern: re.Pattern[str]) -> str:
    return "".join(letter for flag, letter in _FLAGS.items() if pattern.flags & flag)
