"""What the model server speaks beside the APIs of OpenAI and Anthropic: those of Gemini, Bedrock, Cohere and Ollama.

As much of them as their own clients need for an answer, a stream, a call of a tool and a refusal.

Tokens: Gemini's answers have 120 of input, 64 of them cached, and 24 of output beside 16 of thoughts; Bedrock's have 120 of input
beside 64 read from the cache and 8 written to it, and 40 of output; Cohere's and Ollama's have 120 of input and 40 of output, and
64 of Cohere's are cached.
"""

from __future__ import annotations

import binascii
import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tests.targets.said import ANSWER, ARGUMENTS, REFUSAL, WORDS, Body

CALLED: Final = {"name": "weather", "arguments": json.loads("".join(ARGUMENTS))}


@dataclass(frozen=True)
class Api:
    """One of the APIs.

    Attributes:
        path: of its requests; it may name the `model`, and that a `stream` is asked for.
        whole: the answer to a request.
        pieces: the answer as a stream.
        content_type: of a stream.
        packed: a piece as it is sent.
        refusal: the body of an error, by its status.
    """

    path: re.Pattern[str]
    whole: Callable[[Body], Body]
    pieces: Callable[[Body], Iterator[Body]]
    content_type: str
    packed: Callable[[Body], bytes]
    refusal: Callable[[int], Body]

    def asked(self, path: str, body: Body) -> Body:
        """The body of a request, with what its path tells beside it: `model` and `stream`."""
        told = {name: value for name, value in self.path.fullmatch(path).groupdict().items() if value}
        return (
            {"stream": False}
            | body
            | {"model": unquote(told.get("model", body.get("model", "")))}
            | ({"stream": True} if told.get("stream") else {})
        )


def api_of(path: str) -> Api | None:
    """The API that a path belongs to; None for those of OpenAI and Anthropic."""
    return next((api for api in _APIS if api.path.fullmatch(path)), None)


def _is_to_call(body: Body, found: str) -> bool:
    """Whether a tool is called: not when one has found something."""
    return "weather" in json.dumps([body.get(name) for name in ("tools", "toolConfig")]) and found not in json.dumps(body)


def _event(piece: Body) -> bytes:
    return f"data: {json.dumps(piece)}\n\n".encode()


def _line(piece: Body) -> bytes:
    return json.dumps(piece).encode() + b"\n"


_GEMINI_USAGE: Final = {
    "promptTokenCount": 120,
    "cachedContentTokenCount": 64,
    "candidatesTokenCount": 24,
    "thoughtsTokenCount": 16,
    "totalTokenCount": 160,
}


def _gemini(body: Body) -> Body:
    is_call = _is_to_call(body, "functionResponse")
    part = {"functionCall": {"name": CALLED["name"], "args": CALLED["arguments"]}} if is_call else {"text": ANSWER}
    return _gemini_piece(body, part, "STOP") | {"usageMetadata": _GEMINI_USAGE}


def _gemini_piece(body: Body, part: Body, reason: str | None = None) -> Body:
    candidate = {"content": {"role": "model", "parts": [part]}, "index": 0} | ({"finishReason": reason} if reason else {})
    return {"candidates": [candidate], "modelVersion": body["model"], "responseId": f"gemini-{body['number']}"}


def _gemini_pieces(body: Body) -> Iterator[Body]:
    if _is_to_call(body, "functionResponse"):
        yield _gemini(body)
        return
    for word in WORDS[:-1]:
        yield _gemini_piece(body, {"text": word}) | {"usageMetadata": {"promptTokenCount": 120, "totalTokenCount": 120}}
    yield _gemini_piece(body, {"text": WORDS[-1]}, "STOP") | {"usageMetadata": _GEMINI_USAGE}


_CONVERSE_USAGE: Final = {
    "inputTokens": 120,
    "outputTokens": 40,
    "totalTokens": 232,
    "cacheReadInputTokens": 64,
    "cacheWriteInputTokens": 8,
}


def _converse(body: Body) -> Body:
    is_call = _is_to_call(body, "toolResult")
    tool = {"toolUse": {"toolUseId": "tooluse_1", "name": CALLED["name"], "input": CALLED["arguments"]}}
    return {
        "output": {"message": {"role": "assistant", "content": [tool if is_call else {"text": ANSWER}]}},
        "stopReason": "tool_use" if is_call else "end_turn",
        "usage": _CONVERSE_USAGE,
        "metrics": {"latencyMs": 1},
    }


def _converse_pieces(body: Body) -> Iterator[Body]:
    is_call = _is_to_call(body, "toolResult")
    yield {"messageStart": {"role": "assistant"}}
    if is_call:
        yield {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "tooluse_1", "name": CALLED["name"]}}}}
    for piece in ARGUMENTS if is_call else WORDS:
        yield {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": piece}} if is_call else {"text": piece}}}
    yield {"contentBlockStop": {"contentBlockIndex": 0}}
    yield {"messageStop": {"stopReason": "tool_use" if is_call else "end_turn"}}
    yield {"metadata": {"usage": _CONVERSE_USAGE, "metrics": {"latencyMs": 1}}}


def _amazon_event(piece: Body) -> bytes:
    """A message of Amazon's event stream: lengths, headers and payload, each part with its checksum."""
    [(kind, value)] = piece.items()
    headers = b""
    for name, text in ((":message-type", "event"), (":event-type", kind), (":content-type", "application/json")):
        headers += struct.pack(f">B{len(name)}sBH{len(text)}s", len(name), name.encode(), 7, len(text), text.encode())
    payload = json.dumps(value).encode()
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", binascii.crc32(message))


_COHERE_USAGE: Final = {
    "billed_units": {"input_tokens": 112, "output_tokens": 40},
    "tokens": {"input_tokens": 120, "output_tokens": 40},
    "cached_tokens": 64,
}


def _cohere(body: Body) -> Body:
    is_call = _is_to_call(body, '"role": "tool"')
    message: Body = {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}
    if is_call:
        called = {"id": "call_1", "type": "function", "function": {"name": CALLED["name"], "arguments": "".join(ARGUMENTS)}}
        message = {"role": "assistant", "tool_plan": "I look it up.", "tool_calls": [called]}
    reason = "TOOL_CALL" if is_call else "COMPLETE"
    return {"id": f"cohere-{body['number']}", "message": message, "finish_reason": reason, "usage": _COHERE_USAGE}


def _cohere_pieces(body: Body) -> Iterator[Body]:
    yield {"type": "message-start", "id": f"cohere-{body['number']}", "delta": {"message": {"role": "assistant"}}}
    yield {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}
    for word in WORDS:
        yield {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": word}}}}
    yield {"type": "content-end", "index": 0}
    yield {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": _COHERE_USAGE}}


_OLLAMA_HEAD: Final = {"created_at": "2026-01-05T10:00:00Z", "done": False}
_OLLAMA_END: Final = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 5_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_count": 120,
    "prompt_eval_duration": 1_000_000,
    "eval_count": 40,
    "eval_duration": 2_000_000,
}


def _ollama(body: Body) -> Body:
    message: Body = {"role": "assistant", "content": ANSWER}
    if _is_to_call(body, '"role": "tool"'):
        message |= {"content": "", "tool_calls": [{"function": CALLED}]}
    return {"model": body["model"], "message": message} | _OLLAMA_HEAD | _OLLAMA_END


def _ollama_pieces(body: Body) -> Iterator[Body]:
    for word in WORDS:
        yield {"model": body["model"], "message": {"role": "assistant", "content": word}} | _OLLAMA_HEAD
    yield {"model": body["model"], "message": {"role": "assistant", "content": ""}} | _OLLAMA_HEAD | _OLLAMA_END


_APIS: Final = (
    Api(
        re.compile(r"/v1(?:beta)?/models/(?P<model>[^/:]+):(?:generateContent|(?P<stream>streamGenerateContent))"),
        _gemini,
        _gemini_pieces,
        "text/event-stream",
        _event,
        lambda status: {"error": {"code": status, "message": REFUSAL, "status": "RESOURCE_EXHAUSTED"}},
    ),
    Api(
        re.compile(r"/model/(?P<model>[^/]+)/(?:converse|(?P<stream>converse-stream))"),
        _converse,
        _converse_pieces,
        "application/vnd.amazon.eventstream",
        _amazon_event,
        lambda _: {"__type": "ThrottlingException", "message": REFUSAL},
    ),
    Api(re.compile("/v2/chat"), _cohere, _cohere_pieces, "text/event-stream", _event, lambda _: {"message": REFUSAL}),
    Api(re.compile("/api/chat"), _ollama, _ollama_pieces, "application/x-ndjson", _line, lambda _: {"error": REFUSAL}),
)
