"""MLflow's spans."""

from __future__ import annotations

import json

from generations.wire.otlp.trace import read_traces

from .payloads import a_span, only

ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Here."}}],
}
CHAT_MODEL = {
    "mlflow.spanType": '"CHAT_MODEL"',
    "mlflow.spanFunctionName": '"create"',
    "mlflow.traceRequestId": '"tr-1"',
    "mlflow.llm.model": '"gpt-4o"',
    "mlflow.llm.provider": '"openai"',
    "mlflow.spanInputs": json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}], "temperature": 0.5}),
    "mlflow.spanOutputs": json.dumps(ANSWER),
    "mlflow.chat.tokenUsage": '{"input_tokens": 12, "output_tokens": 5, "total_tokens": 17, "cache_read_input_tokens": 4}',
    "mlflow.llm.cost": '{"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.3}',
}


def test_a_chat_model_becomes_one_record_without_the_quotes_of_json():
    record = only(a_span(attributes=CHAT_MODEL))

    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["content"] == [{"role": "user", "content": "Where?"}]
    assert record["output"] == {"type": "text", "content": "Here.", "tokens": 5, "finishReason": "stop"}
    assert record["parameters"] == {"temperature": 0.5}
    assert record["usage"] == {
        "promptTokens": 12,
        "completionTokens": 5,
        "totalTokens": 17,
        "cachedTokens": 4,
        "cost": 0.3,
        "currency": "USD",
        "costSource": "reported",
    }
    assert (record["metadata"]["requestId"], record["metadata"]["functionId"]) == ("chatcmpl-1", "create")


def test_arguments_of_a_client_are_attributes_under_their_bare_names():
    told = {
        "model": '"gpt-4o"',
        "mlflow.llm.model": '"gpt-4o-2024-08-06"',
        "temperature": "0.5",
        "stream": "true",
        "tools": '[{"name": "look"}]',
    }
    bare = json.dumps({"messages": [{"role": "user", "content": "Where?"}]})
    record = only(a_span(attributes=CHAT_MODEL | told | {"mlflow.spanInputs": bare}))

    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["parameters"] == {"temperature": 0.5, "stream": True, "tools": [{"name": "look"}]}


def test_raw_counts_of_anthropic_are_added_up():
    usage = {"input_tokens": 3, "output_tokens": 7, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 50}
    answer = {"type": "message", "content": [{"type": "text", "text": "Here."}], "usage": usage}
    told = {
        "mlflow.spanOutputs": json.dumps(answer),
        "mlflow.chat.tokenUsage": '{"input_tokens": 3, "output_tokens": 7, "total_tokens": 10}',
    }

    assert only(a_span(attributes=CHAT_MODEL | told))["usage"]["promptTokens"] == 55


def test_other_types_are_no_generations_but_name_the_one_below():
    def around(span_id, kind, name, parent=None):
        return a_span(span_id, name=name, parent_span_id=parent, attributes={"mlflow.spanType": json.dumps(kind)})

    spans = [
        around("0000000000000001", "CHAIN", "tour"),
        around("0000000000000002", "AGENT", "guide", "0000000000000001"),
        a_span(parent_span_id="0000000000000002", attributes=CHAT_MODEL),
    ]
    [record] = read_traces(spans, []).records

    assert (record["metadata"]["workflowId"], record["metadata"]["agentId"]) == ("tour", "guide")
