"""Langfuse's SDK with only its address and keys changed: what it scores becomes feedback on the generation."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.programs


def test_scores_are_feedback_on_their_generations(programs):
    inside, later = programs.run("langfuse_scores.py")

    for record in (inside, later):
        assert record["output"]["content"] == "Here."
        usage = record["usage"]
        assert (usage["promptTokens"], usage["completionTokens"], usage["cachedTokens"], usage["reasoningTokens"]) == (120, 40, 64, 16)
        assert (usage["cost"], usage["costSource"], usage["computedCost"]) == (0.5, "reported", 0.00062)
        assert (record["metadata"]["userId"], record["metadata"]["sessionId"]) == ("u-7", "s-7")
    assert (inside["feedback"]["thumbs"], inside["feedback"]["comment"]) == ("up", "Right.")
    assert (later["feedback"]["rating"], later["feedback"]["comment"]) == (4, "Nearly.")
