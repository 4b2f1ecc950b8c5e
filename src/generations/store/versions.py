"""All versions of a record: what the query language, which sees the current ones, cannot ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generations.query.compiled import Compiled, Param

if TYPE_CHECKING:
    from generations.query.compiled import Source


def compile_history(id: str, source: Source) -> Compiled:
    """All versions of a record, the newest first: columns `doc` and `change`."""
    from generations.query.document import plain_json  # noqa: PLC0415 - the compiler is loaded when it is first used
    from generations.query.source import record  # noqa: PLC0415 - the same

    sql = (
        f"SELECT {plain_json(record())} AS doc, change FROM {source.table}"
        " WHERE project = {project:String} AND id = {id:String} ORDER BY seq DESC"
    )
    return Compiled(sql, {"project": Param("String", source.project), "id": Param("String", id)}, "records", ("doc", "change"))
