"""Values written as text: how `$toString` does it, and how the operators do it that take a text and are given something else."""

from __future__ import annotations

from generations.query import tagged
from generations.query.expressions.arguments import Argument, Frame
from generations.query.value import Scalar, Value


def double_text(double: str) -> str:
    """The shortest text that reads back as the double: 1.5, 3, 1e+16, 1e-05."""
    few, more = (f"printf('%.{digits}g', {double})" for digits in (15, 16))
    at_edge = f"abs({double}) >= 1e15 AND abs({double}) < 1e16"
    shortest = [(f"NOT ({at_edge}) AND toFloat64OrZero({few}) = {double}", few), (f"toFloat64OrZero({more}) = {double}", more)]
    longest = f"if(abs({double}) >= 1e16, printf('%.16e', {double}), printf('%.17g', {double}))"
    return f"if(isFinite({double}), {tagged.choose(shortest, longest)}, {_not_finite(double)})"


def _not_finite(double: str) -> str:
    return f"multiIf(isNaN({double}), 'NaN', {double} > 0, 'Infinity', '-Infinity')"


def instant_text(instant: str) -> str:
    """ISO text of an instant in milliseconds."""
    return f"concat(substring(formatDateTime({instant}, '%Y-%m-%dT%H:%i:%S.%f'), 1, 23), 'Z')"


def read_text(frame: Frame, value: Value) -> Argument:
    """An argument that is a text, or a number or date that is taken for one; nothing counts as "".

    Doubles have six digits here, unlike in `$toString`.
    """
    if isinstance(value, Scalar) and value.type in ("string", "integer", "number", "instant"):
        text = {"integer": "toString({0})", "number": "printf('%g', {0})", "instant": instant_text("{0}")}.get(value.type, "{0}")
        sql = frame.name(value)
        return Argument("0", "0", f"ifNull({text.format(sql)}, '')" if value.nullable else text.format(sql))
    v = frame.text(value)
    kinds = [(tagged.is_nullish(v), "''"), (tagged.is_string(v), tagged.to_string(v)), (tagged.is_integer(v), v)]
    kinds.append((tagged.is_number(v), f"printf('%g', {tagged.to_float(v)})"))
    wrong = f"(startsWith({v}, '{{') OR startsWith({v}, '[') OR {tagged.is_bool(v)})"
    return Argument("0", wrong, frame.inner(tagged.choose(kinds, f"concat(substring({tagged.instant_text(v)}, 1, 23), 'Z')")))
