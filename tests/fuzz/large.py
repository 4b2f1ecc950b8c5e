"""Payloads that are sound and very many of one thing: reading them may take as long as they are, and not the square of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz.targets import Target, helicone_log, langfuse_batch, otlp_json
from tests.wire.otlp.payloads import CHAT, START_NS, TRACE, a_log_request, a_request, a_sent_log, a_sent_span, as_pairs

AGENT: Final = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"}
RESULT: Final = {"gen_ai.evaluation.name": "helpful", "gen_ai.evaluation.score.value": 0.5}


def _spans(count: int, fields: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    return a_request(*(a_sent_span(_id(number), **fields(number)) for number in range(count)))


def _id(number: int) -> str:
    return f"{number + 1:016x}"


def _own_answer(number: int) -> dict[str, Any]:
    return CHAT | {"gen_ai.response.id": f"r-{number}"}


def _beside_a_span(*logs: dict[str, Any]) -> dict[str, Any]:
    return a_request(a_sent_span()) | a_log_request(*logs)


def _one(**fields: Any) -> dict[str, Any]:
    return a_request(a_sent_span(**fields))


def _event(number: int, **body: Any) -> dict[str, Any]:
    event = {"id": f"e-{number}", "type": "generation-update", "timestamp": "2026-11-23T10:00:00Z"}
    return {**event, "body": {"traceId": "t", "model": "m", **body}}


_PIECE: Final = 'data: {"choices": [{"delta": {"content": "' + "x" * 200 + '"}}]}\n'
_OTLP: Final[dict[str, Callable[[int], Any]]] = {
    "spans of one answer": lambda n: _spans(n, lambda _: {}),
    "spans that tell no answer": lambda n: _spans(
        n, lambda _: {"attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}}
    ),
    "a chain": lambda n: _spans(n, lambda i: {"parentSpanId": _id(i - 1), "attributes": _own_answer(i)}),
    "a chain of agents": lambda n: _spans(n, lambda i: {"parentSpanId": _id(i - 1), "attributes": AGENT if i % 9 else _own_answer(i)}),
    "all in one": lambda n: _spans(n, lambda i: {"parentSpanId": _id(0) if i else "", "attributes": _own_answer(i)}),
    "links": lambda n: _one(links=[{"traceId": TRACE, "spanId": _id(i)} for i in range(n)]),
    "events": lambda n: _one(
        events=[{"name": "gen_ai.choice", "timeUnixNano": str(START_NS), "attributes": as_pairs({"index": i})} for i in range(n)]
    ),
    "messages": lambda n: _beside_a_span(*(a_sent_log("gen_ai.user.message", {}, {"role": "user", "content": str(i)}) for i in range(n))),
    "odd times": lambda n: _beside_a_span(
        *(a_sent_log("gen_ai.user.message", {}, {"content": ""}, timeUnixNano=str(i + 1)) for i in range(n))
    ),
    "details": lambda n: _beside_a_span(*(a_sent_log("gen_ai.client.inference.operation.details", {**CHAT, f"a{i}": i}) for i in range(n))),
    "evaluations": lambda n: _beside_a_span(
        *(a_sent_log("gen_ai.evaluation.result", RESULT, timeUnixNano=str(START_NS + i)) for i in range(n))
    ),
    "flattened": lambda n: _one(attributes={**seeds.OPENINFERENCE, **{f"llm.input_messages.{i}.message.content": "x" for i in range(n)}}),
    "flattened deep": lambda n: _one(
        attributes={**seeds.OPENINFERENCE, **{f"llm.input_messages.{i}." + "0." * 28 + "x": "x" for i in range(n)}}
    ),
    "long names": lambda n: _one(attributes={**CHAT, **{f"x.{i}." + "y" * 900: i for i in range(n)}}),
}
_SHAPES: Final[dict[str, tuple[Callable[[int], Any], Callable[[bytes], None]]]] = {
    **{name: (make, otlp_json) for name, make in _OTLP.items()},
    "updates": (lambda n: {"batch": [_event(i, id="g", metadata={f"k{i}": i}) for i in range(n)]}, langfuse_batch),
    "observations": (lambda n: {"batch": [_event(i, id=f"g{i}", parentObservationId=f"g{i - 1}") for i in range(n)]}, langfuse_batch),
    "pieces": (
        lambda n: {**seeds.helicone(0), "providerResponse": {"status": 200, "json": {}, "textBody": _PIECE * n}},
        helicone_log,
    ),
    "chunks": (
        lambda n: {**seeds.helicone(0), "providerResponse": {"status": 200, "json": {}, "textBody": 'data: {"choices": []}\n' * n}},
        helicone_log,
    ),
}


def _large(name: str, count: int) -> bytes:
    return json.dumps([name, count]).encode()


def _check(payload: bytes) -> None:
    name, count = json.loads(payload)
    make, check = _SHAPES[name]
    check(json.dumps(make(count)).encode())


def large(most: int) -> Target:
    """Up to so many of one thing; a payload is the name of a shape and how many."""
    counts = st.integers(most // 2, most) | st.integers(0, 3)
    return Target("large", st.builds(_large, st.sampled_from(sorted(_SHAPES)), counts), _check)
