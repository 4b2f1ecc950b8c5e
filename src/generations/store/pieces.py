"""Pieces of traces, kept for a bounded time: what came of a trace before, when more of it comes.

Rows are only ever appended. Of a piece that came several times all rows stay until their time is over; whoever reads them
takes each once. A cluster keeps the pieces of a trace together on one shard.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

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
_NEWEST_FIRST: Final = "received_at DESC, batch DESC, number DESC"
_GRANULE_ROWS: Final = 512


class Piece(msgspec.Struct, frozen=True):
    """One piece of a trace.

    Attributes:
        trace_id: of the trace.
        kind: what it is.
        key: tells it from the others of its kind in the trace.
        about: the id of the record that it is told of; empty where it names none.
        body: what it says, as JSON.
    """

    trace_id: str
    kind: PieceKind
    key: str
    about: str
    body: bytes


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
            "project": pa.repeat(pa.scalar(self._project, pa.string()), count),
            "trace_id": pa.array([piece.trace_id for piece in pieces], pa.string()),
            "kind": pa.array([piece.kind for piece in pieces], pa.string()),
            "key": pa.array([piece.key for piece in pieces], pa.string()),
            "about": pa.array([piece.about for piece in pieces], pa.string()),
            "received_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", tz="UTC")), count),
            "batch": pa.repeat(pa.scalar(batch, pa.uint64()), count),
            "number": pa.array(range(count), pa.uint32()),
            "body": pa.array([piece.body for piece in pieces], pa.large_string()),
        }
        self._engine.insert(PIECES_TABLE, pa.table(columns))
        return batch

    def others(self, trace_ids: Collection[str], batch: int, aging: timedelta) -> tuple[list[Piece], set[str]]:
        """What else is known of some traces, each piece once, as it came last, in the order in which they came first.

        Args:
            trace_ids: of the traces.
            batch: rows that are left out.
            aging: from this age on pieces have to be kept anew for them to stay.

        Returns:
            The pieces, and the traces of which some are that old.
        """
        order = f"kind IN ('deleted', 'settled') DESC, {_NEWEST_FIRST}"
        sql = (
            f"SELECT trace_id, kind, key, about, body, is_aging FROM"
            f" (SELECT *, sum(length(body)) OVER (ORDER BY {order}) AS bytes FROM"
            " (SELECT trace_id, kind, key, about, body, received_at < {aging:DateTime64(6, 'UTC')} AS is_aging, received_at, batch, number"
            f" FROM {PIECES_TABLE}"
            " WHERE project = {project:String} AND trace_id IN {traces:Array(String)} AND batch != {batch:UInt64}"
            f" ORDER BY {order} LIMIT {MOST_PIECES} BY trace_id))"
            f" WHERE bytes <= {MOST_BYTES} ORDER BY received_at, batch, number"
        )
        params = {
            "project": Param("String", self._project),
            "traces": Param("Array(String)", sorted(trace_ids)),
            "batch": Param("UInt64", batch),
            "aging": _instant(datetime.now(UTC) - aging),
        }
        rows = self._engine.query(sql, params, _OWN_READS).to_pylist()
        found = {(row["trace_id"], row["kind"], row["key"]): row for row in rows}
        is_aging = {row["trace_id"] for row in found.values() if row["is_aging"]}
        return [Piece(*key, row["about"], row["body"].encode()) for key, row in found.items()], is_aging

    def deleted(self, ids: Collection[str]) -> set[str]:
        """Those of some records that were deleted while pieces of them were kept."""
        sql = f"SELECT DISTINCT about FROM {PIECES_TABLE} WHERE project = {{project:String}} AND kind = 'deleted' AND {_ABOUT}"
        return set(self._engine.query(sql, self._about(ids), _OWN_READS).column("about").to_pylist())

    def about(self, ids: Collection[str], kind: PieceKind | None = None) -> dict[str, str]:
        """The traces of those of some records of which pieces are kept; of one kind, where that is given."""
        of_kind = "" if kind is None else f" AND kind = '{kind}'"
        sql = f"SELECT DISTINCT about, trace_id FROM {PIECES_TABLE} WHERE project = {{project:String}} AND {_ABOUT}{of_kind}"
        return {row["about"]: row["trace_id"] for row in self._engine.query(sql, self._about(ids), _OWN_READS).to_pylist()}

    def forget(self, traces: Mapping[str, str]) -> None:
        """Remove what is kept of some records, given with their traces, and see that what comes of them later makes none."""
        self.append([Piece(trace_id, "deleted", id, id, b"null") for id, trace_id in traces.items()])
        self._engine.run(
            f"ALTER TABLE {self._local}{self._on_cluster} DELETE WHERE project = {{project:String}} AND kind != 'deleted' AND {_ABOUT}",
            self._about(traces),
        )

    def unsettled(self, since: datetime | None, until: datetime, most: int) -> list[tuple[str, str]]:
        """Traces of all projects, as (project, trace), of which something waits for a span and the last piece came in this time.

        Args:
            since: the beginning of that time; None looks at all that is kept.
            until: its end.
            most: how many of them.
        """
        came = "received_at < {until:DateTime64(6, 'UTC')}"
        if since is not None:
            came += " AND received_at >= {since:DateTime64(6, 'UTC')}"
        sql = (
            f"SELECT project, trace_id FROM {PIECES_TABLE}"
            f" WHERE (project, trace_id) IN (SELECT project, trace_id FROM {PIECES_TABLE} WHERE {came}) GROUP BY project, trace_id"
            " HAVING countIf(kind IN ('log', 'evaluation')) > 0 AND countIf(kind = 'settled') = 0"
            " AND max(received_at) < {until:DateTime64(6, 'UTC')}"
            " AND NOT hasAll(groupUniqArrayIf(about, kind IN ('span', 'langfuse')), groupUniqArrayIf(about, kind IN ('log', 'evaluation')))"
            " ORDER BY project, trace_id LIMIT {most:UInt32}"
        )
        params = {"since": _instant(since or until), "until": _instant(until), "most": Param("UInt32", most)}
        return [(row["project"], row["trace_id"]) for row in self._engine.query(sql, params, _OWN_READS).to_pylist()]

    def count(self) -> int:
        """How many pieces of all projects are kept."""
        return int(self._engine.query(f"SELECT count() AS pieces FROM {PIECES_TABLE}", None, _OWN_READS).column("pieces")[0].as_py())

    def drop(self, kept_for: timedelta) -> None:
        """Remove the hours of all projects in which nothing came that is younger."""
        sql = f"SELECT _partition_id AS hour FROM {PIECES_TABLE} GROUP BY hour HAVING max(received_at) < {{oldest:DateTime64(6, 'UTC')}}"
        hours = self._engine.query(sql, {"oldest": _instant(datetime.now(UTC) - kept_for)}, _OWN_READS).column("hour").to_pylist()
        for hour in hours:
            self._engine.run(f"ALTER TABLE {self._local}{self._on_cluster} DROP PARTITION ID '{hour}'")

    def _about(self, ids: Collection[str]) -> dict[str, Param]:
        return {"project": Param("String", self._project), "ids": Param("Array(String)", sorted(ids))}


def _instant(at: datetime) -> Param:
    return Param("DateTime64(6, 'UTC')", at.strftime("%Y-%m-%d %H:%M:%S.%f"))


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
        " received_at DateTime64(6, 'UTC'), batch UInt64, number UInt32, body String CODEC(ZSTD(1))"
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
