"""`$map $filter $reduce $sortArray $minN $maxN`: an expression or an order over the elements of an array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope, operator
from generations.query.expressions.operands import array_only, array_or_null, joined, mapped, whole, whole_of
from generations.query.value import Tagged, Value, quote

if TYPE_CHECKING:
    from generations.query.expression import Call, Constant

_POSITIVE = range(1, 2**31)
_ANY_COUNT = range(1, 2**63)


@operator("$map")
def _map(scope: Scope, call: Call) -> Value:
    x = tagged.fresh()
    inner = scope.bind({call.names["as"]: Tagged(x)}).text(call.named["in"])

    def body(v: str) -> str:
        return tagged.array(mapped(x, inner, tagged.elements(v)))

    return Tagged(array_or_null(scope.text(call.named["input"]), "input to $map must be an array", body))


@operator("$filter")
def _filter(scope: Scope, call: Call) -> Value:
    x = tagged.fresh()
    test = scope.bind({call.names["as"]: Tagged(x)}).truth(call.named["cond"])
    limit = call.named.get("limit")

    def body(v: str) -> str:
        kept = f"arrayFilter({tagged.function([x], test)}, {tagged.elements(v)})"
        if limit is None:
            return joined(kept)

        def at_most(n: str) -> str:
            return joined(f"arraySlice({kept}, 1, {n})")

        complaint = "limit of $filter must be a whole number greater than 0"
        return tagged.let(
            scope.text(limit), lambda t: f"if({tagged.is_nullish(t)}, {joined(kept)}, {whole_of(t, complaint, at_most, _POSITIVE)})"
        )

    return Tagged(array_or_null(scope.text(call.named["input"]), "input to $filter must be an array", body))


@operator("$reduce")
def _reduce(scope: Scope, call: Call) -> Value:
    value, this = tagged.fresh(), tagged.fresh()
    inner = scope.bind({"value": Tagged(value), "this": Tagged(this)}).text(call.named["in"])
    initial = scope.text(call.named["initialValue"])

    def body(v: str) -> str:
        step = tagged.function([value, this], f"CAST({inner}, 'String')")
        return f"arrayFold({step}, {tagged.elements(v)}, CAST({initial}, 'String'))"

    return Tagged(array_or_null(scope.text(call.named["input"]), "$reduce requires that input be an array", body))


@operator("$sortArray")
def _sort_array(scope: Scope, call: Call) -> Value:
    orders = _orders(call)

    def body(v: str) -> str:
        items = tagged.elements(v)
        for path, direction in reversed(orders):
            items = in_order(items, path, direction)
        return joined(items)

    return Tagged(array_or_null(scope.text(call.named["input"]), "The input argument to $sortArray must be an array", body))


@operator("$maxN", "$minN")
def _extremes(scope: Scope, call: Call) -> Value:
    direction = -1 if call.op == "$maxN" else 1
    x = tagged.fresh()

    def body(v: str) -> str:
        present = f"arrayFilter({x} -> {x} != 'null', {tagged.elements(v)})"
        complaint = f"n of {call.op} must be a whole number greater than 0"
        ordered = in_order(present, (), direction)
        return whole(scope, call.named["n"], complaint, lambda n: joined(f"arraySlice({ordered}, 1, {n})"), _ANY_COUNT)

    return Tagged(array_only(scope.text(call.named["input"]), f"input of {call.op} must be an array", body))


def in_order(items: str, path: tuple[str, ...], direction: int) -> str:
    """Tagged values in BSON order of what stands at a path inside them; equals keep their order."""
    x, i = tagged.fresh(), tagged.fresh()
    key = tagged.sort_key(_inside(x, path))

    def ordered(name: str) -> str:
        if direction == 1:
            return f"arraySort(({x}, {i}) -> ({key}, {i}), {name}, arrayEnumerate({name}))"
        return f"arrayReverseSort(({x}, {i}) -> ({key}, -toInt64({i})), {name}, arrayEnumerate({name}))"

    return tagged.let(items, ordered)


def _orders(call: Call) -> list[tuple[tuple[str, ...], int]]:
    """The paths and directions of `sortBy`, the empty path for whole elements."""
    by = cast("Constant", call.named["sortBy"])
    value: Any = by.value
    if not isinstance(value, Mapping):
        return [((), _direction(value, by.path))]
    fields = cast("Mapping[str, Any]", value)
    if not fields:
        raise invalid("sortBy of $sortArray must name a field", by.path)
    for name in fields:
        if any(not step or step.startswith("$") for step in name.split(".")):
            raise invalid(f"{name!r} is not a path to sort by", pointer(by.path, name))
    return [(tuple(name.split(".")), _direction(value, pointer(by.path, name))) for name, value in fields.items()]


def _direction(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in (1, -1):
        raise invalid("a direction is 1 or -1", path)
    return int(value)


def _inside(value: str, path: tuple[str, ...]) -> str:
    """The value at a path through objects, and through arrays by index; null when there is none."""
    for step in path:
        value = tagged.let(value, _step(step))
    return tagged.let(value, lambda v: f"if({v} = '', 'null', {v})") if path else value


def _step(name: str) -> Callable[[str], str]:
    def body(v: str) -> str:
        element = f"JSONExtractRaw({v}, {int(name) + 1})" if name.isdecimal() and str(int(name)) == name else "''"
        return f"multiIf({tagged.is_object(v)}, JSONExtractRaw({v}, {quote(name)}), {tagged.is_array(v)}, {element}, '')"

    return body
