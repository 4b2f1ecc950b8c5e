"""What was captured as bytes, for the journal, and back.

`packed` runs on the host's threads. What it is given was made plain before, but for the pieces of streams and the bodies of logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from generations.capture.context import NO_SURROUNDINGS, NOTHING_TOLD, Context, Surroundings
from generations.capture.preparing import mended
from generations.capture.recording import Recording
from generations.capture.snapshot import Snapshot, one_level
from generations.capture.spans import Around, EmittedLog, EndedSpan, OpenSpan, TakenLog, TakenSpan
from generations.record import content

Captured = Recording | EndedSpan | OpenSpan | EmittedLog
"""What the host's threads hand over."""

_PLAIN: Final = (
    "id",
    "source",
    "told",
    "model",
    "provider",
    "function",
    "input",
    "request",
    "parameters",
    "metadata",
    "tags",
    "output",
    "alternatives",
    "finish_reason",
    "tokens",
    "answer",
    "error",
    "timestamp_ns",
    "started_ns",
    "first_token_ns",
    "ended_ns",
)
_plain_of = attrgetter(*_PLAIN)


MOST_CHUNK_BYTES: Final = 8 << 20
"""Of the pieces of one stream: helpers of SDKs tell with each piece all that was said so far."""


class _Recording(msgspec.Struct, tag="recording", array_like=True):
    plain: tuple[Any, ...]
    context: Context | None
    trace_id: bytes
    span_id: int
    baggage: Mapping[str, Any]
    chunks: list[Any] | None


class _Span(msgspec.Struct, tag="span", array_like=True):
    """Of one that is open, too, which has no end."""

    span: TakenSpan
    context: Context | None
    baggage: Mapping[str, Any]
    size_bytes: int


class _Log(msgspec.Struct, tag="log", array_like=True):
    log: TakenLog
    size_bytes: int


_encoder: Final = msgspec.msgpack.Encoder(enc_hook=one_level)
_decoder: Final = msgspec.msgpack.Decoder(_Recording | _Span | _Log)
_json_decoder: Final = msgspec.json.Decoder(_Recording | _Span | _Log)


def packed(captured: Captured) -> bytes | None:
    """What was captured; None where it holds what cannot be written. Never raises."""
    try:
        stored = _stored(captured)
        try:
            return _encoder.encode(stored)
        except (ValueError, OverflowError):  # halves of surrogate pairs, integers of more than 64 bits: rare, and slow to look for
            return content.to_json(mended(msgspec.to_builtins(stored, enc_hook=one_level)))
    except Exception:  # noqa: BLE001 - whatever the host's values do, they are kept in memory all the same
        return None


def restored(body: bytes) -> Captured:
    """What was packed.

    Raises:
        msgspec.MsgspecError: nothing was.
    """
    stored: _Recording | _Span | _Log = (_json_decoder if body.startswith(b"[") else _decoder).decode(body)
    match stored:
        case _Recording():
            recording = Recording(_nobody)
            for name, value in zip(_PLAIN, stored.plain, strict=True):
                setattr(recording, name, value)
            recording.chunks = stored.chunks
            recording.context = stored.context or NOTHING_TOLD
            recording.surroundings = Surroundings(int.from_bytes(stored.trace_id, "big"), stored.span_id, stored.baggage)
            return recording
        case _Span():
            if stored.span.end_time is None:
                return OpenSpan(stored.span, stored.size_bytes)
            return EndedSpan(stored.span, Around(stored.context or NOTHING_TOLD, stored.baggage), stored.size_bytes)
        case _Log():
            return EmittedLog(stored.log, stored.size_bytes)


def _stored(captured: Captured) -> _Recording | _Span | _Log:
    match captured:
        case Recording():
            told, around = captured.context, captured.surroundings
            chunks = _plain_chunks(captured.chunks) if captured.chunks else None
            if around is NO_SURROUNDINGS:
                return _Recording(_plain_of(captured), None if told is NOTHING_TOLD else told, b"", 0, {}, chunks)
            trace_id = around.trace_id.to_bytes(16, "big")
            baggage = dict(around.baggage) if around.baggage else {}
            return _Recording(_plain_of(captured), told, trace_id, around.span_id, baggage, chunks)
        case EndedSpan():
            around = captured.around
            if around is None:
                return _Span(captured.span, None, {}, captured.size_bytes)
            return _Span(captured.span, around.told, around.baggage, captured.size_bytes)
        case EmittedLog():
            log = captured.log
            return _Log(log if type(log.body) is str else replace(log, body=Snapshot().take(log.body)), captured.size_bytes)
        case OpenSpan():
            return _Span(captured.span, None, {}, captured.size_bytes)


def _plain_chunks(chunks: list[Any]) -> list[Any]:
    """The pieces of a stream, bounded as in the record that is made of them.

    Raises:
        ValueError: they are too much to be written on the host's thread.
    """
    if set(map(type, chunks)) == {str}:
        return chunks
    snapshot = Snapshot()
    taken = [snapshot.take(chunk) for chunk in chunks]
    if snapshot.size_bytes > MOST_CHUNK_BYTES:
        raise ValueError("pieces that repeat each other")
    return taken


def _nobody(recording: Recording) -> None:
    """Takes over what was taken over already."""
