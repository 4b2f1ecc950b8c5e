"""Handing generations on: as JSON lines, JSON, CSV or Parquet, in flat memory, with a manifest that says what is in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import msgspec

from generations.errors import InvalidInput, NotFound
from generations.jobs.formats import FORMATS
from generations.jobs.outputs import Output
from generations.query import compile_count, compile_find
from generations.query.following import STORED, behind, behind_stored, can_follow, values_at
from generations.record.nearest import nearest
from generations.remote.backend import ServerBackend
from generations.store.assemble import documents
from generations.store.limits import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generations.jobs.formats import Format, Pieces
    from generations.query.compiled import Source
    from generations.store.limits import Limits
    from generations.store.store import Store

_SUFFIXES: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
_PACKED: Final = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Selection:
    """What an export holds.

    Attributes:
        filter: which records.
        fields: paths, or a projection; None is whole records.
        sort: pairs of path and direction; empty is the order in which they are stored.
        limit: most records; 0 is all.
        until_seq: the records as they were when this version was the last; None is now.
        after: the id of the record behind which it begins; None is the start.
    """

    filter: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fields: Mapping[str, Any] | Sequence[str] | None = None
    sort: Sequence[tuple[str, int]] = ()
    limit: int = 0
    until_seq: int | None = None
    after: str | None = None


def pieces_of(store: Store, selection: Selection, format: Format, limits: Limits = UNLIMITED) -> Pieces:
    """The records as bytes of a format, as they come; with each piece, how many records it ends. Close it when leaving early.

    Raises:
        InvalidQuery: the filter, the fields or the order are malformed.
        NotFound: there is no record `after`.
    """
    source = replace(store.source, until_seq=selection.until_seq)
    order = tuple(selection.sort)
    if order and all(path != "id" for path, _ in order):
        order = (*order, ("id", 1))
    filter = selection.filter
    if selection.after is not None:
        filter = {"$and": [filter, _behind(store, source, order, selection.after)]}
    compiled = compile_find(
        filter,
        source,
        projection=selection.fields,
        sort=order,
        limit=selection.limit,
        shape="json" if format in ("jsonl", "json") else "table",
        stored_order=not order,
    )
    paths = [] if selection.fields is None or isinstance(selection.fields, Mapping) else list(selection.fields)
    return FORMATS[format](store, compiled, paths, limits)


def _behind(store: Store, source: Source, order: Sequence[tuple[str, int]], id: str) -> dict[str, Any]:
    """The filter for what an export of this order has behind a record."""
    if not can_follow(order):
        raise InvalidInput("an export of this order cannot go on: a path of it has no column of its own", path="after")
    paths = [path for path, _ in order] or list(STORED)
    compiled = compile_find({"id": id}, source, projection=paths)
    found = next(documents(store.batches(compiled, UNLIMITED), compiled), None)
    if found is None:
        raise NotFound(f"there is no generation {id!r} behind which to go on", path="after", hint="name the one before it, or start anew")
    values = values_at(paths, found)
    return behind(order, values) if order else behind_stored(*values)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written; while it runs, what was written so far.

    Attributes:
        path: the file; None for standard output and streams.
        manifest_path: the manifest beside it; None where there is no file.
        manifest: what the manifest says; empty until the end.
        count: records written.
        expected: how many there will be, as counted before.
        size_bytes: bytes written, as packed.
    """

    path: Path | None
    manifest_path: Path | None = None
    manifest: dict[str, Any] = field(default_factory=dict[str, Any])
    count: int = 0
    expected: int | None = None
    size_bytes: int = 0


def export_to(
    target: str | Path | BinaryIO,
    origin: Store | ServerBackend,
    *,
    format: str | None = None,
    filter: Mapping[str, Any] | None = None,
    fields: Mapping[str, Any] | Sequence[str] | None = None,
    sort: Sequence[tuple[str, int]] = (),
    limit: int = 0,
    on_progress: Callable[[ExportReport], None] | None = None,
) -> ExportReport:
    """Write the records that match to a file, which is there whole or not at all.

    A file gets a manifest beside it, `<file>.manifest.json`: the query, the count, the SHA-256, the times. A name that
    ends in `.gz` or `.zst` is packed.

    Args:
        target: a path, `-` for standard output, or a stream that takes bytes.
        origin: where the records are: a store, or a server at a distance, which then makes the file.
        format: `jsonl`, `json`, `csv` or `parquet`; None takes the file's suffix, and `jsonl` where that says nothing.
        filter: which records; None is all.
        fields: paths, or a projection; None is whole records. CSV and Parquet have one column for each.
        sort: pairs of path and direction, equal ones in the order of `id`; empty is the order in which the records are stored,
            which takes the least time and memory.
        limit: most records; 0 is all.
        on_progress: called with the report so far after each piece.

    Raises:
        InvalidInput: the target cannot be written, or there is no such format.
        InvalidQuery: the filter, the fields or the order are malformed.
    """
    chosen = _format_of(target, format)
    selection = Selection(filter or {}, fields, tuple(sort), limit)
    pieces, expected = _of_server(origin, selection, chosen) if isinstance(origin, ServerBackend) else _of_store(origin, selection, chosen)
    asked = {"filter": dict(selection.filter), "fields": fields, "sort": [list(pair) for pair in sort], "limit": limit or None}
    started_at = datetime.now(UTC)
    with Output(target) as output:
        report = ExportReport(output.path, expected=expected)
        for piece, written in pieces:
            output.write(piece)
            report = replace(report, count=report.count + written, size_bytes=output.size_bytes)
            if on_progress is not None:
                on_progress(report)
    about = {"format": chosen, "project": origin.project, **asked, "count": report.count}
    return _with_manifest(replace(report, size_bytes=output.size_bytes), output, about, started_at)


def _of_store(store: Store, selection: Selection, format: Format) -> tuple[Pieces, int]:
    pieces = pieces_of(store, selection, format)
    counted = store.query(compile_count(selection.filter, store.source, limit=selection.limit), UNLIMITED)
    return pieces, int(counted.column(0)[0].as_py())


def _of_server(server: ServerBackend, selection: Selection, format: Format) -> tuple[Pieces, int]:
    pieces = server.export(format, filter=selection.filter, fields=selection.fields, sort=selection.sort, limit=selection.limit)
    return pieces, server.count(selection.filter, skip=0, limit=selection.limit, max_time_ms=0)


def _with_manifest(report: ExportReport, output: Output, about: dict[str, Any], started_at: datetime) -> ExportReport:
    """The finished report, its manifest written beside the file where there is one."""
    manifest = {
        "file": output.path.name if output.path is not None else None,
        **about,
        "bytes": output.size_bytes,
        "sha256": output.sha256,
        "startedAt": started_at,
        "finishedAt": datetime.now(UTC),
        "generationsVersion": version("generations"),
    }
    readable = cast("dict[str, Any]", msgspec.to_builtins(manifest, enc_hook=str, str_keys=True))
    if output.path is None:
        return replace(report, manifest=readable)
    path = output.path.with_name(output.path.name + ".manifest.json")
    with Output(path) as sheet:
        sheet.write(msgspec.json.format(msgspec.json.encode(readable), indent=2) + b"\n")
    return replace(report, manifest=readable, manifest_path=path)


def _format_of(target: str | Path | BinaryIO, asked: str | None) -> Format:
    if asked is not None:
        if asked not in FORMATS:
            close = nearest(asked, FORMATS)
            raise InvalidInput(f"there is no format {asked!r}", hint=f"did you mean {close!r}?" if close else "jsonl, json, csv or parquet")
        return cast("Format", asked)
    suffixes = Path(target).suffixes if isinstance(target, str | Path) else []
    told = [suffix for suffix in suffixes if suffix not in _PACKED]
    return cast("Format", _SUFFIXES.get(told[-1].lower(), "jsonl") if told else "jsonl")
