"""What comes behind a record in an order: record by record it gives the whole order, each once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from generations import Collection
from generations.query import compile_find
from generations.query.following import behind, behind_stored, can_follow, values_at
from generations.store.store import Store

START = datetime(2023, 1, 1, tzinfo=UTC)
ODD_TIMES = [datetime(1950, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 59, tzinfo=UTC), datetime(2106, 2, 7, 6, 30, tzinfo=UTC)]
TIMES = [START + timedelta(minutes=20 * n) for n in range(5)] + [*ODD_TIMES, datetime(2250, 1, 1, tzinfo=UTC)]


@pytest.fixture(scope="module")
def filled(engine):
    """Records with every mixture of equal, absent and null values."""
    collection = Collection(Store(engine, "following"))
    records = []
    for n in range(48):
        record = {"id": f"r{n * 7 % 48:02}", "timestamp": TIMES[n % len(TIMES)], "model": {"id": f"m{n % 2}"}, "metadata": {}}
        if n % 4:
            record["usage"] = {"cost": None if n % 4 == 1 else n % 3 / 2}
        if n % 3:
            record["metadata"]["sessionId"] = "" if n % 3 == 1 and n % 2 else f"s{n % 5}"
        records.append(record)
    collection.insert_many(records)
    yield collection
    collection.delete_many({})


@pytest.mark.parametrize(
    "order",
    [
        [("id", 1)],
        [("timestamp", -1), ("id", 1)],
        [("usage.cost", 1), ("id", -1)],
        [("usage.cost", -1), ("id", 1)],
        [("model.id", -1), ("metadata.sessionId", 1), ("usage.cost", -1), ("id", -1)],
    ],
    ids=str,
)
def test_what_is_behind_each_record_is_the_rest_of_the_order(filled, order):
    whole = filled.find({}, sort=order).to_list()

    for place, record in enumerate(whole):
        rest = filled.find(behind(order, values_at([path for path, _ in order], record)), ["id"], sort=order, limit=3)
        assert [one["id"] for one in rest] == [one["id"] for one in whole[place + 1 : place + 4]]


def test_the_stored_order_goes_on_behind_each_record(filled):
    """Also beyond the years that the engine's hours can tell apart."""
    store = filled.store

    def stored(filter):
        rows = store.query(compile_find(filter, store.source, shape="table", stored_order=True)).to_pylist()
        return [(row["timestamp"], json.loads(row["metadata"]).get("sessionId"), row["id"]) for row in rows]

    whole = stored({})

    assert len(whole) == 48
    for place, row in enumerate(whole):
        assert stored(behind_stored(*row)) == whole[place + 1 :]


def test_only_typed_columns_can_be_followed():
    assert can_follow([("usage.cost", 1), ("metadata.userId", 1), ("id", 1)])
    assert not can_follow([("metadata.plan", 1), ("id", 1)])
    assert not can_follow([("metadata.tags", 1), ("id", 1)])


def test_a_question_about_an_earlier_version_sees_the_records_as_they_were(engine, project):
    collection = Collection(Store(engine, project))
    collection.insert_many([{"id": "a", "model": {"id": "m"}, "usage": {"cost": 1}}, {"id": "b", "model": {"id": "m"}}])
    store = collection.store
    then = replace(store.source, until_seq=store.last_seq())

    collection.update_one({"id": "a"}, {"$set": {"usage.cost": 2}})
    collection.insert_one({"id": "c", "model": {"id": "m"}})

    rows = store.query(compile_find({}, then, projection=["id", "usage.cost"], sort=[("id", 1)], shape="table"))
    assert rows.to_pylist() == [{"id": "a", "usage.cost": 1.0}, {"id": "b", "usage.cost": None}]
