"""`$abs $ceil $floor $round $trunc`: a number keeps its kind; places are decimal and exact."""

from __future__ import annotations

from dataclasses import dataclass

from generations.query import tagged
from generations.query.context import invalid
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, Number, Test, fail_where, null_where
from generations.query.expressions.doubles import EXACT, product_error
from generations.query.expressions.outcomes import Way, outcome
from generations.query.value import NULL, Value

_DECIMALS = 22
"""The greatest power of ten that a double holds exactly."""


@operator("$abs", "$ceil", "$floor")
def _whole(scope: Scope, call: Call) -> Value:
    frame = Frame()
    number = frame.number(scope.value(call.args[0]))
    tests = [null_where(number.absent), fail_where(number.wrong, f"{call.op} only supports numeric types")]
    integer = number.integer
    if call.op == "$abs" and number.whole != "0":
        tests.append(fail_where(f"{integer} = -9223372036854775808", "can't take $abs of long long min"))
        integer = f"toInt64(abs({integer}))"
    return outcome(frame, tests, [Way(number.whole, "integer", integer), Way("1", "number", f"{call.op[1:]}({number.double})")])


@dataclass(frozen=True, slots=True)
class _Places:
    """The number of decimals: `count` is SQL, and `known` the constant."""

    count: str
    known: int | None


@operator("$round", "$trunc")
def _round(scope: Scope, call: Call) -> Value:
    frame = Frame()
    number = frame.number(scope.value(call.args[0]))
    tests = [null_where(number.absent), fail_where(number.wrong, f"{call.op} only supports numeric types")]
    places = _places(scope, call, frame, tests)
    if places is None:
        return NULL
    if places.known == 0:
        way = Way("1", "number", f"{call.op[1:]}({number.double})")
        return outcome(frame, tests, [Way(number.whole, "integer", number.integer), way])
    tests.append(fail_where(_too_fine(number, places), f"{call.op}: more than {_DECIMALS} decimals of so small a number"))
    integer = _round_integer(call.op, number.integer, places)
    beyond = fail_where(f"toInt64({integer}) != {integer}", f"{call.op}: the result is an integer beyond 64 bits")
    whole = Way(number.whole, "integer", f"toInt64({integer})", (beyond,))
    return outcome(frame, tests, [whole, Way("1", "number", _round_double(call.op, number.double, places))])


def _places(scope: Scope, call: Call, frame: Frame, tests: list[Test]) -> _Places | None:
    """The second argument, with its tests; None when it is null."""
    if len(call.args) == 1:
        return _Places("0", 0)
    node = call.args[1]
    if isinstance(node, Constant):
        if node.value is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float) or node.value != int(node.value):
            raise invalid(f"the precision of {call.op} must be a whole number", node.path)
        if not -20 <= node.value <= 100:
            raise invalid(f"the precision of {call.op} must be in -20 to 100", node.path)
        return _Places(str(int(node.value)), int(node.value))
    number = frame.number(scope.value(node))
    whole = f"ifNull({number.double} = trunc({number.double}), 0)"
    tests += [
        null_where(number.absent),
        fail_where(tagged.any_of([number.wrong, f"NOT {whole}"]), f"the precision of {call.op} must be a whole number"),
        fail_where(f"NOT ({number.double} BETWEEN -20 AND 100)", f"the precision of {call.op} must be in -20 to 100"),
    ]
    return _Places(frame.inner(f"greatest(-20, least({tagged.cut(number.double)}, 100))"), None)


def _too_fine(number: Number, places: _Places) -> str:
    """Whether the decimals asked for are more than doubles can count."""
    if number.whole == "1" or (places.known is not None and places.known <= _DECIMALS):
        return "0"
    small = f"abs({number.double}) < {EXACT / 10.0**_DECIMALS!r}"
    return f"({places.count} > {_DECIMALS} AND {number.double} != 0 AND {small})"


def _round_integer(op: str, integer: str, places: _Places) -> str:
    """An integer to tens, hundreds, …; wider than 64 bits."""
    if places.known is not None and places.known > 0:
        return integer
    powers = ", ".join(f"toInt128('{10**k}')" for k in range(21))
    unit = f"[{powers}][1 + greatest(0, -{places.count})]" if places.known is None else f"toInt128('{10**-places.known}')"

    def rounded(u: str) -> str:
        quotient, rest = f"intDiv(toInt128({integer}), {u})", f"(toInt128({integer}) % {u})"
        if op == "$trunc":
            return f"{quotient} * {u}"
        up = f"(2 * abs({rest}) > {u} OR 2 * abs({rest}) = {u} AND {quotient} % 2 != 0)"
        return f"({quotient} + if({up}, if({integer} < 0, -1, 1), 0)) * {u}"

    return tagged.let(unit, rounded)


def _round_double(op: str, x: str, places: _Places) -> str:
    """A double rounded at a decimal place as if by its exact decimal value."""
    if places.known is not None:
        return _at(op, x, repr(float(10 ** min(abs(places.known), _DECIMALS))), finer=places.known > 0)
    powers = ", ".join(repr(float(10**k)) for k in range(_DECIMALS + 1))
    scale = f"[{powers}][1 + least(abs({places.count}), {_DECIMALS})]"
    return tagged.let(scale, lambda s: f"if({places.count} >= 0, {_at(op, x, s, finer=True)}, {_at(op, x, s, finer=False)})")


def _at(op: str, x: str, scale: str, *, finer: bool) -> str:
    """The scaled double is exact but for an error that is known exactly; it decides where the double stands on an edge."""
    p = f"({x} {'*' if finer else '/'} {scale})"
    error = product_error(x, scale, p) if finer else f"(({x} - {p} * {scale}) - {product_error(p, scale, f'({p} * {scale})')})"
    if op == "$trunc":
        edge = f"{p} = trunc({p}) AND {error} * {p} < 0"
        moved = f"if({edge}, {p} - sign({p}), trunc({p}))"
    else:
        edge = f"{p} - floor({p}) = 0.5 AND {error} != 0"
        moved = f"if({edge}, floor({p}) + ({error} > 0), round({p}))"
    return f"if(abs({p}) >= {EXACT} OR NOT isFinite({x}), {x}, {moved} {'/' if finer else '*'} {scale})"
