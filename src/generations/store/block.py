"""Rows as one Arrow block, in the order of the table's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from generations.store.schema import COLUMNS, Arrow

if TYPE_CHECKING:
    import pyarrow as pa


def as_block(columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """One block with every column of the table that is not derived; instants are microseconds since 1970."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    types = _types()
    return pa.table({column.name: pa.array(columns[column.name], types[column.arrow]) for column in COLUMNS if column.arrow})


@cache
def _types() -> Mapping[Arrow, Any]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    return {
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
