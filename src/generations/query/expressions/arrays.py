"""`$size $isArray $concatArrays $reverseArray $arrayElemAt $first $last $firstN $lastN $slice $in $indexOfArray $range $zip`."""

from __future__ import annotations

from typing import Any, cast

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope, failure, operator
from generations.query.expression import ArrayOf, Call, Constant, Expression
from generations.query.expressions.compare import compared
from generations.query.expressions.operands import (
    array_only,
    array_or_null,
    arrays_or_null,
    joined,
    known_whole,
    mapped,
    unless_null,
    whole,
    whole_of,
)
from generations.query.value import Open, Scalar, Strings, Tagged, Value, to_tagged

_NOT_NEGATIVE = range(2**31)
_POSITIVE = range(1, 2**31)


# --- whole arrays -----------------------------------------------------------------------------------------------------


@operator("$size")
def _size(scope: Scope, call: Call) -> Value:
    value = scope.value(call.args[0])
    complaint = "The argument to $size must be an array"
    match value:
        case Strings(sql, test):
            none = failure(f"{test} != '[]'", complaint, "toUInt64(0)")
            size = f"if(notEmpty({sql}), length({sql}), {none})"
        case Open(text, ()):
            size = failure(f"NOT {tagged.is_array(text)}", complaint, f"JSONLength({text})")
        case _:
            size = array_only(to_tagged(value), complaint, lambda v: f"JSONLength({v})")
    return Scalar(f"toInt64({size})", "integer", nullable=False)


@operator("$isArray")
def _is_array(scope: Scope, call: Call) -> Value:
    value = scope.value(call.args[0])
    match value:
        case Scalar(sql) if tagged.LOOSE not in sql:
            test = "false"
        case Strings(sql, empty):
            test = f"(notEmpty({sql}) OR {empty} = '[]')"
        case Open(text, (), starts=starts):
            test = f"({starts} = '[')" if starts else tagged.is_array(text)
        case _:
            test = tagged.let(to_tagged(value), tagged.is_array)
    return Scalar(test, "bool", nullable=False)


@operator("$concatArrays")
def _concat(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        return joined(f"arrayConcat({', '.join(tagged.elements(name) for name in names)})") if names else "'[]'"

    return Tagged(arrays_or_null([scope.text(arg) for arg in call.args], "$concatArrays only supports arrays", body))


@operator("$reverseArray")
def _reverse(scope: Scope, call: Call) -> Value:
    def body(v: str) -> str:
        return joined(f"arrayReverse({tagged.elements(v)})")

    return Tagged(array_or_null(scope.text(call.args[0]), "The argument to $reverseArray must be an array", body))


# --- elements and parts -----------------------------------------------------------------------------------------------


@operator("$arrayElemAt")
def _element_at(scope: Scope, call: Call) -> Value:
    array, index = call.args
    complaint = "$arrayElemAt's first argument must be an array"

    def at(v: str, i: str) -> str:
        return f"JSONExtractRaw({v}, if({i} < 0, {i}, {i} + 1))"

    known = known_whole(scope, index)
    if known:
        return Tagged(array_or_null(scope.text(array), complaint, lambda v: at(v, known)))

    def body(names: list[str]) -> str:
        v, i = names
        element = whole_of(i, "$arrayElemAt's second argument must be a whole number of 32 bits", lambda n: at(v, n))
        return failure(f"NOT {tagged.is_array(v)}", complaint, element)

    return Tagged(unless_null([scope.text(array), scope.text(index)], body))


@operator("$first", "$last")
def _first_last(scope: Scope, call: Call) -> Value:
    index = 1 if call.op == "$first" else -1
    complaint = f"{call.op}'s argument must be an array"
    return Tagged(array_or_null(scope.text(call.args[0]), complaint, lambda v: f"JSONExtractRaw({v}, {index})"))


@operator("$firstN", "$lastN")
def _first_last_n(scope: Scope, call: Call) -> Value:
    def body(v: str) -> str:
        def part(n: str) -> str:
            return joined(f"arraySlice({tagged.elements(v)}, {'1' if call.op == '$firstN' else f'-{n}'}, {n})")

        return whole(scope, call.named["n"], f"n of {call.op} must be a whole number greater than 0", part, _POSITIVE)

    return Tagged(array_only(scope.text(call.named["input"]), f"input of {call.op} must be an array", body))


@operator("$slice")
def _slice(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        v, position, *count = names

        def part(p: str) -> str:
            if not count:
                return joined(f"if({p} < 0, arraySlice({tagged.elements(v)}, {p}), arraySlice({tagged.elements(v)}, 1, {p}))")
            return whole_of(count[0], "$slice's third argument must be a whole number greater than 0", lambda n: between(p, n), _POSITIVE)

        def between(p: str, n: str) -> str:
            begin = f"if({p} < 0, greatest(toInt64(length({tagged.elements(v)})) + {p}, 0), {p}) + 1"
            return joined(f"arraySlice({tagged.elements(v)}, {begin}, {n})")

        parts = whole_of(position, "$slice's second argument must be a whole number of 32 bits", part)
        return failure(f"NOT {tagged.is_array(v)}", "$slice's first argument must be an array", parts)

    return Tagged(unless_null([scope.text(arg) for arg in call.args], body))


# --- search -----------------------------------------------------------------------------------------------------------


@operator("$in")
def _in(scope: Scope, call: Call) -> Value:
    value, array = scope.value(call.args[0]), call.args[1]
    items = _constants(array)
    if isinstance(value, Scalar) and items is not None:
        return Scalar(_is_one_of(scope, value, items), "bool", nullable=False)
    complaint = "$in requires an array as its second argument"
    among = scope.value(array)
    if isinstance(among, Strings) and isinstance(value, Scalar) and value.type == "string" and not value.nullable:
        none = failure(f"{among.test} != '[]'", complaint, "toUInt8(0)")
        return Scalar(f"if(notEmpty({among.sql}), has({among.sql}, {value.sql}), {none})", "bool", nullable=False)

    def body(v: str) -> str:
        return f"has({tagged.elements(tagged.equality(v))}, {tagged.equality(to_tagged(value))})"

    return Scalar(array_only(to_tagged(among), complaint, body), "bool", nullable=False)


def _constants(node: Expression) -> list[Constant] | None:
    """The constants that a literal array consists of; None when it is something else."""
    match node:
        case ArrayOf(items):
            constants = [item for item in items if isinstance(item, Constant)]
            return constants if len(constants) == len(items) else None
        case Constant(value) if isinstance(value, list):
            return [Constant(item) for item in cast("list[Any]", value)]
        case _:
            return None


def _is_one_of(scope: Scope, value: Scalar, items: list[Constant]) -> str:
    if value.type == "string" and items and all(isinstance(item.value, str) for item in items):
        listed = scope.context.bind([item.value for item in items], "Array(String)")
        return f"ifNull(has({listed}, {value.sql}), 0)"
    return f"({' OR '.join(compared('$eq', value, scope.constant(item.value)) for item in items) or 'false'})"


@operator("$indexOfArray")
def _index_of(scope: Scope, call: Call) -> Value:
    array, wanted, *bounds = call.args

    def body(v: str) -> str:
        return bounded(v, list(bounds), [])

    def bounded(v: str, left: list[Expression], names: list[str]) -> str:
        if left:
            complaint = "$indexOfArray requires whole numbers that are not negative as bounds"
            return whole(scope, left[0], complaint, lambda n: bounded(v, left[1:], [*names, n]), _NOT_NEGATIVE)
        keys = tagged.elements(tagged.equality(v))
        return tagged.let(tagged.equality(scope.text(wanted)), lambda key: f"toString(toInt64({_position(keys, key, names)}) - 1)")

    return Tagged(array_or_null(scope.text(array), "$indexOfArray requires an array as its first argument", body))


def _position(keys: str, key: str, bounds: list[str]) -> str:
    """Where a key stands first, from 1, at or after the first bound and before the second; 0 when it is not there."""
    if not bounds:
        return f"indexOf({keys}, {key})"
    k, i = tagged.fresh(), tagged.fresh()
    inside = " AND ".join([f"{k} = {key}", f"{i} > {bounds[0]}", *(f"{i} <= {end}" for end in bounds[1:])])
    return f"arrayFirstIndex({tagged.function([k, i], inside)}, {keys}, arrayEnumerate({keys}))"


# --- made arrays ------------------------------------------------------------------------------------------------------


@operator("$range")
def _range(scope: Scope, call: Call) -> Value:
    complaint = "$range requires whole numbers of 32 bits, and a step that is not 0"

    def bounded(left: list[Expression], names: list[str]) -> str:
        if left:
            return whole(scope, left[0], complaint, lambda n: bounded(left[1:], [*names, n]))
        start, end, step = names if len(names) == 3 else (*names, "toInt64(1)")
        x = tagged.fresh()
        # an engine's range must not be asked for a step of 0
        numbers = f"range({start}, {end}, if({step} = 0, 1, {step}))"
        return failure(f"{step} = 0", complaint, joined(mapped(x, f"toString({x})", numbers)))

    return Tagged(bounded(list(call.args), []))


@operator("$zip")
def _zip(scope: Scope, call: Call) -> Value:
    inputs, defaults = call.named["inputs"], call.named.get("defaults")
    longest = call.named["useLongestLength"] == Constant(True)
    if not isinstance(inputs, ArrayOf) or not inputs.items:
        raise invalid("inputs of $zip must be a list of at least one expression", pointer(call.path, "inputs"))
    if defaults and (not isinstance(defaults, ArrayOf) or len(defaults.items) not in (0, len(inputs.items))):
        raise invalid("defaults of $zip must be a list as long as inputs", pointer(call.path, "defaults"))
    fills = [scope.text(item) for item in defaults.items] if isinstance(defaults, ArrayOf) else []

    def body(names: list[str]) -> str:
        lengths = ", ".join(f"length({tagged.elements(name)})" for name in names)
        length = f"{'greatest' if longest else 'least'}({lengths})" if len(names) > 1 else lengths
        i = tagged.fresh()
        row = tagged.array_of([_zipped(name, i, fills[n] if fills else "'null'") for n, name in enumerate(names)])
        return joined(mapped(i, row, f"range(1, {length} + 1)"))

    return Tagged(arrays_or_null([scope.text(item) for item in inputs.items], "$zip found what is no array in inputs", body))


def _zipped(array: str, index: str, default: str) -> str:
    """The element at an index, or the default beyond the end; an element is never missing."""
    return tagged.let(f"{tagged.elements(array)}[{index}]", lambda element: f"if({element} = '', {default}, {element})")
