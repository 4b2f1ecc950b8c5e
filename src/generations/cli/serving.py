"""The command that serves the store to other programs."""

import sys
from typing import Annotated, cast

import typer

from generations.cli.options import Data

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]


def serve(context: typer.Context, data: Data = None, host: Host = "127.0.0.1", port: Port = 4300) -> None:
    """Serve the generations over HTTP, to programs in any language, until Ctrl-C or SIGTERM.

    Requests that have begun are answered before it stops; a second Ctrl-C stops it at once.

    Examples:
      generations serve
      generations serve --data ./generations-data --port 4300
    """
    from generations.connect import default_url  # noqa: PLC0415 - help needs no server
    from generations.server.serve import serve as serve_forever  # noqa: PLC0415 - the same
    from generations.server.settings import ServerSettings  # noqa: PLC0415 - the same

    settings = cast("dict[str, str | None]", context.obj or {})
    url = data or settings.get("data") or default_url()

    def say_ready(address: str) -> None:
        sys.stderr.write(f"serving {url} on {address}\n")
        sys.stderr.flush()

    serve_forever(url, ServerSettings(host=host, port=port), on_ready=say_ready)
