"""The command `generations`: everything the Python interface can do, from a shell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generations.cli.program import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line of this process and exit with one of `generations.cli.exit_codes`."""
    from generations.cli import exit_codes  # noqa: PLC0415 - importing the package loads no terminal

    try:
        from generations.cli.program import app  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.stderr.write(f"error: {error.name} is not installed; pip install 'generations[cli]'\n")
        sys.exit(exit_codes.CONFIG.code)
    app()


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from generations.cli.program import app  # noqa: PLC0415 - importing the package loads no terminal

    return app
