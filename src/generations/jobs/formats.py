"""One function for each format of an export: it writes a query's answer and yields how many records each piece held."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from generations.jobs.parquet_rows import OPEN_CONTENT_KEY
from generations.store.decode import value_of
from generations.store.limits import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from generations.jobs.outputs import Output
    from generations.query.compiled import Compiled
    from generations.store.store import Store

_ROWS_IN_GROUP: Final = 50_000


def write_jsonl(store: Store, compiled: Compiled, output: Output) -> Iterator[int]:
    """One record a line, in the very bytes that the engine puts together."""
    if compiled.kind == "documents":
        yield from _write_documents(store, compiled, output)
        return
    for piece in store.stream(compiled, "TSVRaw", UNLIMITED):
        output.write(piece)
        yield piece.count(b"\n")


def write_csv(store: Store, compiled: Compiled, output: Output) -> Iterator[int]:
    """A line of names, then one line a record; open content and lists are JSON text, absent values are empty."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine
    from pyarrow import csv  # noqa: PLC0415 - the same

    writer: Any = None
    try:
        for batch in store.batches(compiled, UNLIMITED):
            flat = _flat(batch)
            if writer is None:
                writer = csv.CSVWriter(pa.PythonFile(output, mode="w"), flat.schema)
            writer.write_batch(flat)
            yield batch.num_rows
    finally:
        if writer is not None:
            writer.close()


def write_parquet(store: Store, compiled: Compiled, output: Output) -> Iterator[int]:
    """Typed columns named by path; open content is JSON text."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine
    from pyarrow import parquet  # noqa: PLC0415 - the same

    writer: Any = None
    try:
        for batch in store.batches(compiled, UNLIMITED):
            marked = batch.replace_schema_metadata({**(batch.schema.metadata or {}), OPEN_CONTENT_KEY: b"json"})
            if writer is None:
                writer = parquet.ParquetWriter(pa.PythonFile(output, mode="w"), marked.schema, compression="zstd")
            writer.write_batch(marked, row_group_size=_ROWS_IN_GROUP)
            yield batch.num_rows
    finally:
        if writer is not None:
            writer.close()


def _write_documents(store: Store, compiled: Compiled, output: Output) -> Iterator[int]:
    for batch in store.batches(compiled, UNLIMITED):
        texts = cast("list[bytes]", batch.column(0).to_pylist())
        lines = [json.dumps(value_of(text), separators=(",", ":"), default=str) + "\n" for text in texts]
        output.write("".join(lines).encode())
        yield len(lines)


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with its lists as JSON text and its instants in ISO 8601, as CSV wants them."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    columns: list[Any] = []
    for column in batch.columns:
        if pa.types.is_list(column.type):
            values = cast("list[Any]", column.to_pylist())
            texts = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
            columns.append(pa.array(texts, pa.string()))
        elif pa.types.is_timestamp(column.type):
            instants = cast("list[datetime | None]", column.to_pylist())
            columns.append(pa.array([None if value is None else f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" for value in instants], pa.string()))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
