"""Expressions over the typed columns of records give what the reference gives over the records as they are read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generations import Collection, InvalidQuery, QueryFailed
from generations.store.store import Store
from tests import reference

START = datetime(2026, 1, 1, tzinfo=UTC)

PARTS: list[dict[str, Any]] = [
    {},
    {"metadata": {}},
    {"metadata": None, "usage": None},
    {"metadata": {"tags": ["x", "y", "z"], "userId": "u1", "steps": [{"ms": 3}, {"ms": 1}]}},
    {"metadata": {"tags": [], "userId": None, "a.b": 1, "plan": {"tier": "free"}}},
    {"metadata": {"tags": None, "steps": [], "$odd": [1]}},
    {"usage": {"promptTokens": 10, "completionTokens": 5, "cost": 0.5}},
    {"usage": {"completionTokens": 7, "cost": None}},
    {"usage": {}, "feedback": {"rating": 4, "categories": ["good", "fast"], "comment": "é"}},
    {"feedback": {"categories": None}, "parameters": {"temperature": 1, "stopSequences": ["\n"], "n": 3}},
    {"feedback": {"categories": []}, "parameters": {"temperature": None, "stopSequences": None}},
    {"input": {"type": "multimodal", "content": [{"role": "user"}, {"role": "assistant"}]}, "output": {"type": "text", "content": "hi"}},
    {"input": {"type": "text", "content": "[1, 2]"}},
    {"output": {"type": "text", "content": None, "alternatives": [{"content": "ho", "score": 0.5}]}},
]
RECORDS = [
    {"id": f"r-{n:02}", "timestamp": START + timedelta(seconds=n), "model": {"id": "m-a" if n % 3 else "m-b"}, **part}
    for n, part in enumerate(PARTS)
]


@pytest.fixture(scope="module")
def stored(engine) -> Collection:
    collection = Collection(Store(engine, "expressions-over-columns"))
    collection.insert_many(RECORDS)
    return collection


def exactly(value: Any) -> Any:
    """A form in which 5 is not 5.0 and not true, the order of fields counts, and an instant is one in any zone."""
    match value:
        case dict():
            return [(name, exactly(item)) for name, item in value.items()]
        case list():
            return ["list", *map(exactly, value)]
        case datetime():
            return value
        case _:
            return repr(value)


def sized(path: str) -> dict[str, Any]:
    """How many elements stand at a path, -1 where there is no array."""
    return {"$cond": [{"$isArray": path}, {"$size": path}, -1]}


TOKENS = ["$usage.promptTokens", "$usage.completionTokens"]
STRINGS = ["$metadata.tags", "$feedback.categories", "$parameters.stopSequences"]
OPEN = ["$metadata.steps", "$input.content", "$output.content", "$output.alternatives"]


@pytest.mark.parametrize(
    "expression",
    [
        *({"$isArray": path} for path in [*STRINGS, *OPEN, "$usage.cost", "$metadata", "$model"]),
        *(sized(path) for path in [*STRINGS, *OPEN]),
        *({"$in": ["x", {"$ifNull": [path, []]}]} for path in STRINGS),
        *({"$cond": [{"$isArray": path}, {"$in": ["$model.id", path]}, "none"]} for path in STRINGS),
        *({"$arrayElemAt": [path, -1]} for path in STRINGS),
        *({"$map": {"input": path, "in": {"$concatArrays": [["$$this"], ["$model.id"]]}}} for path in STRINGS),
        {"$setUnion": ["$metadata.tags", "$feedback.categories"]},
        {"$in": ["$model.id", ["m-a", "m-c"]]},
        {"$in": ["$metadata.userId", ["u1", "u2"]]},
        {"$in": ["$metadata.userId", ["u1", None]]},
        {"$in": ["$usage.promptTokens", [10.0, 3]]},
        {"$in": ["$usage.promptTokens", []]},
        {"$in": ["$timestamp", {"$literal": [START, START + timedelta(seconds=3)]}]},
        {"$sum": TOKENS},
        {"$sum": [*TOKENS, 1]},
        {"$sum": "$usage.promptTokens"},
        {"$sum": ["$usage.promptTokens", "$usage.cost"]},
        {"$sum": "$metadata.steps.ms"},
        {"$avg": TOKENS},
        {"$avg": "$metadata.steps.ms"},
        {"$max": TOKENS},
        {"$min": TOKENS},
        {"$min": "$usage.promptTokens"},
        {"$max": ["$usage.cost", 0]},
        {"$max": ["$timestamp", {"$literal": START + timedelta(seconds=5)}]},
        {"$min": ["$model.id", "$metadata.userId"]},
        {"$max": "$metadata.steps.ms"},
        {"$stdDevPop": TOKENS},
        *({"$objectToArray": path} for path in ["$usage", "$metadata", "$parameters", "$model"]),
        {"$map": {"input": {"$objectToArray": "$metadata"}, "as": "pair", "in": "$$pair.k"}},
        {"$mergeObjects": ["$usage", {"x": "$model.id"}]},
        {"$mergeObjects": ["$usage", {"cost": "$metadata.userId", "x": 1}]},
        {"$mergeObjects": ["$metadata", "$parameters"]},
        *({"$getField": {"field": name, "input": "$metadata"}} for name in ["userId", "tags", "a.b", "plan", "nowhere"]),
        {"$getField": {"field": {"$literal": "$odd"}, "input": "$metadata"}},
        {"$getField": {"field": "cost", "input": "$usage"}},
        {"$getField": "model"},
        {"$getField": {"field": "tier", "input": "$metadata.plan"}},
        {"$getField": {"field": "x", "input": "$model.id"}},
        {"$setField": {"field": "cost", "input": "$usage", "value": "$metadata.userId"}},
        {"$setField": {"field": "a.b", "input": "$metadata", "value": "$$REMOVE"}},
        {"$unsetField": {"field": "cost", "input": "$usage"}},
    ],
    ids=str,
)
def test_columns_mean_what_their_records_mean(stored: Collection, expression: dict[str, Any]) -> None:
    records = {found["id"]: found for found in stored.find({})}
    answers = {found["id"]: found.get("x", reference.MISSING) for found in stored.aggregate([{"$project": {"id": 1, "x": expression}}])}

    assert len(answers) == len(RECORDS)
    for name, answer in answers.items():
        assert exactly(answer) == exactly(reference.evaluate(expression, records[name])), name


@pytest.mark.parametrize(
    "expression",
    [
        {"$size": "$metadata.tags"},
        {"$size": "$feedback.categories"},
        {"$size": "$input.content"},
        {"$in": ["x", "$metadata.tags"]},
        {"$concatArrays": ["$metadata.tags", "$model.id"]},
        {"$objectToArray": "$model.id"},
        {"$setField": {"field": "x", "input": "$timestamp", "value": 1}},
        {"$sum": ["$usage.promptTokens", 2**63 - 1]},
    ],
    ids=str,
)
def test_columns_fail_where_their_records_fail(stored: Collection, expression: dict[str, Any]) -> None:
    with pytest.raises((InvalidQuery, QueryFailed)):
        list(stored.aggregate([{"$project": {"x": expression}}]))


def test_an_unknown_field_is_refused_also_by_name(stored: Collection) -> None:
    with pytest.raises(InvalidQuery, match="unknown field 'modle'"):
        list(stored.aggregate([{"$project": {"x": {"$getField": "modle"}}}]))
