"""Answers on standard output: a table for people, JSON lines for programs."""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Document = dict[str, Any]

_INSTANTS: Final = ("timestamp", "createdAt", "updatedAt")
_WIDEST_CELL: Final = 200
_UUID_WIDTH: Final = 36


def record_line(record: Document) -> bytes:
    """A record as one line of JSON that can be imported again: instants in open content keep their `$date`."""
    shown = {name: iso(value) if name in _INSTANTS and isinstance(value, datetime) else value for name, value in record.items()}
    feedback = shown.get("feedback")
    if isinstance(feedback, dict):
        given = cast("Document", feedback).get("timestamp")
        if isinstance(given, datetime):
            shown["feedback"] = cast("Document", feedback) | {"timestamp": iso(given)}
    return _encoded(shown, _tagged_instant)


def answer_line(answer: Any) -> bytes:
    """Any other answer as one line of JSON: instants in ISO 8601; numbers that JSON lacks as `{"$numberDouble": "NaN"}`."""
    return _encoded(_finite(answer), _plain_instant)


def write_line(line: bytes) -> None:
    """One line on standard output."""
    sys.stdout.buffer.write(line + b"\n")


def iso(instant: datetime) -> str:
    """UTC, with microseconds and Z."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def pretty(record: Document) -> str:
    """A record over many lines, for reading."""
    return json.dumps(json.loads(record_line(record)), indent=2, ensure_ascii=not _prints_unicode())


def print_table(rows: Iterable[Sequence[Any]], heads: Sequence[str], *, title: str | None = None) -> None:
    """A table as wide as the terminal, numbers to the right; where it does not fit, long texts give way first."""
    from rich.console import Console  # noqa: PLC0415 - only tables need it
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    kept = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        values = [row[place] for row in kept if row[place] is not None]
        is_number = bool(values) and all(is_numeric(value) for value in values)
        is_long = any(len(cell(value)) > _UUID_WIDTH for value in values)
        table.add_column(head, justify="right" if is_number else "left", no_wrap=not is_long, overflow="ellipsis")
    for row in kept:
        table.add_row(*(Text(cell(value), no_wrap=True, overflow="ellipsis") for value in row))
    Console(file=sys.stdout).print(table)


def print_documents(documents: Iterable[Document], columns: Sequence[str] = ()) -> None:
    """Documents as a table; without `columns` their keys are the columns, in the order in which they first come."""
    kept = list(documents)
    heads = list(columns) or list(dict.fromkeys(key for document in kept for key in document))
    if not kept:
        sys.stderr.write("nothing found\n")
        return
    print_table([[value_at(document, head) for head in heads] for document in kept], heads)


def value_at(document: Document, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    if path in document:
        return document[path]
    value: Any = document
    for step in path.split("."):
        value = cast("Document", value).get(step) if isinstance(value, dict) else None
    return value


def cell(value: Any) -> str:
    """A value in one line; signs that a terminal would act on become spaces."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        text = f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    elif isinstance(value, float):
        text = f"{value:.10g}"
    elif isinstance(value, str):
        text = value
    else:
        text = answer_line(value).decode("utf-8", "replace") if isinstance(value, dict | list) else str(value)
    return "".join(sign if sign.isprintable() else " " for sign in text[:_WIDEST_CELL])


def is_numeric(value: Any) -> bool:
    """True for numbers; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _encoded(value: Any, default: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default, allow_nan=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can carry
        return json.dumps(value, separators=(",", ":"), default=default, allow_nan=False).encode()


def _tagged_instant(value: Any) -> Any:
    return {"$date": _plain_instant(value)}


def _plain_instant(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} is not a value of an answer")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$numberDouble": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("Document", value).items()}
    if isinstance(value, list):
        return [_finite(item) for item in cast("list[Any]", value)]
    return value


def _prints_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
