"""Feedback is an append-only stream; the newest one is the record's."""

from datetime import UTC, datetime

import pytest

from generations import Collection, InvalidInput, InvalidRecord

from .records import a_generation, found

CLIENTS = ("server", "async")


def test_feedback_becomes_the_records_feedback(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    given_at = datetime(2024, 6, 15, 12, 30, tzinfo=UTC)

    stored = collection.add_feedback(
        "a", rating=5, thumbs="up", comment="Excellent.", categories=["accurate"], timestamp=given_at, user_id="user-456"
    )

    record = collection.get("a")
    assert record is not None
    assert record["feedback"] == stored
    assert stored == {
        "rating": 5,
        "thumbs": "up",
        "comment": "Excellent.",
        "categories": ["accurate"],
        "timestamp": given_at,
        "userId": "user-456",
    }
    assert found(collection, {"feedback.rating": {"$gte": 4}}) == {"a"}


def test_feedback_is_dated_now_unless_it_says_when(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    before = datetime.now(UTC)

    stored = collection.add_feedback("a", thumbs="down")

    assert before.replace(microsecond=0) <= stored["timestamp"] <= datetime.now(UTC)


def test_nobodys_comment_is_overwritten(collection: Collection) -> None:
    collection.insert_one(a_generation("a", feedback__comment="first"))
    collection.add_feedback("a", comment="second")
    collection.update_one({"id": "a"}, {"$set": {"feedback": {"comment": "third"}}})
    collection.update_one({"id": "a"}, {"$set": {"status": "success"}})

    assert [given["comment"] for given in collection.feedback("a")] == ["third", "second", "first"]
    assert [version.change for version in collection.history("a")] == ["update", "feedback", "feedback", "insert"]


def test_equal_feedback_given_twice_is_there_twice(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    for _ in range(2):
        collection.add_feedback("a", rating=5)

    assert [given["rating"] for given in collection.feedback("a")] == [5, 5]


def test_a_resend_after_feedback_changes_nothing(collection: Collection) -> None:
    sent = a_generation("a")
    collection.insert_one(sent)
    collection.add_feedback("a", rating=5)

    collection.insert_one(sent)

    assert [version.change for version in collection.history("a")] == ["feedback", "insert"]


def test_a_changed_resend_keeps_the_feedback(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    collection.add_feedback("a", rating=5)

    collection.insert_one(a_generation("a", status="success"))

    assert found(collection, {"feedback.rating": 5, "status": "success"}) == {"a"}
    assert len(collection.feedback("a")) == 1


def test_feedback_on_an_unknown_record_is_an_error(collection: Collection) -> None:
    with pytest.raises(InvalidInput, match="nobody"):
        collection.add_feedback("nobody", rating=5)


def test_feedback_that_says_nothing_is_an_error(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))

    with pytest.raises(InvalidInput, match="empty"):
        collection.add_feedback("a")


def test_a_category_by_itself_is_not_taken_apart(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))

    with pytest.raises(InvalidRecord) as refused:
        collection.add_feedback("a", categories="accurate")
    assert refused.value.path == "feedback.categories"


def test_feedback_is_held_to_the_record_s_rules(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))

    with pytest.raises(InvalidRecord) as refused:
        collection.add_feedback("a", thumbs="sideways")  # type: ignore[arg-type]

    assert refused.value.path == "feedback.thumbs"
    assert collection.feedback("a") == []


def test_an_unknown_record_has_no_feedback_and_no_history(collection: Collection) -> None:
    assert collection.feedback("nobody") == []
    assert collection.history("nobody") == []
    assert collection.get("nobody") is None
