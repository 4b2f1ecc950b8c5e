"""`$group $count $sortByCount`: many documents in, one for each group out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from generations.query import tagged
from generations.query.accumulate import Asked, accumulate, parse_accumulator, prepared
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope
from generations.query.expression import Constant, Expression, parse_expression
from generations.query.pipeline import stage
from generations.query.relation import OrderKey, Relation
from generations.query.value import Document, Scalar, Tagged, Value, to_tagged


@stage("$group")
def _group(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, Mapping) or "_id" not in raw:
        raise invalid("$group needs an _id, the expression to group by", path, 'write {"_id": "$model.id"}, or null for one group')
    given = cast("Mapping[Any, Any]", raw)
    key = parse_expression(given["_id"], pointer(path, "_id"))
    asked = [parse_accumulator(name, value, pointer(path, name)) for name, value in given.items() if name != "_id"]
    return grouped(relation, key, asked)


def grouped(relation: Relation, key: Expression | Tagged, asked: Sequence[Asked]) -> Relation:
    """One document for each value of a key, an expression or a column: `_id` and what is accumulated."""
    rows = prepared(relation, list(asked))
    relation = rows.relation
    value = key if isinstance(key, Tagged) else Scope(relation.context, relation.root, {}).value(key)
    if isinstance(key, Constant):
        keys, identity = _Keys(), value if not isinstance(value, Scalar) else Tagged(to_tagged(value))
    else:
        keys = _Keys()
        identity = keys.of_whole(value)
    fields: dict[str, Value] = {"_id": identity}
    for item in asked:
        fields[item.field] = accumulate(rows, item)
    return _selected(relation, keys, Document(fields))


class _Keys:
    """The GROUP BY expressions, and the group's key rebuilt from their columns."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.columns: list[str] = []

    def of_whole(self, value: Value) -> Value:
        """A key that is one value: missing and null are one group, whose `_id` is null."""
        match value:
            case Document(fields, empty) if empty == "'{}'":
                return Document({name: self._of_part(field) for name, field in fields.items()}, closed=value.closed)
            case Scalar(sql, kind, nullable):
                return Scalar(self._column(_one_zero(sql, kind)), kind, nullable)
            case _:
                return self._tagged(value, merge=True)

    def _of_part(self, value: Value) -> Value:
        """A key inside an object: missing leaves its field out and is a group of its own."""
        match value:
            case Document(fields, empty) if empty == "'{}'":
                return Document({name: self._of_part(field) for name, field in fields.items()}, closed=value.closed)
            case Scalar(sql, kind, nullable, absent, None):
                return Scalar(self._column(_one_zero(sql, kind)), kind, nullable, absent)
            case _:
                return self._tagged(value, merge=False)

    def _tagged(self, value: Value, *, merge: bool) -> Value:
        text = to_tagged(value)
        key = tagged.equality(text)
        column = self._column(tagged.let(key, lambda v: f"if({v} = '', 'null', {v})") if merge else key)
        shown = f"any({text})"
        return Tagged(f"if({column} = 'null', 'null', {shown})" if merge else shown)

    def _column(self, sql: str) -> str:
        name = f"k{len(self.columns) + 1}"
        self.items.append(f"{sql} AS {name}")
        self.columns.append(name)
        return name


def _one_zero(sql: str, kind: str) -> str:
    """Grouping compares bits, and -0.0 and 0.0 are one number."""
    return f"{sql} + 0." if kind == "number" else sql


def _selected(relation: Relation, keys: _Keys, root: Document) -> Relation:
    """The grouping as a source of its own."""
    bare = replace(relation, root=root, order=(), natural=())
    names = relation.names
    items = list(keys.items)
    outer: dict[str, Value] = {}
    for name, value in root.fields.items():
        outer[name], made, names = _aliased(value, keys, names)
        items += made
    suffix = f" GROUP BY {', '.join(keys.columns)}" if keys.columns else " HAVING count() > 0"
    source = f"({bare.select(', '.join(items) or '1', suffix=suffix)})"
    return Relation(relation.context, source, (), Document(outer), (), (), False, names)


def _aliased(value: Value, keys: _Keys, names: int) -> tuple[Value, list[str], int]:
    """The value as columns of the grouping, with the SELECT items that make them."""
    if isinstance(value, Document):
        items: list[str] = []
        fields: dict[str, Value] = {}
        for name, field in value.fields.items():
            fields[name], made, names = _aliased(field, keys, names)
            items += made
        return replace(value, fields=fields), items, names
    sql = value.sql if isinstance(value, Scalar) else to_tagged(value)
    if sql in keys.columns or sql in ("'null'", "''"):
        return value, [], names
    names += 1
    column = f"c{names}"
    kept: Value = replace(value, sql=column) if isinstance(value, Scalar) else Tagged(column)
    return kept, [f"{sql} AS {column}"], names


@stage("$count")
def _count(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, str) or not raw or raw.startswith("$") or "." in raw:
        raise invalid("$count names the field of the answer", path, "no dots, no leading $")
    counted = grouped(relation, Constant(None), [Asked(raw, "$sum", 1, path)])
    assert isinstance(counted.root, Document)
    return replace(counted, root=Document({raw: counted.root.fields[raw]}))


@stage("$sortByCount")
def _sort_by_count(relation: Relation, raw: Any, path: str) -> Relation:
    if not (isinstance(raw, Mapping) or (isinstance(raw, str) and raw.startswith("$"))):
        raise invalid("$sortByCount takes an expression", path, 'write "$model.id"')
    counted = grouped(relation, parse_expression(raw, path), [Asked("count", "$sum", 1, path)])
    assert isinstance(counted.root, Document)
    count = counted.root.fields["count"]
    assert isinstance(count, Scalar)
    return replace(counted, order=(OrderKey(count.sql, descending=True),))
