"""Frameworks and SDKs that ask the same five things of OpenAI's API, each with its own way of telling: five complete records."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs

CALLS = ("plain", "streamed", "call of a tool", "after the tool", "refused")
SENDERS = {
    "pydantic-ai": ("pydantic_ai_calls.py",),
    "langchain, genai": ("langchain_calls.py", "genai"),
    "langchain, openinference": ("langchain_calls.py", "openinference"),
    "langchain, openllmetry": ("langchain_calls.py", "openllmetry"),
    "langchain, langsmith": ("langchain_calls.py", "langsmith"),
    "langchain, mlflow": ("langchain_calls.py", "mlflow"),
    "litellm, generic_api": ("litellm_calls.py", "generic_api"),
    "litellm, otel": ("litellm_calls.py", "otel"),
    "langfuse": ("langfuse_calls.py",),
    "vercel": ("calls.mjs", "current"),
    "vercel, legacy": ("calls.mjs", "legacy"),
}
USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160, "cachedTokens": 64, "reasoningTokens": 16}
COST = 0.00062  # gpt-4o: 56 tokens at $2.50, 64 cached at $1.25 and 40 at $10 a million

NO_REASONING = ("langchain, openllmetry", "langchain, mlflow", "vercel")
NO_PROVIDER = ("langfuse",)
NO_FIRST_TOKEN = ("langchain, openinference", "langchain, openllmetry", "langchain, langsmith", "langchain, mlflow", "litellm, otel")
NO_CONTEXT = ("langchain, mlflow",)
NO_SESSION = ("langchain, mlflow", "litellm, generic_api", "litellm, otel")
AGENTS = {"vercel": "guide", "langfuse": "forecaster", "pydantic-ai": "forecaster"}
AGENTS |= dict.fromkeys(("langchain, genai", "langchain, openllmetry"), "forecaster")


@pytest.fixture(scope="module", params=SENDERS)
def sent(programs, request):
    """The sender, and its records in the order of the calls."""
    return request.param, programs.run(*SENDERS[request.param])


@pytest.fixture
def sender(sent):
    return sent[0]


@pytest.fixture
def told(sent):
    """The record of each call."""
    return dict(zip(CALLS, sent[1], strict=True))


def test_each_call_is_one_record_and_what_is_around_it_is_none(sent):
    """Agents, chains, steps and tools have spans of their own, which often repeat the usage."""
    assert [record["status"] for record in sent[1]] == ["success"] * 4 + ["error"]


def test_the_model_is_told(sender, told):
    for call, record in told.items():
        model = record["model"]
        assert (model["id"], model.get("version")) in (
            [("error-429", None)]
            if call == "refused"
            else [("gpt-4o", "gpt-4o-2024-08-06"), ("gpt-4o", "gpt-4o"), ("gpt-4o-2024-08-06", None), ("gpt-4o", None)]
        ), call
        assert model.get("provider") == (None if sender in NO_PROVIDER else "openai"), call


def test_each_token_is_counted_once_and_priced(sender, told):
    expected = {name: count for name, count in USAGE.items() if name != "reasoningTokens" or sender not in NO_REASONING}
    for call, record in told.items():
        if call == "refused":
            assert "usage" not in record
            continue
        assert {name: count for name, count in record["usage"].items() if name in USAGE} == expected, call
        assert record["usage"]["cost"] == pytest.approx(COST, rel=1e-12), call
        assert record["usage"]["computedCost"] == COST, call


def test_what_was_said_is_there(told):
    for call in ("plain", "streamed", "after the tool"):
        assert told[call]["output"]["content"] == ANSWER, call
        assert told[call]["output"].get("finishReason") in ("stop", "completed", None)
    system, user = told["plain"]["input"]["content"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "Be brief." in json.dumps(system)
    assert "What should I see in Graz?" in json.dumps(user)


def test_a_tool_is_in_the_output_of_one_call_and_in_the_input_of_the_next(sender, told):
    output = told["call of a tool"]["output"]

    assert output["type"] == "json"
    assert "weather" in (said := json.dumps(output["content"]))
    assert "Graz" in said
    assert "Rain in Graz." in json.dumps(told["after the tool"]["input"]["content"])
    assert "weather" in json.dumps(told["call of a tool"]["parameters"]["tools"])
    assert told["plain"]["parameters"]["temperature"] == 0.5
    assert told["plain"]["parameters"]["maxTokens"] == 100


def test_times_are_those_of_the_call(sender, told):
    for call, record in told.items():
        performance = record["performance"]
        assert performance["latency"] > 0
        has_first_token = call == "streamed" and sender not in NO_FIRST_TOKEN
        assert (0 < performance.get("timeToFirstToken", 0) <= performance["latency"]) is has_first_token, call


def test_a_refusal_is_told_with_its_reason(told):
    error = told["refused"]["error"]

    assert "The model is not to be had." in error["message"]
    assert "Traceback" not in error["message"]


def test_it_belongs_to_a_user_a_session_and_an_agent(sender, told):
    for record in told.values():
        about = record["metadata"]
        assert about.get("userId") == (None if sender in NO_CONTEXT else "u-7")
        assert about.get("sessionId") == (None if sender in NO_SESSION else "s-7")
    agents = {told[call]["metadata"].get("agentId") for call in ("call of a tool", "after the tool")}
    assert agents == {AGENTS.get(sender)}


def test_the_fields_it_fills_are_written_down(filled, sender, sent):
    filled.hold("Frameworks", sender, CALLS, sent[1])
