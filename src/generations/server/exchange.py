"""One request and its answer, as the log, the metrics and the traces tell of them."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Message, Receive, Send

    Wording = Callable[[dict[str, Any], Request], tuple[bytes, str]]
    """Makes a body and its media type of the members of a problem document."""

REQUEST_ID: Final = "x-request-id"
_SANE_ID: Final = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)


@dataclass(slots=True)
class Exchange:
    """What is known of a request while it is answered; never what it says.

    Attributes:
        id: its own when it brought a sane one in `X-Request-Id`, else a new one.
        method: as it came.
        route: the route's template, such as `/api/generations/{id}`: the path itself may hold private ids.
        project: whose records it sees; None until it is admitted.
        key_id: of the key that it showed.
        records: how many records were taken from it; None where it brought none.
        refused: how many records of it were refused; the same.
        status: of the answer; None while it has not begun.
        error_code: the `code` of the error that it was answered with.
        wording: how errors are written; None is a problem document.
        takes_passwords: a key may be shown as a password.
        failure: what went wrong and was not foreseen.
        bytes_in: of the body as it was sent.
        bytes_out: of the answer's body.
        started: on the clock of `time.perf_counter`.
    """

    id: str
    method: str
    route: str = "unmatched"
    project: str | None = None
    key_id: str | None = None
    records: int | None = None
    refused: int | None = None
    status: int | None = None
    error_code: str | None = None
    wording: Wording | None = None
    takes_passwords: bool = False
    failure: Exception | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, request: Request) -> Exchange:
        """The exchange that a request belongs to; the application has put it there."""
        return cast("Exchange", request.scope["state"]["exchange"])

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.started

    def counted(self, receive: Receive) -> Receive:
        """The same, with the bytes that come in counted."""

        async def receive_counted() -> Message:
            message = await receive()
            self.bytes_in += len(message.get("body", b""))
            return message

        return receive_counted

    def told(self, send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
        """The same, with the bytes that go out counted and headers added to the answer."""

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            else:
                self.bytes_out += len(message.get("body", b""))
            await send(message)

        return send_told

    def about(self) -> dict[str, Any]:
        """What the log says of it."""
        return {
            "requestId": self.id,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "durationMs": round(self.seconds * 1000, 3),
            "bytesIn": self.bytes_in,
            "bytesOut": self.bytes_out,
            "keyId": self.key_id,
            "project": self.project,
            "records": self.records,
            "refused": self.refused,
            "code": self.error_code,
        }


def request_id(sent: str) -> str:
    """The id that came with a request, or a new one where that could not stand in a header and a log."""
    return sent if _SANE_ID.fullmatch(sent) else uuid.uuid4().hex
