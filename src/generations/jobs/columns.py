"""Columns of an export: one for each path that was asked for, and what CSV can hold of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from generations.jobs.parquet_rows import OPEN_CONTENT_KEY
from generations.record.fields import BY_PATH, Field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

_TYPED: Final = frozenset({"string", "integer", "number", "instant", "strings"})


def chosen(batch: pa.RecordBatch, paths: Sequence[str]) -> pa.RecordBatch:
    """The columns of these paths, in their order; no paths: all columns, as they come.

    Content is JSON text. What lies inside of it is cut out here: a declared field in its type, anything else as JSON text.
    """
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    if not paths:
        return batch
    names: list[str] = []
    arrays: list[Any] = []
    for path in paths:
        below = [name for name in batch.schema.names if name == path or name.startswith(path + ".")]
        holder = next((name for name in batch.schema.names if path.startswith(name + ".")), None)
        if below:
            names.extend(below)
            arrays.extend(batch.column(name) for name in below)
        elif holder is not None:
            names.append(path)
            arrays.append(_inside(batch.column(holder), path.removeprefix(holder + ".").split("."), BY_PATH.get(path)))
    return pa.RecordBatch.from_arrays(arrays, names=names)


def marked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with a mark that its content is JSON text, and with null for lists that are empty, as absent ones are."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    arrays: list[Any] = []
    for column in batch.columns:
        if pa.types.is_list(column.type):
            lists = cast("list[list[str] | None]", column.to_pylist())
            arrays.append(pa.array([value or None for value in lists], pa.list_(pa.string())))
        else:
            arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names).replace_schema_metadata({OPEN_CONTENT_KEY: b"json"})


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch as CSV wants it: instants in ISO 8601, lists as JSON text, and content that is a text as that text."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    arrays: list[Any] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_list(column.type):
            lists = cast("list[list[str] | None]", column.to_pylist())
            arrays.append(pa.array([json.dumps(value, ensure_ascii=False) if value else None for value in lists], pa.string()))
        elif pa.types.is_timestamp(column.type):
            instants = cast("list[datetime | None]", column.to_pylist())
            arrays.append(pa.array([None if value is None else f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" for value in instants], pa.string()))
        elif _is_open(name):
            texts = cast("list[str | None]", column.to_pylist())
            arrays.append(pa.array([_unquoted(text) for text in texts], pa.string()))
        else:
            arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _is_open(name: str) -> bool:
    field = BY_PATH.get(name)
    return field is None or field.type not in _TYPED


def _unquoted(text: str | None) -> str | None:
    """The text that a JSON string says; one with half a surrogate pair, which no file can hold, stays JSON."""
    if text is None or not text.startswith('"'):
        return text
    said: str = json.loads(text)
    return text if _SURROGATE.search(said) else said


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _inside(column: Any, steps: list[str], field: Field | None) -> Any:
    """What stands at a path inside the JSON texts of a column."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    parsed = [None if text is None else json.loads(text) for text in cast("list[str | None]", column.to_pylist())]
    found = [_at(value, steps) for value in parsed]
    if field is None or field.type not in _TYPED:
        return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in found], pa.string())
    types = {"integer": pa.int64(), "number": pa.float64(), "strings": pa.list_(pa.string())}
    return pa.array(found, types.get(field.type, pa.string()))


def _at(value: Any, steps: list[str]) -> Any:
    """The value at a path; through a list, the values of its elements."""
    for place, step in enumerate(steps):
        if isinstance(value, list):
            found = [_at(item, steps[place:]) for item in cast("list[Any]", value)]
            return [item for item in found if item is not None]
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(step)
    return value
