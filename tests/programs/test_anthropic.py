"""Anthropic's client under each instrumentation, alone and beside the spans that the client makes by itself."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER, THOUGHT

pytestmark = pytest.mark.programs

CALLS = ("plain", "streamed", "streamed tool", "thought", "refused", "tried again", "asynchronous")
STREAMED = ("streamed", "streamed tool")
MODEL = "claude-haiku-4-5-20251001"
USAGE = {"promptTokens": 128, "completionTokens": 40, "totalTokens": 168, "cachedTokens": 64, "cacheWriteTokens": 8}
COST = 0.0002724  # 56 tokens at $1, 64 from the cache at $0.10, 8 into it at $1.25 and 40 at $5 a million

WITHOUT_STREAMS = ("mlflow",)  # of one it sees no end, of the other nothing at all
WITHOUT_CONTEXT = ("mlflow",)
FIRST_TOKENS = {"genai": ["streamed"], "genai-events": ["streamed"], "openinference": [], "openllmetry": [], "logfire": [], "mlflow": []}
SENDERS = ("own", "genai", "genai-events", "openinference", "openllmetry", "logfire", "mlflow")


@pytest.fixture(scope="module", params=[*SENDERS, "genai beside own", "openinference beside own", "openllmetry beside own"])
def sent(programs, request):
    """The sender, the calls that it tells of, and their records in the same order."""
    name, _, beside = request.param.partition(" beside ")
    is_own = beside or name == "own"
    records = programs.run("anthropic_calls.py", name, ANTHROPIC_OPEN_TELEMETRY=str(bool(is_own)).lower())
    if request.param == "openllmetry beside own":
        # With no span around it, the client does not see OpenLLMetry's, and begins a trace of its own.
        again = records.pop()
        assert again["metadata"]["requestId"] == records[-1]["metadata"]["requestId"]
        assert again["metadata"]["traceId"] != records[-1]["metadata"]["traceId"]
    return request.param, [call for call in CALLS if (name, call) != ("mlflow", "streamed tool")], records


@pytest.fixture
def sender(sent):
    return sent[0]


@pytest.fixture
def told(sent):
    """The record of each call; without those streams that the sender does not follow."""
    by_call = dict(zip(sent[1], sent[2], strict=True))
    return {call: record for call, record in by_call.items() if not (sent[0] in WITHOUT_STREAMS and call in STREAMED)}


def test_each_call_is_one_record_and_neither_the_span_around_it_nor_a_second_one(sent):
    models = {"refused": "error-429", "tried again": "flaky-claude"}

    assert [record["model"]["id"] for record in sent[2]] == [models.get(call, MODEL) for call in sent[1]]


def test_the_model_that_was_asked_and_the_one_that_answered_are_told(sender, told):
    assert told["plain"]["model"] == {"id": MODEL, "version": MODEL, "provider": "anthropic"}
    assert told["tried again"]["model"]["version"] == "flaky-claude-20250514"
    assert told["refused"]["model"] == {"id": "error-429", "provider": "anthropic"}


def test_cached_tokens_are_counted_inside_and_priced(sender, told):
    for call, record in told.items():
        if call == "refused":
            assert "usage" not in record
            continue
        usage = {name: count for name, count in record["usage"].items() if name.endswith("Tokens")}
        if sender == "openllmetry" and call in STREAMED:  # it adds the one token that a stream begins with to those at its end
            assert usage == USAGE | {"completionTokens": 41, "totalTokens": 169}
        else:
            assert usage == USAGE, call
            assert record["usage"].get("cost") == (None if call == "tried again" else COST), call


def test_what_was_said_is_there(sender, told):
    assert told["plain"]["output"]["content"] == ANSWER
    system, user = told["plain"]["input"]["content"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "Be brief." in json.dumps(system)
    assert "What should I see in Graz?" in json.dumps(user)
    assert (said := json.dumps(told["thought"]["output"]["content"])).index(THOUGHT) < said.index(ANSWER)
    if "streamed" in told and sender != "own":  # of a stream that is read piece by piece, its own spans keep nothing
        assert told["streamed"]["output"]["content"] == ANSWER
    assert told["plain"]["output"]["finishReason"] in ("end_turn", "stop")
    assert told["plain"]["parameters"]["maxTokens"] == 100


def test_calls_of_tools_are_the_output(sender, told):
    if sender in WITHOUT_STREAMS:
        return
    output = told["streamed tool"]["output"]

    assert "weather" in (said := json.dumps(output["content"]))
    assert "Graz" in said.replace(ANSWER, "")
    assert output["finishReason"] in ("tool_use", "tool_call")


def test_times_are_those_of_the_call(sender, told):
    for call, record in told.items():
        performance = record["performance"]
        has_first_token = call in FIRST_TOKENS.get(sender, STREAMED)
        assert (0 < performance.get("timeToFirstToken", 0) <= performance["latency"]) is has_first_token, call


def test_a_refusal_is_an_error_and_a_try_that_was_repeated_is_none(sender, told):
    assert {call for call, record in told.items() if record["status"] != "success"} == {"refused"}
    error = told["refused"]["error"]
    assert error["type"].rpartition(".")[2] in ("RateLimitError", "rate_limit_error")
    if sender != "own":
        assert "The model is not to be had." in error["message"]


def test_the_ids_tell_where_it_belongs(sender, told):
    ids = dict(zip(CALLS, (*("msg_1", "msg_2", "msg_3", "msg_4"), None, *("msg_7", "msg_8")), strict=True))  # msg_6 was tried again
    assert {call: record["metadata"].get("requestId") for call, record in told.items()} == {call: ids[call] for call in told}
    if sender in WITHOUT_CONTEXT:
        return
    around = [record["metadata"] for call, record in told.items() if call != "asynchronous"]
    assert len({about["traceId"] for about in around}) == 1
    assert {about["userId"] for about in around} == {"u-7"}
    assert {about.get("sessionId") for about in around} == {None if sender == "logfire" else "s-7"}


def test_the_fields_it_fills_are_written_down(filled, sent):
    sender, calls, records = sent
    if sender in SENDERS:
        by_call = dict(zip(calls, records, strict=True))
        filled.hold("Anthropic's client", sender, CALLS, [by_call.get(call, {}) for call in CALLS])
