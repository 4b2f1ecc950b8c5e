"""What a request tells of traces, as the pieces that are kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final, Self

import msgspec

from generations.store.pieces import Piece, PieceKind
from generations.wire.langfuse_ingestion import Event
from generations.wire.otlp.evaluations import Evaluation, evaluations_of
from generations.wire.otlp.outline import outline_of
from generations.wire.otlp.telemetry import LogRecord, Span, Telemetry
from generations.wire.otlp.trace import concerns_generations


class Told(msgspec.Struct, frozen=True):
    """A piece together with what it says.

    Attributes:
        piece: as it is kept.
        value: a `Span`, a `LogRecord`, an `Evaluation`, an `Event`; of the other kinds the JSON value.
    """

    piece: Piece
    value: Any

    @classmethod
    def of(cls, piece: Piece) -> Self:
        """A kept piece, read again."""
        return cls(piece, _DECODERS.get(piece.kind, _JSON).decode(piece.body))


def told_by(telemetry: Telemetry) -> list[Told]:
    """The pieces of one request. Log records that tell nothing of generations give none, nor do messages that name no trace."""
    told = [span_piece(span) for span in telemetry.spans]
    told += _logs(telemetry.logs)
    told += map(evaluation_piece, _of_other_traces(telemetry.spans))
    return told


def span_piece(span: Span) -> Told:
    """A span; what has nothing to do with generations is kept in outline only."""
    span = outline_of(span)
    return Told(Piece(span.trace_id, "span", span.span_id, span.key, _encode(span)), span)


def evaluation_piece(evaluation: Evaluation) -> Told:
    """What was said of a generation, as a piece of the trace that it is in; an equal one adds nothing.

    One that names an answer only stands alone.
    """
    body = _encode(evaluation)
    return Told(
        Piece(evaluation.trace_id or f"answer {evaluation.response_id}", "evaluation", _digest(body), evaluation.span_key or "", body),
        evaluation,
    )


def event_piece(event: Event) -> Told:
    """An event of Langfuse's older ingestion; the same one sent again adds nothing."""
    return Told(Piece(event.trace_id, "langfuse", event.key, event.record_id, _encode(event)), event)


def score_piece(score: Evaluation, id: str) -> Told:
    """A score of Langfuse, which takes the place of what its id stood for before."""
    return Told(Piece(score.trace_id or "", "evaluation", f"score {id}", score.span_key or "", _encode(score)), score)


def _logs(logs: Iterable[LogRecord]) -> Iterator[Told]:
    seen: dict[str, int] = {}
    for log in logs:
        if not concerns_generations(log):
            continue
        if log.trace_id is None:
            yield from map(evaluation_piece, evaluations_of((), [log]))
            continue
        body = _encode(log)
        key = _digest(body)
        # Equal ones of one request are two; the same request sent again numbers them the same way.
        again = seen[key] = seen.get(key, 0) + 1
        yield Told(Piece(log.trace_id, "log", key if again == 1 else f"{key}-{again}", log.span_key or "", body), log)


def _of_other_traces(spans: Iterable[Span]) -> Iterator[Evaluation]:
    """Evaluations on spans that were made afterwards, in traces of their own."""
    for span in spans:
        if span.links:
            yield from (found for found in evaluations_of([span], ()) if found.trace_id not in (None, span.trace_id))


def settling_piece(trace_id: str) -> Told:
    """Says that what has no span in a trace is not waited for any more."""
    return Told(Piece(trace_id, "settled", "", "", b"null"), None)


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


_encode = msgspec.json.Encoder().encode
_JSON: Final[Any] = msgspec.json.Decoder()
_DECODERS: Final[dict[PieceKind, Any]] = {
    "span": msgspec.json.Decoder(Span),
    "log": msgspec.json.Decoder(LogRecord),
    "evaluation": msgspec.json.Decoder(Evaluation),
    "langfuse": msgspec.json.Decoder(Event),
}
