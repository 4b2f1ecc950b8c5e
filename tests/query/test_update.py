"""Updates mean on one record what they mean in MongoDB; what a record cannot take is refused with its place."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from generations.errors import InvalidQuery, UnknownField, UnknownOperator, Unsupported
from generations.query.update import REFUSED_UPDATES, apply_update, parse_update

RECORD: dict[str, Any] = {
    "id": "a",
    "timestamp": datetime(2024, 6, 15, 12, 30, tzinfo=UTC),
    "model": {"id": "gpt-4"},
    "output": {"type": "text", "content": "hi", "alternatives": [{"content": "ho", "score": 0.5}]},
    "usage": {"promptTokens": 10, "cost": None},
    "metadata": {
        "tags": ["x", "y"],
        "n": 5,
        "steps": [{"name": "a", "ms": 3}, {"name": "b", "ms": 1}],
        "plan": {"tier": "free"},
        "none": None,
    },
}


def updated(update: dict[str, Any], record: dict[str, Any] = RECORD) -> dict[str, Any]:
    before = deepcopy(record)
    after = apply_update(parse_update(update), record)
    assert record == before, "an update must not mutate what it was given"
    return after


def metadata(update: dict[str, Any], **values: Any) -> dict[str, Any]:
    """What an update makes of metadata with these values."""
    return updated(update, {**RECORD, "metadata": values})["metadata"]


def refused(update: Any, record: dict[str, Any] = RECORD) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as caught:
        apply_update(parse_update(update), record)
    return caught.value


# $set and $unset


def test_set_replaces_a_value_and_leaves_the_rest() -> None:
    after = updated({"$set": {"metadata.n": 6, "status": "error"}})

    assert after["metadata"] == {**RECORD["metadata"], "n": 6}
    assert after["status"] == "error"
    assert list(after["metadata"]) == list(RECORD["metadata"])


def test_set_makes_the_parents_that_are_missing() -> None:
    assert metadata({"$set": {"metadata.a.b.c": 1}}) == {"a": {"b": {"c": 1}}}
    assert updated({"$set": {"feedback.rating": 5}})["feedback"] == {"rating": 5}
    assert "metadata" not in RECORD["model"]


def test_a_number_in_a_path_is_a_key_where_nothing_is_and_an_index_where_an_array_is() -> None:
    assert metadata({"$set": {"metadata.a.0": 1}}) == {"a": {"0": 1}}
    assert metadata({"$set": {"metadata.a.0": 1}}, a={"1": 2}) == {"a": {"1": 2, "0": 1}}
    assert metadata({"$set": {"metadata.a.1": 9}}, a=[1, 2, 3]) == {"a": [1, 9, 3]}
    assert metadata({"$set": {"metadata.a.0.b": 9}}, a=[{"c": 1}]) == {"a": [{"c": 1, "b": 9}]}


def test_setting_beyond_the_end_of_an_array_pads_it_with_null() -> None:
    assert metadata({"$set": {"metadata.a.3": "x"}}, a=[1]) == {"a": [1, None, None, "x"]}
    assert metadata({"$set": {"metadata.a.1.b": 2}}, a=[]) == {"a": [None, {"b": 2}]}
    assert "1,500,000" in refused({"$set": {"metadata.tags.9000000": "x"}}).message


@pytest.mark.parametrize(("parent", "kind"), [(4, "a number"), ("s", "a string"), (None, "null"), (True, "a boolean"), ([1], "an array")])
def test_a_parent_that_holds_no_fields_is_an_error_with_its_place(parent: Any, kind: str) -> None:
    error = refused({"$set": {"metadata.a.b": 1}}, {**RECORD, "metadata": {"a": parent}})

    assert error.path == "/$set/metadata.a.b"
    assert f"'metadata.a', which is {kind}" in error.message


def test_set_keeps_values_as_they_are_written() -> None:
    value = {"b": 1, "a": 5.0, "n": None, "o": {}, "$odd": [[]], "when": {"$date": "2024-06-15T12:30:45Z"}}

    after = metadata({"$set": {"metadata.v": value}})["v"]

    assert list(after) == list(value)
    assert after["when"] == datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)
    assert type(after["a"]) is float


@pytest.mark.parametrize(
    ("update", "path"),
    [
        ({"timestamp": "2024-06-15T14:30:45+02:00"}, ("timestamp",)),
        ({"feedback.timestamp": "2024-06-15T12:30:45Z"}, ("feedback", "timestamp")),
        ({"feedback": {"rating": 5, "timestamp": "2024-06-15T12:30:45"}}, ("feedback", "timestamp")),
        ({"feedback": {"timestamp": {"$date": "2024-06-15T12:30:45Z"}}}, ("feedback", "timestamp")),
    ],
)
def test_iso_texts_become_instants_where_the_field_is_one(update: dict[str, Any], path: tuple[str, ...]) -> None:
    value: Any = updated({"$set": update})
    for name in path:
        value = value[name]

    assert value == datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)


def test_iso_texts_stay_texts_elsewhere() -> None:
    assert metadata({"$set": {"metadata.when": "2024-06-15T12:30:45Z"}}) == {"when": "2024-06-15T12:30:45Z"}


def test_a_text_that_is_no_instant_is_refused_where_an_instant_belongs() -> None:
    assert refused({"$set": {"timestamp": "yesterday"}}).path == "/$set/timestamp"


def test_unset_drops_fields_and_ignores_what_is_not_there() -> None:
    after = updated({"$unset": {"metadata.n": "", "metadata.plan.tier": 1, "metadata.nowhere.x": True, "metadata.none.x": ""}})

    assert after["metadata"] == {"tags": ["x", "y"], "steps": RECORD["metadata"]["steps"], "plan": {}, "none": None}


def test_unset_leaves_null_in_an_array() -> None:
    assert metadata({"$unset": {"metadata.a.1": ""}}, a=[1, 2, 3]) == {"a": [1, None, 3]}
    assert metadata({"$unset": {"metadata.a.7": "", "metadata.b.x": ""}}, a=[1], b=[2]) == {"a": [1], "b": [2]}


# $inc, $min and $max


def test_inc_adds_and_starts_from_nothing() -> None:
    assert metadata({"$inc": {"metadata.n": 2, "metadata.x": -1.5}}, n=5) == {"n": 7, "x": -1.5}
    assert type(metadata({"$inc": {"metadata.n": 1.0}}, n=5)["n"]) is float


@pytest.mark.parametrize("value", [None, "5", True, [1], {}])
def test_inc_of_what_is_no_number_is_an_error(value: Any) -> None:
    assert refused({"$inc": {"metadata.n": 1}}, {**RECORD, "metadata": {"n": value}}).path == "/$inc/metadata.n"


def test_inc_beyond_sixty_four_bits_is_an_error() -> None:
    assert "64 bits" in refused({"$inc": {"metadata.n": 1}}, {**RECORD, "metadata": {"n": 2**63 - 1}}).message


@pytest.mark.parametrize("by", ["1", None, True, [1]])
def test_inc_takes_a_number(by: Any) -> None:
    assert refused({"$inc": {"metadata.n": by}}).path == "/$inc/metadata.n"


def test_min_and_max_keep_the_lesser_and_the_greater_in_bson_order() -> None:
    assert metadata({"$min": {"metadata.a": 3, "metadata.b": 3, "metadata.c": 3}}, a=5, b=1) == {"a": 3, "b": 1, "c": 3}
    assert metadata({"$max": {"metadata.a": 3, "metadata.b": 3, "metadata.c": 3}}, a=5, b=1) == {"a": 5, "b": 3, "c": 3}
    assert metadata({"$max": {"metadata.a": "x", "metadata.b": True, "metadata.c": {}}}, a=5, b="z", c=[]) == {"a": "x", "b": True, "c": []}
    assert metadata({"$min": {"metadata.a": 0}}, a=None) == {"a": None}


def test_min_of_an_equal_number_leaves_the_one_that_was_there() -> None:
    assert type(metadata({"$min": {"metadata.a": 5.0}}, a=5)["a"]) is int


def test_max_compares_instants() -> None:
    later = updated({"$max": {"timestamp": "2024-06-16T00:00:00Z"}})
    assert later["timestamp"] == datetime(2024, 6, 16, tzinfo=UTC)
    assert updated({"$max": {"timestamp": "2020-01-01T00:00:00Z"}})["timestamp"] == RECORD["timestamp"]


# $push, $addToSet and $pull


def test_push_appends_one_value_whatever_it_is() -> None:
    assert metadata({"$push": {"metadata.a": 1}}) == {"a": [1]}
    assert metadata({"$push": {"metadata.a": [2, 3]}}, a=[1]) == {"a": [1, [2, 3]]}
    assert metadata({"$push": {"metadata.a": {"b": 1}}}, a=[1]) == {"a": [1, {"b": 1}]}


@pytest.mark.parametrize(
    ("modifiers", "result"),
    [
        ({}, [3, 1, 2, 9, 0]),
        ({"$position": 1}, [3, 9, 0, 1, 2]),
        ({"$position": -1}, [3, 1, 9, 0, 2]),
        ({"$position": 99}, [3, 1, 2, 9, 0]),
        ({"$position": -99}, [9, 0, 3, 1, 2]),
        ({"$slice": 2}, [3, 1]),
        ({"$slice": -2}, [9, 0]),
        ({"$slice": 0}, []),
        ({"$sort": 1}, [0, 1, 2, 3, 9]),
        ({"$sort": -1, "$slice": 3}, [9, 3, 2]),
    ],
)
def test_push_inserts_then_sorts_then_cuts(modifiers: dict[str, Any], result: list[int]) -> None:
    assert metadata({"$push": {"metadata.a": {"$each": [9, 0], **modifiers}}}, a=[3, 1, 2]) == {"a": result}


def test_push_sorts_by_fields_of_the_elements() -> None:
    after = updated({"$push": {"metadata.steps": {"$each": [{"ms": 1, "name": "0"}, 7], "$sort": {"ms": -1, "name": 1}}}})

    assert [step["name"] if isinstance(step, dict) else step for step in after["metadata"]["steps"]] == ["a", "0", "b", 7]


def test_add_to_set_appends_what_is_not_there_by_value() -> None:
    assert metadata({"$addToSet": {"metadata.a": 5.0}}, a=[5]) == {"a": [5]}
    assert metadata({"$addToSet": {"metadata.a": True}}, a=[1]) == {"a": [1, True]}
    assert metadata({"$addToSet": {"metadata.a": {"y": 1, "x": 1}}}, a=[{"x": 1, "y": 1}]) == {"a": [{"x": 1, "y": 1}, {"y": 1, "x": 1}]}
    assert metadata({"$addToSet": {"metadata.a": {"$each": [1, 2, 2, 1]}}}, a=[1, 1]) == {"a": [1, 1, 2]}
    assert metadata({"$addToSet": {"metadata.a": [1]}}) == {"a": [[1]]}


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (1, [2, "a", None, [1, 5], {"b": 1, "c": 2}, {"b": 3}]),
        ("a", [1, 2, None, [1, 5], {"b": 1, "c": 2}, {"b": 3}]),
        (None, [1, 2, "a", [1, 5], {"b": 1, "c": 2}, {"b": 3}]),
        ([1, 5], [1, 2, "a", None, {"b": 1, "c": 2}, {"b": 3}]),
        ({"b": 1}, [1, 2, "a", None, [1, 5], {"b": 3}]),
        ({"b": {"$gte": 1}}, [1, 2, "a", None, [1, 5]]),
        ({"c": {"$exists": False}}, [1, 2, "a", None, [1, 5], {"b": 1, "c": 2}]),
        ({}, [1, 2, "a", None, [1, 5]]),
        ({"$or": [{"b": 3}, {"c": 2}]}, [1, 2, "a", None, [1, 5]]),
        ({"$gt": 1}, [1, "a", None, {"b": 1, "c": 2}, {"b": 3}]),
        ({"$gt": 1, "$lt": 3}, [1, "a", None, {"b": 1, "c": 2}, {"b": 3}]),
        ({"$in": [1, "a", None]}, [2, {"b": 1, "c": 2}, {"b": 3}]),
        ({"$nin": [1, "a", None]}, [1, "a", None, [1, 5]]),
        ({"$ne": 1}, [1, [1, 5]]),
        ({"$not": {"$gt": 1}}, [2, [1, 5]]),
        ({"$regex": "^a"}, [1, 2, None, [1, 5], {"b": 1, "c": 2}, {"b": 3}]),
        ({"$regex": "A", "$options": "i"}, [1, 2, None, [1, 5], {"b": 1, "c": 2}, {"b": 3}]),
    ],
)
def test_pull_drops_the_elements_that_satisfy_the_condition(condition: Any, left: list[Any]) -> None:
    """An operator about an element that is an array is satisfied by what is in it, as in a filter."""
    a = [1, 2, "a", None, [1, 5], {"b": 1, "c": 2}, {"b": 3}]

    assert metadata({"$pull": {"metadata.a": condition}}, a=a) == {"a": left}


def test_pull_steps_through_arrays_inside_the_elements() -> None:
    a = [{"b": [{"c": 1}, {"c": 5}]}, {"b": [{"c": 2}]}, {"b": []}]

    assert metadata({"$pull": {"metadata.a": {"b.c": {"$gt": 4}}}}, a=a) == {"a": a[1:]}
    assert metadata({"$pull": {"metadata.a": {"b.0.c": 2}}}, a=a) == {"a": [a[0], a[2]]}


@pytest.mark.parametrize("operator", ["$push", "$addToSet", "$pull"])
def test_what_is_no_array_takes_no_elements(operator: str) -> None:
    error = refused({operator: {"metadata.n": 1}})

    assert error.path == f"/{operator}/metadata.n"
    assert "'metadata.n' is a number, not an array" in error.message


def test_pull_makes_nothing() -> None:
    assert updated({"$pull": {"metadata.x.y": 1, "feedback.categories": "a"}}) == RECORD


# What is refused before any record is read


@pytest.mark.parametrize("operator", sorted(REFUSED_UPDATES))
def test_operators_of_mongodb_that_are_not_offered_are_refused_with_another_way(operator: str) -> None:
    error = refused({operator: {"metadata.a": 1}})

    assert isinstance(error, Unsupported)
    assert error.path == f"/{operator}"
    assert error.hint


def test_unknown_operators_are_refused_with_the_nearest() -> None:
    error = refused({"$addToSt": {"metadata.a": 1}})

    assert isinstance(error, UnknownOperator)
    assert "$addToSet" in str(error)
    assert error.path == "/$addToSt"


def test_unknown_modifiers_are_refused_with_the_nearest() -> None:
    error = refused({"$push": {"metadata.a": {"$each": [1], "$sorted": 1}}})

    assert isinstance(error, UnknownOperator)
    assert error.path == "/$push/metadata.a/$sorted"
    assert "$sort" in str(error)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("model.nme", "model.name"),
        ("prompt_tokens", "usage.promptTokens"),
        ("usage.cost.x", None),
        ("metadata.userId.x", None),
        ("metadata.tags.first", None),
        ("output.alternatives.score", None),
        ("output.alternatives.0.scor", None),
        ("output.alternatives.0.feedback.ratng", None),
        ("nothing.like.it", None),
    ],
)
def test_paths_that_no_record_has_are_refused_with_the_nearest(path: str, near: str | None) -> None:
    error = refused({"$set": {path: 1}})

    assert isinstance(error, UnknownField)
    assert error.path == f"/$set/{path}"
    assert near is None or near in str(error)


@pytest.mark.parametrize(
    "path",
    [
        "metadata",
        "metadata.anything.at.all",
        "metadata.tags.0",
        "parameters.x",
        "input.content.messages.0.text",
        "output.alternatives.0.score",
        "output.alternatives.0.feedback.rating",
        "output.alternatives.0.content.parts.0",
        "feedback",
        "feedback.categories",
        "usage.cost",
    ],
)
def test_paths_that_a_record_can_have_are_taken(path: str) -> None:
    assert parse_update({"$unset": {path: ""}}).changes[0].path == tuple(path.split("."))


@pytest.mark.parametrize("path", ["id", "createdAt", "updatedAt", "id.x"])
def test_what_identifies_a_record_or_belongs_to_the_store_cannot_be_changed(path: str) -> None:
    for operator in ("$set", "$unset", "$max"):
        assert refused({operator: {path: "b"}}).path == f"/{operator}/{path}"


@pytest.mark.parametrize("path", ["metadata.steps.$.ms", "metadata.steps.$[].ms", "metadata.steps.$[x].ms"])
def test_positions_of_what_matched_are_refused(path: str) -> None:
    assert isinstance(refused({"$set": {path: 1}}), Unsupported)


@pytest.mark.parametrize("path", ["", ".", "metadata.", "metadata..a", ".metadata", "metadata.$a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    assert type(refused({"$set": {path: 1}})) is InvalidQuery


@pytest.mark.parametrize(
    "update",
    [
        {"$set": {"metadata.a": 1, "metadata.a.b": 2}},
        {"$set": {"metadata.a.b": 1}, "$unset": {"metadata.a": ""}},
        {"$set": {"metadata.a": 1}, "$inc": {"metadata.a": 1}},
        {"$push": {"metadata": 1}, "$set": {"metadata.a": 1}},
    ],
)
def test_two_changes_of_one_place_are_a_conflict(update: dict[str, Any]) -> None:
    assert "by one update" in refused(update).message


def test_what_has_no_room_in_a_number_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="beyond 64 bits"):
        apply_update(parse_update({"$inc": {"metadata.a": 0.5}}), {"id": "x", "metadata": {"a": 10**400}})


def test_names_that_begin_alike_are_no_conflict() -> None:
    assert metadata({"$set": {"metadata.a": 1, "metadata.ab": 2}, "$inc": {"metadata.abc.a": 3}}) == {"a": 1, "ab": 2, "abc": {"a": 3}}


@pytest.mark.parametrize(
    "update",
    [
        {},
        None,
        "x",
        {"status": "error"},
        {"$set": 1},
        {"$set": ["a"]},
        {"$set": {"metadata.a": {"$regularExpression": {"pattern": "a", "options": ""}}}},
        {"$push": {"metadata.a": {"$slice": 1}}},
        {"$push": {"metadata.a": {"$each": 1}}},
        {"$push": {"metadata.a": {"$each": [1], "$slice": 1.5}}},
        {"$push": {"metadata.a": {"$each": [1], "$position": "0"}}},
        {"$push": {"metadata.a": {"$each": [1], "$sort": 2}}},
        {"$push": {"metadata.a": {"$each": [1], "$sort": {}}}},
        {"$addToSet": {"metadata.a": {"$each": [1], "$slice": 1}}},
        {"$pull": {"metadata.a": {"$in": 1}}},
        {"$pull": {"metadata.a": {"$or": []}}},
        {"$pull": {"metadata.a": {"$regex": "("}}},
    ],
)
def test_malformed_updates_are_refused(update: Any) -> None:
    assert type(refused(update)) is InvalidQuery


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ({"$size": 2}, Unsupported),
        ({"$where": "1"}, Unsupported),
        ({"$gte": 1, "$grt": 2}, UnknownOperator),
        ({"b": {"$elemMatch": {"c": 1}}}, Unsupported),
        ({"$regex": "(a+)+$"}, Unsupported),
        ({"$regex": "(?=a)"}, Unsupported),
        ({"$regex": "^a", "$options": "m"}, Unsupported),
        ({"$regex": r"\d", "$options": "i"}, Unsupported),
    ],
)
def test_conditions_of_pull_that_could_not_be_exact_are_refused(condition: Any, kind: type[Exception]) -> None:
    assert type(refused({"$pull": {"metadata.a": condition}})) is kind


def test_a_pipeline_is_not_an_update() -> None:
    assert isinstance(refused([{"$set": {"status": "error"}}]), Unsupported)
