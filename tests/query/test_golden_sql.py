"""The SQL of typical queries, kept in `golden.sql` so that every change of the compiler shows in a diff; each statement is also run."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generations import Generations
from generations.query import Compiled, Source, compile_aggregate, compile_count, compile_distinct, compile_find
from generations.query.document import plain_json
from generations.query.source import record

GOLDEN = Path(__file__).with_name("golden.sql")
SOURCE = Source()
JANUARY = {"$gte": "2023-01-01", "$lte": "2023-01-31"}
BY_MODEL = {
    "_id": "$model.id",
    "totalTokens": {"$sum": "$usage.totalTokens"},
    "averageTokens": {"$avg": "$usage.totalTokens"},
    "count": {"$sum": 1},
}

QUERIES: dict[str, tuple[str, object]] = {
    "newest": ("find", {"sort": {"timestamp": -1}, "limit": 50}),
    "high ratings of a month": (
        "find",
        {"filter": {"model.id": "gpt-4", "feedback.rating": {"$gte": 4}, "timestamp": JANUARY}},
    ),
    "one by id": ("find", {"filter": {"id": "generation-123"}, "limit": 1}),
    "by user, a declared key of an open map": ("count", {"metadata.userId": "user-456"}),
    "by a deep path of an open map": ("count", {"metadata.customer.plan.tier": "pro"}),
    "by the score of an eval": ("count", {"evals.relevance.score": {"$gte": 0.5}}),
    "not that value, or missing": ("count", {"metadata.customer.plan.tier": {"$ne": "pro"}}),
    "without a cost": ("count", {"usage.cost": None}),
    "cost was given, be it null": ("count", {"usage.cost": {"$exists": True}}),
    "tagged with any of": ("count", {"metadata.tags": {"$in": ["beta", "web"]}}),
    "either or": ("count", {"$or": [{"usage.cost": {"$gt": 0.01}}, {"$nor": [{"status": "success"}]}]}),
    "output contains": ("count", {"output.content": {"$regex": "refund", "$options": "i"}}),
    "tokens by model": ("aggregate", [{"$group": BY_MODEL}, {"$sort": {"totalTokens": -1}}]),
    "latency by model and day": (
        "aggregate",
        [
            {
                "$group": {
                    "_id": {"model": "$model.id", "day": {"$dateTrunc": {"date": "$timestamp", "unit": "day"}}},
                    "latency": {"$percentile": {"input": "$performance.latency", "p": [0.5, 0.95, 0.99], "method": "approximate"}},
                }
            }
        ],
    ),
    "top users by cost": (
        "aggregate",
        [{"$group": {"_id": "$metadata.userId", "cost": {"$sum": "$usage.cost"}}}, {"$sort": {"cost": -1}}, {"$limit": 10}],
    ),
    "count by tag": ("aggregate", [{"$unwind": "$metadata.tags"}, {"$sortByCount": "$metadata.tags"}]),
    "distinct models": ("distinct", ("model.id", {})),
}


def compiled(kind: str, argument: object) -> Compiled:
    match kind, argument:
        case "find", dict():
            return compile_find(argument.get("filter"), SOURCE, **{k: v for k, v in argument.items() if k != "filter"})
        case "count", _:
            return compile_count(argument, SOURCE)
        case "distinct", (key, filter):
            return compile_distinct(key, filter, SOURCE)
        case _:
            return compile_aggregate(argument, SOURCE)


def shown(name: str) -> str:
    """A query, its SQL with the text that assembles a record folded away, and its parameters."""
    kind, argument = QUERIES[name]
    statement = compiled(kind, argument)
    sql = statement.sql.replace(plain_json(record()), "<record>")
    parameters = {name: param.value for name, param in statement.params.items()}
    return f"-- {name}\n-- {kind} {json.dumps(argument)}\n{sql};\n-- {json.dumps(parameters)}\n"


def test_the_sql_is_the_one_that_was_reviewed() -> None:
    """`GOLDEN=write make test` accepts the present text; the diff is what to review."""
    now = "\n".join(shown(name) for name in QUERIES)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(now)
    assert now == GOLDEN.read_text()


def test_the_same_query_always_gives_the_same_text() -> None:
    for kind, argument in QUERIES.values():
        assert compiled(kind, argument) == compiled(kind, argument)


@pytest.fixture(scope="module")
def some_generations(tmp_path_factory: pytest.TempPathFactory):
    with Generations(tmp_path_factory.mktemp("golden") / "data") as generations:
        generations.insert_many(
            [
                {
                    "id": "generation-123",
                    "timestamp": datetime(2023, 1, 10, tzinfo=UTC),
                    "model": {"id": "gpt-4"},
                    "output": {"type": "text", "content": "You get a Refund."},
                    "usage": {"promptTokens": 10, "completionTokens": 5, "cost": 0.02},
                    "metadata": {"userId": "user-456", "tags": ["web"], "customer": {"plan": {"tier": "pro"}}},
                    "performance": {"latency": 900},
                    "feedback": {"rating": 5},
                    "status": "success",
                },
                {"id": "bare", "timestamp": datetime(2023, 2, 1, tzinfo=UTC), "model": {"id": "gpt-3.5"}, "usage": {"cost": None}},
            ]
        )
        yield generations


ANSWERS: dict[str, object] = {
    "by user, a declared key of an open map": 1,
    "by a deep path of an open map": 1,
    "not that value, or missing": 1,
    "without a cost": 1,
    "cost was given, be it null": 2,
    "tagged with any of": 1,
    "either or": 2,
    "output contains": 1,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_count_is_right(some_generations: Generations, name: str) -> None:
    assert some_generations.count_documents(QUERIES[name][1]) == ANSWERS[name]


def test_finds_and_aggregations_are_right(some_generations: Generations) -> None:
    def ids(name: str) -> list[str]:
        options = dict(QUERIES[name][1])
        return [found["id"] for found in some_generations.find(options.pop("filter", {}), **options)]

    def answers(name: str) -> list[object]:
        return some_generations.aggregate(QUERIES[name][1]).to_list()

    assert ids("newest") == ["bare", "generation-123"]
    assert ids("high ratings of a month") == ["generation-123"]
    assert ids("one by id") == ["generation-123"]
    assert answers("tokens by model") == [
        {"_id": "gpt-4", "totalTokens": 15, "averageTokens": 15.0, "count": 1},
        {"_id": "gpt-3.5", "totalTokens": 0, "averageTokens": None, "count": 1},
    ]
    day = {"model": "gpt-4", "day": datetime(2023, 1, 10, tzinfo=UTC)}
    assert {"_id": day, "latency": [900.0, 900.0, 900.0]} in answers("latency by model and day")
    assert answers("top users by cost") == [{"_id": "user-456", "cost": 0.02}, {"_id": None, "cost": 0}]
    assert answers("count by tag") == [{"_id": "web", "count": 1}]
    assert some_generations.distinct("model.id") == ["gpt-3.5", "gpt-4"]
