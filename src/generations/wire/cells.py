"""Cells of exported tables, which hold structures as text."""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Callable
from typing import Any, Final

from generations.wire.otlp.attributes import parsed
from generations.wire.payload import Object, as_object

_LONGEST_LITERAL: Final = 1 << 20


def structure(cell: Any) -> Any:
    """The structure that a cell writes down in JSON, also in JSON whose quotes were doubled once too often; any other cell as it is."""
    found = parsed(cell)
    if isinstance(found, str) and '""' in found and isinstance(undoubled := parsed(found.replace('""', '"')), dict | list):
        return undoubled  # pyright: ignore[reportUnknownVariableType] - JSON values
    return found


def framed(cell: Any) -> Any:
    """The same, also in Python's notation, in which data frames write lists and dictionaries into CSV."""
    found = structure(cell)
    if not isinstance(found, str) or found.lstrip()[:1] not in ("{", "[") or len(found) > _LONGEST_LITERAL:
        return found
    try:
        return json.loads(json.dumps(literal_eval(found)))  # sets and bytes are no JSON
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return found


def structures(row: Object, *names: str, read: Callable[[Any], Any] = structure) -> Object:
    """The row with the structures of these cells in place of their text; empty cells say nothing and are left out."""
    return {name: read(cell) if name in names else cell for name, cell in row.items() if cell is not None and cell != ""}


def object_in(cell: Any) -> Object:
    """The object that a cell writes down; else an empty one."""
    return as_object(framed(cell))
