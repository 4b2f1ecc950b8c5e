"""Inspect AI logs."""

from __future__ import annotations

from generations.wire.inspect_log import records

from .payloads import a_log, a_model_event


def only(document):
    [record] = records(document)
    return record


def test_a_model_event_becomes_one_record_with_what_it_says():
    record = only(a_log(a_model_event()))

    assert record["id"] == "s1-1"
    assert record["timestamp"] == "2025-05-01T08:00:00.250000+02:00"
    assert record["model"] == {
        "id": "gpt-4o-mini",
        "name": "openai/gpt-4o-mini",
        "version": "gpt-4o-mini-2024-07-18",
        "provider": "openai",
    }
    assert record["output"] == {"type": "text", "content": "Yes", "tokens": 1, "finishReason": "stop"}
    expected = {"temperature": 0.5, "maxTokens": 16, "stopSequences": ["\n"], "seed": 7, "tool_choice": "none"}
    assert record["parameters"] == expected
    assert record["usage"] == {"promptTokens": 20, "completionTokens": 1, "totalTokens": 21, "cachedTokens": 0, "reasoningTokens": 0}
    assert record["performance"] == {"latency": 750}
    assert record["status"] == "success"


def test_texts_stored_once_are_put_back_in_place():
    record = only(a_log(a_model_event()))

    assert record["input"]["content"][0] == {"role": "system", "content": "Answer with one word."}


def test_an_unknown_attachment_stays_a_reference():
    assert only(a_log(a_model_event(), attachments={}))["input"]["content"][0]["content"] == "attachment://aa11"


def test_where_the_call_stands_in_the_evaluation_is_kept():
    metadata = only(a_log(a_model_event()))["metadata"]

    assert metadata["sessionId"] == "s1"
    assert metadata["functionId"] == "primes"
    assert metadata["workflowId"] == "r1"
    assert metadata["requestId"] == "chatcmpl-1"
    assert metadata["parentSpanId"] == "span-7"
    assert metadata["inspect"]["evalId"] == "e1"
    assert metadata["inspect"]["target"] == "Yes"
    assert metadata["inspect"]["scores"] == {"match": {"value": "C"}}
    assert metadata["inspect"]["choices"] == [{"message": {"id": "m1", "role": "assistant"}}]
    assert metadata["inspect"]["event"]["call"]["request"] == {"model": "gpt-4o-mini"}


def test_cached_tokens_are_counted_once_whatever_the_provider_means():
    beside = {"input_tokens": 5, "input_tokens_cache_read": 90, "input_tokens_cache_write": 5, "output_tokens": 2, "total_tokens": 102}
    inside = {"input_tokens": 100, "input_tokens_cache_read": 90, "output_tokens": 2, "total_tokens": 102}

    for usage in (beside, inside):
        record = only(a_log(a_model_event(output={"choices": [], "usage": usage})))
        assert record["usage"]["promptTokens"] == 100
        assert record["usage"]["cachedTokens"] == 90


def test_a_tool_call_is_kept_as_a_message_and_other_choices_as_alternatives():
    call = {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "function": "look"}]}
    choices = [{"message": call, "stop_reason": "tool_calls"}, {"message": {"content": "No"}, "stop_reason": "stop"}]

    output = only(a_log(a_model_event(output={"choices": choices})))["output"]

    assert output["type"] == "json"
    assert output["content"] == call
    assert output["finishReason"] == "tool_calls"
    assert output["alternatives"] == [{"content": "No", "finishReason": "stop"}]


def test_a_failed_call_says_why_and_a_pending_one_says_nothing():
    failed = only(a_log(a_model_event(error="rate limited", output={"choices": []})))
    pending = only(a_log(a_model_event(pending=True, output={"choices": []}, completed=None)))

    assert failed["status"] == "error"
    assert failed["error"] == {"message": "rate limited"}
    assert "status" not in pending
    assert "performance" not in pending


def test_ids_are_those_of_the_log_and_come_out_the_same_each_time():
    assert only(a_log(a_model_event(uuid="ev-1")))["id"] == "ev-1"
    old = a_log(a_model_event(), a_model_event(), uuid=None)
    assert [record["id"] for record in records(old)] == ["e1-1-1-1", "e1-1-1-2"]


def test_other_events_are_no_generations():
    assert list(records(a_log({"event": "score"}, {"event": "tool"}))) == []


def test_a_model_without_a_provider_keeps_its_name():
    assert only(a_log(a_model_event(model="mockllm")))["model"]["id"] == "mockllm"
