"""Langfuse's SDKs over OTLP."""

from __future__ import annotations

import json

import pytest

from generations.wire.otlp.trace import read_traces

from .payloads import CHAT, a_span, only

GENERATION = {
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-4o",
    "langfuse.observation.model.parameters": '{"temperature": 0.5}',
    "langfuse.observation.input": '[{"role": "user", "content": "Where?"}]',
    "langfuse.observation.output": '{"role": "assistant", "content": "Here."}',
    "langfuse.observation.usage_details": '{"input": 10, "output": 5, "input_cached_tokens": 3, "output_reasoning_tokens": 2}',
    "langfuse.observation.cost_details": '{"input": 0.001, "output": 0.002}',
    "langfuse.observation.metadata.plan": '"gold"',
    "langfuse.trace.name": "tour",
    "langfuse.trace.tags": ["a", "b"],
    "user.id": "u-1",
    "session.id": "s-1",
    "langfuse.environment": "production",
}


def an_observation(span_id="b7ad6b7169203331", **attributes):
    return a_span(span_id, scope="langfuse-sdk", kind="internal", attributes=GENERATION | attributes)


def test_an_observation_becomes_one_record_with_what_it_says():
    record = only(an_observation())

    assert record["model"] == {"id": "gpt-4o"}
    assert record["input"]["content"] == [{"role": "user", "content": "Where?"}]
    assert record["output"]["content"] == "Here."
    assert record["parameters"] == {"temperature": 0.5}
    metadata = record["metadata"]
    assert (metadata["userId"], metadata["sessionId"], metadata["functionId"], metadata["tags"]) == ("u-1", "s-1", "tour", ["a", "b"])
    assert metadata["plan"] == "gold"
    assert metadata["otel"]["attributes"] == {"langfuse": {"environment": "production"}}


def test_buckets_stand_beside_each_other_and_costs_are_reported():
    record = only(an_observation())

    assert record["usage"] == {
        "promptTokens": 13,
        "completionTokens": 7,
        "cachedTokens": 3,
        "reasoningTokens": 2,
        "cost": 0.003,
        "currency": "USD",
        "costSource": "reported",
    }
    assert record["metadata"]["otel"]["usageDetails"]["input_cached_tokens"] == 3


def test_the_first_token_has_an_instant():
    at = '"2025-06-15T15:06:40.120Z"'

    assert only(an_observation(**{"langfuse.observation.completion_start_time": at}))["performance"]["timeToFirstToken"] == 120


def test_the_level_tells_an_error_that_the_span_does_not():
    told = {"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "429"}
    record = only(an_observation(**told))

    assert record["status"] == "error"
    assert record["error"] == {"message": "429"}


@pytest.mark.parametrize("kind", ["span", "agent", "tool", "chain", "retriever", "event", "evaluator", "guardrail"])
def test_other_types_are_no_generations(kind):
    assert read_traces([an_observation(**{"langfuse.observation.type": kind})], []).records == ()


def test_what_an_instrumentation_says_of_the_same_span_fills_the_gaps():
    record = only(an_observation(**CHAT))

    assert record["model"]["version"] == "gpt-4o-2024-08-06"
    assert record["metadata"]["requestId"] == "chatcmpl-1"
    assert record["usage"]["promptTokens"] == 13


def test_the_observations_around_it_name_their_part():
    def around(span_id, kind, name, parent):
        return a_span(span_id, name=name, parent_span_id=parent, attributes={"langfuse.observation.type": kind})

    told = {name: value for name, value in GENERATION.items() if name not in ("langfuse.trace.name", "user.id")}
    spans = [
        a_span("0000000000000001", name="tour", attributes={"langfuse.observation.type": "chain", "user.id": "u-2"}),
        around("0000000000000002", "agent", "guide", "0000000000000001"),
        around("0000000000000003", "span", "answer", "0000000000000002"),
        a_span(parent_span_id="0000000000000003", attributes=told),
    ]
    [record] = read_traces(spans, []).records

    metadata = record["metadata"]
    assert (metadata["workflowId"], metadata["agentId"], metadata["functionId"]) == ("tour", "guide", "answer")
    assert metadata["userId"] == "u-2"


def test_the_usage_of_openai_is_read_with_its_parts():
    """Langfuse's client of OpenAI passes it on as it is."""
    usage = {"prompt_tokens": 120, "completion_tokens": 40, "total_tokens": 160}
    usage |= {"prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 16}}
    told = {"langfuse.observation.type": "generation", "langfuse.observation.usage_details": json.dumps(usage)}
    counts = only(a_span(attributes=told))["usage"]

    assert (counts["promptTokens"], counts["completionTokens"], counts["totalTokens"]) == (120, 40, 160)
    assert (counts["cachedTokens"], counts["reasoningTokens"]) == (64, 16)


def test_a_call_that_failed_has_no_cost_and_a_stream_has_its_reason_in_the_metadata():
    failed = {"langfuse.observation.type": "generation", "langfuse.observation.cost_details": '{"input": 0, "output": 0, "total": 0}'}
    streamed = {"langfuse.observation.type": "generation", "langfuse.observation.output": "Here."}
    record = only(a_span(attributes=streamed | {"langfuse.observation.metadata.finish_reason": "stop"}))

    assert "usage" not in only(a_span(attributes=failed, status="error"))
    assert record["output"]["finishReason"] == "stop"
    assert "finish_reason" not in record["metadata"]
