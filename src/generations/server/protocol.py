"""HTTP on one connection, with limits on what a client may send, or leave unread, before and after the application has its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from generations.errors import InvalidInput, Stalled, TooLarge
from generations.server.problems import PROBLEM_TYPE, document

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

    from generations.errors import GenerationsError

MOST_HEAD_BYTES: Final = 64 << 10


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself takes heads of any size and waits for clients as long as they like.

    A head, which is the request line and the headers, that is too large is answered with 431, one that does not come to
    its end with 408. A client that leaves an answer unread is cut off.

    Attributes:
        head_seconds: how long a head may take.
        unread_seconds: how long an answer may wait for the client to read on.
    """

    head_seconds = 30.0
    unread_seconds = 60.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._refusal: tuple[int, GenerationsError] | None = None
        self._head_timer: TimerHandle | None = None
        self._unread_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in uvicorn
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_timer = _stopped(self._head_timer)
        self._unread_timer = _stopped(self._unread_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(431, _head_too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_timer = _stopped(self._head_timer)
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD_BYTES:
            self._refusal = 431, _head_too_large()
            raise self._refusal[1]  # the parser stops and has `send_400_response` called
        super().on_headers_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._unread_timer = _stopped(self._unread_timer)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Called where the parser stops; it says why in words of its own."""
        del msg
        self._refuse(*(self._refusal or (400, InvalidInput("this is not HTTP/1.1, or its body is not of the length that it says"))))

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = _stopped(self._head_timer)
        self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _give_up(self) -> None:
        self._head_timer = None
        if self._head_bytes:
            self._refuse(408, Stalled(f"the headers did not come to their end in {self.head_seconds:.0f} seconds"))
        else:
            self.transport.close()

    def _refuse(self, status: int, error: GenerationsError) -> None:
        """Answer and close; where another answer has begun, only close."""
        if self.transport.is_closing():
            return
        if not self.cycle or self.cycle.response_complete or not self.cycle.response_started:
            body = msgspec.json.encode(document(error, status))
            head = [STATUS_LINE[status]]
            head += [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
            head.append(f"content-type: {PROBLEM_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode())
            self.transport.write(b"".join(head) + body)
        self.transport.close()


def _head_too_large() -> TooLarge:
    return TooLarge(f"the request line and the headers have more than {MOST_HEAD_BYTES:,} bytes")


def _stopped(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
