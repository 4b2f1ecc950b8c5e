"""Answers as columns: a document is put together where it is used, so that the statement stays short and quick to plan."""

from __future__ import annotations

from typing import Any

from generations.query.compiled import Leaf
from generations.query.document import plain_json
from generations.query.source import record
from generations.query.value import Document, Open, Patched, Scalar, Strings, Tagged, Value, to_tagged

Columns = list[tuple[Leaf, str]]


def answer_columns(root: Document, *, stored: bool) -> Columns:
    """The columns that a document is assembled from, each with its SQL.

    Args:
        stored: the fields stand where they do in a record, so that the table's `given` tells null from absent.
    """
    columns = _columns((), root, stored)
    return [*columns, (Leaf((), "given"), "given")] if stored else columns


def _columns(steps: tuple[str, ...], value: Value, stored: bool) -> Columns:
    match value:
        case Document(fields, empty) if stored or empty == "'{}'":
            inner = [column for name, field in fields.items() for column in _columns((*steps, name), field, stored)]
            return [*_object(steps, empty, stored), *inner] if steps else inner
        case Scalar(_, _, nullable, absent, test) if stored or not (nullable and test):
            return [(Leaf(steps, "null" if nullable and absent == "null" else "value"), _typed(value))]
        case Strings(sql) if stored:
            return [(Leaf(steps, "value"), sql)]
        case Open(text, (), plain=plain) if stored or not plain:
            columns: Columns = [(Leaf(steps, "value"), plain)] if plain else []
            return [*columns, (Leaf(steps, "json"), text)]
        case _:
            return [(Leaf(steps, "tagged"), to_tagged(value))]


def _object(steps: tuple[str, ...], empty: str, stored: bool) -> Columns:
    """What tells of an object of which no field is left; `given` tells of one that was recorded so."""
    if not stored:
        return [(Leaf(steps, "object"), "1")]
    original = record().fields[steps[0]]
    return [] if isinstance(original, Document) and empty == original.empty else [(Leaf(steps, "tagged"), empty)]


def _typed(value: Scalar) -> str:
    """A condition is 0 or 1 to the engine, and true or false in an answer."""
    return f"toBool({value.sql})" if value.type == "bool" else value.sql


def table_columns(prefix: str, value: Value) -> list[tuple[str, str]]:
    """Typed columns named by dotted path, for frames; open values are plain JSON text, NULL where absent."""
    match value:
        case Document(fields):
            return [item for name, field in fields.items() for item in table_columns(f"{prefix}.{name}" if prefix else name, field)]
        case Scalar():
            return [(prefix, _typed(value))]
        case Strings(sql):
            return [(prefix, sql)]
        case Open() | Tagged() | Patched():
            return [(prefix or "document", f"nullIf({plain_json(value)}, '')")]


def is_stored(root: Value) -> bool:
    """Whether a document has nothing but stored fields at their own paths, so that it reads as (part of) a record."""

    def same(value: Any, stored: Any) -> bool:
        match value, stored:
            case Document(fields), Document(originals):
                return all(same(field, originals.get(name)) for name, field in fields.items())
            case _:
                return value is stored

    return same(root, record())
