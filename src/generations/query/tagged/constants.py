"""Tagged text of Python values: exactly what the engine's side makes of an equal value."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

DIGITS_BOUND = 1e21
"""Below it the engine prints whole doubles with all their digits; here `.0` is put behind them."""


def text_of(value: Any) -> str:
    """The tagged JSON text of a Python value (None, bool, int, float, str, aware datetime, list, dict)."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if -(2**63) <= value < 2**63 else f'"\\u0001d{value}"'
        case float():
            return text_of_float(value)
        case str():
            return _quoted("\x01s" + value[1:] if value.startswith("\x01") else value)
        case datetime():
            return f'"\\u0001t{text_of_instant(value)}"'
        case list() | tuple():
            return "[" + ",".join(text_of(item) for item in cast("list[Any]", value)) + "]"
        case dict():
            return "{" + ",".join(f"{_quoted(str(k))}:{text_of(v)}" for k, v in cast("dict[Any, Any]", value).items()) + "}"
        case _:
            raise TypeError(f"{type(value).__name__} has no tagged JSON")


def _quoted(text: str) -> str:
    """A JSON string with the escapes that the engine prints."""
    return f'"{text.translate(_ESCAPES)}"'


_ESCAPES = str.maketrans(
    {
        **{chr(code): f"\\u{code:04X}" for code in (*range(0x20), 0x2028, 0x2029)},
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        '"': '\\"',
        "\\": "\\\\",
    }
)


def text_of_float(value: float) -> str:
    """A double; the text is the one that `from_float` makes in the engine."""
    if math.isnan(value):
        return '"\\u0001dNaN"'
    if math.isinf(value):
        return '"\\u0001dInfinity"' if value > 0 else '"\\u0001d-Infinity"'
    if not value.is_integer():
        mantissa, _, exponent = repr(value).partition("e")
        return f"{Decimal(repr(value)):f}" if not exponent or int(exponent) >= -6 else f"{mantissa}e{int(exponent)}"
    text = f"{_digits(value)}.0" if abs(value) < DIGITS_BOUND else repr(value).replace("+", "")
    return f'"\\u0001d{text}"'


def _digits(value: float) -> str:
    """A whole number without an exponent; both zeros are one."""
    return f"{Decimal(repr(value + 0.0)):.0f}"


def text_of_instant(value: datetime) -> str:
    """ISO text of an instant in UTC with six digits, so that texts sort as the instants do."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def equality_text(value: Any) -> str:
    """The text that `equality` makes of the value's tagged text: whole numbers as their digits, at any depth."""
    match value:
        case float() if value.is_integer() and abs(value) < DIGITS_BOUND:
            return _digits(value)
        case int() if not isinstance(value, bool):
            return str(value)
        case list():
            return "[" + ",".join(equality_text(item) for item in cast("list[Any]", value)) + "]"
        case dict():
            fields = cast("dict[str, Any]", value).items()
            return "{" + ",".join(f"{text_of(name)}:{equality_text(item)}" for name, item in fields) + "}"
        case _:
            return text_of(value)
