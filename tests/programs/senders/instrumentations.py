"""Turning on one instrumentation of some libraries, the way its own documentation says, with what it sees going to the server as OTLP.

Where it goes is in the environment (`OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_HEADERS`). Every span is sent in a
request of its own as soon as it ends, so that a span comes before the one around it.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


def send_spans() -> TracerProvider:
    """OpenTelemetry's own SDK, as a program sets it up that has other spans, too."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def send_logs() -> None:
    """Log records as well: events with messages are some."""
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(provider)
    atexit.register(provider.shutdown)


def genai(*libraries: str) -> None:
    """OpenTelemetry's own instrumentations, with the content on the spans."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    send_spans()
    _instrument("opentelemetry.instrumentation.genai", libraries)


def genai_events(*libraries: str) -> None:
    """The same, with the content in log records only."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "EVENT_ONLY"
    os.environ["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = "true"
    send_spans()
    send_logs()
    _instrument("opentelemetry.instrumentation.genai", libraries)


def openinference(*libraries: str) -> None:
    send_spans()
    _instrument("openinference.instrumentation", libraries)


def openllmetry(*libraries: str) -> None:
    send_spans()
    _instrument("opentelemetry.instrumentation", libraries)


def _instrument(family: str, libraries: Sequence[str]) -> None:
    """Every family has a package for each library, with one instrumentor in it; that of Gemini stands beside its family."""
    found = {one.value.partition(":")[0]: one for one in entry_points(group="opentelemetry_instrumentor")}
    for library in libraries:
        one = found.get(f"{family}.{library}") or found[f"opentelemetry.instrumentation.{library}"]
        one.load()().instrument()


def logfire(*libraries: str) -> None:
    import logfire

    logfire.configure(send_to_logfire=False, console=False, metrics=False, inspect_arguments=False)  # it sends where OTEL_… says
    for library in libraries:
        getattr(logfire, f"instrument_{library}")()


def mlflow(*libraries: str) -> None:
    """MLflow without its server: it must know of one, though it is never asked, and cannot send metrics."""
    os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT") + "/v1/traces"
    for library in libraries:
        import_module(f"mlflow.{library}").autolog()


def langsmith(*_: str) -> None:
    """LangSmith's tracing, which LangChain has built in, over OpenTelemetry alone."""
    os.environ |= {"LANGSMITH_TRACING": "true", "LANGSMITH_TRACING_MODE": "otel", "LANGSMITH_API_KEY": "none"}
    from langchain_core.tracers.langchain import get_client

    atexit.register(get_client().flush)


def own(*_: str) -> None:
    """Spans that a library makes by itself, with content where it must be asked for."""
    os.environ["ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE"] = "content"
    send_spans()


BY_NAME = {
    "genai": genai,
    "genai-events": genai_events,
    "openinference": openinference,
    "openllmetry": openllmetry,
    "logfire": logfire,
    "mlflow": mlflow,
    "own": own,
    "langsmith": langsmith,
}
