"""Turning on one instrumentation, the way its own documentation says, with what it sees going to the server as OTLP.

Where it goes is in the environment (`OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_HEADERS`). Every span is sent in a
request of its own as soon as it ends, so that a span comes before the one around it.
"""

from __future__ import annotations

import atexit
import os

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


def genai() -> None:
    """OpenTelemetry's own instrumentations, with the content on the spans."""
    _genai("SPAN_ONLY")


def genai_events() -> None:
    """The same, with the content in log records only."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = "true"
    send_logs()
    _genai("EVENT_ONLY")


def _genai(content: str) -> None:
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = content
    from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    send_spans()
    for instrumentor in (OpenAIInstrumentor(), AnthropicInstrumentor(), LangChainInstrumentor()):
        instrumentor.instrument()


def openinference() -> None:
    from openinference.instrumentation.anthropic import AnthropicInstrumentor
    from openinference.instrumentation.langchain import LangChainInstrumentor
    from openinference.instrumentation.openai import OpenAIInstrumentor

    send_spans()
    for instrumentor in (OpenAIInstrumentor(), AnthropicInstrumentor(), LangChainInstrumentor()):
        instrumentor.instrument()


def openllmetry() -> None:
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    send_spans()
    for instrumentor in (OpenAIInstrumentor(), AnthropicInstrumentor(), LangchainInstrumentor()):
        instrumentor.instrument()


def logfire() -> None:
    import logfire

    logfire.configure(send_to_logfire=False, console=False, metrics=False, inspect_arguments=False)  # it sends where OTEL_… says
    logfire.instrument_openai()
    logfire.instrument_anthropic()


def mlflow() -> None:
    """MLflow without its server: it must know of one, though it is never asked, and cannot send metrics."""
    os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT") + "/v1/traces"
    import mlflow

    mlflow.openai.autolog()
    mlflow.anthropic.autolog()
    mlflow.langchain.autolog()


def nothing() -> None:
    """No instrumentation; only spans of the program's own."""
    send_spans()


BY_NAME = {
    "genai": genai,
    "genai-events": genai_events,
    "openinference": openinference,
    "openllmetry": openllmetry,
    "logfire": logfire,
    "mlflow": mlflow,
}
