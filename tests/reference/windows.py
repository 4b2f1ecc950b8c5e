"""`$setWindowFields`, and what it shares with `$fill` and `$densify`: partitions in order."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from . import calendar_units as units
from .accumulators import OVER_DOCUMENTS, OVER_VALUES, accumulate
from .expressions import check_names, evaluate
from .order import compare, group_key, in_order, parse_sort, sort_documents
from .projection import Computed, add_fields, check_path
from .values import MISSING, MongoError, is_number, is_whole, need

Docs = list[dict[str, Any]]


def partitions(docs: Docs, partition_by: Any, sort_by: Any) -> list[Docs]:
    """The documents by partition value in BSON order, each partition sorted; null and missing are one partition."""
    groups: dict[Any, Docs] = {}
    values: dict[Any, Any] = {}
    for doc in docs:
        value = evaluate(partition_by, doc)
        value = None if value is MISSING else value
        need(not isinstance(value, list), "a partition expression cannot give an array", 5439100)
        groups.setdefault(group_key(value), []).append(doc)
        values.setdefault(group_key(value), value)
    ordered = [groups[group_key(value)] for value in in_order(values.values())]
    return [sort_documents(group, sort_by) for group in ordered] if sort_by else ordered


def set_window_fields(spec: Any, docs: Docs) -> Docs:
    check_names("$setWindowFields", spec, ("output",), ("partitionBy", "sortBy"))
    sort_by = spec.get("sortBy")
    if sort_by is not None:
        parse_sort(sort_by)
    need(isinstance(spec["output"], dict), "'output' of $setWindowFields must be an object", 9)
    for path, function in spec["output"].items():
        check_path(path)
        _check_function(function, sort_by)
    return [doc for part in partitions(docs, spec.get("partitionBy"), sort_by) for doc in _with_outputs(spec["output"], part, sort_by)]


def _with_outputs(output: dict[str, Any], part: Docs, sort_by: Any) -> Docs:
    results = list(part)
    for path, function in output.items():
        for index in range(len(part)):
            results[index] = _set(results[index], path, _value(function, part, index, sort_by))
    return results


def _set(doc: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    tree: Any = Computed("$$REMOVE" if value is MISSING else {"$literal": value})
    for name in reversed(check_path(path)):
        tree = {name: tree}
    return add_fields(tree, doc)


RANKING = ("$rank", "$denseRank", "$documentNumber")


def _check_function(function: Any, sort_by: Any) -> None:
    need(isinstance(function, dict), "a window function is an object", 9)
    names = [name for name in function if name != "window"]
    need(len(names) == 1, "an output has exactly one window function", 9)
    name = names[0]
    if name in RANKING or name == "$shift":
        need("window" not in function, f"{name} does not accept a 'window' field", 5371601)
        need(sort_by is not None, f"{name} needs a sortBy", 5371602)
        need(name not in RANKING or len(sort_by) == 1, f"{name} needs a sortBy of one field", 5371602)
        need(name not in RANKING or function[name] == {}, f"{name} takes an empty object", 5371603)
        return
    need(name in OVER_VALUES or name in OVER_DOCUMENTS, f"unrecognized window function, {name}", 9)
    window = function.get("window", {})
    check_names("window", window, (), ("documents", "range", "unit"))
    need(not ("documents" in window and "range" in window), "a window cannot have both 'documents' and 'range'", 9)
    need("unit" not in window or "range" in window, "a unit needs a range", 9)
    bounds = window.get("documents", window.get("range", ["unbounded", "unbounded"]))
    need(isinstance(bounds, list) and len(bounds) == 2, "window bounds are a list of two", 9)
    for bound in bounds:
        need(bound in ("unbounded", "current") or is_number(bound), f"not a window bound: {bound!r}", 9)
    numbers = [0 if bound == "current" else bound for bound in bounds if bound != "unbounded"]
    need(len(numbers) < 2 or numbers[0] <= numbers[1], "the lower bound must not exceed the upper", 5339900)
    need(bounds == ["unbounded", "unbounded"] or sort_by is not None, "bounded windows need a sortBy", 5339901)
    if "documents" in window:
        need(all(bound in ("unbounded", "current") or is_whole(bound) for bound in bounds), "bounds are whole numbers", 9)
    if "range" in window:
        need(sort_by is not None and len(sort_by) == 1 and 1 in sort_by.values(), "range windows need one ascending sortBy", 5339902)


def _value(function: dict[str, Any], part: Docs, index: int, sort_by: Any) -> Any:
    name = next(name for name in function if name != "window")
    if name == "$documentNumber":
        return index + 1
    if name in RANKING:
        return _rank(part, index, next(iter(sort_by)), dense=name == "$denseRank")
    if name == "$shift":
        return _shift(function[name], part, index)
    return accumulate({name: function[name]}, part[_window(function.get("window", {}), part, index, sort_by)])


def _rank(part: Docs, index: int, path: str, dense: bool) -> int:
    """1 and the number of documents, or of different values, before the first equal one."""
    values = [evaluate("$" + path, doc) for doc in part[: index + 1]]
    steps = [place for place in range(1, index + 1) if compare(values[place], values[place - 1])]
    if dense:
        return 1 + len(steps)
    return 1 + (steps[-1] if steps else 0)


def _shift(spec: Any, part: Docs, index: int) -> Any:
    """The default stands in for a neighbour that is not there and for one without the value."""
    check_names("$shift", spec, ("output", "by"), ("default",))
    need(is_number(spec["by"]) and is_whole(spec["by"]), "'by' of $shift must be a whole number", 9)
    place = index + int(spec["by"])
    if 0 <= place < len(part):
        value = evaluate(spec["output"], part[place])
        if value is not MISSING:
            return value
    return evaluate(spec.get("default"), {})


def _window(window: dict[str, Any], part: Docs, index: int, sort_by: Any) -> slice:
    if "range" in window:
        return _range_window(window, part, index, next(iter(sort_by)))
    lower, upper = window.get("documents", ["unbounded", "unbounded"])
    begin = 0 if lower == "unbounded" else index + (0 if lower == "current" else int(lower))
    end = len(part) if upper == "unbounded" else index + (0 if upper == "current" else int(upper)) + 1
    return slice(max(begin, 0), max(end, 0))


def _range_window(window: dict[str, Any], part: Docs, index: int, path: str) -> slice:
    """The documents whose sort value is within the bounds around this document's."""
    lower, upper = window["range"]
    unit = window.get("unit")
    values = [evaluate("$" + path, doc) for doc in part]
    for value in values:
        if unit is None:
            need(is_number(value), "a range window without unit needs numbers to sort by", 5429413)
        else:
            need(isinstance(value, datetime), "a range window with a unit needs dates to sort by", 5429513)
    begin = 0 if lower == "unbounded" else bisect_left(values, _moved(values[index], lower, unit))
    end = len(part) if upper == "unbounded" else bisect_right(values, _moved(values[index], upper, unit))
    return slice(begin, end)


def _moved(value: Any, bound: Any, unit: Any) -> Any:
    amount = 0 if bound == "current" else bound
    if unit is None:
        return value + amount
    return units.add(value, units.check_unit(unit), units.check_amount(amount), timedelta(0))


def fill(spec: Any, docs: Docs) -> Docs:
    check_names("$fill", spec, ("output",), ("partitionBy", "partitionByFields", "sortBy"))
    need(not ("partitionBy" in spec and "partitionByFields" in spec), "at most one of partitionBy and partitionByFields", 6050204)
    for rule in spec["output"].values():
        need(isinstance(rule, dict) and len(rule) == 1 and set(rule) <= {"value", "method"}, "a fill has a value or a method", 6050202)
        need(rule.get("method", "locf") in ("locf", "linear"), "the method is linear or locf", 6050202)
    partition_by = spec.get("partitionBy")
    if "partitionByFields" in spec:
        partition_by = {f"f{index}": "$" + path for index, path in enumerate(spec["partitionByFields"])}
    methods = [rule["method"] for rule in spec["output"].values() if "method" in rule]
    need("linear" not in methods or "sortBy" in spec, "linear fill needs a sortBy", 605001)
    parts = partitions(docs, partition_by, spec.get("sortBy")) if methods else [docs]
    return [doc for part in parts for doc in _filled(part, spec["output"], spec.get("sortBy"))]


def _filled(part: Docs, output: dict[str, Any], sort_by: Any) -> Docs:
    results = list(part)
    for path, rule in output.items():
        values: Sequence[Any] = [evaluate("$" + path, doc) for doc in part]
        if "value" in rule:
            filled = [evaluate(rule["value"], doc) if _is_gap(value) else value for value, doc in zip(values, part, strict=True)]
        elif rule["method"] == "locf":
            filled = _carried(values)
        else:
            filled = _interpolated(values, [evaluate("$" + next(iter(sort_by)), doc) for doc in part])
        results = [_set(doc, path, value) for doc, value in zip(results, filled, strict=True)]
    return results


def _is_gap(value: Any) -> bool:
    return value is None or value is MISSING


def _carried(values: Sequence[Any]) -> list[Any]:
    """The last value that was there; null before the first."""
    last, result = None, []
    for value in values:
        last = last if _is_gap(value) else value
        result.append(last)
    return result


def _interpolated(values: Sequence[Any], positions: Sequence[Any]) -> list[Any]:
    """On the line between the neighbours that are there; null before the first and after the last."""
    places = [milliseconds(position) for position in positions]
    need(len(set(places)) == len(places), "there can be no repeated values in the sort field", 6050106)
    known = [index for index, value in enumerate(values) if not _is_gap(value)]
    for index in known:
        need(is_number(values[index]), "linear fill needs numbers", 6050201)
    result = [None if _is_gap(value) else value for value in values]
    for left, right in pairwise(known):
        for index in range(left + 1, right):
            share = (places[index] - places[left]) / (places[right] - places[left])
            result[index] = values[left] + (values[right] - values[left]) * share
    return result


def milliseconds(position: Any) -> float:
    if isinstance(position, datetime):
        return position.timestamp() * 1000
    if not is_number(position):
        raise MongoError("the sort field must be numeric or a date", 6050106)
    return float(position)
