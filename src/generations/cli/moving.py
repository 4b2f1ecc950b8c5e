"""Commands that move many records: import, export, sample."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from generations.cli import arguments, exit_codes, printing
from generations.cli.options import AsTable, Data, Fields, FilterOption, PriceFile, Project, Sort, collection, is_table
from generations.cli.progress import progress
from generations.errors import InvalidInput
from generations.jobs import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generations.jobs.batch_requests import BatchRequests
    from generations.jobs.export import ExportReport
    from generations.jobs.importing import ImportReport
    from generations.jobs.trace_pieces import TracePieces
    from generations.remote.backend import ServerBackend
    from generations.store.store import Store

_REFUSALS_SHOWN = 10
_SAMPLES_AT_ONCE = 2000


def import_(
    context: typer.Context,
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, or - for standard input.", show_default=False)],
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="The format that the files are in; default: told by the content."),
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option("--rejected", metavar="FILE", help="Where refused records go; default FILE.rejected.jsonl.")
    ] = None,
    prices: PriceFile = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Take in generations from files.

    Formats are generations (our own JSON, JSON lines and Parquet), otlp, langfuse, langsmith, phoenix, helicone, litellm (spend
    logs), llm (logs.db), openai-batch, openai-stored and inspect. They are told by the content, and so are CSV, gzip and zstd.
    A record that breaks a rule is refused with its line and the reason, and kept in a file beside; the others are taken.
    Importing again adds nothing. What stands in several files is joined when they are given together: the spans, log records and
    annotations of a trace, the requests and answers of a batch.

    Examples:
      generations import generations.jsonl traces/*.json
      zcat old.jsonl.gz | generations import -
      generations import "$(llm logs path)"
      generations import batch-input.jsonl batch-output.jsonl batch-errors.jsonl
      generations import traces.json logs.json
      generations import observations.csv --format langfuse
      generations import big.parquet --data clickhouse://localhost:8123/generations --project team-a
    """
    from generations.jobs.batch_requests import BatchRequests  # noqa: PLC0415 - help needs no jobs
    from generations.jobs.importing import pieces_among  # noqa: PLC0415 - the same
    from generations.wire.detect import named  # noqa: PLC0415 - the same

    if rejected is not None and len(files) > 1:
        raise InvalidInput("--rejected names one file, and several are imported", hint="import them one by one")
    if rejected is not None and (rejected.is_dir() or not rejected.parent.is_dir()):
        raise InvalidInput(f"{rejected} cannot take what is refused", hint="name a file in a folder that is there")
    if format is not None:
        named(format)  # before a file is opened
    refused, several = 0, files if len(files) > 1 else []
    with (
        collection(context, data, project, prices, may_begin=True) as generations,
        BatchRequests.among(several) as requests,
        pieces_among(several, format=format) as pieces,
    ):
        for name in files:
            if name in requests.sources and not requests.sources.keys() >= set(files):
                sys.stderr.write(
                    f"{printing.cell(name)}: {requests.sources[name]:,} requests, joined to their answers in the other files\n"
                )
                continue
            report = _imported(name, generations.origin, format, requests, pieces, rejected)
            _tell_import(report, as_table)
            refused += report.refused
    if refused:
        raise typer.Exit(exit_codes.PARTLY_REFUSED.code)


def _imported(
    name: str,
    origin: "Store | ServerBackend",
    format: str | None,
    requests: "BatchRequests",
    pieces: "TracePieces",
    rejected: Path | None,
) -> "ImportReport":
    """Import one file, behind a bar."""
    from generations.jobs.importing import import_from  # noqa: PLC0415 - help needs no jobs

    with progress(printing.cell(Path(name).name), is_bytes=True) as move:

        def tell(report: "ImportReport") -> None:
            move(report.read_bytes, report.total_bytes, f"{report.read:,} records")

        return import_from(name, origin, format=format, requests=requests, pieces=pieces, rejected_path=rejected, on_progress=tell)


def export(
    context: typer.Context,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")] = "-",
    format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="jsonl, csv or parquet; default by the file's name, else jsonl.")
    ] = None,
    filter_option: FilterOption = None,
    fields: Fields = None,
    sort: Sort = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=0, help="At most N; 0: all.")] = 0,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Write records to a file, with a manifest.

    As JSON lines, CSV or Parquet. The file is there whole or not at all. A name that ends in .gz or .zst is packed.
    FILE.manifest.json says what was asked, how many records there are, and the SHA-256.

    Examples:
      generations export all.jsonl.zst
      generations export good.parquet --filter '{"feedback.rating": {"$gte": 4}}' --sort timestamp
      generations export --format csv --fields id,model.id,usage.cost > costs.csv
    """
    wanted, chosen, order = arguments.one_filter(None, filter_option), arguments.fields_of(fields), arguments.order_of(sort)
    with collection(context, data, project) as generations, progress("export") as move:

        def tell(report: "ExportReport") -> None:
            move(report.count, report.expected, "")

        report = generations.export(
            file, format=cast("Any", format), filter=wanted, fields=chosen, sort=order, limit=limit, on_progress=tell
        )
    if report.path is None:
        return
    if is_table(as_table):
        sys.stdout.write(f"{report.count:,} records, {report.size_bytes:,} bytes in {report.path}; see {report.manifest_path}\n")
    else:
        printing.write_line(answers.answer_line(report.manifest | {"file": str(report.path), "manifest": str(report.manifest_path)}))


def sample(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Argument(metavar="COUNT", min=1, help="How many.")] = 1000,
    into: Annotated[str | None, typer.Option("--into", metavar="URL", help="Store them there instead of printing them.")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another seed gives other records.")] = 0,
    project: Project = None,
) -> None:
    """Make realistic sample generations.

    The same seed makes the same ones each time.

    Examples:
      generations sample 3
      generations sample 5000 --into ./generations-data
      generations sample 100000 --seed 7 | zstd > sample.jsonl.zst
    """
    from generations.record.sample import sample_generations  # noqa: PLC0415 - help needs no samples

    records = sample_generations(count, seed)
    if into is None:
        for record in records:
            printing.write_line(answers.record_line(record))
        return
    done = 0
    with collection(context, into, project, may_begin=True) as generations, progress("sample") as move:
        for batch in _batches(records):
            generations.insert_many(batch)
            done += len(batch)
            move(done, count, "")
        name = generations.name
    sys.stderr.write(f"{done:,} sample generations in {name}\n")


def _batches(records: "Iterator[dict[str, Any]]") -> "Iterator[list[dict[str, Any]]]":
    batch: list[dict[str, Any]] = []
    for record in records:
        batch.append(record)
        if len(batch) == _SAMPLES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _tell_import(report: "ImportReport", as_table: bool | None) -> None:
    for refusal in report.refusals[:_REFUSALS_SHOWN]:
        sys.stderr.write(f"refused: {printing.cell(report.source)} {refusal}\n")
    if report.refused > _REFUSALS_SHOWN:
        sys.stderr.write(f"… and {report.refused - _REFUSALS_SHOWN:,} more, with their reasons beside {report.rejected_path}\n")
    if is_table(as_table):
        counts = {name: getattr(report, name) for name in ("added", "unchanged", "replaced", "refused")}
        told = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number or name == "added")
        kept = f"; refused ones are in {report.rejected_path}" if report.refused else ""
        sys.stdout.write(f"{printing.cell(report.source)}: {report.read:,} read, {told}{kept}\n")
        return
    names = ("source", "dialect", "read", "added", "unchanged", "replaced", "refused")
    told_as_json = {name: getattr(report, name) for name in names}
    if report.rejected_path is not None:
        told_as_json["rejectedFile"] = str(report.rejected_path)
    printing.write_line(answers.answer_line(told_as_json))
