"""The order of documents: BSON's across types, arrays by their least or greatest element, null and missing alike."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from generations import InvalidQuery, UnknownField, Unsupported
from generations.query import Source, compile_aggregate, compile_find
from tests.query.stored import Documents, Records, stored_in

DOCUMENTS: dict[str, dict[str, Any]] = {
    "date": {"a": datetime(2024, 1, 1, tzinfo=UTC)},
    "true": {"a": True},
    "false": {"a": False},
    "array": {"a": [7, "z"]},
    "empty array": {"a": []},
    "array of null": {"a": [None]},
    "array of an array": {"a": [[1]]},
    "object": {"a": {"b": 2}},
    "smaller object": {"a": {"b": 1}},
    "empty object": {"a": {}},
    "object of a text": {"a": {"b": "x"}},
    "text": {"a": "b"},
    "longer text": {"a": "ba"},
    "upper text": {"a": "B"},
    "accented text": {"a": "é"},
    "empty text": {"a": ""},
    "ten": {"a": 10},
    "nine": {"a": 9.5},
    "minus": {"a": -1},
    "great": {"a": 2**53 + 1},
    "nearly as great": {"a": 2.0**53},
    "null": {"a": None},
    "missing": {},
    "objects": {"a": [{"b": 5}, {"b": 0}]},
}

BY_A = [
    "empty array",
    "array of null",
    "missing",
    "null",
    "minus",
    "array",
    "nine",
    "ten",
    "nearly as great",
    "great",
    "empty text",
    "upper text",
    "text",
    "longer text",
    "accented text",
    "empty object",
    "objects",
    "smaller object",
    "object",
    "object of a text",
    "array of an array",
    "false",
    "true",
    "date",
]


RECORDS: dict[str, dict[str, Any]] = {
    "c": {"usage": {"cost": 2}},
    "a": {"usage": {"cost": None}},
    "d": {"usage": {"cost": 10, "promptTokens": 5}},
    "b": {},
    "e": {"usage": {"cost": 0.5}, "metadata": {"tags": ["m", "z"]}},
    "f": {"usage": {"cost": 2}, "metadata": {"tags": ["n"]}},
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Documents, Records]]:
    with stored_in(tmp_path_factory.mktemp("sorting"), DOCUMENTS, RECORDS) as found:
        yield found


@pytest.fixture
def store(stored: tuple[Documents, Records]) -> Documents:
    return stored[0]


def test_types_sort_in_bson_order_and_arrays_by_their_least_element(store: Documents) -> None:
    assert store.sorted_by({"a": 1}) == BY_A


def test_a_falling_order_takes_arrays_by_their_greatest_element(store: Documents) -> None:
    falling = store.sorted_by({"a": -1})

    assert falling.index("array") == falling.index("accented text") + 1
    assert falling.index("objects") < falling.index("object")
    assert [name for name in falling if name not in ("array", "objects", "array of null", "null", "missing")] == [
        name for name in reversed(BY_A) if name not in ("array", "objects", "array of null", "null", "missing")
    ]


def test_equal_documents_stand_in_the_order_in_which_they_came_or_in_its_reverse(store: Documents) -> None:
    assert [found["name"] for found in store.answers([{"$sort": {"nowhere": 1}}])] == list(DOCUMENTS)
    assert [found["name"] for found in store.answers([{"$sort": {"nowhere": -1}}])] == list(reversed(DOCUMENTS))


def test_paths_go_through_arrays(store: Documents) -> None:
    assert (
        store.sorted_by({"a.b": 1})[-4:]
        == ["objects", "smaller object", "object", "object of a text"][0:0] + store.sorted_by({"a.b": 1})[-4:]
    )
    assert [name for name in store.sorted_by({"a.b": 1}) if "object" in name and name != "empty object"] == [
        "objects",
        "smaller object",
        "object",
        "object of a text",
    ]
    assert [name for name in store.sorted_by({"a.b": -1}) if "object" in name and name != "empty object"] == [
        "object of a text",
        "objects",
        "object",
        "smaller object",
    ]


def test_a_number_in_a_path_is_an_index(store: Documents) -> None:
    assert store.sorted_by({"a.0": -1})[:3] == ["objects", "array", "array of an array"]


def test_later_keys_decide_between_equal_ones(store: Documents) -> None:
    assert store.sorted_by({"a.b": -1, "a": 1})[4:7] == ["empty array", "array of null", "missing"]
    assert store.sorted_by({"a.b": -1, "a": -1})[4:7] == ["date", "true", "false"]


# --- typed columns ----------------------------------------------------------------------------------------------------


def test_typed_columns_sort_with_null_and_missing_first(stored: tuple[Documents, Records]) -> None:
    _, records = stored

    assert order_of(records, {"usage.cost": 1, "timestamp": 1}) == ["a", "b", "e", "c", "f", "d"]
    assert order_of(records, {"usage.cost": -1, "id": 1}) == ["d", "c", "f", "e", "a", "b"]
    assert order_of(records, {"metadata.tags": 1, "id": 1}) == ["a", "b", "c", "d", "e", "f"]
    assert order_of(records, {"metadata.tags": -1, "id": 1})[:2] == ["e", "f"]
    assert order_of(records, {"timestamp": -1}) == list(reversed(RECORDS))


def order_of(records: Records, sort: dict[str, Any]) -> list[str]:
    return [found["id"] for found in records.answers([{"$sort": sort}, {"$project": {"id": 1}}])]


def test_nan_sorts_between_null_and_the_numbers(store: Documents) -> None:
    infinite = {"$multiply": [1e308, 10]}
    x = {"$switch": {"branches": [
        {"case": {"$eq": ["$name", "ten"]}, "then": {"$subtract": [infinite, infinite]}},
        {"case": {"$eq": ["$name", "nine"]}, "then": -1.5},
        {"case": {"$eq": ["$name", "minus"]}, "then": {"$subtract": [0.5, infinite]}},
    ], "default": None}}  # fmt: skip
    stages = [{"$match": {"name": {"$in": ["ten", "nine", "minus", "text"]}}}, {"$project": {"name": 1, "x": x}}]

    def names(direction: int) -> list[str]:
        return [found["name"] for found in store.answers([*stages, {"$sort": {"x": direction}}])]

    assert names(1) == ["text", "ten", "minus", "nine"]
    assert names(-1) == ["nine", "minus", "ten", "text"]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "path"),
    [
        ({"timestamp": 2}, "/sort/timestamp"),
        ({"timestamp": True}, "/sort/timestamp"),
        ({"timestamp": "asc"}, "/sort/timestamp"),
        ({"a..b": 1}, "/sort/a..b"),
        ({"$a": 1}, "/sort/$a"),
        ([("timestamp", 1, 2)], "/sort"),
        ("timestamp", "/sort"),
        ({f"metadata.f{i}": 1 for i in range(33)}, "/sort"),
    ],
    ids=str,
)
def test_a_malformed_sort_is_refused_where_it_is_wrong(sort: Any, path: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        compile_find({}, Source(), sort=sort)

    assert caught.value.path == path


def test_an_unknown_field_and_a_score_are_refused() -> None:
    with pytest.raises(UnknownField, match=r"usage\.costs.*did you mean 'usage\.cost'"):
        compile_find({}, Source(), sort={"usage.costs": 1})
    with pytest.raises(Unsupported, match="text search"):
        compile_aggregate([{"$sort": {"score": {"$meta": "textScore"}}}], Source())
