"""Records that fill the gaps of others."""

from __future__ import annotations

import json

import pytest

from generations.joining.completing import complete
from generations.record.encode import MAX_BYTES, encode_records
from generations.store.collection import Collection
from generations.store.store import Store

FULL = {
    "id": "a",
    "timestamp": "2026-01-05T10:00:00.123456Z",
    "model": {"id": "gpt-4o", "provider": "openai"},
    "input": {"type": "text", "content": "Which river?"},
    "metadata": {"userId": "ann", "kept": {"team": "t-1"}},
}
POOR = {
    "id": "a",
    "timestamp": "2026-01-05T10:00:00.123Z",
    "model": {"id": "gpt-4o-mini", "name": "rivers"},
    "usage": {"promptTokens": 3, "completionTokens": 4},
    "metadata": {"kept": {"team": "t-2", "row": 7}},
}
BOTH = FULL | {
    "model": {"id": "gpt-4o", "provider": "openai", "name": "rivers"},
    "usage": {"promptTokens": 3, "completionTokens": 4, "totalTokens": 7},
    "metadata": {"userId": "ann", "kept": {"team": "t-1", "row": 7}},
}


@pytest.fixture
def records(engine, project) -> Collection:
    return Collection(Store(engine, project))


def took(records: Collection, *told: dict) -> tuple[list[str], list[str], list[str]]:
    outcome = complete(records.store, encode_records(told), [json.dumps(one).encode() for one in told], MAX_BYTES)
    return outcome.inserted_ids, outcome.unchanged_ids, outcome.replaced_ids


def found(records: Collection, id: str) -> dict:
    kept = records.get(id)
    return {name: value for name, value in kept.items() if name not in ("createdAt", "updatedAt")} | {
        "timestamp": kept["timestamp"].isoformat().replace("+00:00", "Z")
    }


def test_what_is_there_stays_and_what_it_does_not_tell_is_taken(records):
    records.insert_one(FULL)

    assert took(records, POOR, POOR | {"id": "b"}) == (["b"], [], ["a"])
    assert found(records, "a") == BOTH


def test_taking_it_again_adds_nothing_and_neither_does_sending_again_what_was_completed(records):
    records.insert_one(FULL)
    took(records, POOR)

    assert took(records, POOR) == ([], ["a"], [])
    assert not records.insert_one(FULL).changed
    assert found(records, "a") == BOTH


def test_one_that_stands_twice_is_completed_by_the_second(records):
    assert took(records, FULL, POOR) == (["a"], [], [])
    assert found(records, "a") == BOTH


def test_parts_of_other_counts_are_not_taken_and_a_cost_is(records):
    """Of 12 tokens, 15 cannot have been cached: each sender counts in its own way."""
    counts = {"promptTokens": 12, "completionTokens": 4}
    records.insert_one(FULL | {"usage": counts})

    took(records, POOR | {"usage": {"promptTokens": 20, "completionTokens": 4, "cachedTokens": 15, "cost": 0.5, "currency": "USD"}})
    took(records, POOR | {"usage": counts | {"reasoningTokens": 2}})

    usage = found(records, "a")["usage"]
    assert (usage["promptTokens"], usage.get("cachedTokens"), usage["reasoningTokens"], usage["cost"]) == (12, None, 2, 0.5)
