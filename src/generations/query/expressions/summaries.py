"""`$sum $avg $min $max $stdDevPop $stdDevSamp $percentile $median` of one array, or of several arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope, failure, operator, same_type
from generations.query.expression import ArrayOf, Call, Constant
from generations.query.expressions.folds import in_order
from generations.query.expressions.operands import mapped
from generations.query.value import Scalar, Tagged, Value, to_tagged

_SHORT = 80
"""SQL texts of at most this length may be written twice."""


@operator("$sum")
def _sum(scope: Scope, call: Call) -> Value:
    values = [scope.value(arg) for arg in call.args]
    typed = _typed_sum(values)
    if typed is not None and not all(isinstance(arg, Constant) for arg in call.args):
        return typed

    def body(numbers: str) -> str:
        x = tagged.fresh()
        integers = f"arraySum(arrayMap({x} -> toInt128OrZero({x}), {numbers}))"
        double = tagged.from_float(_total(numbers))

        def whole(i: str) -> str:
            fits = f"arrayAll({x} -> {tagged.is_integer(x)}, {numbers}) AND {i} BETWEEN {-(2**63)} AND {2**63 - 1}"
            return f"if({fits}, toString({i}), {double})"

        return tagged.let(integers, whole)

    return Tagged(tagged.let(_numbers(values), body))


def _typed_sum(values: Sequence[Value]) -> Scalar | None:
    """The sum of typed integers. It fails where it leaves 64 bits: a typed result cannot turn into a double for some rows."""
    scalars = [value for value in values if isinstance(value, Scalar) and value.type == "integer" and len(value.sql) <= _SHORT]
    if not scalars or len(scalars) < len(values):
        return None
    terms = [f"ifNull({value.sql}, 0)" if value.nullable else value.sql for value in scalars]
    total = " + ".join(terms)
    if len(terms) > 1:
        size = " + ".join(f"toFloat64({term})" for term in terms)
        total = failure(f"abs({size}) >= 9223372036854775808.", "$sum: the result is an integer beyond 64 bits", total)
    return Scalar(total, "integer", nullable=False)


@operator("$avg")
def _avg(scope: Scope, call: Call) -> Value:
    def body(numbers: str) -> str:
        return f"if(empty({numbers}), 'null', {tagged.from_float(f'{_total(numbers)} / length({numbers})')})"

    return Tagged(tagged.let(_numbers([scope.value(arg) for arg in call.args]), body))


@operator("$stdDevPop", "$stdDevSamp")
def _deviation(scope: Scope, call: Call) -> Value:
    fewer = 0 if call.op == "$stdDevPop" else 1

    def body(numbers: str) -> str:
        deviation = f"sqrt({_squares(_floats(numbers))} / (length({numbers}) - {fewer}))"
        return f"if(length({numbers}) <= {fewer}, 'null', {tagged.from_float(deviation)})"

    return Tagged(tagged.let(_numbers([scope.value(arg) for arg in call.args]), body))


@operator("$min", "$max")
def _extreme(scope: Scope, call: Call) -> Value:
    values = [scope.value(arg) for arg in call.args]
    typed = _typed_extreme(call.op, values)
    if typed is not None:
        return typed
    x = tagged.fresh()
    present = f"arrayFilter({x} -> NOT {tagged.is_nullish(x)}, {_items(values)})"
    first = f"{in_order(present, (), 1 if call.op == '$min' else -1)}[1]"
    return Tagged(tagged.let(first, lambda v: f"if({v} = '', 'null', {v})"))


def _typed_extreme(op: str, values: list[Value]) -> Scalar | None:
    """The extreme of typed values of one type that no NaN can be among."""
    scalars = [value for value in values if isinstance(value, Scalar)]
    kind = same_type(values)
    if not scalars or len(scalars) < len(values) or kind not in ("integer", "string", "instant"):
        return None
    nullable = all(value.nullable for value in scalars)
    if len(scalars) == 1:
        return Scalar(scalars[0].sql, kind, nullable)
    function = "least" if op == "$min" else "greatest"
    return Scalar(f"{function}({', '.join(value.sql for value in scalars)})", kind, nullable)


# --- percentiles ------------------------------------------------------------------------------------------------------


@operator("$median")
def _median(scope: Scope, call: Call) -> Value:
    _check_method(call)
    return Tagged(tagged.let(_samples(scope, call), lambda samples: _at_rank(samples, scope.context.number(0.5))))


@operator("$percentile")
def _percentile(scope: Scope, call: Call) -> Value:
    """Discrete: each percentile is one of the numbers, as MongoDB computes this expression (not the accumulator)."""
    _check_method(call)
    ranks = [scope.context.bind(p, "Float64") for p in _fractions(call)]
    return Tagged(tagged.let(_samples(scope, call), lambda samples: tagged.array_of([_at_rank(samples, p) for p in ranks])))


def _check_method(call: Call) -> None:
    method = call.named["method"]
    if not isinstance(method, Constant) or method.value != "approximate":
        raise invalid(f"method of {call.op} must be 'approximate'", pointer(call.path, "method"))


def _fractions(call: Call) -> list[float]:
    node = call.named["p"]
    at = pointer(call.path, "p")
    given: Any = node.value if isinstance(node, Constant) else None
    if isinstance(node, ArrayOf):
        given = [item.value if isinstance(item, Constant) else None for item in node.items]
    values = cast("list[Any]", given) if isinstance(given, list) else []
    if not values:
        raise invalid("p must be a list of numbers from 0 to 1", at)
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise invalid("a percentile is a number from 0 to 1", pointer(at, i))
    return [float(value) for value in values]


def _samples(scope: Scope, call: Call) -> str:
    """The numbers of an array in order, without NaN; a number alone; none of anything else."""
    x = tagged.fresh()

    def body(v: str) -> str:
        listed = f"arraySort(arrayFilter({x} -> NOT isNaN({x}), {_floats(_only_numbers(tagged.elements(v)))}))"
        return f"if({tagged.is_array(v)}, {listed}, {_floats(_only_numbers(f'[{v}]'))})"

    return tagged.let(scope.text(call.named["input"]), body)


def _at_rank(samples: str, p: str) -> str:
    rank = f"greatest(toInt64(ceil(length({samples}) * {p})), 1)"
    return f"if(empty({samples}), 'null', {tagged.from_float(f'{samples}[{rank}]')})"


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(values: Sequence[Value]) -> str:
    """The numbers among the arguments, or inside the only one, as an Array(String) of tagged values."""
    return _only_numbers(_items(values))


def _items(values: Sequence[Value]) -> str:
    """The arguments as tagged values; the elements of the only one when it is an array."""
    texts = [to_tagged(value) for value in values]
    if not texts:
        return "emptyArrayString()"
    if len(texts) == 1:
        return tagged.let(texts[0], lambda v: f"if({tagged.is_array(v)}, {tagged.elements(v)}, [{v}])")
    return f"[{', '.join(texts)}]"


def _only_numbers(items: str) -> str:
    x = tagged.fresh()
    return f"arrayFilter({x} -> {tagged.is_number(x)}, {items})"


def _floats(numbers: str) -> str:
    x = tagged.fresh()
    return mapped(x, tagged.to_float(x), numbers)


def _total(numbers: str) -> str:
    """The sum as a Float64, rounded once: each addition's error is kept beside it, and what a double leaves of an integer."""
    a, x = tagged.fresh(), tagged.fresh()
    left = f"if({tagged.is_integer(x)}, toFloat64(toInt128OrZero({x}) - toInt128(toFloat64OrZero({x}))), 0.)"
    both = f"arrayConcat({_floats(numbers)}, arrayMap({x} -> {left}, {numbers}))"
    sum_, taken = f"({a}.1 + {x})", f"(({a}.1 + {x}) - {a}.1)"
    step = f"({a}, {x}) -> ({sum_}, {a}.2 + (({a}.1 - ({sum_} - {taken})) + ({x} - {taken})))"
    exact = tagged.let(f"arrayFold({step}, {both}, (0., 0.))", lambda s: f"{s}.1 + {s}.2")
    return tagged.let(f"arraySum({_floats(numbers)})", lambda plain: f"if(isFinite({plain}), {exact}, {plain})")


def _squares(floats: str) -> str:
    """The sum of the squares of the distances from the mean, by Welford's method: (count, mean, sum) step by step."""
    a, x = tagged.fresh(), tagged.fresh()
    distance = f"({x} - {a}.2)"
    mean = f"({a}.2 + {distance} / ({a}.1 + 1))"
    return f"arrayFold(({a}, {x}) -> ({a}.1 + 1., {mean}, {a}.3 + {distance} * ({x} - {mean})), {floats}, (0., 0., 0.)).3"
