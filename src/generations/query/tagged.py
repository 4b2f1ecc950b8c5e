"""Tagged JSON: how a value of any BSON type travels through SQL as one String.

The text is canonical JSON (as the engine prints it: no whitespace, shortest numbers), so that all JSON functions of the
engine work on it. What JSON cannot say is a string that starts with U+0001 and a letter:

    "\\u0001d5.0"                            a double that JSON printers would turn into an integer, NaN, Infinity, or a big integer
    "\\u0001t2024-06-15T12:30:45.000000Z"    an instant, UTC, microseconds
    "\\u0001s…"                              a string that itself began with U+0001

The empty String is a missing value. Every function here maps SQL texts to an SQL text; arguments may be repeated in the
result, so callers bind anything longer than a name with `let`.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

TOKEN = r'"(?:[^"\\\\]|\\\\.)*"|[{}\\[\\],:]|[^{}\\[\\],:"]+'
"""Regular expression (inside an SQL string) that cuts JSON text into its tokens, in order, at any depth."""

_TAG = r"\\u0001"
INTEGRAL_BOUND = 9.2e18
"""Doubles below it that are whole are written with all digits and `.0`."""

_SUSPECT = (
    r'(?:^|[:,\\[])-?(?:[0-9]+\\.0*(?:[,\\]}]|$)|[0-9]+(?:\\.[0-9]+)?[eE]|[0-9]{19})|\\{"\\$date":"|"\\\\u0001'
)

RANK_MISSING, RANK_NULL, RANK_NUMBER, RANK_STRING, RANK_OBJECT, RANK_ARRAY, RANK_BOOL, RANK_DATE = 0, 1, 2, 3, 4, 5, 8, 9
"""Order of the types, as in https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/"""



class _Names(threading.local):
    """The counter of lambda parameters, one for each thread: a statement is compiled in one."""

    def __init__(self) -> None:
        self.next = 0


_names = _Names()


def restart_names() -> None:
    """Begin a statement: the same query always gives the same text."""
    _names.next = 0


def let(value: str, body: Callable[[str], str]) -> str:
    """Evaluate `value` once and use it by name in `body`."""
    if is_name(value):
        return body(value)
    name = fresh()
    return f"arrayMap({function([name], body(name))}, [{value}])[1]"


LOOSE = "/*\\*/"
"""Marks where a test that may fail the query takes up what it must depend on; no quoted name or text can contain it."""


def function(parameters: Sequence[str], body: str) -> str:
    """A lambda over parameters.

    The engine computes what does not depend on a lambda's parameters outside of it, for all rows, also where an `if`
    inside guards it. So every test in the body that may fail the query is made to depend on a parameter.
    """
    names = f"({', '.join(parameters)})" if len(parameters) > 1 else parameters[0]
    return f"{names} -> {body.replace(LOOSE, f', {parameters[-1]}{LOOSE}')}"


def let_all(bound: Sequence[tuple[str, str]], body: str) -> str:
    """Evaluate several values once each: (name from `fresh`, value); `body` uses the names."""
    if not bound:
        return body
    values = ", ".join(f"[{value}]" for _, value in bound)
    return f"arrayMap({function([name for name, _ in bound], body)}, {values})[1]"


def choose(cases: Sequence[tuple[str, str]], otherwise: str) -> str:
    """The value of the first condition that holds; the conditions '0' and '1' are decided here."""
    kept: list[tuple[str, str]] = []
    for condition, value in cases:
        if condition == "1":
            otherwise = value
            break
        if condition != "0":
            kept.append((condition, value))
    return f"multiIf({', '.join(f'{c}, {v}' for c, v in kept)}, {otherwise})" if kept else otherwise


def any_of(conditions: Sequence[str]) -> str:
    """Whether one condition holds; '0' and '1' are decided here."""
    kept = [c for c in dict.fromkeys(conditions) if c != "0"]
    return "1" if "1" in kept else f"({' OR '.join(kept)})" if kept else "0"


def all_of(conditions: Sequence[str]) -> str:
    """Whether all conditions hold; '0' and '1' are decided here."""
    kept = [c for c in dict.fromkeys(conditions) if c != "1"]
    return "0" if "0" in kept else f"({' AND '.join(kept)})" if kept else "1"


def none_of(condition: str) -> str:
    """Whether a condition does not hold; '0' and '1' are decided here."""
    return {"0": "1", "1": "0"}.get(condition, f"NOT {condition}")


def fails(condition: str, message: str) -> str:
    """A condition that never holds: where `condition` does, the query fails instead. For the cases of `choose`.

    The condition may be NULL, which is not to fail; the engine by itself looks at the garbage below a NULL.
    """
    if condition == "0":
        return "0"
    quoted = message.replace("\\", "\\\\").replace("'", "\\'")
    return f"throwIf(tuple(ifNull({condition}, 0){LOOSE}).1, '{quoted}')"


def fresh() -> str:
    """A name for a lambda's parameter, unused so far."""
    _names.next += 1
    return f"x{_names.next}"


def is_name(sql: str) -> bool:
    """Whether an expression is a bare column, parameter of a lambda, bound parameter or short constant."""
    return sql.isidentifier() or (sql.startswith("{") and sql.endswith("}") and sql.count("{") == 1) or sql in ("''", "'null'")


# --- constants -----------------------------------------------------------------------------------------------------


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
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def text_of_float(value: float) -> str:
    """A double; the text is the one that `from_float` makes in the engine."""
    if math.isnan(value):
        return '"\\u0001dNaN"'
    if math.isinf(value):
        return '"\\u0001dInfinity"' if value > 0 else '"\\u0001d-Infinity"'
    if not value.is_integer():
        mantissa, _, exponent = repr(value).partition("e")
        return f"{Decimal(repr(value)):f}" if not exponent or int(exponent) >= -6 else f"{mantissa}e{int(exponent)}"
    if abs(value) < INTEGRAL_BOUND:
        return f'"\\u0001d{int(value)}.0"'
    return f'"\\u0001d{Decimal(repr(value)):f}"' if abs(value) < 1e21 else '"\\u0001d' + repr(value).replace("+", "") + '"'


def text_of_instant(value: datetime) -> str:
    """ISO text of an instant in UTC with six digits, so that texts sort as the instants do."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


# --- from the stored text and from typed columns -----------------------------------------------------------------------


def from_text(text: str) -> str:
    """Stored JSON text, numbers as written, to tagged JSON; '' stays ''."""

    def tag(t: str) -> str:
        number = f"concat('\"{_TAG}d', {t}, '\"')"
        return (
            f"multiIf(startsWith({t}, '\"{_TAG}'), concat('\"{_TAG}s', substring({t}, 8)), "
            f"startsWith({t}, '\"') OR NOT match({t}, '^-?[0-9]') OR toInt64OrNull({t}) IS NOT NULL, {t}, "
            f"match({t}, '[.eE]'), {from_float(f'toFloat64({t})')}, {number})"
        )

    def slow(v: str) -> str:
        t = fresh()
        tokens = f"arrayStringConcat(arrayMap({t} -> {tag(t)}, extractAll({v}, '{TOKEN}')))"
        return f"replaceRegexpAll({tokens}, '\\\\{{\"\\\\$date\":\"([^\"]*)\"\\\\}}', '\"\\\\\\\\u0001t\\\\1\"')"

    return let(text, lambda v: f"if(match({v}, '{_SUSPECT}'), {slow(v)}, {v})")


def canonical(j: str) -> str:
    """The engine's own print of tagged JSON: shortest numbers, one way to escape."""
    return f"JSONExtractRaw({j})"


def from_float(x: str) -> str:
    """A Float64, never NULL."""

    def body(v: str) -> str:
        text = (
            f"multiIf(isNaN({v}), 'NaN', isInfinite({v}), if({v} > 0, 'Infinity', '-Infinity'), "
            f"abs({v}) < {INTEGRAL_BOUND}, concat(toString(toInt64({v})), '.0'), toString({v}))"
        )
        return f"if(isFinite({v}) AND {v} != trunc({v}), toString({v}), concat('\"{_TAG}d', {text}, '\"'))"

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
    return f"concat('\"{_TAG}t', formatDateTime({x}, '%Y-%m-%dT%H:%i:%S.%fZ'), '\"')"


# --- what it is -------------------------------------------------------------------------------------------------------


def is_object(v: str) -> str:
    return f"startsWith({v}, '{{')"


def is_array(v: str) -> str:
    return f"startsWith({v}, '[')"


def is_string(v: str) -> str:
    return f"(startsWith({v}, '\"') AND substring({v}, 2, 7) NOT IN ('{_TAG}d', '{_TAG}t'))"


def is_number(v: str) -> str:
    return f"(match({v}, '^-?[0-9]') OR startsWith({v}, '\"{_TAG}d'))"


def is_integer(v: str) -> str:
    """Whether it is a 64-bit integer (BSON int or long)."""
    return f"match({v}, '^-?[0-9]+$')"


def is_double(v: str) -> str:
    return f"({is_number(v)} AND NOT {is_integer(v)})"


def is_bool(v: str) -> str:
    return f"({v} IN ('true', 'false'))"


def is_date(v: str) -> str:
    return f"startsWith({v}, '\"{_TAG}t')"


def is_nullish(v: str) -> str:
    """Missing or null."""
    return f"({v} IN ('', 'null'))"


def rank(v: str) -> str:
    """The type's place in BSON order."""
    return (
        f"multiIf({v} = '', 0, startsWith({v}, '\"'), multiIf(substring({v}, 2, 7) = '{_TAG}d', 2, substring({v}, 2, 7) = '{_TAG}t', 9, 3), "
        f"{is_object(v)}, 4, {is_array(v)}, 5, {v} = 'null', 1, {is_bool(v)}, 8, 2)"
    )


def type_name(v: str) -> str:
    """MongoDB's name of the type (`$type`)."""
    return (
        f"multiIf({v} = '', 'missing', {v} = 'null', 'null', {is_bool(v)}, 'bool', {is_object(v)}, 'object', {is_array(v)}, 'array', "
        f"{is_date(v)}, 'date', {is_integer(v)}, if(toInt32OrNull({v}) IS NULL, 'long', 'int'), {is_number(v)}, 'double', 'string')"
    )


# --- what it holds ----------------------------------------------------------------------------------------------------


def to_float(v: str) -> str:
    """The Float64 of a number; 0 of anything else."""
    return f"toFloat64OrZero(if(startsWith({v}, '\"'), substring({v}, 9, length({v}) - 9), {v}))"


def to_integer(v: str) -> str:
    """The Int64 of an integer; 0 of anything else."""
    return f"toInt64OrZero({v})"


def to_string(v: str) -> str:
    """The String inside a string."""
    return f"if(startsWith({v}, '\"{_TAG}s'), concat('\\x01', substring(JSONExtractString({v}), 3)), JSONExtractString({v}))"


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
    parts = [let(v, lambda x, k=k: f"if({x} = '', '', concat(',', {_key(k)}, ':', {x}))") for k, v in fields]
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


def _key(sql: str) -> str:
    return f"toJSONString({sql})"


# --- equality and order -----------------------------------------------------------------------------------------------


def equality(v: str) -> str:
    """Text that is equal exactly where MongoDB calls two values equal: 5 and 5.0 are one."""
    return let(v, lambda x: f"if(position({x}, '{_TAG}d') > 0, replaceRegexpAll({x}, '\"\\\\\\\\u0001d(-?[0-9]+)\\\\.0\"', '\\\\1'), {x})")


KEY_TYPE = "Array(Tuple(UInt8, Float64, Int64, String))"


def sort_key(value: str) -> str:
    """A value of KEY_TYPE whose order is BSON's order.

    Scalars are one tuple (rank, double, what the double left of the integer, string). Arrays and objects are the
    tuples of their tokens, ended by a lowest one; before each key of an object stands the rank of its value, for
    MongoDB compares a field's type before its name.
    """

    def body(v: str) -> str:
        return f"if({is_object(v)} OR {is_array(v)}, {_container_key(v)}, [{_scalar_key(v)}])"

    return let(value, body)


def _scalar_key(v: str) -> str:
    number = (
        f"if({is_integer(v)}, (toUInt8(2), toFloat64OrZero({v}), toInt64(toInt128OrZero({v}) - toInt128(toFloat64OrZero({v}))), ''), "
        f"if(isNaN({to_float(v)}), (toUInt8(2), -inf, toInt64(-1), ''), (toUInt8(2), {to_float(v)}, toInt64(0), '')))"
    )
    return (
        f"multiIf({v} = '', (toUInt8(0), 0., toInt64(0), ''), {is_number(v)}, {number}, "
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


# --- paths ------------------------------------------------------------------------------------------------------------


def get(value: str, keys: Sequence[str]) -> str:
    """The value at a path, as expressions see it: mapped over arrays of objects, never an index.

    Args:
        keys: the steps, each an SQL String (a bound parameter).
    """
    if not keys:
        return value

    def body(v: str) -> str:
        direct = f"JSONExtractRaw({v}, {', '.join(keys)})"
        return f"if({is_object(v)} AND {direct} != '', {direct}, if(position({v}, '[') > 0, {_get_through_arrays(v, keys)}, ''))"

    return let(value, body)


def _get_through_arrays(v: str, keys: Sequence[str]) -> str:
    if not keys:
        return v
    e, r, w = fresh(), fresh(), fresh()
    items = f"if({is_object(w)}, [{w}], arrayFilter({e} -> {is_object(e)}, {elements(w)}))"
    found = f"arrayFilter({r} -> {r} != '', arrayMap({e} -> {_get_through_arrays(f'JSONExtractRaw({e}, {keys[0]})', keys[1:])}, {items}))"
    answer = let(found, lambda f: f"multiIf({is_object(w)}, {f}[1], {is_array(w)}, concat('[', arrayStringConcat({f}, ','), ']'), '')")
    return f"arrayMap({w} -> {answer}, [{v}])[1]"


def leaves(value: str, keys: Sequence[tuple[str, int | None]]) -> str:
    """The values that a filter's path reaches, as an Array(String): through arrays, by index and by key; '' is missing.

    Args:
        keys: the steps, each an SQL String and the index it may also be.
    """
    out = f"[{value}]"
    for position, (key, index) in enumerate(keys):
        v, e = fresh(), fresh()
        inside = f"arrayMap({e} -> JSONExtractRaw({e}, {key}), arrayFilter({e} -> {is_object(e)}, {elements(v)}))"
        if index is not None:
            inside = f"arrayConcat({inside}, if(length({elements(v)}) > {index}, [{elements(v)}[{index + 1}]], []))"
        step = f"multiIf({is_object(v)}, [JSONExtractRaw({v}, {key})], {is_array(v)}, {inside}, [''])"
        out = f"arrayMap({v} -> {step}, {out})"
        out = f"{out}[1]" if position == 0 else f"arrayFlatten({out})"
    return out
