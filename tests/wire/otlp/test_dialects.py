"""Which dialect a span is in, and that no payload of any of them breaks the reading."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations.record.encode import encode_each
from generations.wire.otlp.dialects import DIALECTS, dialect_of
from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.trace import records_in

from .payloads import CHAT, a_log_request, a_request, a_sent_log, a_sent_span, a_span


@pytest.mark.parametrize(
    ("attributes", "scope", "dialect"),
    [
        (CHAT, "opentelemetry.instrumentation.genai.openai", "otel-genai"),
        (CHAT | {"gen_ai.is_streaming": False}, "opentelemetry.instrumentation.openai.v1", "openllmetry"),
        (CHAT | {"gen_ai.prompt.0.role": "user"}, "ai.koog", "openllmetry"),
        (CHAT | {"llm.request.type": "acompletion"}, "litellm", "litellm"),
        (CHAT | {"request_data": "{}"}, "logfire.openai", "logfire"),
        (CHAT, "pydantic-ai", "pydantic-ai"),
        (CHAT | {"ai.operationId": "ai.streamText.doStream"}, "ai", "vercel-ai"),
        (CHAT, "gen_ai", "vercel-ai"),
        (CHAT | {"openinference.span.kind": "LLM"}, "pydantic-ai", "openinference"),
        (CHAT | {"openinference.span.kind": "LLM", "mlflow.spanType": '"LLM"'}, "", "mlflow"),
        (CHAT | {"langsmith.span.kind": "llm"}, "langsmith", "langsmith"),
        (CHAT | {"openinference.span.kind": "LLM", "langfuse.observation.type": "generation"}, "", "langfuse"),
        (CHAT | {"langfuse.trace.name": "tour", "langfuse.observation.metadata.k": "v"}, "", "otel-genai"),
        ({"http.request.method": "GET"}, "", None),
    ],
)
def test_the_most_specific_dialect_reads_a_span(attributes, scope, dialect):
    found = dialect_of(a_span(scope=scope, attributes=attributes))

    assert (found and found.name) == dialect


def test_every_dialect_has_a_name_of_its_own_and_says_why_it_stands_where_it_does():
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
    assert all(dialect.why_here for dialect in DIALECTS)


_NAMES = sorted({alias for dialect in DIALECTS for field in dialect.names.__slots__ for alias in getattr(dialect.names, field)})
_OTHERS = [
    *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.prompt", "gen_ai.completion", "gen_ai.system_instructions"),
    *("gen_ai.tool.definitions", "gen_ai.response.finish_reasons", "gen_ai.prompt.0.role", "gen_ai.completion.0.content"),
    *("llm.input_messages.0.message.role", "llm.output_messages.1.message.contents.0.message_content.type", "llm.invocation_parameters"),
    *("input.value", "output.value", "llm.tools.0.tool.json_schema", "metadata", "ai.prompt.messages", "ai.prompt", "ai.response.text"),
    *("ai.response.toolCalls", "ai.response.providerMetadata", "langfuse.observation.input", "langfuse.observation.output"),
    *("langfuse.observation.usage_details", "langfuse.observation.cost_details", "langfuse.observation.completion_start_time"),
    *("request_data", "response_data", "duration", "events", "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.tokenUsage"),
    *("mlflow.llm.cost", "gen_ai.operation.name", "annotations.0.annotation.name", "anything.else"),
]
_TELLING = {
    "openinference.span.kind": "LLM",
    "mlflow.spanType": '"CHAT_MODEL"',
    "langsmith.span.kind": "llm",
    "langfuse.observation.type": "generation",
    "ai.operationId": "ai.streamText.doStream",
    "gen_ai.operation.name": "chat",
}
_KEYS = st.sampled_from(
    ["role", "content", "parts", "type", "text", "messages", "choices", "message", "usage", "input", "output", "model", "id"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.sampled_from(["", "text", "[", "1", '"q"', "a, b"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_KEYS, below, max_size=4),
    max_leaves=10,
)
_SENT = _VALUES | _VALUES.map(json.dumps)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from([name + "x" if name.endswith(".") else name for name in (*_NAMES, *_OTHERS)]), _SENT, max_size=12
)


@settings(deadline=None, max_examples=150)
@given(
    spans=st.lists(st.tuples(st.sampled_from(sorted(_TELLING)), _ATTRIBUTES, st.integers(0, 3)), min_size=1, max_size=3),
    event=st.sampled_from(
        ["gen_ai.choice", "gen_ai.user.message", "gen_ai.client.inference.operation.details", "gen_ai.evaluation.result"]
    ),
    body=_VALUES,
    scope=st.sampled_from(["", "ai", "pydantic-ai", "logfire.openai"]),
)
def test_whatever_the_values_are_each_record_is_taken(spans, event, body, scope):
    """Values of every type under every name that a dialect reads."""
    sent = [
        a_sent_span(f"{number + 1:016x}", attributes=attributes | {telling: _TELLING[telling]}, parentSpanId=f"{parent:016x}")
        for number, (telling, attributes, parent) in enumerate(spans)
    ]
    request = a_request(*sent, scope=scope) | a_log_request(a_sent_log(event, {}, body, spanId="0000000000000001"))
    _, refused = encode_each(list(records_in(telemetry_of(request))))

    assert refused == []
