"""Logs of Helicone's manual loggers as records."""

from __future__ import annotations

import json

import pytest

from generations.errors import InvalidRecord
from generations.record.encode import encode_each
from generations.wire.helicone import record_of

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A tram."}}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16, "prompt_tokens_details": {"cached_tokens": 8}},
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "A tram."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 12, "output_tokens": 4, "cache_read_input_tokens": 8},
}
CHUNKS = [
    {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": "A "}}]},
    {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": "tram."}, "finish_reason": "stop"}],
    },
    {"object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 4}},
]


def log(request: dict | None = None, response=None, *, status=200, meta: dict | None = None, timing: dict | None = None, **more) -> dict:
    """What the loggers post: an answer that is text goes to `textBody`."""
    asked = (
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is this?"}], "temperature": 0.2} if request is None else request
    )
    said = ANSWER if response is None else response
    is_text = isinstance(said, str)
    times = {"startTime": {"seconds": 1_700_000_000, "milliseconds": 250}, "endTime": {"seconds": 1_700_000_001, "milliseconds": 500}}
    return {
        "providerRequest": {"url": "custom-model-nopath", "json": asked, "meta": meta or {}},
        "providerResponse": {"headers": {}, "status": status, "json": {} if is_text else said, "textBody": said if is_text else None},
        "timing": {**times, "timeToFirstToken": None} if timing is None else timing,
        **more,
    }


def record(*arguments, headers: dict | None = None, provider: str | None = None, **options) -> dict:
    """Its record, which the store would take."""
    found = record_of(log(*arguments, **options), headers or {}, provider)
    assert not encode_each([found])[1]
    return found


def test_a_log_becomes_a_record_of_both_bodies():
    found = record(provider="openai")

    assert found["timestamp"] == "2023-11-14T22:13:20.250000Z"
    assert found["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert found["input"]["content"] == [{"role": "user", "content": "What is this?"}]
    assert found["output"] == {"type": "text", "content": "A tram.", "tokens": 4, "finishReason": "stop"}
    assert found["parameters"] == {"temperature": 0.2}
    assert found["usage"] == {"promptTokens": 12, "completionTokens": 4, "totalTokens": 16, "cachedTokens": 8}
    assert found["performance"] == {"latency": 1250}
    assert (found["status"], found["metadata"]["requestId"]) == ("success", "chatcmpl-1")


def test_answers_of_anthropic_are_counted_as_anthropic_counts():
    assert record(response=MESSAGE, provider="anthropic")["usage"] == {"promptTokens": 20, "completionTokens": 4, "cachedTokens": 8}


def test_headers_tell_who_asked_what_for_and_with_which_id():
    headers = {
        "helicone-auth": "Bearer secret",
        "helicone-request-id": "0192-call",
        "helicone-user-id": "ann",
        "helicone-session-id": "s-1",
        "helicone-session-path": "/plan/step",
        "helicone-prompt-id": "greeting",
        "helicone-property-feature": "search",
        "helicone-model-override": "gpt-4o-mini",
        "accept": "*/*",
    }
    found = record(headers=headers)
    about = found["metadata"]

    assert (found["id"], found["model"]["id"]) == ("0192-call", "gpt-4o-mini")
    assert (about["userId"], about["sessionId"], about["functionId"], about["feature"]) == ("ann", "s-1", "greeting", "search")
    assert about["helicone"]["session-path"] == "/plan/step"
    assert "secret" not in json.dumps(found)


def test_headers_stand_in_the_log_too_and_those_of_the_request_go_before():
    meta = {"Helicone-User-Id": "of the log", "Helicone-Session-Id": "s-1", "Helicone-Property-Feature": "search"}
    about = record(meta=meta, headers={"helicone-user-id": "of the request"})["metadata"]

    assert (about["userId"], about["sessionId"], about["Feature"]) == ("of the request", "s-1", "search")


def test_content_is_left_out_where_the_sender_wants_it_so():
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Secret?"}], "temperature": 0.2, "tools": [{"secret": 1}]}
    without_request = record(asked, headers={"helicone-omit-request": "true"})
    without_response = record(asked, headers={"helicone-omit-response": "true"})

    assert without_request["input"] == {"type": "text", "tokens": 12}
    assert without_request["parameters"] == {"temperature": 0.2}
    assert "ecret" not in json.dumps(without_request)
    assert without_response["output"] == {"type": "text", "tokens": 4, "finishReason": "stop"}
    assert "tram" not in json.dumps(without_response)
    assert without_response["usage"]["completionTokens"] == 4


@pytest.mark.parametrize("form", ["{}\n", "data: {}\n\n"])
def test_a_streamed_answer_is_put_together(form):
    text = "".join(form.replace("{}", json.dumps(chunk)) for chunk in CHUNKS) + ("data: [DONE]\n" if "data" in form else "")
    times = {"startTime": {"seconds": 1_700_000_000}, "endTime": {"seconds": 1_700_000_002, "milliseconds": 0}, "timeToFirstToken": 120.5}
    found = record(response=text, timing=times)

    assert (found["output"]["content"], found["output"]["finishReason"]) == ("A tram.", "stop")
    assert found["usage"]["promptTokens"] == 12
    assert found["performance"] == {"latency": 2000, "timeToFirstToken": 120.5}
    assert found["status"] == "success"


def test_a_text_is_an_answer_and_so_is_the_text_of_an_object():
    assert record(response="Just words.")["output"] == {"type": "text", "content": "Just words."}
    assert record(response=json.dumps(ANSWER))["output"]["content"] == "A tram."


def test_what_the_loggers_write_into_the_answer_themselves_is_no_part_of_it():
    found = record(response=ANSWER | {"_type": "unknown", "toolName": "unknown"})

    assert "helicone" not in found["metadata"]


def test_a_failed_call_keeps_its_error_and_what_had_come_before_it():
    refused = record(response={"error": {"type": "rate_limit_error", "message": "Slow down."}}, status=429)
    broken = record(response="Traceback (most recent call last):\nValueError: gone\n\n", status=200)
    cut = record(response="Error: gone\n    at read\n\n" + json.dumps(CHUNKS[0]) + "\n", status=500)
    cancelled = record(response=json.dumps(CHUNKS[0]) + "\n", status=-3)

    assert refused["error"] == {"type": "rate_limit_error", "message": "Slow down.", "code": "429"}
    assert (broken["status"], broken["error"]["message"].splitlines()[-1]) == ("error", "ValueError: gone")
    assert (cut["status"], cut["error"]["message"], cut["output"]["content"]) == ("error", "Error: gone\n    at read", "A ")
    assert (cancelled["error"], cancelled["output"]["content"]) == ({"type": "cancelled"}, "A ")


def test_tools_and_vector_databases_are_no_generations():
    assert record_of(log({"_type": "tool", "toolName": "search", "input": "x"}), {}, None) is None


def test_the_model_of_google_stands_in_the_address():
    body = log({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]})
    body["providerRequest"]["url"] = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent?key=secret"
    found = record_of(body, {}, "google")

    assert found["model"]["id"] == "gemini-2.5-pro"
    assert "secret" not in json.dumps(found)


def test_without_an_id_the_same_log_has_the_same_one():
    assert record()["id"] == record()["id"] != record(headers={"helicone-request-id": "x" * 10_000})["id"]


def test_hostile_values_are_cut_off_with_a_note():
    times = {"startTime": {"seconds": 10**40, "milliseconds": -(10**40)}, "endTime": {"seconds": "x"}, "timeToFirstToken": -1}
    found = record({"model": "m", "__proto__": {}}, timing=times, headers={"helicone-property-__proto__": "x"})

    assert "an attribute named `__proto__` was ignored" in found["metadata"]["notes"]
    assert any("startTime was ignored" in note for note in found["metadata"]["notes"])
    assert any("time to the first token was ignored" in note for note in found["metadata"]["notes"])


@pytest.mark.parametrize("value", [None, 7, [], {}, {"providerRequest": {}}, {"providerRequest": [], "providerResponse": {}}])
def test_anything_else_is_refused_with_what_was_expected(value):
    with pytest.raises(InvalidRecord, match="`providerRequest` and `providerResponse`"):
        record_of(value, {}, None)


@pytest.mark.parametrize("junk", [None, "", [], {}, "x", 7, -1.5, True, [[]], {"a": None}])
def test_no_field_of_another_type_costs_the_record(junk):
    for part, name in [(part, name) for part, fields in log().items() for name in fields] + [("timing", "startTime")]:
        body = log()
        body[part] = {**body[part], name: junk}
        if part == "providerRequest" and name == "json":
            continue
        found = record_of(body, {}, None)
        assert not encode_each([found])[1], (part, name)
