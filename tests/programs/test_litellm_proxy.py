"""LiteLLM's proxy as a process, with the callbacks as the docs set them up: each call that a client makes of it is one record."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs

CALLS = (
    *("plain", "streamed", "call of a tool", "after the tool", "refused", "no price", "no model"),
    *("response", "streamed response", "embedding", "message", "streamed message"),
)
IN_COMMON = 5
"""The first calls are those of the other frameworks."""
FAILED = ("refused", "no model")
STREAMED = ("streamed", "streamed response", "streamed message")
USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160, "cachedTokens": 64, "reasoningTokens": 16}
COST = 0.00062  # gpt-4o: 56 tokens at $2.50, 64 cached at $1.25 and 40 at $10 a million
CLAUDE_USAGE = {"promptTokens": 128, "completionTokens": 40, "totalTokens": 168, "cachedTokens": 64, "cacheWriteTokens": 8}
CLAUDE_COST = 0.0002724  # 56 tokens at $1, 64 from the cache at $0.10, 8 into it at $1.25 and 40 at $5 a million


@pytest.fixture(scope="module", params=["generic_api", "otel"])
def sent(programs, request):
    """The callback, and its records in the order of the calls."""
    return request.param, programs.run("litellm_proxy_calls.py", request.param)


@pytest.fixture
def callback(sent):
    return sent[0]


@pytest.fixture
def told(sent):
    """The record of each call."""
    return dict(zip(CALLS, sent[1], strict=True))


def test_each_call_is_one_record_and_what_the_proxy_does_around_it_is_none(sent):
    assert [record["status"] for record in sent[1]] == ["error" if call in FAILED else "success" for call in CALLS]


def test_the_model_is_the_one_that_was_called_and_not_the_proxy_s_name_of_it(callback, told):
    name = {"name": "tram-guide"} if callback == "generic_api" else {}
    for call in ("plain", "streamed", "call of a tool", "after the tool", "response", "streamed response"):
        assert told[call]["model"] == {"id": "gpt-4o", "provider": "openai"} | name, call
    for call in ("message", "streamed message"):
        assert (told[call]["model"]["id"], told[call]["model"]["provider"]) == ("claude-haiku-4-5-20251001", "anthropic")
    assert told["embedding"]["model"]["id"] == "text-embedding-3-small"
    assert (told["refused"]["model"]["id"], told["no model"]["model"]) == ("error-429", {"id": "unheard-of"})


def test_each_token_is_counted_once_and_priced_by_both_sides(told):
    for call, record in told.items():
        if call in FAILED:
            assert "usage" not in record
            continue
        usage, cost = (CLAUDE_USAGE, CLAUDE_COST) if "message" in call else (USAGE, COST)
        if call == "embedding":
            usage, cost = {"promptTokens": 8, "completionTokens": 0, "totalTokens": 8}, 1.6e-7
        assert {name: record["usage"].get(name) for name in usage} == usage, call
        if call == "no price":
            assert not {"cost", "computedCost"} & record["usage"].keys(), "LiteLLM says 0 of a model whose price it does not know"
            continue
        assert record["usage"]["cost"] == pytest.approx(cost, rel=1e-12), call
        assert (record["usage"]["costSource"], record["usage"]["computedCost"]) == ("reported", cost), call


def test_what_was_said_is_there(told):
    for call, record in told.items():
        if call not in (*FAILED, "embedding", "call of a tool"):
            assert record["output"]["content"] == ANSWER, call
            assert record["output"]["finishReason"] in ("stop", "completed"), call
    for call in ("plain", "streamed", "refused", "response", "message"):
        system, user = told[call]["input"]["content"]
        assert (system["role"], user["role"]) == ("system", "user")
        assert "Be brief." in json.dumps(system)
        assert "What should I see in Graz?" in json.dumps(user)
    assert "weather" in json.dumps(told["call of a tool"]["output"]["content"])
    assert "Rain in Graz." in json.dumps(told["after the tool"]["input"]["content"])
    assert told["plain"]["parameters"]["temperature"] == 0.5


def test_times_are_those_of_the_call(callback, told):
    for call, record in told.items():
        performance = record["performance"]
        assert performance["latency"] > 0
        has_first_token = callback == "generic_api" and call in STREAMED
        assert (0 < performance.get("timeToFirstToken", 0) <= performance["latency"]) is has_first_token, call


def test_errors_of_the_provider_and_of_the_proxy_itself_are_kept(told):
    refused, unknown = told["refused"]["error"], told["no model"]["error"]

    assert (refused["type"], refused["code"]) == ("RateLimitError", "429")
    assert "The model is not to be had." in refused["message"]
    assert (unknown["type"], unknown["code"]) == ("ProxyModelNotFoundError", "400")
    assert "unheard-of" in unknown["message"]


def test_ids_users_sessions_tags_and_keys_are_told(callback, told):
    ids = ("chatcmpl-1", "chatcmpl-2", "chatcmpl-3", "chatcmpl-4", None)
    for call, request_id in zip(CALLS[:IN_COMMON], ids, strict=True):
        about = told[call]["metadata"]
        assert about.get("requestId") == request_id
        assert (about["userId"], about["sessionId"], about["tags"]) == ("u-7", "s-7", ["tour"])
        if callback == "generic_api":
            assert about["desk"] == "main square"
    assert told["message"]["metadata"]["userId"] == "u-8"
    assert told["embedding"]["metadata"]["userId"] == "ann", "whose key it was"
    assert len({record["metadata"]["traceId"] for record in told.values()}) == len(CALLS)
    for record in told.values():
        about = record["metadata"]
        key = about["litellm"]["metadata"] if callback == "generic_api" else about["otel"]["litellm"]
        assert (key["user_api_key_alias"], key["user_api_key_team_alias"]) == ("desk", "guides")


def test_the_fields_it_fills_are_written_down(filled, sent):
    filled.hold("Frameworks", f"litellm proxy, {sent[0]}", CALLS[:IN_COMMON], sent[1][:IN_COMMON])
