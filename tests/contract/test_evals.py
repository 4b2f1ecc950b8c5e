"""Evals stand in the record by their names, the newest of each; the earlier ones stay in the history."""

from datetime import UTC, datetime
from typing import Any

import pytest

from generations import Collection, InvalidInput, InvalidRecord, NotFound

from .records import a_generation, as_sent, found, ids_of

CLIENTS = ("server", "async")
NOON = datetime(2024, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def judged(collection: Collection) -> Collection:
    """Records with evals of every kind, `none` without any."""
    collection.insert_many(
        [
            a_generation("good", evals={"relevance": {"score": 0.9, "label": "pass", "timestamp": NOON}}),
            a_generation("bad", evals={"relevance": {"score": 0, "label": "fail"}, "tone of voice": {"score": 1}}),
            a_generation("list", evals={"relevance": {"score": 0.5, "explanation": "see [1]", "passages": [{"n": 1}]}}),
            a_generation("unknown", evals={"relevance": {"score": None}}),
            a_generation("empty", evals={}),
            a_generation("null", evals=None),
            a_generation("none"),
        ]
    )
    return collection


def test_an_eval_becomes_the_records_eval_of_its_name(collection: Collection) -> None:
    collection.insert_one(a_generation("a", evals={"tone": {"label": "kind"}}))

    stored = collection.add_eval(
        "a",
        "relevance",
        score=0.75,
        label="pass",
        explanation="To the point.",
        evaluator="judge",
        duration=812.5,
        test_id="t-1",
        timestamp=NOON,
    )

    said = {"score": 0.75, "label": "pass", "explanation": "To the point.", "evaluator": "judge", "duration": 812.5, "testId": "t-1"}
    assert stored == {"name": "relevance", **said, "timestamp": NOON}
    record = collection.get("a")
    assert record is not None
    assert record["evals"] == {"tone": {"label": "kind"}, "relevance": {**said, "timestamp": NOON}}


def test_evals_are_given_together_with_keys_of_their_own(collection: Collection) -> None:
    collection.insert_one(a_generation("a", evals=None))
    before = datetime.now(UTC).replace(microsecond=0)

    stored = collection.add_evals(
        "a", [{"name": "b", "score": 1, "rubric": {"v": [2, None]}}, {"name": "a", "label": None, "passed": True}]
    )

    record = collection.get("a")
    assert record is not None
    assert [one["name"] for one in stored] == ["b", "a"]
    assert record["evals"] == {one["name"]: {key: value for key, value in one.items() if key != "name"} for one in stored}
    assert record["evals"]["b"]["rubric"] == {"v": [2, None]}
    assert before <= record["evals"]["a"]["timestamp"] <= datetime.now(UTC)


def test_a_repeated_name_takes_the_place_and_the_earlier_one_stays_in_the_history(collection: Collection) -> None:
    collection.insert_one(a_generation("a", evals={"relevance": {"score": 0.1}}))
    collection.add_eval("a", "relevance", score=0.2)
    collection.add_eval("a", "tone", label="kind")
    collection.update_one({"id": "a"}, {"$set": {"status": "success"}})
    collection.add_eval("a", "relevance", score=0.3)

    assert [(one["name"], one.get("score")) for one in collection.evals("a")] == [
        ("relevance", 0.3),
        ("tone", None),
        ("relevance", 0.2),
        ("relevance", 0.1),
    ]
    assert [version.change for version in collection.history("a")] == ["eval", "update", "eval", "eval", "insert"]
    assert found(collection, {"evals.relevance.score": 0.3}) == {"a"}
    assert found(collection, {"evals.relevance.score": 0.2}) == set()
    assert collection.evals("nobody") == []


def test_a_resend_takes_no_eval_away(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    collection.add_eval("a", "relevance", score=1)

    assert not collection.insert_one(a_generation("a")).changed
    collection.insert_one(a_generation("a", status="success"))

    assert found(collection, {"evals.relevance.score": 1, "status": "success"}) == {"a"}


def test_what_is_no_eval_is_refused_and_changes_nothing(collection: Collection, subtests: pytest.Subtests) -> None:
    collection.insert_one(a_generation("a"))

    wrong: list[tuple[list[Any], str]] = [
        ([], "there is no eval"),
        ([{"score": 1}], "the name of an eval is a string, not null at 0.name"),
        ([{"name": "a", "score": 1}, "b"], "expected an eval, found a string at 1"),
        ([{"name": "a", "score": 1}, {"name": "a", "score": 0}], "the eval 'a' is there twice at 1.name"),
        ([{"name": "a", "evaluator": "me", "label": None}], "the eval 'a' says nothing at 0"),
        ([{"name": "a", "score": 85}], "a score is from 0 to 1, not 85 at 0.score; divide it"),
        ([{"name": "a", "score": -0.1}], "a score is from 0 to 1, not -0.1 at 0.score"),
        ([{"name": "a.b", "score": 1}], "and 'a.b' has at evals; call it 'a_b'"),
        ([{"name": "a", "score": "high"}], "expected a number, found a string at evals.a.score"),
        ([{"name": "a", "score": 1, "timestamp": "soon"}], "expected an instant, found 'soon' at evals.a.timestamp"),
    ]
    for evals, message in wrong:
        with subtests.test(evals=evals), pytest.raises((InvalidInput, InvalidRecord)) as refused:
            collection.add_evals("a", evals)
        assert message in str(refused.value)
    for said, message in [
        ({}, "the eval 'a' says nothing; give"),
        ({"score": 85}, "a score is from 0 to 1, not 85 at score; divide it"),
    ]:
        with subtests.test(said=said), pytest.raises(InvalidInput) as refused:
            collection.add_eval("a", "a", **said)
        assert message in str(refused.value)
    assert len(collection.history("a")) == 1


def test_evals_of_an_unknown_record_are_an_error(collection: Collection) -> None:
    with pytest.raises(NotFound, match="there is no generation 'nobody'"):
        collection.add_eval("nobody", "relevance", score=1)


def test_evals_in_filters(judged: Collection, subtests: pytest.Subtests) -> None:
    score = "evals.relevance.score"
    for filter, ids in [
        ({score: {"$gte": 0.5}}, {"good", "list"}),
        ({score: {"$lt": 0.5}}, {"bad"}),
        ({score: 0}, {"bad"}),
        ({score: {"$in": [0.9, 0]}}, {"good", "bad"}),
        ({score: {"$ne": 0}}, {"good", "list", "unknown", "empty", "null", "none"}),
        ({score: None}, {"unknown", "empty", "null", "none"}),
        ({score: {"$exists": True}}, {"good", "bad", "list", "unknown"}),
        ({"evals.relevance.label": {"$regex": "^p"}}, {"good"}),
        ({"evals.tone of voice.score": 1}, {"bad"}),
        ({"evals.relevance.timestamp": {"$exists": True}}, {"good"}),
        ({"evals.relevance.timestamp": {"$gte": NOON}}, {"good"}),
        ({"evals.relevance.timestamp": {"$type": "date"}}, {"good"}),
        ({"evals.relevance.timestamp": {"$type": "string"}}, set()),
        ({"evals.relevance.passages.n": 1}, {"list"}),
        ({"evals": {"$exists": True}}, {"good", "bad", "list", "unknown", "empty", "null"}),
        ({"evals": None}, {"null", "none"}),
        ({"evals": {}}, {"empty"}),
        ({"evals.relevance": {"score": 0, "label": "fail"}}, {"bad"}),
    ]:
        with subtests.test(filter=filter):
            assert found(judged, filter) == ids


def test_evals_in_sorts_groups_and_projections(judged: Collection) -> None:
    scored = judged.find(
        {"evals.relevance.score": {"$ne": None}}, ["id", "evals.relevance.score"], sort={"evals.relevance.score": -1}
    ).to_list()
    assert ids_of(scored) == ["good", "list", "bad"]
    assert scored[0] == {"id": "good", "evals": {"relevance": {"score": 0.9}}}

    by_label = {"_id": "$evals.relevance.label", "mean": {"$avg": "$evals.relevance.score"}, "last": {"$max": "$evals.relevance.timestamp"}}
    groups = judged.aggregate([{"$match": {"evals.relevance.label": {"$exists": True}}}, {"$group": by_label}, {"$sort": {"_id": 1}}])
    assert list(groups) == [{"_id": "fail", "mean": 0, "last": None}, {"_id": "pass", "mean": 0.9, "last": NOON}]


def test_what_was_sent_comes_back(judged: Collection) -> None:
    back = {record["id"]: as_sent(record).get("evals", "absent") for record in judged.find()}

    assert back["good"] == {"relevance": {"score": 0.9, "label": "pass", "timestamp": NOON}}
    assert back["list"] == {"relevance": {"score": 0.5, "explanation": "see [1]", "passages": [{"n": 1}]}}
    assert (back["unknown"], back["empty"], back["null"], back["none"]) == ({"relevance": {"score": None}}, {}, None, "absent")


def test_updates_reach_into_evals_and_are_held_to_their_rules(judged: Collection) -> None:
    judged.update_one({"id": "good"}, {"$set": {"evals.relevance.label": "fail"}, "$unset": {"evals.relevance.score": ""}})
    assert judged.find_one({"id": "good"}, ["evals"]) == {"evals": {"relevance": {"label": "fail", "timestamp": NOON}}}

    with pytest.raises(InvalidRecord, match=r"expected an object, found an integer at evals\.relevance"):
        judged.update_one({"id": "good"}, {"$set": {"evals.relevance": 1}})
