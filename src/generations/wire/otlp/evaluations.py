"""Evaluations of generations: OpenTelemetry's event `gen_ai.evaluation.result` and OpenInference's annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from generations.record import instants
from generations.record.fields import EVAL
from generations.record.shape import LONGEST_EVAL_NAME
from generations.wire.identity import span_generation_id
from generations.wire.otlp.attributes import MOST_REMEMBERED, Attributes
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import Object, as_list, as_number, as_object, as_text, without_absent

RESULT: Final = "gen_ai.evaluation.result"


class Evaluation(msgspec.Struct, frozen=True):
    """What was said of one generation.

    Attributes:
        trace_id, span_id: the span that was evaluated; None when only the answer is named.
        response_id: the provider's id of the answer that was evaluated.
        name: what was looked at (`relevance`).
        score: on the evaluator's own scale.
        label: the verdict as a word (`pass`).
        evaluator: who said it: `HUMAN`, `LLM` or `CODE` in OpenInference.
        at_ns: nanoseconds since 1970.
        rest: what else was sent.
    """

    trace_id: str | None
    span_id: str | None
    response_id: str | None
    name: str
    score: float | None = None
    label: str | None = None
    explanation: str | None = None
    evaluator: str | None = None
    at_ns: int | None = None
    rest: Mapping[str, Any] | None = None

    @property
    def span_key(self) -> str | None:
        """The key of the span that was evaluated."""
        return span_generation_id(self.trace_id, self.span_id) if self.trace_id and self.span_id else None


def evaluations_of(spans: Iterable[Span], logs: Iterable[LogRecord]) -> Iterator[Evaluation]:
    """All evaluations that stand in log records, in span events and on spans."""
    for log in logs:
        if log.event_name == RESULT:
            yield _result({**as_object(log.body), **log.attributes}, log.trace_id, log.span_id, log.at_ns)
    for span in spans:
        for event in span.events:
            if event.name == RESULT:
                yield _result(event.attributes, span.trace_id, span.span_id, event.at_ns)
        if not may_be_annotated(span):
            continue
        for prefix, of in (("annotations.", "annotation"), ("evaluations.", "evaluation")):
            for item in as_list(Attributes(span.attributes).unflattened(prefix)):
                yield _annotation(as_object(as_object(item).get(of)), span)


def may_be_annotated(span: Span) -> bool:
    """Whether there may be annotations on a span; yes too often is only slower."""
    return len(span.attributes) > MOST_REMEMBERED or _has_annotations(frozenset(span.attributes))


@lru_cache(maxsize=1024)
def _has_annotations(names: frozenset[str]) -> bool:
    return any(name.startswith(("annotations.", "evaluations.")) for name in names)


def is_feedback(evaluation: Evaluation) -> bool:
    """Whether a person said it; where nothing tells who did, whether it is a rating or thumbs."""
    if evaluation.evaluator is not None:
        return evaluation.evaluator.lower() in _PEOPLE
    return evaluation.name.lower() in _RATINGS or _thumbs(evaluation) is not None


def feedback_of(*evaluations: Evaluation) -> Object:
    """What people said, the newest first, in the shape of the record's `feedback`: of each part the newest that tells it.

    A score becomes the rating only when its name says that it is one: ratings go from 1 to 5, and most scores from 0
    to 1. Thumbs come from a label, or a name, that speaks of them; the verdict stands among the categories in any case.
    """
    found: Object = {}
    for said in map(_feedback, evaluations):
        categories = [*found.get("categories", []), *said["categories"]]
        found = said | found | {"categories": list(dict.fromkeys(categories))}
    return found


def _feedback(evaluation: Evaluation) -> Object:
    verdict = evaluation.name if evaluation.label is None else f"{evaluation.name}: {evaluation.label}"
    return without_absent(
        {
            "rating": evaluation.score if evaluation.name.lower() in _RATINGS else None,
            "thumbs": _thumbs(evaluation),
            "comment": evaluation.explanation,
            "categories": [verdict],
            "timestamp": None if evaluation.at_ns is None else instants.iso(instants.from_micros(evaluation.at_ns // 1000)),
        }
    )


def summary_of(evaluation: Evaluation) -> Object:
    """Everything that the evaluation says but for its time, as one of a record's evals or in its metadata."""
    rest = {f"{key}_" if key in _DECLARED else key: value for key, value in (evaluation.rest or {}).items()}
    return without_absent(
        {
            "score": evaluation.score,
            "label": evaluation.label,
            "explanation": evaluation.explanation,
            "evaluator": evaluation.evaluator,
            **rest,
        }
    )


def eval_of(evaluation: Evaluation) -> Object:
    """The evaluation in the shape of one of the record's `evals`; the score stays on the evaluator's own scale."""
    at_ns = evaluation.at_ns
    told = {"timestamp": instants.iso(instants.from_micros(at_ns // 1000))} if at_ns is not None else {}
    return summary_of(evaluation) | told


def name_in(kept: Object, name: str) -> str:
    """A name like this one that an eval may have, and that none of those has."""
    valid = name.replace(".", "_").lstrip("$")[:_LONGEST_NAME] or "evaluation"
    if valid not in kept:
        return valid
    taken, free = 1, 2
    while f"{valid} ({free})" in kept:  # by leaps and halves: a trial is told thousands of times
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if f"{valid} ({middle})" in kept else (taken, middle)
    return f"{valid} ({free})"


_DECLARED = frozenset(field.path.rpartition(".")[2] for field in EVAL)
_LONGEST_NAME: Final = LONGEST_EVAL_NAME - len(" (1000000)")
_PEOPLE = frozenset(["human", "user", "annotator", "person"])
_RATINGS = frozenset(["rating", "user_rating", "user-rating", "stars", "star_rating"])
_THUMBS_NAMES = frozenset(["thumbs", "thumb", "thumbs_up", "user_feedback", "user-feedback"])
_UP = frozenset(["up", "thumbs_up", "thumbs-up", "👍", "positive", "like"])
_DOWN = frozenset(["down", "thumbs_down", "thumbs-down", "👎", "negative", "dislike"])


def _thumbs(evaluation: Evaluation) -> str | None:
    label = (evaluation.label or "").lower()
    if label in _UP:
        return "up"
    if label in _DOWN:
        return "down"
    if evaluation.name.lower() in _THUMBS_NAMES and evaluation.score in (1, 0, -1):
        return "up" if evaluation.score == 1 else "down"
    return None


_PREFIX = "gen_ai.evaluation."


def _result(sent: Mapping[str, Any], trace_id: str | None, span_id: str | None, at_ns: int | None) -> Evaluation:
    read = {_PREFIX + name for name in ("name", "score.value", "score.label", "explanation", "evaluator.type")}
    return Evaluation(
        trace_id=trace_id,
        span_id=span_id,
        response_id=as_text(sent.get("gen_ai.response.id")),
        name=as_text(sent.get(_PREFIX + "name")) or "evaluation",
        score=as_number(sent.get(_PREFIX + "score.value")),
        label=as_text(sent.get(_PREFIX + "score.label")),
        explanation=as_text(sent.get(_PREFIX + "explanation")),
        evaluator=as_text(sent.get(_PREFIX + "evaluator.type")),
        at_ns=at_ns,
        rest={
            name.removeprefix(_PREFIX).replace(".", "_"): value
            for name, value in sent.items()
            if name not in read and name not in ("gen_ai.response.id", "event.name") and value is not None
        },
    )


def _annotation(sent: Object, span: Span) -> Evaluation:
    """On a span made afterwards, the link says which span is meant."""
    trace_id, span_id = span.links[0] if span.links else (span.trace_id, span.span_id)
    return Evaluation(
        trace_id=trace_id,
        span_id=span_id,
        response_id=None,
        name=as_text(sent.get("name")) or "annotation",
        score=as_number(sent.get("score")),
        label=as_text(sent.get("label")),
        explanation=as_text(sent.get("explanation")),
        evaluator=as_text(sent.get("annotator_kind")),
        at_ns=span.start_ns if span.links else None,
        rest={key: value for key, value in sent.items() if key not in _OF_AN_ANNOTATION and value is not None},
    )


_OF_AN_ANNOTATION = frozenset(["name", "score", "label", "explanation", "annotator_kind"])
