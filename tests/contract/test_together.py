"""Many at once: threads that write and read, and projects side by side."""

from concurrent.futures import ThreadPoolExecutor

from generations import Collection
from generations.store.store import Store

from .records import a_generation, found

CLIENTS = ("server",)

BATCH = 25


def test_a_reader_sees_all_of_an_insert_or_none_of_it(collection: Collection) -> None:
    def write(writer: int) -> None:
        for round in range(4):
            collection.insert_many([a_generation(f"{writer}-{round}-{n}") for n in range(BATCH)])

    def read() -> list[int]:
        return [collection.count_documents({}) for _ in range(12)]

    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(write, n) for n in range(3)]
        readers = [pool.submit(read) for _ in range(2)]
        for done in writers:
            done.result()
        seen = [reader.result() for reader in readers]

    assert all(count % BATCH == 0 for counts in seen for count in counts)
    assert all(counts == sorted(counts) for counts in seen)
    assert collection.count_documents({}) == 3 * 4 * BATCH


def test_a_record_being_updated_is_always_there_once(collection: Collection) -> None:
    collection.insert_one(a_generation("a", parameters__n=0))

    def update() -> None:
        for _ in range(6):
            collection.update_one({"id": "a"}, {"$inc": {"parameters.n": 1}})

    def read() -> list[int]:
        return [record["parameters"]["n"] for _ in range(12) for record in collection.find({"id": "a"})]

    with ThreadPoolExecutor(2) as pool:
        writer, reader = pool.submit(update), pool.submit(read)
        writer.result()
        seen = reader.result()

    assert len(seen) == 12
    assert seen == sorted(seen)


def test_projects_do_not_see_each_other(collection: Collection, engine, project: str) -> None:
    other = Collection(Store(engine, f"{project}-other"))
    collection.insert_one(a_generation("a", status="success"))
    other.insert_one(a_generation("a", status="error"))

    collection.add_feedback("a", rating=5)
    other.update_many({}, {"$set": {"metadata.mine": True}})

    assert found(collection, {"status": "error"}) == found(collection, {"metadata.mine": True}) == set()
    assert [version.change for version in other.history("a")] == ["update", "insert"]
    assert other.feedback("a") == []
    assert other.delete_many({}).deleted_count == 1
    assert found(collection, {}) == {"a"}
