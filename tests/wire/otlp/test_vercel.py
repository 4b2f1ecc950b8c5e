"""The Vercel AI SDK, old and new."""

from __future__ import annotations

import json

import pytest

from generations.wire.otlp.trace import read_traces

from .payloads import CHAT, a_span, only

CALL = {
    "ai.operationId": "ai.generateText.doGenerate",
    "operation.name": "ai.generateText.doGenerate tour",
    "ai.model.id": "gpt-4o",
    "ai.model.provider": "openai.responses",
    "ai.prompt.messages": '[{"role": "user", "content": [{"type": "text", "text": "Where?"}]}]',
    "ai.prompt.tools": ['{"type": "function", "name": "look"}'],
    "ai.prompt.toolChoice": '{"type": "auto"}',
    "ai.settings.maxOutputTokens": 64,
    "ai.settings.temperature": 0.5,
    "ai.settings.maxRetries": 2,
    "ai.telemetry.functionId": "tour",
    "ai.telemetry.metadata.userId": "u-1",
    "ai.telemetry.metadata.sessionId": "s-1",
    "ai.telemetry.metadata.tags": ["a"],
    "ai.telemetry.metadata.plan": "gold",
    "ai.response.text": "Here.",
    "ai.response.finishReason": "stop",
    "ai.response.id": "resp-1",
    "ai.response.model": "gpt-4o-2024-08-06",
    "ai.response.msToFirstChunk": 80.5,
    "ai.response.avgOutputTokensPerSecond": 31.5,
    "ai.usage.inputTokens": 12,
    "ai.usage.outputTokens": 5,
    "ai.usage.totalTokens": 17,
    "ai.usage.cachedInputTokens": 4,
    "ai.usage.reasoningTokens": 2,
    "gen_ai.system": "openai.responses",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 64,
    "gen_ai.response.id": "resp-1",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 5,
}


def test_the_span_of_the_models_call_becomes_the_record_and_its_parent_does_not():
    parent = a_span("0000000000000001", scope="ai", attributes=CALL | {"ai.operationId": "ai.generateText"})
    [record] = read_traces([parent, a_span(scope="ai", parent_span_id="0000000000000001", attributes=CALL)], []).records

    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["content"] == [{"role": "user", "content": [{"type": "text", "text": "Where?"}]}]
    assert record["output"] == {"type": "text", "content": "Here.", "tokens": 5, "finishReason": "stop"}
    tools = [{"type": "function", "name": "look"}]
    assert record["parameters"] == {"maxTokens": 64, "temperature": 0.5, "maxRetries": 2, "tools": tools, "tool_choice": {"type": "auto"}}
    usage = {"promptTokens": 12, "completionTokens": 5, "totalTokens": 17, "cachedTokens": 4, "reasoningTokens": 2}
    assert record["usage"] == usage
    assert record["performance"] == {"latency": 250, "timeToFirstToken": 80.5, "tokensPerSecond": 31.5}
    metadata = record["metadata"]
    assert (metadata["functionId"], metadata["userId"], metadata["sessionId"], metadata["tags"]) == ("tour", "u-1", "s-1", ["a"])
    assert metadata["plan"] == "gold"
    assert metadata["requestId"] == "resp-1"
    assert "attributes" not in metadata["otel"]


def test_tool_calls_and_reasoning_are_one_message():
    calls = [{"toolCallId": "c1", "toolName": "look", "input": {}}]
    told = {"ai.response.toolCalls": json.dumps(calls), "ai.response.reasoning": "Hm.", "ai.response.text": ""}
    output = only(a_span(attributes=CALL | told))["output"]

    assert output["type"] == "json"
    assert output["content"] == {"role": "assistant", "reasoning": "Hm.", "tool_calls": calls}


def test_an_object_is_the_output():
    told = {"ai.operationId": "ai.generateObject.doGenerate", "ai.response.object": '{"city": "Prague"}', "ai.response.text": None}
    output = only(a_span(attributes=CALL | told))["output"]

    assert (output["type"], output["content"]) == ("json", {"city": "Prague"})


def test_the_names_of_version_4_are_understood():
    told = {name: value for name, value in CALL.items() if "usage" not in name}
    told |= {"ai.usage.promptTokens": 9, "ai.usage.completionTokens": 3, "ai.prompt": '{"prompt": "Where?"}', "ai.prompt.messages": None}
    record = only(a_span(attributes=told))

    assert record["usage"] == {"promptTokens": 9, "completionTokens": 3}
    assert record["input"]["content"] == "Where?"


@pytest.mark.parametrize(
    ("input_tokens", "prompt"),
    [(3, 153), (153, 153)],
    ids=["raw counts up to version 5", "sums since version 6"],
)
def test_cached_tokens_of_anthropic_are_counted_once_in_every_version(input_tokens, prompt):
    raw = {"input_tokens": 3, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 100, "output_tokens": 5}
    told = {name: value for name, value in CALL.items() if "usage" not in name}
    told |= {"ai.usage.inputTokens": input_tokens, "ai.usage.outputTokens": 5, "ai.usage.totalTokens": input_tokens + 5}
    told |= {"ai.usage.cachedInputTokens": 100, "ai.response.providerMetadata": json.dumps({"anthropic": {"usage": raw}})}
    usage = only(a_span(attributes=told))["usage"]

    assert (usage["promptTokens"], usage["completionTokens"]) == (prompt, 5)
    assert (usage["cachedTokens"], usage["cacheWriteTokens"]) == (100, 50)


def test_version_7_speaks_opentelemetry_and_repeats_usage_in_its_agent():
    agent = a_span(
        "0000000000000001", scope="gen_ai", attributes=CHAT | {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "tour"}
    )
    context = {"ai.settings.context.userId": "u-1", "ai.settings.context.plan": "gold"}
    chat = a_span(scope="gen_ai", parent_span_id="0000000000000001", attributes=CHAT | context)
    [record] = read_traces([agent, chat], []).records

    metadata = record["metadata"]
    assert (metadata["agentId"], metadata["userId"], metadata["plan"]) == ("tour", "u-1", "gold")
    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5}
    assert metadata["otel"]["dialect"] == "vercel-ai"


def test_tools_name_what_runs_inside_them():
    tool = a_span("0000000000000001", scope="ai", attributes={"ai.operationId": "ai.toolCall", "ai.toolCall.name": "look"})
    told = {name: value for name, value in CALL.items() if name != "ai.telemetry.functionId"}
    [record] = read_traces([tool, a_span(scope="ai", parent_span_id="0000000000000001", attributes=told)], []).records

    assert record["metadata"]["functionId"] == "look"


def test_embeddings_have_their_texts():
    told = {
        "ai.operationId": "ai.embedMany.doEmbed",
        "ai.model.id": "e",
        "ai.values": ['"a"', '"b"'],
        "ai.embeddings": ["[0.5]", "[1.5]"],
        "ai.usage.tokens": 4,
    }
    record = only(a_span(attributes=told))

    assert record["input"]["content"] == ["a", "b"]
    assert record["output"]["content"] == [[0.5], [1.5]]
    assert record["usage"] == {"promptTokens": 4}
