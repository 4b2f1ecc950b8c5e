"""What Langfuse's SDKs ask of a server beside OTLP: the older ingestion, scores, and whether the key is right."""

from __future__ import annotations

import time
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

from generations.errors import InvalidInput, InvalidRecord
from generations.joining.pieces import Told, event_piece, score_piece
from generations.record import content
from generations.server import schemas
from generations.server.bodies import whole_body
from generations.server.call import JSON, Call, Endpoint, Handler, answer, known_parameters
from generations.server.taking import ROOM_OF_A_RECORD, join, worked_out
from generations.wire.json_texts import texts_of, value_of
from generations.wire.langfuse_ingestion import Event, RefusedEvent, Score, batch_texts, event_of
from generations.wire.langfuse_scores import score_of
from generations.wire.payload import Object, as_object, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response


_MOST_ERRORS: Final = 1_000


async def ingest(call: Call) -> Response:
    """Take a batch of events; answered once they, and the generations that they tell of, are on disk.

    Events that cannot be read are told by their ids, and the others are taken. Observations that are calls of a model become
    records; events that update one of them later, in this batch or another, complete it.
    """
    known_parameters(call.request, {})
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        texts = batch_texts(body)
        holding.take(ROOM_OF_A_RECORD * len(texts))
        events = await worked_out(call, partial(_each, event_of, texts), len(body))
        told = [_piece(event) for event in events if isinstance(event, Event | Score)]
        taken = await join(call, told, holding)
    failures = {refused.record_id or refused.trace_id: refused.message for refused in taken.refused}
    successes: list[Object] = []
    errors: list[Object] = []
    for event in events:
        error = event.message if isinstance(event, RefusedEvent) else _failure(event, failures)
        if error is None:
            successes.append({"id": event.id, "status": 201})
        elif len(errors) < _MOST_ERRORS:
            errors.append({"id": event.id, "status": 400, "message": "Invalid request data", "error": error})
    call.exchange.records, call.exchange.refused = len(successes), len(events) - len(successes)
    return answer({"successes": successes, "errors": errors}, 207)


def _each(read: Callable[[bytes], Any], texts: Sequence[bytes]) -> list[Any]:
    return [read(text) for text in texts]


def _piece(found: Event | Score) -> Told:
    return event_piece(found) if isinstance(found, Event) else score_piece(found.evaluation, found.score_id)


def _failure(event: Any, failures: dict[str, str]) -> str | None:
    """Why the record that an event tells of could not be made."""
    if not failures or not isinstance(event, Event):
        return None
    return failures.get(event.record_id) or failures.get(event.trace_id)


async def scores(call: Call) -> Response:
    """Take scores, a list of them or one; they may come before the generation that they are of, or long after it.

    What people said becomes feedback, the rest evals. A score of a trace is of its last generation. A list of which some
    cannot be taken is answered with 207 and how many were.
    """
    known_parameters(call.request, {})
    now_us = time.time_ns() // 1000
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        texts = texts_of(body)
        holding.take(ROOM_OF_A_RECORD * len(texts))
        found = await worked_out(call, partial(_each, partial(_score, now_us=now_us), texts), len(body))
        told = [one for one in found if isinstance(one, Told)]
        errors = [one for one in found if isinstance(one, InvalidInput)]
        if errors and not body.lstrip().startswith(b"["):
            raise errors[0]
        await join(call, told, holding)
    call.exchange.records, call.exchange.refused = len(told), len(errors)
    if not body.lstrip().startswith(b"["):
        return answer({"id": told[0].piece.key.removeprefix("score ")} if told else {})
    if not errors:
        return answer({"message": "Accepted"}, 202)
    reasons = [{"message": str(error)} for error in errors[:_MOST_ERRORS]]
    return answer({"accepted": len(told), "rejected": len(errors), "errors": reasons}, 207)


def _score(text: bytes, now_us: int) -> Told | InvalidInput:
    try:
        sent = value_of(text)
        score = as_object(sent)
        id = as_text(score.get("id")) or blake2b(content.to_json(score), digest_size=16).hexdigest()
        return score_piece(score_of(score | {"id": id} if score else sent, now_us), id)
    except (InvalidInput, InvalidRecord) as error:
        return error


async def projects(call: Call) -> Response:
    """The project of the key, as Langfuse's SDKs ask for it to learn whether the key is right."""
    known_parameters(call.request, {})
    project = {"id": call.project, "name": call.project}
    return answer({"data": [{**project, "organization": project, "metadata": {}}]})


def _error(told: dict[str, Any], request: Request) -> tuple[bytes, str]:
    """An error as Langfuse writes it, with our code beside."""
    del request
    return msgspec.json.encode(
        {"message": told["detail"], "error": told["title"], "code": told["code"], "requestId": told["requestId"]}
    ), JSON


def _endpoint(method: str, path: str, handle: Handler, summary: str, **more: Any) -> Endpoint:
    return Endpoint(method, path, handle, "ingest", summary, wording=_error, takes_passwords=True, **more)


_NAMED: Final = schemas.shape(id=schemas.TEXT, name=schemas.TEXT)
_FAILED: Final = schemas.shape(id=schemas.TEXT, status=schemas.COUNT, message=schemas.TEXT, error=schemas.TEXT)

ENDPOINTS: Final = (
    _endpoint(
        "POST",
        "/api/public/ingestion",
        ingest,
        "Take a batch of events as Langfuse's older SDKs send it.",
        body=schemas.OBJECT,
        status=207,
        answer=schemas.shape(
            successes=schemas.listed(schemas.shape(id=schemas.TEXT, status=schemas.COUNT)), errors=schemas.listed(_FAILED)
        ),
    ),
    _endpoint(
        "POST",
        "/api/public/scores",
        scores,
        "Take scores as Langfuse's SDKs send them.",
        body={"anyOf": [schemas.OBJECT, schemas.listed(schemas.OBJECT)]},
        status=202,
        statuses=(200, 207),
        answer=schemas.OBJECT,
    ),
    _endpoint(
        "GET",
        "/api/public/projects",
        projects,
        "The project of a key, as Langfuse's SDKs ask for it.",
        answer=schemas.shape(
            data=schemas.listed(schemas.shape(id=schemas.TEXT, name=schemas.TEXT, organization=_NAMED, metadata=schemas.OBJECT))
        ),
    ),
)
