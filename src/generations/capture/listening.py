"""What hears of the spans and log records of OpenTelemetry's SDK; needs the extra `instrument`.

Called by the SDK on the host's threads, with nothing between it and the host that would catch an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry import baggage
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from generations.capture.context import NOTHING_TOLD, current_context
from generations.capture.counters import LOG
from generations.capture.open_spans import OPEN_SPANS
from generations.capture.process import keep
from generations.capture.spans import Around, EmittedLog, EndedSpan, OpenSpan, TakenLog, TakenSpan, taken_log, taken_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context

_SPAN_BYTES: Final = 1_024
_VALUE_BYTES: Final = 64
_DEEPEST: Final = 6


class _Listener:
    """Hears as long as `is_on`: a processor cannot be taken out of its provider again."""

    def __init__(self) -> None:
        self.is_on = True

    def stop(self) -> None:
        """Hear nothing any more."""
        self.is_on = False

    def shutdown(self) -> None:
        """The provider ends; what was captured goes its own way."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing is held here; `capture.flush` waits for what was captured."""
        del timeout_millis
        return True


class SpanListener(_Listener, SpanProcessor):
    """Hands over each span that ends."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if not self.is_on:
            return
        try:
            told, carried = current_context(), baggage.get_all(parent_context)
            around = Around(told, carried) if carried or told is not NOTHING_TOLD else None
            ids = span.get_span_context()
            OPEN_SPANS.begin(ids.trace_id, ids.span_id, span, around)
        except Exception:  # noqa: BLE001 - whatever it is, it is not the host's
            LOG.debug("a span was not noticed", exc_info=True)

    def on_end(self, span: ReadableSpan) -> None:
        if not self.is_on:
            return
        try:
            ids = span.context
            if ids is not None:
                around = OPEN_SPANS.end(ids.trace_id, ids.span_id)
                taken = taken_span(span)
                keep(EndedSpan(taken, around, _size_bytes(taken)))
                for still_open in OPEN_SPANS.untold(ids.trace_id):  # the recorder's thread notes what becomes of them
                    taken = taken_span(still_open)
                    keep(OpenSpan(taken, _size_bytes(taken)))
        except Exception:  # noqa: BLE001 - as above
            LOG.debug("a span was not captured", exc_info=True)


class LogListener(_Listener, LogRecordProcessor):
    """Hands over each log record that tells of a generation."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        if not self.is_on:
            return
        try:
            log = log_record.log_record
            name: Any = log.event_name or (log.attributes or {}).get("event.name")
            if isinstance(name, str) and name.startswith("gen_ai."):
                taken = taken_log(log_record)
                keep(EmittedLog(taken, _size_bytes(taken) + _size_of(taken.body)))
        except Exception:  # noqa: BLE001 - as above
            LOG.debug("a log record was not captured", exc_info=True)


def _size_bytes(taken: TakenSpan | TakenLog) -> int:
    """What it holds, about."""
    return _SPAN_BYTES + sum([len(value) if type(value) is str else _size_of(value) for value in taken.attributes.values()])


def _size_of(value: Any, depth: int = 0) -> int:
    """As deep as the texts of messages are; this runs on the host's thread."""
    if type(value) is str:
        return len(value)
    if depth < _DEEPEST and type(value) is not int:
        if isinstance(value, list | tuple):
            return sum(_size_of(item, depth + 1) for item in cast("Sequence[Any]", value))
        if isinstance(value, dict):
            return sum(_size_of(item, depth + 1) for item in cast("dict[str, Any]", value).values())
    return _VALUE_BYTES
