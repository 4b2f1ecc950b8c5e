"""The generated documents spread over the fields of records, and generated questions about them renamed to match.

So the same strategies ask about typed columns, open maps and contents, which are stored in different ways.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

PLACES = {
    "a": "input.content",
    "b": "metadata.b",
    "c": "output.content",
    "n": "usage.cost",
    "m": "performance.latency",
    "s": "model.name",
    "t": "metadata.userId",
    "d": "feedback.timestamp",
    "l": "parameters.l",
    "w": "metadata.tags",
    "o": "parameters.o",
    "items": "metadata.items",
    "k": "parameters.k",
    "nowhere": "metadata.nowhere",
}
START = datetime(2026, 1, 1, tzinfo=UTC)
Doc = dict[str, Any]


def as_record(doc: Doc) -> Doc:
    """A record with the document's values in their places; objects without any value are absent or empty by turns."""
    k = doc["k"]
    record: Doc = {"id": f"r-{k:03}", "timestamp": START + timedelta(seconds=k), "model": {"id": f"m-{k % 3}"}}
    record["input"], record["output"] = {"type": "text"}, {"type": "json"}
    if k % 2:
        record |= {"usage": {}, "performance": {}, "feedback": {}, "metadata": {}}
    for name, place in PLACES.items():
        if name in doc:
            value = doc[name]
            parent, _, last = place.partition(".")
            record.setdefault(parent, {})[last] = abs(value) if name in ("n", "m") and value is not None else value
    return record


def path_in_record(path: str) -> str:
    name, dot, rest = path.partition(".")
    return PLACES.get(name, name) + dot + rest


def filter_in_record(filter: Doc) -> Doc:
    result: Doc = {}
    for name, condition in filter.items():
        if name in ("$and", "$or", "$nor"):
            result[name] = [filter_in_record(part) for part in condition]
        elif name == "$expr":
            result[name] = expression_in_record(condition)
        else:
            result[path_in_record(name)] = condition
    return result


def expression_in_record(expression: Any) -> Any:
    if isinstance(expression, str) and expression.startswith("$") and not expression.startswith("$$"):
        return "$" + path_in_record(expression[1:])
    if isinstance(expression, dict):
        return {name: _operand_in_record(name, item) for name, item in expression.items()}
    if isinstance(expression, list):
        return [expression_in_record(item) for item in expression]
    return expression


def _operand_in_record(name: str, operand: Any) -> Any:
    if name == "$literal":
        return operand
    if name in ("$top", "$topN", "$bottom", "$bottomN"):
        return {**expression_in_record(operand), "sortBy": _keys_in_record(operand["sortBy"])}
    return expression_in_record(operand)


def _keys_in_record(paths: Doc) -> Doc:
    return {path_in_record(path): value for path, value in paths.items()}


def pipeline_in_record(pipeline: list[Doc]) -> list[Doc]:
    """The stages that the strategies make, with every path renamed."""
    return [{name: _stage_in_record(name, spec)} for stage in pipeline for name, spec in stage.items()]


def _stage_in_record(name: str, spec: Any) -> Any:
    match name:
        case "$match":
            return filter_in_record(spec)
        case "$sort":
            return _keys_in_record(spec)
        case "$unset":
            return [path_in_record(path) for path in spec] if isinstance(spec, list) else path_in_record(spec)
        case "$project":
            return {path_in_record(path): expression_in_record(item) for path, item in spec.items()}
        case "$addFields" | "$set":
            # a computed field of a closed object would be one that no record has
            return {"metadata.new." + path: expression_in_record(item) for path, item in spec.items()}
        case "$fill":
            output = {path_in_record(path): expression_in_record(rule) for path, rule in spec["output"].items()}
            return {"sortBy": _keys_in_record(spec["sortBy"]), "output": output}
        case "$setWindowFields":
            return {**expression_in_record(spec), "sortBy": _keys_in_record(spec["sortBy"])}
        case "$densify":
            return {**spec, "field": path_in_record(spec["field"])}
        case "$facet":
            return {facet: pipeline_in_record(inner) for facet, inner in spec.items()}
        case _:
            return expression_in_record(spec)
