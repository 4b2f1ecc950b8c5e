"""Accumulators: over the documents of a group or window, and, the ones that are expressions too, over arrays."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from .expressions import Scope, check_names, evaluate, lazy
from .expressions_arithmetic import total_of
from .expressions_objects import merged
from .order import distinct_values, greatest, in_order, least, sort_documents
from .values import MISSING, MongoError, is_nan, is_nullish, is_number, is_whole, need, type_name

Values = Sequence[Any]


def accumulate(accumulator: Any, docs: Sequence[Any]) -> Any:
    """The value of `{$sum: expression}` and its like over documents in their order."""
    need(isinstance(accumulator, dict) and len(accumulator) == 1, "an accumulator is an object with one operator", 40238)
    [(name, spec)] = accumulator.items()
    if name in OVER_VALUES:
        need(not isinstance(spec, list) or len(spec) == 1 or name in ("$push", "$addToSet"), f"{name} is a unary operator", 40237)
        return OVER_VALUES[name]([evaluate(spec, doc) for doc in docs])
    if name in OVER_DOCUMENTS:
        return OVER_DOCUMENTS[name](spec, docs)
    raise MongoError(f"unknown group operator '{name}'", 15952)


def _numbers(values: Values) -> list[Any]:
    return [value for value in values if is_number(value)]


def _present(values: Values) -> list[Any]:
    return [value for value in values if not is_nullish(value)]


def _sum(values: Values) -> Any:
    """What is not a number adds nothing."""
    return total_of(_numbers(values))


def _avg(values: Values) -> Any:
    numbers = _numbers(values)
    return float(total_of(numbers)) / len(numbers) if numbers else None


def _min(values: Values) -> Any:
    return least(_present(values)) if _present(values) else None


def _max(values: Values) -> Any:
    return greatest(_present(values)) if _present(values) else None


def _first(values: Values) -> Any:
    return _or_null(values[0]) if values else None


def _last(values: Values) -> Any:
    return _or_null(values[-1]) if values else None


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value


def _push(values: Values) -> list[Any]:
    return [value for value in values if value is not MISSING]


def _add_to_set(values: Values) -> list[Any]:
    """Without order in MongoDB; in order of appearance here."""
    return distinct_values(_push(values))


def _deviation(values: Values, less: int) -> float | None:
    numbers = [float(number) for number in _numbers(values)]
    if len(numbers) <= less:
        return None
    if not all(map(math.isfinite, numbers)):
        return math.nan
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - less))


def _std_dev_pop(values: Values) -> float | None:
    return _deviation(values, 0)


def _std_dev_samp(values: Values) -> float | None:
    return _deviation(values, 1)


def _concat_arrays(values: Values) -> list[Any]:
    return [item for array in _arrays("$concatArrays", values) for item in array]


def _set_union(values: Values) -> list[Any]:
    return distinct_values(item for array in _arrays("$setUnion", values) for item in array)


def _arrays(name: str, values: Values) -> list[list[Any]]:
    arrays = _push(values)
    for array in arrays:
        need(isinstance(array, list), f"{name} requires array inputs, found: {type_name(array)}", 28664)
    return arrays


OVER_VALUES: dict[str, Callable[[Values], Any]] = {
    "$sum": _sum,
    "$avg": _avg,
    "$min": _min,
    "$max": _max,
    "$first": _first,
    "$last": _last,
    "$push": _push,
    "$addToSet": _add_to_set,
    "$stdDevPop": _std_dev_pop,
    "$stdDevSamp": _std_dev_samp,
    "$mergeObjects": merged,
    "$concatArrays": _concat_arrays,
    "$setUnion": _set_union,
}


def _count(spec: Any, docs: Values) -> int:
    need(spec == {}, "$count takes an empty object", 2)
    return len(docs)


def check_n(name: str, value: Any) -> int:
    need(is_number(value) and is_whole(value) and value > 0, f"'n' of {name} must be a whole number above 0, found {value!r}", 5787908)
    return int(value)


def _input_and_n(name: str, spec: Any, docs: Values) -> tuple[list[Any], int]:
    check_names(name, spec, ("input", "n"))
    return [evaluate(spec["input"], doc) for doc in docs], check_n(name, evaluate(spec["n"], {}))


def _first_n(spec: Any, docs: Values) -> list[Any]:
    values, n = _input_and_n("$firstN", spec, docs)
    return [_or_null(value) for value in values[:n]]


def _last_n(spec: Any, docs: Values) -> list[Any]:
    values, n = _input_and_n("$lastN", spec, docs)
    return [_or_null(value) for value in values[-n:]]


def _min_n(spec: Any, docs: Values) -> list[Any]:
    values, n = _input_and_n("$minN", spec, docs)
    return in_order(_present(values))[:n]


def _max_n(spec: Any, docs: Values) -> list[Any]:
    values, n = _input_and_n("$maxN", spec, docs)
    return in_order(_present(values), descending=True)[:n]


def _top(spec: Any, docs: Values) -> Any:
    check_names("$top", spec, ("sortBy", "output"))
    return _or_null(evaluate(spec["output"], sort_documents(docs, spec["sortBy"])[0])) if docs else None


def _bottom(spec: Any, docs: Values) -> Any:
    check_names("$bottom", spec, ("sortBy", "output"))
    return _or_null(evaluate(spec["output"], sort_documents(docs, spec["sortBy"])[-1])) if docs else None


def _top_n(spec: Any, docs: Values) -> list[Any]:
    check_names("$topN", spec, ("sortBy", "output", "n"))
    n = check_n("$topN", evaluate(spec["n"], {}))
    return [_or_null(evaluate(spec["output"], doc)) for doc in sort_documents(docs, spec["sortBy"])[:n]]


def _bottom_n(spec: Any, docs: Values) -> list[Any]:
    check_names("$bottomN", spec, ("sortBy", "output", "n"))
    n = check_n("$bottomN", evaluate(spec["n"], {}))
    return [_or_null(evaluate(spec["output"], doc)) for doc in sort_documents(docs, spec["sortBy"])[-n:]]


def _percentile(spec: Any, docs: Values) -> list[Any]:
    check_names("$percentile", spec, ("input", "p", "method"))
    return percentiles([evaluate(spec["input"], doc) for doc in docs], evaluate(spec["p"], {}), spec["method"])


def _median(spec: Any, docs: Values) -> Any:
    check_names("$median", spec, ("input", "method"))
    return percentiles([evaluate(spec["input"], doc) for doc in docs], [0.5], spec["method"])[0]


def percentiles(values: Values, wanted: Any, method: Any) -> list[Any]:
    """The least value with at least that share of the values at or below it, as a double; null when there is no number."""
    need(method == "approximate", "only the method 'approximate' is known", 2)
    need(isinstance(wanted, list) and len(wanted) > 0, "'p' must be a non-empty array of numbers", 7750301)
    for p in wanted:
        need(is_number(p) and 0 <= p <= 1, "'p' must hold numbers from 0 to 1", 7750303)
    numbers = sorted(float(number) for number in _numbers(values) if not is_nan(number))
    if not numbers:
        return [None] * len(wanted)
    return [numbers[max(0, math.ceil(p * len(numbers)) - 1)] for p in wanted]


OVER_DOCUMENTS: dict[str, Callable[[Any, Values], Any]] = {
    "$count": _count,
    "$firstN": _first_n,
    "$lastN": _last_n,
    "$minN": _min_n,
    "$maxN": _max_n,
    "$top": _top,
    "$bottom": _bottom,
    "$topN": _top_n,
    "$bottomN": _bottom_n,
    "$percentile": _percentile,
    "$median": _median,
}


def _register_over_values(name: str) -> None:
    """As an expression, a single operand that is an array stands for its elements; several operands stand for themselves."""

    @lazy(name)
    def operator(spec: Any, scope: Scope) -> Any:
        operands = spec if isinstance(spec, list) else [spec]
        values = [scope.evaluate(operand) for operand in operands]
        return OVER_VALUES[name](values[0] if len(values) == 1 and isinstance(values[0], list) else values)


for _name in ("$sum", "$avg", "$min", "$max", "$stdDevPop", "$stdDevSamp"):
    _register_over_values(_name)


def _register_n(name: str, pick: Callable[[list[Any], int], list[Any]]) -> None:
    @lazy(name)
    def operator(spec: Any, scope: Scope) -> Any:
        check_names(name, spec, ("input", "n"))
        n = check_n(name, scope.evaluate(spec["n"]))
        array = scope.evaluate(spec["input"])
        need(isinstance(array, list), f"{name} needs an array as 'input', found {type_name(array)}", 5788200)
        return pick(array, n)


_register_n("$firstN", lambda array, n: array[:n])
_register_n("$lastN", lambda array, n: array[-n:])
_register_n("$minN", lambda array, n: in_order(_present(array))[:n])
_register_n("$maxN", lambda array, n: in_order(_present(array), descending=True)[:n])


@lazy("$percentile")
def _percentile_of_array(spec: Any, scope: Scope) -> Any:
    check_names("$percentile", spec, ("input", "p", "method"))
    value = scope.evaluate(spec["input"])
    return percentiles(value if isinstance(value, list) else [value], scope.evaluate(spec["p"]), spec["method"])


@lazy("$median")
def _median_of_array(spec: Any, scope: Scope) -> Any:
    check_names("$median", spec, ("input", "method"))
    value = scope.evaluate(spec["input"])
    return percentiles(value if isinstance(value, list) else [value], [0.5], spec["method"])[0]
