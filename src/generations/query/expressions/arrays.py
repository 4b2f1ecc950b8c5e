"""`$size $arrayElemAt $in $first $last $firstN $lastN $slice $concatArrays $isArray $range $reverseArray $zip $indexOfArray`."""

from __future__ import annotations

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope, failure, operator
from generations.query.expression import ArrayOf, Call, Constant, Expression
from generations.query.expressions.compare import compared
from generations.query.expressions.operands import INT32, array_only, array_or_null, joined, mapped, whole, whole_of
from generations.query.value import Open, Scalar, Strings, Tagged, Value, to_tagged

_NOT_NEGATIVE = range(2**31)
_POSITIVE = range(1, 2**63)


# --- whole arrays -----------------------------------------------------------------------------------------------------


@operator("$size")
def _size(scope: Scope, call: Call) -> Value:
    value = scope.value(call.args[0])
    complaint = "The argument to $size must be an array"
    match value:
        case Strings(sql, test):
            size = f"if(notEmpty({sql}), length({sql}), {failure(f"{test} != '[]'", complaint, '0')})"
        case Open(text, path, plain=plain) if not path and (plain is None or text == f"{value.text}"):
            size = failure(f"NOT {tagged.is_array(text)}", complaint, f"JSONLength({text})")
        case _:
            size = array_only(to_tagged(value), complaint, lambda v: f"JSONLength({v})")
    return Scalar(f"toInt64({size})", "integer", nullable=False)


@operator("$isArray")
def _is_array(scope: Scope, call: Call) -> Value:
    value = scope.value(call.args[0])
    match value:
        case Scalar():
            test = "false"
        case Strings(sql, empty):
            test = f"(notEmpty({sql}) OR {empty} = '[]')"
        case Open(text, ()):
            test = tagged.is_array(text)
        case _:
            test = tagged.let(to_tagged(value), tagged.is_array)
    return Scalar(test, "bool", nullable=False)


@operator("$concatArrays")
def _concat(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        return joined(f"arrayConcat({', '.join(tagged.elements(name) for name in names)})")

    if not call.args:
        return Tagged("'[]'")
    return Tagged(arrays_or_null([scope.text(arg) for arg in call.args], "$concatArrays only supports arrays", body))


@operator("$reverseArray")
def _reverse(scope: Scope, call: Call) -> Value:
    def body(v: str) -> str:
        return joined(f"arrayReverse({tagged.elements(v)})")

    return Tagged(array_or_null(scope.text(call.args[0]), "The argument to $reverseArray must be an array", body))


def arrays_or_null(values: list[str], complaint: str, body: Callable[[list[str]], str]) -> str:
    """Tagged text from arrays, read in order: the first that is null or missing gives null, before it no array is an error."""

    def rest(values: list[str], names: list[str]) -> str:
        if not values:
            return body(names)
        return array_or_null(values[0], complaint, lambda v: rest(values[1:], [*names, v]))

    return rest(values, [])


# --- elements ---------------------------------------------------------------------------------------------------------


@operator("$arrayElemAt")
def _element_at(scope: Scope, call: Call) -> Value:
    array, index = call.args

    def at(v: str, i: str) -> str:
        return f"JSONExtractRaw({v}, if({i} < 0, {i}, {i} + 1))"

    def body(v: str) -> str:
        if constant_whole(index) is not None:
            return whole(scope, index, "", lambda i: at(v, i))
        complaint = "$arrayElemAt's second argument must be a whole number of 32 bits"
        return tagged.let(scope.text(index), lambda t: f"if({tagged.is_nullish(t)}, 'null', {whole_of(t, complaint, lambda i: at(v, i))})")

    return Tagged(array_or_null(scope.text(array), "$arrayElemAt's first argument must be an array", body))
