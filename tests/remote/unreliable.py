"""A server that does what it is told, one answer after the other, over a real socket."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from generations import Collection
from generations.remote.backend import ServerBackend
from generations.remote.connection import Connection

PROBLEM = "application/problem+json"
CUT = "cut"  # the connection ends without an answer


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False  # fewer bytes come than were said


def problem(status: int, code: str, message: str = "no", path: str | None = None, hint: str | None = None, **headers: str) -> Answer:
    document = {"status": status, "detail": message, "code": code, "hint": hint, "errors": [{"message": message, "path": path}]}
    sent = {"Content-Type": PROBLEM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(status, json.dumps(document).encode(), sent)


@dataclass
class Unreliable:
    """Attributes:
    url: where it listens.
    requests: method, path and body of what came.
    """

    url: str
    requests: list[tuple[str, str, bytes]]
    headers: list[dict[str, str]]


@contextmanager
def unreliable(*answers: Answer | str):
    """Gives these answers, and the last of them from then on."""
    server = Unreliable("", [], [])
    script = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.requests.append((self.command, self.path, body))
            server.headers.append(dict(self.headers))
            answer = script.pop(0) if len(script) > 1 else script[0]
            if answer == CUT:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + (100 if answer.is_cut else 0)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = answer.is_cut

        do_GET = do_POST = answer  # noqa: N815 - the names that the handler looks for

        def log_message(self, format, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def patient(url: str, seconds: float = 5.0) -> Collection:
    """A client that sends again for so long."""
    return Collection(ServerBackend(Connection(url, None, None, patience_seconds=seconds), "default"))
