"""What was said of several views of one call, put together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from generations.joining.gathering import gathered

Said = dict[str, Any]


def at(day: int, **said: Any) -> Said:
    return {**said, "timestamp": datetime(2025, 3, day, tzinfo=UTC)}


def feedback(*days: int) -> list[Said]:
    """The versions of a record that was given feedback on some days."""
    return [{}, *({"feedback": at(day, rating=day)} for day in days)]


@pytest.mark.parametrize(
    ("kept", "others", "said"),
    [
        ([], [[2]], [2]),
        ([1], [[2]], [2]),
        ([2], [[1]], [1, 2]),
        ([2, 4], [[1], [3, 5]], [1, 3, 5]),
        ([2], [[2]], []),
        ([1, 2], [[1]], []),
        ([], [[1, 2], [2]], [1, 2]),
    ],
    ids=["only of another", "of another later", "of another before", "of three", "the same", "the same before", "the same of two others"],
)
def test_all_feedback_is_given_once_and_the_latest_last(kept, others, said) -> None:
    changes = gathered(feedback(*kept), [feedback(*days) for days in others])

    assert [change["feedback"]["rating"] for change in changes] == said


def test_feedback_that_was_taken_back_is_not_given() -> None:
    assert gathered([{}], [[*feedback(1), {}]]) == []


def test_of_evals_each_name_has_its_latest() -> None:
    kept = [{"evals": {"tone": at(2, score=0.2), "length": {"label": "short"}}}]
    other = [{"evals": {"tone": at(1, score=0.1), "length": at(3, label="long")}}, {"evals": {"length": at(3, label="long")}}]
    third = [{"evals": {"tone": at(1, score=0.15), "gist": {"score": 1}}}]

    changes = gathered(kept, [other, third])

    assert changes[-1] == {"evals": {"tone": at(2, score=0.2), "length": at(3, label="long"), "gist": {"score": 1}}}
    assert [change["evals"]["tone"]["score"] for change in changes] == [0.15, 0.2]


def test_what_was_gathered_once_is_not_gathered_again() -> None:
    kept = [*feedback(2), {"feedback": at(2, rating=2), "evals": {"tone": at(5, score=0.5)}}]
    other = [*feedback(1, 3), {"feedback": at(3, rating=3), "evals": {"tone": at(4, score=0.4)}}]
    for change in gathered(kept, [other]):
        kept.append(kept[-1] | change)

    assert (kept[-1]["feedback"]["rating"], kept[-1]["evals"]["tone"]["score"]) == (3, 0.5)
    assert gathered(kept, [other]) == []
