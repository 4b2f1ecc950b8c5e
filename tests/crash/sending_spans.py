"""The program of the outage test that sends spans: OpenTelemetry's own exporter, which tries again by itself, until stdin ends.

What the server has acknowledged is told on stdout, a line for each span: `generation` or `agent`, and the id of the generation's
record. The agent around a generation is sent in a later request.
"""

from __future__ import annotations

import logging
import sys
import threading

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 5,
}
AT_ONCE = 20


def main() -> None:
    logging.disable()  # it tells of every try that failed
    stopping = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    exporter = OTLPSpanExporter(f"{sys.argv[1]}/v1/traces", timeout=10)
    while not stopping.is_set():
        generations, agents = spans()
        for kind, batch in (("generation", generations), ("agent", agents)):
            while exporter.export(batch) is not SpanExportResult.SUCCESS:
                pass
            sys.stdout.write("".join(f"{kind} {id}\n" for id in map(record_id, generations)))
            sys.stdout.flush()


def spans():
    """Generations, and the agents around them."""
    ended = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ended))
    tracer = provider.get_tracer("outage")
    for _ in range(AT_ONCE):
        around = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"}
        with (
            tracer.start_as_current_span("invoke_agent guide", attributes=around),
            tracer.start_as_current_span("chat gpt-4o", attributes=CHAT),
        ):
            pass
    found = ended.get_finished_spans()
    return found[::2], found[1::2]


def record_id(span) -> str:
    return f"{format_trace_id(span.context.trace_id)}-{format_span_id(span.context.span_id)}"


if __name__ == "__main__":
    main()
