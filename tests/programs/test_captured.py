"""What records in the process: `instrument()` with the real instrumentations, and the callbacks of LangChain and LiteLLM."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs

OPENAI_USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160, "cachedTokens": 64, "reasoningTokens": 16}
ANTHROPIC_USAGE = {"promptTokens": 128, "completionTokens": 40, "totalTokens": 168, "cachedTokens": 64, "cacheWriteTokens": 8}

OWN = ("agno", "anthropic", "bedrock", "dspy", "langchain", "llama-index", "openai", "openai-agents", "smolagents")
"""Libraries that OpenTelemetry has an instrumentation of its own for."""


def usage(record):
    return {name: count for name, count in record["usage"].items() if name in {*OPENAI_USAGE, *ANTHROPIC_USAGE}}


def assert_complete(record, used=OPENAI_USAGE):
    assert record["status"] == "success"
    assert usage(record) == used
    assert record["usage"]["cost"] > 0
    assert ANSWER in json.dumps(record["output"]["content"]) or "weather" in json.dumps(record["output"]["content"])
    assert "Graz" in json.dumps(record["input"]["content"]) or "sunny" in json.dumps(record["input"]["content"])
    assert record["performance"]["latency"] > 0
    assert record["metadata"]["traceId"]


@pytest.fixture(scope="module")
def instrumented(programs):
    """What a program with all instrumentations said, and its records."""
    records = programs.run("captured_calls.py", "instrumentations")
    return json.loads(programs.said), records


def test_the_best_instrumentation_of_each_library_is_turned_on(instrumented):
    told = instrumented[0]
    chosen = {library: package.partition(" ")[0] for library, package in told["turned_on"].items()}

    assert chosen == {
        **{name: f"opentelemetry-instrumentation-genai-{name}" for name in OWN},
        **{name: f"openinference-instrumentation-{name}" for name in ("cohere", "litellm", "mistralai", "ollama")},
        **{name: f"opentelemetry-instrumentation-{name}" for name in ("google-genai", "groq")},
        "pydantic-ai": "pydantic-ai",
    }
    left = {package.partition(" ")[0]: reason for package, reason in told["left"].items()}
    assert left["openinference-instrumentation-openai"] == "opentelemetry-instrumentation-genai-openai tells of openai"


def test_each_call_is_one_complete_record(instrumented):
    records = instrumented[1]
    choices, streamed, refused, claude, chain, chain_streamed, agent = records

    assert [record["model"]["id"] for record in records] == ["gpt-4o", "gpt-4o", "error-429", "claude-haiku-4-5-20251001", *["gpt-4o"] * 3]
    for record in (choices, streamed, chain, chain_streamed, agent):
        assert_complete(record)
    assert_complete(claude, ANTHROPIC_USAGE)
    assert choices["parameters"] == {"n": 2, "seed": 7}
    assert len(choices["output"]["alternatives"]) == 1
    assert streamed["performance"]["timeToFirstToken"] > 0
    assert (refused["status"], refused["error"]["type"]) == ("error", "openai.RateLimitError")


def test_who_asks_and_what_is_around_is_told(instrumented):
    choices, _, _, _, chain, _, agent = instrumented[1]

    assert (choices["metadata"]["userId"], choices["metadata"]["sessionId"]) == ("u-7", "s-7")
    assert chain["metadata"]["workflowId"] == "guide of cities"
    assert agent["metadata"]["agentId"] == "guide"


def test_a_program_with_exporters_of_its_own_keeps_them_and_its_instrumentations(programs):
    records = programs.run("captured_calls.py", "own-provider")
    told = json.loads(programs.said)

    assert [record["model"]["id"] for record in records] == ["gpt-4o", "claude-haiku-4-5-20251001"]
    assert_complete(records[0])
    assert_complete(records[1], ANTHROPIC_USAGE)
    assert len({record["metadata"]["traceId"] for record in records}) == 1
    left = {package.partition(" ")[0]: reason for package, reason in told["left"].items()}
    assert left["openinference-instrumentation-openai"] == "it was on already; what it tells is recorded"
    assert left["opentelemetry-instrumentation-genai-openai"] == "openinference-instrumentation-openai tells of openai"
    assert not [advice for advice in told["advice"] if "sampler" in advice]
    names = told["seen"]["opentelemetry.instrumentation.genai.anthropic"]
    assert "gen_ai.usage.input_tokens" in names
    assert not [name for name in names if "messages" in name or "instructions" in name], "messages are nothing for the program's exporters"


def test_langchain_tells_each_call_to_its_callback(programs):
    records = programs.run("captured_calls.py", "langchain")
    invoked, streamed, chain, asks_for_tool, answers, refused, closed, choices, asynchronous = records

    for record in (invoked, streamed, chain, asks_for_tool, answers, choices, asynchronous):
        assert_complete(record)
    assert invoked["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert invoked["input"]["content"][0] == {"role": "system", "content": "Be brief."}
    assert invoked["parameters"]["temperature"] == 0.5
    assert invoked["output"]["finishReason"] == "stop"
    assert invoked["metadata"]["requestId"].startswith("chatcmpl-")
    assert (invoked["metadata"]["sessionId"], invoked["metadata"]["team"], invoked["metadata"]["tags"]) == ("s-7", "tours", ["travel"])
    assert streamed["performance"]["timeToFirstToken"] > 0
    assert chain["metadata"]["workflowId"] == "guide of cities"
    assert asks_for_tool["output"]["content"]["tool_calls"][0]["function"]["name"] == "weather"
    assert {record["metadata"]["agentId"] for record in (asks_for_tool, answers)} == {"guide"}
    assert asks_for_tool["metadata"]["traceId"] == answers["metadata"]["traceId"] != invoked["metadata"]["traceId"]
    assert (refused["status"], refused["error"]["message"]) == ("error", "Error code: 429 - The model is not to be had.")
    assert (closed["status"], closed["output"]["content"]) == ("error", "The ")
    assert [one["content"] for one in choices["output"]["alternatives"]] == [f"{ANSWER} (1)"]
    assert asynchronous["metadata"]["userId"] == "u-7"


def test_litellm_tells_each_call_to_its_logger(programs):
    records = programs.run("captured_calls.py", "litellm")

    for called, streamed, refused in (records[:3], records[3:]):
        assert_complete(called)
        assert_complete(streamed)
        assert streamed["performance"]["timeToFirstToken"] > 0
        assert (refused["status"], refused["error"]["code"]) == ("error", "429")
    assert {(record["metadata"]["userId"], *record["metadata"]["tags"]) for record in records} == {("u-7", "travel")}
