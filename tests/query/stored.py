"""Documents in a store of their own, and the ways in which they can be asked about, each of which must give one answer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generations import Collection
from generations.query import compile_find
from generations.store.chdb_engine import ChdbEngine
from generations.store.store import Store
from tests import reference

Doc = dict[str, Any]

START = datetime(2026, 1, 1, tzinfo=UTC)


class Documents:
    """Free-form documents by name, each the metadata of a record."""

    def __init__(self, store: Store, documents: Mapping[str, Doc]) -> None:
        self._store = store
        self._collection = Collection(store)
        self._documents = {name: {**document, "name": name} for name, document in documents.items()}
        self._collection.insert_many(
            {"id": name, "timestamp": START + timedelta(seconds=i), "model": {"id": "m"}, "metadata": document}
            for i, (name, document) in enumerate(self._documents.items())
        )

    def found(self, filter: Doc) -> set[str]:
        """The names of the documents that a filter matches: over the accelerator, over the text alone, over what a pipeline
        made, and in the reference meaning."""
        meant = {name for name, document in self._documents.items() if reference.match(filter, document)}
        for way, answer in {
            "accelerator": self._matched(filter, fast=True),
            "text": self._matched(filter, fast=False),
            "pipeline": {found["name"] for found in self.answers([{"$match": filter}])},
        }.items():
            assert answer == meant, f"by the {way}, {filter} finds {answer - meant} too much and {meant - answer} too little"
        return meant

    def _matched(self, filter: Doc, *, fast: bool) -> set[str]:
        source = replace(self._store.source, fast=fast)
        rows = self._store.query(compile_find(below("metadata", filter), source, projection={"id": 1}, shape="table"))
        return {row["id"] for row in rows.to_pylist()}

    def gives(self, stages: Sequence[Doc], expected: Sequence[Doc], *, in_order: bool = True) -> None:
        """A pipeline gives this, and the reference says the same."""
        meant = reference.aggregate(list(stages), list(self._documents.values()))
        compare_answers(self.answers(stages), meant, expected, in_order=in_order)

    def answers(self, stages: Sequence[Doc]) -> list[Doc]:
        """What a pipeline gives over the documents, in the order in which they were named."""
        head = [{"$sort": {"timestamp": 1}}, {"$replaceWith": "$metadata"}]
        return list(self._collection.aggregate([*head, *stages]))

    def sorted_by(self, sort: Doc) -> list[str]:
        """The names in an order, equal ones by name: of records, of what a pipeline made, and in the reference meaning."""
        sort = {**sort, "name": 1}
        records = [found["id"] for found in self._collection.find({}, {"id": 1}, sort=list(below("metadata", sort).items()))]
        made = [found["name"] for found in self.answers([{"$sort": sort}])]
        meant = [found["name"] for found in reference.find(self._documents.values(), sort=list(sort.items()))]
        assert records == meant, f"records sort as {records}, the reference says {meant}"
        assert made == meant, f"what a pipeline made sorts as {made}, the reference says {meant}"
        return meant


class Records:
    """Records by id, asked about as they are stored: in typed columns, contents and open maps."""

    def __init__(self, store: Store, records: Mapping[str, Doc]) -> None:
        self._collection = Collection(store)
        self._collection.insert_many(
            {"id": id, "timestamp": START + timedelta(seconds=i), "model": {"id": "m"}, **record}
            for i, (id, record) in enumerate(records.items())
        )
        self.all: dict[str, Doc] = {found["id"]: found for found in self._collection.find({}, sort=[("timestamp", 1)])}

    def found(self, filter: Doc) -> set[str]:
        """The ids of the records that a filter matches: as they are stored, as a pipeline's documents, and in the reference meaning."""
        meant = {id for id, record in self.all.items() if reference.match(filter, record)}
        for way, answer in {"columns": self.typed(filter), "pipeline": self._made(filter)}.items():
            assert answer == meant, f"by the {way}, {filter} finds {answer - meant} too much and {meant - answer} too little"
        return meant

    def typed(self, filter: Doc) -> set[str]:
        """The ids of the records that a filter matches as they are stored."""
        return {found["id"] for found in self._collection.find(filter, {"id": 1})}

    def _made(self, filter: Doc) -> set[str]:
        stages = [{"$replaceWith": {"$mergeObjects": ["$$ROOT", {}]}}, {"$match": filter}]
        return {found["id"] for found in self._collection.aggregate(stages)}

    def answers(self, stages: Sequence[Doc]) -> list[Doc]:
        """What a pipeline gives over the records, in the order of their time."""
        return list(self._collection.aggregate([{"$sort": {"timestamp": 1}}, *stages]))

    def gives(self, stages: Sequence[Doc], expected: Sequence[Doc], *, in_order: bool = True) -> None:
        """A pipeline gives this, and the reference says the same."""
        compare_answers(self.answers(stages), reference.aggregate(list(stages), list(self.all.values())), expected, in_order=in_order)

    def find(self, filter: Doc, projection: Doc) -> list[Doc]:
        """What a find with a projection gives, in the order of their time; the reference says the same."""
        answer = list(self._collection.find(filter, projection, sort=[("timestamp", 1)]))
        meant = reference.find(self.all.values(), filter, projection=projection)
        assert [comparable(doc) for doc in answer] == [comparable(doc) for doc in meant], f"got {answer}\nnot {meant}"
        return answer


@contextmanager
def stored_in(folder: Path, documents: Mapping[str, Doc], records: Mapping[str, Doc]) -> Iterator[tuple[Documents, Records]]:
    """A store of documents and records for as long as the context lasts; a process can have one open."""
    engine = ChdbEngine(folder / "data")
    try:
        yield Documents(Store(engine, "documents"), documents), Records(Store(engine, "records"), records)
    finally:
        engine.close()


@contextmanager
def documents_in(folder: Path, documents: Mapping[str, Doc]) -> Iterator[Documents]:
    with stored_in(folder, documents, {}) as (found, _):
        yield found


@contextmanager
def records_in(folder: Path, records: Mapping[str, Doc]) -> Iterator[Records]:
    with stored_in(folder, {}, records) as (_, found):
        yield found


def below(parent: str, filter: Doc) -> Doc:
    """A filter or sort for documents that stand below a field."""
    return {
        name if name.startswith("$") else f"{parent}.{name}": [below(parent, part) for part in value]
        if name in ("$and", "$or", "$nor")
        else _expression_below(parent, value)
        if name == "$expr"
        else value
        for name, value in filter.items()
    }


def _expression_below(parent: str, expression: Any) -> Any:
    match expression:
        case str() if expression.startswith("$"):
            return f"${parent}.{expression[1:]}"
        case dict():
            return {name: _expression_below(parent, item) for name, item in expression.items()}
        case list():
            return [_expression_below(parent, item) for item in expression]
        case _:
            return expression


def compare_answers(answer: list[Doc], meant: list[Doc], expected: Sequence[Doc], *, in_order: bool) -> None:
    got, reference_says, wanted = ([comparable(doc) for doc in docs] for docs in (answer, meant, expected))
    if not in_order:
        got, reference_says, wanted = sorted(got), sorted(reference_says), sorted(wanted)
    assert got == wanted, f"got {got}\nnot {wanted}"
    assert reference_says == wanted, f"the reference says {reference_says}\nnot {wanted}"


def comparable(value: Any) -> str:
    """A text that is equal for equal values of one kind, fields in order: 5 and 5.0 are one number, True and 1 are not one value."""
    match value:
        case bool() | None | str() | datetime():
            return repr(value)
        case int() | float():
            return f"number {float(value)!r}" if abs(value) < 2**53 else f"number {int(value)}"
        case list():
            return f"[{', '.join(map(comparable, value))}]"
        case _:
            return "{" + ", ".join(f"{name!r}: {comparable(item)}" for name, item in value.items()) + "}"
