"""`$type $isNumber`, and conversions: `$convert` and its short forms `$toBool $toDate $toDouble $toInt $toLong $toString`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from generations.query import tagged
from generations.query.context import invalid, pointer, refuse_unsupported
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant, ObjectOf
from generations.query.expressions.arguments import Frame, fail_where, null_where
from generations.query.expressions.date_reading import parsed_iso, read_instant
from generations.query.expressions.instants import from_micros, millis
from generations.query.expressions.texts import double_text, instant_text
from generations.query.expressions.zones import UTC
from generations.query.value import Scalar, ScalarType, Value, to_tagged


@operator("$type")
def _type(scope: Scope, call: Call) -> Value:
    """Integers are int or long by their size, except for what is a long whatever its size."""
    node = call.args[0]
    if isinstance(node, Call) and node.op in ("$toLong", "$dateDiff"):
        value = scope.value(node)
        if isinstance(value, Scalar):
            return Scalar(f"if({value.sql} IS NULL, 'null', 'long')", "string", nullable=False)
    return Scalar(tagged.let(scope.text(call.args[0]), tagged.type_name), "string", nullable=False)


@operator("$isNumber")
def _is_number(scope: Scope, call: Call) -> Value:
    value = scope.value(call.args[0])
    if isinstance(value, Scalar):
        number = value.type in ("integer", "number")
        return Scalar((f"({value.sql} IS NOT NULL)" if value.nullable else "true") if number else "false", "bool", nullable=False)
    return Scalar(tagged.let(to_tagged(value), tagged.is_number), "bool", nullable=False)


# --- conversions ------------------------------------------------------------------------------------------------------

_Target = Literal["bool", "int", "long", "double", "string", "date"]

_RESULTS: dict[_Target, ScalarType] = {
    "bool": "bool", "int": "integer", "long": "integer", "double": "number", "string": "string", "date": "instant",
}  # fmt: skip

_NUMBERS = {
    1: "double", 2: "string", 3: "object", 4: "array", 5: "binData", 6: "undefined", 7: "objectId", 8: "bool", 9: "date", 10: "null",
    11: "regex", 16: "int", 17: "timestamp", 18: "long", 19: "decimal", -1: "minKey", 127: "maxKey",
}  # fmt: skip
"""BSON's numbers of the types, which `to` may be."""

_Bind = Callable[[str], str]
"""Evaluates an SQL text once and gives its name."""

_Converter = Callable[[str, _Bind], tuple[str, str]]
"""From a typed value: whether it can be converted, and what it becomes, which may be anything where it cannot."""


def _with(value: str, when: str = "1") -> _Converter:
    """A converter from templates of SQL."""
    return lambda x, _: (when.replace("{0}", x), value.replace("{0}", x))


def _written(function: Callable[[str], str]) -> _Converter:
    return lambda x, _: ("1", function(x))


def _date_of_text(text: str, bind: _Bind) -> tuple[str, str]:
    return read_instant(bind(parsed_iso(text, UTC)))


_IN_INT = "({0} BETWEEN -2147483648 AND 2147483647)"
_IN_LONG = "({0} >= -9223372036854775808. AND {0} < 9223372036854775808.)"
_IN_DATES = "({0} BETWEEN -62135596800000 AND 253402300799999)"
_DIGITS = "(match({0}, '^[+-]?[0-9]+$') AND toInt64OrNull({0}) IS NOT NULL)"
_DECIMAL = "match({0}, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$')"
_DOUBLE = f"(match({{0}}, '(?i)^[+-]?(inf|infinity|nan)$') OR {_DECIMAL} AND isFinite(toFloat64OrZero({{0}})))"
_CUT = tagged.cut("{0}")

_TABLE: dict[_Target, dict[ScalarType, _Converter]] = {
    "bool": {
        "bool": _with("{0}"),
        "integer": _with("({0} != 0)"),
        "number": _with("({0} != 0)"),
        "string": _with("true"),
        "instant": _with("true"),
    },
    "int": {
        "bool": _with("toInt64({0})"),
        "integer": _with("{0}", _IN_INT),
        "number": _with(_CUT, _IN_INT),
        "string": _with("toInt64OrZero({0})", f"({_DIGITS} AND {_IN_INT.replace('{0}', 'toInt64OrZero({0})')})"),
    },
    "long": {
        "bool": _with("toInt64({0})"),
        "integer": _with("{0}"),
        "number": _with(_CUT, _IN_LONG),
        "string": _with("toInt64OrZero({0})", _DIGITS),
        "instant": _written(millis),
    },
    "double": {
        "bool": _with("toFloat64({0})"),
        "integer": _with("toFloat64({0})"),
        "number": _with("{0}"),
        "string": _with("toFloat64OrZero({0})", _DOUBLE),
        "instant": _written(lambda x: f"toFloat64({millis(x)})"),
    },
    "string": {
        "bool": _with("if({0}, 'true', 'false')"),
        "integer": _with("toString({0})"),
        "number": _written(double_text),
        "string": _with("{0}"),
        "instant": _written(instant_text),
    },
    "date": {
        "integer": _with(from_micros("(1000 * {0})"), _IN_DATES),
        "number": _with(from_micros(f"(1000 * {_CUT})"), _IN_DATES),
        "string": _date_of_text,
        "instant": _with("{0}"),
    },
}
"""From what each type can be made. A date is also made of a small integer: JSON does not tell int from long."""

_SHORT: dict[str, _Target] = {
    "$toBool": "bool", "$toInt": "int", "$toLong": "long", "$toDouble": "double", "$toString": "string", "$toDate": "date",
}  # fmt: skip


@operator(*_SHORT)
def _short(scope: Scope, call: Call) -> Value:
    frame = Frame()
    absent, good, value = _converted(frame, scope.value(call.args[0]), _SHORT[call.op])
    return _or_fail(frame, call, _SHORT[call.op], absent, good, value)


def _or_fail(frame: Frame, call: Call, target: _Target, absent: str, good: str, value: str) -> Value:
    tests = [null_where(absent), fail_where(tagged.none_of(good), f"{call.op}: failed to convert a value to {target}")]
    return frame.scalar(_RESULTS[target], tests, value, spreads=False)


@operator("$convert")
def _convert(scope: Scope, call: Call) -> Value:
    frame = Frame()
    target = _target(call)
    if target is None:
        absent = frame.text(scope.value(call.named["input"]))
        return frame.tagged([], tagged.choose([(tagged.is_nullish(absent), _text(scope, call, "onNull"))], "'null'"))
    absent, good, value = _converted(frame, scope.value(call.named["input"]), target)
    if "onError" not in call.named and "onNull" not in call.named:
        return _or_fail(frame, call, target, absent, good, value)
    result = to_tagged(Scalar(f"assumeNotNull({value})", _RESULTS[target], nullable=False))
    cases = [(absent, _text(scope, call, "onNull"))]
    if "onError" in call.named:
        cases.append((tagged.none_of(good), _text(scope, call, "onError")))
    else:
        cases.append((tagged.fails(tagged.none_of(good), f"$convert: failed to convert a value to {target}"), "''"))
    return frame.tagged([], tagged.choose(cases, result))


def _text(scope: Scope, call: Call, name: str) -> str:
    return scope.text(call.named[name]) if name in call.named else "'null'"


def _target(call: Call) -> _Target | None:
    """The type to convert to, a constant; None when it is null."""
    node = call.named["to"]
    if isinstance(node, ObjectOf):
        node = dict(node.fields).get("type", node)
    path = pointer(call.path, "to")
    if not isinstance(node, Constant):
        raise refuse_unsupported("a type that differs by record", "write `to` as a constant", path)
    name = node.value
    if name is None:
        return None
    if isinstance(name, int | float) and not isinstance(name, bool):
        name = _NUMBERS.get(int(name)) if name == int(name) else None
    if name not in _NUMBERS.values():
        raise invalid(f"unknown type {node.value!r}", path, f"the types are {', '.join(_RESULTS)}")
    for target in _RESULTS:
        if target == name:
            return target
    raise refuse_unsupported(f"conversion to {name}", f"values can be converted to {', '.join(_RESULTS)}", path)


def _converted(frame: Frame, value: Value, target: _Target) -> tuple[str, str, str]:
    """An argument converted: where it is absent, where it can be converted, and the result there."""
    table = _TABLE[target]
    if isinstance(value, Scalar) and value.type in table:
        x = frame.name(value)
        return f"({x} IS NULL)" if value.nullable else "0", *table[value.type](x, frame.inner)
    v = frame.text(value)
    kinds: list[tuple[ScalarType, str, str]] = [
        ("integer", tagged.is_integer(v), tagged.to_integer(v)),
        ("number", tagged.is_number(v), tagged.to_float(v)),
        ("bool", tagged.is_bool(v), f"({v} = 'true')"),
        ("string", tagged.is_string(v), frame.inner(tagged.to_string(v)) if "string" in table else "''"),
        ("instant", tagged.is_date(v), f"assumeNotNull({tagged.to_instant(v)})"),
    ]
    good: list[tuple[str, str]] = []
    results: list[tuple[str, str]] = []
    for kind, condition, typed in kinds:
        can, result = table[kind](typed, frame.inner) if kind in table else ("0", "")
        good.append((condition, can))
        if can != "0":
            results.append((condition, result))
    rest = "1" if target == "bool" else "0"
    last = "true" if target == "bool" else results.pop()[1]
    return tagged.is_nullish(v), tagged.choose(good, rest), tagged.choose(results, last)
