"""Taking what LiteLLM's callback `generic_api` posts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from generations.errors import InvalidRecord
from generations.record.encode import Refusal, Rows, encode_each
from generations.server import schemas
from generations.server.bodies import whole_body
from generations.server.call import Call, Endpoint, known_parameters
from generations.server.taking import ROOM_OF_A_RECORD, Taken, comes_as_lines, submit, take_lines, worked_out
from generations.wire.json_texts import texts_of, value_of
from generations.wire.litellm import record_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from generations.wire.payload import Object


async def take(call: Call) -> Response:
    """Record the payloads of one request: a list of them, lines, or one; the answer comes once they are on disk.

    Refused ones are told by their number, and the others are taken: LiteLLM drops a whole batch when the answer is an error.
    Only a payload that is sent alone, and a body that is nothing of all that, are refused with one. Lines may be of any length
    together if the `Content-Type` says that they are lines.
    """
    known_parameters(call.request, {})
    taken, reading = Taken(), _Reading(call.collection.max_record_bytes)
    if comes_as_lines(call.request):
        await take_lines(call, reading.rows_of, taken)
        return taken.response(call, ignoredCount=reading.ignored)
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        texts = texts_of(body)
        holding.take(ROOM_OF_A_RECORD * len(texts))
        rows, refused = await worked_out(call, partial(reading.rows_of, texts), len(body))
        if refused and body.lstrip().startswith(b"{") and len(texts) == 1:
            raise refused[0].error
        taken.refuse(refused, range(1, len(texts) + 1))
        if len(rows):
            under_way = await submit(call, rows, holding)
            taken.count(under_way.ids, await under_way.written)
        return taken.response(call, ignoredCount=reading.ignored)


class _Reading:
    """Makes rows of payloads.

    Attributes:
        ignored: how many so far tell of something else than a call of a model.
    """

    def __init__(self, max_record_bytes: int) -> None:
        self.ignored = 0
        self._max_record_bytes = max_record_bytes

    def rows_of(self, texts: Sequence[bytes]) -> tuple[Rows, list[Refusal]]:
        """The rows of those that tell of a call, and why others were not taken, by their place among the texts."""
        records: list[Object] = []
        places: list[int] = []
        refused: list[Refusal] = []
        for place, text in enumerate(texts):
            try:
                value = value_of(text)
                record = None if value is None else record_of(value)  # LiteLLM sends null for a payload that it could not make
            except InvalidRecord as error:
                refused.append(Refusal(place, error))
                continue
            if record is None:
                self.ignored += 1
            else:
                records.append(record)
                places.append(place)
        rows, others = encode_each(records, self._max_record_bytes)
        refused += [Refusal(places[one.line_index], one.error) for one in others]
        return rows, sorted(refused, key=lambda one: one.line_index)


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
