"""Pieces of traces, kept for a bounded time: what came of a trace before, when more of it comes.

Rows are only ever appended. Of a piece that came several times all rows stay until their time is over; whoever reads them
takes each once. A cluster keeps the pieces of a trace together on one shard.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from generations.query.compiled import Param
from generations.store.limits import UNLIMITED
from generations.store.schema import Layout
from generations.store.settings import reading

if TYPE_CHECKING:
    from generations.store.engine import Engine

PieceKind = Literal["span", "log", "evaluation", "langfuse", "settled", "deleted"]
"""What a piece is. Two are told by nobody: `settled` says that what has no span became records without one, and `deleted` that
a record was deleted, which what comes later must not bring back."""

PIECES_TABLE: Final = "generations_pieces"

MOST_PIECES: Final = 2_000
"""Of one trace that are read again when more of it comes, the newest ones: a trace without end does not make each of its spans
dearer than the one before."""

MOST_BYTES: Final = 64 << 20
"""Of all earlier pieces that are read at once; the oldest are left out."""

_OWN_READS: Final = reading(UNLIMITED)
_ABOUT: Final = "about IN (SELECT arrayJoin({ids:Array(String)}))"
_GRANULE_ROWS: Final = 512


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a trace.

    Attributes:
        trace_id: of the trace.
        kind: what it is.
        key: tells it from the others of its kind in the trace.
        about: the id of the record that it is told of; empty where it names none.
        body: what it says, as JSON.
        answers: the providers' ids of the answers that it tells of.
    """

    trace_id: str
    kind: PieceKind
    key: str
    about: str
    body: bytes
    answers: tuple[str, ...] = ()


class Pieces:
    """The pieces of one project. Safe to use from many threads.

    Args:
        engine: where they are; whoever makes it closes it.
        layout: which tables there are.
        project: whose they are.
    """

    def __init__(self, engine: Engine, layout: Layout, project: str) -> None:
        self._engine = engine
        self._local = local_table(layout)
        self._on_cluster = layout.on_cluster
        self._project = project

    def append(self, pieces: Sequence[Piece]) -> int:
        """Keep pieces, all or none, and return once they are on disk.

        Returns:
            A number that tells these rows from all others.
        """
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        batch = secrets.randbits(63)
        count = len(pieces)
        columns: dict[str, Any] = {
            "project": pa.array([self._project] * count, pa.string()),
            "trace_id": pa.array([piece.trace_id for piece in pieces], pa.string()),
            "kind": pa.array([piece.kind for piece in pieces], pa.string()),
            "key": pa.array([piece.key for piece in pieces], pa.string()),
            "about": pa.array([piece.about for piece in pieces], pa.string()),
            "answers": pa.array([piece.answers for piece in pieces], pa.list_(pa.string())),
            "received_at": pa.array([datetime.now(UTC)] * count, pa.timestamp("us", tz="UTC")),
            "batch": pa.array([batch] * count, pa.uint64()),
            "number": pa.array(range(count), pa.uint32()),
            "body": pa.array([piece.body for piece in pieces], pa.large_string()),
        }
        self._engine.insert(PIECES_TABLE, pa.table(columns))
        return batch

    def others(self, trace_ids: Collection[str], batch: int, kept_for: timedelta) -> Iterator[Piece]:
        """What else is known of some traces, in the order in which it came.

        Args:
            trace_ids: of the traces.
            batch: rows that are left out.
            kept_for: older ones are forgotten.
        """
        sql = (
            f"SELECT trace_id, kind, key, about, answers, body FROM"
            f" (SELECT *, sum(length(body)) OVER (ORDER BY received_at DESC, batch DESC, number DESC) AS bytes FROM"
            f" (SELECT trace_id, kind, key, about, answers, body, received_at, batch, number FROM {PIECES_TABLE}"
            " WHERE project = {project:String} AND trace_id IN {traces:Array(String)} AND batch != {batch:UInt64}"
            " AND received_at > {since:DateTime64(6, 'UTC')}"
            f" ORDER BY received_at DESC, batch DESC, number DESC LIMIT {MOST_PIECES} BY trace_id))"
            f" WHERE bytes <= {MOST_BYTES} ORDER BY received_at, batch, number"
        )
        params = self._params(since=datetime.now(UTC) - kept_for) | {
            "traces": Param("Array(String)", sorted(trace_ids)),
            "batch": Param("UInt64", batch),
        }
        for row in self._engine.query(sql, params, _OWN_READS).to_pylist():
            yield Piece(row["trace_id"], row["kind"], row["key"], row["about"], row["body"], tuple(row["answers"]))

    def deleted(self, ids: Collection[str]) -> set[str]:
        """Those of some records that were deleted while pieces of them were kept."""
        sql = f"SELECT DISTINCT about FROM {PIECES_TABLE} WHERE project = {{project:String}} AND kind = 'deleted' AND {_ABOUT}"
        return set(self._engine.query(sql, self._about(ids), _OWN_READS).column("about").to_pylist())

    def forget(self, ids: Collection[str]) -> None:
        """Remove what is kept of some records, and see that what comes of them later makes none."""
        sql = f"SELECT DISTINCT trace_id, about FROM {PIECES_TABLE} WHERE project = {{project:String}} AND {_ABOUT}"
        found = self._engine.query(sql, self._about(ids), _OWN_READS).to_pylist()
        if not found:
            return
        self.append([Piece(row["trace_id"], "deleted", row["about"], row["about"], b"null") for row in found])
        self._engine.run(
            f"ALTER TABLE {self._local}{self._on_cluster} DELETE WHERE project = {{project:String}} AND kind != 'deleted' AND {_ABOUT}",
            self._about([row["about"] for row in found]),
        )

    def _about(self, ids: Collection[str]) -> dict[str, Param]:
        return {"project": Param("String", self._project), "ids": Param("Array(String)", sorted(ids))}

    def _params(self, since: datetime) -> dict[str, Param]:
        return {
            "project": Param("String", self._project),
            "since": Param("DateTime64(6, 'UTC')", since.strftime("%Y-%m-%d %H:%M:%S.%f")),
        }


def local_table(layout: Layout) -> str:
    """The table that holds the pieces of one server."""
    return PIECES_TABLE if layout.cluster is None else f"{PIECES_TABLE}_local"


def create_pieces(layout: Layout) -> tuple[str, ...]:
    """The statements that make the table of pieces where it is not there.

    A partition is what came within an hour, so that what nobody needs any more goes in one piece, without rewriting.
    """
    local = local_table(layout)
    path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
    engine = f"ReplicatedMergeTree({path})" if layout.cluster else "MergeTree"
    columns = (
        "project LowCardinality(String), trace_id String, kind LowCardinality(String), key String, about String,"
        " answers Array(String), received_at DateTime64(6, 'UTC'), batch UInt64, number UInt32, body String CODEC(ZSTD(1))"
    )
    rows = (
        f"CREATE TABLE IF NOT EXISTS {local}{layout.on_cluster} ({columns})\n"
        f"ENGINE = {engine}\nPARTITION BY toStartOfHour(received_at)\nORDER BY (project, trace_id)\n"
        f"SETTINGS index_granularity = {_GRANULE_ROWS}, fsync_after_insert = 1, fsync_part_directory = 1,"
        " min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1"
    )
    if layout.cluster is None:
        return (rows,)
    front = (
        f"CREATE TABLE IF NOT EXISTS {PIECES_TABLE}{layout.on_cluster} AS {local}\n"
        f"ENGINE = Distributed(`{layout.cluster}`, currentDatabase(), {local}, sipHash64(project, trace_id))"
    )
    return (rows, front)
