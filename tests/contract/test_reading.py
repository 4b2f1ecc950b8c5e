"""Cursors are lazy, read once, and chained as in PyMongo."""

import pytest

from generations import Collection, Generation, InvalidInput, InvalidQuery

from .records import START, a_generation, found, ids_of, numbered

CLIENTS = ("server", "async")


@pytest.fixture
def ten(collection: Collection) -> Collection:
    collection.insert_many(numbered(10))
    return collection


def test_a_cursor_is_sorted_skipped_and_limited(ten: Collection) -> None:
    assert ids_of(ten.find().sort("parameters.n", -1).skip(2).limit(3)) == ["g-7", "g-6", "g-5"]
    assert ids_of(ten.find({}, sort=[("parameters.n", -1)], skip=2, limit=3)) == ["g-7", "g-6", "g-5"]


def test_a_sort_has_many_spellings(ten: Collection) -> None:
    for sort in ("timestamp", [("timestamp", 1)], {"timestamp": 1}, [["timestamp", 1], ["id", -1]]):
        assert ids_of(ten.find().sort(sort)) == [f"g-{n}" for n in range(10)]


def test_a_limit_of_zero_is_no_limit(ten: Collection) -> None:
    assert len(ten.find().limit(0).to_list()) == 10


def test_a_cursor_is_read_once(ten: Collection) -> None:
    cursor = ten.find().sort("timestamp")

    assert cursor.next()["id"] == "g-0"
    assert ids_of(cursor.to_list(2)) == ["g-1", "g-2"]
    assert len(cursor.to_list()) == 7
    assert cursor.to_list() == []
    with pytest.raises(StopIteration):
        cursor.next()
    assert len(cursor.rewind().to_list()) == 10


def test_a_closed_cursor_yields_nothing(ten: Collection) -> None:
    with ten.find() as cursor:
        next(cursor)

    assert cursor.to_list() == []


def test_a_cursor_that_was_read_cannot_be_changed(ten: Collection) -> None:
    cursor = ten.find()
    next(cursor)

    with pytest.raises(InvalidInput, match="has been read"):
        cursor.limit(5)
    cursor.close()


def test_nothing_runs_before_the_first_document_is_asked_for(collection: Collection) -> None:
    cursor = collection.find()
    collection.insert_one(a_generation("later"))

    assert ids_of(cursor) == ["later"]


def test_many_cursors_may_be_open_at_once(ten: Collection) -> None:
    cursors = [ten.find().sort("timestamp") for _ in range(8)]

    assert [next(cursor)["id"] for cursor in cursors] == ["g-0"] * 8
    for cursor in cursors:
        cursor.close()


def test_a_projection_keeps_what_it_names(ten: Collection) -> None:
    assert ten.find_one({"id": "g-3"}, {"id": 1, "parameters.n": 1}) == {"id": "g-3", "parameters": {"n": 3}}
    assert ten.find_one({"id": "g-3"}, ["timestamp"]) == {"timestamp": START.replace(minute=3)}


def test_records_are_read_as_generations(ten: Collection) -> None:
    cursor = ten.find({"id": "g-3"}).generations()

    [generation] = cursor
    assert isinstance(generation, Generation)
    assert (generation.id, generation.model.id) == ("g-3", "gpt-4")


def test_the_first_record_or_none(ten: Collection) -> None:
    first = ten.find_one(sort=[("timestamp", -1)])

    assert first is not None
    assert first["id"] == "g-9"
    assert ten.find_one({"id": "nobody"}) is None


def test_counting_skips_and_limits(ten: Collection) -> None:
    assert ten.count_documents({}) == ten.estimated_document_count() == 10
    assert ten.count_documents({"parameters.n": {"$gte": 4}}, skip=1, limit=3) == 3
    assert ten.count_documents({"id": "nobody"}) == 0


def test_distinct_values_keep_their_types(collection: Collection) -> None:
    values = [1, 1.0, True, "1", None, ["1", 2], {"a": 1}, START, 2**70]
    collection.insert_many([a_generation(f"{n}", metadata__x=value) for n, value in enumerate(values)])

    different = collection.distinct("metadata.x")

    assert len(different) == 8
    assert {repr(value) for value in different} >= {"True", "'1'", "None", "2", "{'a': 1}", repr(START), repr(2**70)}
    assert sorted(collection.distinct("model.id")) == ["gpt-4"]
    assert collection.distinct("timestamp") == [START]


def test_a_pipeline_is_a_cursor_too(ten: Collection) -> None:
    cursor = ten.aggregate([{"$match": {"parameters.n": {"$gte": 8}}}, {"$sort": {"timestamp": 1}}, {"$project": {"id": 1}}])

    assert cursor.next() == {"id": "g-8"}
    assert cursor.to_list() == [{"id": "g-9"}]


def test_an_empty_answer_is_an_empty_list(collection: Collection) -> None:
    assert collection.find().to_list() == []
    assert collection.aggregate([{"$group": {"_id": None, "n": {"$sum": 1}}}]).to_list() == []
    assert collection.distinct("model.id") == []


def test_a_bad_argument_is_refused_where_it_is_given(collection: Collection, subtests: pytest.Subtests) -> None:
    for number, ask in enumerate(
        [
            lambda c: c.find({}, limit=-1),
            lambda c: c.find({}, skip=-1),
            lambda c: c.find({}).limit("5"),
            lambda c: c.find({}).sort("timestamp", 2),
            lambda c: c.find({}).sort([("timestamp",)]),
            lambda c: c.find({}).sort([("timestamp", 1)], -1),
            lambda c: c.find({}, "id"),
            lambda c: c.find([]),
            lambda c: c.find({}, max_time_ms=-1),
            lambda c: c.find({}, max_time_ms="1"),
            lambda c: c.aggregate({}),
            lambda c: c.count_documents({}, limit=-1),
            lambda c: c.distinct(5),
            lambda c: c.count_documents(None),
            lambda c: c.update_many(None, {"$set": {"status": "error"}}),
            lambda c: c.delete_many(None),
            lambda c: c.delete_many([]),
        ]
    ):
        with subtests.test(number=number), pytest.raises(InvalidInput):
            ask(collection)


def test_a_mistake_is_told_before_anything_is_read(collection: Collection) -> None:
    with pytest.raises(InvalidQuery) as refused:
        collection.find({"$or": [{"model.id": "a"}, {"model.nme": "x"}]})

    assert refused.value.path == "/$or/1/model.nme"
    assert "model.name" in str(refused.value)


def test_explain_tells_the_sql_and_runs_nothing(ten: Collection) -> None:
    for query in ({"model.id": "gpt-4"}, [{"$match": {"model.id": "gpt-4"}}, {"$count": "n"}]):
        explanation = ten.explain(query)

        assert "SELECT" in explanation.sql
        assert "gpt-4" in explanation.params.values()
        assert explanation.estimate.rows >= 0
    assert ten.find({"model.id": "gpt-4"}).explain().sql == ten.explain({"model.id": "gpt-4"}).sql


def test_stats_count_records_and_versions(ten: Collection) -> None:
    ten.add_feedback("g-0", rating=5)

    [mine] = [project for project in ten.stats().projects if project.project == ten.project]
    assert (mine.records, mine.versions) == (10, 11)


def test_former_versions_are_never_found(ten: Collection) -> None:
    ten.update_many({}, {"$set": {"status": "error"}})
    ten.update_many({"parameters.n": {"$lt": 5}}, {"$set": {"status": "success"}})

    assert found(ten, {"status": "error"}) == {f"g-{n}" for n in range(5, 10)}
    assert ten.count_documents({}) == 10
    by_status = {answer["_id"]: answer["count"] for answer in ten.aggregate([{"$sortByCount": "$status"}])}
    assert by_status == {"error": 5, "success": 5}
