"""Commands about costs: reprice, and the models that have no price."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generations.cli import arguments, exit_codes, printing
from generations.cli.confirming import Yes, is_confirmed
from generations.cli.options import AsTable, Data, FilterArgument, FilterOption, PriceFile, Project, collection, is_table
from generations.cli.progress import progress
from generations.jobs import answers

if TYPE_CHECKING:
    from generations.connect import Generations
    from generations.jobs.repricing import Repricing

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


def reprice(
    context: typer.Context,
    *,
    filter: FilterArgument = None,
    filter_option: FilterOption = None,
    prices: PriceFile = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Compute costs anew, at the prices of their time.

    Shows by model what changes, and asks on a terminal before it writes. A reported cost stays; the history keeps the old
    computed one. What cannot be priced stays as it is.

    Examples:
      generations reprice --dry-run
      generations reprice --filter '{"timestamp": {"$gte": "2026-01-01"}}' --prices contract.toml
      generations reprice '{"usage.computedCost": null}' --yes
    """
    from generations.jobs.repricing import plan_repricing  # noqa: PLC0415 - help needs no jobs

    wanted = arguments.one_filter(filter, filter_option)
    in_table = is_table(as_table)
    with collection(context, data, project, prices) as generations:
        with progress("pricing") as move:
            plan = plan_repricing(generations.store, wanted, lambda looked_at: move(looked_at, None, "records"))
        if in_table:
            _show(plan)
        if plan.ids and not dry_run and not yes and sys.stdin.isatty():
            count = len(plan.ids)
            if not is_confirmed(f"Give {count:,} generation{'' if count == 1 else 's'} of {generations.name} another cost?"):
                raise typer.Exit(exit_codes.INTERRUPTED.code)
        written = 0 if dry_run else _write(plan, generations)
    if in_table:
        told = f"{len(plan.ids):,} would change" if dry_run else f"{written:,} changed"
        sys.stdout.write(f"{plan.records:,} records, {told}\n")
    else:
        told_as_json = {
            "records": plan.records,
            "toChange": len(plan.ids),
            "changed": written,
            "models": [asdict(one) for one in plan.models],
        }
        printing.write_line(answers.answer_line(told_as_json))


def show_unpriced(generations: "Generations", prices: str | None, *, in_table: bool) -> None:
    """List the models of records without a cost."""
    from generations.connect import open_prices  # noqa: PLC0415 - help needs no prices
    from generations.jobs.repricing import unpriced_models  # noqa: PLC0415 - the same

    found = [asdict(one) for one in unpriced_models(generations, open_prices(prices), {})]
    if in_table:
        printing.print_documents(found)
        return
    for one in found:
        printing.write_line(answers.answer_line(one))


def _write(plan: "Repricing", generations: "Generations") -> int:
    with progress("reprice") as move:
        return plan.write(generations.store, lambda done: move(done, len(plan.ids), "records"))


def _show(plan: "Repricing") -> None:
    rows: list[dict[str, Any]] = []
    for one in plan.models:
        difference = one.after - one.before if one.currency else None
        sums = {"before": one.before, "after": one.after} if one.currency else {"before": None, "after": None}
        rows.append(asdict(one) | sums | {"difference": difference})
    printing.print_documents(rows)
