"""The stages of a pipeline, one rule at a time; the reference must agree wherever an order or chance does not decide."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generations import InvalidQuery, QueryFailed, UnknownOperator, Unsupported
from generations.query import Source, compile_aggregate
from generations.query.operators import REFUSED_STAGES
from generations.query.pipeline import MOST_STAGES
from tests.query.stored import Documents, Records, stored_in

DAY = datetime(2024, 1, 1, tzinfo=UTC)

DOCUMENTS: dict[str, dict[str, Any]] = {
    "a1": {"k": "a", "n": 1, "v": [1, 2], "at": DAY},
    "a2": {"k": "a", "n": 3, "v": [], "at": DAY + timedelta(days=1)},
    "b1": {"k": "b", "n": 2.5, "v": "x", "at": DAY + timedelta(days=4)},
    "null": {"k": None, "n": None, "v": None},
    "none": {"n": 7},
    "five": {"k": 5, "n": -2, "v": [[3], None]},
    "five as a double": {"k": 5.0, "n": 4, "v": {"x": 1}},
    "list": {"k": ["a"], "n": 0, "v": [{"x": 1}, {"x": 2}]},
}

RECORDS: dict[str, dict[str, Any]] = {
    "r1": {"model": {"id": "gpt-4", "provider": "openai"}, "usage": {"cost": 1, "promptTokens": 10}, "metadata": {"tags": ["x", "y"]}},
    "r2": {"model": {"id": "gpt-4"}, "usage": {"cost": None}, "metadata": {"tags": []}},
    "r3": {"model": {"id": "claude"}, "usage": {"cost": 2.5, "promptTokens": 20}, "metadata": {"tags": ["y"]}},
    "r4": {"model": {"id": "claude", "provider": None}, "output": {"type": "json", "content": [{"role": "a"}, {"role": "b"}]}},
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Documents, Records]]:
    with stored_in(tmp_path_factory.mktemp("stages"), DOCUMENTS, RECORDS) as found:
        yield found


@pytest.fixture
def documents(stored: tuple[Documents, Records]) -> Documents:
    return stored[0]


@pytest.fixture
def records(stored: tuple[Documents, Records]) -> Records:
    return stored[1]


def names(answers: list[dict[str, Any]]) -> list[str]:
    return [found["name"] for found in answers]


# --- the pipeline itself ----------------------------------------------------------------------------------------------


def refused(pipeline: Any) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as caught:
        compile_aggregate(pipeline, Source())
    return caught.value


def test_an_empty_pipeline_gives_the_documents(records: Records) -> None:
    assert [found["id"] for found in records.answers([])] == list(RECORDS)


@pytest.mark.parametrize(
    ("pipeline", "path"),
    [
        ({"$match": {}}, "/"),
        ([5], "/0"),
        ([{}], "/0"),
        ([{"$match": {}, "$limit": 1}], "/0"),
        ([{"$match": 5}], "/0/$match"),
        ([{"$match": {}}, {"$limit": 0}], "/1/$limit"),
        ([{"$limit": 1.5}], "/0/$limit"),
        ([{"$limit": True}], "/0/$limit"),
        ([{"$skip": -1}], "/0/$skip"),
        ([{"$sample": {"size": "2"}}], "/0/$sample/size"),
        ([{"$sample": 2}], "/0/$sample"),
        ([{"$count": "$n"}], "/0/$count"),
        ([{"$count": "a.b"}], "/0/$count"),
        ([{"$count": ""}], "/0/$count"),
        ([{"$sortByCount": "status"}], "/0/$sortByCount"),
        ([{"$group": {"total": {"$sum": 1}}}], "/0/$group"),
        ([{"$group": {"_id": 1, "a.b": {"$sum": 1}}}], "/0/$group/a.b"),
        ([{"$group": {"_id": 1, "a": 5}}], "/0/$group/a"),
        ([{"$group": {"_id": 1, "a": {"$sum": 1, "$avg": 1}}}], "/0/$group/a"),
        ([{"$unwind": "metadata.tags"}], "/0/$unwind"),
        ([{"$unwind": {"path": "$metadata.tags", "includeArrayIndex": "$i"}}], "/0/$unwind/includeArrayIndex"),
        ([{"$unwind": {"path": "$metadata.tags", "preserveNullAndEmptyArrays": 1}}], "/0/$unwind/preserveNullAndEmptyArrays"),
        ([{"$replaceRoot": {"newRot": "$model"}}], "/0/$replaceRoot"),
        ([{"$replaceWith": 5}], "/0/$replaceWith"),
        ([{"$facet": {}}], "/0/$facet"),
        ([{"$facet": {"a": [{"$facet": {"b": []}}]}}], "/0/$facet/a/0"),
        ([{"$facet": {"a.b": []}}], "/0/$facet/a.b"),
        ([{"$bucket": {"groupBy": "$usage.cost", "boundaries": [1]}}], "/0/$bucket/boundaries"),
        ([{"$bucket": {"groupBy": "$usage.cost", "boundaries": [1, 1]}}], "/0/$bucket/boundaries/1"),
        ([{"$bucket": {"groupBy": "$usage.cost", "boundaries": [1, "2"]}}], "/0/$bucket/boundaries/1"),
        ([{"$bucket": {"groupBy": "$usage.cost", "boundaries": [1, 5], "default": 2}}], "/0/$bucket/default"),
        ([{"$bucket": {"groupBy": "$usage.cost"}}], "/0/$bucket"),
        ([{"$bucketAuto": {"groupBy": "$usage.cost", "buckets": 0}}], "/0/$bucketAuto/buckets"),
        ([{"$setWindowFields": {"sortBy": {"timestamp": 1}}}], "/0/$setWindowFields"),
        ([{"$setWindowFields": {"output": {"r": {"$rank": {}}}}}], "/0/$setWindowFields/output/r"),
        ([{"$fill": {"output": {}}}], "/0/$fill/output"),
        ([{"$densify": {"field": "timestamp", "range": {"step": 0, "bounds": "full"}}}], "/0/$densify/range/step"),
    ],
    ids=str,
)
def test_a_malformed_stage_is_refused_where_it_is_wrong(pipeline: Any, path: str) -> None:
    assert refused(pipeline).path == path


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    for pipeline, near in [
        ([{"$mtach": {}}], "$match"),
        ([{"$group": {"_id": 1, "n": {"$summ": 1}}}], "$sum"),
        ([{"$unwind": {"path": "$metadata.tags", "includeArrayIdx": "i"}}], "includeArrayIndex"),
        ([{"$bucket": {"groupBy": 1, "boundaries": [1, 2], "outputs": {}}}], "output"),
        ([{"$setWindowFields": {"output": {"r": {"$denseRnk": {}}}}}], "$denseRank"),
        ([{"$densify": {"field": "timestamp", "range": {"step": 1, "unit": "dayy", "bounds": "full"}}}], "day"),
    ]:
        error = refused(pipeline)
        assert isinstance(error, UnknownOperator)
        assert error.hint == f"did you mean {near!r}?"


@pytest.mark.parametrize("name", REFUSED_STAGES)
def test_a_stage_that_is_not_offered_is_refused_with_the_way_around(name: str) -> None:
    error = refused([{"$match": {}}, {name: {}}])

    assert isinstance(error, Unsupported)
    assert (error.path, error.hint) == (f"/1/{name}", REFUSED_STAGES[name])


def test_a_pipeline_has_only_so_many_stages() -> None:
    assert "at most" in refused([{"$match": {}}] * (MOST_STAGES + 1)).message


# --- $match $limit $skip $sample --------------------------------------------------------------------------------------


def test_stages_apply_in_their_order(documents: Documents) -> None:
    assert names(documents.answers([{"$skip": 1}, {"$limit": 2}, {"$match": {"k": "a"}}])) == ["a2"]
    assert names(documents.answers([{"$match": {"k": "a"}}, {"$skip": 1}, {"$limit": 2}])) == ["a2", "list"]
    assert names(documents.answers([{"$limit": 3}, {"$skip": 1}, {"$skip": 1}])) == ["b1"]
    assert names(documents.answers([{"$sort": {"n": -1}}, {"$limit": 2}, {"$sort": {"n": 1}}, {"$limit": 1}])) == ["five as a double"]


def test_a_filter_after_a_limit_sees_only_what_was_left(records: Records) -> None:
    """Also where the filter looks into an open map, whose text may be read by a query of its own."""
    for filter in ({"metadata.tags": "y"}, {"metadata.none": {"$exists": False}, "metadata.tags": "y"}, {"output.content": {"$ne": "x"}}):
        records.gives([{"$limit": 1}, {"$match": filter}, {"$project": {"id": 1}}], [{"id": "r1"}])


def test_a_sample_takes_so_many_documents_each_once(documents: Documents) -> None:
    for size in (0, 3, 100):
        sample = names(documents.answers([{"$sample": {"size": size}}]))
        assert len(sample) == len(set(sample)) == min(size, len(DOCUMENTS))
        assert set(sample) <= set(DOCUMENTS)
    assert len({tuple(names(documents.answers([{"$sample": {"size": 3}}]))) for _ in range(12)}) > 1


# --- $unwind ----------------------------------------------------------------------------------------------------------


def test_unwinding_gives_a_document_for_each_element_and_keeps_what_is_no_array(documents: Documents) -> None:
    documents.gives(
        [{"$unwind": "$v"}, {"$project": {"name": 1, "v": 1}}],
        [
            {"v": 1, "name": "a1"},
            {"v": 2, "name": "a1"},
            {"v": "x", "name": "b1"},
            {"v": [3], "name": "five"},
            {"v": None, "name": "five"},
            {"v": {"x": 1}, "name": "five as a double"},
            {"v": {"x": 1}, "name": "list"},
            {"v": {"x": 2}, "name": "list"},
        ],
    )


def test_unwinding_may_keep_null_missing_and_empty_arrays_and_tell_the_index(documents: Documents) -> None:
    documents.gives(
        [
            {"$unwind": {"path": "$v", "preserveNullAndEmptyArrays": True, "includeArrayIndex": "i"}},
            {"$match": {"name": {"$in": ["a1", "a2", "b1", "null", "none"]}}},
            {"$project": {"name": 1, "v": 1, "i": 1}},
        ],
        [
            {"v": 1, "name": "a1", "i": 0},
            {"v": 2, "name": "a1", "i": 1},
            {"name": "a2", "i": None},
            {"v": "x", "name": "b1", "i": None},
            {"v": None, "name": "null", "i": None},
            {"name": "none", "i": None},
        ],
    )


def test_unwinding_twice_opens_nested_arrays(documents: Documents) -> None:
    documents.gives([{"$match": {"name": "five"}}, {"$unwind": "$v"}, {"$unwind": "$v"}, {"$project": {"v": 1}}], [{"v": 3}])


def test_unwinding_does_not_go_through_arrays_on_its_way(documents: Documents) -> None:
    documents.gives([{"$unwind": "$v.x"}, {"$project": {"name": 1}}], [{"name": "five as a double"}])


def test_typed_arrays_and_contents_are_unwound(records: Records) -> None:
    records.gives(
        [{"$unwind": "$metadata.tags"}, {"$project": {"id": 1, "metadata": 1}}],
        [{"id": "r1", "metadata": {"tags": "x"}}, {"id": "r1", "metadata": {"tags": "y"}}, {"id": "r3", "metadata": {"tags": "y"}}],
    )
    records.gives(
        [{"$unwind": {"path": "$metadata.tags", "includeArrayIndex": "i"}}, {"$project": {"i": 1}}], [{"i": 0}, {"i": 1}, {"i": 0}]
    )
    records.gives([{"$unwind": "$output.content"}, {"$project": {"x": "$output.content.role"}}], [{"x": "a"}, {"x": "b"}])
    records.gives([{"$unwind": "$usage.cost"}, {"$project": {"id": 1}}], [{"id": "r1"}, {"id": "r3"}])


# --- $group $count $sortByCount ---------------------------------------------------------------------------------------


def test_a_key_groups_equal_values_and_missing_with_null(documents: Documents) -> None:
    documents.gives(
        [{"$group": {"_id": "$k", "n": {"$sum": 1}}}],
        [{"_id": "a", "n": 2}, {"_id": "b", "n": 1}, {"_id": None, "n": 2}, {"_id": 5, "n": 2}, {"_id": ["a"], "n": 1}],
        in_order=False,
    )


def test_in_a_compound_key_missing_is_a_group_of_its_own(documents: Documents) -> None:
    documents.gives(
        [{"$match": {"k": None}}, {"$group": {"_id": {"k": "$k"}, "n": {"$sum": 1}}}],
        [{"_id": {"k": None}, "n": 1}, {"_id": {}, "n": 1}],
        in_order=False,
    )
    documents.gives(
        [{"$match": {"k": None}}, {"$group": {"_id": {"x": {"y": "$k"}}, "n": {"$sum": 1}}}],
        [{"_id": {"x": {"y": None}}, "n": 1}, {"_id": {"x": {}}, "n": 1}],
        in_order=False,
    )


def test_typed_keys_tell_null_from_missing_in_a_compound_key(records: Records) -> None:
    records.gives(
        [{"$group": {"_id": {"p": "$model.provider", "m": "$model.id"}, "n": {"$sum": 1}}}],
        [
            {"_id": {"p": "openai", "m": "gpt-4"}, "n": 1},
            {"_id": {"m": "gpt-4"}, "n": 1},
            {"_id": {"m": "claude"}, "n": 1},
            {"_id": {"p": None, "m": "claude"}, "n": 1},
        ],
        in_order=False,
    )
    records.gives(
        [{"$group": {"_id": "$model.provider", "n": {"$sum": 1}}}], [{"_id": "openai", "n": 1}, {"_id": None, "n": 3}], in_order=False
    )


def test_anything_may_be_a_key(documents: Documents) -> None:
    documents.gives([{"$group": {"_id": "$v", "n": {"$sum": 1}}}, {"$count": "groups"}], [{"groups": 7}])
    documents.gives(
        [{"$group": {"_id": {"$gt": ["$n", 2]}, "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}], [{"_id": False, "n": 4}, {"_id": True, "n": 4}]
    )
    documents.gives([{"$group": {"_id": ["$k", 1], "n": {"$sum": 1}}}, {"$match": {"n": 2}}, {"$count": "n"}], [{"n": 3}])
    documents.gives([{"$group": {"_id": None, "n": {"$sum": "$n"}}}], [{"_id": None, "n": 15.5}])
    documents.gives([{"$group": {"_id": {"$literal": {"x": 1}}, "n": {"$sum": 1}}}], [{"_id": {"x": 1}, "n": 8}])
    documents.gives([{"$group": {"_id": {}, "n": {"$sum": 1}}}], [{"_id": {}, "n": 8}])


def test_no_documents_make_no_group(documents: Documents) -> None:
    nothing = {"$match": {"name": "nobody"}}

    documents.gives([nothing, {"$group": {"_id": None, "n": {"$sum": 1}}}], [])
    documents.gives([nothing, {"$group": {"_id": "$k"}}], [])
    documents.gives([nothing, {"$count": "n"}], [])
    documents.gives([nothing, {"$sortByCount": "$k"}], [])


def test_groups_can_be_asked_about(documents: Documents) -> None:
    group = {"$group": {"_id": {"k": "$k"}, "n": {"$sum": "$n"}, "mean": {"$avg": "$nowhere"}}}

    documents.gives([group, {"$match": {"_id.k": "b"}}], [{"_id": {"k": "b"}, "n": 2.5, "mean": None}])
    documents.gives([group, {"$match": {"mean": {"$exists": True}, "n": {"$gt": 3}}}, {"$count": "n"}], [{"n": 2}])
    documents.gives([group, {"$sort": {"n": -1}}, {"$limit": 1}, {"$project": {"n": 1, "_id": 0}}], [{"n": 7}])
    assert isinstance(refused([group, {"$match": {"meen": 1}}]), InvalidQuery)


def test_sort_by_count_puts_the_most_frequent_first(documents: Documents) -> None:
    counted = documents.answers([{"$sortByCount": "$k"}])

    assert [found["count"] for found in counted] == [2, 2, 2, 1, 1]
    assert {str(found["_id"]) for found in counted[:3]} <= {"a", "None", "5", "5.0"}


# --- $facet $bucket $bucketAuto ---------------------------------------------------------------------------------------


def test_facets_see_the_same_documents_and_give_one(documents: Documents) -> None:
    documents.gives(
        [{"$facet": {"few": [{"$limit": 2}, {"$project": {"name": 1}}], "none": [{"$match": {"n": 99}}], "count": [{"$count": "n"}]}}],
        [{"few": [{"name": "a1"}, {"name": "a2"}], "none": [], "count": [{"n": 8}]}],
    )
    documents.gives([{"$match": {"n": 99}}, {"$facet": {"all": []}}], [{"all": []}])
    documents.gives([{"$facet": {"x": [{"$project": {"n": 1}}]}}, {"$unwind": "$x"}, {"$match": {"x.n": {"$gt": 5}}}], [{"x": {"n": 7}}])


def test_a_bucket_takes_from_its_boundary_up_to_the_next(documents: Documents) -> None:
    documents.gives(
        [{"$bucket": {"groupBy": "$n", "boundaries": [0, 2, 4], "default": "else", "output": {"names": {"$push": "$name"}}}}],
        [
            {"_id": 0, "names": ["a1", "list"]},
            {"_id": 2, "names": ["a2", "b1"]},
            {"_id": "else", "names": ["null", "none", "five", "five as a double"]},
        ],
    )
    documents.gives([{"$match": {"n": {"$gt": 2}}}, {"$bucket": {"groupBy": "$n", "boundaries": [0, 10]}}], [{"_id": 0, "count": 4}])


def test_a_value_outside_of_all_buckets_needs_a_default(documents: Documents) -> None:
    with pytest.raises(QueryFailed, match="default"):
        documents.answers([{"$bucket": {"groupBy": "$n", "boundaries": [0, 2]}}])


def test_automatic_buckets_hold_about_as_many_documents(documents: Documents) -> None:
    documents.gives(
        [{"$match": {"n": {"$type": "number"}}}, {"$bucketAuto": {"groupBy": "$n", "buckets": 3}}],
        [{"_id": {"min": -2, "max": 1}, "count": 2}, {"_id": {"min": 1, "max": 3}, "count": 2}, {"_id": {"min": 3, "max": 7}, "count": 3}],
    )
    documents.gives([{"$bucketAuto": {"groupBy": "$nowhere", "buckets": 3}}], [{"_id": {"min": None, "max": None}, "count": 8}])


# --- $setWindowFields -------------------------------------------------------------------------------------------------


def window(documents: Documents, spec: dict[str, Any], field: str, expected: list[Any]) -> None:
    """A field that a window computes, of the documents with a number, in the order of their numbers."""
    stages = [
        {"$match": {"n": {"$type": "number"}}},
        {"$setWindowFields": {"sortBy": {"n": 1}, **spec}},
        {"$sort": {"n": 1}},
        {"$project": {"x": f"${field}"}},
    ]
    documents.gives(stages, [{"x": value} if value is not ... else {} for value in expected])


def test_windows_of_documents(documents: Documents) -> None:
    total = {"$sum": "$n"}

    window(
        documents, {"output": {"x": {**total, "window": {"documents": ["unbounded", "current"]}}}}, "x", [-2, -2, -1, 1.5, 4.5, 8.5, 15.5]
    )
    window(documents, {"output": {"x": {**total, "window": {"documents": [-1, 1]}}}}, "x", [-2, -1, 3.5, 6.5, 9.5, 14, 11])
    window(documents, {"output": {"x": {**total, "window": {"documents": [1, 2]}}}}, "x", [1, 3.5, 5.5, 7, 11, 7, 0])
    window(documents, {"output": {"x": total}}, "x", [15.5] * 7)
    neighbours = {"$push": "$n", "window": {"documents": ["current", 1]}}
    window(documents, {"output": {"x": neighbours}}, "x", [[-2, 0], [0, 1], [1, 2.5], [2.5, 3], [3, 4], [4, 7], [7]])


def test_windows_by_range(documents: Documents) -> None:
    window(documents, {"output": {"x": {"$sum": "$n", "window": {"range": [-1, 1]}}}}, "x", [-2, 1, 1, 5.5, 9.5, 7, 7])
    window(documents, {"output": {"x": {"$count": {}, "window": {"range": ["unbounded", 0]}}}}, "x", [1, 2, 3, 4, 5, 6, 7])


def test_windows_by_a_range_of_time(documents: Documents) -> None:
    spec = {"sortBy": {"at": 1}, "output": {"n": {"$sum": "$n", "window": {"range": [-2, "current"], "unit": "day"}}}}

    documents.gives(
        [{"$match": {"at": {"$type": "date"}}}, {"$setWindowFields": spec}, {"$project": {"n": 1}}], [{"n": 1}, {"n": 4}, {"n": 2.5}]
    )


def test_a_range_needs_numbers_or_dates_to_sort_by(documents: Documents) -> None:
    with pytest.raises(QueryFailed, match="needs numbers"):
        documents.answers([{"$setWindowFields": {"sortBy": {"k": 1}, "output": {"x": {"$sum": 1, "window": {"range": [0, 1]}}}}}])
    error = refused([{"$setWindowFields": {"sortBy": {"timestamp": -1}, "output": {"x": {"$sum": 1, "window": {"range": [0, 1]}}}}}])
    assert "ascending" in error.message


def test_ranks_and_neighbours(documents: Documents) -> None:
    by_half = {"sortBy": {"half": 1}, "output": {"r": {"$rank": {}}, "d": {"$denseRank": {}}}}
    half = [{"$match": {"n": {"$type": "number"}}}, {"$set": {"half": {"$gte": ["$n", 3]}}}]

    by_rank = {"$group": {"_id": {"r": "$r", "d": "$d"}, "n": {"$sum": 1}}}
    ranks = [{"_id": {"r": 5, "d": 2}, "n": 3}, {"_id": {"r": 1, "d": 1}, "n": 4}]
    documents.gives([*half, {"$setWindowFields": by_half}, by_rank, {"$sort": {"n": 1}}], ranks)
    window(documents, {"output": {"x": {"$documentNumber": {}}}}, "x", [1, 2, 3, 4, 5, 6, 7])
    window(documents, {"output": {"x": {"$shift": {"output": "$n", "by": 1}}}}, "x", [0, 1, 2.5, 3, 4, 7, None])
    window(documents, {"output": {"x": {"$shift": {"output": "$n", "by": -2, "default": "no"}}}}, "x", ["no", "no", -2, 0, 1, 2.5, 3])


def test_windows_stay_in_their_partition_where_missing_is_null(documents: Documents) -> None:
    documents.gives(
        [
            {"$match": {"k": {"$not": {"$type": "array"}}}},
            {
                "$setWindowFields": {
                    "partitionBy": "$k",
                    "sortBy": {"n": 1},
                    "output": {"stats.n": {"$sum": 1}, "stats.i": {"$documentNumber": {}}},
                }
            },
            {"$project": {"name": 1, "stats": 1}},
            {"$sort": {"name": 1}},
        ],
        [
            {"name": "a1", "stats": {"n": 2, "i": 1}},
            {"name": "a2", "stats": {"n": 2, "i": 2}},
            {"name": "b1", "stats": {"n": 1, "i": 1}},
            {"name": "five", "stats": {"n": 2, "i": 1}},
            {"name": "five as a double", "stats": {"n": 2, "i": 2}},
            {"name": "none", "stats": {"n": 2, "i": 2}},
            {"name": "null", "stats": {"n": 2, "i": 1}},
        ],
    )
    with pytest.raises(QueryFailed, match="cannot evaluate to an array"):
        documents.answers([{"$setWindowFields": {"partitionBy": "$k", "output": {"x": {"$sum": 1}}}}])


# --- $fill $densify ---------------------------------------------------------------------------------------------------


def test_null_and_missing_are_filled_with_a_value(documents: Documents) -> None:
    documents.gives(
        [
            {"$match": {"name": {"$in": ["a1", "null", "none"]}}},
            {"$fill": {"output": {"k": {"value": "?"}, "v": {"value": "$n"}}}},
            {"$unset": "at"},
        ],
        [
            {"k": "a", "n": 1, "v": [1, 2], "name": "a1"},
            {"k": "?", "n": None, "v": None, "name": "null"},
            {"n": 7, "name": "none", "k": "?", "v": 7},
        ],
    )


def test_the_last_value_is_carried_on_within_its_partition(documents: Documents) -> None:
    rows = [{"$project": {"name": 1, "k": 1, "half": {"$gt": ["$n", 2]}}}, {"$match": {"k": {"$not": {"$type": "array"}}}}]

    def carried(extra: dict[str, Any]) -> list[Any]:
        filled = {"$fill": {"sortBy": {"name": 1}, "output": {"k": {"method": "locf"}}, **extra}}
        return [found.get("k") for found in documents.answers([*rows, filled, {"$sort": {"name": 1}}])]

    assert carried({}) == ["a", "a", "b", 5, 5.0, 5.0, 5.0]
    assert carried({"partitionByFields": ["half"]}) == ["a", "a", "b", 5, 5.0, 5.0, 5]
    assert isinstance(refused([{"$fill": {"output": {"status": {"method": "linear"}}}}]), Unsupported)


def test_a_series_of_days_has_no_gaps(documents: Documents) -> None:
    days = [{"$match": {"at": {"$type": "date"}}}, {"$project": {"at": 1, "n": 1}}]
    added = [{"at": DAY + timedelta(days=2)}, {"at": DAY + timedelta(days=3)}]
    given = [{"n": 1, "at": DAY}, {"n": 3, "at": DAY + timedelta(days=1)}]

    documents.gives(
        [*days, {"$densify": {"field": "at", "range": {"step": 1, "unit": "day", "bounds": "full"}}}],
        [*given, *added, {"n": 2.5, "at": DAY + timedelta(days=4)}],
    )
    documents.gives(
        [*days, {"$densify": {"field": "at", "range": {"step": 1, "unit": "month", "bounds": [DAY, DAY + timedelta(days=70)]}}}],
        [
            *given,
            {"n": 2.5, "at": DAY + timedelta(days=4)},
            {"at": datetime(2024, 2, 1, tzinfo=UTC)},
            {"at": datetime(2024, 3, 1, tzinfo=UTC)},
        ],
    )


def test_a_series_of_numbers_has_no_gaps_in_any_partition(documents: Documents) -> None:
    rows = [
        {"$match": {"k": {"$in": ["a", 5]}}},
        {"$project": {"k": 1, "n": 1}},
        {"$set": {"k": {"$cond": [{"$eq": ["$k", "a"]}, "a", 5]}}},
    ]

    documents.gives(
        [*rows, {"$densify": {"field": "n", "partitionByFields": ["k"], "range": {"step": 2, "bounds": "partition"}}}],
        [{"k": 5, "n": -2}, {"k": 5, "n": 0}, {"k": "a", "n": 1}, {"k": 5, "n": 2}, {"k": "a", "n": 3}, {"k": 5, "n": 4}],
        in_order=False,
    )
    with pytest.raises(QueryFailed, match="needs numbers"):
        documents.answers([{"$densify": {"field": "k", "range": {"step": 1, "bounds": "full"}}}])
    with pytest.raises(QueryFailed, match="at most"):
        documents.answers([{"$densify": {"field": "n", "range": {"step": 1e-6, "bounds": "full"}}}])
