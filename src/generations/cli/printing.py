"""Answers on standard output: a table for people, JSON lines for programs."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from generations.jobs.answers import answer_line, record_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Document = dict[str, Any]

_WIDEST_CELL: Final = 200
_UUID_WIDTH: Final = 36
_LEAST_WIDTH: Final = 12


def write_line(line: bytes) -> None:
    """One line on standard output."""
    sys.stdout.buffer.write(line + b"\n")


def pretty(record: Document) -> str:
    """A record over many lines, for reading."""
    return json.dumps(json.loads(record_line(record)), indent=2, ensure_ascii=not _prints_unicode())


def print_table(rows: Iterable[Sequence[Any]], heads: Sequence[str]) -> None:
    """A table as wide as the terminal, numbers to the right; where it does not fit, long texts give way first."""
    from rich.console import Console  # noqa: PLC0415 - only tables need it
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    kept = [list(row) for row in rows]
    console = Console(file=sys.stdout)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    texts = [[cell(row[place]) for row in kept] for place in range(len(heads))]
    widths = _widths([max(map(len, (head, *column))) for head, column in zip(heads, texts, strict=True)], console.width)
    for place, head in enumerate(heads):
        values = [row[place] for row in kept if row[place] is not None]
        is_number = bool(values) and all(is_numeric(value) for value in values)
        table.add_column(head, justify="right" if is_number else "left", no_wrap=True, overflow="ellipsis", max_width=widths[place])
    for row in zip(*texts, strict=True):
        table.add_row(*(Text(text) for text in row))
    console.print(table)


def _widths(wanted: list[int], room: int) -> list[int]:
    """The most that each column may take: those longer than an id share what the others leave."""
    long = [width for width in wanted if width > _UUID_WIDTH]
    left = room - sum(width for width in wanted if width <= _UUID_WIDTH) - 2 * len(wanted)
    share = max(_LEAST_WIDTH, left // max(1, len(long)))
    return [width if width <= _UUID_WIDTH else min(width, share) for width in wanted]


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


def _prints_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
