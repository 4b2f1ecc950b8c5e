"""Commands that change what is stored: insert, update, delete, feedback, eval."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from generations.cli import arguments, exit_codes, printing
from generations.cli.confirming import Yes, is_confirmed
from generations.cli.options import AsTable, Data, FilterArgument, FilterOption, PriceFile, Project, collection, is_table
from generations.errors import InvalidInput
from generations.jobs import answers

if TYPE_CHECKING:
    from generations.connect import Generations

All = Annotated[bool, typer.Option("--all", help="Allow the empty filter, which every record matches.")]
One = Annotated[bool, typer.Option("--one", help="Only the first record that matches.")]


def insert(
    context: typer.Context,
    *,
    record: Annotated[str, typer.Argument(metavar="RECORD", help="One record, a list, or JSON lines: as JSON, @file or -.")],
    prices: PriceFile = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Insert records, all or none of them.

    For files, `generations import` is faster and takes the good records even where others are refused.

    Examples:
      generations insert '{"model": {"id": "gpt-4"}, "output": {"type": "text", "content": "Hello."}}'
      generations insert @record.json
      tail -n 5 log.jsonl | generations insert -
    """
    documents = arguments.documents_of(record)
    with collection(context, data, project, prices, may_begin=True) as generations:
        result = generations.insert_many(documents)
    counts = {"inserted": result.inserted_count, "replaced": result.replaced_count, "unchanged": result.unchanged_count}
    if is_table(as_table):
        _say(", ".join(f"{number} {name}" for name, number in counts.items() if number or name == "inserted"))
        for id_ in result.inserted_ids:
            _say(f"  {printing.cell(id_)}")
    else:
        printing.write_line(answers.answer_line(counts | {"ids": result.inserted_ids}))


def update(
    context: typer.Context,
    *,
    filter: Annotated[str, typer.Argument(metavar="FILTER", help="Which records, as JSON, @file or -.")],
    changes: Annotated[str, typer.Argument(metavar="UPDATE", help="What to change, as JSON, @file or -.")],
    one: One = False,
    every: All = False,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Change the records that match.

    The versions before stay in their history: generations get ID --history.

    Examples:
      generations update '{"id": "generation-123"}' '{"$set": {"metadata.reviewed": true}}'
      generations update '{"metadata.userId": "user-456"}' '{"$addToSet": {"metadata.tags": "vip"}}'
      generations update '{"status": "error"}' @redact.json --one
    """
    wanted, how = arguments.filter_of(filter), arguments.update_of(changes)
    _must_be_meant(wanted, every or one, "change")
    with collection(context, data, project) as generations:
        result = generations.update_one(wanted, how) if one else generations.update_many(wanted, how)
    _tell({"matched": result.matched_count, "modified": result.modified_count}, as_table)


def delete(
    context: typer.Context,
    *,
    filter: FilterArgument = None,
    filter_option: FilterOption = None,
    one: One = False,
    every: All = False,
    yes: Yes = False,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Remove the records that match.

    They leave the disk with all their history. On a terminal it asks first.

    Examples:
      generations delete '{"metadata.userId": "user-456"}'
      generations delete '{"timestamp": {"$lt": "2023-01-01"}}' --yes
      generations delete --all --yes
    """
    wanted = arguments.one_filter(filter, filter_option)
    _must_be_meant(wanted, every, "remove")
    with collection(context, data, project) as generations:
        if not yes and sys.stdin.isatty():
            found = generations.count_documents(wanted, limit=1 if one else 0)
            question = f"Remove {found:,} generation{'' if found == 1 else 's'} from {generations.name} for good?"
            if not is_confirmed(question):
                raise typer.Exit(exit_codes.INTERRUPTED.code)
        result = generations.delete_one(wanted) if one else generations.delete_many(wanted)
    _tell({"deleted": result.deleted_count}, as_table)


def feedback(
    context: typer.Context,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="Identity of the generation.")],
    rating: Annotated[float | None, typer.Option("--rating", metavar="N", help="Rating; 1 to 5 by convention.")] = None,
    thumbs: Annotated[Literal["up", "down"] | None, typer.Option("--thumbs", help="Thumbs up or down.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="Comment in words.")] = None,
    category: Annotated[list[str] | None, typer.Option("--category", metavar="NAME", help="Category; may be repeated.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Who gives it.")] = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Give feedback, or show what was given.

    Without an option it shows all the feedback a generation was ever given, the newest first.

    Examples:
      generations feedback generation-123 --rating 5 --thumbs up --comment "Excellent response"
      generations feedback generation-123 --category accurate --category helpful --user user-456
      generations feedback generation-123
    """
    is_given = any(value is not None for value in (rating, thumbs, comment, user)) or bool(category)
    with collection(context, data, project) as generations:
        if is_given:
            given = [generations.add_feedback(id, rating=rating, thumbs=thumbs, comment=comment, categories=category or None, user_id=user)]
        else:
            given = generations.feedback(id) or _nothing_on(generations, id)
    _show(given, as_table)


def eval_(
    context: typer.Context,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="Identity of the generation.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="What was looked at, such as relevance.")] = None,
    score: Annotated[float | None, typer.Option("--score", metavar="N", help="From 0 to 1.")] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="The verdict as a word.")] = None,
    explanation: Annotated[str | None, typer.Option("--explanation", metavar="TEXT", help="Why, in words.")] = None,
    evaluator: Annotated[str | None, typer.Option("--evaluator", metavar="NAME", help="Who or what evaluated.")] = None,
    duration: Annotated[float | None, typer.Option("--duration", metavar="MS", help="How long the evaluation took.")] = None,
    test: Annotated[str | None, typer.Option("--test", metavar="ID", help="Test or data set entry that it belongs to.")] = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Give an eval, or show what was given.

    Without a name it shows all the evals a generation was ever given, the newest first.

    Examples:
      generations eval generation-123 relevance --score 0.9 --label pass --evaluator gpt-4o-judge
      generations eval generation-123 exact-match --score 1 --test case-17
      generations eval generation-123
    """
    said = {"score": score, "label": label, "explanation": explanation, "evaluator": evaluator, "duration": duration, "testId": test}
    if name is None and any(value is not None for value in said.values()):
        raise InvalidInput("the eval has no name", hint="say what was looked at: generations eval ID NAME --score 0.9")
    with collection(context, data, project) as generations:
        given = generations.evals(id) or _nothing_on(generations, id) if name is None else generations.add_evals(id, said | {"name": name})
    _show(given, as_table)


def _nothing_on(generations: "Generations", id: str) -> list[dict[str, Any]]:
    """Nothing, of a record that is there."""
    if generations.get(id) is None:
        raise InvalidInput(f"there is no generation {id!r}", hint="generations find --fields id shows some")
    return []


def _show(given: list[dict[str, Any]], as_table: bool | None) -> None:
    if is_table(as_table):
        printing.print_documents(given)
    else:
        for item in given:
            printing.write_line(answers.answer_line(item))


def _must_be_meant(filter: dict[str, Any], is_meant: bool, what: str) -> None:
    if not filter and not is_meant:
        raise InvalidInput(f"an empty filter would {what} every record", hint="say --all if that is what you want")


def _tell(counts: dict[str, int], as_table: bool | None) -> None:
    if is_table(as_table):
        _say(", ".join(f"{number:,} {name}" for name, number in counts.items()))
    else:
        printing.write_line(answers.answer_line(cast("dict[str, Any]", counts)))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
