"""One call told twice: by a program that records it with `instrument()`, and by the spans that the same program exports over OTLP."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.wire.otlp.payloads import CHAT, a_request, a_sent_span
from tests.wire.otlp.payloads import a_chat as a_span
from tests.wire.otlp.payloads import only as record_of

MESSAGES = {
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Which river?"}]}]',
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "The Vltava."}], "finish_reason": "stop"}]',
}
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}


@pytest.fixture(params=["instrument", "otlp"])
def senders(request, http, project):
    """What records, and what exports; messages are told by one of them, whose name it is."""
    trace_id = project.encode().hex().ljust(32, "0")[-32:]
    told = {name: MESSAGES if name == request.param else {} for name in ("instrument", "otlp")}
    record = record_of(a_span(trace_id=trace_id, parent_span_id="00f067aa0ba902b7", attributes=told["instrument"]))
    span = a_sent_span(traceId=trace_id, parentSpanId="00f067aa0ba902b7", attributes=CHAT | told["otlp"])
    around = a_sent_span("00f067aa0ba902b7", traceId=trace_id, attributes=AGENT)

    def instrument():
        assert http.post("/api/generations", json=record).status_code in (200, 201)

    def otlp(*spans):
        assert http.post("/v1/traces", json=a_request(*spans)).json() in ({}, {"partialSuccess": {}})

    return {"instrument": instrument, "otlp": lambda: otlp(span), "around": lambda: otlp(around)}


@pytest.mark.parametrize("order", [*permutations(["instrument", "otlp"]), *permutations(["instrument", "otlp", "around"])])
def test_messages_that_one_of_them_tells_stay_whatever_the_order_and_whatever_is_sent_again(senders, http, order):
    for name in (*order, *order, *order[::-1]):
        senders[name]()

    [record] = http.get("/api/generations").json()["docs"]
    assert "Which river?" in str(record.get("input"))
    assert "The Vltava." in str(record.get("output"))
    assert record["usage"]["totalTokens"] == 17
    assert ("around" not in order) or record["metadata"]["agentId"] == "planner"


def test_what_the_spans_around_a_call_tell_stays_when_the_call_is_recorded_after_them(senders, http):
    for name in ("around", "otlp", "instrument"):
        senders[name]()

    [record] = http.get("/api/generations").json()["docs"]
    assert record["metadata"]["agentId"] == "planner"


def test_a_null_says_that_there_is_nothing(http, senders):
    senders["otlp"]()
    [told] = http.get("/api/generations").json()["docs"]

    http.post("/api/generations", json={"id": told["id"], "model": {"id": "gpt-4o"}, "input": None})

    [record] = http.get("/api/generations").json()["docs"]
    assert record["input"] is None
    assert record["usage"] == told["usage"]
