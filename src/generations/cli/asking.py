"""Commands that ask: find, aggregate, get, count, distinct, explain."""

import shutil
import sys
from typing import Annotated, Any, cast

import typer

from generations.cli import arguments, printing
from generations.cli.options import AsTable, Data, Fields, FilterArgument, FilterOption, Project, Skip, Sort, collection, is_table
from generations.errors import InvalidInput
from generations.jobs import answers
from generations.record import instants

_ROWS_ON_A_TERMINAL = 20
_PREVIEW = {
    "timestamp": "time",
    "id": "id",
    "model.id": "model",
    "input.content": "input",
    "output.content": "output",
    "usage.totalTokens": "tokens",
    "usage.cost": "cost",
    "performance.latency": "latency",
    "feedback.rating": "rating",
}
_NARROW = ("timestamp", "id", "model.id")
_WIDE_TERMINAL = 120
_TEXTS = ("input.content", "output.content")
_TEXT_WIDTH = 60

Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", metavar="N", min=0, help="Show at most N; 0: all. Default 20 in a table, else all.", show_default=False),
]


def find(
    context: typer.Context,
    *,
    filter: FilterArgument = None,
    filter_option: FilterOption = None,
    fields: Fields = None,
    sort: Sort = None,
    limit: Limit = None,
    skip: Skip = 0,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Show the records that match a filter.

    Examples:
      generations find '{"model.id": "gpt-4", "feedback.rating": {"$gte": 4}}'
      generations find --sort -timestamp --limit 50
      generations find -f @errors.json --fields id,error.message --json > errors.jsonl
    """
    chosen = arguments.fields_of(fields)
    wanted = arguments.one_filter(filter, filter_option)
    in_table = is_table(as_table)
    most = (_ROWS_ON_A_TERMINAL if in_table else 0) if limit is None else limit
    previewed = _previewed() if in_table and chosen is None else None
    with collection(context, data, project) as generations:
        cursor = generations.find(wanted, previewed or chosen, sort=arguments.order_of(sort) or None, skip=skip, limit=most)
        if previewed is not None:
            printing.print_documents([_preview(record, previewed) for record in cursor], [_PREVIEW[path] for path in previewed])
        elif in_table:
            printing.print_documents(cursor, chosen if isinstance(chosen, list) else ())
        else:
            for record in cursor:
                printing.write_line(answers.record_line(record))


def aggregate(
    context: typer.Context,
    *,
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="List of stages as JSON, @file or -.")],
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Run a pipeline over the records.

    Examples:
      generations aggregate '[{"$group": {"_id": "$model.id", "tokens": {"$sum": "$usage.totalTokens"}}}, {"$sort": {"tokens": -1}}]'
      generations aggregate '[{"$match": {"status": "error"}}, {"$sortByCount": "$error.type"}]'
      generations aggregate @monthly-cost.json --json
    """
    stages = arguments.pipeline_of(pipeline)
    with collection(context, data, project) as generations:
        found = generations.aggregate(stages)
        if is_table(as_table):
            printing.print_documents(found)
        else:
            for answer in found:
                printing.write_line(answers.answer_line(answer))


def get(
    context: typer.Context,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="Identity of the generation.")],
    history: Annotated[bool, typer.Option("--history", help="All its versions, the newest first.")] = False,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Show one record whole.

    Examples:
      generations get generation-123
      generations get generation-123 --json | jq .usage
      generations get generation-123 --history
    """
    with collection(context, data, project) as generations:
        if history:
            versions = generations.history(id)
            found = [{"change": item.change, "changedAt": instants.iso(item.changed_at), "record": item.record} for item in versions]
        else:
            record = generations.get(id)
            found = [record] if record is not None else []
    if not found:
        raise InvalidInput(f"there is no generation {id!r}", hint="generations find --fields id shows some")
    for document in found:
        if is_table(as_table):
            sys.stdout.write(printing.pretty(document) + "\n")
        else:
            printing.write_line(answers.record_line(document))


def count(
    context: typer.Context,
    *,
    filter: FilterArgument = None,
    filter_option: FilterOption = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Count the records that match a filter.

    Examples:
      generations count
      generations count '{"status": "error", "timestamp": {"$gte": "2024-06-01"}}'
    """
    wanted = arguments.one_filter(filter, filter_option)
    with collection(context, data, project) as generations:
        sys.stdout.write(f"{generations.count_documents(wanted)}\n")


def distinct(
    context: typer.Context,
    *,
    path: Annotated[str, typer.Argument(metavar="PATH", help="Field, such as model.id or metadata.tags.")],
    filter: FilterArgument = None,
    filter_option: FilterOption = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Show the different values of a field.

    Examples:
      generations distinct model.id
      generations distinct metadata.tags '{"status": "error"}'
    """
    wanted = arguments.one_filter(filter, filter_option)
    with collection(context, data, project) as generations:
        values = generations.distinct(path, wanted)
    in_table = is_table(as_table)
    for value in values:
        if in_table:
            sys.stdout.write(printing.cell(value) + "\n")
        else:
            printing.write_line(answers.answer_line(value))


def explain(
    context: typer.Context,
    *,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Filter (an object) or pipeline (a list) as JSON, @file or -.")],
    fields: Fields = None,
    sort: Sort = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=0, help="As for find; 0: all.")] = 0,
    skip: Skip = 0,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Show how a query is answered.

    The SQL, its parameters and what it would read; nothing runs.

    Examples:
      generations explain '{"metadata.userId": "user-456"}' --sort -timestamp --limit 20
      generations explain '[{"$group": {"_id": "$model.id", "n": {"$sum": 1}}}]'
    """
    asked = arguments.parsed(query, "query")
    if not isinstance(asked, dict | list):
        raise InvalidInput("the query is neither a filter (an object) nor a pipeline (a list)")
    with collection(context, data, project) as generations:
        if isinstance(asked, dict):
            chosen, order = arguments.fields_of(fields), arguments.order_of(sort) or None
            cursor = generations.find(cast("dict[str, Any]", asked), chosen, sort=order, skip=skip, limit=limit)
            plan = cursor.explain()
        else:
            plan = generations.aggregate(cast("list[dict[str, Any]]", asked)).explain()
    read = plan.estimate
    if not is_table(as_table):
        estimate = read and {"rows": read.rows, "marks": read.marks, "parts": read.parts}
        printing.write_line(answers.answer_line({"sql": plan.sql, "params": plan.params, "estimate": estimate}))
        return
    sys.stdout.write(plan.sql + "\n")
    for name, value in plan.params.items():
        sys.stdout.write(f"  {name} = {printing.cell(value)}\n")
    if read is not None:
        sys.stdout.write(f"reads at most {read.rows:,} rows in {read.parts:,} parts\n")


def _previewed() -> list[str]:
    """The columns that the terminal has room for."""
    return list(_PREVIEW if shutil.get_terminal_size().columns >= _WIDE_TERMINAL else _NARROW)


def _preview(record: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The record's columns by their heads, texts cut short and instants to the minute."""
    values = {path: printing.value_at(record, path) for path in paths}
    for path in _TEXTS:
        if path in values:
            text = printing.cell(values[path])
            values[path] = text if len(text) <= _TEXT_WIDTH else text[: _TEXT_WIDTH - 1] + "…"
    values["timestamp"] = f"{values['timestamp']:%Y-%m-%d %H:%M}"
    return {_PREVIEW[path]: value for path, value in values.items()}
