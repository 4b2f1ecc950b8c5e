"""The collection: PyMongo's verbs over a store, or over a server at a distance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from generations.errors import ConfigError, InvalidInput, InvalidQuery, NotFound
from generations.record import instants
from generations.record.encode import Record
from generations.record.evals import as_given, checked_evals
from generations.record.said import all_evals, all_feedback
from generations.results import DeleteResult, Explanation, InsertManyResult, InsertOneResult, RecordVersion, UpdateResult
from generations.store.answering import StoreBackend
from generations.store.cursor import Cursor, FindCursor, Found, Sort, as_is, checked_time, natural, sort_pairs
from generations.store.decode import Document
from generations.store.store import Store

if TYPE_CHECKING:
    from types import TracebackType

    from generations.results import Stats
    from generations.store.cursor import Question

Filter = Mapping[str, Any]
Projection = Mapping[str, Any] | Sequence[str]
Pipeline = Sequence[Mapping[str, Any]]


class Backend(Protocol):
    """What answers for a collection. It is given arguments whose form was checked, and checks what they mean."""

    @property
    def name(self) -> str: ...

    @property
    def project(self) -> str: ...

    @property
    def max_record_bytes(self) -> int: ...

    def insert(self, documents: Iterable[Record]) -> InsertManyResult: ...

    def update(self, filter: Filter, update: Mapping[str, Any], *, many: bool) -> UpdateResult: ...

    def delete(self, filter: Filter, *, many: bool) -> DeleteResult: ...

    def give_feedback(self, id: str, feedback: Document) -> bool:
        """Whether there was such a record, which now has this feedback."""
        ...

    def give_evals(self, id: str, evals: Mapping[str, Document]) -> bool:
        """Whether there was such a record, which now has these evals, beside those of other names."""
        ...

    def find(self, found: Found) -> Question: ...

    def aggregate(self, pipeline: Pipeline) -> Question: ...

    def count(self, filter: Filter, *, skip: int, limit: int, max_time_ms: int | None) -> int: ...

    def distinct(self, key: str, filter: Filter, *, max_time_ms: int | None) -> list[Any]: ...

    def history(self, id: str) -> list[RecordVersion]: ...

    def stats(self) -> Stats: ...

    def close(self) -> None: ...


class Collection:
    """The generations of one project. Safe to use from many threads; a cursor belongs to one.

    Verbs, arguments and results are PyMongo's. `filter`, `projection`, `update` and pipelines are MongoDB's language
    with MongoDB's meaning; what cannot be answered exactly is refused before anything is read. Every query runs within
    the collection's limits; `max_time_ms` replaces the time limit of one call, and 0 lifts it.
    """

    def __init__(self, store: Store | Backend, max_record_bytes: int | None = None) -> None:
        self._backend: Backend = StoreBackend(store, max_record_bytes) if isinstance(store, Store) else store

    # Writing

    def insert_one(self, document: Record) -> InsertOneResult:
        """Take one record and return once it is on disk; sending it again is harmless.

        Raises:
            InvalidRecord: it breaks a rule; the message says where and how to mend it.
        """
        result = self._backend.insert([document])
        return InsertOneResult(result.inserted_ids[0], changed=not result.unchanged_count)

    def insert_many(self, documents: Iterable[Record]) -> InsertManyResult:
        """Take records, all or none of them, and return once they are on disk.

        Raises:
            InvalidRecord: one of them breaks a rule; nothing was written.
        """
        return self._backend.insert(documents)

    def update_one(self, filter: Filter, update: Mapping[str, Any]) -> UpdateResult:
        """Change the first record that matches; the version before it stays in the history.

        Nothing is upserted: a record is more than an update can say.
        """
        return self._backend.update(stated(filter), update, many=False)

    def update_many(self, filter: Filter, update: Mapping[str, Any]) -> UpdateResult:
        """Change every record that matches, 1,000 at a time (fewer where they are large).

        Each chunk is rewritten whole or not at all. An error, such as a record that would break a rule, leaves the
        chunks before it changed; sending the same update again finishes the work where it can be repeated.
        """
        return self._backend.update(stated(filter), update, many=True)

    def delete_one(self, filter: Filter) -> DeleteResult:
        """Remove the first record that matches, with its history, from the disk."""
        return self._backend.delete(stated(filter), many=False)

    def delete_many(self, filter: Filter) -> DeleteResult:
        """Remove every record that matches, with its history, from the disk; `{}` matches all of them."""
        return self._backend.delete(stated(filter), many=True)

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
            NotFound: there is no such record.
            InvalidInput: nothing was said.
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
        if not self._backend.give_feedback(id, feedback):
            raise NotFound(f"there is no generation {id!r}", path="id")
        return feedback

    def add_eval(
        self,
        id: str,
        name: str,
        *,
        score: float | None = None,
        label: str | None = None,
        explanation: str | None = None,
        evaluator: str | None = None,
        duration: float | None = None,
        test_id: str | None = None,
        timestamp: datetime | None = None,
    ) -> Document:
        """Add an eval to a record. It becomes the record's `evals.<name>`; an earlier one stays in `evals(id)`.

        Args:
            id: of the record.
            name: what was looked at, such as `relevance`; without `.`, and without `$` at its start.
            score: from 0 to 1.
            label: the verdict as a word, such as `pass`.
            explanation: why, in words.
            evaluator: who or what evaluated.
            duration: how long that took, in ms.
            test_id: the test or data set entry that it belongs to.
            timestamp: when; now when left out.

        Returns:
            The eval as stored, with its name and its time.

        Raises:
            NotFound: there is no such record.
            InvalidInput: nothing was said, or the score is not from 0 to 1.
            InvalidRecord: a name that no path could reach, or a value that the key does not take.
        """
        said = {"name": name, "score": score, "label": label, "explanation": explanation, "evaluator": evaluator}
        (stored,) = self.add_evals(id, said | {"duration": duration, "testId": test_id, "timestamp": timestamp})
        return stored

    def add_evals(self, id: str, evals: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> list[Document]:
        """Add evals to a record in one step, each an object with its `name` and the keys of a record's eval; or one such.

        Keys beyond those are kept. Returns and raises as `add_eval`; one wrong eval refuses all of them.
        """
        given = checked_evals(evals)
        if not self._backend.give_evals(id, given):
            raise NotFound(f"there is no generation {id!r}", path="id")
        return [as_given(name, one) for name, one in given.items()]

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
        return FindCursor(found, self._backend.find, max_time_ms)

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
        return Cursor(self._backend.aggregate(pipeline), max_time_ms, as_is)

    def count_documents(self, filter: Filter, *, skip: int = 0, limit: int = 0, max_time_ms: int | None = None) -> int:
        """How many records match, after leaving out `skip` of them and no more than `limit` (0: all)."""
        return self._backend.count(
            stated(filter), skip=natural(skip, "skip"), limit=natural(limit, "limit"), max_time_ms=checked_time(max_time_ms)
        )

    def estimated_document_count(self) -> int:
        """How many records there are; exact here, unlike the name that PyMongo gives it."""
        return self.count_documents({})

    def distinct(self, key: str, filter: Filter | None = None, *, max_time_ms: int | None = None) -> list[Any]:
        """The different values at a path; the elements of an array one by one."""
        return self._backend.distinct(key, {} if filter is None else filter, max_time_ms=checked_time(max_time_ms))

    def feedback(self, id: str) -> list[Document]:
        """All feedback that a record was ever given, the newest first; empty for an unknown record."""
        return all_feedback(version.record for version in reversed(self.history(id)))[::-1]

    def evals(self, id: str) -> list[Document]:
        """All evals that a record was ever given, each with its name, the newest first; empty for an unknown record."""
        given = all_evals(version.record for version in reversed(self.history(id)))
        return [as_given(name, one) for name, one in reversed(given)]

    def history(self, id: str) -> list[RecordVersion]:
        """All versions of a record, the newest first; empty for an unknown record."""
        return self._backend.history(id)

    def explain(self, query: Filter | Pipeline) -> Explanation:
        """How a filter (a mapping) or a pipeline (a list) is answered: SQL, parameters, what it would read. Nothing runs."""
        cursor = self.find(query) if isinstance(query, Mapping) else self.aggregate(query)
        return cursor.explain()

    def stats(self) -> Stats:
        """Counts and sizes of the whole store."""
        return self._backend.stats()

    # Being there

    @property
    def name(self) -> str:
        """Where the data is, for people: a folder, or a URL without its password."""
        return self._backend.name

    @property
    def project(self) -> str:
        """The project whose records are seen."""
        return self._backend.project

    @property
    def store(self) -> Store:
        """What the collection stands on, for work beyond its verbs such as imports.

        Raises:
            ConfigError: it stands on a server at a distance.
        """
        if not isinstance(self._backend, StoreBackend):
            raise ConfigError(f"the store of {self.name} cannot be reached from here", hint="open its folder or its database itself")
        return self._backend.store

    @property
    def backend(self) -> Backend:
        """What answers."""
        return self._backend

    @property
    def max_record_bytes(self) -> int:
        """The largest record that is taken, as compact JSON."""
        return self._backend.max_record_bytes

    def close(self) -> None:
        """Give back the store; closing again is harmless, anything else raises `StoreUnavailable`."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, project={self.project!r})"


def stated(filter: Filter | None) -> Filter:
    """A filter that was really given: leaving it out must never come to mean everything."""
    if filter is None:
        raise InvalidQuery("there is no filter", hint="{} matches every record")
    return filter
