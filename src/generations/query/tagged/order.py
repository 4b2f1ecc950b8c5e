"""Equality and order of tagged values."""

from __future__ import annotations

from generations.query.tagged.binding import fresh, let
from generations.query.tagged.kinds import TAG, is_array, is_bool, is_date, is_number, is_object, rank
from generations.query.tagged.reading import TOKEN, instant_text, number_text, to_string

KEY_TYPE = "Array(Tuple(UInt8, Float64, Int64, String))"
"""The engine's type of a sort key."""


def equality(v: str) -> str:
    """Text that is equal exactly where MongoDB calls two values equal: 5 and 5.0 are one."""
    return let(
        v, lambda x: f"if(position({x}, '{TAG}d') > 0, replaceRegexpAll({x}, '\"\\\\\\\\u0001d(-?[0-9]+)(?:\\\\.0)?\"', '\\\\1'), {x})"
    )


def sort_key(value: str) -> str:
    """A value of KEY_TYPE whose order is BSON's order.

    Scalars are one tuple (rank, double, what the double left of the integer, string). Arrays and objects are the
    tuples of their tokens, ended by a lowest one; before each key of an object stands the rank of its value, for
    MongoDB compares a field's type before its name.
    """

    def body(v: str) -> str:
        return f"if({is_object(v)} OR {is_array(v)}, {_container_key(v)}, [{_scalar_key(v)}])"

    return let(value, body)


def _number_key(v: str) -> str:
    """Exact for integers of up to 33 digits; NaN is below every number."""

    def body(n: str) -> str:
        x = f"toFloat64OrZero({n})"
        rest = f"toInt64(toInt128OrZero({n}) - toInt128(if(abs({x}) < 1e33, {x}, 0)))"
        return (
            f"multiIf(match({n}, '^-?[0-9]{{1,33}}$'), (toUInt8(2), {x}, {rest}, ''), "
            f"isNaN({x}), (toUInt8(2), -inf, toInt64(-1), ''), (toUInt8(2), {x}, toInt64(0), ''))"
        )

    return let(number_text(v), body)


def _scalar_key(v: str) -> str:
    return (
        f"multiIf({v} = '', (toUInt8(0), 0., toInt64(0), ''), {is_number(v)}, {_number_key(v)}, "
        f"{is_date(v)}, (toUInt8(9), 0., toInt64(0), {instant_text(v)}), "
        f"startsWith({v}, '\"'), (toUInt8(3), 0., toInt64(0), {to_string(v)}), "
        f"{is_bool(v)}, (toUInt8(8), if({v} = 'true', 1., 0.), toInt64(0), ''), (toUInt8(1), 0., toInt64(0), ''))"
    )


def _container_key(v: str) -> str:
    t, i, ts = fresh(), fresh(), fresh()
    key = f"(toUInt8({rank(f'{ts}[{i} + 2]')}), 0., toInt64(0), {to_string(t)})"
    token = (
        f"multiIf({t} IN ('}}', ']'), (toUInt8(0), 0., toInt64(0), ''), {t} = '{{', (toUInt8(4), 0., toInt64(0), ''), "
        f"{t} = '[', (toUInt8(5), 0., toInt64(0), ''), {ts}[{i} + 1] = ':', {key}, {_scalar_key(t)})"
    )
    kept = f"arrayFilter(({i}, {t}) -> {t} NOT IN (',', ':'), arrayEnumerate({ts}), {ts})"
    tokens = f"arrayMap({i} -> arrayMap({t} -> {token}, [{ts}[{i}]])[1], {kept})"
    return f"arrayMap({ts} -> {tokens}, [extractAll({v}, '{TOKEN}')])[1]"
