"""Where generations live: durable writes, versions, limited reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from generations.store.limits import Limits

if TYPE_CHECKING:
    import pyarrow as pa

    from generations.query.compiled import Compiled
    from generations.record.encode import Rows
    from generations.store.engine import Engine

Change = Literal["insert", "resend", "update", "feedback"]


@dataclass(frozen=True, slots=True)
class InsertOutcome:
    """What became of each id of one insert; an id stands in exactly one list, once.

    Attributes:
        inserted_ids: records the store did not have.
        unchanged_ids: records it had, exactly as sent; nothing was written.
        replaced_ids: records it had with another content; a new version was written.
    """

    inserted_ids: list[str]
    unchanged_ids: list[str]
    replaced_ids: list[str]


class Version(NamedTuple):
    """One version of a record, without its content."""

    id: str
    seq: int
    supersedes: int
    change: str
    created_at_us: int
    updated_at_us: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query would read at most, by the engine's own estimate."""

    rows: int
    marks: int
    parts: int


@dataclass(frozen=True, slots=True)
class ProjectStats:
    """Counts of one project; `versions` includes the current ones."""

    project: str
    records: int
    versions: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The size of a store.

    Attributes:
        records: current records of all projects.
        versions: all versions, the current ones included.
        parts: parts on disk; the engine merges them in the background.
        compressed_bytes: bytes on disk.
        uncompressed_bytes: the same columns before compression.
        projects: counts by project, by name.
    """

    records: int
    versions: int
    parts: int
    compressed_bytes: int
    uncompressed_bytes: int
    projects: list[ProjectStats]


class Store:
    """One project of one store. Safe to use from many threads; writers of a process go one after the other.

    Opening runs the migrations that are due. Whoever makes the engine hands it over: `close` closes it.
    """

    def __init__(self, engine: Engine, project: str = "default", limits: Limits | None = None) -> None: ...

    @property
    def project(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def name(self) -> str:
        """Where the data is, for people: a folder, or a URL without its password."""
        ...

    def insert(self, rows: Rows) -> InsertOutcome:
        """Take records, all or nothing, and return once they are on disk.

        A record that is there exactly as sent is left alone. One that is there with another content becomes a
        new version, which keeps `createdAt`, and keeps the feedback when the new one carries none. The same id
        several times in one call: versions in that order, equal neighbours counted once.
        """
        ...

    def rewrite(self, rows: Rows, replaced: Sequence[int], change: Change) -> None:
        """Append a new version of each row, all or nothing; `replaced[i]` is the `seq` of the version that row i replaces.

        `createdAt` and the identity of what was sent are kept, so that sending the original again stays harmless.

        Raises:
            StoreUnavailable: a replaced version is not the current one any more: someone else wrote
                meanwhile, read again and retry. Cannot happen inside `writing()` on an embedded store.
        """
        ...

    def writing(self) -> AbstractContextManager[object]:
        """Hold the write lock, so that reading a record and rewriting it cannot be interleaved with another writer.

        Reentrant; reads of others go on.
        """
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Remove all versions of these records from the disk; returns how many records there were."""
        ...

    def versions(self, id: str) -> list[Version]:
        """All versions of a record, oldest first; empty when it is unknown or deleted."""
        ...

    def query(self, compiled: Compiled, limits: Limits | None = None) -> pa.Table:
        """Answer a query whole; `limits` replace the store's own."""
        ...

    def batches(self, compiled: Compiled, limits: Limits | None = None) -> Iterator[pa.RecordBatch]:
        """Answer a query as it comes, in flat memory; close the iterator when leaving it early."""
        ...

    def stream(self, compiled: Compiled, format: str, limits: Limits | None = None) -> Iterator[bytes]:
        """Answer a query as bytes of an engine format such as `JSONEachRow`, in flat memory; close it when leaving early."""
        ...

    def estimate(self, compiled: Compiled) -> Estimate:
        """What the query would read, without running it."""
        ...

    def stats(self) -> Stats:
        """Counts of all projects and the size on disk."""
        ...

    def close(self) -> None:
        """Close the engine. Harmless when repeated."""
        ...
