"""Null and missing stay what they were, in reads and in filters; unknown is never zero."""

import pytest

from generations import Collection

from .records import a_generation, as_sent, found

CLIENTS = ("server",)


@pytest.fixture
def costs(collection: Collection) -> Collection:
    collection.insert_many(
        [
            a_generation("free", usage__cost=0),
            a_generation("priced", usage__cost=0.2),
            a_generation("null", usage__cost=None),
            a_generation("missing", usage__promptTokens=3),
            a_generation("no-usage"),
        ]
    )
    return collection


def test_absent_costs_in_filters(costs: Collection, subtests: pytest.Subtests) -> None:
    """Unknown cost is neither cheap nor dear, and so is never deleted for being either."""
    for filter, ids in [
        ({"usage.cost": None}, {"null", "missing", "no-usage"}),
        ({"usage.cost": {"$exists": True}}, {"free", "priced", "null"}),
        ({"usage.cost": {"$exists": False}}, {"missing", "no-usage"}),
        ({"usage.cost": {"$type": "null"}}, {"null"}),
        ({"usage.cost": {"$lt": 1}}, {"free", "priced"}),
        ({"usage.cost": {"$gte": 1}}, set()),
        ({"usage.cost": {"$not": {"$lt": 0.1}}}, {"priced", "null", "missing", "no-usage"}),
        ({"usage.cost": {"$ne": 0}}, {"priced", "null", "missing", "no-usage"}),
        ({"usage.cost": {"$in": [None, 0]}}, {"free", "null", "missing", "no-usage"}),
        ({"usage": {"$exists": False}}, {"no-usage"}),
    ]:
        with subtests.test(filter=filter):
            assert found(costs, filter) == ids


def test_absent_costs_in_reads(costs: Collection) -> None:
    usage = {record["id"]: record.get("usage", "no usage") for record in costs.find()}

    assert usage == {
        "free": {"cost": 0},
        "priced": {"cost": 0.2},
        "null": {"cost": None},
        "missing": {"promptTokens": 3},
        "no-usage": "no usage",
    }


def test_absent_costs_in_averages(costs: Collection) -> None:
    [answer] = costs.aggregate([{"$group": {"_id": None, "mean": {"$avg": "$usage.cost"}, "sum": {"$sum": "$usage.cost"}}}])

    assert answer == {"_id": None, "mean": pytest.approx(0.1), "sum": pytest.approx(0.2)}


PARTS = [
    {"usage": None},
    {"usage": {}},
    {"usage": {"cost": None, "currency": None}},
    {"feedback": {"rating": 1, "categories": []}},
    {"feedback": {"rating": 1, "categories": None}},
    {"feedback": None},
    {"error": {}},
    {"status": None},
    {"input": {"type": "text", "content": None}},
    {"input": {"type": "text", "content": ""}},
    {"input": {"type": "text"}},
    {"output": {"type": "json", "content": {}, "alternatives": []}},
    {"output": {"type": "json", "content": [], "alternatives": None}},
    {"output": {"type": "text", "alternatives": [{}, {"content": None, "score": 0.5, "feedback": {"rating": 3}}]}},
    {"metadata": {}},
    {"metadata": None},
    {"metadata": {"userId": None, "tags": None}},
    {"metadata": {"tags": []}},
    {"parameters": {"temperature": None, "stopSequences": []}},
    {"parameters": {"temperature": 1, "maxTokens": 5}},
]


def test_null_empty_and_missing_come_back_as_they_were(collection: Collection, subtests: pytest.Subtests) -> None:
    sent = [{**a_generation(f"{n}"), **part} for n, part in enumerate(PARTS)]
    collection.insert_many(sent)

    for record, part in zip(sent, PARTS, strict=True):
        with subtests.test(part=part):
            read = collection.get(record["id"])
            assert read is not None
            if part.get("feedback"):
                read["feedback"].pop("timestamp")
            assert as_sent(read) == record
