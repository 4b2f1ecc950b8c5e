"""Reading versions of records, current or not: what updates and the history need beyond the query language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generations.query.compiled import Compiled, Param
from generations.query.document import plain_json
from generations.query.source import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generations.query.compiled import Source


def compile_versions(keys: Mapping[str, int], source: Source) -> Compiled:
    """Exactly these versions (id → seq), in no order: column `doc`."""
    where = "id IN {ids:Array(String)} AND seq IN {seqs:Array(UInt64)}"
    params = {"ids": Param("Array(String)", list(keys)), "seqs": Param("Array(UInt64)", list(keys.values()))}
    return _compiled("", where, params, source)


def compile_history(id: str, source: Source) -> Compiled:
    """All versions of a record, the newest first: columns `doc` and `change`."""
    return _compiled(", change", "id = {id:String}", {"id": Param("String", id)}, source, order=" ORDER BY seq DESC")


def _compiled(more: str, where: str, params: Mapping[str, Param], source: Source, order: str = "") -> Compiled:
    document = plain_json(record())
    sql = f"SELECT {document} AS doc{more} FROM {source.table} WHERE project = {{project:String}} AND {where}{order}"
    return Compiled(sql, {"project": Param("String", source.project), **params}, "records")
