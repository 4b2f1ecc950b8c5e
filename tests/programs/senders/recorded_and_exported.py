"""A call that is recorded by `instrument()` and whose spans the program exports: `recorded_and_exported.py FIRST`, which is sent first.

`tests/programs/test_recorded_and_exported.py` says what it must have become.
"""

from __future__ import annotations

import os
import sys

import openai
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import generations
from generations import capture

held, tracers = InMemorySpanExporter(), TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(held))
trace.set_tracer_provider(tracers)
capture.configure(url=os.environ["GENERATIONS"], api_key=os.environ["GENERATIONS_KEY"], spool=False)
generations.instrument()
exporter = OTLPSpanExporter()


def call() -> None:
    client = openai.OpenAI(base_url=f"{os.environ['MODELS']}/v1", api_key="none", max_retries=0)
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "What should I see in Graz?"}])


def record() -> None:
    assert capture.flush(20), capture.counters()


def export() -> None:
    """As an exporter does that tries again."""
    for _ in range(2):
        assert exporter.export(held.get_finished_spans()).name == "SUCCESS"


if sys.argv[1] == "record":
    call()
    record()
    export()
else:
    with trace.get_tracer("tram-guide").start_as_current_span("visit"):  # while it is open, the record waits
        call()
        export()
    export()
    record()
