"""Pieces of traces that are spread over several files, kept on disk until all of the files have been read."""

from __future__ import annotations

import pickle
import sqlite3
from typing import TYPE_CHECKING, Any, Final, Self

from generations.jobs.translating import Out
from generations.wire.detect import named
from generations.wire.otlp.telemetry import Span
from generations.wire.traces import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from generations.errors import InvalidInput
    from generations.jobs.texts import Batch
    from generations.jobs.translating import Held
    from generations.wire.payload import Object
    from generations.wire.traces import Traces, Unplaced

_TABLES: Final = (
    "CREATE TABLE pieces (source TEXT, format TEXT, trace TEXT, span TEXT, body BLOB)",
    "CREATE TABLE batches (source TEXT, body BLOB)",
)
_PUT_TOGETHER: Final = (
    "CREATE INDEX by_span ON pieces (format, span, trace)",
    # What names its span alone comes to the trace of that span.
    "UPDATE pieces SET trace = coalesce((SELECT found.trace FROM pieces found WHERE found.format = pieces.format"
    " AND found.span = pieces.span AND found.trace > '' LIMIT 1), '') WHERE trace = '' AND span != ''",
    "CREATE INDEX by_trace ON pieces (format, trace)",
    "CREATE TABLE traces AS SELECT format, trace, min(rowid) AS first FROM pieces GROUP BY format, trace",
)


class TracePieces:
    """The pieces of traces in some files, in a database without a name.

    A trace is read when all files are in; its records count as those of the file where it begins.

    Attributes:
        formats: the files whose pieces are here, with the name of their format.
        failures: what ended the reading of a file; what came before is here.
    """

    def __init__(self) -> None:
        self.formats: dict[str, str] = {}
        self.failures: dict[str, InvalidInput] = {}
        self._is_put_together = False
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (*_TABLES, "BEGIN"):
            self._database.execute(statement)

    def waiting(self, source: str, format: str) -> Held:
        """Takes the pieces of a file."""
        self.formats[source] = format
        return _Waiting(self._database, source, format)

    def keep(self, source: str, batch: Batch) -> None:
        """Keep what of a file is no piece of a trace: what is refused, and records of our own."""
        self._database.execute("INSERT INTO batches VALUES (?, ?)", (source, pickle.dumps(batch)))

    def batches(self, source: str) -> Iterator[Batch]:
        """The records of a file; also what of it is refused."""
        if not self._is_put_together:
            for statement in _PUT_TOGETHER:
                self._database.execute(statement)
            self._is_put_together = True
        for (body,) in self._database.execute("SELECT body FROM batches WHERE source = ? ORDER BY rowid", (source,)):
            yield _unpickled(body)
        out = Out("record")
        begun = "SELECT traces.format, traces.trace FROM traces JOIN pieces ON pieces.rowid = first WHERE source = ? ORDER BY first"
        number = 0
        for format, trace in self._database.execute(begun, (source,)):
            for found in self._read(format, trace):
                number += 1
                yield from out.add_found(found, number)
        yield from out.rest()

    def _read(self, format: str, trace: str) -> Iterator[Object | Unplaced]:
        bodies = self._database.execute("SELECT body FROM pieces WHERE format = ? AND trace = ? ORDER BY rowid", (format, trace))
        pieces = [_unpickled(body) for (body,) in bodies]
        traces = named(format).traces
        if traces is not None:
            yield from traces.read(pieces)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()


class _Waiting:
    """What a translator hands the pieces of one file to; nothing comes back before all files are in."""

    def __init__(self, database: sqlite3.Connection, source: str, format: str) -> None:
        self._database = database
        self._of_source = (source, format)

    def add(self, trace_id: str, piece: Any) -> None:
        about = piece.evaluation if isinstance(piece, Said) else piece
        span_id = about.span_id if isinstance(piece, Span | Said) else None
        # Half of a surrogate pair, which JSON can say, is no text to the database.
        trace, span = (text.encode(errors="replace").decode() for text in (trace_id, span_id or ""))
        row = (*self._of_source, trace, span, pickle.dumps(piece))
        self._database.execute("INSERT INTO pieces VALUES (?, ?, ?, ?, ?)", row)

    def grown(self, traces: Traces, size: int) -> Iterator[Object | Unplaced]:
        del traces, size
        return iter(())

    def rest(self, traces: Traces) -> Iterator[Object | Unplaced]:
        del traces
        return iter(())


def _unpickled(body: bytes) -> Any:
    return pickle.loads(body)  # noqa: S301 - written by this process
