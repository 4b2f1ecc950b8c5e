"""The reference itself, held against rules of MongoDB that are easily got wrong, each written out by hand."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.reference import MongoError, aggregate, distinct, evaluate, find, match, sort_documents

DATE = datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)


def matching(filter: dict[str, Any], *values: Any) -> list[Any]:
    """Which values of `a` satisfy a filter; `...` stands for no value."""
    return [value for value in values if match(filter, {} if value is ... else {"a": value})]


def expression(item: Any, **doc: Any) -> Any:
    [result] = aggregate([{"$project": {"_id": 0, "x": item}}], [doc])
    return result.get("x", ...)


@pytest.mark.parametrize(
    ("condition", "matched"),
    [
        (None, [..., None]),
        ({"$in": [None]}, [..., None]),
        ({"$gte": None}, [..., None]),
        ({"$gt": None}, []),
        ({"$exists": True}, [None, 0, False, "", {}]),
        ({"$exists": False}, [...]),
        ({"$type": "null"}, [None]),
        ({"$all": [None]}, [..., None]),
        ({"$all": []}, []),
        ({"$ne": 0}, [..., None, False, "", {}]),
        ({"$nin": [0, None]}, [False, "", {}]),
        ({"$not": {"$gte": 0}}, [..., None, False, "", {}]),
    ],
)
def test_null_missing_and_their_negations(condition: Any, matched: list[Any]) -> None:
    found = matching({"a": condition}, ..., None, 0, False, "", {})

    assert [repr(value) for value in found] == [repr(value) for value in matched]


@pytest.mark.parametrize(
    ("value", "is_null"),
    [
        (..., True),
        (None, True),
        (4, True),
        ({}, True),
        ({"b": None}, True),
        ({"b": 1}, False),
        ([{"b": None}, {"b": 3}], True),
        ([{"b": 3}, {}], True),
        ([{"b": 3}], False),
        ([], False),
        ([[]], False),
        ([1, "x"], False),
        ([None, None], False),
    ],
)
def test_null_below_a_parent(value: Any, is_null: bool) -> None:
    assert bool(matching({"a.b": None}, value)) is is_null


@pytest.mark.parametrize(
    ("filter", "matched"),
    [
        ({"a": 5}, [5, [5, 6]]),
        ({"a": [5, 6]}, [[5, 6], [[5, 6]]]),
        ({"a": {"$gt": 5, "$lt": 6}}, [[5, 6]]),
        ({"a": {"$gt": 5.5, "$lt": 5.5}}, [[5, 6]]),
        ({"a": {"$elemMatch": {"$gt": 5.5, "$lt": 6.5}}}, [[5, 6]]),
        ({"a": {"$size": 1}}, [[[5, 6]], [{"b": 5}]]),
        ({"a": {"$type": "array"}}, [[5, 6], [[5, 6]], [{"b": 5}]]),
        ({"a": {"$type": "object"}}, [[{"b": 5}]]),
        ({"a.b": 5}, [[{"b": 5}]]),
        ({"a.0": 5}, [[5, 6]]),
        ({"a.0": [5, 6]}, [[[5, 6]]]),
        ({"a.0.b": 5}, [[{"b": 5}]]),
        ({"a.0.1": 6}, [[[5, 6]]]),
        ({"a": {"$ne": 5}}, [[[5, 6]], [{"b": 5}]]),
        ({"a.b": {"$ne": 5}}, [5, [5, 6], [[5, 6]]]),
    ],
)
def test_paths_through_arrays(filter: dict[str, Any], matched: list[Any]) -> None:
    assert matching(filter, 5, [5, 6], [[5, 6]], [{"b": 5}]) == matched


def test_ranges_compare_only_one_type() -> None:
    values = [7, "7", True, DATE, None, [7], {"x": 7}]

    assert matching({"a": {"$gte": 5}}, *values) == [7, [7]]
    assert matching({"a": {"$lte": "8"}}, *values) == ["7"]
    assert matching({"a": {"$gte": False}}, *values) == [True]
    assert matching({"a": {"$gte": {"x": 7}}}, *values) == [{"x": 7}]


def test_equality_knows_types_order_and_exact_numbers() -> None:
    assert matching({"a": 1}, 1, 1.0, True, "1") == [1, 1.0]
    assert matching({"a": {"x": 1, "y": 2}}, {"x": 1, "y": 2}, {"y": 2, "x": 1}, {"x": 1}) == [{"x": 1, "y": 2}]
    assert matching({"a": 2.0**53}, 2**53, 2**53 + 1) == [2**53]


def test_patterns_match_texts_only() -> None:
    assert matching({"a": {"$regex": "1"}}, "a1", 1, ["x", "1"], None) == ["a1", ["x", "1"]]
    assert matching({"a": {"$in": [re.compile("^B", re.IGNORECASE), 1]}}, "b", "ab", 1) == ["b", 1]
    assert matching({"a": {"$not": {"$regex": "a"}}}, "a", 5, ...) == [5, ...]


@pytest.mark.parametrize(
    "filter",
    [
        {"$foo": 1},
        {"a": {"$foo": 1}},
        {"a": {"$in": 1}},
        {"a": {"$in": [{"$regex": "x"}]}},
        {"$and": []},
        {"a": {"$size": -1}},
        {"a": {"$mod": [0, 1]}},
        {"a": {"$not": 1}},
        {"a": {"$type": "nothing"}},
        {"a": {"$ne": re.compile("x")}},
    ],
)
def test_malformed_filters_are_errors(filter: dict[str, Any]) -> None:
    with pytest.raises(MongoError):
        match(filter, {"a": 1})


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"$eq": ["$missing", None]}, False),
        ({"$lt": ["$missing", 5]}, True),
        ({"$gt": [True, "z"]}, True),
        ("$missing", ...),
        (["$missing"], [None]),
        ("$$REMOVE", ...),
        ({"$avg": "$missing"}, None),
        ("$l.0", []),
        ("$items.b", [1, 2]),
        ({"$cond": [{"$and": ["", [], {}]}, 1, 2]}, 1),
        ({"$cond": ["$missing", 1, 2]}, 2),
        ({"$max": "$l"}, 30),
        ({"$max": ["$l", 5]}, [10, 30]),
        ({"$sum": ["$l", 5]}, 5),
        ({"$round": 2.5}, 2.0),
        ({"$round": [1250, -2]}, 1200),
        ({"$mod": [-7, 3]}, -1),
        ({"$divide": [4, 2]}, 2.0),
        ({"$toUpper": "straße é"}, "STRAßE é"),
        ({"$strLenCP": "日本"}, 2),
        ({"$dayOfWeek": DATE}, 7),
        ({"$week": DATE}, 23),
        ({"$isoWeek": DATE}, 24),
        ({"$year": {"date": DATE, "timezone": None}}, None),
        ({"$dateTrunc": {"date": DATE, "unit": "week"}}, datetime(2024, 6, 9, tzinfo=UTC)),
        ({"$dateTrunc": {"date": DATE, "unit": "day", "timezone": "Asia/Tokyo"}}, datetime(2024, 6, 14, 15, tzinfo=UTC)),
        ({"$dateAdd": {"startDate": datetime(2024, 1, 31, tzinfo=UTC), "unit": "month", "amount": 1}}, datetime(2024, 2, 29, tzinfo=UTC)),
        (
            {
                "$dateDiff": {
                    "startDate": datetime(2023, 12, 31, 23, tzinfo=UTC),
                    "endDate": datetime(2024, 1, 1, tzinfo=UTC),
                    "unit": "year",
                }
            },
            1,
        ),
        ({"$arrayElemAt": ["$l", 9]}, ...),
        ({"$setField": {"field": "a.b", "input": {}, "value": 1}}, {"a.b": 1}),
        ({"$mergeObjects": [{"a": 1, "b": 2}, None, {"a": 3}]}, {"a": 3, "b": 2}),
    ],
)
def test_expressions(item: Any, value: Any) -> None:
    result = expression(item, l=[10, 30], items=[{"b": 1}, {}, 5, {"b": 2}])

    assert result == value
    assert isinstance(result, type(value))


@pytest.mark.parametrize(
    "item",
    [
        {"$divide": [1, 0]},
        {"$add": [1, "x"]},
        {"$concat": ["a", 1]},
        {"$size": None},
        {"$toInt": "abc"},
        {"$foo": 1},
        "$$foo",
        {"$eq": [1]},
    ],
)
def test_expressions_without_value_are_errors(item: Any) -> None:
    with pytest.raises(MongoError):
        evaluate(item, {})


def test_sort_order_across_types() -> None:
    ascending = [[], ..., 1, "a", {"x": 1}, [[0]], False, True, DATE]
    docs = [{} if value is ... else {"a": value} for value in ascending]

    assert sort_documents(reversed(docs), {"a": 1}) == docs
    assert sort_documents(docs, {"a": -1}) == docs[::-1]


def test_arrays_sort_by_their_least_and_greatest_elements() -> None:
    docs = [{"a": [1, 9]}, {"a": 5}, {"a": [7, 0]}]

    assert [doc["a"] for doc in sort_documents(docs, {"a": 1})] == [[7, 0], [1, 9], 5]
    assert [doc["a"] for doc in sort_documents(docs, {"a": -1})] == [[1, 9], [7, 0], 5]


def test_groups_merge_missing_with_null_but_not_inside_an_object() -> None:
    docs = [{}, {"v": None}, {"v": 5}, {"v": 5.0}]

    assert aggregate([{"$group": {"_id": "$v", "n": {"$sum": 1}}}], docs) == [{"_id": None, "n": 2}, {"_id": 5, "n": 2}]
    assert len(aggregate([{"$group": {"_id": {"x": "$v"}}}], docs)) == 3
    assert aggregate([{"$group": {"_id": None, "n": {"$sum": 1}}}], []) == []
    assert aggregate([{"$count": "n"}], []) == []


def test_accumulators_and_what_they_ignore() -> None:
    docs = [{"v": None}, {}, {"v": "x"}, {"v": [1]}, {"v": 2}, {"v": True}]
    names = ("$sum", "$avg", "$min", "$max", "$push", "$first", "$stdDevSamp")

    [result] = aggregate([{"$group": {"_id": None, **{name[1:]: {name: "$v"} for name in names}}}], docs)

    assert result["sum"] == 2
    assert result["avg"] == 2
    assert result["min"] == 2
    assert result["max"] is True
    assert result["push"] == [None, "x", [1], 2, True]
    assert result["first"] is None
    assert result["stdDevSamp"] is None


def test_unwind_drops_or_keeps_what_has_no_elements() -> None:
    docs = [{"k": 1}, {"k": 2, "a": None}, {"k": 3, "a": []}, {"k": 4, "a": 7}, {"k": 5, "a": [[1], 2]}]

    assert aggregate([{"$unwind": "$a"}], docs) == [{"k": 4, "a": 7}, {"k": 5, "a": [1]}, {"k": 5, "a": 2}]
    kept = aggregate([{"$unwind": {"path": "$a", "preserveNullAndEmptyArrays": True, "includeArrayIndex": "i"}}], docs)
    assert kept[:4] == [{"k": 1, "i": None}, {"k": 2, "a": None, "i": None}, {"k": 3, "i": None}, {"k": 4, "a": 7, "i": None}]


@pytest.mark.parametrize(
    ("projection", "result"),
    [
        ({"a.z": {"$literal": 9}}, {"a": [{"z": 9}, {"z": 9}, {"z": 9}]}),
        ({"a.b": 1}, {"a": [{"b": 1}]}),
        ({"a.b": 0}, {"a": [{"c": 2}, "s", None], "x": {"z": 1}}),
        ({"a.0": 1}, {"a": [{}]}),
        ({"x.y": 1}, {"x": {}}),
        ({"x": {"y": {"$literal": 5}}}, {"x": {"y": 5}}),
        ({"n": "$missing"}, {}),
    ],
)
def test_projections(projection: dict[str, Any], result: dict[str, Any]) -> None:
    assert aggregate([{"$project": projection}], [{"a": [{"b": 1, "c": 2}, "s", None], "x": {"z": 1}}]) == [result]


def test_added_fields_merge_into_objects_and_enter_every_element() -> None:
    docs = [{"a": {"x": 1}, "b": [1, {"y": 2}], "c": 5}]

    [result] = aggregate([{"$addFields": {"a": {"z": 3}, "b.0": 9, "c.d": 1}}], docs)

    assert result == {"a": {"x": 1, "z": 3}, "b": [{"0": 9}, {"y": 2, "0": 9}], "c": {"d": 1}}
    assert aggregate([{"$addFields": {"a": {}}}], docs)[0]["a"] == {}


def test_find_slices_and_keeps_the_other_fields() -> None:
    docs = [{"a": [1, 2, 3], "b": 1}]

    assert find(docs, {}, projection={"a": {"$slice": -2}}) == [{"a": [2, 3], "b": 1}]
    assert find(docs, {"a": {"$gt": 1}}, projection={"a.$": 1}) == [{"a": [2]}]
    assert find(docs, {}, projection={"a": {"$elemMatch": {"$gt": 2}}}) == [{"a": [3]}]


def test_distinct_opens_one_array_and_skips_missing() -> None:
    docs = [{"a": [1, [2]]}, {"a": 1.0}, {"a": True}, {"a": None}, {}]

    assert [repr(value) for value in distinct(docs, "a")] == ["1", "[2]", "True", "None"]


def test_buckets_and_windows() -> None:
    docs = [{"k": k, "v": v} for k, v in enumerate([5, 1, 3, None])]

    assert aggregate([{"$bucket": {"groupBy": "$k", "boundaries": [0, 1, 3], "default": "other"}}], docs) == [
        {"_id": 0, "count": 1},
        {"_id": 1, "count": 2},
        {"_id": "other", "count": 1},
    ]
    with pytest.raises(MongoError):
        aggregate([{"$bucket": {"groupBy": "$k", "boundaries": [0, 1]}}], docs)
    window = {"$sum": "$v", "window": {"documents": [-1, 0]}}
    running = aggregate([{"$setWindowFields": {"sortBy": {"k": 1}, "output": {"x": window}}}], docs)
    assert [doc["x"] for doc in running] == [5, 6, 4, 3]


def test_gaps_are_filled_and_densified() -> None:
    docs = [{"k": 0, "v": 1}, {"k": 2}, {"k": 4, "v": 5}]

    assert [doc["v"] for doc in aggregate([{"$fill": {"sortBy": {"k": 1}, "output": {"v": {"method": "linear"}}}}], docs)] == [1, 3, 5]
    assert [doc["v"] for doc in aggregate([{"$fill": {"sortBy": {"k": 1}, "output": {"v": {"method": "locf"}}}}], docs)] == [1, 1, 5]
    dense = aggregate([{"$densify": {"field": "k", "range": {"step": 1, "bounds": "full"}}}], docs)
    assert [doc["k"] for doc in dense] == [0, 1, 2, 3, 4]
