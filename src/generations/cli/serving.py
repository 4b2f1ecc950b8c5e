"""The command that serves the store to other programs."""

import sys
from typing import Annotated, Literal, cast

import typer

from generations.cli.options import Data, PriceFile

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
GrpcPort = Annotated[
    int | None,
    typer.Option("--grpc-port", metavar="PORT", min=0, max=65535, help="Take OTLP/gRPC as well, on this port: 4317 by custom."),
]
CorsOrigin = Annotated[
    list[str] | None, typer.Option("--cors-origin", metavar="ORIGIN", help="Answer pages of this origin; may be repeated.")
]
Rate = Annotated[float | None, typer.Option("--rate", metavar="N", min=0.001, help="Most requests a second of a key without its own rate.")]
Link = Annotated[
    list[str] | None,
    typer.Option(
        "--link",
        metavar="NAME=URL",
        envvar="GENERATIONS_LINKS",
        show_envvar=False,
        help="Link records to a URL with {traceId} or another of their ids; may be repeated. Default $GENERATIONS_LINKS.",
    ),
]
TraceWindow = Annotated[
    float, typer.Option("--trace-window", metavar="SECONDS", min=1, help="How long spans and events wait for others of their trace.")
]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], typer.Option("--log-level", help="The least that the log tells.")]


def serve(
    context: typer.Context,
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 4300,
    grpc_port: GrpcPort = None,
    cors_origin: CorsOrigin = None,
    rate: Rate = None,
    prices: PriceFile = None,
    link: Link = None,
    trace_window: TraceWindow = 3600,
    log_level: LogLevel = "info",
) -> None:
    """Serve the generations over HTTP, to programs in any language, until Ctrl-C or SIGTERM.

    Requests that have begun are answered before it stops; a second Ctrl-C stops it at once. The log is one line of JSON a
    request, on standard error. Before a key exists only this machine is answered: see generations keys --help.

    Examples:
      generations serve
      generations serve --data ./generations-data --port 4300
      generations serve --grpc-port 4317
      generations serve --host 0.0.0.0 --cors-origin https://app.example --rate 50
      generations serve --link 'jaeger=https://jaeger.example/trace/{traceId}'
    """
    from generations.connect import default_url  # noqa: PLC0415 - help needs no server
    from generations.server.links import named_templates  # noqa: PLC0415 - the same
    from generations.server.serve import serve as serve_forever  # noqa: PLC0415 - the same
    from generations.server.settings import ServerSettings  # noqa: PLC0415 - the same

    settings = cast("dict[str, str | None]", context.obj or {})
    url = data or settings.get("data") or default_url()

    def say_ready(address: str, grpc_address: str | None, needs_key: bool) -> None:
        whom = "whoever has a key" if needs_key else "this machine only, for there are no keys"
        also = f" and OTLP/gRPC on {grpc_address}" if grpc_address else ""
        sys.stderr.write(f"serving {url} on {address}{also} to {whom}\n")
        sys.stderr.flush()

    chosen = ServerSettings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        cors_origins=tuple(cors_origin or ()),
        rate_per_second=rate,
        prices=prices,
        trace_window_seconds=trace_window,
        links=named_templates(link or ()),
        log_level=log_level,
    )
    serve_forever(url, chosen, on_ready=say_ready)
