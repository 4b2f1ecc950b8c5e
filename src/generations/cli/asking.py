"""Commands that ask: find, aggregate, get, count, distinct, explain."""

import sys
from typing import Annotated, Any, cast

import typer

from generations.cli import arguments, printing
from generations.cli.options import AsTable, Data, Fields, FilterArgument, FilterOption, Project, Skip, Sort, collection, is_table
from generations.errors import InvalidInput

_ROWS_ON_A_TERMINAL = 20
_COLUMNS = (
    "timestamp",
    "id",
    "model.id",
    "input.content",
    "output.content",
    "usage.totalTokens",
    "usage.cost",
    "performance.latency",
    "feedback.rating",
)
_TEXTS = ("input.content", "output.content")
_TEXT_WIDTH = 40

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
    shown = chosen if chosen is not None or not in_table else list(_COLUMNS)
    with collection(context, data, project) as generations:
        cursor = generations.find(wanted, shown, sort=arguments.order_of(sort) or None, skip=skip, limit=most)
        if not in_table:
            for record in cursor:
                printing.write_line(printing.record_line(record))
        elif chosen is None:
            printing.print_documents([_preview(record) for record in cursor], _COLUMNS)
        else:
            printing.print_documents(cursor, chosen if isinstance(chosen, list) else ())


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
        answers = generations.aggregate(stages)
        if is_table(as_table):
            printing.print_documents(answers)
        else:
            for answer in answers:
                printing.write_line(printing.answer_line(answer))


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
            found = [{"change": item.change, "changedAt": printing.iso(item.changed_at), "record": item.record} for item in versions]
        else:
            record = generations.get(id)
            found = [record] if record is not None else []
    if not found:
        raise InvalidInput(f"there is no generation {id!r}", hint="generations find --fields id shows some")
    for document in found:
        if is_table(as_table):
            sys.stdout.write(printing.pretty(document) + "\n")
        else:
            printing.write_line(printing.record_line(document))


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
            printing.write_line(printing.answer_line(value))


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
    estimate = {"rows": plan.estimate.rows, "marks": plan.estimate.marks, "parts": plan.estimate.parts}
    if not is_table(as_table):
        printing.write_line(printing.answer_line({"sql": plan.sql, "params": plan.params, "estimate": estimate}))
        return
    sys.stdout.write(plan.sql + "\n")
    for name, value in plan.params.items():
        sys.stdout.write(f"  {name} = {printing.cell(value)}\n")
    sys.stdout.write(f"reads at most {plan.estimate.rows:,} rows in {plan.estimate.parts:,} parts\n")


def _preview(record: dict[str, Any]) -> dict[str, Any]:
    """The record's columns, its texts cut short."""
    values = {path: printing.value_at(record, path) for path in _COLUMNS}
    for path in _TEXTS:
        text = printing.cell(values[path])
        values[path] = text if len(text) <= _TEXT_WIDTH else text[: _TEXT_WIDTH - 1] + "…"
    return values
