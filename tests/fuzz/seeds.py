"""Sound payloads to start from: one or more for each protocol and dialect."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import generations.wire.otlp
from generations.record.fields import FIELDS
from generations.record.sample import sample_generations
from tests.wire.otlp.payloads import CHAT, START_NS, a_log_request, a_request, a_sent_log, a_sent_span, as_pairs
from tests.wire.otlp.test_genai import MESSAGES
from tests.wire.otlp.test_langfuse import GENERATION
from tests.wire.otlp.test_langsmith import LLM as LANGSMITH
from tests.wire.otlp.test_mlflow import CHAT_MODEL
from tests.wire.otlp.test_openinference import LLM as OPENINFERENCE
from tests.wire.otlp.test_openllmetry import FLAT
from tests.wire.otlp.test_pydantic import REQUEST
from tests.wire.otlp.test_vercel import CALL
from tests.wire.payloads import a_log, a_model_event, an_export, an_observation

Object = dict[str, Any]

GOOD_TRACE: Final = "11111111111111111111111111111111"
SPANS: Final[tuple[tuple[str, Object], ...]] = (
    ("genai", CHAT | MESSAGES),
    ("openinference.instrumentation.openai", OPENINFERENCE),
    ("opentelemetry.instrumentation.openai.v1", FLAT),
    ("ai", CALL),
    ("langfuse-sdk", GENERATION),
    (
        "pydantic-ai",
        CHAT | {"gen_ai.agent.name": "guide", "operation.cost": 0.0125, "events": json.dumps([{"event.name": "gen_ai.choice"}])},
    ),
    (
        "logfire.openai",
        {"request_data": json.dumps(REQUEST), "response_data": '{"message": {"content": "Here."}}', "logfire.tags": ["LLM"]},
    ),
    ("langsmith", LANGSMITH),
    ("mlflow", CHAT_MODEL),
)
"""The name of an instrumentation, and the attributes of one of its generations."""


def good_span() -> Object:
    """A generation of a trace of its own, to stand beside something hostile."""
    return a_sent_span("2222222222222222", attributes=CHAT | MESSAGES | {"gen_ai.response.id": "chatcmpl-good"}) | {"traceId": GOOD_TRACE}


def traces(number: int) -> Object:
    """An export request: a generation in one of the dialects, and around it a span that is none."""
    scope, attributes = SPANS[number % len(SPANS)]
    event = {"name": "gen_ai.choice", "timeUnixNano": str(START_NS + 1), "attributes": as_pairs({"index": 0, "message": "{}"})}
    result = {"gen_ai.evaluation.name": "accuracy", "gen_ai.evaluation.score.value": 0.5, "gen_ai.response.id": "chatcmpl-1"}
    evaluation = {"name": "gen_ai.evaluation.result", "timeUnixNano": str(START_NS + 2), "attributes": as_pairs(result)}
    around = a_sent_span("0000000000000001", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"})
    inside = a_sent_span(attributes=attributes, parentSpanId="0000000000000001", events=[event, evaluation], links=[])
    return a_request(around, inside, scope=scope)


def logs(number: int) -> Object:
    """An export request of the events that carry messages, details and results."""
    message = {"role": "user", "content": "Where?"}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here."}}
    result = {"gen_ai.evaluation.name": "accuracy", "gen_ai.evaluation.score.value": 0.5, "gen_ai.evaluation.score.label": "fair"}
    events = [
        a_sent_log("gen_ai.user.message", {"gen_ai.system": "openai"}, message),
        a_sent_log("gen_ai.choice", {"gen_ai.system": "openai"}, choice),
        a_sent_log("gen_ai.client.inference.operation.details", CHAT | MESSAGES),
        a_sent_log("gen_ai.evaluation.result", result | {"gen_ai.response.id": "chatcmpl-1"}),
    ]
    return a_log_request(*events[number % 4 :], *events[: number % 4])


@cache
def _samples() -> list[Object]:
    return list(sample_generations(40, seed=7, start=datetime(2026, 11, 1, tzinfo=UTC), days=1))


def own(number: int) -> Object:
    """A record of our own shape, all kinds of them."""
    return _samples()[number % 40]


def documents(number: int) -> Any:
    """What may be imported."""
    found = (
        own(0),
        an_export(an_observation()),
        a_log(a_model_event()),
        traces(number),
        {"traces": [traces(number)], "logs": [logs(number)]},
        [own(1), own(2)],
        [traces(number)],
    )
    return found[number % len(found)]


@cache
def attribute_names() -> tuple[str, ...]:
    """Every dotted name that the readers of OTLP know, read off their source."""
    folder = Path(generations.wire.otlp.__file__).parent
    found = {name for file in folder.rglob("*.py") for name in re.findall(r'"([a-zA-Z_]+(?:\.[\w{}]+)+\.?)"', file.read_text())}
    return tuple(sorted(found))


@cache
def paths() -> tuple[str, ...]:
    """Every path of a record, and some that are open, odd or none."""
    return (
        *(field.path for field in FIELDS),
        "metadata.a.b",
        "metadata.tags.0",
        "parameters.x",
        "output.content.0.text",
        "nowhere",
        "model",
    )
