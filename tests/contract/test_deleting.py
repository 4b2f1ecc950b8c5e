"""What is deleted is gone, with its history."""

from generations import Collection

from .records import a_generation, found, numbered

CLIENTS = ("server",)


def test_one_record_is_deleted(collection: Collection) -> None:
    collection.insert_many(numbered(3))

    assert collection.delete_one({"parameters.n": {"$gte": 1}}).deleted_count == 1
    assert collection.count_documents({}) == 2


def test_every_record_that_matches_is_deleted(collection: Collection) -> None:
    collection.insert_many(numbered(10))

    assert collection.delete_many({"parameters.n": {"$lt": 7}}).deleted_count == 7
    assert found(collection, {}) == {"g-7", "g-8", "g-9"}
    assert collection.delete_many({"parameters.n": {"$lt": 7}}).deleted_count == 0


def test_its_history_goes_with_a_record(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    collection.add_feedback("a", rating=5)

    assert collection.delete_many({"id": "a"}).deleted_count == 1
    assert collection.history("a") == []
    assert collection.feedback("a") == []


def test_a_former_version_does_not_make_a_record_match(collection: Collection) -> None:
    collection.insert_one(a_generation("a", status="error"))
    collection.update_one({"id": "a"}, {"$set": {"status": "success"}})

    assert collection.delete_many({"status": "error"}).deleted_count == 0
    assert found(collection, {}) == {"a"}


def test_a_deleted_id_may_come_again(collection: Collection) -> None:
    collection.insert_one(a_generation("a"))
    collection.delete_one({"id": "a"})

    collection.insert_one(a_generation("a"))

    assert [version.change for version in collection.history("a")] == ["insert"]
