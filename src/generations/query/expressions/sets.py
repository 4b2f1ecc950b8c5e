"""Arrays as sets, `$setUnion` and its kin, `$anyElementTrue $allElementsTrue`: 5 and 5.0 are one element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generations.query import tagged
from generations.query.evaluate import Scope, operator, truth
from generations.query.expressions.operands import array_only, arrays_only, joined, unless_null
from generations.query.value import Scalar, Tagged, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from generations.query.expression import Call


@operator("$setUnion")
def _union(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        return joined(distinct(f"arrayConcat({', '.join(tagged.elements(name) for name in names)})")) if names else "'[]'"

    return _set(scope, call, body)


@operator("$setIntersection")
def _intersection(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        return joined(_kept(distinct(tagged.elements(names[0])), names[1:], "has")) if names else "'[]'"

    return _set(scope, call, body)


@operator("$setDifference")
def _difference(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        return joined(_kept(distinct(tagged.elements(names[0])), names[1:], "NOT has"))

    return _set(scope, call, body)


def _set(scope: Scope, call: Call, body: Callable[[list[str]], str]) -> Value:
    """A set of sets; null when one of them is null or missing, whatever the others are."""
    if not call.args:
        return Tagged(body([]))
    complaint = f"All operands of {call.op} must be arrays"
    return Tagged(unless_null([scope.text(arg) for arg in call.args], lambda names: arrays_only(names, complaint, body)))


@operator("$setEquals")
def _equals(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        first = f"arraySort(arrayDistinct({_keys(names[0])}))"
        return " AND ".join(f"{first} = arraySort(arrayDistinct({_keys(name)}))" for name in names[1:])

    test = arrays_only([scope.text(arg) for arg in call.args], "All operands of $setEquals must be arrays", body)
    return Scalar(f"({test})", "bool", nullable=False)


@operator("$setIsSubset")
def _is_subset(scope: Scope, call: Call) -> Value:
    def body(names: list[str]) -> str:
        return f"hasAll({_keys(names[1])}, {_keys(names[0])})"

    test = arrays_only([scope.text(arg) for arg in call.args], "Both operands of $setIsSubset must be arrays", body)
    return Scalar(test, "bool", nullable=False)


@operator("$anyElementTrue", "$allElementsTrue")
def _element_true(scope: Scope, call: Call) -> Value:
    function = "arrayExists" if call.op == "$anyElementTrue" else "arrayAll"
    x = tagged.fresh()

    def body(v: str) -> str:
        return f"{function}({x} -> {truth(Tagged(x))}, {tagged.elements(v)})"

    return Scalar(array_only(scope.text(call.args[0]), f"{call.op}'s argument must be an array", body), "bool", nullable=False)


def distinct(items: str) -> str:
    """The first of each group of equal tagged values, in order."""
    x, n = tagged.fresh(), tagged.fresh()

    def body(name: str) -> str:
        keys = f"arrayMap({x} -> {tagged.equality(x)}, {name})"
        return f"arrayFilter(({x}, {n}) -> {n} = 1, {name}, arrayEnumerateUniq({keys}))"

    return tagged.let(items, body)


def _kept(items: str, others: list[str], test: str) -> str:
    """The values for which the test holds with each of the other arrays."""
    if not others:
        return items
    x = tagged.fresh()
    tests = " AND ".join(f"{test}({_keys(other)}, {tagged.equality(x)})" for other in others)
    return f"arrayFilter({x} -> {tests}, {items})"


def _keys(array: str) -> str:
    return tagged.elements(tagged.equality(array))
