"""Evaluations find their generation."""

from __future__ import annotations

import pytest

from generations.record.encode import encode_one
from generations.wire.otlp.trace import read_traces

from .payloads import TRACE, a_chat, a_log, a_span

RESULT = "gen_ai.evaluation.result"


def a_result(*, span_id="b7ad6b7169203331", ms=900, **told):
    attributes = {"gen_ai.evaluation." + name.replace("__", "."): value for name, value in told.items()}
    return a_log(RESULT, span_id=span_id, attributes=attributes, ms=ms)


def test_a_result_becomes_an_eval():
    result = a_result(name="relevance", score__value=0.8, score__label="pass", explanation="On the point.", cost__usd=0.1)
    reading = read_traces([a_chat()], [result])
    [record] = reading.records

    assert record["evals"] == {
        "relevance": {
            "score": 0.8,
            "label": "pass",
            "explanation": "On the point.",
            "cost_usd": 0.1,
            "timestamp": "2025-06-15T15:06:40.900000Z",
        }
    }
    assert "feedback" not in record
    assert "evaluations" not in record["metadata"]
    assert reading.evaluations == ()


def test_what_a_person_said_is_feedback_and_keeps_its_score():
    result = a_result(name="relevance", score__value=0.8, score__label="pass", explanation="On the point.", evaluator__type="human")
    [record] = read_traces([a_chat()], [result]).records

    assert record["feedback"] == {
        "comment": "On the point.",
        "categories": ["relevance: pass"],
        "timestamp": "2025-06-15T15:06:40.900000Z",
    }
    said = {"score": 0.8, "label": "pass", "explanation": "On the point.", "evaluator": "human"}
    assert record["metadata"]["evaluations"] == {"relevance": said}
    assert "evals" not in record


def test_of_several_results_with_one_name_the_last_one_has_it():
    results = [
        a_result(name="relevance", score__value=0.8),
        a_result(ms=950, name="relevance", score__value=0.2),
        a_result(name="tone", score__value=1.0),
    ]
    [record] = read_traces([a_chat()], results).records

    assert {name: one["score"] for name, one in record["evals"].items()} == {"relevance": 0.2, "relevance (2)": 0.8, "tone": 1.0}


@pytest.mark.parametrize(("name", "kept"), [("rag.faithfulness", "rag_faithfulness"), ("$x", "x"), ("$", "evaluation")])
def test_an_eval_has_a_name_that_a_path_can_reach(name, kept):
    [record] = read_traces([a_chat()], [a_result(name=name, score__value=0.5)]).records

    assert list(record["evals"]) == [kept]
    assert encode_one(record).columns["evals"][0].startswith(f'{{"{kept}":')


def test_what_is_named_like_a_declared_key_does_not_cost_the_record():
    told = {"annotations.0.annotation.name": "tone", "annotations.0.annotation.score": 1, "annotations.0.annotation.duration": "long"}
    [record] = read_traces([a_chat(attributes=told)], []).records

    assert record["evals"] == {"tone": {"score": 1, "duration_": "long"}}


def test_a_result_may_name_only_the_answer():
    result = a_log(RESULT, span_id=None, attributes={"gen_ai.evaluation.name": "tone", "gen_ai.response.id": "chatcmpl-1"})

    assert "evals" in read_traces([a_chat()], [result]).records[0]


def test_a_result_of_another_generation_is_handed_back():
    reading = read_traces([a_chat()], [a_result(span_id="00f067aa0ba902b7", name="tone")])

    assert [evaluation.span_id for evaluation in reading.evaluations] == ["00f067aa0ba902b7"]
    assert "evals" not in reading.records[0]


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
    feedback = read_traces([a_chat()], [a_result(**told)]).records[0].get("feedback", {})

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
