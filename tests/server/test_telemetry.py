"""What a collector gets: a span for each request in the trace of the caller, and the generations under the conventions' names."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from generations.server.telemetry import ENDPOINT, METRICS_ENDPOINT, TRACES_ENDPOINT, telemetry_of_environment
from tests.targets.served import running

pytestmark = pytest.mark.programs

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
READ = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}


class Collector(ThreadingHTTPServer):
    """Takes what is exported, uncompressed."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken: list = []


class Taking(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(READ[self.path].FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Spans by route, and metrics by name, of a server that took two records and stopped."""
    with Collector() as collector, pytest.MonkeyPatch.context() as environment:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        with running(tmp_path_factory.mktemp("telemetry") / "data") as server, server.client() as client:
            record = {
                "model": {"id": "gpt-4", "provider": "openai", "version": "gpt-4-0613"},
                "performance": {"latency": 500},
                "usage": {"promptTokens": 10},
                "output": {"type": "text", "content": "private words"},
            }
            traced = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "traced"}
            client.post("/api/generations", json=[record, {**record, "error": {"type": "timeout"}}], headers=traced)
            client.get("/api/generations/private-id")
            assert server.stop() == 0
        collector.shutdown()
    spans = {
        span.attributes[1].value.string_value: span
        for one in collector.taken
        if isinstance(one, ExportTraceServiceRequest)
        for resource in one.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    metrics = {
        metric.name: metric
        for one in collector.taken
        if isinstance(one, ExportMetricsServiceRequest)
        for resource in one.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    return spans, metrics, str(collector.taken)


def attributes(of) -> dict:
    return {one.key: one.value.string_value or one.value.int_value for one in of.attributes}


def test_a_request_is_a_span_in_the_trace_of_its_caller(exported) -> None:
    span = exported[0]["/api/generations"]

    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("POST /api/generations", TRACE, PARENT)
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert attributes(span) == {
        "http.request.method": "POST",
        "http.route": "/api/generations",
        "http.response.status_code": 201,
        "generations.request_id": "traced",
        "generations.project": "default",
        "generations.records": 2,
    }


def test_a_refused_request_tells_its_code(exported) -> None:
    assert attributes(exported[0]["/api/generations/{id}"])["error.type"] == "not_found"


def test_generations_are_told_under_the_names_of_the_conventions(exported) -> None:
    durations = exported[1]["gen_ai.client.operation.duration"]
    tokens = exported[1]["gen_ai.client.token.usage"]

    about = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.request.model": "gpt-4",
        "gen_ai.response.model": "gpt-4-0613",
        "gen_ai.provider.name": "openai",
    }
    points = {attributes(point).get("error.type"): point for point in durations.histogram.data_points}
    assert durations.unit == "s"
    assert attributes(points[None]) == about
    assert (points[None].count, points[None].sum, points["timeout"].count) == (1, 0.5, 1)
    assert attributes(tokens.histogram.data_points[0]) == {**about, "gen_ai.token.type": "input"}


def test_nothing_private_is_sent(exported) -> None:
    assert "private" not in exported[2]


def test_a_collector_that_is_not_there_delays_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    with running(tmp_path / "data") as server, server.client() as client:
        assert client.post("/api/generations", json={"model": {"id": "m"}}).status_code == 201
        assert server.stop(timeout=15) == 0


@pytest.mark.parametrize("endpoint", ["localhost:4318", "not an address", "http://", "file:///tmp"])
@pytest.mark.parametrize(
    ("name", "missing"),
    [(ENDPOINT, ["spans", "metrics"]), (TRACES_ENDPOINT, ["spans"]), (METRICS_ENDPOINT, ["metrics"])],
)
def test_what_is_no_address_is_told_in_the_log(monkeypatch, caplog, name, endpoint, missing) -> None:
    monkeypatch.setenv(name, endpoint)

    assert telemetry_of_environment() is None
    told = [f"no {what} are sent to OpenTelemetry: {name} is not an address such as http://localhost:4318" for what in missing]
    assert caplog.messages == told
