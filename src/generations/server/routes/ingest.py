"""Taking records: one, a list, or lines of JSON without end."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from anyio import to_thread

from generations.errors import InvalidInput
from generations.joining.completing import complete
from generations.record import content, identity
from generations.record.encode import Naming, encode_each, encode_records
from generations.server import schemas
from generations.server.bodies import whole_body
from generations.server.call import Call, Endpoint, flag, known_parameters
from generations.server.taking import ROOM_OF_A_RECORD, Taken, comes_as_lines, encoded, submit, take_lines

if TYPE_CHECKING:
    from starlette.responses import Response

PARAMETERS: Final = {
    "atomic": "true: take all of the records, or none when one is refused",
    "complete": "true: of records that are there take only what they do not tell yet; none when one is refused",
}
IDEMPOTENCY_KEY: Final = "idempotency-key"
_KEY: Final = re.compile(r"[!-~]{1,255}")


async def insert(call: Call) -> Response:
    """Take one record, a list of them, or JSON lines; the answer comes once they are on disk.

    Refused records of a list or of lines are told by their number, and the others are taken, unless `atomic=true`.
    With `complete=true` a record that is there keeps all that it tells, and its gaps are filled: another sender told the same call.
    Under an `Idempotency-Key` records without an id get ids that are made of the key and of what was sent, so that
    the same request sent again adds nothing, whenever that is.
    """
    known_parameters(call.request, PARAMETERS)
    is_completing = flag(call.request, "complete")
    atomic = flag(call.request, "atomic") or is_completing
    name = _naming(call.request.headers.get(IDEMPOTENCY_KEY))
    is_lines, taken = comes_as_lines(call.request), Taken()
    if is_lines and not atomic:
        await take_lines(call, partial(encode_each, max_bytes=call.collection.max_record_bytes, name=name), taken)
        return taken.response(call)
    with call.state.room.holding() as holding:
        body = await whole_body(call.request, call.state.settings.max_body_bytes, holding.take)
        if is_lines:
            records = [line for line in body.split(b"\n") if line and not line.isspace()]
        elif body.lstrip().startswith(b"["):
            records = _elements(body)
        else:
            records, atomic = [body], True
        holding.take(ROOM_OF_A_RECORD * len(records))
        if atomic:
            rows = await encoded(call, encode_records, records, len(body), name)
        else:
            rows, refused = await encoded(call, encode_each, records, len(body), name)
            taken.refuse(refused, range(1, len(records) + 1))
        if is_completing:
            work = partial(complete, call.collection.store, rows, records, call.collection.max_record_bytes)
            taken.count(rows.ids, await to_thread.run_sync(work, limiter=call.state.writes))
        elif len(rows):
            under_way = await submit(call, rows, holding)
            taken.count(under_way.ids, await under_way.written)
        return taken.response(call)


def _naming(key: str | None) -> Naming:
    if key is None:
        return identity.fresh
    if not _KEY.fullmatch(key):
        raise InvalidInput("an Idempotency-Key is 1 to 255 visible ASCII characters", path="Idempotency-Key")
    return identity.by_request(key)


def _elements(body: bytes) -> list[bytes]:
    """The JSON texts in a list, each as it was sent."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise content.diagnose(body, error) from None


_HEADERS: Final = {"Idempotency-Key": "The same request under the same key adds nothing a second time."}

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/generations",
        insert,
        "ingest",
        "Record generations: one, a list, or JSON lines.",
        parameters=PARAMETERS,
        status=201,
        statuses=(200,),
        answer=schemas.TAKEN,
        headers=_HEADERS,
    ),
)
