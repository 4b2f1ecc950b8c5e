"""Spans and log records of this process, held until what they tell of a generation is whole, and read as records.

A generation is given when nothing of its trace is open any more in this process, and at the latest some seconds after its
own end, read together with the spans around it that are still open. The pieces stay for a while: when a later one changes
a record that was given, it is given again, under the same id.

For the recorder's thread alone.
"""

from __future__ import annotations

import marshal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from generations.capture.context import in_surroundings
from generations.capture.counters import Tally
from generations.capture.open_spans import OpenSpans
from generations.capture.records import declared
from generations.capture.spans import Around, EmittedLog, EndedSpan, log_of, span_of
from generations.wire.otlp.dialects import GENAI, dialect_of
from generations.wire.otlp.telemetry import LogRecord, Scope, Span
from generations.wire.otlp.trace import concerns_generations, read_traces
from generations.wire.payload import Object, as_object

HOLD_SECONDS: Final = 5.0
"""The longest that a generation waits for the end of what is around it."""
SETTLE_SECONDS: Final = 0.2
"""How long a trace whose spans have all ended waits for other traces of the same call."""
KEEP_SECONDS: Final = 600.0
"""How long the pieces of a trace are kept after the last one, for those that come late."""
MOST_PIECES: Final = 20_000
MOST_PIECES_OF_A_TRACE: Final = 1_000
"""Reading a trace takes about as long as it has pieces, and an agent may run for days."""
MOST_REMEMBERED: Final = 20_000
_PIECE_BYTES: Final = 2_048
_LOOK_SHARE: Final = 10
"""The part of the time that looking at what is not given yet may take: one of so many."""
_CONTEXT: Final = frozenset(
    [
        *GENAI.names.user_id,
        *GENAI.names.session_id,
        *GENAI.names.conversation_id,
        *GENAI.names.function_id,
        *GENAI.names.workflow_id,
        *GENAI.names.agent_id,
        *GENAI.names.tags,
    ]
)


@dataclass(slots=True)
class _Trace:
    """What is known of one trace; times are those of `time.monotonic`, spans are by their ids, what was around them by their keys."""

    id: int
    spans: dict[str, Span] = field(default_factory=dict[str, Span])
    arounds: dict[str, Around] = field(default_factory=dict[str, Around])
    logs: list[LogRecord] = field(default_factory=list[LogRecord])
    due_at: float = 0.0
    changed_at: float = 0.0
    size_bytes: int = 0

    @property
    def pieces(self) -> int:
        return len(self.spans) + len(self.logs)


class Traces:
    """Takes pieces, gives records.

    Args:
        open_spans: those of this process.
        tally: told of what could not be read.
        most_bytes: of all pieces together; beyond it the oldest trace is read as it is, and forgotten.
    """

    def __init__(self, open_spans: OpenSpans, tally: Tally, most_bytes: int) -> None:
        self._open_spans = open_spans
        self._tally = tally
        self._most_bytes = most_bytes
        self._traces: dict[int, _Trace] = {}  # the one that changed last comes last
        self._unread: dict[int, _Trace] = {}  # those with something that was not read yet
        self._size_bytes = 0
        self._pieces = 0
        self._given: dict[str, bytes] = {}  # digests of records by their ids
        self._superseded: dict[str, bytes] = {}  # ids of spans that are part of another's record
        self._unseen: dict[int, _Trace] = {}  # those with something that `so_far` has not told
        self._look_at = 0.0

    def add(self, piece: EndedSpan | EmittedLog) -> list[Object]:
        """Take a piece; the records of what has to be forgotten for it."""
        now = time.monotonic()
        match piece:
            case EndedSpan():
                trace = self._with_span(piece)
            case EmittedLog():
                trace = self._with_log(piece)
        if trace is None:
            return []
        trace.size_bytes += piece.size_bytes + _PIECE_BYTES
        self._size_bytes += piece.size_bytes + _PIECE_BYTES
        self._pieces += 1
        trace.changed_at = now
        self._traces[trace.id] = self._traces.pop(trace.id, trace)
        if trace.id not in self._unread:
            self._unread[trace.id] = trace
            trace.due_at = now + HOLD_SECONDS
        if self._open_spans.of(trace.id):
            self._unseen[trace.id] = trace
        else:
            trace.due_at = min(trace.due_at, now + SETTLE_SECONDS)
        return list(self._within_bounds(trace))

    def due_seconds(self) -> float | None:
        """When there is something to read or to look at, in seconds from now; None when nothing is held that was not read."""
        if not self._unread:
            return None
        due_at = min(trace.due_at for trace in self._unread.values())
        return max(0.0, (min(due_at, self._look_at) if self._unseen else due_at) - time.monotonic())

    def due(self) -> list[Object]:
        """The records whose time has come."""
        now = time.monotonic()
        self._forget_old(now)
        return self._read([trace for trace in self._unread.values() if trace.due_at <= now])

    def all(self) -> list[Object]:
        """The records of all that has ended, as it is."""
        return self._read(list(self._unread.values()))

    def waits(self, trace_id: int) -> bool:
        """Whether something of a trace was not given yet."""
        return trace_id in self._unread

    def so_far(self) -> Iterator[tuple[int, list[Object]]]:
        """Of traces that wait for open spans and have changed: their ids, and what would be given now, without giving it.

        Takes a tenth of the time at most, with what is done with it; what it has not come to is told another time.
        """
        started_at = time.monotonic()
        if started_at < self._look_at:
            return
        unseen, self._unseen = self._unseen, {}
        for trace in unseen.values():
            with suppress(Exception):  # it is counted when it is to be given
                yield trace.id, [record for record, _ in self._reading([trace])[0]]
        self._look_at = started_at + _LOOK_SHARE * (time.monotonic() - started_at)

    def _with_span(self, piece: EndedSpan) -> _Trace | None:
        """The trace of a span that has to do with generations, or is around one that has; None for any other span."""
        context = piece.span.context
        if context is None:
            return None
        held = self._traces.get(context.trace_id)
        if held is not None and f"{context.span_id:016x}" in held.spans:
            return None  # told twice
        scope = piece.span.instrumentation_scope
        names = piece.span.attributes or {}
        probe = Span("", "", "", attributes=names, scope=Scope() if scope is None else Scope(scope.name))
        if dialect_of(probe) is not None:
            span = span_of(piece.span)
        elif held is not None:
            span = _link(span_of(piece.span))
        else:
            return None
        trace = held or _Trace(context.trace_id)
        trace.spans[span.span_id] = span
        if piece.around is not None:
            trace.arounds[span.key] = piece.around
        return trace

    def _with_log(self, piece: EmittedLog) -> _Trace | None:
        log = log_of(piece.log)
        if not concerns_generations(log) or log.trace_id is None:
            return None
        trace_id = int(log.trace_id, 16)
        trace = self._traces.get(trace_id) or _Trace(trace_id)
        trace.logs.append(log)
        return trace

    def _read(self, traces: Sequence[_Trace]) -> list[Object]:
        """The records of traces that are new, or other than when they were given.

        Traces of which nothing is open are read together: an instrumentation that puts no span around what it calls has the
        client's span in a trace of its own, and both are one call.
        """
        for trace in traces:
            self._unread.pop(trace.id, None)
            self._unseen.pop(trace.id, None)
        whole = [trace for trace in traces if not self._open_spans.of(trace.id)]
        return self._records(whole) + [record for trace in traces if trace not in whole for record in self._records([trace])]

    def _records(self, traces: Sequence[_Trace]) -> list[Object]:
        try:
            changed, superseded_ids = self._reading(traces)
        except Exception as error:  # noqa: BLE001 - one bad trace must not take the others with it
            if len(traces) > 1:
                return [record for trace in traces for record in self._records([trace])]
            self._tally.drop("not recorded", was_in_memory=False, message=f"{type(error).__name__}: {error}")
            return []
        for key in superseded_ids:
            _remember(self._superseded, key, b"")
        for record, digest in changed:
            _remember(self._given, record["id"], digest)
        return [record for record, _ in changed]

    def _reading(self, traces: Sequence[_Trace]) -> tuple[list[tuple[Object, bytes]], frozenset[str]]:
        """The records of traces that are other than when they were given, with their digests, and the ids that are part of others."""
        still_open = [span_of(span) for trace in traces for span in self._open_spans.of(trace.id)]
        ended = {span.key: span for trace in traces for span in trace.spans.values()}
        logs = [log for trace in traces for log in trace.logs]
        arounds = {key: around for trace in traces for key, around in trace.arounds.items()}
        open_keys = {span.key for span in still_open} - ended.keys()
        reading = read_traces([*still_open, *ended.values()], logs, is_complete=not still_open)
        changed: list[tuple[Object, bytes]] = []
        superseded_ids = frozenset(reading.superseded_ids)
        for record in reading.records:
            key: str = record["id"]
            is_late_event = key not in ended and key in self._given
            if key in open_keys or key in superseded_ids or key in self._superseded or is_late_event:
                continue
            around = arounds.get(key)
            if around is not None:
                record["metadata"] = declared(in_surroundings(as_object(record["metadata"]), around.told, around.baggage))
            digest = blake2b(marshal.dumps(record, 2), digest_size=16).digest()  # the version without references
            if self._given.get(key) != digest:
                changed.append((record, digest))
        return changed, superseded_ids

    def _within_bounds(self, trace: _Trace) -> Iterator[Object]:
        """Give and forget the oldest until there is room."""
        if trace.pieces > MOST_PIECES_OF_A_TRACE:
            yield from self._read([trace])
            self._forget_half(trace)
        while self._size_bytes > self._most_bytes or self._pieces > MOST_PIECES:
            oldest = next(iter(self._traces.values()))
            if oldest.id in self._unread:
                yield from self._read([oldest])
            self._forget(oldest)

    def _forget_old(self, now: float) -> None:
        for trace in list(self._traces.values()):
            if now - trace.changed_at <= KEEP_SECONDS:
                return
            self._forget(trace)

    def _forget(self, trace: _Trace) -> None:
        del self._traces[trace.id]
        self._size_bytes -= trace.size_bytes
        self._pieces -= trace.pieces

    def _forget_half(self, trace: _Trace) -> None:
        """Let go of the earlier half of a trace, and of about as much of its size."""
        pieces = trace.pieces
        for span_id in list(trace.spans)[: len(trace.spans) // 2]:
            trace.arounds.pop(trace.spans.pop(span_id).key, None)
        del trace.logs[: len(trace.logs) // 2]
        freed = trace.size_bytes * (pieces - trace.pieces) // pieces
        trace.size_bytes -= freed
        self._size_bytes -= freed
        self._pieces -= pieces - trace.pieces


def _remember(known: dict[str, bytes], key: str, value: bytes) -> None:
    """Put an entry last, and let go of the first ones beyond the limit."""
    known.pop(key, None)
    known[key] = value
    while len(known) > MOST_REMEMBERED:
        del known[next(iter(known))]


def _link(span: Span) -> Span:
    """A span that has nothing to do with generations, as what stands around some, and may tell for whom they were made."""
    told = {name: value for name, value in span.attributes.items() if name in _CONTEXT}
    return replace(span, attributes=told, events=(), links=(), resource={})
