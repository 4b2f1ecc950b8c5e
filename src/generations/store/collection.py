"""The collection: PyMongo's verbs over a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from generations import query
from generations.errors import InvalidInput, InvalidQuery
from generations.record import instants
from generations.record.decode import decode_document
from generations.record.encode import MAX_BYTES, Record, encode_records
from generations.results import DeleteResult, Explanation, InsertManyResult, InsertOneResult, RecordVersion, UpdateResult
from generations.store.cursor import Cursor, FindCursor, Found, Shape, Sort, as_is, natural, sort_pairs, within
from generations.store.decode import Document, texts, value_of
from generations.store.revise import Revision, matching_ids
from generations.store.versions import compile_history

if TYPE_CHECKING:
    from types import TracebackType

    from generations.query.compiled import Compiled
    from generations.results import Stats
    from generations.store.limits import Limits
    from generations.store.store import Store

Filter = Mapping[str, Any]
Projection = Mapping[str, Any] | Sequence[str]
Pipeline = Sequence[Mapping[str, Any]]

DELETE_CHUNK = 100_000
"""Records that one statement removes."""


class Collection:
    """The generations of one project. Safe to use from many threads; a cursor belongs to one.

    Verbs, arguments and results are PyMongo's. `filter`, `projection`, `update` and pipelines are MongoDB's language
    with MongoDB's meaning; what cannot be answered exactly is refused before anything is read. Every query runs within
    the collection's limits; `max_time_ms` replaces the time limit of one call, and 0 lifts it.
    """

    def __init__(self, store: Store, max_record_bytes: int | None = None) -> None:
        self._store = store
        self._source = store.source
        self._max_record_bytes = MAX_BYTES if max_record_bytes is None else max_record_bytes

    # Writing

    def insert_one(self, document: Record) -> InsertOneResult:
        """Take one record and return once it is on disk; sending it again is harmless.

        Raises:
            InvalidRecord: it breaks a rule; the message says where and how to mend it.
        """
        rows = encode_records([document], max_bytes=self._max_record_bytes)
        outcome = self._store.insert(rows)
        return InsertOneResult(rows.ids[0], changed=not outcome.unchanged_ids)

    def insert_many(self, documents: Iterable[Record]) -> InsertManyResult:
        """Take records, all or none of them, and return once they are on disk.

        Raises:
            InvalidRecord: one of them breaks a rule; nothing was written.
        """
        rows = encode_records(documents, max_bytes=self._max_record_bytes)
        if not rows.ids:
            return InsertManyResult([], 0, 0, 0)
        outcome = self._store.insert(rows)
        return InsertManyResult(list(rows.ids), len(outcome.inserted_ids), len(outcome.replaced_ids), len(outcome.unchanged_ids))

    def update_one(self, filter: Filter, update: Mapping[str, Any]) -> UpdateResult:
        """Change the first record that matches; the version before it stays in the history.

        Nothing is upserted: a record is more than an update can say.
        """
        return self._revision(update).first(stated(filter))

    def update_many(self, filter: Filter, update: Mapping[str, Any]) -> UpdateResult:
        """Change every record that matches, 1,000 at a time (fewer where they are large).

        Each chunk is rewritten whole or not at all. An error, such as a record that would break a rule, leaves the
        chunks before it changed; sending the same update again finishes the work where it can be repeated.
        """
        return self._revision(update).every(stated(filter))

    def delete_one(self, filter: Filter) -> DeleteResult:
        """Remove the first record that matches, with its history, from the disk."""
        return self._delete(filter, limit=1)

    def delete_many(self, filter: Filter) -> DeleteResult:
        """Remove every record that matches, with its history, from the disk; `{}` matches all of them."""
        return self._delete(filter, limit=0)

    def add_feedback(
        self,
        id: str,
        *,
        rating: float | None = None,
        thumbs: Literal["up", "down"] | None = None,
        comment: str | None = None,
        categories: Sequence[str] | None = None,
        timestamp: datetime | None = None,
        user_id: str | None = None,
    ) -> Document:
        """Add feedback to a record. It becomes the record's `feedback`; what was said before stays in `feedback(id)`.

        Returns:
            The feedback as stored, with the time it was given.

        Raises:
            InvalidInput: there is no such record, or nothing was said.
            InvalidRecord: a value is not one that the field takes.
        """
        if categories is not None and not isinstance(categories, str):
            categories = list(categories)
        said = {"rating": rating, "thumbs": thumbs, "comment": comment, "categories": categories}
        if all(value is None for value in said.values()):
            raise InvalidInput("the feedback is empty", hint="give a rating, thumbs, a comment or categories")
        given_at = datetime.now(UTC) if timestamp is None else instants.parse(timestamp) or timestamp
        named = {**said, "timestamp": given_at, "userId": user_id}
        feedback = {name: value for name, value in named.items() if value is not None}
        if not self._revision({"$set": {"feedback": feedback}}).first({"id": id}).matched_count:
            raise InvalidInput(f"there is no generation {id!r}", path="id")
        return feedback

    # Reading

    def find(
        self,
        filter: Filter | None = None,
        projection: Projection | None = None,
        *,
        sort: Sort | None = None,
        skip: int = 0,
        limit: int = 0,
        max_time_ms: int | None = None,
    ) -> FindCursor:
        """The records that match, as a lazy cursor; without `sort` in the order in which they were inserted."""
        found = Found({} if filter is None else filter, projection, sort_pairs(sort), natural(skip, "skip"), natural(limit, "limit"))
        return FindCursor(self._store, found, self._compile_find, self._limits(max_time_ms))

    def find_one(
        self,
        filter: Filter | None = None,
        projection: Projection | None = None,
        *,
        sort: Sort | None = None,
        skip: int = 0,
        max_time_ms: int | None = None,
    ) -> Document | None:
        """The first record that matches, or None."""
        with self.find(filter, projection, sort=sort, skip=skip, limit=1, max_time_ms=max_time_ms) as cursor:
            return next(cursor, None)

    def get(self, id: str) -> Document | None:
        """The record with this id, or None."""
        return self.find_one({"id": id})

    def aggregate(self, pipeline: Pipeline, *, max_time_ms: int | None = None) -> Cursor[Document]:
        """What the pipeline makes of the records, as a lazy cursor."""

        def compiled(shape: Shape) -> Compiled:
            return query.compile_aggregate(pipeline, self._source, shape=shape)

        return Cursor(self._store, compiled, self._limits(max_time_ms), as_is)

    def count_documents(self, filter: Filter, *, skip: int = 0, limit: int = 0, max_time_ms: int | None = None) -> int:
        """How many records match, after leaving out `skip` of them and no more than `limit` (0: all)."""
        compiled = query.compile_count(stated(filter), self._source, skip=natural(skip, "skip"), limit=natural(limit, "limit"))
        return int(self._store.query(compiled, self._limits(max_time_ms)).column(0)[0].as_py())

    def estimated_document_count(self) -> int:
        """How many records there are; exact here, unlike the name that PyMongo gives it."""
        return self.count_documents({})

    def distinct(self, key: str, filter: Filter | None = None, *, max_time_ms: int | None = None) -> list[Any]:
        """The different values at a path; the elements of an array one by one."""
        compiled = query.compile_distinct(key, {} if filter is None else filter, self._source)
        return [value_of(text) for text in texts(self._store.batches(compiled, self._limits(max_time_ms)))]

    def feedback(self, id: str) -> list[Document]:
        """All feedback that a record was ever given, the newest first; empty for an unknown record."""
        given: list[Document] = []
        before: Any = None
        for version in reversed(self.history(id)):
            now = version.record.get("feedback")
            if now and (now != before or version.change == "feedback"):
                given.append(now)
            before = now
        return given[::-1]

    def history(self, id: str) -> list[RecordVersion]:
        """All versions of a record, the newest first; empty for an unknown record."""
        table = self._store.query(compile_history(id, self._source), self._limits(None))
        records = [decode_document(text) for text in texts(table.to_batches())]
        changes = cast("list[str]", table["change"].to_pylist())
        return [RecordVersion(change, record["updatedAt"], record) for change, record in zip(changes, records, strict=True)]

    def explain(self, query: Filter | Pipeline) -> Explanation:
        """How a filter (a mapping) or a pipeline (a list) is answered: SQL, parameters, what it would read. Nothing runs."""
        cursor = self.find(query) if isinstance(query, Mapping) else self.aggregate(query)
        return cursor.explain()

    def stats(self) -> Stats:
        """Counts and sizes of the whole store."""
        return self._store.stats()

    # Being there

    @property
    def name(self) -> str:
        """Where the data is, for people: a folder, or a URL without its password."""
        return self._store.name

    @property
    def project(self) -> str:
        """The project whose records are seen."""
        return self._store.project

    @property
    def store(self) -> Store:
        """What the collection stands on, for work beyond its verbs such as imports."""
        return self._store

    @property
    def max_record_bytes(self) -> int:
        """The largest record that is taken, as compact JSON."""
        return self._max_record_bytes

    def close(self) -> None:
        """Give back the store; closing again is harmless, anything else raises `StoreUnavailable`."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, project={self.project!r})"

    def _limits(self, max_time_ms: int | None) -> Limits:
        return within(self._store.limits, max_time_ms)

    def _compile_find(self, found: Found, shape: Shape) -> Compiled:
        return query.compile_find(
            found.filter, self._source, projection=found.projection, sort=found.sort, skip=found.skip, limit=found.limit, shape=shape
        )

    def _revision(self, update: Mapping[str, Any]) -> Revision:
        return Revision(self._store, query.parse_update(update), self._max_record_bytes)

    def _delete(self, filter: Filter, limit: int) -> DeleteResult:
        limits = replace(self._store.limits, result_rows=None)
        with self._store.writing():
            ids = matching_ids(self._store, query.compile_keys(stated(filter), self._source, limit=limit), limits)
            removed = sum(self._store.delete(ids[start : start + DELETE_CHUNK]) for start in range(0, len(ids), DELETE_CHUNK))
        return DeleteResult(removed)


def stated(filter: Filter | None) -> Filter:
    """A filter that was really given: leaving it out must never come to mean everything."""
    if filter is None:
        raise InvalidQuery("there is no filter", hint="{} matches every record")
    return filter
