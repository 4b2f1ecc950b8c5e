"""A framework and the client below it, each with its instrumentation: what both tell of is one record."""

from __future__ import annotations

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs


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
