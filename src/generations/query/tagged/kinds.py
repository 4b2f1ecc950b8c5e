"""What a tagged value is, told by its first characters."""

from __future__ import annotations

TAG = r"\\u0001"
"""What tells a tag from a text, inside an SQL string."""


def is_object(v: str) -> str:
    return f"startsWith({v}, '{{')"


def is_array(v: str) -> str:
    return f"startsWith({v}, '[')"


def is_string(v: str) -> str:
    return f"(startsWith({v}, '\"') AND substring({v}, 2, 7) NOT IN ('{TAG}d', '{TAG}t'))"


def is_number(v: str) -> str:
    return f"(match({v}, '^-?[0-9]') OR startsWith({v}, '\"{TAG}d'))"


def is_integer(v: str) -> str:
    """Whether it is a 64-bit integer (BSON int or long)."""
    return f"match({v}, '^-?[0-9]+$')"


def is_double(v: str) -> str:
    return f"({is_number(v)} AND NOT {is_integer(v)})"


def is_bool(v: str) -> str:
    return f"({v} IN ('true', 'false'))"


def is_date(v: str) -> str:
    return f"startsWith({v}, '\"{TAG}t')"


def is_nullish(v: str) -> str:
    """Missing or null."""
    return f"({v} IN ('', 'null'))"


def rank(v: str) -> str:
    """The type's place in BSON order: https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/"""
    return (
        f"multiIf({v} = '', 0, startsWith({v}, '\"'), "
        f"multiIf(substring({v}, 2, 7) = '{TAG}d', 2, substring({v}, 2, 7) = '{TAG}t', 9, 3), "
        f"{is_object(v)}, 4, {is_array(v)}, 5, {v} = 'null', 1, {is_bool(v)}, 8, 2)"
    )


def type_name(v: str) -> str:
    """MongoDB's name of the type (`$type`)."""
    return (
        f"multiIf({v} = '', 'missing', {v} = 'null', 'null', {is_bool(v)}, 'bool', {is_object(v)}, 'object', {is_array(v)}, 'array', "
        f"{is_date(v)}, 'date', {is_integer(v)}, if(toInt32OrNull({v}) IS NULL, 'long', 'int'), {is_number(v)}, 'double', 'string')"
    )
