"""The group of commands: errors become one line on stderr and an exit status, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from generations.cli import exit_codes
from generations.errors import GenerationsError, StoreUnavailable

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Shell(TyperGroup):
    """Runs a command and says how it ended."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _told(ctx):
            return super().invoke(ctx)


@contextmanager
def _told(ctx: Any) -> Generator[None]:
    """Turn whatever goes wrong inside into a line and an exit status; what was printed has then been written."""
    try:
        yield
        sys.stdout.flush()
    except GenerationsError as error:
        _fail(ctx, error, exit_codes.exit_code_of(type(error)))
    except KeyboardInterrupt:
        raise typer.Exit(exit_codes.INTERRUPTED.code) from None
    except OSError as error:
        if error.errno == errno.EPIPE:
            _forget_stdout()
            raise typer.Exit(exit_codes.PIPE_CLOSED.code) from None
        try:
            sys.stdout.flush()
        except OSError:  # what is left would fail once more, when the interpreter ends
            _forget_stdout()
        if error.errno in _NO_ROOM and error.filename is None:  # stores and files name themselves
            _fail(ctx, StoreUnavailable(f"standard output cannot be written: {error.strerror}"), exit_codes.STORE.code)
        _fail(ctx, error, exit_codes.UNEXPECTED.code)
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, people get a line and programs a status
        _fail(ctx, error, exit_codes.UNEXPECTED.code)


def _fail(ctx: Any, error: Exception, code: int) -> NoReturn:
    if ctx.params.get("debug"):
        traceback.print_exception(error)
    if isinstance(error, GenerationsError):
        line = f"error: {error}"
    elif isinstance(error, OSError) and error.strerror:
        line = f"error: {error.strerror}" + (f": {error.filename}" if error.filename else "")
    else:
        what = str(error) or "no message"
        line = f"error: {type(error).__name__}: {what}" + ("" if ctx.params.get("debug") else " (generations --debug … shows where)")
    sys.stderr.write(line + "\n")
    raise typer.Exit(code) from None


def _forget_stdout() -> None:
    """Let the interpreter flush into nothing when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
