"""Arrays and sets."""

from collections.abc import Sequence
from typing import Any

from .expressions import Scope, check_names, eager, lazy
from .expressions_conditions import check_variable
from .expressions_strings import check_index
from .order import distinct_values, equal, group_key, in_order, sort_elements
from .values import INT32, MISSING, fits, is_nullish, is_number, is_true, is_whole, need, type_name


@eager("$size")
def _size(array: Any) -> int:
    need(isinstance(array, list), f"The argument to $size must be an array, but was of type: {type_name(array)}", 17124)
    return len(array)


@eager("$arrayElemAt", 2, 2)
def _array_elem_at(array: Any, index: Any) -> Any:
    """A negative index counts from the end; beyond the end there is nothing."""
    if is_nullish(array) or is_nullish(index):
        return None
    need(isinstance(array, list), f"$arrayElemAt's first argument must be an array, but is {type_name(array)}", 28689)
    need(is_number(index), f"$arrayElemAt's second argument must be numeric, but is {type_name(index)}", 28690)
    need(is_whole(index) and fits(index, INT32), f"$arrayElemAt's second argument must be a whole number: {index}", 28691)
    return array[int(index)] if -len(array) <= index < len(array) else MISSING


@eager("$first")
def _first(array: Any) -> Any:
    return _array_elem_at_end("$first", array, 0)


@eager("$last")
def _last(array: Any) -> Any:
    return _array_elem_at_end("$last", array, -1)


def _array_elem_at_end(name: str, array: Any, index: int) -> Any:
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"{name}'s argument must be an array, but is {type_name(array)}", 28689)
    return array[index] if array else MISSING


@eager("$in", 2, 2)
def _in(value: Any, array: Any) -> bool:
    need(isinstance(array, list), f"$in requires an array as a second argument, found: {type_name(array)}", 40081)
    return any(equal(value, item) for item in array)


@lazy("$filter")
def _filter(spec: Any, scope: Scope) -> Any:
    check_names("$filter", spec, ("input", "cond"), ("as", "limit"))
    name = spec.get("as", "this")
    check_variable(name)
    array = scope.evaluate(spec["input"])
    limit = scope.evaluate(spec.get("limit"))
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"input to $filter must be an array not {type_name(array)}", 28651)
    need(is_nullish(limit) or (is_whole(limit) and limit >= 1), "$filter: limit must be a whole number of 1 at least", 327391)
    kept = [item for item in array if is_true(scope.where(**{name: item}).evaluate(spec["cond"]))]
    return kept if is_nullish(limit) else kept[: int(limit)]


@lazy("$map")
def _map(spec: Any, scope: Scope) -> Any:
    check_names("$map", spec, ("input", "in"), ("as",))
    name = spec.get("as", "this")
    check_variable(name)
    array = scope.evaluate(spec["input"])
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"input to $map must be an array not {type_name(array)}", 16883)
    values = [scope.where(**{name: item}).evaluate(spec["in"]) for item in array]
    return [None if value is MISSING else value for value in values]


@lazy("$reduce")
def _reduce(spec: Any, scope: Scope) -> Any:
    check_names("$reduce", spec, ("input", "initialValue", "in"))
    array = scope.evaluate(spec["input"])
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"$reduce requires that 'input' be an array, found: {type_name(array)}", 40080)
    value = scope.evaluate(spec["initialValue"])
    for item in array:
        value = scope.where(value=value, this=item).evaluate(spec["in"])
    return value


@eager("$slice", 2, 3)
def _slice(array: Any, position: Any, count: Any = MISSING) -> Any:
    """The first `position` elements, the last ones when it is negative, or `count` elements from there."""
    if is_nullish(array) or is_nullish(position) or count is None:
        return None
    need(isinstance(array, list), f"First argument to $slice must be an array, but is of type: {type_name(array)}", 28724)
    need(is_whole(position) and fits(position, INT32), "Second argument to $slice must be a whole number", 28725)
    place = int(position)
    if count is MISSING:
        return array[:place] if place >= 0 else array[place:]
    need(is_whole(count) and fits(count, INT32), "Third argument to $slice must be a whole number", 28727)
    need(count > 0, "Third argument to $slice must be positive", 28729)
    begin = place if place >= 0 else max(len(array) + place, 0)
    return array[begin : begin + int(count)]


@eager("$concatArrays", 0, None)
def _concat_arrays(*arrays: Any) -> Any:
    joined: list[Any] = []
    for array in arrays:
        if is_nullish(array):
            return None
        need(isinstance(array, list), f"$concatArrays only supports arrays, not {type_name(array)}", 28664)
        joined += array
    return joined


@eager("$range", 2, 3)
def _range(start: Any, end: Any, step: Any = 1) -> list[int]:
    for value in (start, end, step):
        need(is_number(value), f"$range requires numbers, found: {type_name(value)}", 34443)
        need(is_whole(value) and fits(value, INT32), f"$range requires 32-bit whole numbers, found: {value}", 34444)
    need(step != 0, "$range requires a non-zero step value", 34449)
    return list(range(int(start), int(end), int(step)))


@eager("$reverseArray")
def _reverse_array(array: Any) -> Any:
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"The argument to $reverseArray must be an array, but was of type: {type_name(array)}", 34435)
    return array[::-1]


@lazy("$sortArray")
def _sort_array(spec: Any, scope: Scope) -> Any:
    check_names("$sortArray", spec, ("input", "sortBy"))
    sort_by = spec["sortBy"]
    array = scope.evaluate(spec["input"])
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"The input argument to $sortArray must be an array, but was of type: {type_name(array)}", 2942504)
    if isinstance(sort_by, dict):
        return sort_elements(array, sort_by)
    need(is_number(sort_by) and sort_by in (1, -1), "a sort direction is 1 or -1", 2942506)
    return in_order(array, descending=sort_by == -1)


@lazy("$zip")
def _zip(spec: Any, scope: Scope) -> Any:
    check_names("$zip", spec, ("inputs",), ("useLongestLength", "defaults"))
    longest = spec.get("useLongestLength", False)
    need(isinstance(longest, bool), "useLongestLength must be a bool", 34463)
    need("defaults" not in spec or longest, "cannot specify defaults unless useLongestLength is true", 34466)
    need(isinstance(spec["inputs"], list), "inputs must be an array of expressions", 34461)
    need(len(spec["inputs"]) > 0, "$zip requires at least one input array", 34465)
    defaults = spec.get("defaults", [])
    need(isinstance(defaults, list), "defaults must be an array of expressions", 34462)
    need(not defaults or len(defaults) == len(spec["inputs"]), "defaults and inputs must have the same length", 34467)
    arrays = [scope.evaluate(item) for item in spec["inputs"]]
    if any(is_nullish(array) for array in arrays):
        return None
    for array in arrays:
        need(isinstance(array, list), f"$zip found a non-array expression in input: {type_name(array)}", 34468)
    fill = [_or_null(scope.evaluate(item)) for item in defaults] or [None] * len(arrays)
    length = max(map(len, arrays)) if longest else min(map(len, arrays))
    return [[array[i] if i < len(array) else fill[n] for n, array in enumerate(arrays)] for i in range(length)]


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value


@eager("$indexOfArray", 2, 4)
def _index_of_array(array: Any, wanted: Any, start: Any = 0, end: Any = MISSING) -> Any:
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"$indexOfArray requires an array as a first argument, found: {type_name(array)}", 40090)
    begin = check_index("$indexOfArray", start)
    stop = len(array) if end is MISSING else check_index("$indexOfArray", end)
    return next((index for index, item in enumerate(array) if begin <= index < stop and equal(item, wanted)), -1)


@lazy("$allElementsTrue")
def _all_elements_true(spec: Any, scope: Scope) -> bool:
    return all(is_true(item) for item in _only_array("$allElementsTrue", spec, scope, 17040))


@lazy("$anyElementTrue")
def _any_element_true(spec: Any, scope: Scope) -> bool:
    return any(is_true(item) for item in _only_array("$anyElementTrue", spec, scope, 17041))


def _only_array(name: str, spec: Any, scope: Scope, code: int) -> list[Any]:
    operands = spec if isinstance(spec, list) else [spec]
    need(len(operands) == 1, f"{name} takes 1 operand", 16020)
    array = scope.evaluate(operands[0])
    need(isinstance(array, list), f"{name}'s argument must be an array, but is {type_name(array)}", code)
    return array


@eager("$setEquals", 2, None)
def _set_equals(*sets: Any) -> bool:
    _check_sets("$setEquals", sets, 17044)
    return all(_keys(other) == _keys(sets[0]) for other in sets[1:])


@eager("$setIsSubset", 2, 2)
def _set_is_subset(part: Any, whole: Any) -> bool:
    _check_sets("$setIsSubset", (part, whole), 17046)
    return _keys(part) <= _keys(whole)


@eager("$setUnion", 0, None)
def _set_union(*sets: Any) -> Any:
    """Without order in MongoDB; in BSON order here."""
    if any(is_nullish(item) for item in sets):
        return None
    _check_sets("$setUnion", sets, 17043)
    return in_order(distinct_values(item for array in sets for item in array))


@eager("$setIntersection", 0, None)
def _set_intersection(*sets: Any) -> Any:
    """Without order in MongoDB; in BSON order here."""
    if any(is_nullish(item) for item in sets):
        return None
    _check_sets("$setIntersection", sets, 17047)
    if not sets:
        return []
    return in_order(item for item in distinct_values(sets[0]) if all(group_key(item) in _keys(other) for other in sets[1:]))


@eager("$setDifference", 2, 2)
def _set_difference(left: Any, right: Any) -> Any:
    """In the order of the first."""
    if is_nullish(left) or is_nullish(right):
        return None
    _check_sets("$setDifference", (left, right), 17048)
    return [item for item in distinct_values(left) if group_key(item) not in _keys(right)]


def _check_sets(name: str, sets: Sequence[Any], code: int) -> None:
    for item in sets:
        need(isinstance(item, list), f"All operands of {name} must be arrays; one is of type {type_name(item)}", code)


def _keys(array: list[Any]) -> set[Any]:
    return {group_key(item) for item in array}
