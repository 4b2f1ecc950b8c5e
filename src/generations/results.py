"""What the verbs of a collection return, with PyMongo's names: the same from a folder, a cluster and a server at a distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class InsertOneResult:
    """The id of the record, whether it was sent or made; `changed` is False when the store already had it as sent."""

    inserted_id: str
    changed: bool
    acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class InsertManyResult:
    """What became of the records of one call.

    Attributes:
        inserted_ids: the ids of all records sent, in their order.
        inserted_count: records the store did not have.
        replaced_count: records it had with another content; each became a new version.
        unchanged_count: records it had exactly as sent; nothing was written.
        acknowledged: always True: what is returned is on disk.
    """

    inserted_ids: list[str]
    inserted_count: int
    replaced_count: int
    unchanged_count: int
    acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """How many records matched, and how many of them are now different; nothing is ever upserted."""

    matched_count: int
    modified_count: int
    upserted_id: None = None
    acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class DeleteResult:
    """How many records were removed, each with all of its versions."""

    deleted_count: int
    acknowledged: bool = True


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """One version of a record.

    Attributes:
        change: what made it: `insert`, `resend`, `update`, `feedback`, `eval` or `reprice`.
        changed_at: when.
        record: the record as it then was.
    """

    change: str
    changed_at: datetime
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query would read at most, by the engine's own estimate."""

    rows: int
    marks: int
    parts: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a query is answered, without answering it.

    Attributes:
        sql: the statement that would run.
        params: its bound parameters by name.
        estimate: what would be read at most, by the engine's own estimate; None with a server's key, for the rows of
            other projects beside one's own are counted in it.
    """

    sql: str
    params: dict[str, Any]
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class ProjectStats:
    """Counts of one project; `versions` includes the current ones."""

    project: str
    records: int
    versions: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The size of a store; with a server's key that of its project, whose share of the disk is not known.

    Attributes:
        records: current records of all projects.
        versions: all versions, the current ones included.
        parts: parts on disk; the engine merges them in the background. None with a key.
        compressed_bytes: bytes on disk. None with a key.
        uncompressed_bytes: the same columns before compression. None with a key.
        projects: counts by project, by name.
    """

    records: int
    versions: int
    parts: int | None
    compressed_bytes: int | None
    uncompressed_bytes: int | None
    projects: list[ProjectStats]
