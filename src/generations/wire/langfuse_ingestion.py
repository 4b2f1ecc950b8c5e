"""Langfuse's older ingestion: batches of events that create and update traces, observations and scores bit by bit.

Source: langfuse 2.60.10 and 5.0.4 (Python), langfuse-core 3.39.2 and @langfuse/client 5.11.1 (JavaScript). What an event leaves
out, or sends as null, stays as it was; of what several say, the one with the latest timestamp counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from generations.errors import InvalidInput, InvalidRecord
from generations.record import instants
from generations.record.mend import describe
from generations.record.shape import LONGEST_ID
from generations.wire import langfuse_export
from generations.wire.bounds import MOST_LEVELS, MOST_TOKENS, Bounded
from generations.wire.identity import span_generation_id
from generations.wire.json_texts import texts_of, value_of
from generations.wire.langfuse_scores import score_of
from generations.wire.langfuse_usage import buckets_of
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text, without_absent

_OBSERVATIONS: Final = frozenset(
    ["generation", "embedding", "span", "event", "agent", "tool", "chain", "retriever", "evaluator", "guardrail", "observation"]
)
_CALLS: Final = frozenset(["GENERATION", "EMBEDDING"])
_INSTANTS: Final = ("startTime", "endTime", "completionStartTime")


@dataclass(frozen=True, slots=True)
class Event:
    """One event about a trace or an observation, as it is kept until the others have come.

    Attributes:
        id: of the event itself; the same event sent again has the same.
        kind: `trace`, or `observation`.
        at_us: when the sender made it, microseconds since 1970.
        trace_id: of its trace; that of an observation which names none is its own id.
        about_id: of the trace or the observation.
        body: what it says, cut to the limits, its instants in one form.
        notes: what was cut off.
        is_beginning: it creates what it is about.
    """

    id: str
    kind: Literal["trace", "observation"]
    at_us: int
    trace_id: str
    about_id: str
    body: Object
    notes: tuple[str, ...] = ()
    is_beginning: bool = False

    @property
    def record_id(self) -> str:
        """Of the record that the observation is, if it is one; empty for a trace."""
        return span_generation_id(self.trace_id, self.about_id) if self.kind == "observation" else ""

    @property
    def key(self) -> str:
        """Tells it from the other events of its trace, also where a sender gives several the same id."""
        return f"{self.id} {self.kind} {self.about_id} {self.at_us}"


@dataclass(frozen=True, slots=True)
class Score:
    """An event that brings a score.

    Attributes:
        id: of the event.
        score_id: of the score; a score under the id of another takes its place.
        evaluation: what it says.
    """

    id: str
    score_id: str
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that says nothing of a trace: the SDK's own log."""

    id: str


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that cannot be read, and why."""

    id: str
    message: str


def batch_texts(body: bytes) -> list[bytes]:
    """The JSON text of each event of a batch, unread; what is broken in one costs no other.

    Raises:
        InvalidInput: it is no batch.
    """
    try:
        batch = bytes(msgspec.json.decode(body, type=_Batch).batch)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        begun = _BATCH.search(body)
        batch = b"" if begun is None else body[begun.end() - 1 :]
    if not batch.lstrip().startswith(b"["):
        raise InvalidInput('expected {"batch": […]}, a list of events', path="batch")
    return texts_of(batch)


class _Batch(msgspec.Struct):
    batch: msgspec.Raw


_BATCH: Final = re.compile(rb'"batch"\s*:\s*\[')


def event_of(text: bytes) -> Event | Score | Ignored | RefusedEvent:
    """What one event of a batch says."""
    try:
        event = as_object(value_of(text))
    except InvalidRecord as error:
        return RefusedEvent("", str(error))
    id = (as_text(event.get("id")) or "")[:LONGEST_ID]
    if not id:
        return RefusedEvent("", "an event is an object with an id, a text")
    try:
        return _read(id, event)
    except InvalidInput as error:
        return RefusedEvent(id, str(error))


def _read(id: str, event: Object) -> Event | Score | Ignored:
    kind, _, action = (as_text(event.get("type")) or "").partition("-")
    if (kind, action) == ("sdk", "log"):
        return Ignored(id)
    is_observation = kind in _OBSERVATIONS and action in ("create", "update")
    if not is_observation and (kind, action) not in (("trace", "create"), ("score", "create")):
        raise InvalidInput(f"the type of an event is not {str(event.get('type'))[:60]!r}", path="type")
    at = instants.parse(event.get("timestamp")) if isinstance(event.get("timestamp"), str) else None
    if at is None:
        raise InvalidInput("the timestamp of an event is an instant in ISO 8601", path="timestamp")
    if not isinstance(event.get("body"), dict):
        raise InvalidInput(f"the body of an event is an object, not {describe(event.get('body'))}", path="body")
    bounded = Bounded()
    said, at_us = as_object(bounded.json(event["body"])), instants.micros(at)
    own_id = as_text(said.get("id")) or id
    if kind == "score":
        return Score(id, own_id, score_of(said | {"id": own_id}, at_us))
    trace_id = own_id if kind == "trace" else as_text(said.get("traceId")) or own_id
    if len(trace_id) + len(own_id) >= LONGEST_ID:
        raise InvalidInput(f"the ids of a trace and an observation have at most {LONGEST_ID} characters together", path="body.id")
    if kind == "trace":
        return Event(id, "trace", at_us, trace_id, own_id, said, tuple(bounded.notes))
    said["type"] = (kind if kind != "observation" else as_text(said.get("type")) or "span").upper()
    if action == "create" and said.get("startTime") is None:
        said["startTime"] = event["timestamp"]
    _settle_instants(said, bounded)
    return Event(id, "observation", at_us, trace_id, own_id, said, tuple(bounded.notes), action == "create")


def _settle_instants(said: Object, bounded: Bounded) -> None:
    for name in _INSTANTS:
        value = said.get(name)
        if value is None:
            continue
        instant = instants.parse(value)
        at_ns = bounded.instant_ns(instants.micros(instant) * 1000, name) if instant is not None else None
        if at_ns is None:
            bounded.ignored(name, value)
            del said[name]
        else:
            said[name] = instants.iso(instants.from_micros(at_ns // 1000))


def records_of(events: Iterable[Event]) -> Iterator[Object]:
    """The records of one trace, one for each observation that is a call of a model, with what is known around it.

    Args:
        events: of the trace, in any order; some may come twice.
    """
    trace: Object = {}
    observations: dict[str, Object] = {}
    notes: dict[str, list[str]] = {}
    begun: set[str] = set()
    for event in sorted({event.key: event for event in events}.values(), key=lambda event: event.at_us):
        if event.kind == "trace":
            _merge(trace, event.body)
        else:
            found = observations.setdefault(event.about_id, {"id": event.about_id, "traceId": event.trace_id})
            _merge(found, {name: value for name, value in event.body.items() if name not in ("id", "traceId")})
            notes.setdefault(event.about_id, []).extend(event.notes)
            if event.is_beginning:
                begun.add(event.about_id)
    for found in observations.values():
        _settle_usage(found, notes[found["id"]])
    exported = {"trace": trace, "observations": list(observations.values())}
    for record in langfuse_export.records(exported):
        id = record["metadata"]["spanId"]
        yield _completed(record, observations, notes[id], is_begun=id in begun)


def keys_around(record: Object) -> list[str]:
    """The observations around the generation of such a record, each named as its record would be if it were one."""
    about = record["metadata"]
    return [span_generation_id(as_text(about.get("traceId")), one["id"]) for one in about["langfuse"].get("around", ())]


def _merge(into: Object, said: Object) -> None:
    """Take over what is said; metadata, and the tags of a trace, are added to."""
    for name, value in said.items():
        if value is None:
            continue
        known = into.get(name)
        if name == "metadata" and isinstance(known, dict) and isinstance(value, dict):
            into[name] = as_object(known) | as_object(value)
        elif name == "tags":
            into[name] = list(dict.fromkeys([*as_list(known), *(tag for tag in as_list(value) if isinstance(tag, str))]))
        elif name != "type" or known not in _CALLS or value in _CALLS:  # an update as a span is still one of the generation
            into[name] = value


def _settle_usage(observation: Object, notes: list[str]) -> None:
    """Usage as exports have it: details in one level, and costs apart from tokens."""
    details = buckets_of(as_object(observation.get("usageDetails")))
    legacy = as_object(observation.get("usage"))
    costs = {name: cost for name, value in as_object(observation.get("costDetails")).items() if (cost := _cost(value)) is not None}
    if not costs:
        told = {name: _cost(legacy.get(f"{name}Cost")) for name in ("input", "output", "total")}
        costs = without_absent(told)
    absurd = [name for counts in (details, legacy) for name, value in counts.items() if (as_count(value) or 0) > MOST_TOKENS]
    if absurd:
        notes.append(f"counts of more than {MOST_TOKENS} tokens were ignored: {', '.join(absurd)}")
    plain = {name: value for name, value in legacy.items() if name not in ("inputCost", "outputCost", "totalCost")}
    observation["usageDetails"] = {name: value for name, value in details.items() if name not in absurd}
    observation["usage"] = {name: value for name, value in plain.items() if name not in absurd}
    observation["costDetails"] = costs
    observation["providedCostDetails"] = costs
    for name in ("totalCost", "calculatedTotalCost"):
        observation.pop(name, None)


_MOST_USD: Final = 10**9


def _cost(value: Any) -> float | None:
    number = as_number(value)
    return float(number) if number is not None and 0 <= number <= _MOST_USD else None


def _completed(record: Object, observations: dict[str, Object], notes: list[str], *, is_begun: bool) -> Object:
    """The record with the observations around it, the outermost first, and with what was cut off."""
    about: Object = record["metadata"]
    kept: Object = about["langfuse"]
    kept.pop("providedCostDetails", None)
    around = list(_around(observations, about["spanId"]))
    about.setdefault("agentId", _named(around, "AGENT"))
    about.setdefault("workflowId", _named(around[::-1], "CHAIN"))
    kept["around"] = [_place(one) for one in reversed(around)] or None
    about["langfuse"] = without_absent(kept)
    about["notes"] = list(dict.fromkeys(notes)) or None
    model = as_object(record.get("model"))
    if "id" not in model:
        if is_begun:  # otherwise the event that names it is still to come, or is long known
            about["notes"] = [*(about["notes"] or []), "no model was named"]
        record["model"] = {**model, "id": "unknown"}
    record["metadata"] = without_absent(about)
    return record


def _around(observations: dict[str, Object], id: str) -> Iterator[Object]:
    """The observations around one, from the inside out, up to a limit."""
    seen = {id}
    parent = as_text(observations[id].get("parentObservationId"))
    while parent is not None and parent not in seen and parent in observations and len(seen) <= MOST_LEVELS:
        seen.add(parent)
        yield observations[parent]
        parent = as_text(observations[parent].get("parentObservationId"))


def _place(observation: Object) -> Object:
    return without_absent({"id": observation["id"], "type": observation.get("type"), "name": as_text(observation.get("name"))})


def _named(around: Iterable[Object], type_: str) -> str | None:
    return next((name for one in around if one.get("type") == type_ and (name := as_text(one.get("name"))) is not None), None)
