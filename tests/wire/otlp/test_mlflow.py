"""MLflow's spans."""

from __future__ import annotations

import json

from generations.wire.otlp.trace import read_traces

from .payloads import a_span, an_event, only

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


def chunks(*deltas):
    """The pieces of a streamed chat completion, 10 ms apart."""
    for number, delta in enumerate(deltas):
        piece = {"choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls" if number == len(deltas) - 1 else None}]}
        yield an_event(f"mlflow.chunk.item.{number}", ms=10 * (number + 1), **{"mlflow.chunk.value": json.dumps(piece)})


def test_the_pieces_of_a_stream_tell_its_first_token_and_the_calls_that_its_sum_lacks():
    begun = {"role": "assistant", "tool_calls": [{"index": 0, "id": "c", "function": {"name": "look", "arguments": "{"}}]}
    gone_on = {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}
    summed_up = {"id": "chatcmpl-1", "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": ""}}]}
    told = CHAT_MODEL | {"mlflow.spanOutputs": json.dumps(summed_up)}
    record = only(a_span(attributes=told, events=tuple(chunks(begun, gone_on))))

    assert record["performance"]["timeToFirstToken"] == 10
    [call] = record["output"]["content"]["tool_calls"]
    assert (call["function"], record["output"]["finishReason"]) == ({"name": "look", "arguments": "{}"}, "tool_calls")
    assert record["metadata"]["requestId"] == "chatcmpl-1"
    assert "events" not in record["metadata"]["otel"]


def test_an_object_of_python_is_no_output():
    record = only(a_span(attributes=CHAT_MODEL | {"mlflow.spanOutputs": '"<anthropic.Stream object at 0x7f26e5555b90>"'}))

    assert "output" not in record


def test_the_user_of_the_request_is_the_user():
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}], "user": "u-1"}
    record = only(a_span(attributes=CHAT_MODEL | {"mlflow.spanInputs": json.dumps(asked)}))

    assert record["metadata"]["userId"] == "u-1"
    assert "parameters" not in record


def test_the_parameters_of_langchains_models_are_an_attribute():
    told = {"invocation_params": json.dumps({"model_name": "gpt-4o", "_type": "openai-chat", "seed": 7, "stop": None})}
    bare = {"mlflow.spanInputs": json.dumps([{"role": "user", "content": "Where?"}])}

    assert only(a_span(attributes=CHAT_MODEL | told | bare))["parameters"] == {"seed": 7}
