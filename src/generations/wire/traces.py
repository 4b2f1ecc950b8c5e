"""Formats whose documents hold pieces of traces: a generation is only understood together with the spans around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from generations.errors import InvalidInput
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.telemetry import LogRecord, Span, Telemetry
from generations.wire.otlp.trace import read_traces
from generations.wire.payload import Object


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a span beside it.

    Attributes:
        evaluation: it may leave out its trace: the span tells it.
        row: as it was sent; None where it stands with its span, and goes with that if it is no generation.
    """

    evaluation: Evaluation
    row: Object | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A row that says something of a span in which no generation is, as far as the pieces tell."""

    row: Object


@dataclass(frozen=True, slots=True)
class Traces:
    """How documents come apart into pieces, and how the pieces of traces become records.

    Attributes:
        pieces: the pieces of a document, each with the id of its trace; an error in place of one that cannot be read.
        read: the records of one trace or more, given all their pieces in the order in which they came, and what was said of others.
    """

    pieces: Callable[[Any], Iterator[tuple[str, Any]]]
    read: Callable[[Sequence[Any]], Iterator[Object | Unplaced]]


def traces_of(telemetry_of: Callable[[Any], Telemetry], said_in: Callable[[Any], Iterable[Said]] = lambda _: ()) -> Traces:
    """The traces of a format whose documents are understood as spans and log records.

    What cannot be read of a document is one error, however much that is: it is kept with the whole document.

    Args:
        telemetry_of: the spans and log records of a document.
        said_in: what a document says of spans beside them.
    """

    def pieces(document: Any) -> Iterator[tuple[str, Any]]:
        telemetry = telemetry_of(document)
        for span in telemetry.spans:
            yield span.trace_id, span
        for log in telemetry.logs:
            yield log.trace_id or "", log
        for said in said_in(document):
            yield said.evaluation.trace_id or "", said
        if telemetry.refused:
            yield "", _refused(telemetry.refused)

    return Traces(pieces, _read)


def _refused(reasons: Sequence[str]) -> InvalidInput:
    told, more = "; ".join(reasons[:_MOST_REASONS]), len(reasons) - _MOST_REASONS
    return InvalidInput(
        f"{told}; and {more:,} more" if more > 0 else told,
        hint="mend it and import the file again: what is there already is not added again",
    )


_MOST_REASONS: Final = 10


def _read(pieces: Sequence[Any]) -> Iterator[Object | Unplaced]:
    spans = [piece for piece in pieces if isinstance(piece, Span)]
    traces = {span.span_id: span.trace_id for span in spans}
    told = [piece for piece in pieces if isinstance(piece, Said)]
    dated = {(one.evaluation.span_id, one.evaluation.name) for one in told if one.evaluation.at_ns is not None}
    said: list[Evaluation] = []
    rows: dict[int, Object] = {}
    for one in told:
        found = one.evaluation
        if found.at_ns is None and (found.span_id, found.name) in dated:  # a summary of what is there itself
            continue
        said.append(found if found.trace_id is not None else replace(found, trace_id=traces.get(found.span_id or "")))
        if one.row is not None:
            rows[id(said[-1])] = one.row
    reading = read_traces(spans, [piece for piece in pieces if isinstance(piece, LogRecord)], said)
    yield from reading.records
    yield from (Unplaced(rows[id(left)]) for left in reading.evaluations if id(left) in rows)


def records_of(traces: Traces, document: Any) -> Iterator[Object]:
    """The records of one document alone; what of it cannot be read is left out."""
    found = traces.read([piece for _, piece in traces.pieces(document) if not isinstance(piece, InvalidInput)])
    yield from (record for record in found if not isinstance(record, Unplaced))
