"""The commands put together. Loading this loads no engine, so that help is quick."""

import inspect
from typing import Annotated

import typer

from generations.cli import about, asking, changing, keys, moving, pricing, serving
from generations.cli.exit_codes import EXIT_CODES
from generations.cli.options import Data, Project
from generations.cli.shell import Shell

_HELP = """\
Keep every generation that AI models produce, and ask anything of it in MongoDB's language.

Examples:
  generations sample 1000 --into ./generations-data
  generations find '{"model.id": "gpt-4", "feedback.rating": {"$gte": 4}}'
  generations aggregate '[{"$group": {"_id": "$model.id", "tokens": {"$sum": "$usage.totalTokens"}}}]'

Filters, updates and pipelines are JSON, or @file, or - for standard input. On a terminal answers are tables, in a pipe
JSON lines; --table and --json choose.
"""

_EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {status.code:<4}{status.meaning}" for status in EXIT_CODES)


def _kept_lines(help: str) -> str:
    """The help with its examples as they are written, not filled into a paragraph."""
    return help.replace("\nExamples:\n", "\n\b\nExamples:\n")


app = typer.Typer(
    cls=Shell,
    help=_kept_lines(_HELP),
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)

for name, command in (
    ("import", moving.import_),
    ("find", asking.find),
    ("aggregate", asking.aggregate),
    ("get", asking.get),
    ("count", asking.count),
    ("distinct", asking.distinct),
    ("insert", changing.insert),
    ("update", changing.update),
    ("delete", changing.delete),
    ("feedback", changing.feedback),
    ("eval", changing.eval_),
    ("reprice", pricing.reprice),
    ("export", moving.export),
    ("explain", asking.explain),
    ("stats", about.stats),
    ("fields", about.fields),
    ("sample", moving.sample),
    ("serve", serving.serve),
):
    app.command(name, help=_kept_lines(inspect.getdoc(command) or ""))(command)

of_keys = typer.Typer(help=_kept_lines(keys.HELP), no_args_is_help=True, rich_markup_mode=None)
for name, command in (("create", keys.create), ("list", keys.list_), ("revoke", keys.revoke)):
    of_keys.command(name, help=_kept_lines(inspect.getdoc(command) or ""))(command)
app.add_typer(of_keys, name="keys")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - reads the installation

        typer.echo(version("generations"))
        raise typer.Exit


@app.callback()
def program(
    context: typer.Context,
    *,
    data: Data = None,
    project: Project = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    context.obj = {"data": data, "project": project, "debug": debug, "version": version}
