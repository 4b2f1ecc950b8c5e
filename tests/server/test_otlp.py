"""OTLP/HTTP as the specification says it: both encodings, partial success, the protocol's own errors."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
import zlib

import pytest
from google.protobuf.json_format import MessageToJson, ParseDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service

from generations.store.keys import SCOPES
from tests.wire.otlp.payloads import CHAT, START_NS

PROTOBUF, JSON = "application/x-protobuf", "application/json"
SPAN_ID = "b7ad6b7169203331"
RESPONSES = {"/v1/traces": trace_service.ExportTraceServiceResponse, "/v1/logs": logs_service.ExportLogsServiceResponse}


@pytest.fixture
def trace_id() -> str:
    return uuid.uuid4().hex


def as_attributes(values: dict) -> list[dict]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    return [{"key": name, "value": {kinds[type(value)]: str(value) if isinstance(value, int) else value}} for name, value in values.items()]


def a_span(trace_id: str, **fields) -> dict:
    times = {"startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9)}
    return {"traceId": trace_id, "spanId": SPAN_ID, "name": "chat", "kind": 3, **times, "attributes": as_attributes(CHAT), **fields}


def spans(*found: dict) -> dict:
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "genai"}, "spans": list(found)}]}]}


def logs(*found: dict) -> dict:
    return {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "genai"}, "logRecords": list(found)}]}]}


def a_message(trace_id: str, text: str) -> dict:
    body = {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": text}}]}}
    about = {"traceId": trace_id, "spanId": SPAN_ID, "eventName": "gen_ai.user.message"}
    return {**about, "observedTimeUnixNano": str(START_NS), "body": body}


def packed(request: dict) -> bytes:
    """The request in protobuf; ids are bytes there."""
    by_name = {"resourceSpans": trace_service.ExportTraceServiceRequest, "resourceLogs": logs_service.ExportLogsServiceRequest}
    return ParseDict(_with_base64_ids(request), by_name[next(iter(request))]()).SerializeToString()


def _with_base64_ids(value):
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId")
    return {name: base64.b64encode(bytes.fromhex(held)).decode() if name in ids else _with_base64_ids(held) for name, held in value.items()}


def post(http, path: str, request: dict, media_type: str = JSON, **headers: str):
    body = packed(request) if media_type == PROTOBUF else json.dumps(request).encode()
    return http.post(path, content=body, headers={"Content-Type": media_type, **headers})


def told(answer, path: str) -> dict:
    """A response of the protocol, in either encoding."""
    if answer.headers["content-type"] == JSON:
        return answer.json()
    return json.loads(MessageToJson(RESPONSES[path].FromString(answer.content)))


def status(answer) -> tuple[str, str]:
    """Message and reason of a `google.rpc.Status`."""
    if answer.headers["content-type"] == JSON:
        found = answer.json()
        return found["message"], found["details"][0]["reason"]
    from google.rpc import error_details_pb2, status_pb2

    found, info = status_pb2.Status.FromString(answer.content), error_details_pb2.ErrorInfo()
    assert found.details[0].Unpack(info)
    return found.message, info.reason


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_a_span_becomes_a_record_and_events_join_it(http, trace_id, media_type) -> None:
    """The answer to a success is empty, in the encoding of the request; the record is there when it comes."""
    answer = post(http, "/v1/traces", spans(a_span(trace_id)), media_type)
    before = http.get(f"/api/generations/{trace_id}-{SPAN_ID}").json()
    later = post(http, "/v1/logs", logs(a_message(trace_id, "Hi")), media_type)
    after = http.get(f"/api/generations/{trace_id}-{SPAN_ID}").json()

    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, media_type, b"{}" if media_type == JSON else b"")
    assert (later.status_code, later.content) == (200, answer.content)
    assert (before["usage"]["promptTokens"], "input" in before) == (12, False)
    assert after["input"]["content"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_bad_spans_are_counted_and_the_good_ones_of_the_request_taken(http, trace_id, media_type) -> None:
    answer = post(http, "/v1/traces", spans(a_span("00"), a_span(trace_id), a_span(trace_id, spanId="")), media_type)

    success = told(answer, "/v1/traces")["partialSuccess"]
    assert (answer.status_code, success["rejectedSpans"]) == (200, "2")
    assert "spans[0]" in success["errorMessage"]
    assert "spans[2]" in success["errorMessage"]
    assert http.get("/api/generations").json()["totalDocs"] == 1


def test_log_records_that_cannot_be_read_are_counted(http, trace_id) -> None:
    answer = post(http, "/v1/logs", logs({}, a_message(trace_id, "Hi")))

    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"


HELD_BY_NO_LIST = b'{"resourceSpans": 5, "resourceLogs": {}}'


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/api/public/otel/v1/traces"])
@pytest.mark.parametrize(
    ("media_type", "body"), [(PROTOBUF, b"\x0a\xff"), (JSON, b"{"), (JSON, b"[]"), (JSON, b"\xff"), (JSON, HELD_BY_NO_LIST)]
)
def test_what_is_no_request_is_refused_in_its_own_encoding(http, path, media_type, body) -> None:
    answer = http.post(path, content=body, headers={"Content-Type": media_type})

    assert (answer.status_code, answer.headers["content-type"]) == (400, media_type)
    message, reason = status(answer)
    assert message
    assert reason in ("invalid_input", "invalid_record")


@pytest.mark.parametrize("media_type", ["text/plain", "", "application/grpc"])
def test_other_content_types_are_not_read(http, media_type) -> None:
    answer = http.post("/v1/traces", content=b"{}", headers={"Content-Type": media_type})

    assert answer.status_code == 415
    assert "application/x-protobuf" in status(answer)[0]


@pytest.mark.parametrize(("packing", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_packed_bodies_are_read(http, trace_id, packing, pack) -> None:
    body = pack(packed(spans(a_span(trace_id))))

    answer = http.post("/v1/traces", content=body, headers={"Content-Type": PROTOBUF, "Content-Encoding": packing})
    cut = http.post("/v1/traces", content=body[:-9], headers={"Content-Type": PROTOBUF, "Content-Encoding": packing})

    assert (answer.status_code, cut.status_code) == (200, 400)
    assert http.get("/api/generations").json()["totalDocs"] == 1


def test_a_body_that_unpacks_to_more_than_is_taken_is_refused(serve_inside) -> None:
    with serve_inside(max_otlp_bytes=100_000) as inside, inside.client() as http:
        bomb = gzip.compress(b" " * 10_000_000)
        answer = http.post("/v1/traces", content=bomb, headers={"Content-Type": JSON, "Content-Encoding": "gzip"})

        assert (answer.status_code, status(answer)[1]) == (413, "too_large")


def test_without_room_the_sender_is_told_when_to_come_again(serve_inside, trace_id) -> None:
    with serve_inside(max_waiting_bytes=5_000) as inside, inside.client() as http, inside.state.room.holding() as holding:
        holding.take(4_900)
        full = post(http, "/v1/traces", spans(a_span(trace_id)), PROTOBUF)
    assert (full.status_code, status(full)[1]) == (503, "busy")
    assert int(full.headers["retry-after"]) >= 1


def test_metrics_tell_what_was_taken_and_joined(serve_inside, trace_id) -> None:
    with serve_inside() as inside, inside.client() as http:
        post(http, "/v1/traces", spans(a_span(trace_id)))
        post(http, "/v1/logs", logs(a_message(trace_id, "Hi")))
        text = http.get("/metrics").text

    assert 'generations_pieces_taken_total{kind="span"} 1.0' in text
    assert 'generations_pieces_taken_total{kind="log"} 1.0' in text
    assert 'generations_records_joined_total{change="added"} 1.0' in text
    assert 'generations_records_joined_total{change="changed"} 1.0' in text
    assert "generations_pieces_kept " in text


def test_a_key_that_sends_too_much_is_told_so(serve_inside, trace_id) -> None:
    with serve_inside() as inside, inside.client() as http:
        text, _ = inside.state.keys.keys.create("mine", ["ingest"], rate_per_second=1)
        inside.state.keys.forget()
        answers = [post(http, "/v1/traces", spans(), PROTOBUF, Authorization=f"Bearer {text}") for _ in range(3)]

    assert answers[-1].status_code == 429
    assert status(answers[-1])[1] == "rate_limited"
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_key_is_a_password_where_langfuse_shows_it_so(serve_inside, trace_id) -> None:
    """The name before it is free; elsewhere a password is no key."""
    with serve_inside() as inside, inside.client() as http:
        text, _ = inside.state.keys.keys.create("mine", SCOPES)
        inside.state.keys.forget()

        def basic(name: str, password: str) -> dict[str, str]:
            return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}

        path = "/api/public/otel/v1/traces"
        taken = post(http, path, spans(a_span(trace_id)), **basic("pk-lf-any", text))
        refused = [
            post(http, path, spans(), **basic("pk", "sk-lf-wrong")),
            post(http, path, spans(), Authorization="Basic !"),
            post(http, path, spans()),
        ]
        elsewhere = post(http, "/v1/traces", spans(), **basic("pk", text))
        found = http.get("/api/generations", headers={"Authorization": f"Bearer {text}"}).json()

    assert taken.status_code == 200
    assert [one["id"] for one in found["docs"]] == [f"{trace_id}-{SPAN_ID}"]
    assert [(one.status_code, status(one)[1]) for one in [*refused, elsewhere]] == [(401, "unauthenticated")] * 4
    assert "Basic" in refused[0].headers["www-authenticate"]
    assert "Basic" not in elsewhere.headers["www-authenticate"]


def test_the_same_request_again_adds_nothing(http, trace_id) -> None:
    for _ in range(2):
        assert post(http, "/v1/traces", spans(a_span(trace_id)), PROTOBUF).status_code == 200

    assert len(http.get(f"/api/generations/{trace_id}-{SPAN_ID}/history").json()["docs"]) == 1


def test_what_tells_of_no_generation_is_taken_and_gives_none(http, trace_id) -> None:
    """Whole applications send their spans and their log."""
    plain = a_span(trace_id, attributes=as_attributes({"http.method": "GET"}))
    line = {"body": {"stringValue": "listening"}, "timeUnixNano": str(START_NS)}

    answers = [post(http, "/v1/traces", spans(plain)), post(http, "/v1/logs", logs(line))]

    assert [answer.json() for answer in answers] == [{}, {}]
    assert http.get("/api/generations").json()["totalDocs"] == 0
