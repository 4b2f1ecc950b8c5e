"""Instants in SQL: microseconds since 1970 and back, within the years 1 to 9999."""

from __future__ import annotations

from generations.query import tagged
from generations.query.expressions.arguments import Number, Test, fail_where

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


def moved(instant: str, sign: str, number: Number) -> tuple[tuple[Test, ...], str]:
    """An instant and so many milliseconds, halves rounded away from zero; with the tests that keep it in range."""
    double = number.double
    rounded = tagged.cut(f"(trunc({double}) + trunc(2 * ({double} - trunc({double}))))")
    amount = {"1": number.integer, "0": rounded}.get(number.whole, f"if({number.whole}, {number.integer}, {rounded})")
    later = f"{micros(instant)} {sign} 1000 * {amount}"
    too_far = f"NOT abs({double}) <= {_MOST_MILLISECONDS}"
    outside = f"NOT ({fits(later)})"
    return (fail_where(too_far, "date overflow"), fail_where(outside, "date overflow")), from_micros(later)
