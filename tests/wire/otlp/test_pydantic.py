"""Pydantic AI and Logfire."""

from __future__ import annotations

import json

import pytest

from generations.wire.otlp.trace import read_traces

from .payloads import CHAT, START_NS, a_span, only

THOUGHT = {"type": "thinking", "content": "Hm."}
REQUEST = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}], "temperature": 0.5}


def test_a_chat_of_pydantic_ai_keeps_its_settings_and_its_cost():
    told = {
        "gen_ai.agent.name": "guide",
        "gen_ai.conversation.id": "c-1",
        "operation.cost": 0.0125,
        "model_request_parameters": '{"function_tools": [{"name": "look"}], "output_mode": "text"}',
        "gen_ai.usage.details.reasoning_tokens": 3,
        "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "tool_call_response", "id": "c", "result": "Prague"}]}]',
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [THOUGHT, {"type": "text", "content": "Here."}]}]),
    }
    record = only(a_span(scope="pydantic-ai", attributes=CHAT | told))

    assert record["usage"] == {
        "promptTokens": 12,
        "completionTokens": 5,
        "reasoningTokens": 3,
        "cost": 0.0125,
        "currency": "USD",
        "costSource": "reported",
    }
    assert record["output"]["type"] == "text"
    assert len(record["output"]["content"]["parts"]) == 2
    assert record["parameters"] == {"tools": [{"name": "look"}]}
    assert (record["metadata"]["agentId"], record["metadata"]["sessionId"]) == ("guide", "c-1")


def test_agents_of_every_version_are_no_generations():
    old = {"agent_name": "guide", "model_name": "gpt-4o", "gen_ai.usage.input_tokens": 12}
    new = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide", "gen_ai.aggregated_usage.input_tokens": 12}
    for told in (old, new):
        spans = [
            a_span("0000000000000001", scope="pydantic-ai", attributes=told),
            a_span(scope="pydantic-ai", parent_span_id="0000000000000001", attributes=CHAT),
        ]
        [record] = read_traces(spans, []).records
        assert record["metadata"]["agentId"] == "guide"


def test_the_events_of_version_1_are_an_attribute():
    events = [
        {"event.name": "gen_ai.user.message", "role": "user", "content": "Where?", "gen_ai.message.index": 0},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "Here."}},
    ]
    record = only(a_span(scope="pydantic-ai", attributes=CHAT | {"events": json.dumps(events)}))

    assert record["input"]["content"] == [{"role": "user", "content": "Where?"}]
    assert record["output"]["content"] == "Here."


def test_logfire_passes_on_the_request_and_the_answer():
    answer = {"message": {"role": "assistant", "content": "Here."}, "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    told = {"request_data": json.dumps(REQUEST), "response_data": json.dumps(answer), "logfire.tags": ["LLM"]}
    record = only(a_span(scope="logfire.openai", attributes=told))

    assert record["model"]["id"] == "gpt-4o"
    assert record["input"]["content"] == REQUEST["messages"]
    assert record["output"]["content"] == "Here."
    assert record["parameters"] == {"temperature": 0.5}
    assert record["usage"] == {"promptTokens": 9, "completionTokens": 2}


def test_the_two_spans_of_a_stream_are_one_record():
    request = json.dumps(REQUEST | {"stream": True})
    asked = a_span("0000000000000001", scope="logfire.openai", attributes={"request_data": request})
    told = {"request_data": request, "response_data": '{"combined_chunk_content": "Here.", "chunk_count": 3}', "duration": 1.5}
    answered = a_span(scope="logfire.openai", attributes=told, start_ns=START_NS + 2 * 10**9, end_ns=START_NS + 2 * 10**9)
    [record] = read_traces([asked, answered], []).records

    assert record["output"]["content"] == "Here."
    assert record["timestamp"] == "2025-06-15T15:06:40.500000Z"
    assert record["performance"] == {"latency": 1500}
    assert record["metadata"]["otel"]["response"] == {"chunk_count": 3}


def test_the_two_spans_of_a_stream_are_one_record_in_the_latest_version_too():
    asked = {"request_data": '{"model": "gpt-4o"}', "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o"}
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": "Here."}], "finish_reason": "stop"}]
    told = asked | {"gen_ai.output.messages": json.dumps(answer), "gen_ai.usage.input_tokens": 12, "duration": 0.5}
    spans = [
        a_span("0000000000000001", scope="logfire.openai", attributes=asked),
        a_span(scope="logfire.openai", attributes=told, ms=0),
    ]
    [record] = read_traces(spans, []).records

    assert record["output"]["content"] == "Here."
    assert record["performance"] == {"latency": 500}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"prompt_tokens": 153, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 100}},
            {"promptTokens": 153, "completionTokens": 7, "cachedTokens": 100},
        ),
        (
            {"input_tokens": 3, "output_tokens": 7, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50},
            {"promptTokens": 153, "completionTokens": 7, "cachedTokens": 100, "cacheWriteTokens": 50},
        ),
    ],
    ids=["openai", "anthropic"],
)
def test_the_raw_usage_tells_the_parts(raw, expected):
    told = {"request_data": json.dumps(REQUEST), "gen_ai.usage.raw": json.dumps(raw)}
    sums = {"gen_ai.usage.input_tokens": 153, "gen_ai.usage.output_tokens": 7}

    assert only(a_span(scope="logfire.x", attributes=told | sums))["usage"] == expected
    assert only(a_span(scope="logfire.x", attributes=told))["usage"] == expected


def test_spans_that_logfire_sends_ahead_are_ignored():
    pending = a_span("0000000000000001", scope="logfire.openai", attributes=CHAT | {"logfire.span_type": "pending_span"})

    assert read_traces([pending], []).records == ()


def test_the_model_that_was_asked_has_not_answered_a_call_that_failed():
    told = {"request_data": json.dumps(REQUEST), "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o"}
    record = only(a_span(scope="logfire.openai", attributes=told, status="error", status_message="RateLimitError: no"))

    assert record["model"] == {"id": "gpt-4o"}


def test_what_logfire_scrubbed_is_nobodys_session():
    told = {"session.id": "[Scrubbed due to 'session']", "user.id": "u-1", "request_data": json.dumps(REQUEST), "response_data": "{}"}
    metadata = only(a_span(scope="logfire.openai", attributes=told))["metadata"]

    assert metadata["userId"] == "u-1"
    assert "sessionId" not in metadata
