"""What the compiler hands to the store: SQL text, its bound parameters, and the shape of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "columns",  # the columns of `leaves`, of which documents are assembled
    "records",  # one String column `doc`: a record as plain JSON
    "documents",  # one String column `doc`: a document in the tagged JSON of `query.tagged`
    "table",  # typed columns, named by `columns`
    "value",  # one row, one column
]


Form = Literal[
    "value",  # as it is; NULL, and an empty list, is absent
    "null",  # as it is; NULL is null
    "json",  # JSON text as stored; '' is absent
    "tagged",  # tagged JSON; '' is absent
    "object",  # no value: an object stands here even when it is empty
    "given",  # no value: paths of the record that were sent as null, or (with a dot behind) empty
]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a column of the answer holds, and where in the document it goes; no steps is the document itself."""

    steps: tuple[str, ...]
    form: Form


@dataclass(frozen=True, slots=True)
class Param:
    """A bound value: `type` is the engine's type, `value` a str, int, float or list of those."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows are.

    Attributes:
        table: the table to read; a `Distributed` one on a cluster.
        local_table: the table that holds the rows of one shard; the same as `table` when there is one.
        project: the project whose records are seen.
        until_seq: the records as they were when this version was the last; None is now. What was deleted since is gone.
        fast: False forces the exact path through the JSON text everywhere (differential tests).
    """

    table: str = "generations"
    local_table: str = "generations"
    project: str = "default"
    fast: bool = True
    until_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """One statement, ready to run; `sql` holds `{name:Type}` placeholders, no FORMAT and no SETTINGS."""

    sql: str
    params: dict[str, Param]
    kind: Kind
    columns: tuple[str, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    notes: tuple[str, ...] = field(default=())
