"""How a call was processed, as records tell it."""

import pytest

from generations.pricing.rows import context_of, sides


@pytest.mark.parametrize(
    ("parameters", "metadata", "context"),
    [
        ({}, {}, ()),
        ({"service_tier": "flex"}, {}, (("service_tier", "flex"),)),
        ({"serviceTier": "flex", "speed": "fast"}, {}, (("service_tier", "flex"), ("speed", "fast"))),
        ({"service_tier": "flex"}, {"service_tier": "default"}, (("service_tier", "default"),)),
        ({"processing": "batch"}, {}, (("processing", "batch"),)),
        ({}, {"service_tier": "batch"}, (("processing", "batch"),)),
        (
            {"service_tier": "flex"},
            {"otel": {"attributes": {"openai": {"response": {"service_tier": "default"}}}}},
            (("service_tier", "default"),),
        ),
        ({}, {"otel": {"attributes": {"gen_ai": {"response": {"service_tier": "priority"}}}}}, (("service_tier", "priority"),)),
        ({"service_tier": 3, "speed": None}, {"otel": "none", "processing": ["batch"]}, ()),
        ({}, {"otel": {"attributes": {"openai": "text"}}}, ()),
        ({}, {"service_tier": "gold", "processing": "nightly", "speed": "slow"}, ()),
        ({"service_tier": "tier-of-a-contract"}, {}, (("service_tier", "tier-of-a-contract"),)),
    ],
)
def test_what_the_answer_tells_goes_before_what_was_asked_for(parameters, metadata, context):
    assert context_of(parameters, metadata) == context


@pytest.mark.parametrize(
    ("asked", "answered", "found"),
    [
        ("audio", "text", (True, False)),
        ("text", "audio", (False, True)),
        ("multimodal", "audio", (True, True)),
        (None, None, (True, False)),
    ],
)
def test_the_sides_that_may_hold_audio_are_told_by_the_types(asked, answered, found):
    assert sides(asked, answered) == found
