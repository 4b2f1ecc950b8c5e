"""What the server sends on to an OpenTelemetry collector: a span for each request, and metrics of the generations.

It is on where the environment names an endpoint, by the variables that every OpenTelemetry SDK reads; they also set the
headers, the name of the service and the time between two sendings. A collector that does not answer delays nothing.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa
    from opentelemetry.metrics import Histogram

    from generations.server.exchange import Exchange

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
METRICS_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"

_SERVICE: Final = "OTEL_SERVICE_NAME"
_LAST_SECONDS: Final = 3.0
_MOST_WAITING_ROWS: Final = 100_000
_LOG: Final = logging.getLogger("generations.server")
_DURATION_BOUNDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKEN_BOUNDS: Final = tuple(4**power for power in range(14))
_COLUMNS: Final = (
    "model_id",
    "model_version",
    "model_provider",
    "error_type",
    "performance_latency",
    "usage_prompt_tokens",
    "usage_completion_tokens",
)


class Telemetry:
    """Sends what it is told, from threads of its own.

    Args:
        traces: whether spans are sent.
        metrics: whether metrics are sent.
    """

    def __init__(self, traces: bool, metrics: bool) -> None:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional

        resource = Resource.create({} if _SERVICE in os.environ else {"service.name": "generations"})
        self._spans = _Spans(resource) if traces else None
        self._generations = _Generations(resource) if metrics else None

    def answered(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        """Tell of a request that has ended; `headers` may name the trace that it belongs to."""
        if self._spans is not None:
            self._spans.add(exchange, headers)

    def recorded(self, rows: pa.Table) -> None:
        """Tell of generations that are new; does not block and never fails."""
        if self._generations is not None:
            self._generations.add(rows)

    def close(self) -> None:
        """Send what waits, for some seconds at most, and stop."""
        closing = threading.Thread(target=self._close, name="generations-telemetry-end", daemon=True)
        closing.start()
        closing.join(_LAST_SECONDS)

    def _close(self) -> None:
        if self._generations is not None:
            self._generations.close()
        if self._spans is not None:
            self._spans.close()


def telemetry_of_environment() -> Telemetry | None:
    """What the environment asks for; None where it names no endpoint.

    Of an endpoint that is none, or where the extra is not installed, the log tells: such variables are often set for all programs
    of a machine, and are no reason not to start.
    """
    traces, metrics = _has_endpoint(TRACES_ENDPOINT, "spans"), _has_endpoint(METRICS_ENDPOINT, "metrics")
    if not traces and not metrics:
        return None
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        _LOG.warning("an OpenTelemetry endpoint is named and nothing is sent to it; pip install 'generations[otel]'")
        return None
    return Telemetry(traces, metrics)


def _has_endpoint(own_name: str, what: str) -> bool:
    name = own_name if os.environ.get(own_name) else ENDPOINT
    endpoint = os.environ.get(name, "").strip()
    if not endpoint or _ADDRESS.match(endpoint):
        return bool(endpoint)
    _LOG.warning("no %s are sent to OpenTelemetry: %s is not an address such as http://localhost:4318", what, name)
    return False


_ADDRESS: Final = re.compile(r"https?://[^/\s]", re.IGNORECASE)


class _Spans:
    """One span for each request, in the trace that its `traceparent` names."""

    def __init__(self, resource: Any) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - optional
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - the same
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - the same
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - the same

        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("generations.server")
        self._propagator = TraceContextTextMapPropagator()

    def add(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415 - optional

        ended_ns = time.time_ns()
        carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        attributes: dict[str, str | int | None] = {
            "http.request.method": exchange.method,
            "http.route": exchange.route,
            "http.response.status_code": exchange.status,
            "error.type": exchange.error_code,
            "generations.request_id": exchange.id,
            "generations.project": exchange.project,
            "generations.records": exchange.records,
        }
        span = self._tracer.start_span(
            f"{exchange.method} {exchange.route}",
            self._propagator.extract(carrier),
            SpanKind.SERVER,
            {name: value for name, value in attributes.items() if value is not None},
            start_time=ended_ns - int(exchange.seconds * 1e9),
        )
        if exchange.failure is not None or (exchange.status or 0) >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended_ns)

    def close(self) -> None:
        self._provider.shutdown()


class _Generations:
    """The client metrics of the semantic conventions for generative AI, recorded from a thread: each costs some 10 µs."""

    def __init__(self, resource: Any) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - optional
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - the same
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 - the same

        self._provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("generations.server")
        self._duration: Histogram = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "Duration of a generation.",
            explicit_bucket_boundaries_advisory=_DURATION_BOUNDS,
        )
        self._tokens: Histogram = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Tokens used by a generation.",
            explicit_bucket_boundaries_advisory=_TOKEN_BOUNDS,
        )
        self._waiting: SimpleQueue[pa.Table | None] = SimpleQueue()
        self._waiting_rows = 0
        self._counting = threading.Lock()
        self._is_behind = False
        self._thread = threading.Thread(target=self._run, name="generations-telemetry", daemon=True)
        self._thread.start()

    def add(self, rows: pa.Table) -> None:
        if self._waiting_rows > _MOST_WAITING_ROWS:
            if not self._is_behind:
                self._is_behind = True
                _LOG.warning("more is recorded than can be told to OpenTelemetry; some generations are not in its metrics")
            return
        with self._counting:
            self._waiting_rows += rows.num_rows
        self._waiting.put(rows.select(_COLUMNS))

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        self._provider.shutdown()

    def _run(self) -> None:
        while (rows := self._waiting.get()) is not None:
            for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                self._record(*row)
            with self._counting:
                self._waiting_rows -= rows.num_rows

    def _record(
        self,
        model: str,
        version: str | None,
        provider: str | None,
        error: str | None,
        latency_ms: float | None,
        prompt_tokens: int | None,
        completion_tokens: int | None,
    ) -> None:
        named = {"gen_ai.request.model": model, "gen_ai.response.model": version, "gen_ai.provider.name": provider, "error.type": error}
        about = {name: value for name, value in named.items() if value} | {"gen_ai.operation.name": "generate_content"}
        if latency_ms is not None:
            self._duration.record(latency_ms / 1000, about)
        for kind, count in (("input", prompt_tokens), ("output", completion_tokens)):
            if count is not None:
                self._tokens.record(count, {**about, "gen_ai.token.type": kind})
