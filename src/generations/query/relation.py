"""A relation: the rows that a pipeline has reached, as a FROM, conditions, a document over the columns, and an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from generations.query import tagged
from generations.query.context import Context
from generations.query.filter import Filter
from generations.query.predicate import Condition
from generations.query.source import record
from generations.query.value import Document, Open, Patched, Scalar, Strings, Tagged, Value, to_tagged


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of an order: an expression over the columns, never NULL unless `nullable` (NULL is lowest)."""

    sql: str
    descending: bool = False
    nullable: bool = False

    def __str__(self) -> str:
        nulls = (" NULLS LAST" if self.descending else " NULLS FIRST") if self.nullable else ""
        return f"{self.sql}{' DESC' if self.descending else ''}{nulls}"


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows and what they mean. Stages make a new one of an old one.

    Attributes:
        context: the statement.
        source: what stands after FROM.
        where: conditions not yet applied.
        root: the document, over the columns of `source`.
        order: the established order; empty when there is none but the natural one.
        natural: columns that tell the order in which the records came in; empty after a grouping.
        is_table: `source` is the table itself, so that reading in its order is possible.
        names: how many columns have been named, for new names.
        filters: the filters that the documents satisfied since they got their shape, for positional projections.
    """

    context: Context
    source: str
    where: tuple[str, ...]
    root: Value
    order: tuple[OrderKey, ...] = ()
    natural: tuple[str, ...] = ()
    is_table: bool = False
    names: int = 0
    filters: tuple[Filter, ...] = ()

    @property
    def is_records(self) -> bool:
        """Whether the documents are whole records, as they are stored."""
        return self.root is record()

    def matching(self, condition: Condition) -> Relation:
        """Only the rows for which a condition holds; NULL counts as false."""
        return self if condition == Condition("1") else replace(self, where=(*self.where, condition.sql))

    def ordering(self) -> tuple[OrderKey, ...]:
        """The order with the natural one behind it, so that equal keys do not change places."""
        last = self.order[-1].descending if self.order else False
        return (*self.order, *(OrderKey(column, last) for column in self.natural))

    def select(self, items: str, *, ordered: bool = False, limit: int | None = None, offset: int = 0, suffix: str = "") -> str:
        """A SELECT of these rows."""
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        keys = self.ordering() if ordered else ()
        order = f" ORDER BY {', '.join(str(key) for key in keys)}" if keys else ""
        bounds = f" LIMIT {limit}" if limit is not None else ""
        bounds += f" OFFSET {offset}" if offset else ""
        return tagged.written(f"SELECT {items} FROM {self.source}{where}{suffix}{order}{bounds}")

    def sliced(self, limit: int | None, offset: int) -> Relation:
        """The first rows in the present order, after some."""
        inner = self.select("*", ordered=True, limit=limit, offset=offset)
        return replace(self, source=f"({inner})", where=(), is_table=False)

    def settled(self) -> Relation:
        """The same rows with every computed value in a column of its own, so that it is computed once."""
        return self.with_columns(())[0]

    def with_columns(self, more: Sequence[str]) -> tuple[Relation, list[str]]:
        """The same rows with further columns, whose names are returned, and all values settled."""
        items: list[str] = []
        count = self.names

        def column(sql: str) -> str:
            nonlocal count
            if tagged.is_name(sql):
                return sql
            count += 1
            items.append(f"{sql} AS c{count}")
            return f"c{count}"

        root = _settled(self.root, column)
        order = tuple(replace(key, sql=column(key.sql)) for key in self.order)
        natural = tuple(column(sql) for sql in self.natural)
        names = [column(sql) for sql in more]
        if not items:
            return self, names
        source = f"({self.select('*, ' + ', '.join(items))})"
        relation = Relation(self.context, source, (), root, order, natural, False, count, self.filters)
        return relation, names

    def numbered(self) -> tuple[Relation, str]:
        """The same rows with a column that counts them in the present order."""
        keys = self.ordering()
        if len(keys) == 1 and not keys[0].descending and not keys[0].nullable and tagged.is_name(keys[0].sql):
            return self, keys[0].sql
        over = f"ORDER BY {', '.join(str(key) for key in keys)}" if keys else ""
        relation, (name,) = self.with_columns([f"row_number() OVER ({over})"])
        return replace(relation, order=(OrderKey(name),), natural=()), name


def _settled(value: Value, column: Callable[[str], str]) -> Value:
    match value:
        case Scalar():
            return replace(
                value,
                sql=column(value.sql),
                null_test=column(value.null_test) if value.null_test and not tagged.is_name(value.sql) else value.null_test,
            )
        case Strings(sql, test):
            return value if tagged.is_name(sql) else Strings(column(sql), column(test))
        case Tagged(sql):
            return Tagged(column(sql))
        case Open():
            return value if tagged.is_name(value.text) and not value.path else Tagged(column(to_tagged(value)))
        case Patched(base, name, replaced):
            return Patched(cast("Open | Patched", _settled(base, column)), name, _settled(replaced, column))
        case Document(fields):
            return value if value is record() else replace(value, fields={name: _settled(field, column) for name, field in fields.items()})
