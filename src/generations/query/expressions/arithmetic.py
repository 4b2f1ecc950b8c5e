"""`$add $subtract $multiply $divide $mod`: 64-bit integers that turn into doubles where they overflow, doubles, and dates.

Integers stay integers, a double makes the result a double. Where all arguments are typed columns and the integers leave
64 bits, the query fails: a typed result cannot turn into a double in some rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from generations.query import tagged
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, Number, Test, fail_where, null_where
from generations.query.expressions.doubles import remainder
from generations.query.expressions.instants import fits, from_micros, later, millis
from generations.query.expressions.outcomes import Way, outcome
from generations.query.value import Scalar, Value


def _constant(call: Call) -> bool:
    return all(isinstance(arg, Constant) for arg in call.args)


def _arithmetic(op: str, sign: str, a: Number, b: Number) -> tuple[Way, Way]:
    """Two numbers added, subtracted or multiplied: as integers, and as doubles."""
    double = f"({a.double} {sign} {b.double})"
    text = tagged.from_wide(_wide(sign, [a, b]), double)
    whole = Way(tagged.all_of([a.whole, b.whole]), "integer", f"({a.integer} {sign} {b.integer})", (_fits(op, sign, [a, b]),), text)
    return whole, Way("1", "number", double)


def _wide(sign: str, numbers: Sequence[Number]) -> str:
    """Integers combined with 128 bits."""
    return f" {sign} ".join(f"toInt128({number.integer})" for number in numbers)


def _fits(op: str, sign: str, numbers: Sequence[Number]) -> Test:
    """Fails where integers combined leave 64 bits; the doubles tell but near the edge."""
    size = f"abs({f' {sign} '.join(number.double for number in numbers)})"
    wide = _wide(sign, numbers)
    edge = f"ifNull(toInt64({wide}) != {wide}, 0)"
    beyond = f"multiIf(ifNull({size} < 9200000000000000000., 1), 0, {size} > 10000000000000000000., 1, {edge})"
    return fail_where(beyond, f"{op}: the result is an integer beyond 64 bits")


_DATE_OVERFLOW = "date overflow"


# --- $add, $multiply --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sum:
    """`$add` or `$multiply`: an operation of two arguments, folded from the left."""

    sign: str
    start: int
    complaint: str
    dates: bool


_SUMS = {
    "$add": _Sum("+", 0, "$add only supports numeric or date types", dates=True),
    "$multiply": _Sum("*", 1, "$multiply only supports numeric types", dates=False),
}


@operator("$add", "$multiply")
def _add_multiply(scope: Scope, call: Call) -> Value:
    kind = _SUMS[call.op]
    values = [scope.value(arg) for arg in call.args]
    scalars = [value for value in values if isinstance(value, Scalar) and value.type in ("integer", "number")]
    if len(scalars) == len(values) > 1 and not _constant(call):
        return _of_columns(call.op, kind.sign, scalars)
    start = Scalar(f"toInt64({kind.start})", "integer", nullable=False)
    return reduce(lambda left, right: _step(call.op, kind, left, right), values if len(values) > 1 else [start, *values])


def _of_columns(op: str, sign: str, scalars: Sequence[Scalar]) -> Value:
    """Typed numbers, from left to right: the first double makes doubles of the rest, the integers before it may overflow."""
    frame = Frame()
    numbers = [frame.number(scalar) for scalar in scalars]
    leading = next((i for i, scalar in enumerate(scalars) if scalar.type == "number"), len(scalars))
    tests = [null_where(*(number.absent for number in numbers))]
    if leading > 1:
        tests.append(_fits(op, sign, numbers[:leading]))
    sql = f" {sign} ".join(number.integer if number.whole == "1" else number.double for number in numbers)
    return frame.scalar("integer" if leading == len(scalars) else "number", tests, f"({sql})")


def _step(op: str, kind: _Sum, left: Value, right: Value) -> Value:
    """Two arguments, the left one judged before the right one."""
    frame = Frame()
    a, b = (frame.number(value, dates=kind.dates) for value in (left, right))
    tests: list[Test] = []
    for number in (a, b):
        tests += [null_where(number.absent), fail_where(number.wrong, kind.complaint)]
    whole, double = _arithmetic(op, kind.sign, a, b)
    if not kind.dates:
        return outcome(frame, tests, [whole, double], typed=False)
    tests.append(fail_where(tagged.all_of([a.date, b.date]), "only one date allowed in an $add expression"))
    return outcome(frame, tests, [whole, _moved(a, "+", b), _moved(b, "+", a), double], typed=False)


def _moved(date: Number, sign: str, number: Number) -> Way:
    moment, too_far = later(date.instant, sign, number)

    def text(at: str) -> str:
        beyond = tagged.fails(tagged.any_of([too_far, f"NOT ({fits(at)})"]), _DATE_OVERFLOW)
        return tagged.choose([(beyond, "''")], tagged.from_instant(from_micros(at)))

    tests = (fail_where(too_far, _DATE_OVERFLOW), fail_where(f"NOT ({fits(moment)})", _DATE_OVERFLOW))
    return Way(date.date, "instant", from_micros(moment), tests, tagged.let(moment, text))


# --- $subtract, $divide, $mod -----------------------------------------------------------------------------------------


@operator("$subtract")
def _subtract(scope: Scope, call: Call) -> Value:
    frame = Frame()
    a, b = (frame.number(scope.value(arg), dates=True) for arg in call.args)
    misfit = tagged.all_of([b.date, tagged.none_of(a.date)])
    complaint = "can't $subtract these types: it takes numbers, two dates, or a date and a number"
    tests = [null_where(a.absent, b.absent), fail_where(tagged.any_of([a.wrong, b.wrong, misfit]), complaint)]
    whole, double = _arithmetic("$subtract", "-", a, b)
    apart = Way(tagged.all_of([a.date, b.date]), "integer", f"({millis(a.instant)} - {millis(b.instant)})")
    return outcome(frame, tests, [whole, apart, _moved(a, "-", b), double], typed=not _constant(call))


@operator("$divide")
def _divide(scope: Scope, call: Call) -> Value:
    frame = Frame()
    a, b = (frame.number(scope.value(arg)) for arg in call.args)
    tests = [null_where(a.absent, b.absent), fail_where(tagged.any_of([a.wrong, b.wrong]), "$divide only supports numeric types")]
    if not _is_other_than_zero(call):
        tests.append(fail_where(f"{b.double} = 0", "can't $divide by zero"))
    return frame.scalar("number", tests, f"({a.double} / {b.double})")


def _is_other_than_zero(call: Call) -> bool:
    """Whether the divisor is a constant that needs no test in the rows."""
    divisor = call.args[1]
    return isinstance(divisor, Constant) and isinstance(divisor.value, int | float) and divisor.value not in (0, False)


@operator("$mod")
def _mod(scope: Scope, call: Call) -> Value:
    """The sign is the dividend's; integers are guarded here against what the engine cannot divide."""
    frame = Frame()
    a, b = (frame.number(scope.value(arg)) for arg in call.args)
    tests = [null_where(a.absent, b.absent), fail_where(tagged.any_of([a.wrong, b.wrong]), "$mod only supports numeric types")]
    if not _is_other_than_zero(call):
        tests.append(fail_where(f"{b.double} = 0", "can't $mod by zero"))
    whole = Way(tagged.all_of([a.whole, b.whole]), "integer", f"({a.integer} % if({b.integer} IN (0, -1), 1, {b.integer}))")
    if whole.condition == "1":
        return outcome(frame, tests, [whole])
    rest, exact = remainder(frame.inner(a.double), frame.inner(b.double))
    beyond = fail_where(f"NOT ({exact})", "$mod: the remainder of numbers of such different size is not supported")
    return outcome(frame, tests, [whole, Way("1", "number", rest, (beyond,))])
