"""Instants in SQL: microseconds since 1970 and back, within the years 1 to 9999."""

from __future__ import annotations

from generations.query import tagged
from generations.query.expressions.arguments import Number

MICROS = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
"""The microseconds since 1970 of the years 1 to 9999."""

_MOST_MILLISECONDS = 400_000_000_000_000
"""More than lie between the years 1 and 9999."""


def micros(instant: str) -> str:
    """The Int64 microseconds since 1970 of a DateTime64(6)."""
    return f"toUnixTimestamp64Micro({instant})"


def from_micros(number: str) -> str:
    """The DateTime64(6, 'UTC') of Int64 microseconds."""
    return f"fromUnixTimestamp64Micro({number}, 'UTC')"


def millis(instant: str) -> str:
    """The Int64 milliseconds since 1970, rounded down."""
    return floor_divided(micros(instant), 1000)


def floor_divided(number: str, divisor: int) -> str:
    """An Int64 divided by a positive constant, rounded down."""
    return f"intDiv({number} - toInt64(positiveModulo({number}, {divisor})), {divisor})"


def fits(number: str) -> str:
    """Whether microseconds lie in the years 1 to 9999."""
    return f"{number} BETWEEN {MICROS[0]} AND {MICROS[-1]}"


def later(instant: str, sign: str, number: Number) -> tuple[str, str]:
    """The microseconds of an instant and so many milliseconds, halves rounded away from zero; and whether those are too many."""
    rounded = tagged.cut(f"({number.double} + sign({number.double}) / 2)")
    amount = {"1": number.integer, "0": rounded}.get(number.whole, f"if({number.whole}, {number.integer}, {rounded})")
    return f"({micros(instant)} {sign} 1000 * {amount})", f"NOT abs({number.double}) <= {_MOST_MILLISECONDS}"
