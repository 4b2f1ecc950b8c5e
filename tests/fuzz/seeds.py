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
from generations.wire.llm_logs import TABLE
from tests.wire import test_helicone, test_langfuse_export, test_langfuse_ingestion, test_litellm
from tests.wire.exports import a_feedback_of_langsmith, an_annotation_of_phoenix
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
ANSWER: Final = test_litellm.ANSWER
BATCH: Final = tuple(getattr(test_langfuse_ingestion, name) for name in ("TRACE", "AGENT", "SPAN", "CREATE", "UPDATE"))

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


REQUEST_BODY: Final = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is this?"}], "temperature": 0.5}
TIMES: Final = ("2026-11-23T10:00:00.250Z", "2026-11-23T10:00:01.500Z")
EXPORTS: Final[dict[str, Object]] = {
    "langsmith": {
        "id": "9c2f6f0e-0000-4000-8000-000000000001",
        "trace_id": "9c2f6f0e-0000-4000-8000-000000000001",
        "run_type": "llm",
        "name": "ChatOpenAI",
        "start_time": TIMES[0],
        "end_time": TIMES[1],
        "inputs": REQUEST_BODY,
        "outputs": ANSWER,
        "extra": {"metadata": {"ls_model_name": "gpt-4o"}, "invocation_params": {"temperature": 0.5}},
        "prompt_token_details": {"cache_read": 4},
        "total_cost": 0.01,
        "child_runs": [{"id": "x", "run_type": "llm", "start_time": TIMES[0]}],
        "events": [{"name": "new_token", "time": TIMES[0]}],
        "tags": ["a"],
        "feedback_stats": {"speed": {"n": 1, "avg": 0.5, "values": {"fast": 1}, "comments": ["Good"], "sources": ['{"type": "app"}']}},
    },
    "langsmith-feedback": a_feedback_of_langsmith(run_id="9c2f6f0e-0000-4000-8000-000000000001"),
    "phoenix": {
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": TIMES[0],
        "end_time": TIMES[1],
        "status_code": "OK",
        "context": {"trace_id": "t", "span_id": "s"},
        "attributes": {"llm": {"model_name": "gpt-4o", "input_messages": [{"message": {"role": "user", "content": "Where?"}}]}},
        "events": [{"name": "First Token Stream Event", "timestamp": TIMES[0], "attributes": {}}],
        "annotations": [{"name": "tone", "annotator_kind": "HUMAN", "result": {"label": "kind"}}],
    },
    "phoenix-annotation": an_annotation_of_phoenix(span_id="s"),
    "helicone": {
        "request_id": "r-1",
        "request_created_at": TIMES[0],
        "response_created_at": TIMES[1],
        "request_body": REQUEST_BODY,
        "response_body": ANSWER,
        "response_status": 200,
        "request_properties": {"plan": "gold"},
        "provider": "OPENAI",
        "prompt_tokens": 12,
        "completion_tokens": 4,
        "costUSD": 0.01,
        "feedback_rating": True,
    },
    "litellm": {
        "request_id": "r-1",
        "call_type": "acompletion",
        "spend": 0.01,
        "startTime": TIMES[0],
        "endTime": TIMES[1],
        "model": "gpt-4o",
        "metadata": {"usage_object": ANSWER["usage"], "status": "success"},
        "proxy_server_request": REQUEST_BODY,
        "response": ANSWER,
        "request_tags": ["a"],
    },
    "openai-batch": {
        "id": "batch_req_1",
        "custom_id": "c",
        "response": {"status_code": 200, "request_id": "q", "body": ANSWER},
        "error": None,
    },
    "openai-stored": {**ANSWER, "created": 1_750_000_000, "messages": REQUEST_BODY["messages"], "metadata": {"a": "b"}, "input_user": "u"},
    "llm": {
        TABLE: "responses",
        "id": "1",
        "model": "gpt-4o",
        "prompt": "Where?",
        "response": "Here.",
        "response_json": json.dumps(ANSWER),
        "options_json": "{}",
        "datetime_utc": TIMES[0],
        "duration_ms": 5,
        "input_tokens": 2,
        "output_tokens": 3,
        "token_details": "{}",
        "fragments": ["a"],
        "attachments": [{"id": "a", "type": "image/png", "url": "x"}],
        "tool_calls": [{"name": "look", "arguments": "{}"}],
    },
}
"""One row of each format that other programs export."""


def documents(number: int) -> Any:
    """What may be imported: alone, in a list, and in the page of an interface."""
    rows = [own(0), an_export(an_observation()), a_log(a_model_event()), traces(number), *EXPORTS.values()]
    row = rows[number % len(rows)]
    match number // len(rows) % 4:
        case 0:
            return [row, row]
        case 1:
            return {"data": [row, row], "runs": [row], "object": "list", "has_more": False}
        case 2:
            return {"traces": [traces(number)], "logs": [logs(number)]}
        case _:
            return row


def files(number: int) -> list[Any]:
    """Documents that hold pieces of traces, one a file."""
    rows = [
        traces(number),
        logs(number),
        an_export(an_observation(), scores=[test_langfuse_export.a_score()]),
        *(EXPORTS[name] for name in _TRACED),
    ]
    return [*rows[number % len(rows) :], *rows[: number % len(rows)]][: 2 + number % 3]


_TRACED: Final = ("langsmith", "langsmith-feedback", "phoenix", "phoenix-annotation")


def litellm(number: int) -> Any:
    """What LiteLLM's callback posts: one payload, or a list of them."""
    one = test_litellm.payload(**({"status": "failure", "error_information": {"error_code": "429"}} if number % 3 == 2 else {}))
    return [one, one] if number % 2 else one


def helicone(number: int) -> Object:
    """What Helicone's loggers post."""
    answers = (
        ANSWER,
        test_helicone.MESSAGE,
        "\n".join(f"data: {json.dumps(chunk)}" for chunk in test_helicone.CHUNKS),
        {"error": {"message": "no"}},
    )
    return test_helicone.log(response=answers[number % len(answers)], meta={"Helicone-User-Id": "u", "Helicone-Property-Plan": "gold"})


def langfuse(number: int) -> Object:
    """A batch of Langfuse's older ingestion, its events in one order or another, and a score."""
    score = {"id": "s", "traceId": "t", "observationId": "g", "name": "helpful", "value": number % 3, "dataType": "NUMERIC", "comment": "…"}
    events = [*BATCH, test_langfuse_ingestion.event("score-create", score, id="e-score")]
    return {"batch": [*events[number % 6 :], *events[: number % 6]], "metadata": {"sdk_name": "python"}}


@cache
def attribute_names() -> tuple[str, ...]:
    """Every dotted name that the readers of OTLP know, read off their source."""
    folder = Path(generations.wire.otlp.__file__).parent
    found = {name for file in folder.rglob("*.py") for name in re.findall(r'"([a-zA-Z_]+(?:\.[\w{}]+)+\.?)"', file.read_text())}
    return tuple(sorted(re.sub(r"\{\w*\}", "0", name) for name in found))


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
