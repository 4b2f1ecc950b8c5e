"""From the engine's JSON text to Python values: whole numbers stay whole, instants become aware datetimes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa

Document = dict[str, Any]
"""One answer of a query: a record, or what a pipeline made of records."""

_SLICE_ROWS: Final = 256  # bounds the Python copies of one batch, whose texts may be megabytes each
_TAG: Final = "\x01"
_TAG_ESCAPED: Final = rb"\u0001"
_DATE_KEY: Final = b'"$date"'
_INSTANT_LENGTH: Final = len("2024-06-15T12:30:45.000000Z")

_parse: Final = cast("Callable[[bytes], Any]", msgspec.json.Decoder().decode)


def texts(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield the texts of the first column in order, a few at a time so that memory stays flat."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine, never by importing this package

    for batch in batches:
        column = batch.column(0).cast(pa.large_binary())
        for start in range(0, len(column), _SLICE_ROWS):
            yield from cast("list[bytes]", column.slice(start, _SLICE_ROWS).to_pylist())


def record_of(text: bytes) -> Document:
    """Decode a record, or the part of one that a projection left.

    The instants among its fields, and every `{"$date": …}` of its open content, become aware datetimes in UTC.
    """
    document: Document = _parse(text)
    for name in ("timestamp", "createdAt", "updatedAt"):
        value = document.get(name)
        if value is not None:
            document[name] = datetime.fromisoformat(value)
    _revive_feedback(document)
    output = document.get("output")
    if output and output.get("alternatives"):
        for alternative in output["alternatives"]:
            _revive_feedback(alternative)
    if _DATE_KEY in text:
        return _replaced(document, _from_date_object)
    return document


def value_of(text: bytes) -> Any:
    """Decode a document that a pipeline made, or a value of `distinct`.

    JSON cannot say everything that MongoDB's values can, so a string that begins with U+0001 is a tagged value:
    `d` a number by its text (also `NaN` and the infinities), `t` an instant, `s` a string that itself began
    with U+0001.
    """
    value = _parse(text)
    if _TAG_ESCAPED in text:
        value = _replaced(value, _from_tag)
    if _DATE_KEY in text:
        value = _replaced(value, _from_date_object)
    return value


def _revive_feedback(holder: Document) -> None:
    feedback = holder.get("feedback")
    if feedback and feedback.get("timestamp") is not None:
        feedback["timestamp"] = datetime.fromisoformat(feedback["timestamp"])


def _replaced(root: Any, replacement: Callable[[Any], Any]) -> Any:
    """Replace every value below `root`, in place, without recursion: content may be nested deeper than Python's stack."""
    holder = [root]
    pending: list[Any] = [holder]
    while pending:
        container: Any = pending.pop()
        items: Iterable[tuple[Any, Any]] = container.items() if _is_object(container) else enumerate(container)
        for key, value in items:
            new = replacement(value)
            if new is not value:
                container[key] = new
            elif isinstance(value, dict | list):
                pending.append(value)
    return holder[0]


def _from_tag(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(_TAG):
        return value
    kind, payload = value[1:2], value[2:]
    if kind == "d":
        return int(payload) if payload.lstrip("-").isdigit() else float(payload)
    if kind == "t":
        return datetime.fromisoformat(payload)
    return _TAG + payload


def _from_date_object(value: Any) -> Any:
    instant = value.get("$date") if _is_object(value) and len(value) == 1 else None
    if not isinstance(instant, str) or len(instant) != _INSTANT_LENGTH:
        return value
    try:
        return datetime.fromisoformat(instant)
    except ValueError:
        return value


def _is_object(value: Any) -> TypeGuard[Document]:
    return type(value) is dict
