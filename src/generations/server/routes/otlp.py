"""OTLP/HTTP: spans and log records of any instrumentation, as the OpenTelemetry protocol sends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

from generations.errors import InvalidInput
from generations.joining.pieces import Told, told_by
from generations.record import content
from generations.record.encode import collector_paused
from generations.server import schemas
from generations.server.bodies import whole_body
from generations.server.call import JSON, Call, Endpoint, Handler
from generations.server.problems import problem
from generations.server.taking import ROOM_OF_A_RECORD, join, worked_out
from generations.wire.otlp import read_json, read_protobuf
from generations.wire.otlp.telemetry import Telemetry
from generations.wire.payload import as_object

if TYPE_CHECKING:
    from starlette.requests import Request

    from generations.joining.joiner import Taken

PROTOBUF: Final = "application/x-protobuf"
_MOST_REASONS: Final = 10


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the two kinds of export requests.

    Attributes:
        name: of the message in the protocol.
        holder: the member that it has in JSON.
        rejected: the member that counts what was not taken, in JSON.
        parsed: what the bytes of a message hold.
    """

    name: str
    holder: str
    rejected: str
    parsed: Callable[[bytes], Telemetry]


TRACES: Final = Signal("ExportTraceServiceRequest", "resourceSpans", "rejectedSpans", read_protobuf.traces_of)
LOGS: Final = Signal("ExportLogsServiceRequest", "resourceLogs", "rejectedLogRecords", read_protobuf.logs_of)


async def traces(call: Call) -> Response:
    """Take spans; answered once the generations that they tell of are on disk.

    The body is an `ExportTraceServiceRequest`. Spans that cannot be read are counted and told, and the others are taken.
    """
    return await _export(call, TRACES)


async def logs(call: Call) -> Response:
    """Take log records; those that tell of generations are joined to their spans, whichever comes first.

    The body is an `ExportLogsServiceRequest`.
    """
    return await _export(call, LOGS)


async def _export(call: Call, signal: Signal) -> Response:
    media_type = _media_type(call.request)
    if media_type not in (PROTOBUF, JSON):
        error = InvalidInput(f"the content type {media_type!r} is not read here", hint=f"send {PROTOBUF} or {JSON}")
        return problem(error, call.request, 415)
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_otlp_bytes, holding.take)
        telemetry, told = await worked_out(call, partial(_read, signal, media_type, body), len(body))
        holding.take(ROOM_OF_A_RECORD * len(told))
        taken = await join(call, told, holding)
    return _answer(call, signal, media_type, telemetry, taken)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read(signal: Signal, media_type: str, body: bytes) -> tuple[Telemetry, list[Told]]:
    with collector_paused():
        if media_type == PROTOBUF:
            telemetry = signal.parsed(body)
        else:
            request = content.loads(body)
            held = as_object(request).get(signal.holder)
            if not isinstance(request, dict) or not isinstance(held, list | None):
                raise InvalidInput(f"the body is no {signal.name}: that is an object with a list of {signal.holder!r}")
            telemetry = read_json.telemetry_of({signal.holder: held})
        return telemetry, told_by(telemetry)


def _answer(call: Call, signal: Signal, media_type: str, telemetry: Telemetry, taken: Taken) -> Response:
    reasons = [*telemetry.refused, *(refused.message for refused in taken.refused)]
    call.exchange.records, call.exchange.refused = len(telemetry.spans) + len(telemetry.logs), len(reasons)
    message = "; ".join(reasons[:_MOST_REASONS])
    if media_type == JSON:
        told = {"partialSuccess": {signal.rejected: str(len(reasons)), "errorMessage": message}} if reasons else {}
        return Response(msgspec.json.encode(told), media_type=JSON)
    return Response(_partial_success(len(reasons), message) if reasons else b"", media_type=PROTOBUF)


def _partial_success(rejected: int, message: str) -> bytes:
    """`ExportTraceServiceResponse`, or the one for logs, whose fields have the same numbers."""
    return _field(1, b"\x08" + _varint(rejected) + _field(2, message.encode()))


def _status(told: dict[str, Any], request: Request) -> tuple[bytes, str]:
    """An error as `google.rpc.Status`, in the encoding of the request; its reason is our code of the error."""
    code = _RPC_CODES.get(told["status"], 2)
    message, reason, domain = told["detail"], told["code"], "generations"
    if _media_type(request) == PROTOBUF:
        info = _field(1, reason.encode()) + _field(2, domain.encode())
        detail = _field(1, _ERROR_INFO.encode()) + _field(2, info)
        return b"\x08" + _varint(code) + _field(2, message.encode()) + _field(3, detail), PROTOBUF
    return msgspec.json.encode(
        {"code": code, "message": message, "details": [{"@type": _ERROR_INFO, "reason": reason, "domain": domain}]}
    ), JSON


_ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
_RPC_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 3, 415: 3, 429: 8, 500: 13, 503: 14}
"""The codes of gRPC that stand for statuses of HTTP (google.rpc.Code)."""


def _field(number: int, value: bytes) -> bytes:
    """A field of protobuf that holds bytes."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _endpoint(path: str, handle: Handler, summary: str, *, takes_passwords: bool = False) -> Endpoint:
    return Endpoint(
        "POST",
        path,
        handle,
        "ingest",
        summary,
        body=schemas.OBJECT,
        media_types=(PROTOBUF, JSON),
        forms=(PROTOBUF, JSON),
        wording=_status,
        takes_passwords=takes_passwords,
    )


ENDPOINTS: Final = (
    _endpoint("/v1/traces", traces, "Take spans: OTLP/HTTP."),
    _endpoint("/v1/logs", logs, "Take log records: OTLP/HTTP."),
    _endpoint("/api/public/otel/v1/traces", traces, "Take spans where Langfuse's SDKs send them.", takes_passwords=True),
)
