"""A model server on the loopback, for tests: it speaks enough of the APIs of OpenAI and Anthropic for their own clients, of
Groq's and Mistral's, which are made like the former, and of those in `other_models`.

    with serve_models() as models:
        OpenAI(base_url=models.openai_url, api_key="none").chat.completions.create(model="gpt-4o", messages=[…])

What is asked for decides what is answered:

- `n`, `stream` and `stream_options` do what they do there; the text is always `ANSWER`.
- with `tools` the answer is a call of `weather`, until the last message is what it found.
- with `thinking` (Anthropic) or `reasoning` (OpenAI's responses) there is a thought before the answer.
- a model named `error-429` (or another status) gets the provider's own error.
- a model that begins with `flaky-` fails the first time, with a status that clients try again after.
- a model that ends in `-slow` takes `SLOW_SECONDS` for an answer, and as long for each piece of a stream.
- a model that ends in `-broken` ends a stream in the middle, with the connection.

Each answer has ids of its own, numbered by request: that of the answer in its body, that of the request in a header.

Tokens: OpenAI's answers have 120 of input, 64 of them cached, and 40 of output, 16 of them reasoning; Anthropic's have 56 of
input beside 64 read from the cache and 8 written to it, and 40 of output. Embeddings have 8 of input.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.targets.other_models import Api, api_of
from tests.targets.said import ANSWER, ARGUMENTS, REFUSAL, THOUGHT, WORDS, Body

VECTOR = [0.25, -0.5, 1.0]
SLOW_SECONDS = 0.4
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "".join(ARGUMENTS)}}
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
    server.counting = threading.Lock()
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
        path = self.path.partition("?")[0].removeprefix("/openai")  # Groq's is OpenAI's below a folder
        api = api_of(path)
        if api is not None:
            body = api.asked(path, body)
        model = body["model"]
        with self.server.counting:
            is_first = not any(asked["model"] == model for asked in self.server.models.asked)
            self.server.models.asked.append(body)
            self.number = len(self.server.models.asked)
        if model.startswith("error-"):
            self._error(int(model.removeprefix("error-")), path, api)
            return
        if model.startswith("flaky-") and is_first:
            self._error(500, path, api, may_retry=True)
            return
        if model.endswith("-slow"):
            time.sleep(SLOW_SECONDS)
        whole, events = (api.whole, api.pieces) if api is not None else _ANSWERS.get(path, (_message, _message_events))
        asked = body | {"number": self.number}
        if body.get("stream"):
            self._stream(events(asked), model, path, api)
        else:
            self._json(200, whole(asked))

    def _error(self, status: int, path: str, api: Api | None, *, may_retry: bool = False) -> None:
        if api is not None:
            self._json(status, api.refusal(status), may_retry=may_retry)
            return
        kind = {429: "rate_limit_error", 500: "api_error"}.get(status, "invalid_request_error")
        error = {"type": kind, "message": REFUSAL, "code": "not_now", "param": None}
        self._json(status, {"type": "error", "error": error} if path == "/v1/messages" else {"error": error}, may_retry=may_retry)

    def _ids(self) -> None:
        """The id of the request, under the names that either provider gives it."""
        for name in ("x-request-id", "request-id"):
            self.send_header(name, f"req_{self.number}")

    def _json(self, status: int, value: Body, *, may_retry: bool = False) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.send_header("x-should-retry", str(may_retry).lower())
        self.send_header("retry-after-ms", "1")
        self._ids()
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # a client that was cancelled
            self.wfile.write(text)

    def _stream(self, events: Iterator[Body], model: str, path: str, api: Api | None) -> None:
        """Server-sent events, of which OpenAI's chat completions have no names and end with a mark; or what the API sends."""
        is_chat = path == "/v1/chat/completions"
        self.send_response(200)
        self.send_header("content-type", api.content_type if api is not None else "text/event-stream")
        self.send_header("connection", "close")
        self._ids()
        self.end_headers()
        self.close_connection = True
        try:
            for number, event in enumerate(events):
                if model.endswith("-broken") and number == 3:
                    return
                if model.endswith("-slow"):
                    time.sleep(SLOW_SECONDS / 4)
                name = "" if is_chat else f"event: {event.get('type')}\n"
                self.wfile.write(api.packed(event) if api is not None else f"{name}data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            if is_chat:
                self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            return  # the client has heard enough


def _is_to_call(body: Body) -> bool:
    """Whether a tool is called: not when the last message is what one found."""
    messages = body.get("messages") or body.get("input")
    last = messages[-1] if isinstance(messages, list) else {}
    content = last.get("content")
    has_found = any(part.get("type") == "tool_result" for part in content) if isinstance(content, list) else False
    return bool(body.get("tools")) and not has_found and last.get("role") != "tool" and last.get("type") != "function_call_output"


def _snapshot(model: str, version: str) -> str:
    """The model that answers: the one with a date in its name is itself."""
    return model if re.search(r"\d{4}-?\d\d-?\d\d$", model) else f"{model}-{version}"


def _chat(body: Body) -> Body:
    choices = []
    is_call = _is_to_call(body)
    for index in range(body.get("n") or 1):
        message: Body = {"role": "assistant", "content": ANSWER if not index else f"{ANSWER} ({index})", "refusal": None}
        if is_call:
            message |= {"content": None, "tool_calls": [_CALL]}
        choices.append({"index": index, "message": message, "finish_reason": "tool_calls" if is_call else "stop", "logprobs": None})
    return _chat_head(body, "chat.completion") | {"choices": choices, "usage": _CHAT_USAGE}


def _chat_head(body: Body, kind: str) -> Body:
    return {
        "id": f"chatcmpl-{body['number']}",
        "object": kind,
        "created": 1_732_000_000,
        "model": _snapshot(body["model"], "2024-08-06"),
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def _chat_events(body: Body) -> Iterator[Body]:
    head = _chat_head(body, "chat.completion.chunk")
    is_call = _is_to_call(body)
    choices = range(body.get("n") or 1)
    for index in choices:
        yield head | {"choices": [{"index": index, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    if is_call:
        begun = _CALL | {"index": 0, "function": {"name": "weather", "arguments": ""}}
        pieces = [begun, *({"index": 0, "function": {"arguments": piece}} for piece in ARGUMENTS)]
        deltas: list[Body] = [{"tool_calls": [piece]} for piece in pieces]
    else:
        deltas = [{"content": word} for word in WORDS]
    for delta in deltas:
        for index in choices:
            yield head | {"choices": [{"index": index, "delta": delta, "finish_reason": None}]}
    for index in choices:
        end = {"choices": [{"index": index, "delta": {}, "finish_reason": "tool_calls" if is_call else "stop"}]}
        yield head | end | _unasked_usage(body)
    if (body.get("stream_options") or {}).get("include_usage"):
        yield head | {"choices": [], "usage": _CHAT_USAGE}


def _unasked_usage(body: Body) -> Body:
    """What Mistral and Groq tell at the end of every stream."""
    if body["model"].startswith("mistral-"):
        return {"usage": _CHAT_USAGE}
    return {"x_groq": {"id": f"req_{body['number']}", "usage": _CHAT_USAGE}} if body["model"].startswith("openai/") else {}


def _response(body: Body) -> Body:
    text = {"type": "output_text", "text": ANSWER, "annotations": [], "logprobs": []}
    item: Body = {"type": "message", "id": "item_1", "role": "assistant", "status": "completed", "content": [text]}
    if _is_to_call(body):
        item = {"type": "function_call", "id": "item_1", "call_id": "call_1", "name": "weather", "status": "completed"}
        item["arguments"] = "".join(ARGUMENTS)
    summary = {"type": "summary_text", "text": THOUGHT}
    thought = [{"type": "reasoning", "id": "item_0", "summary": [summary]}] if body.get("reasoning") else []
    return _response_head(body) | {"status": "completed", "output": [*thought, item], "usage": _RESPONSE_USAGE}


def _response_head(body: Body) -> Body:
    return {
        "id": f"resp_{body['number']}",
        "object": "response",
        "created_at": 1_732_000_000,
        "model": _snapshot(body["model"], "2024-08-06"),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "service_tier": "default",
        "temperature": body.get("temperature", 1.0),
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
    }


def _response_events(body: Body) -> Iterator[Body]:
    done = _response(body)
    events: list[Body] = [{"type": "response.created", "response": _response_head(body)}]
    for index, item in enumerate(done["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        events += [{"type": "response.output_item.added", "output_index": index, "item": _begun(item)}]
        events += [event | place for event in _item_events(item)]
        events += [{"type": "response.output_item.done", "output_index": index, "item": item}]
    events.append({"type": "response.completed", "response": done})
    yield from (event | {"sequence_number": number} for number, event in enumerate(events))


def _begun(item: Body) -> Body:
    empty = {"message": {"content": [], "status": "in_progress"}, "function_call": {"arguments": ""}, "reasoning": {"summary": []}}
    return item | empty[item["type"]]


def _item_events(item: Body) -> Iterator[Body]:
    match item["type"]:
        case "message":
            text = item["content"][0]
            yield {"type": "response.content_part.added", "content_index": 0, "part": text | {"text": ""}}
            for word in WORDS:
                yield {"type": "response.output_text.delta", "content_index": 0, "delta": word, "logprobs": []}
            yield {"type": "response.output_text.done", "content_index": 0, "text": ANSWER, "logprobs": []}
            yield {"type": "response.content_part.done", "content_index": 0, "part": text}
        case "function_call":
            for piece in ARGUMENTS:
                yield {"type": "response.function_call_arguments.delta", "delta": piece}
            yield {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": item["arguments"]}
        case _:
            part = item["summary"][0]
            yield {"type": "response.reasoning_summary_part.added", "summary_index": 0, "part": part | {"text": ""}}
            yield {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": THOUGHT}
            yield {"type": "response.reasoning_summary_text.done", "summary_index": 0, "text": THOUGHT}
            yield {"type": "response.reasoning_summary_part.done", "summary_index": 0, "part": part}


def _embeddings(body: Body) -> Body:
    """As base64 of 32-bit floats if so asked for, which OpenAI's client does."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
    vector = packed if body.get("encoding_format") == "base64" else VECTOR
    items = [{"object": "embedding", "index": index, "embedding": vector} for index in range(len(texts))]
    return {"object": "list", "data": items, "model": body["model"], "usage": {"prompt_tokens": 8, "total_tokens": 8}}


def _message(body: Body) -> Body:
    is_call = _is_to_call(body)
    return _message_head(body) | {
        "content": _message_blocks(body),
        "stop_reason": "tool_use" if is_call else "end_turn",
        "usage": _MESSAGE_USAGE,
    }


def _message_blocks(body: Body) -> list[Body]:
    blocks: list[Body] = [{"type": "text", "text": ANSWER}]
    if (body.get("thinking") or {}).get("type") == "enabled":
        blocks.insert(0, {"type": "thinking", "thinking": THOUGHT, "signature": "c2lnbmVk"})
    if _is_to_call(body):
        blocks.append({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Graz"}})
    return blocks


def _message_head(body: Body) -> Body:
    return {
        "id": f"msg_{body['number']}",
        "type": "message",
        "role": "assistant",
        "model": _snapshot(body["model"], "20250514"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _MESSAGE_USAGE | {"output_tokens": 1},
    }


def _message_events(body: Body) -> Iterator[Body]:
    yield {"type": "message_start", "message": _message_head(body)}
    for index, block in enumerate(_message_blocks(body)):
        empty, deltas = _block_pieces(block)
        yield {"type": "content_block_start", "index": index, "content_block": block | empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    reason = "tool_use" if _is_to_call(body) else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 40}}
    yield {"type": "message_stop"}


def _block_pieces(block: Body) -> tuple[Body, list[Body]]:
    """What a block of content lacks when it begins, and the pieces that bring it."""
    match block["type"]:
        case "text":
            return {"text": ""}, [{"type": "text_delta", "text": word} for word in WORDS]
        case "tool_use":
            return {"input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in ARGUMENTS]
        case _:
            thought = {"type": "thinking_delta", "thinking": block["thinking"]}
            return {"thinking": "", "signature": ""}, [thought, {"type": "signature_delta", "signature": block["signature"]}]


_ANSWERS = {
    "/v1/chat/completions": (_chat, _chat_events),
    "/v1/responses": (_response, _response_events),
    "/v1/embeddings": (_embeddings, _chat_events),  # never streamed
}
