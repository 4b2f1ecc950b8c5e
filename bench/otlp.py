"""`python -m bench.otlp`: spans by second that a server takes over OTLP/HTTP, beside the same records sent as they are.

The spans are those of a model's calls, made of the package's own sample: four of them in a trace, 512 in a request, as
OpenTelemetry's exporter sends them. The records that are sent for comparison are the ones that the spans give. `--write` puts the result
into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.__main__ import say
from bench.clients import drive, post
from bench.load import percentiles, serving
from bench.place import Place, in_own_process, part, sample_file
from bench.report import replace_part
from generations.record import instants
from generations.wire.otlp.read_protobuf import traces_of
from generations.wire.otlp.trace import records_in

BATCH = 512
IN_A_TRACE = 4
CLIENTS = (1, 4)
WAYS = ("records", "protobuf", "json")
SECONDS = 4.0
SPANS = 40_960
"""Made for each run, which ends early where they do not suffice."""
RATIO = 0.4
_SCOPE = "opentelemetry.instrumentation.genai.openai"


def main() -> None:
    """Run; exits with an error only when a part failed, not when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python -m bench.otlp")
    parser.add_argument("--spans", type=int, default=SPANS)
    parser.add_argument("--turns", type=int, default=3, help="how often each way is measured, by turns")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    sample = sample_file(10_000)
    runs: list[dict[str, Any]] = []
    load_before = os.getloadavg()[0]
    for turn in range(asked.turns):
        for clients in CLIENTS:
            for way in WAYS:
                say(f"{clients} clients, {way}")
                with serving(Place(0).fresh("otlp")) as server:
                    found = in_own_process("send_spans", server.url, str(sample), way, f"{turn}-{clients}", clients, asked.spans)
                runs.append({"way": way, "clients": clients, **found, "ms": percentiles(found["ms"])})
    section = _section(runs, load_before)
    if asked.write:
        replace_part("otlp", section)
    sys.stdout.write(section)


@part
def send_spans(url: str, file: str, way: str, name: str, clients: int, spans: int) -> dict[str, Any]:
    """Have clients send requests of `BATCH` spans, or of the records that they give, until the time is over."""
    requests = list(_requests(url, Path(file), way, name, spans))
    size = statistics.mean(map(len, requests))
    found = drive(url, requests, clients, SECONDS)
    assert not found["refused"], f"{found['refused']} requests were refused"
    return {**found, "spans": found["acknowledged"] * BATCH, "request_bytes": size}


def _requests(url: str, file: Path, way: str, name: str, spans: int) -> Iterator[bytes]:
    made = _spans(file, name)
    for _ in range(spans // BATCH):
        request = _request(islice(made, BATCH))
        match way:
            case "protobuf":
                yield post(url, "/v1/traces", "application/x-protobuf", request.SerializeToString())
            case "json":
                yield post(url, "/v1/traces", "application/json", msgspec.json.encode(_as_json(request)))
            case _:
                records = list(records_in(traces_of(request.SerializeToString())))
                assert len(records) == BATCH, f"{len(records)} records of {BATCH} spans"
                yield post(url, "/api/generations", "application/x-ndjson", b"\n".join(map(msgspec.json.encode, records)))


def _spans(file: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Records of the sample, again and again, each with the id of a trace."""
    number = 0
    while True:
        with file.open("rb") as lines:
            for line in lines:
                trace_id = blake2b(f"{name}-{number // IN_A_TRACE}".encode(), digest_size=16).hexdigest()
                yield f"{trace_id}{number + 1:016x}", msgspec.json.decode(line)
                number += 1


def _request(spans: Iterator[tuple[str, dict[str, Any]]]) -> ExportTraceServiceRequest:
    """An export request as OpenTelemetry's instrumentation of OpenAI's client makes it."""
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    _set(of_resource.resource.attributes, {"service.name": "shop", "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.44.0"})
    in_scope = of_resource.scope_spans.add()
    in_scope.scope.name, in_scope.scope.version = _SCOPE, "1.3b0"
    for id, record in spans:
        start = instants.parse(record["timestamp"])
        assert start is not None
        start_ns = instants.micros(start) * 1000
        span = in_scope.spans.add(
            trace_id=bytes.fromhex(id[:32]),
            span_id=bytes.fromhex(id[32:]),
            name=f"chat {record['model']['id']}",
            kind=3,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + int(record.get("performance", {}).get("latency", 0) * 1e6),
        )
        _set(span.attributes, _attributes(record))
        if record.get("status") == "error":
            span.status.code, span.status.message = 2, record["error"]["message"]
    return request


def _attributes(record: dict[str, Any]) -> dict[str, Any]:
    """What the conventions have a name for, of a record."""
    model, usage, parameters, output = (record.get(part, {}) for part in ("model", "usage", "parameters", "output"))
    metadata = record.get("metadata", {})
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.get("provider"),
        "gen_ai.request.model": model["id"],
        "gen_ai.response.model": model.get("version") or model["id"],
        "gen_ai.response.id": metadata.get("requestId"),
        "gen_ai.response.finish_reasons": [output["finishReason"]] if "finishReason" in output else None,
        "gen_ai.request.temperature": parameters.get("temperature"),
        "gen_ai.request.max_tokens": parameters.get("maxTokens"),
        "gen_ai.usage.input_tokens": usage.get("promptTokens"),
        "gen_ai.usage.output_tokens": usage.get("completionTokens"),
        "gen_ai.usage.cache_read.input_tokens": usage.get("cachedTokens"),
        "gen_ai.input.messages": _messages("user", record["input"]["content"]) if "input" in record else None,
        "gen_ai.output.messages": _messages("assistant", output["content"]) if "content" in output else None,
        "gen_ai.conversation.id": metadata.get("sessionId"),
        "user.id": metadata.get("userId"),
        "server.address": "api.example.com",
        "server.port": 443,
    }
    return {name: value for name, value in told.items() if value is not None}


def _messages(role: str, content: Any) -> str:
    """A content as JSON text of messages in parts."""
    messages = content if isinstance(content, list) else [{"role": role, "content": content}]
    return json.dumps(
        [
            {"role": message.get("role", role), "parts": [{"type": "text", "content": _text(message.get("content"))}]}
            for message in messages
            if isinstance(message, dict)
        ]
    )


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content)


def _set(pairs: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        holder = pairs.add(key=name).value
        match value:
            case int():
                holder.int_value = value
            case float():
                holder.double_value = value
            case list():
                for item in value:
                    holder.array_value.values.add(string_value=item)
            case _:
                holder.string_value = value


def _as_json(request: ExportTraceServiceRequest) -> dict[str, Any]:
    """The request in OTLP/JSON, ids in hexadecimal."""
    from google.protobuf.json_format import MessageToDict

    found = MessageToDict(request)
    of_resource = request.resource_spans[0]
    for span, sent in zip(found["resourceSpans"][0]["scopeSpans"][0]["spans"], of_resource.scope_spans[0].spans, strict=True):
        span |= {"traceId": sent.trace_id.hex(), "spanId": sent.span_id.hex(), "kind": sent.kind}
        if "code" in span.get("status", {}):
            span["status"]["code"] = sent.status.code
    return found


def _section(runs: list[dict[str, Any]], load_before: float) -> str:
    """The section of the page."""
    rates = {
        (clients, way): statistics.median(_rate(run) for run in runs if (run["clients"], run["way"]) == (clients, way))
        for clients in CLIENTS
        for way in WAYS
    }
    size = {way: statistics.mean(run["request_bytes"] for run in runs if run["way"] == way) / BATCH for way in WAYS}
    most = CLIENTS[-1]
    turns = len(runs) // len(CLIENTS) // len(WAYS)
    head = f"""## Spans over OTLP

Written by `python -m bench.otlp --write` on {datetime.now(UTC):%Y-%m-%d}. The machine's load was {load_before:.1f} before; the server and
its clients share its cores. Requests of {BATCH} spans, each a generation with its messages, {IN_A_TRACE} in a trace, beside requests of as
many records, the same ones that the spans give, sent as JSON lines. Each is acknowledged once its records are on disk; of spans, the
pieces of the traces too. Medians of {turns} runs of {SECONDS:.0f} s on an empty store, by turns.
"""
    lines = [head, "| what | target | measured | |", "| --- | --- | --- | --- |"]
    for way in ("protobuf", "json"):
        ratio = rates[most, way] / rates[most, "records"]
        lines.append(
            f"| OTLP/{way}, of plain JSON, {most} clients | ≥ {RATIO} | {ratio:.2f} | {'met' if ratio >= RATIO else '**not met**'} |"
        )
    lines += ["", "| | bytes each | " + " | ".join(f"{clients} {'client' if clients == 1 else 'clients'}" for clients in CLIENTS) + " |"]
    lines.append("| --- | --- |" + " --- |" * len(CLIENTS))
    for way, title in (
        ("records", "records by second, JSON lines"),
        ("protobuf", "spans by second, OTLP/protobuf"),
        ("json", "spans by second, OTLP/JSON"),
    ):
        cells = [f"{rates[clients, way]:,.0f} ({rates[clients, way] / rates[clients, 'records']:.2f})" for clients in CLIENTS]
        lines.append(f"| {title} | {size[way]:,.0f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _rate(run: dict[str, Any]) -> float:
    return run["spans"] / run["seconds"]


if __name__ == "__main__":
    main()
