"""From MongoDB's language to one statement: find, aggregate, count, distinct, and the keys that updates and deletes need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from generations.query import accumulators, expressions, stages, tagged
from generations.query.columns import answer_columns, is_stored, table_columns
from generations.query.compiled import Compiled, Source
from generations.query.context import Context, invalid
from generations.query.document import plain_json, untagged
from generations.query.evaluate import Scope
from generations.query.filter import AllOf, AnyOf, Filter, Leaf, parse_filter
from generations.query.pipeline import matching, run
from generations.query.projection import computes, parse_projection
from generations.query.relation import OrderKey, Relation
from generations.query.reshape import reshape
from generations.query.sorting import Direction, order_keys, parse_sort
from generations.query.source import reach, record
from generations.query.value import Document, Scalar, backquoted, to_tagged, walkable

_REGISTERED = (accumulators, expressions, stages)

Shape = Literal["documents", "json", "table"]
"""Documents to be assembled, one plain JSON text for each document, or typed columns."""

_NEWEST: list[Direction] = [("timestamp", True)]

_STORED = tuple(map(OrderKey, ("toStartOfHour(timestamp)", "ifNull(metadata_session_id, '')", "timestamp", "id")))
"""The order in which the table holds a project's records."""


def current_rows(context: Context) -> Relation:
    """The current versions of the records of the source's project."""
    source = context.source
    then = "" if source.until_seq is None else f"seq <= {context.bind(source.until_seq, 'UInt64')}"
    where = [f"project = {context.string(source.project)}", *([then] if then else [])]
    replaced = f"supersedes != 0 AND {then}" if then else "supersedes != 0"
    where.append(f"seq NOT IN (SELECT supersedes FROM {source.local_table} WHERE {replaced})")
    return Relation(context, source.table, tuple(where), record(), (), ("seq",), is_table=True)


def compile_find(
    filter: Any,
    source: Source,
    *,
    projection: Any = None,
    sort: Any = None,
    skip: int = 0,
    limit: int = 0,
    shape: Shape = "documents",
    stored_order: bool = False,
) -> Compiled:
    """A find.

    Args:
        limit: 0 means no limit, as in MongoDB.
        shape: `json` for one column `doc` of plain JSON; `table` for typed columns named by dotted path.
        stored_order: in place of `sort`, the order in which the records are stored: by hour, session, time and id. An answer of
            any size then streams in flat memory; see `following.behind_stored`.
    """
    context = Context(source)
    parsed = parse_filter(filter)
    relation = matching(current_rows(context), parsed)
    if stored_order:
        relation = replace(relation, order=_STORED, natural=())
    if sort:
        directions = parse_sort(sort, "/sort")
        relation = replace(relation, order=order_keys(relation, directions, "/sort"))
        if directions[0] == _NEWEST[0] and _only_instants(parsed):
            # The table is laid out by hour: read backwards from its end instead of sorting all of it.
            relation = replace(relation, order=(OrderKey("toStartOfHour(timestamp)", descending=True), *relation.order))
    if limit or skip:
        relation = relation.sliced(limit or None, skip)
    stored = True
    if projection:
        wanted = parse_projection(projection, "/projection")
        relation = replace(relation, root=reshape(Scope(context, relation.root, {}), relation.root, wanted, relation.filters))
        stored = not computes(wanted.fields)
    return _finished(relation, shape, stored)


def compile_aggregate(pipeline: Any, source: Source, *, shape: Shape = "documents") -> Compiled:
    """An aggregation."""
    relation = run(current_rows(Context(source)), pipeline)
    return _finished(relation, shape, is_stored(relation.root))


def compile_count(filter: Any, source: Source, *, skip: int = 0, limit: int = 0) -> Compiled:
    """How many records satisfy a filter: one row, one column `n`."""
    relation = matching(current_rows(Context(source)), parse_filter(filter))
    if limit or skip:
        inner = replace(relation, natural=()).select("1", limit=limit or None, offset=skip)
        return Compiled(f"SELECT count() AS n FROM ({inner})", relation.context.params, "value", ("n",))
    return Compiled(relation.select("count() AS n"), relation.context.params, "value", ("n",))


def compile_distinct(key: Any, filter: Any, source: Source) -> Compiled:
    """The distinct values of a path, arrays taken apart one level: rows of one column `doc`, tagged JSON."""
    if not isinstance(key, str) or not key or not all(key.split(".")):
        raise invalid(f"{key!r} is not a path", "/key")
    context = Context(source)
    relation = matching(current_rows(context), parse_filter(filter))
    value, rest = reach(relation.root, tuple(key.split(".")), "/key")
    if isinstance(value, Scalar):
        return _distinct_column(relation, value)
    v, e = tagged.fresh(), tagged.fresh()
    leaves = tagged.leaves(walkable(value, rest), rest)
    items = f"arrayFlatten(arrayMap({v} -> if({tagged.is_array(v)}, {tagged.elements(v)}, [{v}]), {leaves}))"
    inner = relation.select(f"arrayJoin(arrayFilter({e} -> {e} != '', {items})) AS v")
    grouped = f"SELECT any(v) AS doc FROM ({inner}) GROUP BY {tagged.equality('v')} ORDER BY {tagged.sort_key('doc')}"
    return Compiled(grouped, context.params, "documents", ("doc",))


def _distinct_column(relation: Relation, value: Scalar) -> Compiled:
    context = relation.context
    nulls = ""
    if value.nullable:
        null = f" OR {value.null_test}" if value.null_test else ""
        relation = replace(relation, where=(*relation.where, f"({value.sql} IS NOT NULL{null})"))
        nulls = " NULLS FIRST"
    inner = relation.select(f"DISTINCT {value.sql} AS v")
    text = to_tagged(replace(value, sql="v", null_test=None, absent="null"))
    return Compiled(f"SELECT {text} AS doc FROM ({inner}) ORDER BY v{nulls}", context.params, "documents", ("doc",))


def compile_keys(filter: Any, source: Source, *, sort: Any = None, limit: int = 0) -> Compiled:
    """The records that an update or delete touches: `id`, `seq`, `created_at`, `doc`, in their natural order."""
    context = Context(source)
    relation = matching(current_rows(context), parse_filter(filter))
    if sort:
        relation = replace(relation, order=order_keys(relation, parse_sort(sort, "/sort"), "/sort"))
    if limit:
        relation = relation.sliced(limit, 0)
    columns = ("id", "seq", "created_at", "doc")
    sql = relation.select(f"id, seq, created_at, {plain_json(relation.root)} AS doc", ordered=True)
    return Compiled(sql, context.params, "table", columns)


def _only_instants(parsed: Filter) -> bool:
    """Whether a filter is empty or bounds the timestamp alone, or has an alternative that does, so that nearly all of a range matches."""
    match parsed:
        case AllOf(parts):
            return all(_only_instants(part) for part in parts)
        case AnyOf(parts):
            return any(_only_instants(part) for part in parts)
        case Leaf(field):
            return field == "timestamp"
        case _:
            return False


def _finished(relation: Relation, shape: Shape, stored: bool) -> Compiled:
    """The statement in the shape asked for; `stored` documents are (parts of) records."""
    context, root = relation.context, relation.root
    notes = tuple(context.notes)
    if shape == "table":
        named = dict(table_columns("", root))
        items = ", ".join(f"{sql} AS {backquoted(name)}" for name, sql in named.items())
        return Compiled(relation.select(items, ordered=True), context.params, "table", tuple(named), notes=notes)
    if shape == "json":
        text = plain_json(root) if stored else untagged(to_tagged(root))
        return Compiled(relation.select(f"{text} AS doc", ordered=True), context.params, "records", ("doc",), notes=notes)
    if not isinstance(root, Document):
        return Compiled(relation.select(f"{to_tagged(root)} AS doc", ordered=True), context.params, "documents", ("doc",), notes=notes)
    columns = answer_columns(root, stored=stored)
    leaves = tuple(leaf for leaf, _ in columns)
    names = tuple(".".join(leaf.steps) + ("" if leaf.form in ("value", "null") else f" ({leaf.form})") for leaf in leaves)
    items = ", ".join(f"{sql} AS {backquoted(name)}" for (_, sql), name in zip(columns, names, strict=True))
    return Compiled(relation.select(items, ordered=True), context.params, "columns", names, leaves, notes)
