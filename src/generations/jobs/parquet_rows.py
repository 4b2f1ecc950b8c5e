"""Rows of a Parquet file as JSON texts of records: columns are dotted paths, or structs with the record's shape."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from generations.errors import InvalidInput, MissingExtra
from generations.jobs.texts import Batch
from generations.record.fields import BY_PATH, FIELDS, ROOTS
from generations.record.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generations.jobs.sources import Source

OPEN_CONTENT_KEY: Final = b"generations.openContent"
"""Key in the metadata of the files that an export writes; `json` says that content columns hold JSON text."""

_ROWS: Final = 1024
_MAPS: Final = frozenset(field.path for field in FIELDS if field.type == "map")
_JSON_TEXTS: Final = frozenset(field.path for field in FIELDS if field.type in {"map", "alternatives"})
_CONTENTS: Final = frozenset(field.path for field in FIELDS if field.type == "json")


def parquet_batches(source: Source, is_ours: Callable[[Mapping[str, Any] | None], bool]) -> Iterator[Batch]:
    """The rows of a Parquet file, some at a time; a null is an absent value.

    Rows of another program's table are objects of their cells. Of ours, columns named `parameters`, `metadata` and
    `output.alternatives` may hold JSON text or structs. Content is taken as the text that it is, except in files that an
    export wrote, where it is JSON text.

    Args:
        source: the file.
        is_ours: tells by the first row, None for a file without rows, whether the table is ours.

    Raises:
        InvalidInput: the file is damaged, or has a column that no record has.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - only for Parquet
        from pyarrow import parquet  # noqa: PLC0415 - the same
    except ImportError as error:
        raise MissingExtra("reading Parquet takes pyarrow", hint="pip install 'generations[engine]'") from error
    with source.seekable() as file:
        number = 1
        try:
            opened: Any = parquet.ParquetFile(file)
            schema: Any = opened.schema_arrow
            is_own: bool | None = None
            about = cast("dict[bytes, bytes]", schema.metadata or {})
            is_exported = about.get(OPEN_CONTENT_KEY) == b"json"
            for batch in opened.iter_batches(batch_size=_ROWS):
                rows = cast("list[dict[str, Any]]", batch.to_pylist())
                if is_own is None:
                    is_own = is_ours(_cells(rows[0]))
                    if is_own:
                        _check_columns(cast("list[str]", schema.names))
                texts = [_text(row, is_ours=is_exported) if is_own else _foreign_text(row) for row in rows]
                yield Batch(texts, range(number, number + len(texts)), "row")
                number += len(texts)
            if is_own is None and is_ours(None):
                _check_columns(cast("list[str]", schema.names))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{source.name} is no Parquet file, or is damaged: {error}") from error


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a row as JSON values, without those that are null, and without the index of a data frame."""
    return {name: plain for name, value in row.items() if (plain := _plain(value)) is not None and not name.startswith(_INDEX)}


_INDEX: Final = "__index_level_"


def _foreign_text(row: Mapping[str, Any]) -> bytes:
    return json.dumps(_cells(row), separators=(",", ":")).encode()


def _check_columns(names: list[str]) -> None:
    """Once for the file, since every row of it would be refused for the same reason."""
    for name in names:
        root = name.split(".")[0]
        is_known = name in BY_PATH or name in ROOTS or (root in _MAPS and "." in name)
        if not is_known:
            close = nearest(name, [*BY_PATH, *ROOTS])
            hint = f"did you mean {close!r}?" if close else "columns are paths, such as usage.totalTokens; others go to metadata.…"
            raise InvalidInput(f"the column {name!r} is no field of a record", hint=hint)


def _text(row: Mapping[str, Any], *, is_ours: bool) -> bytes:
    """One row as the JSON text of a record. A declared key beside its whole map is a copy and only fills in."""
    record: dict[str, Any] = {}
    for name in sorted(row, key=lambda name: name.count(".")):
        value = row[name]
        if value == [] and name in BY_PATH:  # frames do not tell an empty list from an absent one
            continue
        if isinstance(value, str) and _is_json(name, is_ours=is_ours):
            _put(record, name.split("."), _parsed(value))
        elif (plain := _plain(value)) is not None:
            _put(record, name.split("."), plain)
    return json.dumps(record, separators=(",", ":")).encode()


def _is_json(name: str, *, is_ours: bool) -> bool:
    """True for columns of JSON text: whole maps always, other open values in the files that an export wrote."""
    if name in _JSON_TEXTS:
        return True
    return is_ours and (name in _CONTENTS or name not in BY_PATH)


def _put(record: dict[str, Any], steps: list[str], value: Any) -> None:
    holder = record
    for step in steps[:-1]:
        below = holder.setdefault(step, {})
        if not isinstance(below, dict):
            return
        holder = cast("dict[str, Any]", below)
    holder.setdefault(steps[-1], value)


def _parsed(text: str) -> Any:
    """The value of a JSON text; a text that is none is kept, and refused where an object is wanted."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _plain(value: Any) -> Any:
    """What JSON has for a value of Arrow; what is null inside a struct is absent, and NaN is how frames write that."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if items and all(isinstance(item, tuple) for item in items):  # a map
            return _plain({str(key): item for key, item in items})
        return [_plain(item) for item in items]
    if isinstance(value, dict):
        items = {key: _plain(item) for key, item in cast("dict[str, Any]", value).items()}
        return {key: item for key, item in items.items() if item is not None}
    return value
