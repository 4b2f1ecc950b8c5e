"""OTLP/protobuf says the same as OTLP/JSON."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from generations.errors import InvalidInput
from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.read_protobuf import logs_of, traces_of

from .payloads import START_NS, a_log_request, a_request, a_sent_log, a_sent_span

TRACE_BASE64, SPAN_BASE64 = "CvdlGRbNQ92ESOshHIAxnA==", "t61rcWkgMzE="


def as_bytes(request, kind):
    return ParseDict(request, kind()).SerializeToString()


def test_a_span_is_the_same_in_both_encodings():
    attributes = {"text": "a", "yes": True, "count": -7, "share": 0.5, "list": ["a", 1, {"b": None}], "map": {"c": 1}, "null": None}
    event = {"name": "exception", "timeUnixNano": str(START_NS), "attributes": []}
    sent = a_sent_span(
        attributes=attributes,
        traceId=TRACE_BASE64,
        spanId=SPAN_BASE64,
        events=[event],
        status={"code": 2, "message": "no"},
        droppedAttributesCount=2,
    )
    request = a_request(sent)

    assert traces_of(as_bytes(request, ExportTraceServiceRequest)) == telemetry_of(request)


def test_a_log_record_is_the_same_in_both_encodings():
    sent = a_sent_log("gen_ai.choice", {"gen_ai.system": "openai"}, {"index": 0}, traceId=TRACE_BASE64, spanId=SPAN_BASE64)
    request = a_log_request(sent)

    assert logs_of(as_bytes(request, ExportLogsServiceRequest)) == telemetry_of(request)


def test_a_span_without_ids_is_refused_with_its_place():
    request = a_request(a_sent_span(traceId="", spanId=SPAN_BASE64), a_sent_span(traceId=TRACE_BASE64, spanId=SPAN_BASE64))
    found = traces_of(as_bytes(request, ExportTraceServiceRequest))

    assert len(found.spans) == 1
    assert found.refused[0].startswith("resource_spans[0].scope_spans[0].spans[0]: ")


@pytest.mark.parametrize("read", [traces_of, logs_of])
def test_other_bytes_are_refused(read):
    with pytest.raises(InvalidInput, match="not a Export"):
        read(b"\xff\xff\xff")


def test_an_empty_request_holds_nothing():
    assert traces_of(b"").spans == ()


def test_the_extra_is_named_when_it_is_missing():
    program = """
import sys
sys.modules["opentelemetry"] = None
from generations.errors import MissingExtra
from generations.wire.otlp.read_protobuf import traces_of
try:
    traces_of(b"")
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "pip install 'generations[otlp]'" in done.stdout
