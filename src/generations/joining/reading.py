"""From the pieces of one trace to its records. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from generations.joining.pieces import Told
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.trace import read_traces
from generations.wire.payload import Object


@dataclass(frozen=True, slots=True)
class TraceReading:
    """What the pieces of a trace give.

    Attributes:
        records: by id, in the order of their start; those that were deleted are not among them.
        evaluations: those whose generation is not among the records.
    """

    records: dict[str, Object] = field(default_factory=dict[str, Object])
    evaluations: tuple[Evaluation, ...] = ()


NOTHING = TraceReading()


def read_trace(told: Iterable[Told]) -> TraceReading:
    """The records of one trace, of which these pieces are known, in the order in which they came."""
    pieces = list(told)
    deleted = {one.piece.about: one.value for one in pieces if one.piece.kind == "deleted"}
    kept = [one for one in pieces if one.piece.about not in deleted] if deleted else pieces
    reading = read_traces(
        (one.value for one in kept if one.piece.kind == "span"),
        (one.value for one in kept if one.piece.kind == "log"),
        (one.value for one in kept if one.piece.kind == "evaluation"),
        is_complete=any(one.piece.kind == "settled" for one in kept),
    )
    return TraceReading({record["id"]: record for record in reading.records}, reading.evaluations)
