"""Options that many commands share, and what they mean together."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

from generations.errors import ConfigError

if TYPE_CHECKING:
    from generations.connect import Generations

Data = Annotated[
    str | None,
    typer.Option("--data", metavar="URL", help="Where the generations are; default $GENERATIONS_URL, else ./generations-data."),
]
Project = Annotated[str | None, typer.Option("--project", metavar="NAME", help="Project to work in; default 'default'.")]
AsTable = Annotated[bool | None, typer.Option("--table/--json", help="Table or JSON lines; default a table on a terminal.")]
FilterArgument = Annotated[str | None, typer.Argument(metavar="FILTER", help="Filter as JSON, @file or -.", show_default=False)]
FilterOption = Annotated[str | None, typer.Option("--filter", "-f", metavar="FILTER", help="The same as the argument.")]
Fields = Annotated[str | None, typer.Option("--fields", metavar="PATHS", help="Fields to show: a,b.c or a projection as JSON.")]
Sort = Annotated[str | None, typer.Option("--sort", metavar="PATHS", help="Order: -timestamp,model.id; a minus descends.")]
Skip = Annotated[int, typer.Option("--skip", metavar="N", min=0, help="Leave out the first N.")]

PriceFile = Annotated[
    str | None,
    typer.Option("--prices", metavar="FILE", help="Prices of your own, TOML or JSON; 'off': no cost. Default $GENERATIONS_PRICES."),
]


def collection(
    context: typer.Context, data: str | None, project: str | None, prices: str | None = None, *, may_begin: bool = False
) -> "Generations":
    """Open the collection that the options of the command or of the program name; those of the command win.

    Args:
        context: the command's, with the options of the program.
        data: where the generations are.
        project: whose they are.
        prices: what they are priced by.
        may_begin: whether a folder is made where there is none. Whoever asks of one that is not there has mistyped its name.

    Raises:
        ConfigError: there is no such folder.
    """
    from generations.connect import Generations, default_url, folder_of, is_server  # noqa: PLC0415 - help needs no engine

    settings = cast("dict[str, str | None]", context.obj or {})
    url = data or settings.get("data") or default_url()
    folder = None if may_begin or is_server(url) else folder_of(url)
    if folder is not None and not os.path.lexists(folder):
        hint = "name another with --data or GENERATIONS_URL, or begin one: generations import FILE"
        raise ConfigError(f"there is no folder {folder}, and so there are no generations in it", hint=hint)
    return Generations(url, project=project or settings.get("project"), prices=prices)


def is_table(as_table: bool | None) -> bool:
    """What was asked for, else a table for people and JSON lines for programs."""
    return sys.stdout.isatty() if as_table is None else as_table
