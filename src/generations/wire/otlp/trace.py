"""All that is known of a trace, or of several, as records.

Pure, and so repeatable: pieces of a trace arrive in any order and in several requests. Whoever keeps them calls
`read_traces` again with all of them, writes the records, whose ids stay the same, and drops what was superseded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from generations.wire.bounds import MOST_LEVELS
from generations.wire.call import Call
from generations.wire.otlp.attributes import Attributes
from generations.wire.otlp.dialect import Dialect, Place
from generations.wire.otlp.dialects import GENAI, dialect_of
from generations.wire.otlp.dialects.genai_messages import DETAILS, MESSAGE_EVENTS
from generations.wire.otlp.evaluations import RESULT, Evaluation, eval_of, evaluations_of, feedback_of, is_feedback, name_in, summary_of
from generations.wire.otlp.generation_record import Reading, record_of
from generations.wire.otlp.names import Context, context
from generations.wire.otlp.same_call import OneCall, calls_among
from generations.wire.otlp.telemetry import LogRecord, Span, Telemetry
from generations.wire.payload import Object, as_object


@dataclass(frozen=True, slots=True)
class Waiting:
    """A piece of a trace that is still missing.

    Attributes:
        span_id: the span that has not come.
        reason: `span` when log records of it came without it; `parent` when a generation names it as a span around it, and
            agents, workflows, sessions and a second view of the same call may be told there.
    """

    trace_id: str
    span_id: str
    reason: Literal["span", "parent"]


@dataclass(frozen=True, slots=True)
class TracesReading:
    """What traces give.

    Attributes:
        records: one for each generation, in the order of their start.
        superseded_ids: ids of records that an earlier reading, with fewer pieces, may have given: they are now part of
            another record, or the sum of several.
        evaluations: those whose generation is not among the records; the others are in their record's evals or feedback.
        waiting: what is still missing.
        unjoined: log records with messages that name no span and cannot be joined to one.
    """

    records: tuple[Object, ...] = ()
    superseded_ids: tuple[str, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unjoined: tuple[LogRecord, ...] = ()


def by_trace(telemetry: Telemetry) -> dict[str, Telemetry]:
    """The pieces of each trace, in the order in which the traces occur; those of no trace under the empty string."""
    spans: dict[str, list[Span]] = {}
    logs: dict[str, list[LogRecord]] = {}
    for span in telemetry.spans:
        spans.setdefault(span.trace_id, []).append(span)
    for log in telemetry.logs:
        logs.setdefault(log.trace_id or "", []).append(log)
    return {
        trace_id: Telemetry(tuple(spans.get(trace_id, ())), tuple(logs.get(trace_id, ()))) for trace_id in dict.fromkeys([*spans, *logs])
    }


def concerns_generations(log: LogRecord) -> bool:
    """Whether a log record tells anything of a generation; ordinary log lines do not."""
    return log.event_name in MESSAGE_EVENTS or log.event_name in (DETAILS, RESULT)


def read_traces(
    spans: Iterable[Span], logs: Iterable[LogRecord], evaluations: Iterable[Evaluation] = (), *, is_complete: bool = False
) -> TracesReading:
    """The records of one trace or more.

    Args:
        spans: all spans known of them; of a span that came twice the later one counts.
        logs: all log records known of them.
        evaluations: what else was said of their generations.
        is_complete: nothing more will come: events that carry a whole call become a record without their span.
    """
    about = [log for log in logs if concerns_generations(log)]
    by_key = {span.key: span for span in spans if span.attributes.get("logfire.span_type") != "pending_span"}
    joined: dict[str, list[LogRecord]] = {}
    for log in about:
        if log.span_key is not None and log.event_name != RESULT:
            joined.setdefault(log.span_key, []).append(log)
    missing = [key for key in joined if key not in by_key]
    if is_complete:
        by_key |= {span.key: span for key in missing if (span := _span_of(joined[key])) is not None}
    placed = {key: _placed(_with_details(span, joined.get(key, ()))) for key, span in by_key.items()}
    readings = {
        key: _reading(found, tuple(joined.get(key, ())))
        for key, found in placed.items()
        if found.dialect is not None and found.place.role == "generation"
    }
    calls = calls_among(
        readings, dict(_enclosing(readings, placed)), lambda key: [found.span.key for found in _above(readings[key].span, placed)]
    )
    calls.sort(key=lambda call: (call.reading.span.start_ns or 0, call.reading.span.key))
    kept = {call.reading.span.key for call in calls}
    contexts: dict[str, Context] = {}
    records = [_record(call, placed, contexts) for call in calls]
    said = [*evaluations_of(by_key.values(), about), *evaluations]
    unplaced = list(_join_evaluations(said, calls, records, placed)) if said else []
    waiting = [Waiting(joined[key][0].trace_id or "", joined[key][0].span_id or "", "span") for key in missing if key not in by_key]
    waiting += [found for call in calls if (found := _missing_above(call, placed)) is not None]
    return TracesReading(
        records=tuple(records),
        superseded_ids=tuple(key for key in readings if key not in kept),
        evaluations=tuple(unplaced),
        waiting=tuple(dict.fromkeys(waiting)),
        unjoined=tuple(log for log in about if log.span_key is None and log.event_name != RESULT),
    )


def records_in(telemetry: Telemetry) -> Iterator[Object]:
    """The records of all traces; events without their span give none."""
    yield from read_traces(telemetry.spans, telemetry.logs).records


class _Placed(msgspec.Struct, frozen=True):
    span: Span
    dialect: Dialect | None
    place: Place


def _placed(span: Span) -> _Placed:
    dialect = dialect_of(span)
    return _Placed(span, dialect, Place("other") if dialect is None else dialect.place(span))


def _with_details(span: Span, logs: Sequence[LogRecord]) -> Span:
    """The span with the attributes that its event repeats and adds.

    The span's own value counts, unless it is JSON text: the event's is structured, and no limit on the length of attributes
    has cut it.
    """
    if not logs:
        return span
    attributes: dict[str, Any] = dict(span.attributes)
    notes = dict.fromkeys(span.notes)
    for log in logs:
        notes.update(dict.fromkeys(log.notes))
        if log.event_name == DETAILS:
            told = {**as_object(log.body), **log.attributes}
            attributes |= {name: value for name, value in told.items() if name not in attributes or isinstance(value, (list, dict))}
    attributes.pop("event.name", None)
    return replace(span, attributes=attributes, notes=tuple(notes))


def _span_of(logs: Sequence[LogRecord]) -> Span | None:
    """A stand-in for the span of an event that carries a whole call; the event is written when the call ends."""
    details = next((log for log in logs if log.event_name == DETAILS and log.trace_id and log.span_id), None)
    if details is None:
        return None
    return Span(
        trace_id=details.trace_id or "",
        span_id=details.span_id or "",
        name="",
        end_ns=details.at_ns,
        scope=details.scope,
        resource=details.resource,
        notes=("the span never came: start and duration are unknown",),
    )


def _reading(found: _Placed, logs: tuple[LogRecord, ...]) -> Reading:
    dialect = found.dialect or GENAI
    told = Attributes(found.span.attributes)
    call = dialect.read(told, found.span, logs)
    return Reading(found.span, dialect.name, call, told.rest(), tuple(told.notes))


def _above(span: Span, placed: Mapping[str, _Placed]) -> Iterator[_Placed]:
    """The spans around a span, from the inside out, up to a limit."""
    seen = {span.key}
    parent = span.parent_key
    while parent is not None and parent not in seen and parent in placed and len(seen) <= MOST_LEVELS:
        seen.add(parent)
        yield placed[parent]
        parent = placed[parent].span.parent_key


def _enclosing(readings: Mapping[str, Reading], placed: Mapping[str, _Placed]) -> Iterator[tuple[str, str]]:
    """Each generation with the nearest one around it; what an agent or a tool does is not the call around that."""
    for key, reading in readings.items():
        for found in _above(reading.span, placed):
            if found.place.role in ("agent", "tool"):
                break
            if found.span.key in readings:
                yield key, found.span.key
                break


def _missing_above(call: OneCall, placed: Mapping[str, _Placed]) -> Waiting | None:
    outermost = call.reading.span
    for found in _above(call.reading.span, placed):
        outermost = found.span
    if outermost.parent_span_id is None or outermost.parent_key in placed:
        return None
    return Waiting(outermost.trace_id, outermost.parent_span_id, "parent")


def _record(one: OneCall, placed: Mapping[str, _Placed], contexts: dict[str, Context]) -> Object:
    """The record of a call; `contexts` holds what was read of the spans around others, by their keys, and is added to."""
    above = list(_above(one.reading.span, placed))
    if not above:
        return record_of(one.reading, one.outer)
    told = [contexts.get(found.span.key) or contexts.setdefault(found.span.key, _context_of(found)) for found in above]
    return record_of(replace(one.reading, call=_in_context(one.reading.call, above, told)), one.outer)


def _in_context(call: Call, above: Sequence[_Placed], told: Sequence[Context]) -> Call:
    """The call with what the spans around it tell of whom it was made for: the nearest one that tells counts.

    Names of agents, tools and functions are those of the nearest such span, of workflows that of the outermost: the chains
    inside a chain are its parts.
    """
    return replace(
        call,
        user_id=call.user_id or _nearest(told, "user_id"),
        session_id=call.session_id or _nearest(told, "session_id"),
        conversation_id=call.conversation_id or _nearest(told, "conversation_id"),
        function_id=call.function_id or _nearest(told, "function_id") or _named(above, "tool", "function"),
        workflow_id=call.workflow_id or _nearest(told, "workflow_id") or _named(above[::-1], "workflow"),
        agent_id=call.agent_id or _nearest(told, "agent_id") or _named(above, "agent"),
        tags=call.tags or next((about.tags for about in told if about.tags), ()),
    )


def _context_of(found: _Placed) -> Context:
    return context(Attributes(found.span.attributes), (found.dialect or GENAI).names)


def _nearest(told: Sequence[Context], name: str) -> str | None:
    return next((value for about in told if (value := getattr(about, name)) is not None), None)


def _named(above: Sequence[_Placed], *roles: str) -> str | None:
    return next((found.place.name for found in above if found.place.role in roles and found.place.name), None)


def put_evaluations(record: Object, evaluations: Iterable[Evaluation]) -> None:
    """Put evaluations into a record, in place.

    What people said is feedback, the rest are evals: of several with one name the last one has it.
    """
    by_people: list[Evaluation] = []
    for evaluation in sorted(evaluations, key=_time_of, reverse=True):
        if is_feedback(evaluation):
            by_people.append(evaluation)
            kept: Object = record.setdefault("metadata", {}).setdefault("evaluations", {})
            kept[name_in(kept, evaluation.name)] = summary_of(evaluation)
        else:
            evals: Object = record.setdefault("evals", {})
            evals[name_in(evals, evaluation.name)] = eval_of(evaluation)
    if by_people:
        record.setdefault("feedback", feedback_of(*by_people))


def _join_evaluations(
    evaluations: Iterable[Evaluation], calls: Sequence[OneCall], records: Sequence[Object], placed: Mapping[str, _Placed]
) -> Iterator[Evaluation]:
    """Put each evaluation into its generation's record, in place; those of other generations are left.

    One of a trace, or of a span around generations, is of the last of them, which gave the answer.
    """
    by_span: dict[str, Object] = {}
    by_response: dict[str, Object] = {}
    by_trace: dict[str, Object] = {}
    inside: dict[str, Object] = {}
    said: dict[str, list[Evaluation]] = {}
    for call, record in zip(calls, records, strict=True):
        inside |= {found.span.key: record for found in _above(call.reading.span, placed)}
        for reading in (call.reading, *call.outer):
            by_span[reading.span.key] = record
        if call.reading.call.response_id is not None:
            by_response.setdefault(call.reading.call.response_id, record)
        by_trace[call.reading.span.trace_id] = record
    for evaluation in evaluations:
        key = evaluation.span_key or ""
        record = by_span.get(key) or by_response.get(evaluation.response_id or "") or inside.get(key)
        if evaluation.span_id is None and evaluation.response_id is None:
            record = by_trace.get(evaluation.trace_id or "")
        if record is None:
            yield evaluation
        else:
            said.setdefault(record["id"], []).append(evaluation)
    for record in records:
        put_evaluations(record, said.get(record["id"], ()))


def _time_of(evaluation: Evaluation) -> int:
    return evaluation.at_ns or 0
