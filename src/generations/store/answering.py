"""How a store answers for a collection: what is asked is compiled to one statement, and runs within the store's limits."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from generations import query
from generations.record.decode import decode_document
from generations.record.encode import MAX_BYTES, encode_records
from generations.results import DeleteResult, Explanation, InsertManyResult, RecordVersion, UpdateResult
from generations.store.assemble import documents
from generations.store.decode import texts, value_of
from generations.store.revise import Revision, matching_ids
from generations.store.versions import compile_history

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    import pyarrow as pa

    from generations.query.compiled import Compiled
    from generations.record.encode import Record
    from generations.results import Stats
    from generations.store.cursor import Found
    from generations.store.decode import Document
    from generations.store.limits import Limits
    from generations.store.store import Store

DELETE_CHUNK: Final = 100_000
"""Records that one statement removes."""

Shape = Literal["documents", "table"]
"""One JSON text per row, or typed columns."""


class StoreBackend:
    """A store that answers for a collection.

    Args:
        store: where the records are.
        max_record_bytes: the largest record that is taken, as compact JSON; None is 32 MiB.
    """

    def __init__(self, store: Store, max_record_bytes: int | None = None) -> None:
        self.store = store
        self._source = store.source
        self._max_record_bytes = MAX_BYTES if max_record_bytes is None else max_record_bytes

    @property
    def name(self) -> str:
        return self.store.name

    @property
    def project(self) -> str:
        return self.store.project

    @property
    def max_record_bytes(self) -> int:
        return self._max_record_bytes

    def insert(self, documents: Iterable[Record]) -> InsertManyResult:
        rows = encode_records(documents, max_bytes=self._max_record_bytes)
        outcome = self.store.insert(rows)
        return InsertManyResult(list(rows.ids), len(outcome.inserted_ids), len(outcome.replaced_ids), len(outcome.unchanged_ids))

    def update(self, filter: Mapping[str, Any], update: Mapping[str, Any], *, many: bool) -> UpdateResult:
        revision = Revision(self.store, partial(query.apply_update, query.parse_update(update)), self._max_record_bytes)
        return revision.every(filter) if many else revision.first(filter)

    def give_feedback(self, id: str, feedback: Document) -> bool:
        return self.update({"id": id}, {"$set": {"feedback": feedback}}, many=False).matched_count > 0

    def give_evals(self, id: str, evals: Mapping[str, Document]) -> bool:
        def with_evals(record: Document) -> Document:
            return record | {"evals": {**(record.get("evals") or {}), **evals}}

        return Revision(self.store, with_evals, self._max_record_bytes).first({"id": id}).matched_count > 0

    def delete(self, filter: Mapping[str, Any], *, many: bool) -> DeleteResult:
        limits = replace(self.store.limits, result_rows=None)
        with self.store.writing():
            ids = matching_ids(self.store, query.compile_keys(filter, self._source, limit=0 if many else 1), limits)
            removed = sum(self.store.delete(ids[start : start + DELETE_CHUNK]) for start in range(0, len(ids), DELETE_CHUNK))
        return DeleteResult(removed)

    def find(self, found: Found) -> StoreQuestion:
        def compiled(shape: Shape) -> Compiled:
            return query.compile_find(
                found.filter, self._source, projection=found.projection, sort=found.sort, skip=found.skip, limit=found.limit, shape=shape
            )

        return StoreQuestion(self.store, compiled)

    def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> StoreQuestion:
        return StoreQuestion(self.store, lambda shape: query.compile_aggregate(pipeline, self._source, shape=shape))

    def count(self, filter: Mapping[str, Any], *, skip: int, limit: int, max_time_ms: int | None) -> int:
        compiled = query.compile_count(filter, self._source, skip=skip, limit=limit)
        return int(self.store.query(compiled, within(self.store.limits, max_time_ms)).column(0)[0].as_py())

    def distinct(self, key: str, filter: Mapping[str, Any], *, max_time_ms: int | None) -> list[Any]:
        compiled = query.compile_distinct(key, filter, self._source)
        return [value_of(text) for text in texts(self.store.batches(compiled, within(self.store.limits, max_time_ms)))]

    def history(self, id: str) -> list[RecordVersion]:
        table = self.store.query(compile_history(id, self._source))
        records = [decode_document(text) for text in texts(table.to_batches())]
        changes = cast("list[str]", table["change"].to_pylist())
        return [RecordVersion(change, record["updatedAt"], record) for change, record in zip(changes, records, strict=True)]

    def stats(self) -> Stats:
        return self.store.stats()

    def close(self) -> None:
        self.store.close()


class StoreQuestion:
    """A compiled query."""

    def __init__(self, store: Store, compiler: Callable[[Shape], Compiled]) -> None:
        self._store = store
        self._compiler = compiler
        self._compiled = compiler("documents")

    def documents(self, max_time_ms: int | None) -> Generator[Document]:
        with closing(cast("Any", self._store.batches(self._compiled, within(self._store.limits, max_time_ms)))) as batches:
            yield from documents(batches, self._compiled)

    def table(self, max_time_ms: int | None) -> pa.Table:
        return self._store.query(self._compiler("table"), within(self._store.limits, max_time_ms))

    def explain(self) -> Explanation:
        params = {name: param.value for name, param in self._compiled.params.items()}
        return Explanation(self._compiled.sql, params, self._store.estimate(self._compiled))


def within(limits: Limits, max_time_ms: int | None) -> Limits:
    """The limits with another time: None keeps it, 0 lifts it."""
    return limits if max_time_ms is None else replace(limits, seconds=max_time_ms / 1000 if max_time_ms else None)
