"""Formats whose documents hold pieces of traces: a generation is only understood together with the spans around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from generations.errors import InvalidInput
from generations.wire.otlp.telemetry import LogRecord, Span, Telemetry
from generations.wire.otlp.trace import records_in
from generations.wire.payload import Object


@dataclass(frozen=True, slots=True)
class Traces:
    """How documents come apart into pieces, and how the pieces of traces become records.

    Attributes:
        pieces: the pieces of a document, each with the id of its trace; an error in place of one that cannot be read.
        read: the records of one trace or more, given all their pieces in the order in which they came.
    """

    pieces: Callable[[Any], Iterator[tuple[str, Any]]]
    read: Callable[[Sequence[Any]], Iterator[Object]]


def traces_of(telemetry_of: Callable[[Any], Telemetry]) -> Traces:
    """The traces of a format whose documents are understood as spans and log records."""

    def pieces(document: Any) -> Iterator[tuple[str, Any]]:
        telemetry = telemetry_of(document)
        for span in telemetry.spans:
            yield span.trace_id, span
        for log in telemetry.logs:
            yield log.trace_id or "", log
        for refused in telemetry.refused:
            yield "", InvalidInput(refused, hint="mend it and import the file again: what is there already is not added again")

    return Traces(pieces, _records)


def _records(pieces: Sequence[Any]) -> Iterator[Object]:
    spans = tuple(piece for piece in pieces if isinstance(piece, Span))
    yield from records_in(Telemetry(spans, tuple(piece for piece in pieces if isinstance(piece, LogRecord))))


def records_of(traces: Traces, document: Any) -> Iterator[Object]:
    """The records of one document alone; what of it cannot be read is left out."""
    yield from traces.read([piece for _, piece in traces.pieces(document) if not isinstance(piece, InvalidInput)])
