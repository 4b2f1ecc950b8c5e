"""OTLP/gRPC: the exports of OTLP/HTTP over gRPC, which most exporters speak by default.

Each call is handed to the application as the POST that OTLP/HTTP makes of it, so that keys, projects, limits, rates, the log
and the metrics are the same; its answer, which OTLP/HTTP writes in gRPC's own messages, becomes the answer of the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from generations.errors import ConfigError, MissingExtra

try:
    import grpc
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.message import DecodeError
    from google.rpc.error_details_pb2 import RetryInfo
    from google.rpc.status_pb2 import Status
except ImportError as error:
    raise MissingExtra("OTLP/gRPC takes grpcio", hint="pip install 'generations[grpc]'") from error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope

    from generations.server.settings import ServerSettings

_SERVICES: Final = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "/v1/traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "/v1/logs",
}
_PROTOBUF: Final = b"application/x-protobuf"
_CARRIED: Final = ("authorization", "generations-project", "x-request-id", "traceparent", "tracestate")
_CODES: Final[Mapping[int, grpc.StatusCode]] = {code.value[0]: code for code in grpc.StatusCode}
_MOST_CALLS_OF_A_CONNECTION: Final = 32


class OtlpGrpc:
    """Answers OTLP/gRPC with what an application answers to OTLP/HTTP.

    Args:
        app: the application, which has been started.
        settings: `host`, `grpc_port`, and how much is taken.

    Attributes:
        address: where it listens, as in `127.0.0.1:4317`; empty before it does.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._server: grpc.aio.Server | None = None
        self.address = ""
        self._answering: set[asyncio.Task[tuple[int, Mapping[str, str], bytes]]] = set()

    async def start(self) -> None:
        """Take calls from now on.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self._settings.max_otlp_bytes),
                ("grpc.max_concurrent_streams", _MOST_CALLS_OF_A_CONNECTION),
                ("grpc.so_reuseport", 0),
            ]
        )
        for service, path in _SERVICES.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": self._method(path)}),))
        host = self._settings.host
        shown = f"[{host}]" if ":" in host else host
        try:
            port = server.add_insecure_port(f"{shown}:{self._settings.grpc_port}")
        except RuntimeError:
            hint = "stop what listens there, such as a collector, or name another port; 0 takes a free one"
            raise ConfigError(f"cannot listen on {host} port {self._settings.grpc_port} for OTLP/gRPC", hint=hint) from None
        await server.start()
        self._server = server
        self.address = f"{shown}:{port}"

    async def stop(self) -> None:
        """Refuse further calls, and end when those that have begun are answered, at the latest after `drain_seconds`."""
        if self._server is not None:
            await self._server.stop(self._settings.drain_seconds)

    def _method(self, path: str) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def export(request: bytes, context: Any) -> bytes:
            task = asyncio.create_task(self._posted(path, request, context.invocation_metadata() or ()))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
            # What has begun is finished even when the client leaves.
            status, headers, body = await asyncio.shield(task)
            return body if status == 200 else await _refuse(context, headers, body)

        return grpc.unary_unary_rpc_method_handler(export)  # without serializers: bytes come and bytes go

    async def _posted(self, path: str, body: bytes, metadata: Sequence[tuple[str, str | bytes]]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the application's answer to a POST."""
        told: dict[str, Any] = {}
        pieces: list[bytes] = []
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            told.update({name: value for name, value in message.items() if name in ("status", "headers")})
            pieces.append(message.get("body", b""))

        await self._app(_scope(path, len(body), metadata), receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in told["headers"]}
        return told["status"], headers, b"".join(pieces)


def _scope(path: str, size_bytes: int, metadata: Sequence[tuple[str, str | bytes]]) -> Scope:
    carried = [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in metadata if name in _CARRIED and isinstance(value, str)
    ]
    # No page of the web can make a browser speak gRPC: what reaches this port was sent by a program.
    own = [(b"host", b"localhost"), (b"content-type", _PROTOBUF), (b"content-length", str(size_bytes).encode())]
    return {
        "type": "http",
        "http_version": "2",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*own, *carried],
    }


async def _refuse(context: Any, headers: Mapping[str, str], body: bytes) -> NoReturn:
    """End a call with the error of the answer, and with the time after which to come again where there is one."""
    try:
        status = Status.FromString(body)
    except DecodeError:
        status = Status(code=grpc.StatusCode.INTERNAL.value[0], message="the server failed; its log says more")
    seconds = headers.get("retry-after", "")
    if seconds.isdigit():
        status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=int(seconds))))
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(_CODES.get(status.code, grpc.StatusCode.UNKNOWN), status.message)
    raise AssertionError  # aborting raises
