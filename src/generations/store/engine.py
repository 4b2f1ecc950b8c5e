"""What the store needs of an engine: six verbs, the same for a folder and for a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from generations.query.compiled import Param
    from generations.store.settings import Settings

Params = Mapping[str, "Param"]

STREAMED_FORMATS: Final = frozenset({"JSONEachRow", "LineAsString", "TSV", "TSVRaw", "CSV"})
"""Formats that can be streamed: those without a head or a foot."""


class Engine(Protocol):
    """Runs SQL. Every error it raises is one of `generations.errors`; no driver's error passes.

    Values travel in `params` (`{name:Type}` in the SQL) or as Arrow, never in the SQL text. `settings` are
    the engine's query settings. All methods may be called from many threads at once.
    """

    @property
    def name(self) -> str:
        """Where the data is, for people: a folder, or a URL without its password."""
        ...

    @property
    def cluster(self) -> str | None:
        """The cluster on which tables are made; None for a folder or a single server."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other processes may write at the same time; `writing()` does not keep those out."""
        ...

    def run(self, sql: str, params: Params | None = None) -> None:
        """Run a statement that changes something, and return when it has taken effect everywhere."""
        ...

    def query(self, sql: str, params: Params | None = None, settings: Settings | None = None) -> pa.Table:
        """Run a query and return all of its rows; an empty result keeps its columns."""
        ...

    def batches(self, sql: str, params: Params | None = None, settings: Settings | None = None) -> Iterator[pa.RecordBatch]:
        """Run a query and yield its rows as they come, in flat memory.

        Close the iterator (or exhaust it) to give its connection back.
        """
        ...

    def stream(self, sql: str, format: str, params: Params | None = None, settings: Settings | None = None) -> Iterator[bytes]:
        """Run a query and yield its output in one of `STREAMED_FORMATS`, in flat memory; the pieces end anywhere."""
        ...

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows as one block: all of them or none, on disk when it returns."""
        ...

    def probe(self) -> None:
        """See that something could be written now, without writing to a table; quick.

        Raises:
            StoreUnavailable: it could not: the disk is full or read-only, or the server does not answer.
        """
        ...

    def writing(self) -> AbstractContextManager[object]:
        """A reentrant lock, held by one writer at a time among all who write to the same place from this process."""
        ...

    def close(self) -> None:
        """Give everything back. Harmless when repeated; anything else after it raises `StoreUnavailable`."""
        ...
