"""Accumulators over groups and over windows: what they ignore, what they give of nothing, and which order they take."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from generations import InvalidQuery, QueryFailed, Unsupported
from generations.query import Source, compile_aggregate
from generations.query.accumulate import REGISTRY
from generations.query.operators import ACCUMULATORS, REFUSED_ACCUMULATORS
from tests.query.stored import Documents, Records, stored_in

DATE = datetime(2024, 1, 1, tzinfo=UTC)

DOCUMENTS: dict[str, dict[str, Any]] = {
    "one": {"g": "mixed", "v": 1, "i": 1},
    "half": {"g": "mixed", "v": 2.5, "i": 2},
    "text": {"g": "mixed", "v": "x", "i": 3},
    "true": {"g": "mixed", "v": True, "i": 4},
    "null": {"g": "mixed", "v": None, "i": 5},
    "missing": {"g": "mixed", "i": 6},
    "array": {"g": "mixed", "v": [1, 2], "i": 7},
    "again": {"g": "mixed", "v": 1.0, "i": 8},
    "date": {"g": "mixed", "v": DATE, "i": 9},
    "no number": {"g": "none", "v": "x", "i": 1},
    "no value": {"g": "none", "i": 2},
    "single": {"g": "single", "v": 3, "i": 1},
    "object": {"g": "objects", "v": {"a": 1, "b": 1}, "i": 2},
    "other object": {"g": "objects", "v": {"b": 2, "c": 3}, "i": 1},
    "null object": {"g": "objects", "v": None, "i": 3},
    "list": {"g": "lists", "v": [1, 2], "i": 1},
    "other list": {"g": "lists", "v": [2.0, 3], "i": 2},
    "great": {"g": "great", "v": 2**62, "i": 1},
    "as great": {"g": "great", "v": 2**62, "i": 2},
    "and one": {"g": "great", "v": 2**62, "i": 3},
    "exact": {"g": "exact", "v": 2**53 + 1, "i": 1},
    "and two": {"g": "exact", "v": 2, "i": 2},
}

RECORDS: dict[str, dict[str, Any]] = {
    "a": {"usage": {"cost": 1.5, "promptTokens": 3}, "metadata": {"userId": "u"}},
    "b": {"usage": {"cost": None, "promptTokens": 1}},
    "c": {"usage": {"cost": 0.5}},
    "d": {},
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Documents, Records]]:
    with stored_in(tmp_path_factory.mktemp("accumulators"), DOCUMENTS, RECORDS) as found:
        yield found


@pytest.fixture
def documents(stored: tuple[Documents, Records]) -> Documents:
    return stored[0]


@pytest.fixture
def records(stored: tuple[Documents, Records]) -> Records:
    return stored[1]


def of_group(documents: Documents, group: str, accumulator: Any, expected: Any) -> None:
    """An accumulator over one group, in the order of `i`, and over a window of all of it."""
    rows = [{"$match": {"g": group}}, {"$sort": {"i": 1}}]

    documents.gives([*rows, {"$group": {"_id": None, "x": accumulator}}, {"$project": {"_id": 0}}], [{"x": expected}])
    window = {"$setWindowFields": {"sortBy": {"i": 1}, "output": {"x": accumulator}}}
    documents.gives([*rows, window, {"$limit": 1}, {"$project": {"x": 1}}], [{"x": expected}])


MIXED: list[Any] = [document.get("v", ...) for document in DOCUMENTS.values() if document["g"] == "mixed"]
TYPES = ["int", "double", "string", "bool", "null", "missing", "array", "double", "date"]


@pytest.mark.parametrize(
    ("accumulator", "mixed", "none"),
    [
        ({"$sum": "$v"}, 4.5, 0),
        ({"$sum": 1}, 9, 2),
        ({"$sum": True}, 0, 0),
        ({"$sum": "$nowhere"}, 0, 0),
        ({"$count": {}}, 9, 2),
        ({"$avg": "$v"}, 1.5, None),
        ({"$avg": "text"}, None, None),
        ({"$min": "$v"}, 1, "x"),
        ({"$max": "$v"}, DATE, "x"),
        ({"$max": "$nowhere"}, None, None),
        ({"$first": "$v"}, 1, "x"),
        ({"$last": "$v"}, DATE, None),
        ({"$push": "$v"}, [1, 2.5, "x", True, None, [1, 2], 1.0, DATE], ["x"]),
        ({"$push": {"$type": "$v"}}, TYPES, ["string", "missing"]),
        ({"$push": {"a": "$v"}}, [{} if v is ... else {"a": v} for v in MIXED], [{"a": "x"}, {}]),
        ({"$stdDevPop": "$v"}, 0.7071067811865476, None),
        ({"$percentile": {"input": "$v", "p": [0, 0.5, 1], "method": "approximate"}}, [1.0, 1.0, 2.5], [None, None, None]),
        ({"$median": {"input": "$v", "method": "approximate"}}, 1.0, None),
        ({"$firstN": {"input": "$v", "n": 2}}, [1, 2.5], ["x", None]),
        ({"$lastN": {"input": "$v", "n": 4}}, [None, [1, 2], 1, DATE], ["x", None]),
        ({"$minN": {"input": "$v", "n": 3}}, [1, 1, 2.5], ["x"]),
        ({"$maxN": {"input": "$v", "n": 3}}, [DATE, True, [1, 2]], ["x"]),
        ({"$top": {"output": "$v", "sortBy": {"i": -1}}}, DATE, None),
        ({"$bottom": {"output": ["$v", "$i"], "sortBy": {"i": -1}}}, [1, 1], ["x", 1]),
        ({"$topN": {"output": "$i", "sortBy": {"i": -1}, "n": 2}}, [9, 8], [2, 1]),
        ({"$bottomN": {"output": "$i", "sortBy": {"i": -1}, "n": 2}}, [2, 1], [2, 1]),
    ],
    ids=str,
)  # fmt: skip
def test_an_accumulator_of_values_of_any_type_and_of_none(documents: Documents, accumulator: Any, mixed: Any, none: Any) -> None:
    rows = [{"$match": {"g": {"$in": ["mixed", "none"]}}}, {"$sort": {"i": 1}}]

    documents.gives(
        [*rows, {"$group": {"_id": "$g", "x": accumulator}}, {"$sort": {"_id": 1}}],
        [{"_id": "mixed", "x": mixed}, {"_id": "none", "x": none}],
    )
    window = {"$setWindowFields": {"partitionBy": "$g", "sortBy": {"i": 1}, "output": {"x": accumulator}}}
    documents.gives(
        [*rows, window, {"$match": {"i": 1}}, {"$sort": {"g": 1}}, {"$project": {"g": 1, "x": 1}}],
        [{"g": "mixed", "x": mixed}, {"g": "none", "x": none}],
    )


def test_a_set_holds_each_value_once_null_too(documents: Documents) -> None:
    (found,) = documents.answers([{"$match": {"g": "mixed"}}, {"$group": {"_id": None, "x": {"$addToSet": "$v"}}}])

    assert sorted(map(repr, found["x"])) == sorted(map(repr, [1, 2.5, "x", True, None, [1, 2], DATE]))


def test_sums_of_integers_are_exact_and_leave_64_bits_as_doubles(documents: Documents) -> None:
    of_group(documents, "exact", {"$sum": "$v"}, 2**53 + 3)
    of_group(documents, "great", {"$sum": "$v"}, 3.0 * 2**62)
    of_group(documents, "great", {"$max": "$v"}, 2**62)


def test_a_sample_of_one_has_no_deviation(documents: Documents) -> None:
    of_group(documents, "single", {"$stdDevSamp": "$v"}, None)
    of_group(documents, "single", {"$stdDevPop": "$v"}, 0)
    of_group(documents, "exact", {"$stdDevSamp": "$nowhere"}, None)


def test_objects_are_merged_in_order_and_nothing_else_can_be(documents: Documents) -> None:
    of_group(documents, "objects", {"$mergeObjects": "$v"}, {"b": 1, "c": 3, "a": 1})
    with pytest.raises(QueryFailed, match="requires object"):
        documents.answers([{"$group": {"_id": None, "x": {"$mergeObjects": "$v"}}}])


def test_arrays_are_joined_as_lists_and_as_sets(documents: Documents) -> None:
    of_group(documents, "lists", {"$concatArrays": "$v"}, [1, 2, 2, 3])
    (found,) = documents.answers([{"$match": {"g": "lists"}}, {"$group": {"_id": None, "x": {"$setUnion": "$v"}}}])
    assert sorted(found["x"]) == [1, 2, 3]
    with pytest.raises(QueryFailed, match="requires array"):
        documents.answers([{"$group": {"_id": None, "x": {"$concatArrays": "$v"}}}])


def test_typed_columns_accumulate_alike(records: Records) -> None:
    def of_all(accumulator: Any, expected: Any) -> None:
        records.gives([{"$group": {"_id": None, "x": accumulator}}], [{"_id": None, "x": expected}])

    of_all({"$sum": "$usage.cost"}, 2.0)
    of_all({"$sum": "$usage.promptTokens"}, 4)
    of_all({"$sum": "$metadata.userId"}, 0)
    of_all({"$avg": "$usage.cost"}, 1.0)
    of_all({"$avg": "$metadata.userId"}, None)
    of_all({"$min": "$usage.cost"}, 0.5)
    of_all({"$max": "$metadata.userId"}, "u")
    of_all({"$min": "$usage.cachedTokens"}, None)
    of_all({"$first": "$usage.cost"}, 1.5)
    of_all({"$last": "$usage.cost"}, None)
    of_all({"$push": "$usage.cost"}, [1.5, None, 0.5])
    of_all({"$median": {"input": "$usage.cost", "method": "approximate"}}, 0.5)
    of_all({"$percentile": {"input": "$usage.promptTokens", "p": [0.5], "method": "approximate"}}, [1.0])
    of_all({"$stdDevPop": "$usage.cost"}, 0.5)
    of_all({"$maxN": {"input": "$usage.cost", "n": 5}}, [1.5, 0.5])
    of_all({"$top": {"output": "$id", "sortBy": {"usage.cost": -1}}}, "a")
    of_all({"$firstN": {"input": "$usage.cost", "n": 3}}, [1.5, None, 0.5])


@pytest.mark.parametrize("op", REFUSED_ACCUMULATORS)
def test_an_accumulator_that_is_not_offered_is_refused_with_its_reason(op: str) -> None:
    with pytest.raises(Unsupported) as caught:
        compile_aggregate([{"$group": {"_id": None, "x": {op: "$usage.cost"}}}], Source())

    assert caught.value.path == f"/0/$group/x/{op}"
    assert caught.value.hint == REFUSED_ACCUMULATORS[op]


@pytest.mark.parametrize(
    ("accumulator", "path"),
    [
        ({"$count": 1}, "$count"),
        ({"$percentile": {"input": "$usage.cost", "p": 0.5, "method": "approximate"}}, "$percentile/p"),
        ({"$percentile": {"input": "$usage.cost", "p": [1.5], "method": "approximate"}}, "$percentile/p"),
        ({"$percentile": {"input": "$usage.cost", "p": [0.5], "method": "exact"}}, "$percentile/method"),
        ({"$median": {"input": "$usage.cost"}}, "$median"),
        ({"$firstN": {"input": "$usage.cost", "n": 0}}, "$firstN/n"),
        ({"$firstN": {"input": "$usage.cost", "n": "$usage.cost"}}, "$firstN/n"),
        ({"$topN": {"output": "$id", "sortBy": {"id": 1}}}, "$topN"),
        ({"$top": {"output": "$id", "sortBy": {"id": 2}}}, "$top/sortBy/id"),
        ({"$top": {"output": "$id", "sortBy": {"id": 1}, "limit": 1}}, "$top/limit"),
        ({"$sum": "$usage.costs"}, "$sum"),
    ],
    ids=str,
)
def test_a_malformed_accumulator_is_refused_where_it_is_wrong(accumulator: Any, path: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        compile_aggregate([{"$group": {"_id": None, "x": accumulator}}], Source())

    assert caught.value.path == f"/0/$group/x/{path}"


def test_every_accumulator_that_is_told_of_is_there() -> None:
    assert REGISTRY.keys() == ACCUMULATORS.keys()
