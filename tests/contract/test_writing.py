"""Acknowledged means kept: once, whole, and by its id."""

from datetime import UTC, datetime

import pytest

from generations import Collection, Generation, InvalidRecord

from .records import START, a_generation, as_sent, found, ids_of, numbered

CLIENTS = ("server", "async")


def test_a_record_comes_back_as_it_was_sent(collection: Collection) -> None:
    sent = a_generation("a", output__type="text", output__content="Hello.", usage__cost=0.002, metadata__deep={"n": None})

    result = collection.insert_one(sent)

    assert result.inserted_id == "a"
    assert result.acknowledged
    record = collection.get("a")
    assert record is not None
    assert as_sent(record) == sent
    assert record["createdAt"] == record["updatedAt"]


def test_feedback_on_an_alternative_comes_back_as_it_was_sent(collection: Collection) -> None:
    alternatives = [{"content": "Hi.", "score": 0.5, "feedback": {"rating": 1, "timestamp": START}}, {"content": {"timestamp": "noon"}}]
    collection.insert_one(a_generation("a", output__type="text", output__alternatives=alternatives))

    for record in (collection.get("a"), collection.history("a")[0].record):
        assert record is not None
        assert record["output"]["alternatives"] == alternatives


def test_a_record_without_id_and_time_is_given_both(collection: Collection) -> None:
    before = datetime.now(UTC)

    inserted = collection.insert_one({"model": {"id": "gpt-4"}}).inserted_id

    record = collection.get(inserted)
    assert record is not None
    assert before.replace(microsecond=0) <= record["timestamp"] <= datetime.now(UTC)


def test_many_records_are_kept_in_the_order_sent(collection: Collection) -> None:
    result = collection.insert_many(numbered(2500))

    assert result.inserted_ids == [f"g-{n}" for n in range(2500)]
    assert (result.inserted_count, result.replaced_count, result.unchanged_count) == (2500, 0, 0)
    assert ids_of(collection.find({}, {"id": 1})) == result.inserted_ids


def test_one_bad_record_keeps_out_all_of_its_call(collection: Collection) -> None:
    with pytest.raises(InvalidRecord) as refused:
        collection.insert_many([*numbered(3), {"id": "bad", "model": {"id": "m"}, "usage": {"cost": "cheap"}}])

    assert refused.value.path == "usage.cost"
    assert "bad" in str(refused.value)
    assert collection.count_documents({}) == 0


def test_nothing_may_be_inserted(collection: Collection) -> None:
    assert collection.insert_many([]).inserted_ids == []


def test_a_generator_and_typed_records_are_taken(collection: Collection) -> None:
    typed = Generation.from_dict(a_generation("typed", metadata__userId="u"))

    collection.insert_many(iter([typed, a_generation("plain")]))

    [read] = collection.find({"id": "typed"}).generations()
    assert read.metadata == typed.metadata
    assert found(collection, {}) == {"typed", "plain"}


def test_sending_a_record_again_changes_nothing(collection: Collection) -> None:
    sent = a_generation("a", usage__cost=1)
    collection.insert_one(sent)
    before = collection.get("a")

    again = collection.insert_many([sent, a_generation("b")])

    assert (again.inserted_count, again.unchanged_count, again.replaced_count) == (1, 1, 0)
    assert collection.insert_one(sent).changed is False
    assert collection.get("a") == before
    assert collection.count_documents({}) == 2
    assert len(collection.history("a")) == 1


def test_a_changed_record_sent_again_is_a_new_version(collection: Collection) -> None:
    collection.insert_one(a_generation("a", status="error"))
    first = collection.get("a")

    result = collection.insert_many([a_generation("a", status="success")])

    second = collection.get("a")
    assert first is not None
    assert second is not None
    assert (result.inserted_count, result.replaced_count) == (0, 1)
    assert second["status"] == "success"
    assert second["createdAt"] == first["createdAt"]
    assert second["updatedAt"] > first["updatedAt"]
    assert [(version.change, version.record["status"]) for version in collection.history("a")] == [
        ("resend", "success"),
        ("insert", "error"),
    ]
    assert found(collection, {"status": "error"}) == set()


def test_the_same_id_twice_in_one_call_counts_once_and_the_last_one_stays(collection: Collection) -> None:
    collection.insert_many([a_generation("a", parameters__n=1), a_generation("a", parameters__n=1), a_generation("a", parameters__n=2)])

    assert collection.count_documents({}) == 1
    assert [version.record["parameters"]["n"] for version in collection.history("a")] == [2, 1]


def test_an_argument_that_nobody_knows_is_an_error(collection: Collection) -> None:
    with pytest.raises(TypeError, match="ordered"):
        collection.insert_many([], ordered=False)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="upsert"):
        collection.update_one({}, {"$set": {"status": "error"}}, upsert=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no_cursor_timeout"):
        collection.find({}, no_cursor_timeout=True)  # type: ignore[call-arg]
