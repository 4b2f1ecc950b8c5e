"""Spans of the host that have begun and not ended, by their trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from weakref import ref

from generations.capture.spans import Around, TakenSpan, taken_span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

MOST_TRACES: Final = 10_000


class _Begun:
    """A span that has begun; whether it was told of is the listener's."""

    __slots__ = ("around", "is_told", "span")

    def __init__(self, span: ref[ReadableSpan], around: Around | None) -> None:
        self.span = span
        self.around = around
        self.is_told = False


class OpenSpans:
    """Keeps nothing alive: a span whose end was not heard is not open once nobody holds it.

    Without a lock, for any thread: each step is one of a dictionary's own. A race between two spans of a trace may forget that
    one of them is open, which costs a second reading of the trace.
    """

    def __init__(self) -> None:
        self._by_trace: dict[int, dict[int, _Begun]] = {}

    def begin(self, trace_id: int, span_id: int, span: ReadableSpan, around: Around | None) -> None:
        """A span has begun; `around` is kept for its end."""
        of_trace = self._by_trace.get(trace_id)
        if of_trace is None:
            if len(self._by_trace) >= MOST_TRACES:
                for oldest in list(self._by_trace)[: MOST_TRACES // 10]:
                    self._by_trace.pop(oldest, None)
            of_trace = self._by_trace.setdefault(trace_id, {})
        of_trace[span_id] = _Begun(ref(span, lambda _: self.end(trace_id, span_id)), around)

    def end(self, trace_id: int, span_id: int) -> Around | None:
        """A span has ended; what was told around its beginning."""
        of_trace = self._by_trace.get(trace_id)
        if of_trace is None:
            return None
        begun = of_trace.pop(span_id, None)
        if not of_trace:
            self._by_trace.pop(trace_id, None)
        return None if begun is None else begun.around

    def untold(self, trace_id: int) -> list[ReadableSpan]:
        """The open spans of a trace that were not asked for before."""
        of_trace = self._by_trace.get(trace_id)
        if of_trace is None:
            return []
        begun = [one for one in list(of_trace.values()) if not one.is_told]
        for one in begun:
            one.is_told = True
        return [span for one in begun if (span := one.span()) is not None]

    def has(self, trace_id: str) -> bool:
        """Whether a span of a trace is open."""
        return any(begun.span() is not None for begun in self._begun(trace_id))

    def of(self, trace_id: str) -> list[TakenSpan]:
        """The open spans of a trace, as they are now."""
        return [taken_span(span) for begun in self._begun(trace_id) if (span := begun.span()) is not None]

    def _begun(self, trace_id: str) -> list[_Begun]:
        return list(self._by_trace.get(int(trace_id, 16), {}).values())


class SpansLeftOpen(OpenSpans):
    """Spans of a process that is no more: known for what they tell of those inside, and not to be waited for."""

    def __init__(self, spans: Iterable[TakenSpan]) -> None:
        super().__init__()
        self._left: dict[str, list[TakenSpan]] = {}
        for span in spans:
            self._left.setdefault(span.trace_id, []).append(span)

    def has(self, trace_id: str) -> bool:
        """None is waited for."""
        del trace_id
        return False

    def of(self, trace_id: str) -> list[TakenSpan]:
        """Those of a trace, as they were written last."""
        return self._left.get(trace_id, [])


OPEN_SPANS: Final = OpenSpans()
"""Those of this process."""
