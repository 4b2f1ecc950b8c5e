"""From the pieces of one trace to its records. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from generations.joining.pieces import Told
from generations.store.pieces import PieceKind
from generations.wire.langfuse_ingestion import keys_around, records_of
from generations.wire.langfuse_scores import join_scores
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
    kept: dict[PieceKind, list[Told]] = {}
    for one in told:
        kept.setdefault(one.piece.kind, []).append(one)
    deleted = {one.piece.about for one in kept.get("deleted", ())}

    def values(kind: PieceKind) -> list[Any]:
        return [one.value for one in kept.get(kind, ()) if one.piece.about not in deleted]

    reading = read_traces(values("span"), values("log"), values("evaluation"), is_complete="settled" in kept)
    found = {record["id"]: record for record in reading.records}
    events = values("langfuse")
    if not events:
        return TraceReading(found, reading.evaluations)
    of_events = {record["id"]: record for record in records_of(events) if record["id"] not in found}
    return TraceReading(found | of_events, tuple(join_scores(reading.evaluations, of_events, keys_around)))
