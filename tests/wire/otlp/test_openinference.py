"""OpenInference."""

from __future__ import annotations

import json

import pytest

from generations.wire.otlp.trace import read_traces

from .payloads import a_span, an_event, only

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "system_fingerprint": "fp_1",
    "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None}},
        {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "The Vltava."}},
    ],
}
LLM = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.model_name": "gpt-4o-2024-08-06",
    "llm.invocation_parameters": json.dumps({"model": "gpt-4o", "temperature": 0.5, "user": "u-1", "n": 2}),
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.contents.0.message_content.type": "text",
    "llm.input_messages.0.message.contents.0.message_content.text": "Where?",
    "llm.input_messages.0.message.contents.1.message_content.type": "image",
    "llm.input_messages.0.message.contents.1.message_content.image.image.url": "data:,",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "look",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": "{}",
    "llm.output_messages.1.message.role": "assistant",
    "llm.output_messages.1.message.content": "The Vltava.",
    "llm.finish_reason": "tool_calls",
    "llm.tools.0.tool.json_schema": '{"type": "function"}',
    "llm.token_count.prompt": 120,
    "llm.token_count.completion": 40,
    "llm.token_count.total": 160,
    "llm.token_count.prompt_details.cache_read": 64,
    "llm.token_count.completion_details.reasoning": 16,
    "input.value": json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}], "temperature": 0.5}),
    "input.mime_type": "application/json",
    "output.value": json.dumps(ANSWER),
    "output.mime_type": "application/json",
}


def an_llm(**attributes):
    return a_span(scope="openinference.instrumentation.openai", kind="internal", attributes=LLM | attributes)


def test_flattened_messages_come_back_together():
    record = only(an_llm())

    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["type"] == "multimodal"
    assert record["input"]["content"] == [
        {"role": "user", "content": [{"type": "text", "text": "Where?"}, {"type": "image", "image": {"url": "data:,"}}]}
    ]
    assert record["output"]["type"] == "json"
    assert record["output"]["content"]["tool_calls"] == [{"id": "c1", "function": {"name": "look", "arguments": "{}"}}]
    assert record["output"]["finishReason"] == "tool_calls"
    assert record["output"]["alternatives"] == [{"content": "The Vltava.", "finishReason": "stop"}]
    assert record["parameters"] == {"temperature": 0.5, "n": 2, "tools": [{"type": "function"}]}
    assert record["usage"] == {
        "promptTokens": 120,
        "completionTokens": 40,
        "totalTokens": 160,
        "cachedTokens": 64,
        "reasoningTokens": 16,
    }


def test_the_raw_answer_tells_the_id_and_what_has_no_attribute():
    metadata = only(an_llm())["metadata"]

    assert metadata["requestId"] == "chatcmpl-1"
    assert metadata["userId"] == "u-1"
    assert metadata["otel"]["response"] == {"system_fingerprint": "fp_1"}
    assert "attributes" not in metadata["otel"]


def test_without_messages_the_raw_request_and_answer_are_read():
    bare = {name: value for name, value in LLM.items() if "_messages." not in name and "token_count" not in name}
    bare["output.value"] = json.dumps(ANSWER | {"usage": {"prompt_tokens": 9, "completion_tokens": 1}})
    record = only(a_span(attributes=bare))

    assert record["input"]["content"] == [{"role": "user", "content": "Where?"}]
    assert record["output"]["alternatives"] == [{"content": "The Vltava.", "finishReason": "stop"}]
    assert record["usage"] == {"promptTokens": 9, "completionTokens": 1}


def test_plain_input_and_output_are_read():
    record = only(
        a_span(attributes={"openinference.span.kind": "LLM", "llm.model_name": "m", "input.value": "Where?", "output.value": "Here."})
    )

    assert record["input"]["content"] == "Where?"
    assert record["output"]["content"] == "Here."


def test_the_first_token_is_an_event():
    event = an_event("First Token Stream Event", ms=120)
    span = a_span(attributes=LLM, events=(event,))

    assert only(span)["performance"] == {"latency": 250, "timeToFirstToken": 120}


def test_context_cost_and_the_users_own_metadata_are_kept():
    told = {"session.id": "s-1", "metadata": '{"plan": "gold"}', "tag.tags": ["a"], "llm.cost.total": 0.25, "agent.name": "guide"}
    record = only(an_llm(**told))

    assert record["usage"]["cost"] == 0.25
    assert record["usage"]["costSource"] == "reported"
    metadata = record["metadata"]
    assert (metadata["sessionId"], metadata["plan"], metadata["tags"], metadata["agentId"]) == ("s-1", "gold", ["a"], "guide")


def test_embeddings_have_their_texts():
    sent = {
        "openinference.span.kind": "EMBEDDING",
        "embedding.model_name": "text-embedding-3-small",
        "embedding.embeddings.0.embedding.text": "river",
    }
    record = only(a_span(attributes=sent))

    assert record["model"]["id"] == "text-embedding-3-small"
    assert record["input"]["content"] == "river"


def test_agents_chains_and_tools_are_no_generations_but_name_the_one_below():
    def around(span_id, kind, name, parent=None):
        return a_span(
            span_id, name=name, parent_span_id=parent, attributes={"openinference.span.kind": kind, "llm.token_count.prompt": 120}
        )

    spans = [
        around("0000000000000001", "CHAIN", "tour"),
        around("0000000000000002", "AGENT", "guide", "0000000000000001"),
        around("0000000000000003", "CHAIN", "step", "0000000000000002"),
        a_span(parent_span_id="0000000000000003", attributes=LLM),
    ]
    [record] = read_traces(spans, []).records

    metadata = record["metadata"]
    assert (metadata["workflowId"], metadata["agentId"], metadata["parentSpanId"]) == ("tour", "guide", "0000000000000003")


def test_the_items_of_a_response_are_one_output():
    thought = {"type": "reasoning", "id": "item_0", "summary": []}
    message = {"type": "message", "id": "item_1", "role": "assistant", "content": [{"type": "output_text", "text": "Here."}]}
    answer = {"object": "response", "id": "resp_1", "status": "completed", "output": [thought, message]}
    told = {
        "openinference.span.kind": "LLM",
        "llm.output_messages.0.message.contents.0.message_content.type": "reasoning",
        "llm.output_messages.1.message.role": "assistant",
        "llm.output_messages.1.message.content": "Here.",
        "output.value": json.dumps(answer),
    }
    output = only(a_span(attributes=told))["output"]

    assert (output["content"], output["finishReason"]) == ([thought, message], "completed")
    assert "alternatives" not in output


def test_the_model_that_was_asked_has_not_answered_a_call_that_failed():
    told = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}

    assert only(a_span(attributes=told, status="error"))["model"] == {"id": "gpt-4o"}


def test_litellm_s_models_are_told_without_the_provider_before_them():
    told = {"openinference.span.kind": "LLM", "llm.model_name": "openai/gpt-4o", "llm.provider": "openai"}

    assert only(a_span(scope="openinference.instrumentation.litellm", attributes=told))["model"]["id"] == "gpt-4o"
    assert only(a_span(scope="openinference.instrumentation.groq", attributes=told))["model"]["id"] == "openai/gpt-4o"


@pytest.mark.parametrize("stream", ["<groq.Stream object at 0x7fa7e0fd9090>", "<coroutine object AsyncAPIResponse.parse at 0x7fd9>"])
def test_what_python_writes_for_a_stream_is_no_output_and_what_was_not_given_no_parameter(stream):
    told = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "m",
        "llm.invocation_parameters": json.dumps({"stream": True, "top_p": "", "generation_config": {}, "seed": 0}),
        "output.value": stream,
    }
    record = only(a_span(attributes=told))

    assert "output" not in record
    assert record["parameters"] == {"stream": True, "seed": 0}
