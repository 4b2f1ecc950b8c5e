"""Handing generations on: JSON lines, CSV or Parquet, in flat memory, with a manifest that says what is in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, cast

import msgspec

from generations.errors import InvalidInput
from generations.jobs import formats
from generations.jobs.outputs import Output
from generations.query import compile_count, compile_find
from generations.query.compiled import Source
from generations.record.nearest import nearest
from generations.store.limits import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from generations.query.compiled import Compiled
    from generations.store.store import Store

Format = Literal["jsonl", "csv", "parquet"]

_WRITERS: Final[Mapping[str, Callable[[Store, Compiled, Output, Sequence[str]], Iterator[int]]]] = {
    "jsonl": formats.write_jsonl,
    "csv": formats.write_csv,
    "parquet": formats.write_parquet,
}
_SUFFIXES: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
_PACKINGS: Final = (".gz", ".zst")


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
    store: Store,
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
        store: where the records are.
        format: `jsonl`, `csv` or `parquet`; None takes the file's suffix, and `jsonl` where that says nothing.
        filter: which records; None is all.
        fields: paths, or a projection; None is whole records. CSV and Parquet have one column for each.
        sort: pairs of path and direction; empty is the order in which they are stored, which takes the least time and memory.
        limit: most records; 0 is all.
        on_progress: called with the report so far after each piece.

    Raises:
        InvalidInput: the target cannot be written, or there is no such format.
        InvalidQuery: the filter, the fields or the order are malformed.
    """
    chosen = _format_of(target, format)
    source = Source(project=store.project)
    shape = "json" if chosen == "jsonl" else "table"
    stored_order = not sort and not limit
    compiled = compile_find(filter or {}, source, projection=fields, sort=tuple(sort), limit=limit, shape=shape, stored_order=stored_order)
    counted = store.query(compile_count(filter or {}, source, limit=limit), UNLIMITED)
    paths = [] if fields is None or isinstance(fields, Mapping) else list(fields)
    asked = {"filter": dict(filter or {}), "fields": fields, "sort": [list(pair) for pair in sort], "limit": limit or None}
    started_at = datetime.now(UTC)
    with Output(target) as output:
        report = ExportReport(output.path, expected=int(counted.column(0)[0].as_py()))
        for written in _WRITERS[chosen](store, compiled, output, paths):
            report = replace(report, count=report.count + written, size_bytes=output.size_bytes)
            if on_progress is not None:
                on_progress(report)
    about = {"format": chosen, "project": store.project, **asked, "count": report.count}
    return _with_manifest(replace(report, size_bytes=output.size_bytes), output, about, started_at)


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
        if asked not in _WRITERS:
            close = nearest(asked, list(_WRITERS))
            raise InvalidInput(f"there is no format {asked!r}", hint=f"did you mean {close!r}?" if close else "jsonl, csv or parquet")
        return cast("Format", asked)
    suffixes = Path(target).suffixes if isinstance(target, str | Path) else []
    told = [suffix for suffix in suffixes if suffix not in _PACKINGS]
    return cast("Format", _SUFFIXES.get(told[-1].lower(), "jsonl") if told else "jsonl")
