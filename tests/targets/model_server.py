"""A model server on the loopback, for tests: it speaks enough of the APIs of OpenAI and Anthropic for their own clients.

    with serve_models() as models:
        OpenAI(base_url=models.openai_url, api_key="none").chat.completions.create(model="gpt-4o", messages=[…])

What is asked for decides what is answered:

- `n`, `tools`, `stream` and `stream_options` do what they do there; the text is always `ANSWER`.
- a model named `error-429` (or another status) gets the provider's own error.
- a model that ends in `-slow` takes `SLOW_SECONDS` for an answer, and as long for each piece of a stream.
- a model that ends in `-broken` ends a stream in the middle, with the connection.

Tokens: OpenAI's answers have 120 of input, 64 of them cached, and 40 of output, 16 of them reasoning; Anthropic's have 56 of
input beside 64 read from the cache and 8 written to it, and 40 of output.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "The tram museum in Graz."
SLOW_SECONDS = 0.4
_WORDS = [word + " " for word in ANSWER.split()[:-1]] + ANSWER.split()[-1:]
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Graz"}'}}
_CHAT_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 40,
    "total_tokens": 160,
    "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 16, "audio_tokens": 0},
}
_RESPONSE_USAGE = {
    "input_tokens": 120,
    "output_tokens": 40,
    "total_tokens": 160,
    "input_tokens_details": {"cached_tokens": 64},
    "output_tokens_details": {"reasoning_tokens": 16},
}
_MESSAGE_USAGE = {"input_tokens": 56, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 8, "output_tokens": 40}

Body = dict[str, Any]


@dataclass
class Models:
    """A running model server.

    Attributes:
        url: where it listens.
        asked: the bodies of the requests so far, the oldest first.
    """

    url: str
    asked: list[Body] = field(default_factory=list)

    @property
    def openai_url(self) -> str:
        return self.url + "/v1"


@contextmanager
def serve_models() -> Iterator[Models]:
    """A model server on a thread of this process, for as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    models = Models(f"http://127.0.0.1:{server.server_address[1]}")
    server.models = models
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield models
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.models.asked.append(body)
        path = self.path.partition("?")[0]
        model = body["model"]
        if model.startswith("error-"):
            self._error(int(model.removeprefix("error-")), path)
            return
        if model.endswith("-slow"):
            time.sleep(SLOW_SECONDS)
        answers = {"/v1/chat/completions": (_chat, _chat_events), "/v1/responses": (_response, _response_events)}
        whole, events = answers.get(path, (_message, _message_events))
        if body.get("stream"):
            self._stream(events(body), model, named=path != "/v1/chat/completions")
        else:
            self._json(200, whole(body))

    def _error(self, status: int, path: str) -> None:
        kind = {429: "rate_limit_error", 500: "api_error"}.get(status, "invalid_request_error")
        error = {"type": kind, "message": "The model is not to be had.", "code": "not_now", "param": None}
        self._json(status, {"type": "error", "error": error} if path == "/v1/messages" else {"error": error})

    def _json(self, status: int, value: Body) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # a client that was cancelled
            self.wfile.write(text)

    def _stream(self, events: Iterator[Body], model: str, *, named: bool) -> None:
        """Server-sent events; OpenAI's chat completions have no names and end with a mark."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for number, event in enumerate(events):
                if model.endswith("-broken") and number == 3:
                    return
                if model.endswith("-slow"):
                    time.sleep(SLOW_SECONDS / 4)
                name = f"event: {event['type']}\n" if named else ""
                self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            if not named:
                self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            return  # the client has heard enough


def _chat(body: Body) -> Body:
    choices = []
    for index in range(body.get("n") or 1):
        message: Body = {"role": "assistant", "content": ANSWER if not index else f"{ANSWER} ({index})", "refusal": None}
        if body.get("tools"):
            message |= {"content": None, "tool_calls": [_CALL]}
        reason = "tool_calls" if body.get("tools") else "stop"
        choices.append({"index": index, "message": message, "finish_reason": reason, "logprobs": None})
    return _chat_head(body, "chat.completion") | {"choices": choices, "usage": _CHAT_USAGE}


def _chat_head(body: Body, kind: str) -> Body:
    snapshot = f"{body['model']}-2024-08-06"
    return {"id": "chatcmpl-1", "object": kind, "created": 1_732_000_000, "model": snapshot, "system_fingerprint": "fp_1"}


def _chat_events(body: Body) -> Iterator[Body]:
    head = _chat_head(body, "chat.completion.chunk")
    for index in range(body.get("n") or 1):
        yield head | {"choices": [{"index": index, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    if body.get("tools"):
        begun = _CALL | {"index": 0, "function": {"name": "weather", "arguments": ""}}
        pieces = [begun, *({"index": 0, "function": {"arguments": piece}} for piece in ('{"city":', ' "Graz"}'))]
        deltas: list[Body] = [{"tool_calls": [piece]} for piece in pieces]
    else:
        deltas = [{"content": word} for word in _WORDS]
    for delta in deltas:
        for index in range(body.get("n") or 1):
            yield head | {"choices": [{"index": index, "delta": delta, "finish_reason": None}]}
    reason = "tool_calls" if body.get("tools") else "stop"
    for index in range(body.get("n") or 1):
        yield head | {"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield head | {"choices": [], "usage": _CHAT_USAGE}


def _response(body: Body) -> Body:
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    item: Body = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    if body.get("tools"):
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Graz"}'}
    return _response_head(body) | {"status": "completed", "output": [item], "usage": _RESPONSE_USAGE}


def _response_head(body: Body) -> Body:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_732_000_000,
        "model": f"{body['model']}-2024-08-06",
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
    }


def _response_events(body: Body) -> Iterator[Body]:
    done = _response(body)
    numbered = enumerate(
        [
            {"type": "response.created", "response": _response_head(body)},
            {"type": "response.output_item.added", "output_index": 0, "item": done["output"][0] | {"content": []}},
            {
                "type": "response.content_part.added",
                "output_index": 0,
                "content_index": 0,
                "item_id": "msg_1",
                "part": {"type": "output_text", "text": "", "annotations": []},
            },
            *(
                {
                    "type": "response.output_text.delta",
                    "output_index": 0,
                    "content_index": 0,
                    "item_id": "msg_1",
                    "delta": word,
                    "logprobs": [],
                }
                for word in _WORDS
            ),
            {"type": "response.output_item.done", "output_index": 0, "item": done["output"][0]},
            {"type": "response.completed", "response": done},
        ]
    )
    yield from (event | {"sequence_number": number} for number, event in numbered)


def _message(body: Body) -> Body:
    content: list[Body] = [{"type": "text", "text": ANSWER}]
    if body.get("tools"):
        content.append({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Graz"}})
    return _message_head(body) | {
        "content": content,
        "stop_reason": "tool_use" if body.get("tools") else "end_turn",
        "usage": _MESSAGE_USAGE,
    }


def _message_head(body: Body) -> Body:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}-20250514",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _MESSAGE_USAGE | {"output_tokens": 1},
    }


def _message_events(body: Body) -> Iterator[Body]:
    yield {"type": "message_start", "message": _message_head(body)}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for word in _WORDS:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield {"type": "content_block_stop", "index": 0}
    if body.get("tools"):
        block = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
        yield {"type": "content_block_start", "index": 1, "content_block": block}
        for piece in ('{"city":', ' "Graz"}'):
            yield {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}
        yield {"type": "content_block_stop", "index": 1}
    reason = "tool_use" if body.get("tools") else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 40}}
    yield {"type": "message_stop"}
