"""Rows as Arrow: made before the store is locked, completed and written under the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from generations.store.schema import COLUMNS, Arrow

if TYPE_CHECKING:
    import pyarrow as pa

    from generations.record.encode import Rows


@dataclass(frozen=True, slots=True)
class Block:
    """Records ready to be inserted.

    Attributes:
        ids: of each row.
        hashes: what was sent, condensed.
        table: the columns of the record; what the store keeps about it is not among them.
    """

    ids: list[str]
    hashes: list[bytes]
    table: pa.Table

    @classmethod
    def of(cls, rows: Rows) -> Self:
        columns = dict(rows.columns)
        hashes = columns.pop("sent_hash")
        return cls(rows.ids, hashes, as_arrow(columns))

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def joined(cls, blocks: Sequence[Block]) -> Block:
        """The rows of all of them, one block after the other."""
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        if len(blocks) == 1:
            return blocks[0]
        ids = [id for block in blocks for id in block.ids]
        hashes = [sent_hash for block in blocks for sent_hash in block.hashes]
        return cls(ids, hashes, pa.concat_tables([block.table for block in blocks]))

    def take(self, rows: Sequence[int]) -> Block:
        """The rows at these places, in this order."""
        return Block([self.ids[row] for row in rows], [self.hashes[row] for row in rows], self.table.take(list(rows)))

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Some columns as Python values."""
        return {name: plain(self.table.column(name)) for name in names}

    def replace(self, columns: Mapping[str, Sequence[Any]]) -> Block:
        """The same with other values in some columns."""
        table = self.table
        for name, values in columns.items():
            table = table.set_column(table.column_names.index(name), name, [_array(name, values)])
        return Block(self.ids, self.hashes, table)


def as_arrow(columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """Columns of the table; instants are microseconds since 1970."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    return pa.table({name: _array(name, values) for name, values in columns.items()})


def plain(column: Any) -> list[Any]:
    """A column as Python values, instants as microseconds since 1970."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    return (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()


def _array(name: str, values: Sequence[Any]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    return pa.array(values, _types()[name])


@cache
def _types() -> Mapping[str, Any]:
    """The Arrow type of each column that is not derived by the engine."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    of_arrow: Mapping[Arrow, Any] = {
        "string": pa.string(),
        "large_string": pa.large_string(),  # a batch may hold more than 2 GiB of text
        "int64": pa.int64(),
        "uint64": pa.uint64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "instant": pa.timestamp("us", tz="UTC"),
        "strings": pa.list_(pa.string()),
        "hash": pa.binary(16),
    }
    return {column.name: of_arrow[column.arrow] for column in COLUMNS if column.arrow}
