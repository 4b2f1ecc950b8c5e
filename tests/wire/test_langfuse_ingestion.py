"""Langfuse's older ingestion: events that create and update, merged to records whatever their order."""

from __future__ import annotations

import json
import random

import pytest

from generations.errors import InvalidInput
from generations.record.encode import encode_each
from generations.wire.langfuse_ingestion import Event, Ignored, RefusedEvent, Score, batch_texts, event_of, records_of

AT = "2025-03-01T10:00:00.000Z"


def event(type: str, body: dict, *, id: str | None = None, at: str = AT) -> dict:
    return {"id": id or f"e-{random.random()}", "type": type, "timestamp": at, "body": body}


TRACE = event(
    "trace-create",
    {"id": "t", "name": "answer", "userId": "ann", "sessionId": "s-1", "tags": ["a"], "metadata": {"plan": "pro"}, "input": "not kept"},
    id="e-trace",
)
AGENT = event("agent-create", {"id": "outer", "traceId": "t", "name": "planner"}, id="e-agent")
SPAN = event("span-create", {"id": "inner", "traceId": "t", "name": "retrieve", "parentObservationId": "outer"}, id="e-span")
CREATE = event(
    "generation-create",
    {
        "id": "g",
        "traceId": "t",
        "parentObservationId": "inner",
        "name": "chat",
        "startTime": "2025-03-01T10:00:00.500Z",
        "model": "gpt-4o",
        "modelParameters": {"temperature": 0.2, "max_tokens": "100"},
        "input": [{"role": "user", "content": "Hi"}],
        "metadata": {"a": 1},
        "promptName": "greeting",
        "promptVersion": 3,
    },
    id="e-create",
)
UPDATE = event(
    "generation-update",
    {
        "id": "g",
        "traceId": "t",
        "endTime": "2025-03-01T10:00:02.500Z",
        "completionStartTime": "2025-03-01T10:00:00.750Z",
        "output": "Hello!",
        "usage": {"input": 12, "output": 4, "total": 16, "unit": "TOKENS", "totalCost": 0.001},
        "metadata": {"b": 2},
        "model": None,
    },
    id="e-update",
    at="2025-03-01T10:00:02.600Z",
)


def read(*events: dict) -> list:
    body = json.dumps({"batch": list(events), "metadata": {"sdk_name": "python"}}).encode()
    return [event_of(text) for text in batch_texts(body)]


def records(*events: dict) -> list[dict]:
    found = list(records_of(one for one in read(*events) if isinstance(one, Event)))
    assert not encode_each(found)[1]
    return found


def test_a_generation_is_put_together_from_what_all_events_of_its_trace_say():
    (found,) = records(TRACE, AGENT, SPAN, CREATE, UPDATE)

    assert (found["id"], found["timestamp"], found["status"]) == ("t-g", "2025-03-01T10:00:00.500000Z", "success")
    assert found["model"] == {"id": "gpt-4o"}
    assert found["input"] == {"type": "text", "content": [{"role": "user", "content": "Hi"}], "tokens": 12}
    assert found["output"] == {"type": "text", "content": "Hello!", "tokens": 4}
    assert found["parameters"] == {"temperature": 0.2, "maxTokens": 100}
    assert found["usage"] == {
        "promptTokens": 12,
        "completionTokens": 4,
        "totalTokens": 16,
        "cost": 0.001,
        "currency": "USD",
        "costSource": "reported",
    }
    assert found["performance"] == {"latency": 2000, "timeToFirstToken": 250}
    about = found["metadata"]
    assert (about["userId"], about["sessionId"], about["functionId"], about["tags"]) == ("ann", "s-1", "answer", ["a"])
    assert (about["traceId"], about["spanId"], about["parentSpanId"], about["agentId"]) == ("t", "g", "inner", "planner")
    assert about["langfuse"]["metadata"] == {"a": 1, "b": 2}
    assert about["langfuse"]["trace"]["metadata"] == {"plan": "pro"}
    assert about["langfuse"]["promptName"] == "greeting"
    assert about["langfuse"]["around"] == [
        {"id": "outer", "type": "AGENT", "name": "planner"},
        {"id": "inner", "type": "SPAN", "name": "retrieve"},
    ]


def test_neither_order_nor_repetition_changes_anything():
    events = [TRACE, AGENT, SPAN, CREATE, UPDATE]
    expected = records(*events)

    for seed in range(10):
        assert records(*random.Random(seed).sample(events * 2, 10)) == expected


def test_only_calls_of_models_become_records():
    kinds = ["span", "event", "tool", "chain", "retriever", "evaluator", "guardrail", "agent"]
    others = [event(f"{kind}-create", {"id": kind, "traceId": "t"}) for kind in kinds]
    embedding = event("embedding-create", {"id": "v", "traceId": "t", "model": "text-embedding-3-small"})
    older = event("observation-create", {"id": "o", "traceId": "t", "type": "GENERATION", "model": "m"})

    assert [one["id"] for one in records(TRACE, *others, embedding, older)] == ["t-v", "t-o"]


@pytest.mark.parametrize(
    ("details", "prompt", "cached", "completion", "reasoning"),
    [
        ({"input": 56, "input_cached_tokens": 64, "output": 24, "output_reasoning_tokens": 16}, 120, 64, 40, 16),
        (
            {
                "prompt_tokens": 120,
                "completion_tokens": 40,
                "total_tokens": 160,
                "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": None},
                "completion_tokens_details": {"reasoning_tokens": 16},
            },
            120,
            64,
            40,
            16,
        ),
        ({"input_tokens": 120, "output_tokens": 40, "input_tokens_details": {"cached_tokens": 64}}, 120, 64, 40, None),
    ],
)
def test_tokens_are_counted_once_whatever_their_convention(details, prompt, cached, completion, reasoning):
    (found,) = records(event("generation-create", {"id": "g", "traceId": "t", "model": "m", "usageDetails": details}))

    usage = found["usage"]
    told = tuple(usage.get(name) for name in ("promptTokens", "cachedTokens", "completionTokens", "reasoningTokens"))
    assert told == (prompt, cached, completion, reasoning)


def test_costs_that_were_sent_are_reported():
    body = {"id": "g", "traceId": "t", "model": "m", "costDetails": {"input": 0.25, "output": 0.5}}
    (found,) = records(event("generation-create", body))

    assert found["usage"] == {"cost": 0.75, "currency": "USD", "costSource": "reported"}


def test_an_error_is_told_by_its_level():
    (found,) = records(CREATE, event("generation-update", {"id": "g", "traceId": "t", "level": "ERROR", "statusMessage": "Slow down."}))

    assert (found["status"], found["error"]) == ("error", {"message": "Slow down."})


def test_what_names_no_trace_is_one_by_itself():
    create = event("generation-create", {"id": "g", "model": "m"})
    update = event("generation-update", {"id": "g", "output": "Hi"}, at="2025-03-01T10:00:01Z")
    without_id = event("generation-create", {"model": "m"}, id="e-1")

    assert [(one["id"], one["output"]["content"]) for one in records(create, update)] == [("g-g", "Hi")]
    assert records(without_id)[0]["id"] == "e-1-e-1"
    assert records(create)[0]["timestamp"] == "2025-03-01T10:00:00.000000Z"


def test_events_that_cannot_be_read_are_refused_one_by_one():
    bad = [
        7,
        {},
        {"id": "a", "type": "trace-create", "body": {}},
        {"id": "b", "type": "trace-destroy", "timestamp": AT, "body": {}},
        {"id": "c", "type": "generation-create", "timestamp": "yesterday", "body": {}},
        {"id": "d", "type": "generation-create", "timestamp": AT, "body": "text"},
        {"id": "e", "type": "generation-create", "timestamp": AT, "body": {"id": "x" * 10_000}},
        {"id": "f", "type": "score-create", "timestamp": AT, "body": {"name": "n", "value": 1}},
        {"id": "g", "type": ["generation-create"], "timestamp": AT, "body": {}},
    ]
    found = read(*bad, CREATE, {"id": "h", "type": "sdk-log", "timestamp": AT, "body": {"log": "hi"}})

    assert [type(one) for one in found] == [RefusedEvent] * len(bad) + [Event, Ignored]
    assert [one.id for one in found[2:9]] == ["a", "b", "c", "d", "e", "f", "g"]
    assert all(one.message for one in found[:9])


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"batch": {}}', b'{"batch": null}', b"text", b"\xff", b'{"batch"'])
def test_anything_else_is_no_batch(body):
    with pytest.raises(InvalidInput, match="a list of events"):
        batch_texts(body)


def test_a_broken_event_costs_no_other():
    """Python writes `NaN`, and a body may be cut short."""
    good, other = json.dumps(CREATE), json.dumps(UPDATE | {"body": UPDATE["body"] | {"metadata": {"score": float("nan")}}})
    deep = '{"id": "d", "body": ' + "[" * 100_000 + "]" * 100_000 + "}"
    body = '{"batch": [' + ",".join([good, deep, other, good[:50]])

    found = [event_of(text) for text in batch_texts(body.encode())]

    assert [type(one) for one in found] == [Event, RefusedEvent, Event, RefusedEvent]


def test_hostile_values_are_cut_off_with_a_note():
    body = {
        "id": "g",
        "traceId": "t",
        "startTime": "0001-01-01T00:00:00Z",
        "endTime": "soon",
        "model": {"id": "m"},
        "usageDetails": {"input": 10**15, "output": 3},
        "metadata": {"__proto__": {}},
        "parentObservationId": "g",
        "costDetails": {"input": -1, "output": 10**20},
    }
    (found,) = records(event("generation-create", body))

    notes = " | ".join(found["metadata"]["notes"])
    for part in (
        "startTime was ignored",
        "endTime was ignored",
        "`__proto__` was ignored",
        "more than 1000000000000 tokens",
        "no model was named",
    ):
        assert part in notes
    assert found["usage"] == {"completionTokens": 3}


@pytest.mark.parametrize("junk", ["", [], {}, "x", 7, -1.5, True, [[]], {"a": None}])
def test_no_field_of_another_type_costs_the_record(junk):
    whole = {**CREATE["body"], **UPDATE["body"], "usageDetails": {"input": 1}, "costDetails": {"input": 1}, "level": "ERROR", "type": "x"}
    for name in whole:
        if name not in ("id", "traceId"):
            assert len(records(TRACE, event("generation-create", {**whole, name: junk}))) == 1, name
    for name in TRACE["body"]:
        if name != "id":
            assert len(records(event("trace-create", {**TRACE["body"], name: junk}), CREATE)) == 1, name


def test_scores_are_told_of_observations_and_of_traces():
    found = read(
        event("score-create", {"id": "s-1", "traceId": "t", "observationId": "g", "name": "relevance", "value": 0.8, "source": "EVAL"}),
        event("score-create", {"traceId": "t", "name": "user-feedback", "value": 1, "dataType": "BOOLEAN", "comment": "Nice"}, id="e-2"),
    )

    assert all(isinstance(one, Score) for one in found)
    first, second = (one.evaluation for one in found)
    assert (first.span_key, first.score, first.evaluator, found[0].score_id) == ("t-g", 0.8, "program", "s-1")
    assert (second.span_id, second.label, second.explanation, found[1].id, found[1].score_id) == (None, "true", "Nice", "e-2", "e-2")


def test_events_that_share_an_id_are_told_apart():
    """Those who write their requests by hand number them as they like."""
    first = event("generation-create", {"id": "g", "traceId": "t", "model": "m"}, id="1")
    second = event("generation-update", {"id": "g", "traceId": "t", "output": "Hi"}, id="1", at="2025-03-01T10:00:01Z")

    (found,) = records(first, second)
    assert (found["model"]["id"], found["output"]["content"]) == ("m", "Hi")
