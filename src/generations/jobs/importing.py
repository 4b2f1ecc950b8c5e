"""Bringing generations in from files and pipes.

An import may be stopped and repeated at any time: what is stored stays, and what is there already is not added
again. That is also how it is resumed.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from generations.errors import InvalidInput
from generations.jobs.parquet_rows import parquet_batches
from generations.jobs.rejects import Refusal, Rejects, rejects_path
from generations.jobs.sinks import prepared
from generations.jobs.sources import Source, open_source
from generations.jobs.texts import BATCH_TEXTS, Batch, batches
from generations.record.encode import MAX_BYTES, encode_lines
from generations.wire.detect import OWN, Dialect, detect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from generations.jobs.sinks import Taken
    from generations.remote.backend import ServerBackend
    from generations.store.store import Store

SHOWN_REFUSALS: Final = 100
_LINES_LOOKED_AT: Final = 100


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the records of one source; while it runs, what became of them so far.

    Every record that was read is counted once: `read == added + unchanged + replaced + refused` at the end.

    Attributes:
        source: name of the file or pipe.
        dialect: in whose shape it was written.
        read: records read.
        added: records the store did not have.
        unchanged: records it had, or that stood twice in the source, exactly so; nothing was written.
        replaced: records it had with another content; each became a new version.
        refused: records that break a rule.
        rejected_path: where the refused ones are, verbatim; None when there are none.
        refusals: the first 100 refusals; all are beside `rejected_path`.
        read_bytes: bytes of the source read, as packed.
        total_bytes: its size; None for a pipe.
    """

    source: str
    dialect: str = OWN.name
    read: int = 0
    added: int = 0
    unchanged: int = 0
    replaced: int = 0
    refused: int = 0
    rejected_path: Path | None = None
    refusals: tuple[Refusal, ...] = field(default=())
    read_bytes: int = 0
    total_bytes: int | None = None


def import_from(
    source: str | Path | BinaryIO,
    origin: Store | ServerBackend,
    *,
    rejected_path: Path | None = None,
    max_record_bytes: int = MAX_BYTES,
    on_progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Take everything a source holds into a store, or send it to a server.

    A source is JSON lines, a list, one document, or Parquet; plain, or packed with gzip or zstd; our own records, a
    Langfuse trace export or an Inspect AI log. All of that is told by its content. Memory stays flat except for a single
    document, which is held whole.

    Args:
        source: a path, `-` for standard input, or a stream of bytes.
        origin: where the records go.
        rejected_path: where refused records go instead of the file beside the source.
        max_record_bytes: the largest record, as compact JSON.
        on_progress: called with the report so far after each batch.

    Returns:
        The whole report, once everything is on disk.

    Raises:
        InvalidInput: the source cannot be read or holds nothing that is known here. When it is cut short, what came
            before has been taken.
    """
    with open_source(source) as opened, Rejects(rejected_path or rejects_path(opened)) as rejects:
        import_ = _Import(opened, origin, rejects, max_record_bytes, on_progress)
        with import_:
            import_.run()
        return import_.report


class _Import:
    """One running import: the next batch is parsed and encoded while the engine inserts the one before."""

    def __init__(
        self,
        source: Source,
        origin: Store | ServerBackend,
        rejects: Rejects,
        max_record_bytes: int,
        on_progress: Callable[[ImportReport], None] | None,
    ) -> None:
        self.report = ImportReport(source.name, total_bytes=source.size_bytes)
        self._source = source
        self._origin = origin
        self._rejects = rejects
        self._max_record_bytes = max_record_bytes
        self._on_progress = on_progress
        self._seen: dict[bytes, int] = {}
        self._inserter = ThreadPoolExecutor(1, thread_name_prefix="generations-import")
        self._pending: Future[Taken] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Whatever happened, a batch that the engine is inserting is waited for and counted."""
        try:
            self._settle()
        finally:
            self._inserter.shutdown()

    def run(self) -> None:
        """Read the source to its end."""
        dialect: Dialect | None = None
        for batch in parquet_batches(self._source) if self._source.is_parquet else batches(self._source):
            if dialect is None:
                dialect = OWN if self._source.is_parquet else _dialect_of(batch, self._source)
                self.report = replace(self.report, dialect=dialect.name)
            for part in [batch] if dialect is OWN else _translated(batch, dialect, self.report.read):
                self._take(part)

    def _take(self, batch: Batch) -> None:
        rows, refused = encode_lines(batch.texts, max_bytes=self._max_record_bytes, seen=self._seen)
        refusals: list[Refusal] = []
        for line in refused:
            refusal = Refusal.of(batch.unit, batch.numbers[line.line_index], line.error)
            self._rejects.add(batch.texts[line.line_index], refusal)
            refusals.append(refusal)
        left_out = {line.line_index for line in refused}
        write = prepared(self._origin, rows, [text for index, text in enumerate(batch.texts) if index not in left_out])
        taken = len(rows)
        del rows
        self._settle()
        if taken:
            self._pending = self._inserter.submit(write)
        room = SHOWN_REFUSALS - len(self.report.refusals)
        self.report = replace(
            self.report,
            read=self.report.read + len(batch.texts),
            refused=self.report.refused + len(refused),
            rejected_path=self._rejects.path if self._rejects.count else None,
            refusals=self.report.refusals + tuple(refusals[:room]),
            read_bytes=self._source.read_bytes,
        )
        self._tell()

    def _settle(self) -> None:
        """Wait for the batch under way and count what became of it."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        taken = pending.result()
        self.report = replace(
            self.report,
            added=self.report.added + taken.added,
            replaced=self.report.replaced + taken.replaced,
            unchanged=self.report.unchanged + taken.count - taken.added - taken.replaced,
        )
        self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.report)


def _dialect_of(batch: Batch, source: Source) -> Dialect:
    """The dialect of the first text that is in one.

    Raises:
        InvalidInput: none of the first texts of a file is, and so nothing in it can be what it should. What comes from a
            pipe is refused piece by piece and kept instead, because it cannot be read again.
    """
    failure: InvalidInput | None = None
    is_broken = False
    for text in batch.texts[:_LINES_LOOKED_AT]:
        try:
            return detect(json.loads(text))
        except InvalidInput as error:
            failure = failure or error
        except (ValueError, RecursionError):
            is_broken = is_broken or text.lstrip()[:1] in {b"{", b"["}
    if is_broken or source.path is None:
        return OWN
    raise failure or InvalidInput(
        f"{source.name} is neither JSON, JSON lines nor Parquet", hint="gzip and zstd are told by themselves; other packings are not"
    )


def _translated(batch: Batch, dialect: Dialect, read_before: int) -> Iterator[Batch]:
    """The records that a batch of another dialect holds, as our texts, numbered through the whole source.

    A text that cannot be parsed, or is not in the dialect, is handed on as it is, to be taken or refused.
    """
    texts: list[bytes] = []
    number = read_before
    for text in batch.texts:
        for record in _records_in(text, dialect):
            texts.append(record)
            if len(texts) == BATCH_TEXTS:
                yield Batch(texts, range(number + 1, number + 1 + len(texts)), "record")
                number, texts = number + len(texts), []
    if texts:
        yield Batch(texts, range(number + 1, number + 1 + len(texts)), "record")


def _records_in(text: bytes, dialect: Dialect) -> Iterator[bytes]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield text
        return
    if not dialect.recognises(document):
        yield text
        return
    for record in dialect.records(document):
        yield json.dumps(record, separators=(",", ":")).encode()
