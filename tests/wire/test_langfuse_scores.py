"""Scores of Langfuse as evaluations: five types of data, three sources."""

from __future__ import annotations

import pytest

from generations.errors import InvalidInput
from generations.wire.langfuse_scores import score_of

AT_US = 1_740_000_000_000_000


def score(**fields) -> dict:
    return {"id": "s", "traceId": "t", "observationId": "g", "name": "quality", "value": 0.5} | fields


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, (0.5, None, None)),
        ({"dataType": "NUMERIC", "value": 7}, (7, None, None)),
        ({"dataType": "BOOLEAN", "value": 1}, (1, "true", None)),
        ({"dataType": "BOOLEAN", "value": 0.0}, (0, "false", None)),
        ({"value": True, "dataType": "BOOLEAN"}, (1, "true", None)),
        ({"value": "good"}, (None, "good", None)),
        ({"dataType": "CATEGORICAL", "value": "good"}, (None, "good", None)),
        ({"dataType": "CATEGORICAL", "value": None, "stringValue": "good"}, (None, "good", None)),
        ({"dataType": "TEXT", "value": "Well said."}, (None, None, "Well said.")),
        ({"dataType": "TEXT", "value": "Well said.", "comment": "Twice."}, (None, None, "Well said.\nTwice.")),
        ({"dataType": "CORRECTION", "value": "Better."}, (None, None, "Better.")),
        ({"comment": "Because."}, (0.5, None, "Because.")),
    ],
)
def test_the_value_is_a_number_a_verdict_or_words(fields, told):
    found = score_of(score(**fields), AT_US)

    assert (found.score, found.label, found.explanation) == told


@pytest.mark.parametrize(("source", "evaluator"), [(None, "human"), ("API", "human"), ("ANNOTATION", "human"), ("EVAL", "program")])
def test_the_source_tells_who_said_it(source, evaluator):
    assert score_of(score(source=source), AT_US).evaluator == evaluator


def test_everything_else_is_kept():
    found = score_of(score(timestamp="2025-03-01T10:00:00+02:00", metadata={"a": 1}, environment="prod", configId=None), AT_US)

    assert found.at_ns == 1_740_816_000_000_000_000
    assert dict(found.rest) == {"id": "s", "metadata": {"a": 1}, "environment": "prod"}
    assert score_of(score(timestamp="9999-01-01T00:00:00Z"), AT_US).at_ns == AT_US * 1000


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"traceId": None}, "traceId"),
        ({"traceId": None, "sessionId": "s-1"}, "traceId"),
        ({"value": None}, "value"),
        ({"value": {}}, "value"),
        ({"value": 2, "dataType": "BOOLEAN"}, "value"),
        ({"value": "high", "dataType": "NUMERIC"}, "value"),
        ({"value": 10**30, "dataType": "NUMERIC"}, "value"),
        ({"value": 1, "dataType": "CATEGORICAL"}, "value"),
        ({"dataType": "FUZZY"}, "dataType"),
        ({"dataType": [1]}, "dataType"),
        ({"source": "MAGIC"}, "source"),
        ({"traceId": "t" * 10_000}, "traceId"),
    ],
)
def test_what_is_no_score_is_refused_with_its_place(fields, path):
    with pytest.raises(InvalidInput) as refused:
        score_of(score(**fields), AT_US)

    assert refused.value.path == path


@pytest.mark.parametrize("value", [None, 7, [], "text"])
def test_a_score_is_an_object(value):
    with pytest.raises(InvalidInput, match="an object"):
        score_of(value, AT_US)
