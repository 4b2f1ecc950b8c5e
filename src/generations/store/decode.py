"""From the engine's JSON text to Python values: what a pipeline made, and the values of `distinct`."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from generations.record.content import from_json, revive_dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

Document = dict[str, Any]
"""One answer of a query: a record, or what a pipeline made of records."""

READ_AHEAD_BYTES: Final = 32 << 20
"""What is read before the first text is handed over."""

_SLICE_ROWS: Final = 256  # bounds the Python copies of one batch, whose texts may be megabytes each
_TAG: Final = "\x01"
_TAG_ESCAPED: Final = rb"\u0001"
_DATE_KEY: Final = b'"$date"'


def texts(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield the texts of the first column in order, in flat memory."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine, never by importing this package

    for rows in slices(batches):
        yield from cast("list[bytes]", rows.column(0).cast(pa.large_binary()).to_pylist())


def slices(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an answer in order, few at a time.

    What fits into `READ_AHEAD_BYTES` is read first: the query is then done and its connection free, however slowly the
    rows are taken, and its time limit is spent by the engine alone.
    """
    for ahead in _read_ahead(batches):
        while ahead:
            batch = ahead.popleft()
            for start in range(0, batch.num_rows, _SLICE_ROWS):
                yield batch.slice(start, _SLICE_ROWS)


def _read_ahead(batches: Iterable[pa.RecordBatch]) -> Iterator[deque[pa.RecordBatch]]:
    ahead: deque[pa.RecordBatch] = deque()
    size_bytes = 0
    for batch in batches:
        ahead.append(batch)
        size_bytes += batch.nbytes
        if size_bytes >= READ_AHEAD_BYTES:
            yield ahead
            size_bytes = 0
    yield ahead


def value_of(text: bytes) -> Any:
    """Decode tagged JSON, the form of `query.tagged`: whole numbers stay whole, instants become aware datetimes."""
    value = from_json(text)
    if _TAG_ESCAPED in text:
        value = _untagged(value)
    if _DATE_KEY in text:
        value = revive_dates(value)
    return value


def _untagged(root: Any) -> Any:
    """Replace every tagged string below `root`, in place, without recursion: pipelines can nest deeper than records do."""
    holder = [root]
    pending: list[Any] = [holder]
    while pending:
        container: Any = pending.pop()
        for key, value in _items(container):
            if isinstance(value, str):
                if value.startswith(_TAG):
                    container[key] = _from_tag(value)
            elif isinstance(value, dict | list):
                pending.append(value)
    return holder[0]


def _from_tag(value: str) -> Any:
    kind, payload = value[1:2], value[2:]
    if kind == "d":
        return int(payload) if payload.lstrip("-").isdigit() else float(payload)
    if kind == "t":
        return datetime.fromisoformat(payload)
    return _TAG + payload


def _items(container: Any) -> Iterable[tuple[Any, Any]]:
    return cast("Document", container).items() if isinstance(container, dict) else enumerate(cast("list[Any]", container))
