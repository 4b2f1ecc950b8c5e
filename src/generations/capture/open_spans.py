"""Spans of the host that have begun and not ended, by their trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import ref

from generations.capture.spans import Around

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

MOST_TRACES: Final = 10_000


class OpenSpans:
    """Keeps nothing alive: a span whose end was not heard is not open once nobody holds it.

    Without a lock, for any thread: each step is one of a dictionary's own. A race between two spans of a trace may forget that
    one of them is open, which costs a second reading of the trace.
    """

    def __init__(self) -> None:
        self._by_trace: dict[int, dict[int, tuple[ref[ReadableSpan], Around | None]]] = {}

    def begin(self, trace_id: int, span_id: int, span: ReadableSpan, around: Around | None) -> None:
        """A span has begun; `around` is kept for its end."""
        of_trace = self._by_trace.get(trace_id)
        if of_trace is None:
            if len(self._by_trace) >= MOST_TRACES:
                for oldest in list(self._by_trace)[: MOST_TRACES // 10]:
                    self._by_trace.pop(oldest, None)
            of_trace = self._by_trace.setdefault(trace_id, {})
        of_trace[span_id] = ref(span, lambda _: self.end(trace_id, span_id)), around

    def end(self, trace_id: int, span_id: int) -> Around | None:
        """A span has ended; what was told around its beginning."""
        of_trace = self._by_trace.get(trace_id)
        if of_trace is None:
            return None
        _, around = of_trace.pop(span_id, (None, None))
        if not of_trace:
            self._by_trace.pop(trace_id, None)
        return around

    def of(self, trace_id: int) -> list[ReadableSpan]:
        """The open spans of a trace."""
        found = [span() for span, _ in list(self._by_trace.get(trace_id, {}).values())]
        return [span for span in found if span is not None]


OPEN_SPANS: Final = OpenSpans()
"""Those of this process."""
