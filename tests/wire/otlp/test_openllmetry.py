"""OpenLLMetry, flattened and in JSON."""

from __future__ import annotations

from generations.wire.otlp.trace import read_traces

from .payloads import CHAT, a_span, an_event, only

FLAT = {
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "llm.request.type": "chat",
    "llm.is_streaming": False,
    "llm.user": "u-1",
    "llm.presence_penalty": 0.5,
    "llm.request.functions.0.name": "look",
    "llm.request.functions.0.parameters": '{"type": "object"}',
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": '[{"type": "text", "text": "Where?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]',
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.finish_reason": "tool_calls",
    "gen_ai.completion.0.tool_calls.0.id": "c1",
    "gen_ai.completion.0.tool_calls.0.name": "look",
    "gen_ai.completion.0.tool_calls.0.arguments": "{}",
    "gen_ai.completion.1.role": "assistant",
    "gen_ai.completion.1.content": "[not a list of parts]",
    "gen_ai.usage.prompt_tokens": 20,
    "gen_ai.usage.completion_tokens": 6,
    "llm.usage.total_tokens": 26,
    "gen_ai.usage.cache_read_input_tokens": 8,
}


def test_flattened_messages_come_back_together():
    record = only(a_span(attributes=FLAT))

    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["type"] == "multimodal"
    assert record["input"]["content"][0] == {"role": "system", "content": "Be brief."}
    assert record["output"]["content"]["tool_calls"] == [{"id": "c1", "name": "look", "arguments": "{}"}]
    assert record["output"]["finishReason"] == "tool_calls"
    assert record["output"]["alternatives"] == [{"content": "[not a list of parts]"}]
    assert record["usage"] == {"promptTokens": 20, "completionTokens": 6, "totalTokens": 26, "cachedTokens": 8}
    tools = [{"name": "look", "parameters": {"type": "object"}}]
    assert record["parameters"] == {"stream": False, "presencePenalty": 0.5, "tools": tools}
    assert record["metadata"]["userId"] == "u-1"
    assert record["metadata"]["otel"]["dialect"] == "openllmetry"
    assert "attributes" not in record["metadata"]["otel"]


def test_the_first_chunk_is_an_event():
    chunks = tuple(an_event("gen_ai.content.completion.chunk", ms=ms) for ms in (90, 70, 110))
    record = only(a_span(attributes=CHAT | {"gen_ai.is_streaming": True}, events=chunks))

    assert record["performance"] == {"latency": 250, "timeToFirstToken": 70}
    assert record["parameters"] == {"stream": True}
    assert "events" not in record["metadata"]["otel"]


def test_association_properties_and_the_workflow_are_kept():
    told = {
        "traceloop.association.properties.user_id": "u-1",
        "traceloop.association.properties.session_id": "s-1",
        "traceloop.association.properties.plan": "gold",
        "traceloop.workflow.name": "tour",
    }
    metadata = only(a_span(attributes=CHAT | told))["metadata"]

    assert (metadata["userId"], metadata["sessionId"], metadata["plan"], metadata["workflowId"]) == ("u-1", "s-1", "gold", "tour")


def test_decorated_functions_are_no_generations_but_name_the_one_below():
    def decorated(span_id, kind, name, parent=None):
        return a_span(span_id, parent_span_id=parent, attributes={"traceloop.span.kind": kind, "traceloop.entity.name": name})

    spans = [
        decorated("0000000000000001", "workflow", "tour"),
        decorated("0000000000000002", "agent", "guide", "0000000000000001"),
        decorated("0000000000000003", "task", "answer", "0000000000000002"),
        a_span(parent_span_id="0000000000000003", attributes=FLAT),
    ]
    [record] = read_traces(spans, []).records

    metadata = record["metadata"]
    assert (metadata["workflowId"], metadata["agentId"], metadata["functionId"]) == ("tour", "guide", "answer")


def test_its_instrumentations_are_told_by_their_names_from_opentelemetrys_own():
    def dialect(scope):
        return only(a_span(scope=scope, attributes=CHAT))["metadata"]["otel"]["dialect"]

    assert dialect("opentelemetry.instrumentation.anthropic") == "openllmetry"
    assert dialect("opentelemetry.instrumentation.genai.anthropic") == "otel-genai"
