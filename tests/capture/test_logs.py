"""Log lines name the generation and the trace that they belong to."""

import logging

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from generations import capture, generation

TRACER = TracerProvider().get_tracer("openinference.instrumentation.openai")
CHAT = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}


@pytest.fixture
def lines():
    """What is logged to `host` from here on: generation, trace and span of each line."""
    lines: list[tuple[str | None, str | None, str | None]] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append((record.generation_id, record.trace_id, record.span_id))
    handler.addFilter(capture.GenerationIdFilter())
    logging.getLogger("host").addHandler(handler)
    yield lines
    logging.getLogger("host").removeHandler(handler)


def log() -> None:
    logging.getLogger("host").warning("something happened")


def test_the_generation_that_is_being_recorded(captured, lines):
    log()
    with generation(model="m") as outer:
        with generation(model="m") as inner:
            log()
        log()
    log()

    assert lines == [(None, None, None), (inner.id, None, None), (outer.id, None, None), (None, None, None)]


def test_the_span_that_a_generation_is_recorded_in(captured, lines):
    with TRACER.start_as_current_span("checkout") as span, generation(model="m") as recorded:
        log()
    metadata = captured.record()["metadata"]

    assert lines == [(recorded.id, metadata["traceId"], metadata["spanId"])]
    assert metadata["traceId"] == f"{span.get_span_context().trace_id:032x}"


def test_a_span_that_is_a_call_of_a_model(lines):
    """Its generation has the ids of the span, whoever records it."""
    with TRACER.start_as_current_span("agent", attributes={"openinference.span.kind": "AGENT"}):
        log()
        with TRACER.start_as_current_span("chat", attributes=CHAT):
            log()

    (_, trace_id, agent_id), (called, _, span_id) = lines
    assert lines[0] == (None, trace_id, agent_id)
    assert called == f"{trace_id}-{span_id}"
    assert span_id != agent_id


def test_a_span_of_another_service_names_the_trace_alone(lines):
    came = trace.NonRecordingSpan(trace.SpanContext(0x1F, 0x2F, is_remote=True))
    with trace.use_span(came):
        log()

    assert lines == [(None, f"{0x1F:032x}", f"{0x2F:016x}")]
