"""What the command's exit status says, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from generations.errors import AccessDenied, ConfigError, GenerationsError, InvalidInput, LimitExceeded, StoreError


@dataclass(frozen=True, slots=True)
class ExitCode:
    """One exit status.

    Attributes:
        code: the number.
        meaning: what happened, for the help and the docs.
    """

    code: int
    meaning: str


OK: Final = ExitCode(0, "done")
UNEXPECTED: Final = ExitCode(1, "something unforeseen; --debug shows where")
USAGE: Final = ExitCode(2, "the command line is wrong")
INVALID_INPUT: Final = ExitCode(3, "a filter, update, record or file cannot be taken, or there is no such generation")
STORE: Final = ExitCode(4, "the store is unavailable, damaged, or could not answer")
LIMIT: Final = ExitCode(5, "stopped by a limit of time, memory or rows")
CONFIG: Final = ExitCode(6, "a setting or the installation is wrong")
PARTLY_REFUSED: Final = ExitCode(7, "imported, but some records were refused")
ACCESS: Final = ExitCode(8, "the server's key is missing, has ended, or may not do this")
INTERRUPTED: Final = ExitCode(130, "interrupted with Ctrl-C, or answered with no")
PIPE_CLOSED: Final = ExitCode(141, "whoever read the output stopped reading")

EXIT_CODES: Final = (OK, UNEXPECTED, USAGE, INVALID_INPUT, STORE, LIMIT, CONFIG, PARTLY_REFUSED, ACCESS, INTERRUPTED, PIPE_CLOSED)

_BY_ERROR: Final = (
    (LimitExceeded, LIMIT),
    (InvalidInput, INVALID_INPUT),
    (StoreError, STORE),
    (ConfigError, CONFIG),
    (AccessDenied, ACCESS),
)


def exit_code_of(error: type[GenerationsError]) -> int:
    """The exit status for a class of errors."""
    return next((status.code for kind, status in _BY_ERROR if issubclass(error, kind)), UNEXPECTED.code)
