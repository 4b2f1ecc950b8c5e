"""Builders that name only what matters."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from generations.query.compiled import Compiled, Param
from generations.record.encode import Rows, encode_records
from generations.store.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
CURRENT = "seq NOT IN (SELECT supersedes FROM {local} WHERE supersedes != 0)"


def rows(*ids: str, **fields: Any) -> Rows:
    """Records with these ids, all with the same fields."""
    return encoded({"id": id, **fields} for id in ids)


def encoded(records: Iterable[dict[str, Any]]) -> Rows:
    """Records, each with a time and a model where it names none."""
    return encode_records({"timestamp": START, "model": {"id": "m"}, **record} for record in records)


def ask(store: Store, what: str, where: str = "1", order: str = "seq", group: str = "") -> list[dict[str, Any]]:
    """Rows of the current versions of a store's records, or of groups of them."""
    source = store.source
    current = CURRENT.format(local=source.local_table)
    sql = f"SELECT {what} FROM {source.table} WHERE project = {{project:String}} AND {current} AND ({where}) {group} ORDER BY {order}"
    return store.query(Compiled(sql, {"project": Param("String", store.project)}, "table")).to_pylist()


def every_version(store: Store, what: str) -> list[dict[str, Any]]:
    """Rows of all versions, oldest first."""
    sql = f"SELECT {what} FROM {store.source.table} WHERE project = {{project:String}} ORDER BY seq"
    return store.query(Compiled(sql, {"project": Param("String", store.project)}, "table")).to_pylist()


def table(sql: str, **params: Param) -> Compiled:
    """A query by hand."""
    return Compiled(sql, params, "table")
