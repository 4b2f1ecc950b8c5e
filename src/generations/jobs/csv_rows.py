"""Rows of a CSV file as JSON texts: each an object of its cells, by the names in the header.

Cells stay the texts that they are: whoever reads the format knows which of them are numbers, and which JSON.
"""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Final

from generations.errors import InvalidInput
from generations.jobs.texts import BATCH_BYTES, BATCH_TEXTS, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generations.jobs.sources import Source

_LONGEST_CELL: Final = 1 << 26
_BLOCK_BYTES: Final = 1 << 20
_PEEK: Final = 1 << 18
_UNDECODABLE: Final = re.compile("[\udc80-\udcff]")


def first_row(source: Source) -> dict[str, str] | None:
    """The first row of what may be CSV, with empty cells if there is only a header; nothing is taken from the source.

    None when it is not CSV: JSON, or text without a header of several names.
    """
    head = source.peek(_PEEK)
    if head.lstrip()[:1] in (b"{", b"[", b""):
        return None
    lines = head.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    rows = csv.reader(lines, delimiter=_delimiter(lines[0]))
    csv.field_size_limit(_LONGEST_CELL)
    try:
        names = next(rows)
        row = next(rows, None) or []
    except (csv.Error, StopIteration):
        return None
    cells = _cells(names, [*row, *[""] * len(names)])
    return cells if len(cells) > 1 else None


def csv_batches(source: Source) -> Iterator[Batch]:
    """The rows, some at a time. Rows that are no CSV, or have another number of cells than the header, are told as such.

    Raises:
        InvalidInput: the header is no CSV; or the source is cut short or damaged, and the rows before have been handed out by then.
    """
    csv.field_size_limit(_LONGEST_CELL)
    lines = _Lines(source)
    rows = csv.reader(lines, delimiter=_delimiter(source.peek(_PEEK).decode("utf-8", "surrogateescape").partition("\n")[0]), strict=True)
    try:
        names = next(rows)
    except csv.Error as error:
        raise InvalidInput(
            f"the header of {source.name} is not CSV: {error}", hint="a quote inside a quoted cell is written twice"
        ) from error
    texts: list[bytes] = []
    faults: dict[int, InvalidInput] = {}
    first, size = 1, 0
    while (row := _next(rows, lines, names)) is not None:
        text, fault = row
        if fault:
            faults[len(texts)] = fault
        texts.append(text)
        size += len(text)
        if len(texts) == BATCH_TEXTS or size >= BATCH_BYTES:
            yield Batch(texts, range(first, first + len(texts)), "row", faults)
            first, texts, faults, size = first + len(texts), [], {}, 0
    if texts:
        yield Batch(texts, range(first, first + len(texts)), "row", faults)
    if lines.failure is not None:
        raise lines.failure


def _next(rows: Iterator[list[str]], lines: _Lines, names: list[str]) -> tuple[bytes, InvalidInput | None] | None:
    """The next row as an object, or as it stands there with what is wrong with it; None at the end. Empty lines are none."""
    row: list[str] = []
    fault: InvalidInput | None = None
    while not row and fault is None:
        lines.taken.clear()
        try:
            row = next(rows)
        except StopIteration:
            return None
        except csv.Error as error:
            fault = InvalidInput(f"not a row of CSV: {error}", hint="a quote inside a quoted cell is written twice")
    fault = fault or _fault(row, names)
    if fault is None:
        return json.dumps(_cells(names, row), separators=(",", ":")).encode(), None
    return "".join(lines.taken).rstrip("\r\n").encode("utf-8", "surrogateescape"), fault


def _cells(names: list[str], row: list[str]) -> dict[str, str]:
    """The cells by their names. Data frames write their index as a column without a name, or under the name of another."""
    return {name: cell for name, cell in zip(names, row, strict=False) if name}


def _delimiter(header: str) -> str:
    """A comma; a semicolon or a tab where the header has more of them."""
    return max(",;\t", key=header.count)


def _fault(row: list[str], names: list[str]) -> InvalidInput | None:
    if len(row) != len(names):
        hint = "a cell with a comma, a quote or a line break stands in quotes"
        return InvalidInput(f"{len(row)} cells where the header has {len(names)} names", hint=hint)
    if any(_UNDECODABLE.search(cell) for cell in row):
        return InvalidInput("not UTF-8", hint="export it again in UTF-8, or convert it")
    return None


class _Lines:
    """The lines of a source, with their ends.

    Attributes:
        failure: why they end before the source does.
        taken: those that were handed out since it was last emptied: the present row as it stands there.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines: Iterator[bytes] = iter(())
        self._rest = b""
        self.failure: InvalidInput | None = None
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        while line is None:
            try:
                block = self._source.read(_BLOCK_BYTES) if self.failure is None else b""
            except InvalidInput as error:
                block, self.failure, self._rest = b"", error, b""
            if not block:
                line, self._rest = self._rest, b""
                if not line:
                    raise StopIteration
                break
            whole = (self._rest + block).split(b"\n")
            self._rest = whole.pop()
            self._lines = iter([part + b"\n" for part in whole])
            line = next(self._lines, None)
        text = line.decode("utf-8", "surrogateescape")
        self.taken.append(text)
        return text
