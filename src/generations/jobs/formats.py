"""One function for each format of an export: it yields a query's answer as bytes, and how many records each piece ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from generations.jobs import columns
from generations.jobs.outputs import Drain

if TYPE_CHECKING:
    import pyarrow as pa

    from generations.query.compiled import Compiled
    from generations.store.limits import Limits
    from generations.store.store import Store

Format = Literal["jsonl", "json", "csv", "parquet"]

Pieces = Iterator[tuple[bytes, int]]

_GROUP_BYTES: Final = 64 << 20


def as_jsonl(store: Store, compiled: Compiled, paths: Sequence[str], limits: Limits) -> Pieces:
    """One record a line, in the very bytes that the engine puts together."""
    del paths  # the records are cut to them already
    for piece in store.stream(compiled, "TSVRaw", limits):
        yield piece, piece.count(b"\n")


def as_json(store: Store, compiled: Compiled, paths: Sequence[str], limits: Limits) -> Pieces:
    """A JSON list, one record a line."""
    before = b"[\n"
    for piece, records in as_jsonl(store, compiled, paths, limits):
        # Texts in JSON hold no line breaks; the last one is kept back, for it may be the end.
        is_whole = piece.endswith(b"\n")
        yield before + (piece[:-1] if is_whole else piece).replace(b"\n", b",\n"), records
        before = b",\n" if is_whole else b""
    yield before.replace(b",", b"") + b"]\n", 0


def as_csv(store: Store, compiled: Compiled, paths: Sequence[str], limits: Limits) -> Pieces:
    """A line of names, then one line a record; absent values are empty, lists and objects JSON text, texts as they are."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine
    from pyarrow import csv  # noqa: PLC0415 - the same

    drain = Drain()
    writer: Any = None
    for batch in _with_schema(store, compiled, limits):
        flat = columns.plain(columns.chosen(batch, paths))
        if writer is None:
            writer = csv.CSVWriter(pa.PythonFile(drain, mode="w"), flat.schema)
        writer.write_batch(flat)
        yield drain.taken(), batch.num_rows
    writer.close()
    yield drain.taken(), 0


def as_parquet(store: Store, compiled: Compiled, paths: Sequence[str], limits: Limits) -> Pieces:
    """Typed columns named by path; open content is JSON text, absent lists are null."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine
    from pyarrow import parquet  # noqa: PLC0415 - the same

    drain = Drain()
    writer: Any = None
    for group in _groups(columns.marked(columns.chosen(batch, paths)) for batch in _with_schema(store, compiled, limits)):
        if writer is None:
            writer = parquet.ParquetWriter(pa.PythonFile(drain, mode="w"), group.schema, compression="zstd")
        writer.write_table(group)
        yield drain.taken(), group.num_rows
    writer.close()
    yield drain.taken(), 0


FORMATS: Final[Mapping[Format, Callable[[Store, Compiled, Sequence[str], Limits], Pieces]]] = {
    "jsonl": as_jsonl,
    "json": as_json,
    "csv": as_csv,
    "parquet": as_parquet,
}


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


def _with_schema(store: Store, compiled: Compiled, limits: Limits) -> Iterator[pa.RecordBatch]:
    """The answer's batches; of an empty answer one empty batch, because its columns are part of it."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine

    is_empty = True
    for batch in store.batches(compiled, limits):
        is_empty = False
        yield batch
    if is_empty:
        schema: pa.Schema = store.query(compiled, limits).schema
        yield pa.RecordBatch.from_pylist([], schema=schema)
