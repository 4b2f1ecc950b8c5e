"""Evaluations find their generation."""

from __future__ import annotations

import pytest

from generations.wire.otlp.trace import read_traces

from .payloads import TRACE, a_chat, a_log, a_span

RESULT = "gen_ai.evaluation.result"


def a_result(*, span_id="b7ad6b7169203331", **told):
    attributes = {"gen_ai.evaluation." + name.replace("__", "."): value for name, value in told.items()}
    return a_log(RESULT, span_id=span_id, attributes=attributes, ms=900)


def test_a_result_becomes_feedback_and_keeps_its_score():
    result = a_result(name="relevance", score__value=0.8, score__label="pass", explanation="On the point.")
    reading = read_traces([a_chat()], [result])
    [record] = reading.records

    assert record["feedback"] == {
        "comment": "On the point.",
        "categories": ["relevance: pass"],
        "timestamp": "2025-06-15T15:06:40.900000Z",
    }
    assert record["metadata"]["evaluations"] == {"relevance": {"score": 0.8, "label": "pass", "explanation": "On the point."}}
    assert reading.evaluations == ()


def test_several_results_are_all_kept():
    results = [
        a_result(name="relevance", score__value=0.8),
        a_result(name="relevance", score__value=0.2),
        a_result(name="tone", score__value=1.0),
    ]
    [record] = read_traces([a_chat()], results).records

    assert list(record["metadata"]["evaluations"]) == ["relevance", "relevance (2)", "tone"]


def test_a_result_may_name_only_the_answer():
    result = a_log(RESULT, span_id=None, attributes={"gen_ai.evaluation.name": "tone", "gen_ai.response.id": "chatcmpl-1"})

    assert "feedback" in read_traces([a_chat()], [result]).records[0]


def test_a_result_of_another_generation_is_handed_back():
    reading = read_traces([a_chat()], [a_result(span_id="00f067aa0ba902b7", name="tone")])

    assert [evaluation.span_id for evaluation in reading.evaluations] == ["00f067aa0ba902b7"]
    assert "feedback" not in reading.records[0]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"name": "rating", "score__value": 4}, {"rating": 4}),
        ({"name": "relevance", "score__value": 4}, {}),
        ({"name": "user_feedback", "score__value": 1}, {"thumbs": "up"}),
        ({"name": "user_feedback", "score__value": 0}, {"thumbs": "down"}),
        ({"name": "vote", "score__label": "thumbs_down"}, {"thumbs": "down"}),
        ({"name": "quality", "score__label": "good"}, {}),
    ],
)
def test_only_what_is_one_becomes_a_rating_or_thumbs(told, expected):
    feedback = read_traces([a_chat()], [a_result(**told)]).records[0]["feedback"]

    assert {name: value for name, value in feedback.items() if name in ("rating", "thumbs")} == expected


def test_annotations_of_openinference_may_come_on_a_linked_span():
    told = {
        "annotations.0.annotation.name": "thumbs",
        "annotations.0.annotation.score": 1,
        "annotations.0.annotation.annotator_kind": "HUMAN",
        "openinference.span.kind": "EVALUATOR",
    }
    afterwards = a_span("0000000000000009", attributes=told, links=((TRACE, "b7ad6b7169203331"),))
    [record] = read_traces([a_chat(), afterwards], []).records

    assert record["feedback"]["thumbs"] == "up"
    assert record["metadata"]["evaluations"] == {"thumbs": {"score": 1, "evaluator": "HUMAN"}}
