"""The clients of other providers, each with the instrumentations that there are of it: in the process by `instrument()`, and over OTLP."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs

CALLS = ("plain", "streamed", "tool", "refused")
MODELS = {
    "bedrock": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "cohere": "command-a-03-2025",
    "google-genai": "gemini-2.5-flash",
    "groq": "openai/gpt-oss-20b",
    "mistralai": "mistral-large-latest",
    "ollama": "llama3.2",
}
USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160}
CACHED = {"cachedTokens": 64}
THOUGHT = {"reasoningTokens": 16}
USAGES = {
    "bedrock": {"promptTokens": 192, "completionTokens": 40, "totalTokens": 232, "cachedTokens": 64, "cacheWriteTokens": 8},
    "google-genai": USAGE | CACHED | THOUGHT,
    "groq": USAGE | CACHED | THOUGHT,
}
COSTS = {
    "bedrock": 0.00037004,  # 120 tokens at $1.10, 64 from the cache at $0.11, 8 into it at $1.375 and 40 at $5.50 a million
    "cohere": 0.0007,  # 120 tokens at $2.50 and 40 at $10 a million
    "google-genai": 0.00011872,  # 56 tokens at $0.30, 64 from the cache at $0.03 and 40 at $2.50 a million
    "groq": 0.0000186,  # 56 tokens at $0.075, 64 from the cache at $0.0375 and 40 at $0.30 a million
    "mistralai": 0.00048,  # 120 tokens at $2 and 40 at $6 a million
}

IN_THE_PROCESS = {
    "bedrock": "bedrock, genai",
    "cohere": "cohere, openinference",
    "google_genai": "google-genai, genai",
    "groq": "groq, openllmetry",
    "mistralai": "mistralai, openinference",
    "ollama": "ollama, openinference",
}
RUNS = {
    "instrument": IN_THE_PROCESS,
    "genai": {"bedrock": "bedrock, genai", "google_genai": "google-genai, genai"},
    "openinference": {name: f"{name.replace('_', '-')}, openinference" for name in IN_THE_PROCESS},
    "openllmetry": {
        "bedrock": "bedrock, openllmetry",
        "google_generativeai": "google-genai, openllmetry",
        "groq": "groq, openllmetry",
        "ollama": "ollama, openllmetry",
    },
}
SENDERS = [(how, client) for how, clients in RUNS.items() for client in clients]

WITHOUT_STREAMS = ("groq, openinference",)
LAST_PIECE_ONLY = ("google-genai, openllmetry",)  # of a stream it tells the last piece for the whole
NO_REASONING = ("groq, openllmetry",)
NO_CALLS_OF_TOOLS = ("ollama, openllmetry",)
FIRST_TOKEN = ("bedrock, genai", "google-genai, genai", "mistralai, openinference")
PROVIDER_UNTOLD_OF_ERRORS = ("mistralai, openinference",)
INPUT_UNTOLD_OF_ERRORS = ("bedrock, openllmetry",)


@pytest.fixture(scope="module")
def runs(programs):
    """What each run told, by the client: its records in the order of the calls."""
    done: dict[str, dict[str, list]] = {}

    def run(how):
        if how not in done:
            done[how] = {client: [] for client in RUNS[how]}
            for record in programs.run("client_calls.py", how, *RUNS[how]):
                done[how][record["metadata"]["userId"]].append(record)
        return done[how]

    return run


@pytest.fixture(scope="module", params=SENDERS, ids=" of ".join)
def sent(runs, request):
    """Who told, the client, and the records."""
    how, client = request.param
    sender = RUNS[how][client]
    return sender, sender.partition(",")[0], runs(how)[client]


@pytest.fixture
def told(sent):
    """The record of each call; without those streams that the sender does not follow."""
    by_call = dict(zip(CALLS, sent[2], strict=True))
    return {call: record for call, record in by_call.items() if not (sent[0] in WITHOUT_STREAMS and call == "streamed")}


def test_each_call_is_one_complete_record(sent, told):
    sender, client, records = sent

    assert [record["status"] for record in records] == ["success"] * 3 + ["error"]
    for call in told.keys() - {"refused"}:
        model = told[call]["model"]
        asked = MODELS[client].removeprefix("us.anthropic.") if sender == "bedrock, openllmetry" else MODELS[client]
        assert model["id"] == asked
        assert model["provider"]
        assert told[call]["performance"]["latency"] > 0
        assert json.dumps(told[call]["input"]["content"]).index("Be brief.") >= 0
        assert "What should I see in Graz?" in json.dumps(told[call]["input"]["content"])
    assert told["plain"]["output"]["content"] == ANSWER
    if "streamed" in told and sender not in LAST_PIECE_ONLY:
        assert told["streamed"]["output"]["content"] == ANSWER
    if sender not in NO_CALLS_OF_TOOLS:
        assert told["tool"]["output"]["type"] == "json"
        assert "weather" in (said := json.dumps(told["tool"]["output"]["content"]))
        assert "Graz" in said
        assert "weather" in json.dumps(told["tool"]["parameters"]["tools"])


def test_each_token_is_counted_once_and_priced(sent, told):
    sender, client, _ = sent
    for call in told.keys() - {"refused"}:
        usage = told[call]["usage"]
        expected = USAGES.get(client, USAGE)
        if sender in NO_REASONING:
            expected = {name: count for name, count in expected.items() if name != "reasoningTokens"}
        assert {name: count for name, count in usage.items() if name.endswith("Tokens")} == expected, call
        assert usage.get("cost") == COSTS.get(client), call
    assert "usage" not in told["refused"]


def test_the_time_to_the_first_token_is_that_of_the_stream(sent, told):
    for call, record in told.items():
        performance = record["performance"]
        has_first_token = call == "streamed" and sent[0] in FIRST_TOKEN
        assert (0 < performance.get("timeToFirstToken", 0) <= performance["latency"]) is has_first_token, call


def test_a_refusal_is_told_with_its_reason(sent, told):
    sender, _, _ = sent
    refused = told["refused"]

    assert refused["model"]["id"] == "error-429"
    assert ("provider" in refused["model"]) is (sender not in PROVIDER_UNTOLD_OF_ERRORS)
    assert "The model is not to be had." in refused["error"]["message"]
    assert refused["error"]["type"]
    assert ("input" in refused) is (sender not in INPUT_UNTOLD_OF_ERRORS)


def test_the_fields_it_fills_are_written_down(filled, sent, request):
    if request.node.callspec.params["sent"][0] != "instrument":  # where there is no span around the calls
        filled.hold("Other clients", sent[0], CALLS, sent[2])
