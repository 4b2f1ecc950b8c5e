"""Arithmetic of doubles that needs more than 53 bits on its way."""

from __future__ import annotations

from generations.query import tagged

EXACT = 9007199254740992
"""2^53: from here on all doubles are whole."""

_SPLITTER = 134217729
"""2^27 + 1, which cuts a double in two halves whose products are exact (T. J. Dekker, 1971)."""


def product_error(a: str, b: str, product: str) -> str:
    """What rounding took from a product of two doubles."""
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return f"((({a1} * {b1} - {product}) + {a1} * {b2} + {a2} * {b1}) + {a2} * {b2})"


def _halves(x: str) -> tuple[str, str]:
    high = f"({_SPLITTER} * {x} - ({_SPLITTER} * {x} - {x}))"
    return high, f"({x} - {high})"


def remainder(x: str, y: str) -> tuple[str, str]:
    """What is left of a division, with the dividend's sign, and whether this is exact.

    The engine's own `%` rounds on its way. Here a first step divides by 2^52 times the divisor, so that both quotients
    are small enough to be exact.

    Args:
        x: the dividend, by a name.
        y: the divisor, by a name.
    """
    steps = tagged.let(_step(x, f"({EXACT // 2} * {y})"), lambda rest: _step(rest, y))
    exact = f"abs({x}) < 1e290 AND abs({y}) BETWEEN 1e-250 AND 1e270 AND abs({x} / {y}) < 1e31"
    special = f"isNaN({x}) OR isNaN({y}) OR isInfinite({x}) OR isInfinite({y})"
    never = f"isInfinite({x}) OR isNaN({x}) OR isNaN({y})"
    return f"multiIf({never}, nan, abs({x}) < abs({y}), {x}, {steps})", f"{special} OR abs({x}) < abs({y}) OR {exact}"


def _step(x: str, y: str) -> str:
    """The remainder where the quotient is less than 2^53: the quotient may be one too great, the rest is exact."""
    quotient = f"trunc({x} / {y})"
    product = f"({quotient} * {y})"
    rest = f"(({x} - {product}) - {product_error(quotient, y, product)})"
    return f"if({rest} != 0 AND sign({rest}) != sign({x}), {rest} + sign({x}) * abs({y}), {rest})"
