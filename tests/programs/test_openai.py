"""OpenAI's client under each instrumentation: every call is one complete record, and what one does not send is named here."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER, VECTOR

pytestmark = pytest.mark.programs

CALLS = (
    *("several choices", "streamed", "tool", "streamed tool", "picture", "refused", "tried again"),
    *("response", "streamed response", "response with a tool", "embedding", "asynchronous"),
)
WITHOUT_TOKENS = ("refused", "embedding")
STREAMED = ("streamed", "streamed tool", "streamed response")
USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160, "cachedTokens": 64, "reasoningTokens": 16}
COST = 0.00062  # gpt-4o: 56 tokens at $2.50, 64 cached at $1.25 and 40 at $10 a million

NO_REASONING = {"openllmetry": ("streamed", "streamed tool")}
NO_FIRST_TOKEN = {"logfire": STREAMED, "openllmetry": ("streamed response",)}
WITHOUT_CONTEXT = ("mlflow",)  # its traces are its own, beside those of OpenTelemetry


@pytest.fixture(scope="module", params=["genai", "genai-events", "openinference", "openllmetry", "logfire", "mlflow"])
def sent(programs, request):
    """The sender, and its records in the order of the calls."""
    return request.param, programs.run("openai_calls.py", request.param)


@pytest.fixture
def sender(sent):
    return sent[0]


@pytest.fixture
def told(sent):
    """The record of each call."""
    return dict(zip(CALLS, sent[1], strict=True))


def usage(record):
    """The tokens, without those of audio, of which there are none."""
    return {name: count for name, count in record["usage"].items() if name.endswith("Tokens") and "udio" not in name}


def test_each_call_is_one_record_and_the_span_around_them_is_none(sent):
    assert [record["model"]["id"] for record in sent[1]] == [
        *["gpt-4o"] * 5,
        *("error-429", "flaky-gpt-4o"),
        *["gpt-4o"] * 3,
        *("text-embedding-3-small", "gpt-4o"),
    ]


def test_the_model_that_was_asked_and_the_one_that_answered_are_told(sender, told):
    provider = {} if sender == "mlflow" else {"provider": "openai"}

    assert told["several choices"]["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06"} | provider
    assert told["refused"]["model"] == {"id": "error-429"} | provider


def test_each_token_is_counted_once_and_priced(sender, told):
    for call in CALLS:
        if call not in WITHOUT_TOKENS:
            expected = {
                name: count for name, count in USAGE.items() if name != "reasoningTokens" or call not in NO_REASONING.get(sender, ())
            }
            assert usage(told[call]) == expected, call
            assert told[call]["usage"].get("cost") == (None if call == "tried again" else COST), call
    assert told["embedding"]["usage"]["promptTokens"] == 8
    assert told["embedding"]["usage"].get("cost") == (None if sender == "mlflow" else 1.6e-7)  # nobody says whose model it is


def test_what_was_said_is_there(sender, told):
    assert [told[call]["output"]["content"] for call in ("several choices", "streamed", "picture", "streamed response")] == [ANSWER] * 4
    assert told["several choices"]["output"]["alternatives"] == [{"content": f"{ANSWER} (1)", "finishReason": "stop"}]
    assert ANSWER in json.dumps(told["response"]["output"]["content"])
    for call in ("several choices", "response"):
        system, user = told[call]["input"]["content"]
        assert (system["role"], user["role"]) == ("system", "user")
        assert "Be brief." in json.dumps(system)
        assert "What should I see in Graz?" in json.dumps(user)
    assert told["picture"]["input"]["type"] == "multimodal"
    assert "https://example.org/graz.png" in json.dumps(told["picture"]["input"])
    if sender == "openinference":
        assert told["embedding"]["input"]["content"] == ["Graz", "Wien"]
        assert told["embedding"]["output"]["content"] == [VECTOR, VECTOR]


@pytest.mark.parametrize("call", ["tool", "streamed tool", "response with a tool"])
def test_calls_of_tools_are_the_output(told, call):
    output = told[call]["output"]

    assert output["type"] == "json"
    assert "weather" in (text := json.dumps(output["content"]))
    assert "Graz" in text
    assert output["finishReason"] in ("tool_calls", "tool_call", "completed")
    assert "weather" in json.dumps(told[call]["parameters"]["tools"])


def test_parameters_are_told(sender, told):
    expected = {"temperature": 0.5, "maxTokens": 100, "stopSequences": ["END"], "seed": 7, "n": 2}
    unsent = {"openllmetry": ("stopSequences", "seed", "n"), "logfire": ("n",)}.get(sender, ())
    parameters = told["several choices"]["parameters"]

    assert {name: parameters.get(name) for name in expected} == expected | dict.fromkeys(unsent)


def test_times_are_those_of_the_call(sender, told):
    for call, record in told.items():
        performance = record["performance"]
        assert performance["latency"] > 0
        has_first_token = call in STREAMED and call not in NO_FIRST_TOKEN.get(sender, ())
        assert (0 < performance.get("timeToFirstToken", 0) <= performance["latency"]) is has_first_token, call


def test_a_refusal_is_an_error_and_a_try_that_was_repeated_is_none(told):
    refused, tried_again = told["refused"], told["tried again"]

    assert (refused["status"], refused["error"]["type"].rpartition(".")[2]) == ("error", "RateLimitError")
    assert "The model is not to be had." in refused["error"]["message"]
    assert "usage" not in refused
    assert tried_again["status"] == "success"
    assert {record["status"] for call, record in told.items() if call != "refused"} == {"success"}


def test_the_ids_tell_where_it_belongs(sender, told):
    assert len({record["metadata"]["spanId"] for record in told.values()}) == len(CALLS)
    answered = [record for call, record in told.items() if call not in WITHOUT_TOKENS]
    assert len({record["metadata"]["requestId"] for record in answered}) == len(answered)
    around = [record["metadata"] for call, record in told.items() if call != "asynchronous"]
    if sender in WITHOUT_CONTEXT:
        assert len({about["traceId"] for about in around}) == len(around)
        return
    assert len({about["traceId"] for about in around}) == 1
    assert len({about["parentSpanId"] for about in around}) == 1
    assert {about["userId"] for about in around} == {"u-7"}
    assert {about.get("sessionId") for about in around} == {None if sender == "logfire" else "s-7"}  # Logfire takes sessions for secrets
    assert told["asynchronous"]["metadata"]["traceId"] != around[0]["traceId"]


def test_the_user_of_the_request_is_the_user(sender, told):
    assert told["asynchronous"]["metadata"].get("userId") == ("u-1" if sender in ("openinference", "openllmetry", "mlflow") else None)


def test_the_fields_it_fills_are_written_down(filled, sender, sent):
    filled.hold("OpenAI's client", sender, CALLS, sent[1])
