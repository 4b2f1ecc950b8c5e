"""Filters over typed columns, contents and arrays of strings: the same meaning, though no JSON is looked at."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generations.query import filter as f
from generations.query.compiled import Source
from generations.query.constants import Pattern
from generations.query.context import Context
from generations.query.predicate.columns import of_column
from generations.query.value import Scalar
from tests.query.stored import START, Records, records_in

RATED = datetime(2026, 2, 1, 12, tzinfo=UTC)

RECORDS: dict[str, dict[str, Any]] = {
    "bare": {},
    "usage null": {"usage": None},
    "usage empty": {"usage": {}},
    "cost null": {"usage": {"cost": None}},
    "free": {"usage": {"cost": 0.0, "promptTokens": 0}},
    "cheap": {"usage": {"cost": 0.5, "promptTokens": 7}},
    "dear": {"usage": {"cost": 5, "promptTokens": 3_000_000_000}},
    "beyond doubles": {"usage": {"cost": 2.0**53, "promptTokens": 2**53 + 1}},
    "failed": {"status": "error", "error": {"type": "Timeout", "message": "timed out\nafter 5 s"}},
    "succeeded": {"status": "success"},
    "rated": {"feedback": {"rating": 4, "timestamp": RATED, "categories": ["good", "fast"]}},
    "categories empty": {"feedback": {"categories": [], "timestamp": START}},
    "categories null": {"feedback": {"categories": None, "timestamp": START}},
    "tagged": {"metadata": {"tags": ["web", "beta"], "userId": "u1"}},
    "tags empty": {"metadata": {"tags": [], "userId": None}},
    "tags null": {"metadata": {"tags": None, "userId": ""}},
    "metadata null": {"metadata": None},
    "metadata empty": {"metadata": {}},
    "plain content": {"input": {"type": "text", "content": "hello world"}},
    "empty content": {"input": {"type": "text", "content": ""}},
    "null content": {"input": {"type": "text", "content": None}},
    "listed content": {"input": {"type": "text", "content": ["hello", {"text": "x", "n": 5.0}]}},
    "object content": {"input": {"type": "text", "content": {"text": "é", "n": 5}}},
    "numeric content": {"input": {"type": "text", "content": 5}},
    "alternatives": {"output": {"type": "text", "content": "a", "alternatives": [{"content": "b", "score": 0.5}, {"score": 2}]}},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with records_in(tmp_path_factory.mktemp("columns"), RECORDS) as records:
        yield records


ALL = set(RECORDS)
COSTED = {"free", "cheap", "dear", "beyond doubles"}


def test_null_is_equal_to_null_to_missing_and_to_a_missing_parent(store: Records) -> None:
    assert store.found({"usage.cost": None}) == ALL - COSTED
    assert store.found({"usage.cost": {"$gte": None}}) == store.found({"usage.cost": {"$in": [None]}}) == ALL - COSTED
    assert store.found({"usage.cost": {"$lt": None}}) == set()


def test_an_explicit_null_exists_and_has_the_type_null(store: Records) -> None:
    assert store.found({"usage.cost": {"$exists": True}}) == COSTED | {"cost null"}
    assert store.found({"usage.cost": {"$type": "null"}}) == {"cost null"}
    assert store.found({"usage": {"$exists": True}}) == COSTED | {"cost null", "usage null", "usage empty"}
    assert store.found({"usage": {"$type": "null"}}) == {"usage null"}
    assert store.found({"usage": {}}) == {"usage empty"}
    assert store.found({"usage": None}) == ALL - COSTED - {"cost null", "usage empty"}


def test_declared_keys_of_an_open_map_tell_null_from_missing(store: Records) -> None:
    assert store.found({"metadata.userId": {"$exists": True}}) == {"tagged", "tags empty", "tags null"}
    assert store.found({"metadata.userId": {"$type": "null"}}) == {"tags empty"}
    assert store.found({"metadata.userId": ""}) == {"tags null"}
    assert store.found({"metadata": {"$type": "null"}}) == {"metadata null"}
    assert store.found({"metadata": {}}) == {"metadata empty"}
    assert store.found({"metadata": {"tags": ["web", "beta"], "userId": "u1"}}) == {"tagged"}


@pytest.mark.parametrize(
    ("field", "positive"),
    [
        ("usage.cost", 0),
        ("usage.cost", {"$gt": 0.4}),
        ("usage.cost", {"$in": [0.5, None]}),
        ("usage.promptTokens", {"$mod": [7, 0]}),
        ("status", {"$regex": "^e"}),
        ("status", {"$type": "string"}),
        ("status", {"$exists": True}),
        ("metadata.tags", "web"),
        ("metadata.tags", {"$size": 0}),
        ("input.content", re.compile("hello")),
        ("input.content.n", 5),
        ("feedback.timestamp", {"$gte": RATED}),
        ("output.alternatives.score", {"$gt": 1}),
    ],
    ids=str,
)
def test_a_negation_matches_what_the_positive_form_does_not(store: Records, field: str, positive: Any) -> None:
    matched = store.found({field: positive})

    assert matched
    assert store.found({"$nor": [{field: positive}]}) == ALL - matched
    assert store.found({field: {"$not": positive if isinstance(positive, dict | re.Pattern) else {"$eq": positive}}}) == ALL - matched


def test_numbers_compare_exactly_between_integers_and_doubles(store: Records) -> None:
    assert store.found({"usage.promptTokens": {"$gt": 2.0**53}}) == {"beyond doubles"}
    assert store.found({"usage.promptTokens": 2.0**53}) == set()
    assert store.found({"usage.promptTokens": 7.0}) == {"cheap"}
    assert store.found({"usage.promptTokens": {"$in": [7.5, 7.0, 2**53 + 1]}}) == {"cheap", "beyond doubles"}
    assert store.found({"usage.promptTokens": {"$gt": 6.5, "$lt": 7.5}}) == {"cheap"}
    assert store.found({"usage.cost": 2**53}) == {"beyond doubles"}
    assert store.found({"usage.cost": 2**53 + 1}) == set()
    assert store.found({"usage.promptTokens": {"$lt": 2**70}}) == COSTED


def test_both_zeros_are_one(store: Records) -> None:
    assert store.found({"usage.cost": -0.0}) == store.found({"usage.cost": {"$in": [-0.0]}}) == store.found({"usage.cost": 0}) == {"free"}


def test_values_of_another_type_never_match(store: Records) -> None:
    for other in ("0", False, True, [0], {"x": 1}, RATED):
        assert store.found({"usage.cost": other}) == set()
        assert store.found({"usage.cost": {"$gte": other}}) == set()
        assert store.found({"usage.cost": {"$ne": other}}) == ALL
    assert store.found({"status": {"$gt": 0}}) == store.found({"status": 5}) == set()


def test_nan_equals_nothing_that_is_stored(store: Records) -> None:
    nan = float("nan")

    assert (
        store.found({"usage.cost": nan})
        == store.found({"usage.cost": {"$in": [nan]}})
        == store.found({"usage.cost": {"$lte": nan}})
        == set()
    )
    assert store.found({"usage.cost": {"$gt": float("-inf")}}) == COSTED


def test_an_integer_is_int_or_long_by_its_size_and_a_number_is_double(store: Records) -> None:
    assert store.found({"usage.promptTokens": {"$type": "int"}}) == {"free", "cheap"}
    assert store.found({"usage.promptTokens": {"$type": "long"}}) == {"dear", "beyond doubles"}
    assert store.found({"usage.promptTokens": {"$type": "number"}}) == COSTED
    assert store.typed({"usage.cost": {"$type": "double"}}) == COSTED
    assert store.found({"status": {"$type": ["string", "int"]}}) == {"failed", "succeeded"}
    assert store.found({"timestamp": {"$type": "date"}}) == ALL


def test_no_column_is_an_array(store: Records) -> None:
    assert store.found({"status": {"$size": 1}}) == store.found({"status": {"$elemMatch": {"$eq": "error"}}}) == set()
    assert store.found({"status": {"$all": ["error"]}}) == {"failed"}
    assert store.found({"usage.cost": {"$type": "array"}}) == set()


def test_patterns_see_lines_as_pcre_does(store: Records) -> None:
    assert store.found({"error.message": {"$regex": "out.after"}}) == set()
    assert store.found({"error.message": {"$regex": "out.after", "$options": "s"}}) == {"failed"}
    assert store.found({"error.message": {"$regex": "^after", "$options": "m"}}) == {"failed"}
    assert store.found({"status": {"$in": [re.compile("ERR", re.IGNORECASE), "success"]}}) == {"failed", "succeeded"}
    assert store.found({"usage.cost": re.compile("5")}) == set()


def test_instants_compare_with_instants(store: Records) -> None:
    assert store.found({"feedback.timestamp": RATED}) == {"rated"}
    assert store.found({"timestamp": {"$lt": START + timedelta(seconds=2)}}) == {"bare", "usage null"}
    assert store.found({"timestamp": {"$in": [START, None]}}) == {"bare"}


@pytest.mark.parametrize("text", ["2026-02-01T12:00:00Z", "2026-02-01T13:00:00+01:00", "2026-02-01 12:00", "2026-02-01T12:00:00.000000Z"])
def test_a_text_beside_a_field_of_time_is_read_as_an_instant(store: Records, text: str) -> None:
    """Our extension: MongoDB would match nothing, and clients that speak JSON have no other way to write it."""
    assert store.typed({"feedback.timestamp": text}) == {"rated"}
    assert store.typed({"feedback.timestamp": {"$in": [text]}}) == {"rated"}
    assert store.typed({"feedback.timestamp": {"$gt": text}}) == set()


def test_an_array_of_strings_is_asked_as_any_array(store: Records) -> None:
    assert store.found({"metadata.tags": "web"}) == {"tagged"}
    assert store.found({"metadata.tags": ["web", "beta"]}) == {"tagged"}
    assert store.found({"metadata.tags": {"$all": ["beta", re.compile("^w")]}}) == {"tagged"}
    assert store.found({"metadata.tags": {"$in": ["x", "beta"]}}) == {"tagged"}
    assert store.found({"metadata.tags": {"$size": 2}}) == {"tagged"}
    assert store.found({"metadata.tags": {"$elemMatch": {"$gt": "b", "$lt": "c"}}}) == {"tagged"}
    assert store.found({"metadata.tags": {"$gt": "w"}}) == {"tagged"}
    assert store.found({"metadata.tags.0": "web"}) == {"tagged"}
    assert store.found({"metadata.tags.1": "web"}) == set()
    assert store.found({"metadata.tags": {"$type": "string"}}) == {"tagged"}


@pytest.mark.parametrize(
    ("field", "there", "empty", "null"),
    [
        ("metadata.tags", {"tagged", "tags empty", "tags null"}, {"tags empty"}, {"tags null"}),
        ("feedback.categories", {"rated", "categories empty", "categories null"}, {"categories empty"}, {"categories null"}),
    ],
)
def test_an_empty_array_is_neither_null_nor_missing(store: Records, field: str, there: set[str], empty: set[str], null: set[str]) -> None:
    assert store.found({field: {"$exists": True}}) == there
    assert store.found({field: []}) == store.found({field: {"$size": 0}}) == empty
    assert store.found({field: {"$type": "null"}}) == null
    assert store.found({field: {"$type": "array"}}) == there - null
    assert store.found({field: None}) == ALL - there | null


def test_a_path_below_an_array_of_strings_finds_no_objects(store: Records) -> None:
    """An array contributes only its elements that are objects, so there is not even a missing value."""
    assert store.found({"metadata.tags.x": None}) == ALL - {"tagged", "tags empty"}
    assert store.found({"metadata.tags.0.x": None}) == ALL - {"tagged", "tags empty"}


def test_content_is_a_text_or_any_other_value(store: Records) -> None:
    assert store.found({"input.content": "hello"}) == {"listed content"}
    assert store.found({"input.content": "hello world"}) == {"plain content"}
    assert store.found({"input.content": {"$regex": "^hello"}}) == {"plain content", "listed content"}
    assert store.found({"input.content": ""}) == {"empty content"}
    assert store.found({"input.content": {"$gt": "a"}}) == {"plain content", "listed content"}
    assert store.found({"input.content": 5.0}) == {"numeric content"}
    assert store.found({"input.content": {"text": "é", "n": 5.0}}) == {"object content"}
    assert store.found({"input.content": ["hello", {"text": "x", "n": 5}]}) == {"listed content"}
    assert store.found({"input.content": {"$in": ["", 5, None]}}) == ALL - {"plain content", "listed content", "object content"}


def test_content_that_is_null_is_there(store: Records) -> None:
    contents = {id for id in RECORDS if id.endswith(" content")}

    assert store.found({"input.content": {"$exists": True}}) == contents
    assert store.found({"input.content": None}) == ALL - contents | {"null content"}
    assert store.found({"input.content": {"$type": "null"}}) == {"null content"}
    assert store.found({"input.content": {"$type": "string"}}) == {"plain content", "empty content", "listed content"}


def test_paths_go_into_content(store: Records) -> None:
    assert store.found({"input.content.text": "é"}) == {"object content"}
    assert store.found({"input.content.n": 5}) == {"object content", "listed content"}
    assert store.found({"input.content.1.text": "x"}) == {"listed content"}
    assert store.found({"input.content.0": "hello"}) == {"listed content"}
    assert store.found({"input.content.text": None}) == ALL - {"object content", "listed content"}
    assert store.found({"input.content.n": {"$type": "double"}}) == {"listed content"}


def test_paths_go_into_alternatives(store: Records) -> None:
    assert store.found({"output.alternatives.score": 2}) == {"alternatives"}
    assert store.found({"output.alternatives.0.content": "b"}) == {"alternatives"}
    assert store.found({"output.alternatives": {"$elemMatch": {"content": "b", "score": 2}}}) == set()
    assert store.found({"output.alternatives": {"$size": 2}}) == {"alternatives"}


def test_whole_objects_are_compared_field_by_field(store: Records) -> None:
    assert store.found({"model": {"id": "m"}}) == ALL
    assert store.found({"usage": {"promptTokens": 7, "cost": 0.5}}) == {"cheap"}
    assert store.found({"usage": {"cost": 0.5, "promptTokens": 7}}) == set()
    assert store.found({"error": {"$type": "object"}}) == {"failed"}


# --- computed columns, whose NULL is null and which may hold NaN ------------------------------------------------------


def condition(test: Any, value: Scalar) -> str:
    return of_column(Context(Source()), value, test, "").sql


def test_the_null_of_a_computed_value_exists() -> None:
    """A mean of nothing is null, not missing."""
    mean = Scalar("mean", "number")

    assert condition(f.Exists(), mean) == "1"
    assert condition(f.HasType(frozenset({"null"})), mean) == "mean IS NULL"
    assert condition(f.HasType(frozenset({"null"})), Scalar("cost", "number", absent="missing")) == "0"


def test_nan_is_equal_to_nan() -> None:
    nan = float("nan")
    computed = Scalar("x", "number", nullable=False)

    for test in (f.Equals(nan), f.Ordered("$gte", nan), f.Ordered("$lte", nan), f.OneOf((nan,), ())):
        assert condition(test, computed) == "isNaN(x)"
    assert condition(f.Ordered("$lt", nan), computed) == "0"


def test_a_test_that_no_value_of_the_type_can_pass_reads_nothing() -> None:
    for test in (f.Equals("x"), f.Matches(Pattern("x")), f.HasSize(1), f.HasType(frozenset({"string"})), f.Nothing(), f.OneOf((), ())):
        assert condition(test, Scalar("x", "number", absent="missing")) == "0"
