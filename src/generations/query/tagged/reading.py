"""What a tagged value holds."""

from __future__ import annotations

from generations.query.tagged.kinds import TAG

TOKEN = r'"(?:[^"\\\\]|\\\\.)*"|[{}\\[\\],:]|[^{}\\[\\],:"]+'
"""Regular expression (inside an SQL string) that cuts JSON text into its tokens, in order, at any depth."""


def to_float(v: str) -> str:
    """The Float64 of a number; 0 of anything else."""
    return f"toFloat64OrZero({number_text(v)})"


def number_text(v: str) -> str:
    """The digits of a number, without the tag."""
    return f"if(startsWith({v}, '\"'), substring({v}, 9, length({v}) - 9), {v})"


def to_integer(v: str) -> str:
    """The Int64 of an integer; 0 of anything else."""
    return f"toInt64OrZero({v})"


def to_string(v: str) -> str:
    """The String inside a string."""
    return f"if(startsWith({v}, '\"{TAG}s'), concat('\\x01', substring(JSONExtractString({v}), 3)), JSONExtractString({v}))"


def instant_text(v: str) -> str:
    """The ISO text of an instant."""
    return f"substring({v}, 9, length({v}) - 9)"


def to_instant(v: str) -> str:
    """The DateTime64(6, 'UTC') of an instant; NULL of anything else."""
    return f"parseDateTime64BestEffortOrNull({instant_text(v)}, 6, 'UTC')"


def elements(v: str) -> str:
    """The elements of an array; none of anything else."""
    return f"JSONExtractArrayRaw({v})"


def pairs(v: str) -> str:
    """The fields of an object as Array(Tuple(String, String)): key, tagged value."""
    return f"JSONExtractKeysAndValuesRaw({v})"
