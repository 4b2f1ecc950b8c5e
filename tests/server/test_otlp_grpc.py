"""OTLP/gRPC, with the real exporter and with raw calls: what comes is recorded, and errors are the protocol's own."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import set_span_in_context

from generations.errors import ConfigError
from generations.server.serve import serve
from generations.server.settings import ServerSettings
from generations.store.keys import Keys

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 9}


class Served:
    """A server with keys: `ingest` and `read` of the project `mine`, and `slow`, which may send one request in a thousand seconds."""

    def __init__(self, inside, keys):
        self.inside = inside
        self.keys = keys
        self.channel = grpc.insecure_channel(inside.grpc_address)
        self.client = inside.client(headers={"Authorization": f"Bearer {keys.get('read')}"})

    def close(self) -> None:
        self.channel.close()
        self.client.close()

    def call(self, request: bytes, key: str | None = "ingest", method: str = TRACES, **options) -> bytes:
        metadata = () if key is None else (("authorization", f"Bearer {self.keys.get(key, key)}"),)
        return self.channel.unary_unary(method)(request, metadata=metadata, timeout=20, **options)

    def refusal(self, request: bytes, **options) -> tuple[grpc.StatusCode, Status, str]:
        """The code of the error, its details, and its message."""
        with pytest.raises(grpc.RpcError) as refused:
            self.call(request, **options)
        sent = dict(refused.value.trailing_metadata() or ())
        return refused.value.code(), Status.FromString(sent.get("grpc-status-details-bin", b"")), refused.value.details()

    def records(self, **query: str) -> list[dict]:
        return self.client.get("/api/generations", params=query).json()["docs"]


@pytest.fixture(scope="module")
def served(serve_inside):
    with serve_inside(grpc_port=0, max_otlp_bytes=1 << 20, max_waiting_bytes=4 << 20) as inside:
        keys: Keys = inside.state.keys.keys
        made = {scope: keys.create("mine", [scope])[0] for scope in ("ingest", "read")}
        made["slow"] = keys.create("mine", ["ingest"], rate_per_second=0.001)[0]
        inside.state.keys.forget()
        served = Served(inside, made)
        yield served
        served.close()


def a_span(number: int, **fields) -> Span:
    attributes = [KeyValue(key=name, value=AnyValue(string_value=str(value))) for name, value in CHAT.items()]
    ids = {"trace_id": number.to_bytes(16, "big"), "span_id": number.to_bytes(8, "big")}
    return Span(**{**ids, "name": "chat", "start_time_unix_nano": time.time_ns(), "attributes": attributes, **fields})


def a_request(*spans: Span) -> bytes:
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])]).SerializeToString()


def retry_seconds(status: Status) -> int | None:
    """After how many seconds to come again; None when nothing says so."""
    for detail in status.details:
        found = RetryInfo()
        if detail.Unpack(found):
            return found.retry_delay.seconds
    return None


def test_the_real_exporters_spans_and_logs_become_one_record(served):
    told = {"endpoint": f"http://{served.inside.grpc_address}", "headers": {"authorization": f"Bearer {served.keys['ingest']}"}}
    spans, logs = TracerProvider(), LoggerProvider()
    spans.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(**told, compression=grpc.Compression.Gzip)))
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(**told)))

    with spans.get_tracer("tests").start_as_current_span("chat gpt-4o", attributes=CHAT) as span:
        pass
    result = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.75}
    logs.get_logger("tests").emit(
        LogRecord(context=set_span_in_context(span), event_name="gen_ai.evaluation.result", attributes=result, timestamp=time.time_ns())
    )
    spans.shutdown()
    logs.shutdown()

    trace_id = f"{span.get_span_context().trace_id:032x}"
    [record] = served.client.get(f"/api/traces/{trace_id}/generations").json()["docs"]
    assert record["id"] == f"{trace_id}-{span.get_span_context().span_id:016x}"
    assert (record["model"], record["usage"]["promptTokens"]) == ({"id": "gpt-4o", "provider": "openai"}, 9)
    assert record["evals"]["relevance"]["score"] == 0.75


def test_what_is_sent_again_adds_nothing(served):
    for _ in range(2):
        assert served.call(a_request(a_span(1, start_time_unix_nano=1_750_000_000_000_000_000))) == b""

    [record] = served.records(**{"metadata.traceId": f"{1:032x}"})
    assert len(served.client.get(f"/api/generations/{record['id']}/history").json()["docs"]) == 1


def test_a_span_that_cannot_be_read_costs_no_other(served):
    answer = ExportTraceServiceResponse.FromString(served.call(a_request(a_span(2), a_span(3, span_id=b""))))

    assert answer.partial_success.rejected_spans == 1
    assert "span" in answer.partial_success.error_message
    assert len(served.records(**{"metadata.traceId": f"{2:032x}"})) == 1


def test_what_is_no_export_is_an_invalid_argument(served):
    code, status, message = served.refusal(b"\xff\xff")

    assert (code, status.code, status.message) == (grpc.StatusCode.INVALID_ARGUMENT, 3, message)
    assert "ExportTraceServiceRequest" in message
    assert retry_seconds(status) is None


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_what_is_too_large_is_refused_for_good_packed_or_not(served, compression):
    code, status, _ = served.refusal(bytes(8 << 20), compression=compression)

    assert (code, retry_seconds(status)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, None)


def test_what_others_export_is_not_implemented(served):
    """Without which exporters of metrics go on trying."""
    assert served.refusal(b"", method=METRICS)[0] is grpc.StatusCode.UNIMPLEMENTED


def test_a_key_is_needed_and_says_what_may_be_done(served):
    assert served.refusal(a_request(a_span(4)), key=None)[0] is grpc.StatusCode.UNAUTHENTICATED
    assert served.refusal(a_request(a_span(4)), key="gen_wrong")[0] is grpc.StatusCode.UNAUTHENTICATED
    assert served.refusal(a_request(a_span(4)), key="read")[0] is grpc.StatusCode.PERMISSION_DENIED
    assert served.records(**{"metadata.traceId": f"{4:032x}"}) == []


def test_who_sends_too_often_is_told_when_to_come_again(served):
    served.call(a_request(), key="slow")

    code, status, _ = served.refusal(a_request(), key="slow")
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 900 < (retry_seconds(status) or 0) <= 1000


def test_a_full_server_is_unavailable_for_a_moment(served):
    room = served.inside.state.room
    room.take(4 << 20)
    try:
        code, status, message = served.refusal(a_request(a_span(5)))
    finally:
        room.give_back(4 << 20)

    assert (code, retry_seconds(status)) == (grpc.StatusCode.UNAVAILABLE, 1)
    assert "more is sent than can be written now" in message
    served.call(a_request(a_span(5)))


def test_a_stopping_server_answers_what_has_begun_and_takes_no_more(serve_inside):
    answers = []
    with ExitStack() as stack:
        inside = stack.enter_context(serve_inside(grpc_port=0))
        served = Served(inside, {"ingest": inside.state.keys.keys.create("mine", ["ingest"])[0]})
        sending = threading.Thread(target=lambda: answers.append(served.call(a_request(a_span(6)))))
        with inside.state.projects.collection("mine").store.writing():
            sending.start()
            while not inside.state.room.held_bytes:
                time.sleep(0.005)
            inside.server.should_exit = True
            time.sleep(0.3)
            assert served.refusal(a_request(a_span(7)))[0] is grpc.StatusCode.UNAVAILABLE
            assert answers == []
        sending.join(20)
        served.close()

    assert answers == [b""]


def test_an_address_that_is_taken_is_told_before_anything_is_opened(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="--grpc-port 0 takes a free one"):
        serve(str(tmp_path / "data"), ServerSettings(port=0, grpc_port=taken.getsockname()[1]))

    assert not (tmp_path / "data").exists()


@pytest.mark.programs
def test_a_server_that_is_told_to_stop_keeps_what_it_acknowledged(start_server):
    server = start_server("--grpc-port", "0")
    address = server.said[0].partition("OTLP/gRPC on ")[2].partition(" ")[0]
    acknowledged = []

    def send() -> None:
        with grpc.insecure_channel(address) as channel:
            export = channel.unary_unary(TRACES)
            with suppress(grpc.RpcError):
                for number in range(1, 10_000):
                    export(a_request(a_span(number)), timeout=20)
                    acknowledged.append(f"{number:032x}")

    sending = threading.Thread(target=send)
    sending.start()
    while len(acknowledged) < 5:
        time.sleep(0.01)
    assert server.stop() == 0
    sending.join(20)

    with start_server().client() as client:
        found = client.get("/api/generations?limit=1000&fields=metadata.traceId").json()["docs"]
    assert {record["metadata"]["traceId"] for record in found} >= set(acknowledged)
    assert len(found) <= len(acknowledged) + 1


def test_without_the_extra_the_error_says_what_to_install():
    program = "import sys; sys.modules['grpc'] = None\nimport generations.server.otlp_grpc"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "pip install 'generations[grpc]'" in done.stderr
