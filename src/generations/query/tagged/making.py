"""Tagged text made in SQL: of stored text, of typed columns, of parts."""

from __future__ import annotations

from collections.abc import Sequence

from generations.query.tagged.binding import fresh, let
from generations.query.tagged.constants import DIGITS_BOUND
from generations.query.tagged.kinds import TAG, is_object
from generations.query.tagged.reading import TOKEN, pairs

_SUSPECT = r'(?:^|[:,\\[])-?(?:[0-9]+\\.0*(?:[,\\]}]|$)|[0-9]+(?:\\.[0-9]+)?[eE]|[0-9]{19})|\\{"\\$date":"|"\\\\u0001'


def from_text(text: str) -> str:
    """Stored JSON text, numbers as written, to tagged JSON; '' stays ''."""

    def tag(t: str) -> str:
        number = f"concat('\"{TAG}d', {t}, '\"')"
        return (
            f"multiIf(startsWith({t}, '\"{TAG}'), concat('\"{TAG}s', substring({t}, 8)), "
            f"startsWith({t}, '\"') OR NOT match({t}, '^-?[0-9]') OR toInt64OrNull({t}) IS NOT NULL, {t}, "
            f"match({t}, '[.eE]'), {from_float(f'toFloat64({t})')}, {number})"
        )

    def slow(v: str) -> str:
        t = fresh()
        tokens = f"arrayStringConcat(arrayMap({t} -> {tag(t)}, extractAll({v}, '{TOKEN}')))"
        return f'replaceRegexpAll({tokens}, \'\\\\{{"\\\\$date":"([^"]*)"\\\\}}\', \'"\\\\\\\\u0001t\\\\1"\')'

    return let(text, lambda v: f"if(match({v}, '{_SUSPECT}'), {slow(v)}, {v})")


def canonical(j: str) -> str:
    """The engine's own print of tagged JSON: shortest numbers, one way to escape."""
    return f"JSONExtractRaw({j})"


def from_float(x: str) -> str:
    """A Float64, never NULL."""

    def body(v: str) -> str:
        text = (
            f"multiIf(isNaN({v}), 'NaN', isInfinite({v}), if({v} > 0, 'Infinity', '-Infinity'), "
            f"abs({v}) < {DIGITS_BOUND}, concat(toString({v} + 0.), '.0'), toString({v}))"
        )
        return f"if(isFinite({v}) AND {v} != trunc({v}), toString({v}), concat('\"{TAG}d', {text}, '\"'))"

    return let(x, body)


def from_sums(whole: str, fraction: str, doubles: str) -> str:
    """The sum of integers (Int128) and doubles: a double where there was one, or where the integers leave 64 bits."""

    def body(i: str) -> str:
        fits = f"{i} BETWEEN -9223372036854775808 AND 9223372036854775807"
        return f"if({doubles} = 0 AND {fits}, toString({i}), {from_float(f'toFloat64({i}) + {fraction}')})"

    return let(whole, body)


def cut(x: str) -> str:
    """The Int64 of a Float64 without its fraction; 0 for what does not fit, which the engine refuses to convert."""
    return f"toInt64(if({x} >= -9223372036854775808. AND {x} < 9223372036854775808., {x}, 0))"


def from_wide(x: str, double: str) -> str:
    """An integer of more than 64 bits; where it does not fit into 64, the Float64 `double` stands for it."""
    return let(x, lambda v: f"if(toInt64({v}) = {v}, toString({v}), {from_float(double)})")


def from_string(x: str) -> str:
    """A String, never NULL."""
    return let(x, lambda v: f"toJSONString(if(startsWith({v}, '\\x01'), concat('\\x01s', substring({v}, 2)), {v}))")


def from_bool(x: str) -> str:
    """A condition, never NULL."""
    return f"if({x}, 'true', 'false')"


def from_instant(x: str) -> str:
    """A DateTime64(6, 'UTC'), never NULL."""
    return f"concat('\"{TAG}t', formatDateTime({x}, '%Y-%m-%dT%H:%i:%S.%fZ'), '\"')"


def array(items: str) -> str:
    """An array of an Array(String) of tagged values; missing ones become null."""
    x = fresh()
    return f"concat('[', arrayStringConcat(arrayMap({x} -> if({x} = '', 'null', {x}), {items}), ','), ']')"


def array_of(values: Sequence[str]) -> str:
    """An array of tagged values."""
    return array(f"[{', '.join(values)}]") if values else "'[]'"


def object_of(fields: Sequence[tuple[str, str]]) -> str:
    """An object of (key as an SQL String, tagged value); missing values leave their key out."""
    if not fields:
        return "'{}'"
    parts = [let(v, lambda x, k=k: f"if({x} = '', '', concat(',', toJSONString({k}), ':', {x}))") for k, v in fields]
    joined = parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"
    return f"concat('{{', substring({joined}, 2), '}}')"


def object_from_pairs(items: str) -> str:
    """An object of an Array(Tuple(String, String)); missing values leave their key out."""
    p = fresh()
    fields = f"arrayMap({p} -> concat(toJSONString({p}.1), ':', {p}.2), arrayFilter({p} -> {p}.2 != '', {items}))"
    return f"concat('{{', arrayStringConcat({fields}, ','), '}}')"


def with_field(value: str, key: str, field: str) -> str:
    """An object with a field replaced where it stands, or appended; a missing field drops it. What is no object becomes one."""

    def body(v: str, new: str) -> str:
        p = fresh()
        kept = f"arrayMap({p} -> ({p}.1, if({p}.1 = {key}, {new}, {p}.2)), {pairs(v)})"
        added = f"if(JSONHas({v}, {key}), {kept}, arrayPushBack({kept}, ({key}, {new})))"
        return f"if({is_object(v)}, {object_from_pairs(added)}, {object_from_pairs(f'[({key}, {new})]')})"

    return let(value, lambda v: let(field, lambda new: body(v, new)))
