"""Where generations live: durable writes, versions, limited reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from generations.errors import StoreUnavailable
from generations.pricing.rows import fill_costs
from generations.query.compiled import Param, Source
from generations.results import Estimate, ProjectStats, Stats
from generations.store.block import Block, as_arrow, plain
from generations.store.insertion import SAID, InsertOutcome, Known, Versions, keep_said, plan_insert, says_all, untangle
from generations.store.limits import UNLIMITED, Limits
from generations.store.migrations import find_layout, migrate
from generations.store.pieces import Pieces
from generations.store.sequence import SEQUENCE
from generations.store.settings import reading
from generations.wire.identity import span_generation_id

if TYPE_CHECKING:
    import pyarrow as pa

    from generations.pricing.prices import Prices
    from generations.query.compiled import Compiled
    from generations.record.encode import Rows
    from generations.store.engine import Engine

Change = Literal["insert", "resend", "update", "feedback", "eval", "reprice"]

OnWritten = Callable[[str, Block, Sequence[str]], None]

_OWN_READS: Final = reading(UNLIMITED)
_ABOUT: Final = "project = {project:String} AND id IN {ids:Array(String)}"
_ABOUT_MANY: Final = "project = {project:String} AND id IN (SELECT arrayJoin({ids:Array(String)}))"
_MANY: Final = 10_000  # beyond some 23,000 the engine compares each row with each id of the plain form: 30 s instead of 0.1


class Store:
    """One project of one store. Safe to use from many threads; writers of a process go one after the other.

    Opening runs the migrations that are due. Whoever makes the engine hands it over: `close` closes it.

    Args:
        engine: where the data is.
        project: whose records are seen and written.
        limits: what one query may spend.
        prices: what is inserted is priced by; None computes no cost.
        on_written: told of what is on disk: the project, the versions, and what made each of them. It must not raise.
    """

    def __init__(
        self,
        engine: Engine,
        project: str = "default",
        limits: Limits | None = None,
        on_written: OnWritten | None = None,
        prices: Prices | None = None,
    ) -> None:
        self._engine = engine
        self._project = project
        self._limits = limits or Limits()
        self._prices = prices
        self._on_written = on_written
        self._layout = find_layout(engine)
        migrate(engine, self._layout)
        self._pieces = Pieces(engine, self._layout, project)
        SEQUENCE.advance(self._ask(f"SELECT max(seq) AS seq FROM {self._layout.table}")[0]["seq"])

    @property
    def project(self) -> str:
        return self._project

    @property
    def limits(self) -> Limits:
        return self._limits

    @property
    def prices(self) -> Prices | None:
        """What inserted records are priced by; None when no cost is computed."""
        return self._prices

    @property
    def source(self) -> Source:
        """What a query of this store is compiled against."""
        return Source(table=self._layout.table, local_table=self._layout.local, project=self._project)

    @property
    def name(self) -> str:
        """Where the data is, for people: a folder, or a URL without its password."""
        return self._engine.name

    @property
    def pieces(self) -> Pieces:
        """The pieces of traces that are kept for when more of them comes."""
        return self._pieces

    def insert(self, rows: Rows | Block, *, only_new: bool = False) -> InsertOutcome:
        """Take records, all or nothing, and return once they are on disk.

        A block is what rows become first: who brings one keeps the other writers waiting for less time.

        A record that is there exactly as sent is left alone. One that is there with another content becomes a
        new version, which keeps `createdAt`, and keeps the feedback and the evals when the new one carries none. The same id
        several times in one call: versions in that order, equal neighbours counted once.

        Args:
            rows: the records.
            only_new: leave those alone that are there, whatever is sent.
        """
        if not rows.ids:
            return InsertOutcome([], [], [])
        block = rows if isinstance(rows, Block) else self.block(rows)
        now_us = _now_us()
        with self._engine.writing():
            known = self._known(block.ids)
            plan = plan_insert(block.ids, block.hashes, known, SEQUENCE.take(len(block)), now_us, only_new=only_new)
            if plan.rows:
                taken = block if len(plan.rows) == len(block) else block.take(plan.rows)
                self._append(self._with_what_was_said(taken, plan.versions), plan.versions, now_us)
        return plan.outcome

    def block(self, rows: Rows) -> Block:
        """What rows become before they are inserted, with what they cost where the store has prices."""
        self.price(rows)
        return Block.of(rows)

    def price(self, rows: Rows) -> None:
        """Put what rows cost beside what was reported, in place; harmless when repeated, nothing without prices."""
        if self._prices is not None:
            fill_costs(rows, self._prices, self._project)

    def rewrite(self, rows: Rows, replaced: Sequence[int], change: Change) -> None:
        """Append a new version of each row, all or nothing; `replaced[i]` is the `seq` of the version that row i replaces.

        `createdAt` and the identity of what was sent are kept, so that sending the original again stays harmless.

        Raises:
            StoreUnavailable: a replaced version is not the current one any more: someone else wrote
                meanwhile, read again and retry. Cannot happen inside `writing()` on an embedded store.
        """
        if not rows.ids:
            return
        block = Block.of(rows)
        with self._engine.writing():
            known = self._known(rows.ids)
            before: list[Known] = []
            for name, seq in zip(rows.ids, replaced, strict=True):
                current = known.get(name)
                if current is None or current.seq != seq:
                    raise StoreUnavailable(f"{name!r} was changed by someone else meanwhile; nothing was written", hint="read it again")
                before.append(current)
            versions = Versions(SEQUENCE.take(len(rows)), replaced, [change] * len(rows), [one.created_at_us for one in before])
            self._append(Block(block.ids, [one.sent_hash for one in before], block.table), versions, _now_us())

    def writing(self) -> AbstractContextManager[object]:
        """Hold the write lock, so that reading a record and rewriting it cannot be interleaved with another writer.

        Reentrant; reads of others go on.
        """
        return self._engine.writing()

    def delete(self, ids: Sequence[str]) -> int:
        """Remove all versions of these records from the disk; returns how many records there were."""
        with self._engine.writing():
            if traces := self._pieces.about(ids):
                self._pieces.forget(traces | self._outer_spans(traces))
            return len(self.remove(ids))

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Remove records as `delete` does, but keep the pieces that they were made of; returns the ids of those that were there."""
        with self._engine.writing():
            known = self._known(ids)
            if known:
                table = f"{self._layout.local}{self._layout.on_cluster}"
                self._engine.run(f"ALTER TABLE {table} DELETE WHERE {_where(known)}", self._about(list(known)))
        return list(known)

    def _outer_spans(self, traces: Mapping[str, str]) -> dict[str, str]:
        """The spans around the calls that some records tell of, by their keys, with their traces: they tell of the same calls."""
        spans = "arrayMap(span -> JSONExtractString(span, 'spanId'), JSONExtractArrayRaw(metadata, 'otel', 'outerSpans')) AS spans"
        found = self._versions(f"id, {spans}", list(traces)).to_pylist()
        return {span_generation_id(traces[row["id"]], span): traces[row["id"]] for row in found for span in row["spans"]}

    def query(self, compiled: Compiled, limits: Limits | None = None) -> pa.Table:
        """Answer a query whole; `limits` replace the store's own."""
        return self._engine.query(compiled.sql, compiled.params, reading(limits or self._limits))

    def batches(self, compiled: Compiled, limits: Limits | None = None) -> Iterator[pa.RecordBatch]:
        """Answer a query as it comes, in flat memory; close the iterator when leaving it early."""
        return self._engine.batches(compiled.sql, compiled.params, reading(limits or self._limits))

    def stream(self, compiled: Compiled, format: str, limits: Limits | None = None) -> Iterator[bytes]:
        """Answer a query as bytes of one of `STREAMED_FORMATS`, in flat memory; close it when leaving early."""
        return self._engine.stream(compiled.sql, format, compiled.params, reading(limits or self._limits))

    def last_seq(self) -> int:
        """The number of the project's latest version, 0 when it has none; `Source.until_seq` asks for the records as of then."""
        sql = f"SELECT max(seq) AS seq FROM {self._layout.table} WHERE project = {{project:String}}"
        return int(self._engine.query(sql, {"project": Param("String", self._project)}, _OWN_READS).column(0)[0].as_py())

    def estimate(self, compiled: Compiled) -> Estimate:
        """What the query would read, without running it."""
        found = self._engine.query(f"EXPLAIN ESTIMATE {compiled.sql}", compiled.params, _OWN_READS).to_pylist()
        return Estimate(
            rows=sum(one["rows"] for one in found), marks=sum(one["marks"] for one in found), parts=sum(one["parts"] for one in found)
        )

    def stats(self) -> Stats:
        """Counts of all projects and the size on disk."""
        table, local = self._layout.table, self._layout.local
        parts = f"cluster('{self._layout.cluster}', system.parts)" if self._layout.cluster else "system.parts"
        current = f"seq NOT IN (SELECT supersedes FROM {local} WHERE supersedes != 0)"
        projects = [
            ProjectStats(row["project"], row["records"], row["versions"])
            for row in self._ask(
                f"SELECT project, countIf({current}) AS records, count() AS versions FROM {table} GROUP BY project ORDER BY project"
            )
        ]
        (size,) = self._ask(
            "SELECT count() AS parts, sum(data_compressed_bytes) AS compressed, sum(data_uncompressed_bytes) AS uncompressed"
            f" FROM {parts} WHERE active AND database = currentDatabase() AND table = '{local}'"
        )
        return Stats(
            records=sum(one.records for one in projects),
            versions=sum(one.versions for one in projects),
            parts=size["parts"],
            compressed_bytes=size["compressed"],
            uncompressed_bytes=size["uncompressed"],
            projects=projects,
        )

    def close(self) -> None:
        """Close the engine. Harmless when repeated."""
        self._engine.close()

    def _known(self, ids: Sequence[str]) -> dict[str, Known]:
        """The current versions of those ids that the store has."""
        found = self._versions("id, seq, supersedes, sent_hash, created_at", ids)
        if not found.num_rows:
            return {}
        names, seqs, supersedes, hashes, created = (plain(found.column(n)) for n in range(5))
        SEQUENCE.advance(max(seqs))  # the clock of who wrote them may be ahead
        replaced = set(supersedes)
        rows = sorted(row for row in zip(seqs, names, hashes, created, strict=True) if row[0] not in replaced)
        known = {name: Known(seq, sent_hash, created_at_us) for seq, name, sent_hash, created_at_us in rows}
        if len(known) < len(rows):  # left by two processes that were cut off
            self._untangle(ids)
        return known

    def _versions(self, what: str, ids: Sequence[str]) -> pa.Table:
        """Columns of all versions of records."""
        sql = f"SELECT {what} FROM {self._layout.table} WHERE {_where(ids)}"
        return self._engine.query(sql, self._about(ids), _OWN_READS)

    def _with_what_was_said(self, block: Block, versions: Versions) -> Block:
        """The block, with the feedback and the evals of what its rows replace where they carry none."""
        supersedes, seqs = versions.supersedes, versions.seqs
        if not any(supersedes):
            return block
        kept = block.columns(SAID)
        needing = [row for row, old in enumerate(supersedes) if old and not says_all(kept, row)]
        if not needing:
            return block
        own = {seq: row for row, seq in enumerate(seqs)}
        stored = self._said([block.ids[row] for row in needing], {supersedes[row] for row in needing} - own.keys())
        for row in needing:
            old = supersedes[row]
            if old in own:  # replaced within the same call, by a later row
                keep_said(kept, row, {name: kept[name][own[old]] for name in SAID})
            elif old in stored:
                keep_said(kept, row, stored[old])
        return block.replace(kept)

    def _said(self, ids: Sequence[str], seqs: set[int]) -> dict[int, dict[str, Any]]:
        """The columns of what was said of versions, by seq."""
        names = ("seq", *SAID)
        found = self._engine.query(
            f"SELECT {', '.join(names)} FROM {self._layout.table} WHERE {_where(ids)} AND seq IN {{seqs:Array(UInt64)}}",
            self._about(ids) | {"seqs": Param("Array(UInt64)", sorted(seqs))},
            _OWN_READS,
        )
        lists = [plain(found.column(name)) for name in names]
        return {values[0]: dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)}

    def _append(self, block: Block, versions: Versions, now_us: int) -> None:
        count = len(block)
        kept: dict[str, Sequence[Any]] = {
            "project": [self._project] * count,
            "seq": versions.seqs,
            "supersedes": versions.supersedes,
            "change": versions.changes,
            "sent_hash": block.hashes,
            "created_at": versions.created_at_us,
            "updated_at": [now_us] * count,
        }
        table = block.table
        for name, values in zip(kept, as_arrow(kept).columns, strict=True):
            table = table.append_column(name, values)
        self._engine.insert(self._layout.table, table)
        if self._engine.shared:
            self._untangle(block.ids)
        if self._on_written is not None:
            self._on_written(self._project, block, versions.changes)

    def _untangle(self, ids: Sequence[str]) -> None:
        """See that no other process has written the same records at the same moment; the later one replaces the other."""
        found = self._versions("id, seq, supersedes", ids)
        mended = untangle(zip(*(plain(found.column(n)) for n in range(3)), strict=True))
        if mended:
            table = f"{self._layout.local}{self._layout.on_cluster}"
            change = "supersedes = transform(seq, {seqs:Array(UInt64)}, {replaced:Array(UInt64)}, supersedes)"
            lists = {"seqs": Param("Array(UInt64)", list(mended)), "replaced": Param("Array(UInt64)", list(mended.values()))}
            self._engine.run(
                f"ALTER TABLE {table} UPDATE {change} WHERE {_where(ids)} AND seq IN {{seqs:Array(UInt64)}}", self._about(ids) | lists
            )

    def _about(self, ids: Sequence[str]) -> dict[str, Param]:
        return {"project": Param("String", self._project), "ids": Param("Array(String)", list(dict.fromkeys(ids)))}

    def _ask(self, sql: str) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self._engine.query(sql, settings=_OWN_READS).to_pylist())


def _where(ids: Collection[str]) -> str:
    """The condition for these ids, in the form that is fast for as many."""
    return _ABOUT if len(ids) <= _MANY else _ABOUT_MANY


def _now_us() -> int:
    return time.time_ns() // 1000
