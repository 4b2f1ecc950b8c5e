"""Spans and log records of this process, held until what they tell of a generation is whole, and read as records.

A generation is given when nothing of its trace is open any more in this process, and at the latest some seconds after its
own end, read together with the spans around it that are still open. The pieces stay for a while: when a later one changes
a record that was given, it is given again, under the same id. In the journal they stay until nothing of their trace is open:
whoever finds them there after a kill reads them together, too, and with what was open around them.

For the recorder's thread alone.
"""

from __future__ import annotations

import marshal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from generations.capture.context import in_surroundings
from generations.capture.counters import Tally
from generations.capture.journal import Entry
from generations.capture.open_spans import OpenSpans
from generations.capture.records import declared
from generations.capture.spans import Around, EmittedLog, EndedSpan, OpenSpan, TakenSpan, log_of, scope_of, span_of
from generations.wire.otlp.dialects import GENAI, dialect_of
from generations.wire.otlp.telemetry import LogRecord, Span
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
    """What is known of one trace; times are those of `time.monotonic`, spans are by their ids, what was around them by their keys.

    Attributes:
        entries: of its pieces, in the journal.
        noted: what is in the journal of its open spans.
    """

    id: str
    spans: dict[str, Span] = field(default_factory=dict[str, Span])
    arounds: dict[str, Around] = field(default_factory=dict[str, Around])
    logs: list[LogRecord] = field(default_factory=list[LogRecord])
    entries: list[Entry] = field(default_factory=list[Entry])
    noted: dict[str, tuple[TakenSpan, Entry | None]] = field(default_factory=dict[str, tuple[TakenSpan, Entry | None]])
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
        self._traces: dict[str, _Trace] = {}  # the one that changed last comes last
        self._unread: dict[str, _Trace] = {}  # those with something that was not read yet
        self._size_bytes = 0
        self._pieces = 0
        self._given: dict[str, bytes] = {}  # digests of records by their ids
        self._superseded: dict[str, bytes] = {}  # ids of spans that are part of another's record
        self._changed: dict[str, _Trace] = {}  # those with something that came since their open spans were noted
        self._released: list[Entry] = []

    def add(self, piece: EndedSpan | OpenSpan | EmittedLog, entry: Entry | None = None) -> list[Object]:
        """Take a piece, and its entry in the journal; the records of what has to be forgotten for it."""
        now = time.monotonic()
        match piece:
            case OpenSpan():
                self._note(piece.span, entry)
                return []
            case EndedSpan():
                trace = self._with_span(piece)
            case EmittedLog():
                trace = self._with_log(piece)
        if entry is not None:
            (self._released if trace is None else trace.entries).append(entry)
        if trace is None:
            return []
        if isinstance(piece, EndedSpan):  # what it was while it was open nobody needs any more
            _, noted = trace.noted.pop(piece.span.span_id, (None, None))
            self._released += [] if noted is None else [noted]
        trace.size_bytes += piece.size_bytes + _PIECE_BYTES
        self._size_bytes += piece.size_bytes + _PIECE_BYTES
        self._pieces += 1
        trace.changed_at = now
        self._traces[trace.id] = self._traces.pop(trace.id, trace)
        if trace.id not in self._unread:
            self._unread[trace.id] = trace
            trace.due_at = now + HOLD_SECONDS
        if self._open_spans.has(trace.id):
            self._changed[trace.id] = trace
        else:
            trace.due_at = min(trace.due_at, now + SETTLE_SECONDS)
        return list(self._within_bounds(trace))

    def due_seconds(self) -> float | None:
        """When there is something to read or to look at, in seconds from now; None when nothing is held that was not read."""
        if not self._unread:
            return None
        return max(0.0, min(trace.due_at for trace in self._unread.values()) - time.monotonic())

    def due(self) -> list[Object]:
        """The records whose time has come."""
        now = time.monotonic()
        self._forget_old(now)
        return self._read([trace for trace in self._unread.values() if trace.due_at <= now])

    def all(self) -> list[Object]:
        """The records of all that has ended, as it is."""
        return self._read(list(self._unread.values()))

    def released(self) -> list[Entry]:
        """What nobody needs in the journal once the records that were given before are on disk; told once."""
        released, self._released = self._released, []
        return released

    def note_open(self, write: Callable[[OpenSpan], Entry | None]) -> None:
        """Write what is open around the pieces that came, as far as it is other than what was written of it."""
        changed, self._changed = self._changed, {}
        for trace in changed.values():
            for span in self._open_spans.of(trace.id):
                if trace.noted.get(span.span_id, (None,))[0] != span:
                    self._note(span, write(OpenSpan(span)))

    def _note(self, span: TakenSpan, entry: Entry | None) -> None:
        """Know what is in the journal of an open span, instead of what was there before; of no use where its trace is not held."""
        trace = self._traces.get(span.trace_id)
        before = entry
        if trace is not None:
            _, before = trace.noted.get(span.span_id, (None, None))
            trace.noted[span.span_id] = span, entry
        if before is not None:
            self._released.append(before)

    def _with_span(self, piece: EndedSpan) -> _Trace | None:
        """The trace of a span that has to do with generations, or is around one that has; None for any other span."""
        taken = piece.span
        held = self._traces.get(taken.trace_id)
        if held is not None and taken.span_id in held.spans:
            return None  # told twice
        probe = Span("", "", "", attributes=taken.attributes, scope=scope_of(taken.scope))
        if dialect_of(probe) is not None:
            span = span_of(taken)
        elif held is not None:
            span = _link(span_of(taken))
        else:
            return None
        trace = held or _Trace(taken.trace_id)
        trace.spans[span.span_id] = span
        if piece.around is not None:
            trace.arounds[span.key] = piece.around
        return trace

    def _with_log(self, piece: EmittedLog) -> _Trace | None:
        log = log_of(piece.log)
        if not concerns_generations(log) or log.trace_id is None:
            return None
        trace = self._traces.get(log.trace_id) or _Trace(log.trace_id)
        trace.logs.append(log)
        return trace

    def _read(self, traces: Sequence[_Trace]) -> list[Object]:
        """The records of traces that are new, or other than when they were given.

        Traces of which nothing is open are read together: an instrumentation that puts no span around what it calls has the
        client's span in a trace of its own, and both are one call.
        """
        whole: list[_Trace] = []
        others: list[_Trace] = []
        for trace in traces:
            self._unread.pop(trace.id, None)
            if self._open_spans.has(trace.id):
                others.append(trace)
                self._changed[trace.id] = trace
            else:
                whole.append(trace)
                self._release(trace)
        return self._records(whole) + [record for trace in others for record in self._records([trace])]

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
        is_complete = not any(self._open_spans.has(trace.id) for trace in traces)
        reading = read_traces([*still_open, *ended.values()], logs, is_complete=is_complete)
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
        self._release(trace)

    def _release(self, trace: _Trace) -> None:
        self._released += trace.entries
        self._released += [entry for _, entry in trace.noted.values() if entry is not None]
        trace.entries.clear()
        trace.noted.clear()

    def _forget_half(self, trace: _Trace) -> None:
        """Let go of the earlier half of a trace, and of about as much of its size."""
        pieces = trace.pieces
        for span_id in list(trace.spans)[: len(trace.spans) // 2]:
            trace.arounds.pop(trace.spans.pop(span_id).key, None)
        del trace.logs[: len(trace.logs) // 2]
        self._released += trace.entries[: len(trace.entries) // 2]
        del trace.entries[: len(trace.entries) // 2]
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
