"""Payloads of LiteLLM's callback as records: of the proxy and the library, of current builds and of older ones."""

from __future__ import annotations

import pytest

from generations.errors import InvalidRecord
from generations.record.encode import encode_each
from generations.wire.litellm import record_of

USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 40,
    "total_tokens": 160,
    "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": None},
    "completion_tokens_details": {"reasoning_tokens": 16},
}
ANSWER = {
    "id": "chatcmpl-7",
    "model": "gpt-4o-2024-08-06",
    "object": "chat.completion",
    "service_tier": "default",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A tram.", "tool_calls": None}}],
    "usage": USAGE,
}


def payload(**fields) -> dict:
    """What litellm 1.109.1 posts for a call that succeeded, without most of its nulls."""
    usual = {
        "id": "chatcmpl-7",
        "litellm_call_id": "b157d6f0",
        "trace_id": "trace-1",
        "session_id": "",
        "call_type": "acompletion",
        "cache_hit": None,
        "stream": None,
        "status": "success",
        "custom_llm_provider": "openai",
        "startTime": 1795466561.621178,
        "endTime": 1795466561.907369,
        "completionStartTime": 1795466561.907369,
        "model": "gpt-4o",
        "metadata": {"user_api_key_hash": None, "usage_object": USAGE, "requester_metadata": None, "applied_guardrails": []},
        "response_cost": 0.00062,
        "cost_breakdown": {"total_cost": 0.00062, "input_cost": 0.00022, "cache_read_cost": 8e-05, "service_tier": None},
        "total_tokens": 160,
        "prompt_tokens": 120,
        "completion_tokens": 40,
        "request_tags": ["a", "b"],
        "end_user": None,
        "messages": [{"role": "user", "content": "What is this?"}],
        "response": ANSWER,
        "model_parameters": {"temperature": 0.3, "stop": ["x"], "user": "ann"},
        "hidden_params": {"litellm_model_name": "openai/gpt-4o", "usage_object": None},
        "model_map_information": {"model_map_key": "gpt-4o", "model_map_value": {"mode": "chat", "input_cost_per_token": 2.5e-06}},
        "error_information": {"error_code": "", "error_class": "", "traceback": ""},
    }
    return usual | fields


def record(**fields) -> dict:
    """Its record, which the store would take."""
    found = record_of(payload(**fields))
    _, refused = encode_each([found])
    assert not refused
    return found


def test_a_call_becomes_a_record_with_everything_that_the_payload_tells():
    found = record()

    assert found["timestamp"] == "2026-11-23T20:42:41.621178Z"
    assert found["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert found["input"] == {"type": "text", "content": [{"role": "user", "content": "What is this?"}], "tokens": 120}
    assert found["output"] == {"type": "text", "content": "A tram.", "tokens": 40, "finishReason": "stop"}
    assert found["parameters"] == {"temperature": 0.3, "stopSequences": ["x"]}
    assert found["usage"] == {
        "promptTokens": 120,
        "completionTokens": 40,
        "totalTokens": 160,
        "cachedTokens": 64,
        "reasoningTokens": 16,
        "cost": 0.00062,
        "currency": "USD",
        "costSource": "reported",
    }
    assert found["performance"] == {"latency": 286.191}
    assert found["status"] == "success"
    about = found["metadata"]
    assert (about["requestId"], about["userId"], about["traceId"], about["tags"]) == ("chatcmpl-7", "ann", "trace-1", ["a", "b"])
    assert about["serviceTier"] == "default"
    assert about["litellm"]["cost_breakdown"] == {"total_cost": 0.00062, "input_cost": 0.00022, "cache_read_cost": 8e-05}
    assert about["litellm"]["litellm_call_id"] == "b157d6f0"
    assert "notes" not in about


def test_the_id_is_the_same_for_the_same_payload_and_for_no_other():
    """The provider's id need not be unique, and all failed attempts at one request have the same."""
    ids = [
        record_of(one)["id"]
        for one in (
            payload(),
            payload(),
            payload(litellm_call_id="another"),
            payload(status="failure", id="b157d6f0"),
            payload(status="failure", id="b157d6f0", startTime=1795466562.0),
        )
    ]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_a_failure_keeps_its_error_and_has_neither_tokens_nor_cost():
    error = {
        "error_code": "429",
        "error_class": "RateLimitError",
        "error_message": "Slow down.",
        "traceback": "line 1",
        "llm_provider": "openai",
    }
    nothing = {"response": {}, "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "metadata": {"usage_object": {}}}
    found = record(status="failure", response_cost=0.0, error_information=error, error_str="told twice", **nothing)

    assert found["status"] == "error"
    assert found["error"] == {"type": "RateLimitError", "message": "Slow down.", "code": "429"}
    assert "usage" not in found
    assert "output" not in found
    assert found["metadata"]["litellm"]["error_information"] == {"traceback": "line 1", "llm_provider": "openai"}


def test_the_first_token_is_told_of_streams_only():
    started = {"startTime": 100e7, "endTime": 100e7 + 2, "completionStartTime": 100e7 + 0.5}

    assert record(stream=True, **started)["performance"] == {"latency": 2000, "timeToFirstToken": 500}
    assert record(stream=False, **started)["performance"] == {"latency": 2000}
    assert record(stream=None, **started | {"completionStartTime": 100e7 + 2})["performance"] == {"latency": 2000}


def test_times_of_older_builds_are_texts():
    times = {
        "startTime": "2025-01-24 09:20:46.847371",
        "endTime": "2025-01-24 09:20:47.847371",
        "completionStartTime": "2025-01-24 09:20:47",
    }
    found = record(**times)

    assert found["timestamp"] == "2025-01-24T09:20:46.847371Z"
    assert found["performance"]["latency"] == 1000


def test_cached_and_written_tokens_are_counted_once_in_current_and_in_older_builds():
    """Older builds pass on Anthropic's counts as they are, which stand beside each other."""
    told = {"cache_read_input_tokens": 64, "cache_creation_input_tokens": 8}
    current = {"prompt_tokens": 128, "completion_tokens": 40, "total_tokens": 168, "prompt_tokens_details": {"cached_tokens": 64}, **told}
    hour = {"cached_tokens": 64, "cache_creation_tokens": 8, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 8}}
    beside = {"prompt_tokens": 56, "completion_tokens": 40, "total_tokens": 96, **told}

    usages = [record(metadata={"usage_object": usage})["usage"] for usage in (current, current | {"prompt_tokens_details": hour}, beside)]

    assert [(one["promptTokens"], one["cachedTokens"], one["cacheWriteTokens"]) for one in usages] == [(128, 64, 8)] * 3
    assert usages[1]["cacheWriteHourTokens"] == 8


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"response_cost": 0.0}, 0.0),  # the price of the model is known, and it is nothing
        ({"response_cost": 0.0, "model_map_information": {"model_map_value": None}}, None),
        ({"response_cost": 0.0, "model_map_information": {"model_map_value": {"mode": None, "input_cost_per_token": 0}}}, None),
        ({"response_cost": 0.0, "response_cost_failure_debug_info": {"error_str": "not mapped"}}, None),
        ({"response_cost": 0.0, "model_map_information": None, "cache_hit": True}, 0.0),
        ({"response_cost": None}, None),
        ({"response_cost": -1}, None),
        ({"response_cost": 10**30}, None),
    ],
)
def test_no_cost_is_not_a_cost_of_nothing(fields, cost):
    assert record(**fields)["usage"].get("cost") == cost


def test_who_asked_and_what_they_told_of_it_is_found_beside_the_call():
    about = {
        "user_api_key_user_id": "owner",
        "user_api_key_alias": "team key",
        "requester_metadata": {"feature": "search", "workflowId": "w", "litellm": "taken", "tags": "not a list"},
        "spend_logs_metadata": {"run": 7},
        "prompt_management_metadata": {"prompt_id": "p-1"},
    }
    found = record(end_user="eve", session_id="s-1", metadata=about)["metadata"]

    assert (found["userId"], found["sessionId"], found["functionId"], found["workflowId"]) == ("eve", "s-1", "p-1", "w")
    assert (found["feature"], found["run"]) == ("search", 7)
    assert found["litellm"]["own_metadata"] == {"litellm": "taken", "tags": "not a list"}
    assert found["litellm"]["metadata"]["user_api_key_alias"] == "team key"
    assert record(model_parameters={}, metadata=about)["metadata"]["userId"] == "owner"


def test_the_name_that_the_proxy_gives_a_model_is_kept_beside_the_model():
    found = record(model="bedrock/us.anthropic.claude-sonnet-4-5", custom_llm_provider="bedrock", model_group="fast")

    assert found["model"]["id"] == "us.anthropic.claude-sonnet-4-5"
    assert found["model"]["name"] == "fast"


def test_the_name_that_the_proxy_answers_with_is_no_version_of_the_model():
    found = record(model="openai/gpt-4o", model_group="tram-guide", response=ANSWER | {"model": "tram-guide"})

    assert found["model"] == {"id": "gpt-4o", "provider": "openai", "name": "tram-guide"}


def test_what_the_proxy_adds_to_a_request_is_not_among_what_was_told_beside_it():
    told = {"tags": ["a"], "session_id": "s-7", "team": "tours", "headers": {"accept": "*/*"}, "used_client_oauth_token": False}
    about = {"user_api_key_user_id": "default_user_id", "requester_metadata": told}
    found = record(metadata=about, model_parameters={}, request_tags=["a", "User-Agent: OpenAI"], trace_id="s-7")["metadata"]

    assert {name: value for name, value in found.items() if name != "litellm"} == {
        "requestId": "chatcmpl-7",
        "sessionId": "s-7",
        "serviceTier": "default",
        "tags": ["a"],
        "team": "tours",
    }
    assert found["litellm"]["metadata"]["requester_metadata"] == {"headers": {"accept": "*/*"}, "used_client_oauth_token": False}
    assert "own_metadata" not in found["litellm"]


def test_instructions_beside_the_messages_are_the_first_of_them():
    found = record(call_type="aresponses", messages="Where?", model_parameters={"instructions": "Be brief."})

    assert found["input"]["content"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}]
    assert "parameters" not in found


def test_embeddings_images_and_transcripts_are_kept_as_they_are():
    vectors = record(call_type="aembedding", response={"object": "list", "model": "m", "data": [{"index": 0, "embedding": [0.1, 0.2]}]})
    image = record(call_type="aimage_generation", response={"created": 1, "data": [{"url": "https://example.com/tram.png"}]})
    transcript = record(call_type="atranscription", response="hello")

    assert vectors["output"] == {"type": "json", "content": {"data": [{"index": 0, "embedding": [0.1, 0.2]}]}, "tokens": 40}
    assert image["output"]["type"] == "image"
    assert transcript["output"] == {"type": "text", "content": "hello", "tokens": 40}


@pytest.mark.parametrize(
    "kind", ["acreate_file", "afile_list", "aretrieve_batch", "avector_store_search", "call_mcp_tool", "aget_responses"]
)
def test_what_calls_no_model_is_no_generation_unless_it_used_tokens(kind):
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "metadata": {}, "response": {}}

    assert record_of(payload(call_type=kind, **nothing)) is None
    assert record_of(payload(call_type=kind)) is not None
    assert record_of(payload(call_type="acompletion", **nothing)) is not None


def test_the_first_format_of_the_callback_is_text_throughout():
    sent = {
        "id": "chatcmpl-1",
        "call_type": "acompletion",
        "cache_hit": "False",
        "startTime": "2025-01-24 09:20:46.847371",
        "endTime": "2025-01-24 09:20:47.347371",
        "model": "gpt-4o",
        "user": "ann",
        "modelParameters": "{'temperature': 0.3}",
        "messages": "[{'role': 'user', 'content': 'Hi'}]",
        "response": "ModelResponse(id='chatcmpl-1')",
        "usage": "Usage(completion_tokens=5, prompt_tokens=7, total_tokens=12, prompt_tokens_details=None)",
        "metadata": "{}",
        "cost": "0.0001",
    }
    found = record_of(sent)

    assert (found["usage"]["promptTokens"], found["usage"]["completionTokens"], found["usage"]["cost"]) == (7, 5, 0.0001)
    assert found["performance"] == {"latency": 500}
    assert found["metadata"]["userId"] == "ann"
    assert found["metadata"]["litellm"]["modelParameters"] == "{'temperature': 0.3}"


def test_hostile_values_are_cut_off_with_a_note():
    found = record(
        startTime=10**20,
        endTime=-5,
        model_parameters={"__proto__": {"isAdmin": True}, "temperature": "hot", "maxTokens": 1e300},
        messages=[{"role": "user", "content": "x", "extra": nested(200)}],
        metadata={"usage_object": {"prompt_tokens": 10**15, "completion_tokens": 3}},
    )

    notes = " | ".join(found["metadata"]["notes"])
    assert "startTime was ignored" in notes
    assert "`__proto__` was ignored" in notes
    assert "nested more than 64 levels" in notes
    assert "counts of more than" in notes
    assert "timestamp" not in found
    assert found["usage"] == {"completionTokens": 3, "cost": 0.00062, "currency": "USD", "costSource": "reported"}
    assert found["metadata"]["litellm"]["model_parameters"] == {"temperature": "hot", "maxTokens": 1e300}


def nested(levels: int) -> list:
    found: list = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize("value", ["text", 7, [], {}, {"id": "x"}, {"resourceSpans": []}])
def test_anything_else_is_refused_with_what_was_expected(value):
    with pytest.raises(InvalidRecord, match="expected a payload of LiteLLM's callback"):
        record_of(value)


@pytest.mark.parametrize("junk", [None, "", [], {}, "x", 7, True, [[]], {"a": None}])
def test_no_field_of_another_type_costs_the_record(junk):
    for name in payload():
        if name not in ("id", "model"):
            found = record_of(payload(**{name: junk}))
            assert not encode_each([found])[1], name
