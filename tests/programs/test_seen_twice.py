"""A framework and the client below it, each with its instrumentation: what both tell of is one record."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs

USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160, "cachedTokens": 64, "reasoningTokens": 16}
COST = 0.00062  # gpt-4o: 56 tokens at $2.50, 64 cached at $1.25 and 40 at $10 a million
AGENTS = {"agno": ["guide"] * 5, "openai_agents": ["guide", "guide", "forecaster", "forecaster", "guide"]}
RUNS = {
    "instrument": ("agno", "dspy", "litellm", "llama_index", "openai_agents", "smolagents"),
    "openinference": ("agno", "litellm", "openai_agents", "smolagents"),
}


@pytest.mark.parametrize("family", ["genai", "openinference", "openllmetry"])
def test_langchain_and_the_client_below_it_are_one_call(programs, family):
    records = programs.run("langchain_calls.py", family, "openai")

    assert [record["status"] for record in records] == ["success"] * 4 + ["error"]
    # The other two keep their instrumentation of the client silent below that of LangChain.
    outer = [len(record["metadata"]["otel"].get("outerSpans", ())) for record in records]
    assert outer == [1 if family == "openinference" else 0] * 5
    for record in records[:4]:
        usage = record["usage"]
        assert (usage["promptTokens"], usage["completionTokens"], usage["cachedTokens"], usage["cost"]) == (120, 40, 64, 0.00062)
    ids = [record["metadata"].get("requestId") for record in records[:4]]
    assert ids == ["chatcmpl-1", None if family == "openllmetry" else "chatcmpl-2", "chatcmpl-3", "chatcmpl-4"]
    assert [records[number]["output"]["content"] for number in (0, 1, 3)] == [ANSWER] * 3
    assert {record["metadata"]["userId"] for record in records} == {"u-7"}


@pytest.fixture(scope="module")
def runs(programs):
    """The records of each framework, in the order of its calls."""
    done: dict[str, dict[str, list]] = {}

    def run(how):
        if how not in done:
            done[how] = {name: [] for name in RUNS[how]}
            for record in programs.run("framework_calls.py", how, *RUNS[how]):
                done[how][record["metadata"]["userId"]].append(record)
        return done[how]

    return run


@pytest.mark.parametrize(("how", "framework"), [(how, name) for how, names in RUNS.items() for name in names])
def test_each_call_of_a_framework_is_one_complete_record(runs, how, framework):
    """A question, a stream, a call of a tool, with agents an answer after it, and a refusal."""
    records = runs(how)[framework]
    *answered, refused = records

    assert [record["status"] for record in records] == ["success"] * (4 if framework in AGENTS else 3) + ["error"]
    model, usage, cost = ("llama3.2", dict(list(USAGE.items())[:3]), None) if framework == "llama_index" else ("gpt-4o", USAGE, COST)
    for record in answered:
        assert record["model"]["id"] == model
        assert record["model"]["provider"] == ("ollama" if framework == "llama_index" else "openai")
        assert {name: count for name, count in record["usage"].items() if name in USAGE} == usage
        assert record["usage"].get("cost") == (cost and pytest.approx(cost, rel=1e-12))
        assert "What should I see in Graz?" in json.dumps(record["input"]["content"])
    said = [record["output"]["content"] for record in answered]
    assert (said[0], said[1]) == (ANSWER, ANSWER)
    assert "weather" in (called := json.dumps(said[2]))
    assert "Graz" in called
    assert said[3:] == ([ANSWER] if framework in AGENTS else [])
    assert "The model is not to be had." in refused["error"]["message"]
    assert refused["model"]["id"] == "error-429"
    assert "usage" not in refused
    assert [record["metadata"].get("agentId") for record in records] == AGENTS.get(framework, [None] * 4)
