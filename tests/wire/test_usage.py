"""Token counts of any convention: each token once."""

from __future__ import annotations

import pytest

from generations.wire.call import Tokens
from generations.wire.usage import usage_of


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (
            Tokens(100, 40, cached=64, reasoning=16),
            {"promptTokens": 100, "completionTokens": 40, "cachedTokens": 64, "reasoningTokens": 16},
        ),
        (
            Tokens(3, 7, cached=100, cache_write=50, are_inside=False),
            {"promptTokens": 153, "completionTokens": 7, "cachedTokens": 100, "cacheWriteTokens": 50},
        ),
        (Tokens(10, 5, total=15), {"promptTokens": 10, "completionTokens": 5, "totalTokens": 15}),
        (Tokens(10, 5, total=18, reasoning=3), {"promptTokens": 10, "completionTokens": 8, "totalTokens": 18, "reasoningTokens": 3}),
        (
            Tokens(10, 4, input_audio=3, output_audio=0),
            {"promptTokens": 10, "completionTokens": 4, "audioTokens": 3, "inputAudioTokens": 3, "outputAudioTokens": 0},
        ),
        (Tokens(total=9), {"totalTokens": 9}),
        (Tokens(), {}),
    ],
    ids=["inside", "beside", "total", "the total decides", "audio", "only a total", "nothing"],
)
def test_parts_are_inside_their_whole(tokens, expected):
    assert usage_of(tokens) == (expected, [])


def test_more_cached_than_prompt_tokens_were_counted_beside_and_are_flagged():
    """Raw counts of Anthropic under a name that means the sum."""
    usage, notes = usage_of(Tokens(3, 7, cached=100, cache_write=50))

    assert usage["promptTokens"] == 153
    assert "more cached tokens (150) than prompt tokens (3)" in notes[0]


def test_a_total_that_fits_no_reading_is_kept_and_flagged():
    usage, notes = usage_of(Tokens(10, 5, total=99))

    assert usage == {"promptTokens": 10, "completionTokens": 5, "totalTokens": 99}
    assert "the total of 99 tokens" in notes[0]


def test_a_total_of_the_same_raw_counts_decides_nothing():
    usage, notes = usage_of(Tokens(3, 7, total=10, cached=100))

    assert usage == {"promptTokens": 103, "completionTokens": 7, "cachedTokens": 100}
    assert len(notes) == 1


def test_absurd_counts_are_ignored_with_a_note():
    usage, notes = usage_of(Tokens(2**62, 5))

    assert usage == {"completionTokens": 5}
    assert "prompt" in notes[0]
