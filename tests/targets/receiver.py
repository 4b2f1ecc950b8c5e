"""A destination of capture that keeps what it is sent, a thread of this process: for tests of what is sent, not of what becomes of it.

with receiving() as receiver:
    capture.configure(url=receiver.url, project="mine")
    …
    receiver.records("mine")
"""

from __future__ import annotations

import gzip
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """A running receiver; of records with the same id it keeps the last."""

    url: str
    _kept: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, project: str, body: bytes) -> None:
        """Keep the records of a request."""
        for line in gzip.decompress(body).splitlines():
            record = json.loads(line)
            self._kept[project][record["id"]] = record

    def records(self, project: str) -> list[dict[str, Any]]:
        """What was sent into a project, by their ids."""
        return [record for _, record in sorted(self._kept[project].items())]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listens on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            receiver.take(self.headers["generations-project"], self.rfile.read(int(self.headers["content-length"])))
            answer = b'{"refusedCount": 0, "refused": []}'
            self.send_response(201)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
