"""Langfuse's scores: what people, programs and models said of a generation, in one of five types of data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from generations.errors import InvalidInput
from generations.record import instants
from generations.record.shape import LONGEST_ID
from generations.wire.bounds import Bounded
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.trace import put_evaluations
from generations.wire.payload import Object, as_number, as_object, as_text, without_absent

TYPES: Final = ("NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", "CORRECTION")
SOURCES: Final = {"API": "human", "ANNOTATION": "human", "EVAL": "program"}
"""Who stands behind the sources. What an SDK sends names none, and is what users of a program said of it."""

_READ: Final = frozenset(["traceId", "observationId", "name", "value", "comment", "timestamp", "stringValue"])


def score_of(sent: Any, at_us: int) -> Evaluation:
    """A score as an evaluation: of an observation, or, where it names none, of the last generation of its trace.

    Args:
        sent: the score, with its id.
        at_us: when it came, microseconds since 1970, if it does not say when it was given.

    Raises:
        InvalidInput: it has no name or no value, its value is not of its type, or it names no trace: a score of a session or of
            an experiment is of no generation.
    """
    if not isinstance(sent, dict):
        raise InvalidInput("a score is an object")
    bounded = Bounded()
    score = as_object(bounded.json(sent))
    name, trace_id = as_text(score.get("name")), as_text(score.get("traceId"))
    if name is None:
        raise InvalidInput("a score has a name, a text", path="name")
    if trace_id is None:
        raise InvalidInput("a score names a trace", hint="scores of sessions and of experiments are of no generation", path="traceId")
    for part in ("id", "traceId", "observationId"):
        if len(as_text(score.get(part)) or "") > LONGEST_ID // 2:
            raise InvalidInput(f"an id has at most {LONGEST_ID // 2} characters", path=part)
    source = (as_text(score.get("source")) or "API").upper()
    if source not in SOURCES:
        raise InvalidInput(f"the source of a score is not {source[:60]!r}", hint=f"one of {', '.join(SOURCES)}", path="source")
    number, label, text = _value(score)
    given = instants.parse(score.get("timestamp"))
    at_ns = bounded.instant_ns(at_us * 1000 if given is None else instants.micros(given) * 1000, "time of a score")
    rest = without_absent({name: value for name, value in score.items() if name not in _READ})
    return Evaluation(
        trace_id=trace_id,
        span_id=as_text(score.get("observationId")),
        response_id=None,
        name=name,
        score=number,
        label=label,
        explanation="\n".join(part for part in (text, as_text(score.get("comment"))) if part) or None,
        evaluator=SOURCES[source],
        at_ns=at_us * 1000 if at_ns is None else at_ns,
        rest=rest | ({"notes": list(bounded.notes)} if bounded.notes else {}),
    )


def join_scores(
    scores: Iterable[Evaluation], records: Mapping[str, Object], around: Callable[[Object], Iterable[str]]
) -> Iterator[Evaluation]:
    """Put scores into the records that they are of, in place; those of other records are left.

    One of a trace, or of an observation around generations, is of the last of them.

    Args:
        scores: what was said.
        records: those of one trace, by id.
        around: the observations around the generation of a record, each named as its record would be if it were one.
    """
    ids = sorted(records, key=lambda one: records[one].get("timestamp") or "")
    last = ids[-1] if ids else ""
    inside = {key: id for id in ids for key in around(records[id])}
    said: dict[str, list[Evaluation]] = {}
    for score in scores:
        is_of_trace = score.span_id is None and score.response_id is None
        key = score.span_key or ""
        id = last if is_of_trace else key if key in records else inside.get(key, key)
        if id in records:
            said.setdefault(id, []).append(score)
        else:
            yield score
    for id, found in said.items():
        put_evaluations(records[id], found)


def _value(score: Object) -> tuple[float | None, str | None, str | None]:
    """The value as a number, as a verdict, or as words. Without a type it is what it looks like."""
    value, text = score.get("value"), as_text(score.get("value")) or as_text(score.get("stringValue"))
    number = as_number(value) if not isinstance(value, str) else None
    if isinstance(value, bool):
        number = int(value)
    type_ = score.get("dataType") or ("NUMERIC" if number is not None else "CATEGORICAL")
    match type_:
        case "NUMERIC" if number is not None and abs(number) <= _MOST:
            return number, None, None
        case "BOOLEAN" if number in (0, 1):
            return number, "true" if number else "false", None
        case "CATEGORICAL" if text is not None:
            return None, text, None
        case "TEXT" | "CORRECTION" if text is not None:
            return None, None, text
        case _ if type_ not in TYPES:
            raise InvalidInput(f"the dataType of a score is not {str(type_)[:60]!r}", hint=f"one of {', '.join(TYPES)}", path="dataType")
        case _:
            raise InvalidInput(f"the value of a score is not {type_}", hint=_HINTS[type_], path="value")


_MOST: Final = 10**15
_HINTS: Final = {
    "NUMERIC": "send a number",
    "BOOLEAN": "send 1 or 0",
    "CATEGORICAL": "send the category as a text",
    "TEXT": "send a text",
    "CORRECTION": "send the corrected output as a text",
}
