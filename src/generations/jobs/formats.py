"""One function for each format of an export: it writes a query's answer and yields how many records each piece held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generations.jobs import columns
from generations.store.limits import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from generations.jobs.outputs import Output
    from generations.query.compiled import Compiled
    from generations.store.store import Store

_GROUP_BYTES: Final = 64 << 20


def write_jsonl(store: Store, compiled: Compiled, output: Output, paths: Sequence[str]) -> Iterator[int]:
    """One record a line, in the very bytes that the engine puts together."""
    del paths  # the records are cut to them already
    for piece in store.stream(compiled, "TSVRaw", UNLIMITED):
        output.write(piece)
        yield piece.count(b"\n")


def write_csv(store: Store, compiled: Compiled, output: Output, paths: Sequence[str]) -> Iterator[int]:
    """A line of names, then one line a record; absent values are empty, lists and objects JSON text, texts as they are."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine
    from pyarrow import csv  # noqa: PLC0415 - the same

    writer: Any = None
    try:
        for batch in _with_schema(store, compiled):
            flat = columns.plain(columns.chosen(batch, paths))
            if writer is None:
                writer = csv.CSVWriter(pa.PythonFile(output, mode="w"), flat.schema)
            writer.write_batch(flat)
            yield batch.num_rows
    finally:
        if writer is not None:
            writer.close()


def write_parquet(store: Store, compiled: Compiled, output: Output, paths: Sequence[str]) -> Iterator[int]:
    """Typed columns named by path; open content is JSON text, absent lists are null."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine
    from pyarrow import parquet  # noqa: PLC0415 - the same

    writer: Any = None
    try:
        for group in _groups(columns.marked(columns.chosen(batch, paths)) for batch in _with_schema(store, compiled)):
            if writer is None:
                writer = parquet.ParquetWriter(pa.PythonFile(output, mode="w"), group.schema, compression="zstd")
            writer.write_table(group)
            yield group.num_rows
    finally:
        if writer is not None:
            writer.close()


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches gathered into tables worth a row group each."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    gathered: list[pa.RecordBatch] = []
    size_bytes = 0
    for batch in batches:
        gathered.append(batch)
        size_bytes += batch.nbytes
        if size_bytes >= _GROUP_BYTES:
            yield pa.Table.from_batches(gathered)
            gathered, size_bytes = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered)


def _with_schema(store: Store, compiled: Compiled) -> Iterator[pa.RecordBatch]:
    """The answer's batches; of an empty answer one empty batch, because its columns are part of it."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    is_empty = True
    for batch in store.batches(compiled, UNLIMITED):
        is_empty = False
        yield batch
    if is_empty:
        schema: pa.Schema = store.query(compiled, UNLIMITED).schema
        yield pa.RecordBatch.from_pylist([], schema=schema)
