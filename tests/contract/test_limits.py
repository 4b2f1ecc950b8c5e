"""Every user query has limits; being stopped by one is a clear error, and the store goes on."""

import time
from typing import Any

import pytest

from generations import Collection, ConfigError, LimitExceeded, Limits, QueryFailed

from .records import numbered

CLIENTS = ("server",)

SLOW = [
    {"$project": {"id": 1, "x": {"$range": [0, 4000]}}},
    {"$unwind": "$x"},
    {"$group": {"_id": {"i": "$id", "x": "$x"}, "n": {"$sum": "$x"}}},
    {"$count": "n"},
]


def test_a_query_is_stopped_by_its_time(collection: Collection) -> None:
    collection.insert_many(numbered(3000))

    with pytest.raises(LimitExceeded) as stopped:
        collection.aggregate(SLOW, max_time_ms=50).to_list()

    assert stopped.value.hint
    assert collection.count_documents({}) == 3000


def test_a_query_is_stopped_by_its_rows(limited: Collection) -> None:
    """`limited` allows 100 rows and 64 MiB."""
    limited.insert_many(numbered(101))

    with pytest.raises(LimitExceeded):
        limited.find().to_list()
    assert len(limited.find().limit(100).to_list()) == 100
    assert limited.update_many({}, {"$set": {"status": "success"}}).modified_count == 101


def test_a_stopped_query_leaves_nothing_behind_for_the_next(collection: Collection, limited: Collection) -> None:
    """The engine keeps what a failed query had written and would put it before the next answer of the connection."""
    limited.insert_many(numbered(101))

    for _ in range(3):
        with pytest.raises(LimitExceeded):
            limited.find().to_list()
        assert len(limited.find().limit(100).to_list()) == 100
        with pytest.raises(LimitExceeded):
            limited.find().to_arrow()
        assert limited.find().limit(100).to_arrow().num_rows == limited.count_documents({}) - 1 == 100


def test_a_query_is_stopped_by_its_memory(limited: Collection) -> None:
    limited.insert_many(numbered(3000))

    with pytest.raises(LimitExceeded):
        limited.aggregate(SLOW).to_list()


def test_who_reads_slowly_is_not_stopped_by_the_time_of_a_query_that_is_done(collection: Collection) -> None:
    collection.insert_many(numbered(20))
    cursor = collection.find({}, {"id": 1}, max_time_ms=1000)

    next(cursor)
    time.sleep(1.1)

    assert len(cursor.to_list()) == 19


def test_an_expression_without_a_value_is_an_error_and_not_a_null(collection: Collection) -> None:
    collection.insert_many(numbered(2))

    with pytest.raises(QueryFailed):
        collection.aggregate([{"$project": {"x": {"$divide": [1, "$parameters.n"]}}}]).to_list()


def test_limits_have_defaults() -> None:
    assert Limits().seconds
    assert Limits().memory_bytes
    assert Limits().result_rows


@pytest.mark.parametrize("limits", [{"seconds": -1}, {"seconds": "1"}, {"memory_bytes": 0}, {"result_rows": -5}])
def test_a_limit_that_cannot_be_kept_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="is a number above 0, not"):
        Limits(**limits)
