"""`$match $project $addFields $set $unset $sort $limit $skip $unwind $replaceRoot $replaceWith $sample`: one document in, few out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from generations.query import tagged
from generations.query.context import invalid, pointer, refuse_unknown_operator
from generations.query.evaluate import Scope, failure
from generations.query.expression import Constant, FieldPath, Variable, parse_expression
from generations.query.pipeline import filtered, stage
from generations.query.projection import Compute, Projection, additions, parse_additions, parse_projection, parse_unset
from generations.query.relation import OrderKey, Relation
from generations.query.reshape import reshape
from generations.query.sorting import order_keys, parse_sort
from generations.query.source import resolve
from generations.query.value import Document, Open, Scalar, Strings, Tagged, Value, quote, to_tagged


@stage("$match")
def _match(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, Mapping):
        raise invalid("$match takes a filter", path)
    return filtered(relation, raw, path)


@stage("$project")
def _project(relation: Relation, raw: Any, path: str) -> Relation:
    return shaped(relation, parse_projection(raw, path))


@stage("$addFields")
def _add_fields(relation: Relation, raw: Any, path: str) -> Relation:
    return shaped(relation, parse_additions(raw, path, "$addFields"))


@stage("$set")
def _set(relation: Relation, raw: Any, path: str) -> Relation:
    return shaped(relation, parse_additions(raw, path, "$set"))


@stage("$unset")
def _unset(relation: Relation, raw: Any, path: str) -> Relation:
    return shaped(relation, parse_unset(raw, path))


def shaped(relation: Relation, projection: Projection) -> Relation:
    """The documents in a projection's shape, each computed value in a column of its own."""
    scope = Scope(relation.context, relation.root, {})
    return replace(relation, root=reshape(scope, relation.root, projection, relation.filters), filters=()).settled()


@stage("$sort")
def _sort(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, Mapping):
        raise invalid("$sort takes an object of paths and directions", path)
    return replace(relation, order=order_keys(relation, parse_sort(raw, path), path))


@stage("$limit")
def _limit(relation: Relation, raw: Any, path: str) -> Relation:
    count = whole(raw, "$limit", path)
    if count == 0:
        raise invalid("$limit must be positive", path)
    return relation.sliced(count, 0)


@stage("$skip")
def _skip(relation: Relation, raw: Any, path: str) -> Relation:
    count = whole(raw, "$skip", path)
    return relation.sliced(None, count) if count else relation


def whole(raw: Any, name: str, path: str) -> int:
    """A whole number from 0 on."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw or raw < 0 or int(raw) != raw or raw >= 2**63:
        raise invalid(f"{name} needs a whole number from 0 on", path)
    return int(raw)


@stage("$sample")
def _sample(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, Mapping) or set(cast("Mapping[Any, Any]", raw)) != {"size"}:
        raise invalid("$sample needs {size: n}", path)
    count = whole(cast("Mapping[str, Any]", raw)["size"], "$sample", pointer(path, "size"))
    numbered, (chance,) = relation.with_columns(["rand64()"])
    return replace(numbered, order=(OrderKey(chance),)).sliced(count, 0)


@stage("$replaceRoot")
def _replace_root(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, Mapping) or set(cast("Mapping[Any, Any]", raw)) != {"newRoot"}:
        raise invalid("$replaceRoot needs {newRoot: expression}", path)
    return _rooted(relation, cast("Mapping[str, Any]", raw)["newRoot"], pointer(path, "newRoot"))


@stage("$replaceWith")
def _replace_with(relation: Relation, raw: Any, path: str) -> Relation:
    return _rooted(relation, raw, path)


def _rooted(relation: Relation, raw: Any, path: str) -> Relation:
    node = parse_expression(raw, path)
    value = Scope(relation.context, relation.root, {}).value(node)
    if isinstance(value, Document) and value.empty == "'{}'":
        return replace(relation, root=value, filters=()).settled()
    if isinstance(value, Scalar | Strings) or (isinstance(node, Constant) and not isinstance(node.value, dict)):
        raise invalid("the new root must be an object", path)
    made, (column,) = relation.with_columns([to_tagged(value)])
    root = failure(f"NOT {tagged.is_object(column)}", "the new root must be an object", column)
    return replace(made, root=Tagged(root), filters=()).settled()


@stage("$unwind")
def _unwind(relation: Relation, raw: Any, path: str) -> Relation:
    steps, index, preserve = _unwind_arguments(raw, path)
    value = resolve(relation.root, steps, path)
    if isinstance(value, Strings) and tagged.is_name(value.sql) and not preserve and index is None:
        unwound, (item,) = relation.with_columns([f"arrayJoin({value.sql})"])
        return with_values(unwound, {".".join(steps): Scalar(item, "string", nullable=False)}, path)
    items = _items(_strict(relation.root, value, steps), preserve)
    unwound, (item,) = relation.with_columns([f"arrayJoin({items})"])
    unwound = replace(unwound, natural=(*unwound.natural, f"{item}.2"))
    result = with_values(unwound, {".".join(steps): Tagged(f"{item}.1")}, path)
    if index is not None:
        position = Scalar(f"if({item}.2 < 0, NULL, {item}.2)", "integer")
        result = with_values(result, {index: position}, path)
    return result.settled()


def _unwind_arguments(raw: Any, path: str) -> tuple[tuple[str, ...], str | None, bool]:
    given: Mapping[str, Any] = cast("Mapping[str, Any]", raw) if isinstance(raw, Mapping) else {"path": raw}
    for name in given:
        if name not in ("path", "includeArrayIndex", "preserveNullAndEmptyArrays"):
            raise refuse_unknown_operator(
                name, ("path", "includeArrayIndex", "preserveNullAndEmptyArrays"), pointer(path, name), "argument of $unwind"
            )
    field = given.get("path")
    if not isinstance(field, str) or not field.startswith("$") or field.startswith("$$"):
        raise invalid("$unwind takes a field path", path, 'write "$metadata.tags"')
    node = parse_expression(field, path)
    assert isinstance(node, FieldPath)
    index = given.get("includeArrayIndex")
    if index is not None and (not isinstance(index, str) or not index or index.startswith("$")):
        raise invalid("includeArrayIndex names a field", pointer(path, "includeArrayIndex"))
    preserve = given.get("preserveNullAndEmptyArrays", False)
    if not isinstance(preserve, bool):
        raise invalid("preserveNullAndEmptyArrays is true or false", pointer(path, "preserveNullAndEmptyArrays"))
    return node.steps, index, preserve


def _strict(root: Value, value: Value, steps: tuple[str, ...]) -> str:
    """The tagged value of a path that does not go through arrays on its way."""
    match value, root:
        case Tagged(), Tagged(sql):
            return f"JSONExtractRaw({sql}, {', '.join(quote(step) for step in steps)})"
        case Open(text, at, plain=None), _ if at:
            return f"JSONExtractRaw({tagged.from_text(text)}, {', '.join(quote(step) for step in at)})"
        case _:
            return to_tagged(value)


def _items(value: str, preserve: bool) -> str:
    """Array(Tuple(tagged value, index)); the index is -1 for what is no array."""

    def body(v: str) -> str:
        x, i = tagged.fresh(), tagged.fresh()
        elements = f"arrayMap(({x}, {i}) -> ({x}, toInt64({i} - 1)), {tagged.elements(v)}, arrayEnumerate({tagged.elements(v)}))"
        itself = f"[({v}, toInt64(-1))]"
        none = "CAST([] AS Array(Tuple(String, Int64)))"
        empty = "[('', toInt64(-1))]" if preserve else none
        nullish = itself if preserve else none
        return f"multiIf({v} = '[]', {empty}, {tagged.is_array(v)}, {elements}, {tagged.is_nullish(v)}, {nullish}, {itself})"

    return tagged.let(value, body)


def with_values(relation: Relation, values: Mapping[str, Value], path: str) -> Relation:
    """The documents with values set at dotted paths; a missing value drops its field."""
    variables = {f"v{i}": value for i, value in enumerate(values.values())}
    nodes = {name: Compute(Variable(variable, (), path)) for name, variable in zip(values, variables, strict=True)}
    scope = Scope(relation.context, relation.root, variables)
    return replace(relation, root=reshape(scope, relation.root, additions(nodes, path)), filters=())
