"""The same payloads over HTTP, against a server of its own: the protocol's own errors and never a 500, and good records are kept.

A payload is one request: a line of JSON with method, path and headers, and behind it the body.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse, RemoteDisconnected
from pathlib import Path
from typing import Any, Final

import grpc
from google.rpc.status_pb2 import Status
from hypothesis import strategies as st

from generations.wire import litellm
from tests.fuzz import seeds
from tests.fuzz.hostile import VALUES, changed, changes, packed, text_of
from tests.fuzz.protobuf import as_protobuf
from tests.fuzz.targets import NUMBERS, OTLP_LOGS, OTLP_TRACES, TARGETS, Target, beside_good
from tests.targets.served import Running, running

JSON, JSON_LINES, PROTOBUF = "application/json", "application/x-ndjson", "application/x-protobuf"
GOOD: Final = {"id": "good", "model": {"id": "m"}, "output": {"type": "text", "content": "kept"}}
ANSWER_SECONDS: Final = 20.0
REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 416, 422, 429, 431})
"""What a client may be told of a request that is not as it should be; 503 says that there is no room, and may come for bombs."""

GOOD_SPAN: Final = f"{seeds.GOOD_TRACE}-2222222222222222"
GOOD_LITELLM: Final = litellm.record_of(seeds.litellm(0))["id"]
_EVENTS: Final = st.builds(
    lambda number, done: text_of(changed(seeds.langfuse(number)["batch"], done)).removeprefix(b"[").removesuffix(b"]"), NUMBERS, changes()
)
_RPC_CODES: Final = (
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
)
_BY_NAME: Final = {target.name: target.payloads for target in TARGETS}
_TEXTS: Final = [value for value in VALUES if isinstance(value, str) and value.isascii() and value.isprintable()]
_HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "accept": ("*/*", "application/x-ndjson;q=0.5", "application/vnd.apache.arrow.stream", "text/html;q=x", ";;,,"),
    "authorization": ("Bearer x", "Basic Og==", "Basic !!", "Basic", "Bearer gen_x.y", "Digest a=b"),
    "content-type": (JSON, JSON_LINES, "application/json; charset=utf-16", "multipart/form-data; boundary=x", "x/", "text/plain"),
    "generations-project": ("p", "p" * 300, "../..", "default", ""),
    "idempotency-key": ("k", "k" * 300, "a b"),
    "if-match": ("*", '"zz.json"', '"fffffffffffff.json"', "W/", ""),
    "if-none-match": ("*", '"', 'W/"1"'),
    "range": ("bytes=0-1", "bytes=-", "lines=5-1"),
    "x-request-id": ("r", "r" * 500, "{}"),
    "expect": ("100-continue",),
    "prefer": ("wait=5",),
    "traceparent": ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0-0-0"),
}


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes
    content_type: str


def request(method: str, path: str, body: bytes = b"", good: str | None = None, **headers: str) -> bytes:
    """A request as one payload; of headers an underscore is a dash. `good` is the id of a record that must be there when it was taken."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return json.dumps({"method": method, "path": path, "headers": told, "good": good}).encode() + b"\n" + body


def _packed(path: str, kind: str, body: bytes, how: int, good: str | None = None) -> bytes:
    encoding, sent = packed(body, how)
    return request("POST", path, sent, good, content_type=kind, content_encoding=encoding)


def _otlp(request_: Any, number: int) -> bytes:
    """A request of spans with a good one among them; of log records as it is."""
    is_spans = isinstance(request_, dict) and "resourceLogs" not in request_
    kind, write = ((JSON, text_of), (PROTOBUF, as_protobuf))[number % 2]
    path = ("/v1/traces", "/api/public/otel/v1/traces")[number // 2 % 2] if is_spans else "/v1/logs"
    return _packed(path, kind, write(beside_good(request_) if is_spans else request_), number // 4, GOOD_SPAN if is_spans else None)


def _grpc(request_: Any, number: int) -> bytes:
    """The same over gRPC; of damaged bytes nothing good is expected."""
    if isinstance(request_, bytes):
        return request("POST", _SERVICES[number % 2], request_)
    is_spans = isinstance(request_, dict) and "resourceLogs" not in request_
    body = as_protobuf(beside_good(request_) if is_spans else request_)
    return request("POST", _SERVICES[not is_spans], body, GOOD_SPAN if is_spans else None)


_SERVICES: Final = tuple(f"/opentelemetry.proto.collector.{name}Service/Export" for name in ("trace.v1.Trace", "logs.v1.Logs"))


def _damaged_otlp(body: bytes, number: int) -> bytes:
    """Bytes as a request of one kind or the other, in this encoding, that, or none that is known."""
    path, kind = ("/v1/traces", "/v1/logs")[number % 2], (JSON, PROTOBUF, PROTOBUF, "text/plain")[number // 2 % 4]
    return _packed(path, kind, body, number // 8)


def _litellm(body: bytes, number: int) -> bytes:
    good = text_of(seeds.litellm(0))
    return _packed("/api/litellm", JSON, b"[" + good + b"," + body + b"]", number, GOOD_LITELLM)


def _helicone(body: bytes, number: int) -> bytes:
    return _packed(("/custom/v1/log", "/oai/v1/log", "/anthropic/v1/log", "/googleapis/v1/log")[number % 4], JSON, body, number // 4)


def _langfuse(body: bytes, number: int) -> bytes:
    """A batch with good events before the bad ones; or what is sent as scores."""
    if number % 3 == 0:
        return _packed("/api/public/scores", JSON, body, number // 3)
    good = b",".join(text_of(event) for event in seeds.BATCH)
    return _packed("/api/public/ingestion", JSON, b'{"batch":[' + good + b"," + body + b"]}", number // 3, "t-g")


def _lines(body: bytes, how: int) -> bytes:
    """Lines of which two are good; a break in the packing or in the text may take what follows it."""
    good = text_of(GOOD)
    return _packed("/api/generations", JSON_LINES, b"\n".join([good, body, good]), how)


def _list(body: bytes, how: int) -> bytes:
    """A list, which may only fill gaps; then all of it is taken or nothing."""
    path = "/api/generations" + ("?complete=true" if how % 3 == 0 else "")
    return _packed(path, JSON, b"[" + text_of(GOOD) + b"," + body.replace(b"\n", b",") + b"]", how)


def _asked(body: bytes, number: int) -> bytes:
    """One of the routes that take questions, with the part of a question that it takes."""
    routes = {"find": ("filter", "projection", "sort"), "aggregate": ("pipeline",), "count": ("filter",), "distinct": ("key", "filter")}
    name = list(routes)[number % len(routes)]
    with suppress(ValueError, TypeError, RecursionError):  # what is no question is sent as it is
        question = json.loads(body)
        body = text_of({part: question[part] for part in routes[name] if part in question} | {"maxTimeMs": 2_000})
    return request("POST", f"/api/generations/{name}", body, content_type=JSON)


def _odd_headers(names: list[tuple[int, int]], number: int) -> bytes:
    headers = {}
    for name, value in names:
        header = list(_HEADERS)[name % len(_HEADERS)]
        values = (*_HEADERS[header], *_TEXTS)
        headers[header] = values[value % len(values)]
    paths = (
        "/api/generations",
        "/api/generations/good",
        "/api/generations/%ff%fe",
        "/api/generations/find",
        "/api/keys",
        "/metrics",
        "/%2e%2e/x",
    )
    method = ("GET", "POST", "PATCH", "DELETE", "HEAD", "PUT", "OPTIONS")[number % 7]
    return request(method, paths[number % len(paths)], text_of(GOOD) if method in ("POST", "PATCH") else b"", **headers)


class Fuzzed:
    """A server to send payloads to, byte by byte as they are."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._address = server.url.removeprefix("http://")
        self._connection: socket.socket | None = None
        self._channel: grpc.Channel | None = None

    def sent(self, payload: bytes) -> Answer:
        """The answer to a payload, in a project of its own, after looking whether it is one that may be given."""
        head, _, body = payload.partition(b"\n")
        told = json.loads(head)
        headers = {"host": self._address, "content-length": str(len(body)), "generations-project": self.project(payload), **told["headers"]}
        lines = [f"{told['method']} {told['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        answer = self._exchanged("\r\n".join(lines).encode("latin-1", "replace") + body, told["method"])
        is_sound = answer.status < 400 or answer.status in REFUSALS or answer.status == 503
        assert is_sound, f"{answer.status}: {answer.body[:300]!r}\n{self._said()}"
        return answer

    def _exchanged(self, request: bytes, method: str) -> Answer:
        """Say it over the connection that is open, or over a new one where the server has closed that."""
        for attempt in range(2):
            if self._connection is None:
                host, _, port = self._address.rpartition(":")
                self._connection = socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS)
            try:
                with suppress(BrokenPipeError, ConnectionResetError):  # it refuses before it has read everything; the answer is there
                    self._connection.sendall(request)
                found = HTTPResponse(self._connection, method=method)
                found.begin()
                answer = Answer(found.status, found.read(), found.getheader("content-type") or "")
            except (RemoteDisconnected, ConnectionError):
                self.close()
                if attempt:
                    raise
                continue
            if found.will_close or answer.status >= 400:
                self.close()
            return answer
        raise AssertionError("unreachable")

    def grpc(self, payload: bytes) -> None:
        """A payload of OTLP/gRPC: one that is refused is told with the codes of the protocol."""
        [address] = [found[1] for line in self._server.said if (found := re.search(r"OTLP/gRPC on (\S+)", line))]
        head, _, body = payload.partition(b"\n")
        told = json.loads(head)
        if self._channel is None:
            self._channel = grpc.insecure_channel(address)
        metadata = (("generations-project", self.project(payload)),)
        call = self._channel.unary_unary(told["path"]).future(body, metadata=metadata, timeout=ANSWER_SECONDS)
        assert call.code() in _RPC_CODES, f"{call.code()}: {call.details()}\n{self._said()}"
        if call.code() is grpc.StatusCode.OK and told["good"] is not None:
            assert self.stored(payload).get(told["good"]) == 1, "the good record is not there once"

    def project(self, payload: bytes) -> str:
        """The name of a payload's project, unless its headers name another."""
        return "fuzz-" + hashlib.sha256(payload).hexdigest()[:16]

    def taken(self, payload: bytes) -> None:
        """What is good is taken with what is not, once, also when it is sent again; a refusal is the protocol's own."""
        told = json.loads(payload.partition(b"\n")[0])
        for _ in range(2):
            answer = self.sent(payload)
            if answer.status >= 400:
                _assert_refusal(answer, told)
            elif told["good"] is not None:
                assert self.stored(payload).get(told["good"]) == 1, f"the good record is not there once; {answer}"

    def problem(self, payload: bytes) -> None:
        """A refusal is a problem document."""
        answer = self.sent(payload)
        if answer.status >= 400 and answer.body:
            document = json.loads(answer.body)
            assert (document["status"], answer.content_type) == (answer.status, "application/problem+json")
            assert document["errors"][0]["message"], document

    def records(self, payload: bytes) -> None:
        """Beside bad records the good one is taken, unless the request cannot be read to there."""
        self.problem(payload)
        answer = self.sent(payload)  # sent again, as after an answer that was lost
        if answer.status < 300:
            assert "good" in (json.loads(answer.body)["ids"] or ["good"]), answer.body[:300]
            assert self.stored(payload)["good"] == 1

    def stored(self, payload: bytes) -> dict[str, int]:
        """How often each id is among the records of a payload's project."""
        pipeline = [{"$group": {"_id": "$id", "n": {"$sum": 1}}}]
        asked = request("POST", "/api/generations/aggregate", text_of({"pipeline": pipeline}), generations_project=self.project(payload))
        answer = self.sent(asked)
        assert answer.status == 200, answer.body[:300]
        return {one["_id"]: one["n"] for one in json.loads(answer.body)["docs"]}

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def end(self) -> None:
        """Close everything."""
        self.close()
        if self._channel is not None:
            self._channel.close()

    def _said(self) -> str:
        return "\n".join(line for line in self._server.said if "traceback" in line.lower() or "error" in line.lower())[-3_000:]


def _assert_refusal(answer: Answer, told: dict[str, Any]) -> None:
    """It is what clients of the protocol read."""
    path, sent_as = told["path"], told["headers"]["content-type"]
    if path.endswith(("/traces", "/logs")) and sent_as == PROTOBUF:
        status = Status.FromString(answer.body)
        assert (answer.content_type, bool(status.message), status.code > 0) == (PROTOBUF, True, True), answer
        return
    document = json.loads(answer.body)
    assert answer.content_type in (JSON, "application/problem+json"), answer
    if path.endswith(("/traces", "/logs")):
        assert document["code"] > 0, answer
    assert document.get("message") or document.get("error") or document.get("detail"), answer


def targets_on(server: Callable[[], Fuzzed]) -> tuple[Target, ...]:
    """The targets of a server, which is asked for with the first payload."""

    def on_server(check: Callable[[Fuzzed, bytes], None]) -> Callable[[bytes], None]:
        return lambda payload: check(server(), payload)

    lines = st.one_of(st.builds(_lines, _BY_NAME["records"], NUMBERS), st.builds(_list, _BY_NAME["records"], NUMBERS))
    headers = st.builds(_odd_headers, st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4), NUMBERS)
    raw = st.one_of(*(_BY_NAME[f"otlp-{name}"] for name in ("json-traces", "json-logs", "protobuf-traces", "protobuf-logs")))
    otlp = st.one_of(st.builds(_otlp, OTLP_TRACES, NUMBERS), st.builds(_otlp, OTLP_LOGS, NUMBERS), st.builds(_damaged_otlp, raw, NUMBERS))
    over_grpc = st.builds(_grpc, st.one_of(OTLP_TRACES, OTLP_LOGS, raw), NUMBERS)
    listed = _BY_NAME["list-parameters"].map(lambda query: request("GET", "/api/generations?" + query.decode("latin-1")))
    return (
        Target("http-records", lines, on_server(Fuzzed.records)),
        Target("http-otlp", otlp, on_server(Fuzzed.taken)),
        Target("grpc-otlp", over_grpc, on_server(Fuzzed.grpc)),
        Target("http-litellm", st.builds(_litellm, _BY_NAME["litellm"], NUMBERS), on_server(Fuzzed.taken)),
        Target("http-helicone", st.builds(_helicone, _BY_NAME["helicone"], NUMBERS), on_server(Fuzzed.taken)),
        Target("http-langfuse", st.builds(_langfuse, _EVENTS, NUMBERS), on_server(Fuzzed.taken)),
        Target("http-questions", st.builds(_asked, _BY_NAME["questions"], NUMBERS), on_server(Fuzzed.problem)),
        Target("http-list", listed, on_server(Fuzzed.problem)),
        Target("http-headers", headers, on_server(Fuzzed.problem)),
    )


@contextmanager
def served_targets() -> Iterator[tuple[Target, ...]]:
    """The targets of a server of their own, which runs as long as the context lasts."""
    with ExitStack() as started:

        @cache
        def fuzzed() -> Fuzzed:
            folder = started.enter_context(tempfile.TemporaryDirectory())
            server = Fuzzed(started.enter_context(running(Path(folder) / "data", "--log-level", "error", "--grpc-port", "0")))
            started.callback(server.end)
            return server

        yield targets_on(fuzzed)
