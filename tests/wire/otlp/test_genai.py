"""OpenTelemetry's own GenAI conventions, current and before."""

from __future__ import annotations

import json

import pytest

from .payloads import CHAT, START_NS, a_chat, a_log, a_span, an_event, only

IN = [
    {"role": "user", "parts": [{"type": "text", "content": "Which river?", "name": None}], "name": None},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "Vltava"}]},
]
OUT = [{"role": "assistant", "parts": [{"type": "text", "content": "The Vltava."}], "finish_reason": "stop"}]
MESSAGES = {"gen_ai.input.messages": json.dumps(IN), "gen_ai.output.messages": json.dumps(OUT)}


def test_a_span_becomes_one_record_with_what_it_says():
    record = only(a_chat(attributes=MESSAGES | {"server.port": 443, "gen_ai.response.finish_reasons": ["stop"]}))

    assert record["id"] == "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
    assert record["timestamp"] == "2025-06-15T15:06:40.000000Z"
    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["content"][0] == {"role": "user", "parts": [{"type": "text", "content": "Which river?"}]}
    assert record["input"]["tokens"] == 12
    assert record["output"] == {"type": "text", "content": "The Vltava.", "tokens": 5, "finishReason": "stop"}
    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5}
    assert record["performance"] == {"latency": 250}
    assert record["status"] == "success"
    metadata = record["metadata"]
    assert (metadata["requestId"], metadata["traceId"], metadata["spanId"]) == ("chatcmpl-1", record["id"][:32], record["id"][33:])
    assert metadata["otel"] == {
        "dialect": "otel-genai",
        "name": "chat gpt-4o",
        "kind": "client",
        "scope": {"name": "genai"},
        "attributes": {"server": {"port": 443}},
    }


def test_instructions_stand_before_the_messages():
    system = json.dumps([{"type": "text", "content": "Be brief."}])
    content = only(a_chat(attributes=MESSAGES | {"gen_ai.system_instructions": system}))["input"]["content"]

    assert content[0] == {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}
    assert len(content) == 3


def test_parameters_get_the_records_names():
    sent = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 64, "stop_sequences": ["END"], "seed": 7, "choice.count": 2, "stream": True}
    definitions = '[{"type": "function", "name": "look"}]'
    record = only(
        a_chat(attributes={f"gen_ai.request.{name}": value for name, value in sent.items()} | {"gen_ai.tool.definitions": definitions})
    )

    assert record["parameters"] == {
        "temperature": 0.5,
        "topP": 0.9,
        "maxTokens": 64,
        "stopSequences": ["END"],
        "seed": 7,
        "n": 2,
        "stream": True,
        "tools": [{"type": "function", "name": "look"}],
    }


def test_a_parameter_of_another_type_is_kept_aside():
    record = only(a_chat(attributes={"gen_ai.request.temperature": "high"}))

    assert "parameters" not in record
    assert record["metadata"]["otel"]["parameters"] == {"temperature": "high"}


@pytest.mark.parametrize(
    "names",
    [
        ("cache_read.input_tokens", "cache_write.input_tokens", "reasoning.output_tokens"),
        ("cache_read.input_tokens", "cache_creation.input_tokens", "reasoning.output_tokens"),
        ("cache_read_input_tokens", "cache_creation_input_tokens", "reasoning_tokens"),
    ],
    ids=["after v1.41", "v1.41", "before"],
)
def test_cached_and_reasoning_tokens_are_inside(names):
    counts = dict(zip((f"gen_ai.usage.{name}" for name in names), (4, 2, 3), strict=True))

    assert only(a_chat(attributes=counts))["usage"] == {
        "promptTokens": 12,
        "completionTokens": 5,
        "cachedTokens": 4,
        "cacheWriteTokens": 2,
        "reasoningTokens": 3,
    }


def test_names_that_were_renamed_are_understood():
    old = {
        "gen_ai.system": "vertex_ai",
        "gen_ai.request.model": "gemini-1.5",
        "gen_ai.usage.prompt_tokens": 9,
        "gen_ai.usage.completion_tokens": 4,
        "gen_ai.openai.request.seed": 3,
    }
    record = only(a_span(attributes=old))

    assert record["model"] == {"id": "gemini-1.5", "provider": "gcp.vertex_ai"}
    assert record["usage"] == {"promptTokens": 9, "completionTokens": 4}
    assert record["parameters"] == {"seed": 3}


def test_further_output_messages_are_alternatives_with_their_reasons():
    choices = [
        *OUT,
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "look", "arguments": {}}], "finish_reason": "tool_call"},
    ]
    sent = {"gen_ai.output.messages": json.dumps(choices), "gen_ai.response.finish_reasons": ["stop", "tool_calls"]}
    output = only(a_chat(attributes=sent))["output"]

    assert output["content"] == "The Vltava."
    [other] = output["alternatives"]
    assert other["finishReason"] == "tool_calls"
    assert other["content"]["parts"][0]["name"] == "look"


def test_without_captured_content_tokens_and_reasons_remain():
    record = only(a_chat(attributes={"gen_ai.response.finish_reasons": ["length"]}))

    assert "input" not in record
    assert record["output"] == {"type": "text", "tokens": 5, "finishReason": "length"}


def test_the_time_to_the_first_chunk_is_told_in_seconds():
    assert only(a_chat(attributes={"gen_ai.response.time_to_first_chunk": 0.042}))["performance"]["timeToFirstToken"] == 42
    assert only(a_chat(attributes={"gen_ai.client.operation.time_to_first_chunk": 0.5}))["performance"]["timeToFirstToken"] == 500


def test_an_error_has_its_type_and_message():
    exception = an_event(
        "exception", **{"exception.type": "openai.RateLimitError", "exception.message": "429", "exception.stacktrace": "…"}
    )
    failed = only(a_chat(status="error", status_message="Error: 429", events=(exception,), attributes={"error.type": "RateLimitError"}))

    assert failed["status"] == "error"
    assert failed["error"] == {"type": "RateLimitError", "message": "429"}
    assert failed["metadata"]["otel"]["exception"] == {"stacktrace": "…"}


def test_an_event_for_each_message_is_joined_to_its_span():
    logs = (
        a_log("gen_ai.choice", {"index": 1, "finish_reason": "stop", "message": {"content": "Or the Elbe."}}, ms=9),
        a_log("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "The Vltava."}}, ms=8),
        a_log("gen_ai.user.message", {"content": "Which river?"}, ms=2, attributes={"gen_ai.system": "openai"}),
        a_log("gen_ai.system.message", {"content": "Be brief."}, ms=1),
        a_log("gen_ai.tool.message", {"content": "Vltava", "id": "c1"}, ms=3),
    )
    record = only(a_chat(), logs=logs)

    assert record["input"]["content"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Which river?"},
        {"role": "tool", "content": "Vltava", "id": "c1"},
    ]
    assert record["output"]["content"] == "The Vltava."
    assert record["output"]["alternatives"] == [{"content": "Or the Elbe.", "finishReason": "stop"}]


def test_tool_calls_beside_the_message_of_a_choice_are_part_of_it():
    calls = [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    choice = a_log("gen_ai.choice", {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant"}, "tool_calls": calls})

    output = only(a_chat(), logs=(choice,))["output"]

    assert output["type"] == "json"
    assert output["content"] == {"role": "assistant", "tool_calls": calls}


def test_the_details_event_adds_what_the_span_does_not_tell():
    details = a_log(
        "gen_ai.client.inference.operation.details",
        {},
        attributes=CHAT | {"gen_ai.input.messages": IN, "gen_ai.output.messages": OUT, "event.name": "…"},
    )
    record = only(a_chat(), logs=(details,))

    assert record["input"]["content"][1] == IN[1]
    assert record["output"]["content"] == "The Vltava."
    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5}
    assert "attributes" not in record["metadata"]["otel"]


def test_a_text_that_a_limit_has_cut_gives_way_to_the_events_value():
    details = a_log("gen_ai.client.inference.operation.details", {}, attributes={"gen_ai.output.messages": OUT})

    assert only(a_chat(attributes={"gen_ai.output.messages": '[{"role": "assis'}), logs=(details,))["output"]["content"] == "The Vltava."


def test_span_events_with_prompt_and_completion_are_read():
    prompt = an_event("gen_ai.content.prompt", **{"gen_ai.prompt": '[{"role": "user", "content": "Which river?"}]'})
    completion = an_event("gen_ai.content.completion", ms=5, **{"gen_ai.completion": '[{"role": "assistant", "content": "The Vltava."}]'})
    record = only(a_chat(events=(prompt, completion)))

    assert record["input"]["content"] == [{"role": "user", "content": "Which river?"}]
    assert record["output"]["content"] == "The Vltava."


def test_the_type_of_the_output_is_the_one_that_was_asked_for():
    assert only(a_chat(attributes=MESSAGES | {"gen_ai.output.type": "json"}))["output"]["type"] == "json"
    assert only(a_chat(attributes=MESSAGES | {"gen_ai.output.type": "speech"}))["output"]["type"] == "audio"
    assert only(a_chat(attributes=MESSAGES | {"gen_ai.openai.request.response_format": "json_schema"}))["output"]["type"] == "json"


def test_agents_tools_and_operations_without_a_model_are_no_generations():
    from generations.wire.otlp.trace import read_traces

    spans = [
        a_span("0000000000000001", attributes=CHAT | {"gen_ai.operation.name": "invoke_agent"}),
        a_span("0000000000000002", attributes={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}),
        a_span("0000000000000003", attributes={"gen_ai.operation.name": "plan", "gen_ai.request.model": "gpt-4o"}),
        a_span("0000000000000004", attributes={"http.request.method": "POST"}),
    ]

    assert read_traces(spans, []).records == ()


def test_what_ran_backwards_has_no_latency_but_a_note():
    record = only(a_chat(end_ns=START_NS - 10**6))

    assert "performance" not in record
    assert "latency" in record["metadata"]["notes"][0]


def test_a_call_of_an_unnamed_model_is_kept_with_a_note():
    record = only(a_span(attributes={"gen_ai.operation.name": "chat"}))

    assert record["model"] == {"id": "unknown"}
    assert record["metadata"]["notes"] == ["no model was named"]


def test_the_reason_that_anthropics_own_spans_tell_is_the_finish_reason():
    said = '[{"role": "assistant", "parts": [{"type": "text", "content": "Here."}]}]'
    told = {"anthropic.message.stop_reason": "end_turn", "gen_ai.output.messages": said}

    assert only(a_chat(attributes=told))["output"]["finishReason"] == "end_turn"


@pytest.mark.parametrize(("sent", "cost"), [(0.25, 0.25), ("0.25", 0.25), (0, None), (0.0, None), (-1, None), ("NaN", None)])
def test_a_cost_of_nothing_is_not_known(sent, cost):
    """Instrumentations that compute it write 0 for a model without a price."""
    usage = only(a_chat(attributes={"gen_ai.usage.cost": sent}))["usage"]

    assert (usage.get("cost"), usage.get("costSource")) == (cost, cost and "reported")


@pytest.mark.parametrize("scope", ["opentelemetry.instrumentation.genai.bedrock", "opentelemetry.instrumentation.bedrock"])
def test_bedrock_counts_what_is_cached_beside_the_prompt(scope):
    counts = {"cache_read.input_tokens": 8, "cache_creation.input_tokens": 2, "total_tokens": 17}
    usage = only(a_chat(scope=scope, attributes={f"gen_ai.usage.{name}": count for name, count in counts.items()}))["usage"]

    assert usage == {"promptTokens": 22, "completionTokens": 5, "cachedTokens": 8, "cacheWriteTokens": 2}


def test_thoughts_of_gemini_that_only_the_total_tells_are_completion():
    scope = "opentelemetry.instrumentation.google_generativeai"
    usage = only(a_chat(scope=scope, attributes={"gen_ai.usage.total_tokens": 21}))["usage"]

    assert usage == {"promptTokens": 12, "completionTokens": 9, "totalTokens": 21, "reasoningTokens": 4}


def test_a_role_that_python_wrote_of_an_enumeration_is_its_plain_name():
    messages = json.dumps([{"role": "MessageRole.USER", "parts": [{"type": "text", "content": "Where?"}]}])

    assert only(a_chat(attributes={"gen_ai.input.messages": messages}))["input"]["content"][0]["role"] == "user"
