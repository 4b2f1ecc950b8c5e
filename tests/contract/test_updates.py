"""Updates change what matches, record by record, and keep what was."""

from datetime import UTC, datetime
from threading import Thread

import pytest

from generations import Collection, InvalidQuery, InvalidRecord, UnknownField, UnknownOperator

from .records import a_generation, as_sent, found, numbered

CLIENTS = ("server",)


def test_one_record_is_updated_and_the_others_stay(collection: Collection) -> None:
    collection.insert_many(numbered(3))

    result = collection.update_one({"parameters.n": {"$gte": 1}}, {"$set": {"status": "error"}})

    assert (result.matched_count, result.modified_count, result.upserted_id) == (1, 1, None)
    assert collection.count_documents({"status": "error"}) == 1


def test_what_an_update_does_not_name_stays_equal(collection: Collection) -> None:
    sent = a_generation(
        "a",
        input__type="text",
        input__content=[{"role": "user", "content": 5.0, "n": None, "big": 2**70}],
        metadata__z={"b": 1, "a": {}},
        metadata__when=datetime(2024, 6, 15, 12, 30, tzinfo=UTC),
        usage__cost=None,
        feedback__rating=4,
    )
    collection.insert_one(sent)
    before = collection.get("a")

    collection.update_one({"id": "a"}, {"$set": {"metadata.new": True}})

    after = collection.get("a")
    assert before is not None
    assert after is not None
    assert after["metadata"].pop("new") is True
    assert as_sent(after) == as_sent(before)
    assert list(after["metadata"]["z"]) == ["b", "a"]
    assert after["createdAt"] == before["createdAt"]


def test_many_records_are_updated_in_chunks(collection: Collection) -> None:
    collection.insert_many(numbered(2500))

    result = collection.update_many({"parameters.n": {"$lt": 2100}}, {"$inc": {"parameters.n": 10_000}})

    assert (result.matched_count, result.modified_count) == (2100, 2100)
    assert collection.count_documents({"parameters.n": {"$gte": 10_000}}) == 2100
    assert collection.count_documents({}) == 2500


def test_an_update_that_changes_nothing_writes_nothing(collection: Collection) -> None:
    collection.insert_many(numbered(2, status="success"))

    result = collection.update_many({}, {"$set": {"status": "success"}})

    assert (result.matched_count, result.modified_count) == (2, 0)
    assert len(collection.history("g-0")) == 1


def test_nothing_matched_is_nothing_made(collection: Collection) -> None:
    result = collection.update_one({"id": "nobody"}, {"$set": {"status": "error"}})

    assert (result.matched_count, result.modified_count, result.upserted_id) == (0, 0, None)
    assert collection.count_documents({}) == 0


def test_an_updated_record_keeps_its_identity_for_resends(collection: Collection) -> None:
    """Whoever sends the original again must not undo the update."""
    sent = a_generation("a", status="success")
    collection.insert_one(sent)
    collection.update_one({"id": "a"}, {"$set": {"metadata.reviewed": True}})

    collection.insert_one(sent)

    assert found(collection, {"metadata.reviewed": True}) == {"a"}
    assert [version.change for version in collection.history("a")] == ["update", "insert"]


def test_an_update_that_would_break_a_rule_is_refused(collection: Collection) -> None:
    collection.insert_one(a_generation("a", usage__cost=1))

    with pytest.raises(InvalidRecord) as refused:
        collection.update_one({"id": "a"}, {"$set": {"usage.cost": "cheap"}})

    assert refused.value.path == "usage.cost"
    assert len(collection.history("a")) == 1


def test_a_bad_update_is_refused(collection: Collection, subtests: pytest.Subtests) -> None:
    collection.insert_one(a_generation("a"))

    for update, error in [
        ({"$set": {"id": "b"}}, InvalidQuery),
        ({"$unset": {"timestamp": ""}}, InvalidQuery),
        ({"$set": {"createdAt": datetime(2020, 1, 1, tzinfo=UTC)}}, (InvalidQuery, InvalidRecord)),
        ({"$set": {"model.nme": "x"}}, (UnknownField, InvalidRecord)),
        ({"$sett": {"status": "error"}}, UnknownOperator),
        ({"status": "error"}, InvalidQuery),
        ({}, InvalidQuery),
        ({"$set": {"metadata.a": 1, "metadata.a.b": 2}}, InvalidQuery),
    ]:
        with subtests.test(update=update), pytest.raises(error):
            collection.update_one({"id": "a"}, update)

    assert len(collection.history("a")) == 1


def test_writers_of_one_process_never_lose_an_update(collection: Collection) -> None:
    collection.insert_one(a_generation("a", parameters__n=0))

    def count() -> None:
        for _ in range(5):
            collection.update_one({"id": "a"}, {"$inc": {"parameters.n": 1}})

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert collection.find({"id": "a"}).to_list()[0]["parameters"]["n"] == 20
