"""Bringing a stored record up to date: what is known now goes in, what somebody changed stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.joining.merging import merged

AT = "2026-01-05T10:00:00Z"
NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("base", "known", "stored", "found"),
    [
        ({}, {"status": "success"}, {}, {"status": "success"}),
        ({"status": "success"}, {"status": "error"}, {"status": "success"}, {"status": "error"}),
        ({"status": "success"}, {"status": "error"}, {"status": "cancelled"}, {"status": "cancelled"}),
        ({"status": "success"}, {}, {"status": "success"}, {}),
        ({"status": "success"}, {"status": "success"}, {}, {}),
        (
            {"metadata": {"a": 1}},
            {"metadata": {"a": 2, "b": 3}},
            {"metadata": {"a": 1, "mine": 4}},
            {"metadata": {"a": 2, "mine": 4, "b": 3}},
        ),
        ({}, {"metadata": {"a": 1}}, {"metadata": {"a": 2}}, {"metadata": {"a": 2}}),
        ({}, {"timestamp": AT}, {"timestamp": datetime(2026, 2, 1, tzinfo=UTC)}, {"timestamp": NOW}),
        ({"timestamp": AT}, {"timestamp": AT}, {"timestamp": NOW}, {"timestamp": NOW}),
    ],
)
def test_the_difference_is_what_is_taken(base, known, stored, found) -> None:
    assert merged(base, known, stored) == found


@pytest.mark.parametrize(
    ("known", "stored"),
    [
        ({"feedback": {"thumbs": "up", "comment": "theirs"}}, {"feedback": {"comment": "mine"}}),
        ({"evals": {"tone": {"score": 1, "label": "theirs"}}}, {"evals": {"tone": {"score": 0}}}),
        ({"output": {"content": {"role": "assistant", "content": "theirs"}}}, {"output": {"content": {"content": "mine"}}}),
    ],
)
def test_what_one_person_said_is_not_mixed_with_what_another_did(known, stored) -> None:
    assert merged({}, known, stored) == stored


def test_evals_of_other_names_stand_beside_each_other() -> None:
    found = merged({}, {"evals": {"tone": {"score": 1}}}, {"evals": {"style": {"score": 0}}})

    assert found["evals"] == {"style": {"score": 0}, "tone": {"score": 1}}


def test_what_was_derived_and_computed_is_left_for_the_store_to_make_anew() -> None:
    usage = {"promptTokens": 5, "completionTokens": 2, "totalTokens": 7, "cost": 0.1, "currency": "USD", "costSource": "computed"}
    stored = {"usage": usage | {"computedCost": 0.1, "priceSource": "p"}, "performance": {"latency": 1000, "tokensPerSecond": 2}}
    base = {"usage": {"promptTokens": 5, "completionTokens": 2}, "performance": {"latency": 1000}}

    found = merged(base, base | {"usage": {"promptTokens": 5, "completionTokens": 4}}, stored)

    assert found == {"usage": {"promptTokens": 5, "completionTokens": 4}, "performance": {"latency": 1000}}


def test_a_total_that_is_no_sum_was_told_by_somebody() -> None:
    stored = {"usage": {"promptTokens": 5, "completionTokens": 2, "totalTokens": 9}}

    found = merged({"usage": {"promptTokens": 5, "completionTokens": 2}}, {"usage": {"promptTokens": 5, "completionTokens": 4}}, stored)

    assert found["usage"] == {"promptTokens": 5, "completionTokens": 4, "totalTokens": 9}


VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["a", "b"]), lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3), max_leaves=6
)
RECORDS = st.dictionaries(st.sampled_from(["metadata", "parameters", "status"]), VALUES, max_size=3)


@given(RECORDS, RECORDS, RECORDS)
def test_nothing_is_done_twice_and_nothing_without_a_difference(base, known, stored) -> None:
    found = merged(base, known, stored)

    assert merged(base, base, stored) is stored
    assert merged(base, known, base) == known
    assert merged(known, known, found) == found
