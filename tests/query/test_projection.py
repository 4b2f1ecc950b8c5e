"""Projections: how they are read, and what they make of documents and of records."""

from collections.abc import Iterator
from typing import Any

import pytest

from generations import InvalidQuery, QueryFailed, UnknownField, UnknownOperator
from generations.query import Source, compile_aggregate, compile_find
from generations.query.context import MAX_DEPTH
from generations.query.filter import ElementMatches, Equals, Leaf
from generations.query.projection import Below, Drop, FirstElement, Keep, Matched, Part, parse_additions, parse_projection, parse_unset
from tests.query.stored import Documents, Records, stored_in

DOCUMENTS: dict[str, dict[str, Any]] = {
    "object": {"a": {"b": 1, "c": 2}, "z": 0},
    "array": {"a": [{"b": 1, "c": 2}, "s", None, {"c": 3}], "z": 0},
    "nested": {"a": [[{"b": 1, "c": 2}, 7], []], "z": 0},
    "scalar": {"a": 5, "z": 0},
    "null": {"a": None, "z": 0},
    "missing": {"z": 0},
    "numbers": {"a": [1, 2, 3, 4], "z": 0},
}

RECORDS: dict[str, dict[str, Any]] = {
    "full": {
        "input": {"type": "text", "content": "hi", "tokens": 3},
        "usage": {"cost": 0.5, "promptTokens": 3},
        "metadata": {"tags": ["x", "y"], "n": {"deep": [1, 2]}, "userId": "u"},
        "output": {"type": "text", "content": [{"role": "a"}, {"role": "b"}], "alternatives": [{"content": "b", "tokens": 1}]},
    },
    "nulls": {"usage": None, "metadata": {"userId": None}, "performance": {"latency": None}},
    "empty": {"usage": {}, "metadata": {}},
    "other": {"performance": {"latency": 5}},
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Documents, Records]]:
    with stored_in(tmp_path_factory.mktemp("projection"), DOCUMENTS, RECORDS) as found:
        yield found


@pytest.fixture
def documents(stored: tuple[Documents, Records]) -> Documents:
    return stored[0]


@pytest.fixture
def records(stored: tuple[Documents, Records]) -> Records:
    return stored[1]


# --- how they are read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "mode", "fields"),
    [
        ({"a": 1}, "include", {"a": Keep()}),
        ({"a": True, "_id": 0}, "include", {"a": Keep(), "_id": Drop()}),
        ({"a": 0}, "exclude", {"a": Drop()}),
        ({"_id": 0}, "exclude", {"_id": Drop()}),
        ({"_id": 1}, "include", {"_id": Keep()}),
        (["a", "b.c"], "include", {"a": Keep(), "b": Below({"c": Keep()})}),
        ({"a.b": 1, "a.c": 1}, "include", {"a": Below({"b": Keep(), "c": Keep()})}),
        ({"a": {"b": 1}, "a.c": 1}, "include", {"a": Below({"b": Keep(), "c": Keep()})}),
        ({"a": {"$slice": 2}}, "exclude", {"a": Part(0, 2)}),
        ({"a": {"$slice": -2}}, "exclude", {"a": Part(-2, 2)}),
        ({"a": {"$slice": [1, 2]}, "b": 1}, "include", {"a": Part(1, 2), "b": Keep()}),
        (
            {"a": {"$elemMatch": {"b": 1}}},
            "exclude",
            {"a": FirstElement(ElementMatches(Leaf("b", Equals(1), "/a/$elemMatch/b"), None))},
        ),
        ({"a.$": 1}, "include", {"a": Matched()}),
    ],
    ids=str,
)
def test_a_projection_is_read_as(raw: Any, mode: str, fields: dict[str, Any]) -> None:
    projection = parse_projection(raw, "")

    assert projection.fields == Below(fields)
    assert projection.mode == ("include" if any(isinstance(node, FirstElement) for node in fields.values()) else mode)


def test_additions_and_removals_are_projections_too() -> None:
    assert parse_additions({"a": {"b": 1}, "a.c": 2}, "", "$set").fields.fields.keys() == {"a"}
    assert parse_unset(["a", "b.c"], "").fields == Below({"a": Drop(), "b": Below({"c": Drop()})})
    assert parse_unset("a", "").mode == "exclude"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({}, "/p"),
        (5, "/p"),
        (["a", ["b"]], "/p"),
        ([{"a": 1}], "/p"),
        ({"a": 1, "b": 0}, "/p"),
        ({"a": 0, "b": "$c"}, "/p"),
        ({"a": 1, "a.b": 1}, "/p/a.b"),
        ({"a.b": 1, "a": 1}, "/p/a"),
        ({"a..b": 1}, "/p/a..b"),
        ({"$a": 1}, "/p/$a"),
        ({"a.$b": 1}, "/p/a.$b"),
        ({5: 1}, "/p/5"),
        ({"a": {}}, "/p/a"),
        ({"a": {"$slice": [1, 0]}}, "/p/a/$slice"),
        ({"a": {"$slice": [1, 2, 3]}}, "/p/a/$slice"),
        ({"a.$": 0}, "/p/a.$"),
        ({"a": {"$elemMatch": 5}}, "/p/a/$elemMatch"),
        ({"a": "$$nowhere"}, "/p/a"),
    ],
    ids=str,
)
def test_a_malformed_projection_is_refused_where_it_is_wrong(raw: Any, path: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_projection(raw, "/p")

    assert caught.value.path == path


def test_a_projection_nests_only_so_deep() -> None:
    raw: Any = 1
    for _ in range(MAX_DEPTH + 2):
        raw = {"a": raw}
    for parse in (parse_projection, lambda raw, path: parse_additions(raw, path, "$set")):
        with pytest.raises(InvalidQuery, match="nests deeper"):
            parse(raw, "")


def test_an_unknown_operator_of_a_projection_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownOperator, match=r"did you mean '\$toUpper'"):
        compile_aggregate([{"$project": {"a": {"$toUper": "$model.id"}}}], Source())


def test_a_field_that_no_record_has_is_refused_with_the_nearest_one() -> None:
    for stage in ({"$project": {"usage.costs": 1}}, {"$unset": "usage.costs"}, {"$project": {"usage.costs": 0}}):
        with pytest.raises(UnknownField, match=r"did you mean 'usage\.cost'"):
            compile_aggregate([stage], Source())
    with pytest.raises(UnknownField):
        compile_find({}, Source(), projection={"status.code": 1})


# --- what they make of documents --------------------------------------------------------------------------------------


def made(documents: Documents, stage: dict[str, Any], expected: dict[str, Any]) -> None:
    """A stage makes these fields `a` of the documents; a name that is not there has none."""
    without = {name: {"a": a} if a is not ... else {} for name, a in expected.items()}
    documents.gives([stage, {"$project": {"a": 1}}], [without[name] for name in DOCUMENTS])


MISSING: Any = ...


def test_a_field_that_is_kept_below_an_array_is_kept_in_its_objects(documents: Documents) -> None:
    made(
        documents,
        {"$project": {"a.b": 1}},
        {
            "object": {"b": 1},
            "array": [{"b": 1}, {}],
            "nested": [[{"b": 1}], []],
            "scalar": MISSING,
            "null": MISSING,
            "missing": MISSING,
            "numbers": [],
        },
    )


def test_a_field_that_is_dropped_below_an_array_is_dropped_from_its_objects(documents: Documents) -> None:
    made(
        documents,
        {"$project": {"a.b": 0}},
        {
            "object": {"c": 2},
            "array": [{"c": 2}, "s", None, {"c": 3}],
            "nested": [[{"c": 2}, 7], []],
            "scalar": 5,
            "null": None,
            "missing": MISSING,
            "numbers": [1, 2, 3, 4],
        },
    )
    documents.gives([{"$unset": ["a.b", "z", "name"]}, {"$limit": 1}], [{"a": {"c": 2}}])


@pytest.mark.parametrize("stage", ["$addFields", "$set"])
def test_a_field_that_is_added_below_an_array_is_added_to_every_element(documents: Documents, stage: str) -> None:
    made(
        documents,
        {stage: {"a.n": "$z"}},
        {
            "object": {"b": 1, "c": 2, "n": 0},
            "array": [{"b": 1, "c": 2, "n": 0}, {"n": 0}, {"n": 0}, {"c": 3, "n": 0}],
            "nested": [[{"b": 1, "c": 2, "n": 0}, {"n": 0}], []],
            "scalar": {"n": 0},
            "null": {"n": 0},
            "missing": {"n": 0},
            "numbers": [{"n": 0}, {"n": 0}, {"n": 0}, {"n": 0}],
        },
    )


def test_an_object_is_merged_into_and_an_expression_replaces(documents: Documents) -> None:
    one = [{"$match": {"name": "object"}}, {"$unset": ["name", "z"]}]

    documents.gives([*one, {"$set": {"a": {"n": 1}}}], [{"a": {"b": 1, "c": 2, "n": 1}}])
    documents.gives([*one, {"$set": {"a": {}}}], [{"a": {}}])
    documents.gives([*one, {"$set": {"a": {"$literal": {"n": 1}}}}], [{"a": {"n": 1}}])
    documents.gives([*one, {"$set": {"a.b": {"n": 1}, "a.d": 4}}], [{"a": {"b": {"n": 1}, "c": 2, "d": 4}}])
    documents.gives([*one, {"$project": {"a": {"b": 1, "n": {"$literal": 1}}}}], [{"a": {"b": 1, "n": 1}}])


def test_a_missing_value_leaves_its_field_out_and_null_does_not(documents: Documents) -> None:
    one = [{"$match": {"name": "object"}}]

    documents.gives([*one, {"$project": {"x": "$nowhere"}}], [{}])
    documents.gives([*one, {"$project": {"x": None}}], [{"x": None}])
    documents.gives([*one, {"$project": {"x": ["$nowhere"]}}], [{"x": [None]}])
    documents.gives([*one, {"$project": {"x": {"y": "$nowhere"}}}], [{"x": {}}])
    documents.gives([*one, {"$set": {"z": "$$REMOVE", "a.b": "$nowhere"}}, {"$unset": "name"}], [{"a": {"c": 2}}])


def test_kept_fields_stand_in_their_order_and_computed_ones_behind(documents: Documents) -> None:
    one = [{"$match": {"name": "object"}}]

    documents.gives([*one, {"$project": {"y": "$z", "z": 1, "a": 1}}], [{"a": {"b": 1, "c": 2}, "z": 0, "y": 0}])
    documents.gives([*one, {"$set": {"a": 1, "n": 2}}, {"$unset": "name"}], [{"a": 1, "z": 0, "n": 2}])
    documents.gives([*one, {"$unset": "a"}, {"$set": {"a": 1}}, {"$unset": "name"}], [{"z": 0, "a": 1}])


def test_a_number_in_a_path_is_a_name(documents: Documents) -> None:
    one = [{"$match": {"name": "numbers"}}, {"$limit": 1}]

    documents.gives([*one, {"$project": {"a.0": 1}}], [{"a": []}])
    documents.gives([*one, {"$set": {"a.0": 9}}, {"$project": {"a": 1}}], [{"a": [{"0": 9}] * 4}])


def test_documents_of_any_shape_may_be_replaced(documents: Documents) -> None:
    documents.gives([{"$match": {"name": "object"}}, {"$replaceRoot": {"newRoot": "$a"}}], [{"b": 1, "c": 2}])
    documents.gives([{"$match": {"name": "object"}}, {"$replaceWith": {"x": "$a.c", "y": "$nowhere"}}], [{"x": 2}])
    for stage in ({"$replaceWith": "$z"}, {"$replaceWith": "$nowhere"}, {"$replaceWith": ["$a"]}):
        with pytest.raises((QueryFailed, InvalidQuery), match="object"):
            documents.answers([stage])


# --- what they make of records ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "projection",
    [
        {"id": 1},
        {"id": 1, "usage": 1},
        {"usage.cost": 1},
        {"usage.cost": 1, "usage.promptTokens": 1, "performance.latency": 1},
        {"usage.currency": 1},
        {"performance": 1},
        {"input.content": 1, "output.content": 1},
        {"metadata": 1},
        {"metadata.userId": 1},
        {"metadata.tags": 1, "metadata.n.deep": 1},
        {"metadata.nowhere": 1},
        {"output.alternatives.content": 1},
        {"output.content.role": 1},
        {"createdAt": 0, "updatedAt": 0, "timestamp": 0},
        {"usage": 0, "createdAt": 0, "updatedAt": 0},
        {"usage.cost": 0, "performance.latency": 0, "input.content": 0, "createdAt": 0, "updatedAt": 0},
        {"metadata.userId": 0, "metadata.n": 0, "createdAt": 0, "updatedAt": 0},
        {"metadata.tags": {"$slice": 1}, "createdAt": 0, "updatedAt": 0},
        {"metadata.tags": {"$slice": [-1, 1]}, "metadata.n.deep": {"$slice": -1}, "id": 1},
        {"output.content": {"$elemMatch": {"role": "b"}}},
        {"metadata.n.deep": {"$elemMatch": {"$gt": 1}}, "id": 1},
        {"id": 1, "x": "$usage.cost", "y": {"$literal": 1}},
        {"usage.total": {"$add": ["$usage.promptTokens", 1]}, "usage.cost": 1},
        {"input.size": {"$strLenCP": {"$ifNull": ["$model.name", ""]}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_find_projects_records_as_mongodb_does(records: Records, projection: dict[str, Any]) -> None:
    records.find({}, projection)


def test_the_element_that_the_filter_matched_by_is_projected(records: Records, documents: Documents) -> None:
    def projected(filter: dict[str, Any], projection: dict[str, Any]) -> list[dict[str, Any]]:
        return records.find(filter, projection)

    assert projected({"metadata.tags": "y"}, {"metadata.tags.$": 1}) == [{"metadata": {"tags": ["y"]}}]
    assert projected({"metadata.n.deep": {"$gt": 1}}, {"metadata.n.deep.$": 1}) == [{"metadata": {"n": {"deep": [2]}}}]
    assert projected({"output.content.role": "b"}, {"output.content.$": 1}) == [{"output": {"content": [{"role": "b"}]}}]
    assert projected({"output.content": {"$elemMatch": {"role": "b"}}}, {"output.content.$": 1}) == [
        {"output": {"content": [{"role": "b"}]}}
    ]


def test_what_a_projection_left_out_is_missing_and_no_mistake(records: Records) -> None:
    records.gives([{"$project": {"id": 1}}, {"$match": {"usage.cost": None}}, {"$count": "n"}], [{"n": 4}])
    records.gives([{"$unset": "usage"}, {"$project": {"usage": 1, "id": 1}}, {"$limit": 1}], [{"id": "full"}])
    records.gives([{"$project": {"usage.cost": 1}}, {"$project": {"usage.promptTokens": 1}}, {"$limit": 1}], [{"usage": {}}])
    with pytest.raises(UnknownField):
        records.answers([{"$project": {"id": 1}}, {"$match": {"usage.costs": None}}, {"$match": {"uage": 1}}])


def test_a_field_set_in_an_open_map_is_read_back(records: Records) -> None:
    first = [{"$limit": 1}]

    records.gives(
        [*first, {"$set": {"metadata.extra": "$usage.cost", "metadata.userId": "v"}}, {"$project": {"metadata": 1}}],
        [{"metadata": {"tags": ["x", "y"], "n": {"deep": [1, 2]}, "userId": "v", "extra": 0.5}}],
    )
    records.gives([*first, {"$set": {"metadata.a": 1}}, {"$match": {"metadata.a": 1, "metadata.n.deep": 2}}, {"$count": "n"}], [{"n": 1}])
    records.gives([*first, {"$set": {"metadata.n": "$$REMOVE"}}, {"$project": {"x": "$metadata.n", "y": "$metadata.userId"}}], [{"y": "u"}])
