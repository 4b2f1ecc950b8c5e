"""Taking what LiteLLM's callback `generic_api` posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from generations.errors import InvalidRecord
from generations.record import identity
from generations.record.encode import Refusal, Rows, encode_each
from generations.server import schemas
from generations.server.bodies import whole_body
from generations.server.call import Call, Endpoint, known_parameters
from generations.server.taking import ROOM_OF_A_RECORD, Taken, submit, worked_out
from generations.wire.json_texts import texts_of, value_of
from generations.wire.litellm import record_of

if TYPE_CHECKING:
    from starlette.responses import Response


async def take(call: Call) -> Response:
    """Record the payloads of one request: a list of them, lines, or one; the answer comes once they are on disk.

    Refused ones are told by their number, and the others are taken: LiteLLM drops a whole batch when the answer is an error.
    Only a payload that is sent alone, and a body that is nothing of all that, are refused with one.
    """
    known_parameters(call.request, {})
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        texts = texts_of(body)
        holding.take(ROOM_OF_A_RECORD * len(texts))
        read = await worked_out(call, partial(_read, texts, call.collection.max_record_bytes), len(body))
        if read.refused and body.lstrip().startswith(b"{") and len(texts) == 1:
            raise read.refused[0].error
        taken = Taken()
        taken.refuse(read.refused, range(1, len(texts) + 1))
        if len(read.rows):
            under_way = await submit(call, read.rows, holding)
            taken.count(under_way.ids, await under_way.written)
        return taken.response(call, ignoredCount=read.ignored)


@dataclass(slots=True)
class _Read:
    """What became of texts.

    Attributes:
        rows: of those that tell of a call of a model.
        refused: why others were not taken, by their place among the texts.
        ignored: how many tell of something else.
    """

    rows: Rows
    refused: list[Refusal] = field(default_factory=list[Refusal])
    ignored: int = 0


def _read(texts: Sequence[bytes], max_record_bytes: int) -> _Read:
    records: list[dict[str, Any]] = []
    places: list[int] = []
    refused: list[Refusal] = []
    ignored = 0
    for place, text in enumerate(texts):
        try:
            value = value_of(text)
            record = None if value is None else record_of(value)  # LiteLLM sends null for a payload that it could not make
        except InvalidRecord as error:
            refused.append(Refusal(place, error))
            continue
        if record is None:
            ignored += 1
        else:
            records.append(record)
            places.append(place)
    rows, others = encode_each(records, max_record_bytes, identity.fresh)
    refused += [Refusal(places[one.line_index], one.error) for one in others]
    return _Read(rows, sorted(refused, key=lambda one: one.line_index), ignored)


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/litellm",
        take,
        "ingest",
        "Record what LiteLLM's callback `generic_api` posts.",
        body={"anyOf": [schemas.OBJECT, schemas.listed(schemas.OBJECT)]},
        status=201,
        statuses=(200,),
        answer=schemas.shape(**schemas.TAKEN["properties"], ignoredCount=schemas.COUNT),
    ),
)
