"""From what was captured to the record; runs on the recorder's thread."""

from __future__ import annotations

from typing import Any, Final, cast

from generations.capture.context import in_surroundings
from generations.capture.recording import Recording
from generations.capture.snapshot import Snapshot
from generations.record import instants
from generations.record.fields import FIELDS
from generations.wire.call_parameters import call_parameters
from generations.wire.modality import input_type, output_type
from generations.wire.payload import Object, as_count, as_number, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, request_of
from generations.wire.streamed import joined
from generations.wire.usage import usage_of

UNKNOWN_MODEL: Final = "unknown"
_NO_ANSWER: Final = Answer()
_OF_THE_TRANSPORT: Final = frozenset(["extra_headers", "extra_query", "timeout"])
"""Arguments of the SDKs that say how to send, not what; headers may hold secrets."""
_FAILED: Final = frozenset(["failed", "cancelled"])


def record_of(recording: Recording) -> Object:
    """The record of a recording that has ended, as JSON values."""
    body, loose_output = _answered(recording)
    answer = (answer_of(body) if body is not None else None) or _NO_ANSWER
    request = as_object(recording.request)
    asked = request_of(_without_transport(request)) if request else None
    parameters, misfits = call_parameters(recording.parameters | (asked.parameters if asked else {}))
    usage, notes = usage_of(answer.tokens)
    usage |= _told_usage(recording.tokens or {})
    metadata = declared(_metadata(recording, answer))
    if misfits:
        metadata["unreadParameters"] = misfits
    if notes:
        metadata["usageNotes"] = notes
    sent: Any = recording.input if recording.input is not None else asked.input if asked else None
    model = first_text(recording.model, asked.model if asked else None, answer.model) or UNKNOWN_MODEL
    return without_absent(
        {
            "id": recording.id,
            "timestamp": instants.iso(instants.from_micros(recording.timestamp_ns // 1000)),
            "model": without_absent({"id": model, "version": answer.model, "provider": as_text(recording.provider)}),
            "input": None if sent is None else {"type": input_type(sent), "content": sent},
            "output": _output(recording, answer, loose_output),
            "parameters": parameters or None,
            "usage": usage or None,
            "metadata": metadata or None,
            "performance": _performance(recording),
            **_status(recording, body),
        }
    )


def _without_transport(request: Object) -> Object:
    """The body of a request, without the arguments that only its SDK reads."""
    body = {name: value for name, value in request.items() if name not in _OF_THE_TRANSPORT and name != "extra_body"}
    return body | as_object(request.get("extra_body"))


def _answered(recording: Recording) -> tuple[Object | None, Any]:
    """The provider's answer when there is one, and else an output: what a stream of texts said, or an answer of no known shape."""
    answer, chunks = recording.answer, recording.chunks
    if answer is None and chunks:
        if all(type(chunk) is str for chunk in chunks):
            return None, "".join(chunks)
        take = Snapshot().take
        events = [take(chunk) for chunk in chunks]
        answer = joined(cast("Object", event) for event in events if isinstance(event, dict))
        if answer is None:
            return None, events
    if isinstance(answer, dict):
        body = cast("Object", answer)
        return body, None if answer_of(body) is not None else body
    return None, answer


def _output(recording: Recording, answer: Answer, loose: Any) -> Object | None:
    """What the host assigned wins; then the first choice, with the others as alternatives."""
    alternatives = [_alternative(item) for item in recording.alternatives or []]
    finish_reason = recording.finish_reason
    content: Any = recording.output if recording.output is not None else loose
    if content is None and answer.choices:
        first, *others = answer.choices
        content = first.content
        alternatives += [without_absent({"content": one.content, "finishReason": one.finish_reason}) for one in others]
    if answer.choices:
        finish_reason = finish_reason or answer.choices[0].finish_reason
    if content is None and not alternatives and finish_reason is None:
        return None
    return without_absent(
        {
            "type": "other" if content is None else output_type(content),
            "content": content,
            "finishReason": as_text(finish_reason),
            "alternatives": alternatives or None,
        }
    )


def _told_usage(told: Object) -> Object:
    """What the host said of usage, as far as it is of the fields' types: a mistake must not cost the record."""
    tokens = {name: as_count(value) for name, value in told.items() if name.endswith("Tokens")}
    cost = as_number(told.get("cost"))
    known = {} if cost is None else {"cost": cost, "currency": as_text(told.get("currency")) or "USD", "costSource": "reported"}
    return without_absent(tokens) | known


_KEYS_OF_AN_ALTERNATIVE: Final = frozenset(["content", "tokens", "score", "finishReason", "feedback"])


def _alternative(item: Any) -> Object:
    """An alternative in the record's form stays as it is; anything else is the content of one."""
    found = as_object(item)
    is_one = found and found.keys() <= _KEYS_OF_AN_ALTERNATIVE and isinstance(found.get("score", 0.0), int | float)
    return found if is_one else {"content": item}


def _metadata(recording: Recording, answer: Answer) -> Object:
    around = recording.surroundings
    named = without_absent(
        {
            "requestId": answer.response_id,
            "functionId": as_text(recording.function),
            "serviceTier": answer.service_tier,
            "response": answer.rest or None,
            **around.span,
            "tags": list(map(str, recording.tags)) or None,
        }
    )
    return {**in_surroundings(named, recording.context, around.baggage), **recording.metadata}


def declared(metadata: Object) -> Object:
    """The metadata with its declared keys of their types: numbers as texts, and what is neither under `unread`."""
    unread: Object = {}
    for name, kind in _DECLARED.items():
        value = metadata.get(name)
        if value is None:
            continue
        if kind == "string" and isinstance(value, str | int | float):
            metadata[name] = str(value)
        elif kind == "strings" and isinstance(value, str | list):
            metadata[name] = [str(item) for item in ([value] if isinstance(value, str) else cast("list[Any]", value))]
        else:
            unread[name] = metadata.pop(name)
    return metadata | {"unread": unread} if unread else metadata


_DECLARED: Final = {field.path.removeprefix("metadata."): field.type for field in FIELDS if field.path.startswith("metadata.")}
"""Their types: `string` or `strings`."""


def _performance(recording: Recording) -> Object:
    """Milliseconds to the microsecond, by a clock that never runs backwards."""
    first = recording.first_token_ns
    return without_absent(
        {
            "latency": round((recording.ended_ns - recording.started_ns) / 1e6, 3),
            "timeToFirstToken": round((first - recording.started_ns) / 1e6, 3) if first else None,
        }
    )


def _status(recording: Recording, body: Object | None) -> Object:
    """An error that was raised or told, else the one that a provider reports inside its answer."""
    if recording.error is not None:
        kind, message, code = recording.error
        return {"status": "error", "error": without_absent({"type": kind, "message": message or None, "code": code})}
    if body is not None and (body.get("status") in _FAILED or as_object(body.get("error"))):
        error = as_object(body.get("error"))
        told = {
            "type": first_text(error.get("type"), error.get("code"), body.get("status")),
            "message": as_text(error.get("message")),
            "code": as_text(error.get("code")),
        }
        return {"status": "error", "error": without_absent(told)}
    return {"status": "success"}
