"""What the engine answers is what MongoDB means: generated questions over generated documents, asked of both.

200 documents are stored once for each target. A question that the engine refuses is tolerated and counted; an
error must be an error on both sides. `GENERATIONS_EXAMPLES=2000` asks so many new questions of each kind instead
of the few that are the same in every run.
"""

import inspect
import math
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from generations import Collection, InvalidQuery, QueryFailed, Unsupported
from generations.query import matching, operators
from generations.store.store import Store
from tests import reference
from tests.query import strategies, typed_records

ASKED = int(os.environ.get("GENERATIONS_EXAMPLES", "0"))
EXAMPLES = {"embedded": 20, "http": 4, "sharded": 8}
START = datetime(2026, 1, 1, tzinfo=UTC)
Doc = dict[str, Any]


@cache
def documents(count: int = 200) -> list[Doc]:
    """Different documents, the same in every run, each with a `k` of its own; they take a second to make."""
    found: dict[str, Doc] = {}

    @seed(20_240_615)
    @settings(max_examples=5 * count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(strategies.DOCUMENTS)
    def collect(doc: Doc) -> None:
        if len(found) < count:
            found.setdefault(repr(doc), doc)

    collect()
    return [{**doc, "k": k} for k, doc in enumerate(found.values())]


@pytest.fixture(scope="module")
def stored(engine) -> Collection:
    """The documents, each as the metadata of a record; nothing is changed by what follows."""
    collection = Collection(Store(engine, "against-the-reference"))
    collection.insert_many(
        {"id": f"r-{doc['k']:03}", "timestamp": START + timedelta(seconds=doc["k"]), "model": {"id": "m"}, "metadata": doc}
        for doc in documents()
    )
    return collection


class Refusals:
    """How many of the questions were refused, and why."""

    def __init__(self) -> None:
        self.asked = 0
        self.reasons: list[str] = []

    def bounded(self, share: float) -> None:
        assert len(self.reasons) <= max(2, share * self.asked), f"{len(self.reasons)} of {self.asked} refused: {sorted(set(self.reasons))}"


def generated(strategy: Any, target_name: str, check: Callable[[Any], None]) -> None:
    """Run a check on generated values: few and always the same, or as many new ones as were asked for."""

    @settings(
        max_examples=ASKED or EXAMPLES[target_name],
        derandomize=not ASKED,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(strategy)
    def run(value: Any) -> None:
        check(value)

    run()


ERROR = "an error"
REFUSED = "refused"


def answer_of(ask: Callable[[], Any], refusals: Refusals) -> Any:
    """What the engine answers, ERROR or REFUSED."""
    refusals.asked += 1
    try:
        return ask()
    except Unsupported as refusal:
        refusals.reasons.append(str(refusal))
        return REFUSED
    except (InvalidQuery, QueryFailed) as error:
        note(f"engine: {error!r}")
        return ERROR


def meaning_of(ask: Callable[[], Any]) -> Any:
    """What the reference says, or ERROR."""
    try:
        return ask()
    except reference.MongoError as error:
        note(f"reference: {error!r}")
        return ERROR


def same(left: Any, right: Any) -> bool:
    """Equal values of one kind; numbers to nine digits, names in order, lists named `set…` in any order."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(left) and math.isnan(right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(_same_field(name, left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def _same_field(name: str, left: Any, right: Any) -> bool:
    return same_in_any_order(left, right) if name.startswith("set") and isinstance(left, list) else same(left, right)


def same_in_any_order(left: Any, right: Any) -> bool:
    if not (isinstance(left, list) and isinstance(right, list) and len(left) == len(right)):
        return False
    rest = list(right)
    for item in left:
        place = next((place for place, other in enumerate(rest) if same(item, other)), None)
        if place is None:
            return False
        del rest[place]
    return True


def below_metadata(filter: Doc) -> Doc:
    """The same filter for documents that are the metadata of records."""
    result: Doc = {}
    for name, condition in filter.items():
        if name in ("$and", "$or", "$nor"):
            result[name] = [below_metadata(part) for part in condition]
        elif name == "$expr":
            result[name] = _expression_below_metadata(condition)
        else:
            result[f"metadata.{name}"] = condition
    return result


def _expression_below_metadata(expression: Any) -> Any:
    if isinstance(expression, str) and expression.startswith("$") and not expression.startswith("$$"):
        return f"$metadata.{expression[1:]}"
    if isinstance(expression, dict):
        return {name: item if name == "$literal" else _expression_below_metadata(item) for name, item in expression.items()}
    if isinstance(expression, list):
        return [_expression_below_metadata(item) for item in expression]
    return expression


@pytest.mark.parametrize(
    ("kind", "filters"),
    [("conditions", strategies.filters()), ("expressions", strategies.expression_filters())],
    ids=["conditions", "expressions"],
)
def test_filters_match_what_mongodb_matches(stored: Collection, target, kind: str, filters: Any) -> None:
    refusals = Refusals()

    def check(filter: Doc) -> None:
        answer = answer_of(lambda: {found["id"] for found in stored.find(below_metadata(filter), {"id": 1})}, refusals)
        if answer == REFUSED:
            return
        meaning = meaning_of(lambda: {f"r-{doc['k']:03}" for doc in documents() if reference.match(filter, doc)})
        if answer != meaning and ERROR not in (answer, meaning):
            for wrong in sorted(answer ^ meaning)[:3]:
                note(f"{'must not' if wrong in answer else 'must'} match {documents()[int(wrong[2:])]}")
        assert (answer == ERROR) == (meaning == ERROR)
        assert answer == meaning

    generated(filters, target.name, check)
    refusals.bounded(0.02 if kind == "conditions" else 0.1)


def test_filters_after_a_pipeline_mean_the_same(stored: Collection, target) -> None:
    """Metadata as it is stored and metadata that a stage made are two paths through the compiler."""
    refusals = Refusals()

    def check(filter: Doc) -> None:
        pipeline = [{"$match": filter}, {"$project": {"k": 1, "_id": 0}}]
        answer = answer_of(lambda: sorted(doc["k"] for doc in stored.aggregate(as_documents(pipeline))), refusals)
        if answer != REFUSED:
            assert answer == meaning_of(lambda: [doc["k"] for doc in documents() if reference.match(filter, doc)])

    generated(strategies.filters(), target.name, check)
    refusals.bounded(0.02)


def as_documents(pipeline: list[Doc]) -> list[Doc]:
    """The pipeline over metadata as the documents, in the order of `k`."""
    return [{"$sort": {"timestamp": 1}}, {"$replaceRoot": {"newRoot": "$metadata"}}, *pipeline]


def compare_pipeline(stored: Collection, pipeline: list[Doc], refusals: Refusals) -> None:
    compare(lambda: list(stored.aggregate(as_documents(pipeline))), lambda: reference.aggregate(pipeline, documents()), pipeline, refusals)


def compare(ask: Callable[[], list[Doc]], mean: Callable[[], list[Doc]], pipeline: list[Doc], refusals: Refusals) -> None:
    answer = answer_of(ask, refusals)
    if answer == REFUSED:
        return
    meaning = meaning_of(mean)
    if ERROR in (answer, meaning):
        assert answer == meaning
        return
    if not same_in_any_order(answer, meaning):
        only_engine = [doc for doc in answer if not any(same(doc, other) for other in meaning)]
        only_reference = [doc for doc in meaning if not any(same(doc, other) for other in answer)]
        pytest.fail(f"{pipeline}\nonly the engine gives    {only_engine[:2]}\nonly the reference gives {only_reference[:2]}")


def test_expressions_give_what_mongodb_gives(stored: Collection, target) -> None:
    refusals = Refusals()

    def check(expression: Any) -> None:
        compare_pipeline(stored, [{"$project": {"_id": 0, "k": 1, "x": expression}}], refusals)

    generated(strategies.anything(3), target.name, check)
    refusals.bounded(0.1)


def test_pipelines_give_what_mongodb_gives(stored: Collection, target) -> None:
    refusals = Refusals()
    generated(strategies.pipelines(), target.name, lambda pipeline: compare_pipeline(stored, pipeline, refusals))
    refusals.bounded(0.1)


def test_projections_of_find_give_what_mongodb_gives(stored: Collection, target) -> None:
    refusals = Refusals()
    records = [{"metadata": doc} for doc in documents()]

    def check(projection: Doc) -> None:
        below = {f"metadata.{path}": item for path, item in projection.items()}
        answer = answer_of(lambda: [found.get("metadata") for found in stored.find({}, below, sort=[("timestamp", 1)])], refusals)
        if answer == REFUSED:
            return
        meaning = meaning_of(lambda: [found.get("metadata") for found in reference.find(records, {}, projection=below)])
        if ERROR in (answer, meaning):
            assert answer == meaning
            return
        for doc, one, other in zip(documents(), answer, meaning, strict=True):
            assert same(one, other), f"{projection} of {doc}: the engine gives {one}, the reference {other}"

    generated(strategies.find_projections(), target.name, check)
    refusals.bounded(0.05)


@pytest.fixture(scope="module")
def records(engine) -> tuple[Collection, list[Doc]]:
    """The documents spread over typed fields, contents and maps, and what they are when they are read back."""
    collection = Collection(Store(engine, "against-the-reference-typed"))
    collection.insert_many([typed_records.as_record(doc) for doc in documents()])
    return collection, list(collection.find({}, sort=[("timestamp", 1)]))


def test_filters_on_typed_fields_match_what_mongodb_matches(records: tuple[Collection, list[Doc]], target) -> None:
    collection, docs = records
    refusals = Refusals()

    def check(generated_filter: Doc) -> None:
        filter = typed_records.filter_in_record(generated_filter)
        answer = answer_of(lambda: {found["id"] for found in collection.find(filter, {"id": 1})}, refusals)
        if answer != REFUSED:
            note(f"asked: {filter}")
            assert answer == meaning_of(lambda: {doc["id"] for doc in docs if reference.match(filter, doc)})

    generated(strategies.filters() | strategies.expression_filters(), target.name, check)
    refusals.bounded(0.1)


PADDING = [*range(1000, 1040), *(n + 0.25 for n in range(40)), *map(str, range(40)), 2**70, -0.0, math.inf, True]
"""More values than have a placeholder of their own."""


@pytest.mark.parametrize("path", ["id", "usage.promptTokens", *typed_records.PLACES.values()])
def test_a_long_list_of_values_matches_what_its_parts_match(records: tuple[Collection, list[Doc]], path: str) -> None:
    collection, docs = records
    padding = [START + timedelta(days=1, seconds=n) for n in range(120)] if path == "feedback.timestamp" else PADDING
    values = [*collection.distinct(path)[::2], *padding]

    for filter in ({path: {"$in": values}}, {path: {"$nin": [*values, None]}}):
        answer = {found["id"] for found in collection.find(filter, {"id": 1})}
        assert answer == {doc["id"] for doc in docs if reference.match(filter, doc)}, next(iter(filter[path]))


def test_pipelines_over_typed_fields_give_what_mongodb_gives(records: tuple[Collection, list[Doc]], target) -> None:
    collection, docs = records
    refusals = Refusals()

    def check(generated_pipeline: list[Doc]) -> None:
        pipeline = typed_records.pipeline_in_record(generated_pipeline)
        ordered = [{"$sort": {"timestamp": 1}}, *pipeline]
        compare(lambda: list(collection.aggregate(ordered)), lambda: reference.aggregate(pipeline, docs), pipeline, refusals)

    generated(strategies.pipelines(), target.name, check)
    refusals.bounded(0.1)


def test_a_constant_without_matches_is_a_key(stored: Collection) -> None:
    matches = {"$ifNull": [{"$regexFindAll": {"input": {"$literal": ""}, "regex": "a"}}, None]}

    assert list(stored.aggregate([{"$sortByCount": matches}])) == [{"_id": [], "count": len(documents())}]


def test_every_operator_is_asked_about() -> None:
    """But for what has nothing to compare: a comment, and a choice by chance."""
    source = inspect.getsource(strategies)
    tables = (operators.QUERY, operators.STAGES, operators.ACCUMULATORS, operators.WINDOW, operators.EXPRESSIONS)

    assert {name for table in tables for name in table if f'"{name}"' not in source} == {"$comment", "$sample"}


SORTED_PATHS = ["a", "b", "c", "a.b", "b.a", "n", "s", "d", "l", "w", "o", "o.n", "items.p", "nowhere"]


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("path", SORTED_PATHS)
def test_documents_sort_as_mongodb_sorts_them(stored: Collection, path: str, direction: int) -> None:
    answer = [found["id"] for found in stored.find({}, {"id": 1}, sort=[(f"metadata.{path}", direction), ("timestamp", 1)])]

    assert answer == [f"r-{doc['k']:03}" for doc in reference.find(documents(), sort=[(path, direction), ("k", 1)])]


@pytest.mark.parametrize("path", [*SORTED_PATHS, "a.0", "b.0", "l.1", "items.0.p"])
def test_distinct_values_are_mongodbs(stored: Collection, path: str) -> None:
    answer = stored.distinct(f"metadata.{path}")

    assert same_in_any_order(answer, reference.distinct(documents(), path))


@pytest.mark.parametrize(
    "expression",
    [
        {"$divide": ["$k", 0]},
        {"$divide": [1, "$k"]},
        {"$mod": [5, "$k"]},
        {"$add": ["$k", "$s"]},
        {"$subtract": ["$k", {"$literal": [1]}]},
        {"$multiply": ["$k", {"$gt": ["$k", 1]}]},
        {"$concat": ["a", "$k"]},
        {"$size": "$n"},
        {"$size": "$nowhere"},
        {"$in": ["$k", "$n"]},
        {"$toInt": "$s"},
        {"$toDate": "$w"},
        {"$arrayElemAt": ["$k", 0]},
        {"$year": "$k"},
        {"$strLenCP": "$nowhere"},
        {"$sqrt": {"$subtract": [0, {"$add": ["$k", 1]}]}},
        {"$ln": {"$subtract": ["$k", 1]}},
        {"$switch": {"branches": [{"case": {"$gt": ["$k", 1]}, "then": 1}]}},
        {"$mergeObjects": ["$o", "$k"]},
        {"$objectToArray": "$k"},
        {"$dateToString": {"date": "$d", "timezone": "Nowhere/Land"}},
        {"$concatArrays": [[1], "$k"]},
        {"$range": [0, 5, 0]},
        {"$split": ["$s", ""]},
        {"$substrCP": ["$s", -1, 2]},
        {"$allElementsTrue": ["$k"]},
    ],
    ids=str,
)
def test_what_has_no_value_is_an_error_and_not_null(stored: Collection, expression: Doc) -> None:
    pipeline = [{"$project": {"x": expression}}]

    with pytest.raises(reference.MongoError):
        reference.aggregate(pipeline, documents())
    with pytest.raises((InvalidQuery, QueryFailed)):
        list(stored.aggregate(as_documents(pipeline)))


def test_values_order_in_python_as_in_the_reference() -> None:
    """The updates have their own comparison, for they run record by record."""

    def check(pair: tuple[Any, Any]) -> None:
        assert matching.compare(*pair) == reference.compare(*pair)

    generated(strategies.pairs_of_values(), "embedded", check)


def test_conditions_of_pull_match_as_filters_do() -> None:
    refusals = Refusals()

    def check(filter: Doc) -> None:
        test = answer_of(lambda: matching.element_test(filter, ""), refusals)
        if test != REFUSED:
            assert [test(doc) for doc in documents()] == [reference.match(filter, doc) for doc in documents()]

    generated(strategies.filters(1), "embedded", check)
