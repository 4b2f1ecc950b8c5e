"""Records and documents as one text each, assembled in the engine."""

from __future__ import annotations

from typing import assert_never

from generations.query import tagged
from generations.query.value import Document, Open, Patched, Scalar, Strings, Tagged, Value, quote, to_tagged


def plain_json(value: Value) -> str:
    """A value over stored columns as plain JSON, as it was recorded; '' when missing.

    Open content is passed through as it is stored: key order, numbers and escapes are the sender's.
    """
    match value:
        case Document(fields, empty):
            parts = [_part(name, field) for name, field in fields.items()]
            joined = f"concat({', '.join(parts)}, '')" if parts else "''"
            whole = "concat('{', substring(v, 2), '}')"
            return f"arrayMap(v -> if(v = '', {empty}, {whole}), [{joined}])[1]"
        case Scalar():
            return _scalar(value)
        case Open(text, (), plain=plain):
            return f"if({plain} IS NULL, {text}, toJSONString(assumeNotNull({plain})))" if plain else text
        case Strings(sql, test):
            return f"if(empty({sql}), {test}, toJSONString({sql}))"
        case Open() | Tagged() | Patched():
            return untagged(to_tagged(value))
        case _:
            assert_never(value)


def untagged(sql: str) -> str:
    """Plain JSON of tagged JSON: doubles as they are, instants as `{"$date": …}`; the missing value stays ''."""

    def body(v: str) -> str:
        numbers = f"replaceRegexpAll({v}, '\"\\\\\\\\u0001d([^\"]*)\"', '\\\\1')"
        instants = f'replaceRegexpAll({numbers}, \'"\\\\\\\\u0001t([^"]*)"\', \'{{"$date":"\\\\1"}}\')'
        strings = f"replaceRegexpAll({instants}, '\"\\\\\\\\u0001s', '\"\\\\\\\\u0001')"
        return f"if(position({v}, '\\\\u0001') > 0, {strings}, {v})"

    return tagged.let(sql, body)


def _part(name: str, field: Value) -> str:
    """`,"name":value`, or nothing when the value is missing, as arguments of a concat."""
    key = quote(f',"{name}":')
    match field:
        case Scalar(sql, _, nullable) if not nullable:
            return f"{key}, {_text(field, sql)}"
        case Scalar(sql, absent="missing", null_test=test):
            explicit = quote(f',"{name}":null')
            null = f"if({test}, {explicit}, '')" if test else "''"
            return f"if({sql} IS NULL, {null}, concat({key}, {_text(field, f'assumeNotNull({sql})')}))"
        case _:
            inner = plain_json(field)
            return tagged.let(inner, lambda v: f"if({v} = '', '', concat({key}, {v}))")


def _scalar(value: Scalar) -> str:
    if not value.nullable:
        return _text(value, value.sql)
    absent = "''" if value.absent == "missing" else "'null'"
    if value.null_test:
        absent = f"if({value.null_test}, 'null', '')"
    return f"if({value.sql} IS NULL, {absent}, {_text(value, f'assumeNotNull({value.sql})')})"


def _text(value: Scalar, sql: str) -> str:
    match value.type:
        case "integer" | "number":
            return f"toString({sql})"
        case "bool":
            return tagged.from_bool(sql)
        case "string":
            return f"toJSONString({sql})"
        case "instant":
            return f"concat('\"', formatDateTime({sql}, '%Y-%m-%dT%H:%i:%S.%fZ'), '\"')"
        case _:
            assert_never(value.type)
