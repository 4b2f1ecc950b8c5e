"""Bringing generations in from files and pipes.

An import may be stopped and repeated at any time: what is stored stays, and what is there already is not added
again. That is also how it is resumed.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from generations.errors import InvalidInput
from generations.jobs.csv_rows import csv_batches, first_row
from generations.jobs.llm_database import llm_batches
from generations.jobs.parquet_rows import parquet_batches
from generations.jobs.rejects import Refusal, Rejects, rejects_path
from generations.jobs.sinks import prepared
from generations.jobs.sources import Source, open_source
from generations.jobs.texts import Batch, batches
from generations.jobs.trace_pieces import TracePieces
from generations.jobs.translating import Translator
from generations.record.encode import MAX_BYTES, encode_lines
from generations.wire.detect import LLM, OPENAI_BATCH, OWN, Dialect, detect, detected, found_in, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from generations.jobs.batch_requests import BatchRequests
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
    format: str | None = None,
    requests: BatchRequests | None = None,
    pieces: TracePieces | None = None,
    rejected_path: Path | None = None,
    max_record_bytes: int = MAX_BYTES,
    on_progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Take everything a source holds into a store, or send it to a server.

    A source is JSON lines, a list, one document, CSV, Parquet or a SQLite database; plain, or packed with gzip or zstd; our
    own records, or in one of the formats of `generations.wire.detect.DIALECTS`. All of that is told by its content. Memory
    stays flat except for a single document, which is held whole.

    Args:
        source: a path, `-` for standard input, or a stream of bytes.
        origin: where the records go.
        format: name of the format that the source must be in; None: told by its content.
        requests: the requests of OpenAI's batches, for the answers in the source.
        pieces: what `pieces_among` has found in several sources: traces are put together across them.
        rejected_path: where refused records go instead of the file beside the source.
        max_record_bytes: the largest record, as compact JSON.
        on_progress: called with the report so far after each batch.

    Returns:
        The whole report, once everything is on disk.

    Raises:
        InvalidInput: the source cannot be read, holds nothing that is known here, or is not in the format that it must be
            in. When it is cut short, what came before has been taken.
    """
    forced = None if format is None else named(format)
    with open_source(source) as opened, Rejects(rejected_path or rejects_path(opened)) as rejects:
        import_ = _Import(opened, origin, rejects, max_record_bytes, on_progress, forced, requests, pieces)
        with import_:
            import_.run()
        return import_.report


def pieces_among(sources: Sequence[str], *, format: str | None = None) -> TracePieces:
    """The pieces of traces in those of some files that hold such; close it when they are imported.

    A file that cannot be read, or holds something else, is left to the import to tell.

    Args:
        sources: paths; standard input and pipes are left out, for they can be read only once.
        format: name of the format that they must be in; None: told by their content.
    """
    forced = None if format is None else named(format)
    found = TracePieces()
    for name in sources:
        if not Path(name).is_file():
            continue
        try:
            with open_source(name) as source:
                _take_pieces(found, source, forced)
        except InvalidInput as error:
            path = str(Path(name))  # as a source is named
            if path in found.formats:
                found.failures[path] = error
    return found


def _take_pieces(found: TracePieces, source: Source, forced: Dialect | None) -> None:
    translator: Translator | None = None
    for batch in _batches(source, forced):
        if translator is None:
            dialect = _fitting(forced, batch, source) if forced else _dialect_of(batch, source)
            if dialect.traces is None:
                return
            translator = Translator(dialect, is_forced=forced is not None, held=found.waiting(source.name, dialect.name))
        for part in translator.translated(batch):
            found.keep(source.name, part)


class _Import:
    """One running import: the next batch is parsed and encoded while the engine inserts the one before."""

    def __init__(
        self,
        source: Source,
        origin: Store | ServerBackend,
        rejects: Rejects,
        max_record_bytes: int,
        on_progress: Callable[[ImportReport], None] | None,
        forced: Dialect | None,
        requests: BatchRequests | None,
        pieces: TracePieces | None,
    ) -> None:
        self.report = ImportReport(source.name, total_bytes=source.size_bytes)
        self._source = source
        self._origin = origin
        self._rejects = rejects
        self._max_record_bytes = max_record_bytes
        self._on_progress = on_progress
        self._forced = forced
        self._requests = requests
        self._pieces = pieces
        self._is_completing = False
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
        if self._pieces is not None and self._source.name in self._pieces.formats:
            self._run_pieces(self._pieces)
            return
        dialect: Dialect | None = None
        translator: Translator | None = None
        failure: InvalidInput | None = None
        try:
            for batch in _batches(self._source, self._forced):
                if dialect is None:
                    dialect = _fitting(self._forced, batch, self._source) if self._forced else _dialect_of(batch, self._source)
                    self.report = replace(self.report, dialect=dialect.name)
                    self._is_completing = dialect.is_poorer
                    translator = None if dialect is OWN else self._translator(dialect)
                for part in [batch] if translator is None else translator.translated(batch):
                    self._take(part)
        except InvalidInput as error:
            failure = error
        for part in translator.rest() if translator else ():
            self._take(part)
        if failure is not None:
            raise failure

    def _translator(self, dialect: Dialect) -> Translator:
        joined = self._requests.joined if self._requests is not None and dialect is OPENAI_BATCH else None
        return Translator(dialect, is_forced=self._forced is not None, joined=joined)

    def _run_pieces(self, pieces: TracePieces) -> None:
        """Take what the source has given to the traces of several."""
        name = self._source.name
        self.report = replace(self.report, dialect=pieces.formats[name])
        for batch in pieces.batches(name):
            self._take(batch)
        if name in pieces.failures:
            raise pieces.failures[name]

    def _take(self, batch: Batch) -> None:
        texts = [text for index, text in enumerate(batch.texts) if index not in batch.faults] if batch.faults else batch.texts
        places = [index for index in range(len(batch.texts)) if index not in batch.faults]
        rows, refused = encode_lines(texts, max_bytes=self._max_record_bytes, seen=self._seen)
        faults: dict[int, InvalidInput] = {**batch.faults, **{places[line.line_index]: line.error for line in refused}}
        refusals: list[Refusal] = []
        for index, error in sorted(faults.items(), key=lambda fault: fault[0]):
            refusal = Refusal.of(batch.unit, batch.numbers[index], error)
            self._rejects.add(batch.texts[index], refusal)
            refusals.append(refusal)
        write = prepared(
            self._origin,
            rows,
            [text for index, text in enumerate(batch.texts) if index not in faults],
            completing=self._is_completing,
            max_record_bytes=self._max_record_bytes,
        )
        taken = len(rows)
        del rows
        self._settle()
        if taken:
            self._pending = self._inserter.submit(write)
        room = SHOWN_REFUSALS - len(self.report.refusals)
        self.report = replace(
            self.report,
            read=self.report.read + len(batch.texts),
            refused=self.report.refused + len(faults),
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


def _batches(source: Source, forced: Dialect | None) -> Iterator[Batch]:
    """The texts of a source, by what kind of file it is."""
    if source.is_sqlite:
        if forced not in (None, LLM):
            raise InvalidInput(f"{source.name} is a SQLite database, and {forced.name} is not kept in one")
        return llm_batches(source)
    if source.is_parquet:
        return parquet_batches(source, lambda row: _is_ours(row, forced))
    row = first_row(source)
    if row is not None and (forced not in (None, OWN) or _is_table(row)):
        return csv_batches(source)
    return batches(source)


def _is_ours(row: Mapping[str, Any] | None, forced: Dialect | None) -> bool:
    """Whether a Parquet table is one of ours: it is unless its rows are those of another program."""
    if forced is not None:
        return forced is OWN
    found = None if row is None else detected(dict(row))
    return found is None or found is OWN


def _is_table(row: Mapping[str, str]) -> bool:
    """Whether the rows of what may be CSV are in a known format.

    Raises:
        InvalidInput: they are records of ours, whose cells do not tell a text from the JSON of another value.
    """
    found = detected(dict(row))
    if found is OWN:
        raise InvalidInput("our own records cannot be read back from CSV", hint="export them as JSON lines or Parquet")
    return found is not None


def _fitting(forced: Dialect, batch: Batch, source: Source) -> Dialect:
    """The format that was asked for.

    Raises:
        InvalidInput: nothing at the beginning of the source is in it.
    """
    found: Any = None
    for text in batch.texts[:_LINES_LOOKED_AT]:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if forced.recognises(document):
            return forced
        found = found or document
    if forced is OWN:  # each record is refused with what it lacks
        return OWN
    what = found_in(found) if found is not None else "no JSON"
    raise InvalidInput(f"{source.name} is not in the format {forced.name}: {what}", hint=f"expected {forced.title}")


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
        f"{source.name} is neither JSON, JSON lines, Parquet, SQLite nor CSV of a known format",
        hint="gzip and zstd are told by themselves; other packings are not",
    )
