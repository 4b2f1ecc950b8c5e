"""Asking a person before something is done that cannot be undone."""

import sys
from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def is_confirmed(question: str) -> bool:
    """True when a person says yes; asked on standard error, so that standard output holds the answer alone."""
    sys.stderr.write(question + " [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
