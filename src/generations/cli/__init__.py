"""The command `generations`: everything the Python interface can do, from a shell."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generations.cli.program import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line of this process and exit with one of `generations.cli.exit_codes`."""
    from generations.cli import exit_codes  # noqa: PLC0415 - importing the package loads no terminal

    sys.stdin = sys.stdin or Path(os.devnull).open()  # noqa: SIM115 - closed by the caller; stays for the life of the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - the same
    if not sys.stdout:
        sys.stderr.write("error: standard output is closed; send it to /dev/null when nobody reads it\n")
        sys.exit(exit_codes.USAGE.code)
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
