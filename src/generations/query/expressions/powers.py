"""`$pow $sqrt $exp $ln $log $log10`."""

from __future__ import annotations

from generations.query import tagged
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call
from generations.query.expressions.arguments import Frame, fail_where, null_where
from generations.query.expressions.outcomes import Way, outcome
from generations.query.value import Value

_DOMAINS = {
    "$sqrt": ("sqrt", "< 0", "$sqrt's argument must be greater than or equal to 0"),
    "$ln": ("log", "<= 0", "$ln's argument must be a positive number"),
    "$log10": ("log10", "<= 0", "$log10's argument must be a positive number"),
    "$exp": ("exp", "", ""),
}
"""The engine's function, and the arguments that it fails for."""


@operator(*_DOMAINS)
def _function(scope: Scope, call: Call) -> Value:
    function, outside, message = _DOMAINS[call.op]
    frame = Frame()
    number = frame.number(scope.value(call.args[0]))
    tests = [null_where(number.absent), fail_where(number.wrong, f"{call.op} only supports numeric types")]
    if outside:
        tests.append(fail_where(f"{number.double} {outside}", message))
    return frame.scalar("number", tests, f"{function}({number.double})")


@operator("$log")
def _log(scope: Scope, call: Call) -> Value:
    frame = Frame()
    number, base = (frame.number(scope.value(arg)) for arg in call.args)
    tests = [
        null_where(number.absent, base.absent),
        fail_where(number.wrong, "$log's argument must be numeric"),
        fail_where(base.wrong, "$log's base must be numeric"),
        fail_where(f"{number.double} <= 0", "$log's argument must be a positive number"),
        fail_where(f"({base.double} <= 0 OR {base.double} = 1)", "$log's base must be a positive number not equal to 1"),
    ]
    return frame.scalar("number", tests, f"(log({number.double}) / log({base.double}))")


@operator("$pow")
def _pow(scope: Scope, call: Call) -> Value:
    """Whole where both arguments are and the result fits into 64 bits, a double elsewhere."""
    frame = Frame()
    base, exponent = (frame.number(scope.value(arg)) for arg in call.args)
    tests = [
        null_where(base.absent, exponent.absent),
        fail_where(base.wrong, "$pow's base must be numeric"),
        fail_where(exponent.wrong, "$pow's exponent must be numeric"),
        fail_where(f"({base.double} = 0 AND {exponent.double} < 0)", "$pow cannot take a base of 0 and a negative exponent"),
    ]
    double = f"pow({base.double}, {exponent.double})"
    whole = tagged.all_of([base.whole, exponent.whole])
    if whole == "0":
        return frame.scalar("number", tests, double)
    step, power = tagged.fresh(), tagged.fresh()
    x, n = (f"assumeNotNull({number.integer})" for number in (base, exponent))
    unit = f"{x} IN (-1, 0, 1)"
    times = f"toUInt8(if({unit}, abs({n}) % 2 + 2 * ({n} != 0), {n}))"
    product = f"arrayFold({tagged.function([power, step], f'{power} * toInt128({x})')}, range({times}), toInt128(1))"
    fits = f"({whole} AND ({unit} OR {n} BETWEEN 0 AND 63 AND abs({double}) < 9300000000000000000.))"
    return outcome(
        frame, tests, [Way(fits, "integer", f"toInt64({product})", text=tagged.from_wide(product, double)), Way("1", "number", double)]
    )
