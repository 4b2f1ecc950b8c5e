"""The nearest known name is what was meant, or nothing."""

import pytest

from generations.record.fields import BY_PATH
from generations.record.nearest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("model.nme", "model.name"),
        ("usage.promptToken", "usage.promptTokens"),
        ("usage.prompt_tokens", "usage.promptTokens"),
        ("prompt_tokens", "usage.promptTokens"),
        ("userid", "metadata.userId"),
        ("Timestamp", "timestamp"),
        ("created_at", "createdAt"),
        ("metdata.userId", "metadata.userId"),
        ("wholly.different", None),
        ("x", None),
        ("", None),
    ],
)
def test_paths_are_found_by_what_is_nearly_their_name(name: str, found: str | None):
    assert nearest(name, BY_PATH) == found


def test_operators_are_found_too():
    assert nearest("$gtt", ["$gt", "$gte", "$lt"]) == "$gt"
    assert nearest("$elementMatch", ["$elemMatch", "$match"]) == "$elemMatch"


def test_a_known_name_is_its_own_nearest():
    for path in BY_PATH:
        assert nearest(path, BY_PATH) == path


def test_the_hint_names_it_or_is_none():
    assert did_you_mean("modle", ["model"]) == "did you mean 'model'?"
    assert did_you_mean("zzz", ["model"]) is None
