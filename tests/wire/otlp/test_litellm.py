"""The spans of LiteLLM's `otel` callback."""

from __future__ import annotations

from generations.wire.otlp.trace import read_traces

from .payloads import CHAT, a_span, only

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4, "text_tokens": None}}
CALLED = CHAT | {
    "gen_ai.operation.name": "acompletion",
    "llm.request.type": "acompletion",
    "llm.is_streaming": "False",
    "llm.user": "u-1",
    "litellm.call_id": "c-1",
    "gen_ai.cost.total_cost": 0.5,
    "metadata.user_agent": "",
    "metadata.user_api_key_team_id": "t-1",
    "metadata.usage_object": str(USAGE),
}


def a_call(**fields):
    return a_span(scope="litellm", name="litellm_request", kind="internal", **fields)


def test_a_call_is_a_record_with_what_only_its_copy_of_the_usage_tells():
    record = only(a_call(attributes=CALLED))

    assert record["usage"]["cachedTokens"] == 4
    assert (record["usage"]["cost"], record["usage"]["costSource"]) == (0.5, "reported")
    assert record["parameters"] == {"stream": False}
    assert (record["metadata"]["userId"], record["metadata"]["requestId"]) == ("u-1", "chatcmpl-1")
    assert record["metadata"]["otel"]["litellm"] == {"user_api_key_team_id": "t-1"}


def test_the_raw_request_below_it_and_the_work_of_the_proxy_are_none():
    raw = a_span("0000000000000002", scope="litellm", name="raw_gen_ai_request", attributes={"llm.openai.model": "gpt-4o"})
    proxy = a_span("0000000000000003", scope="litellm", name="auth", attributes={"service": "auth"})

    assert len(read_traces([a_call(attributes=CALLED), raw, proxy], []).records) == 1


def test_a_usage_that_is_no_literal_or_of_another_call_is_left():
    for said in ("__import__('os')", "{" * 3_000, str(USAGE | {"prompt_tokens": 13}), "x" * 10_000):
        assert "cachedTokens" not in only(a_call(attributes=CALLED | {"metadata.usage_object": said}))["usage"]


def test_a_call_that_failed_has_no_answer():
    told = {"gen_ai.response.id": "c-1", "gen_ai.response.model": None, "error.message": "no", "error.type": "RateLimitError"}
    record = only(a_call(status="error", attributes=CALLED | told))

    assert record["error"] == {"type": "RateLimitError", "message": "no"}
    assert "requestId" not in record["metadata"]


def test_the_call_of_a_tool_is_the_output():
    told = {
        "gen_ai.output.messages": '[{"role": "assistant", "parts": []}]',
        "gen_ai.completion.0.function_call.name": "look",
        "gen_ai.completion.0.function_call.arguments": "{}",
    }

    assert only(a_call(attributes=CALLED | told))["output"]["content"] == {"function_call": {"name": "look", "arguments": "{}"}}


def test_the_proxy_tells_its_own_name_of_the_model_and_who_asked_at_places_of_its_own():
    told = {
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "tram-guide",
        "gen_ai.system": "",
        "gen_ai.cost.total_cost": 0.0,
        "litellm.model_group": "tram-guide",
        "litellm.provider.model": "openai/gpt-4o",
        "llm.user": None,
        "metadata.user_api_key_user_id": "ann",
        "metadata.requester_metadata": str({"session_id": "s-7", "tags": ["tour"], "headers": {"accept": "*/*"}}),
    }
    record = only(a_call(attributes=CALLED | told))

    assert record["model"] == {"id": "gpt-4o", "provider": "openai"}
    assert "cost" not in record["usage"], "it writes 0 where it knows no price"
    about = record["metadata"]
    assert (about["userId"], about["sessionId"], about["tags"]) == ("ann", "s-7", ["tour"])
    assert about["otel"]["litellm"]["model_group"] == "tram-guide"
    nobody = only(a_call(attributes=CALLED | told | {"metadata.user_api_key_user_id": "default_user_id"}))
    assert "userId" not in nobody["metadata"]


def test_a_call_that_is_told_on_the_span_of_a_web_server_is_one():
    on_server = a_span(scope="fastapi", name="POST /v1/chat/completions", kind="server", attributes=CALLED)

    assert only(on_server)["usage"]["cost"] == 0.5
