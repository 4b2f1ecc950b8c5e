"""Exports: records as a file, streamed, with a manifest to check it by and a way to go on where it broke off."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import anyio.to_thread
import msgspec
from anyio import CancelScope
from starlette.responses import StreamingResponse

from generations.errors import InvalidInput, NotFound
from generations.jobs.export import Selection, pieces_of
from generations.jobs.outputs import Drain, Packing, packer
from generations.query.context import MAX_DEPTH
from generations.query.operators import QUERY
from generations.record.fields import BY_PATH
from generations.server import schemas
from generations.server.bodies import body_as
from generations.server.call import JSON, JSON_LINES, Call, Endpoint, answer, known_parameters
from generations.store.cursor import natural, sort_pairs
from generations.store.limits import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from generations.jobs.formats import Pieces
    from generations.server.exports import Exports, Manifest

_TYPES: Final = {"jsonl": JSON_LINES, "json": JSON, "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_NAMES: Final = {name.removeprefix("$") for name in QUERY}
_WRAPPERS: Final = ("$date", "$numberDouble", "$numberLong", "$numberInt", "$regularExpression")
_OBJECTS: Final = ("json", "map", "alternatives")
_GZIP_LEVEL: Final = 1
_SENT_BYTES: Final = 1 << 20
_LIMITS: Final = replace(UNLIMITED, background=True)
"""Whoever waits for a list comes first."""


class Export(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What to export. `filters` takes operators with and without `$`, `filter` is MongoDB's language; records match both."""

    format: Literal["jsonl", "json", "csv", "parquet"] = "jsonl"
    filters: dict[str, Any] | None = None
    filter: dict[str, Any] | None = None
    fields: dict[str, Any] | list[str] | None = None
    sort: dict[str, int] | list[tuple[str, int]] | str | None = None
    limit: int = 0
    snapshot: str | None = None
    after: str | None = None


async def export(call: Call) -> Response:
    """The records that match as one file, in the order in which they are stored unless `sort` says another.

    `Generations-Snapshot` names the state of the store that the file shows, `Generations-Export` its manifest. An export that
    broke off goes on with the same body, that `snapshot`, and as `after` the id of the last record that arrived whole.
    """
    known_parameters(call.request, {})
    asked = await body_as(call.request, Export, call.state.settings.max_body_bytes)
    selection = Selection(
        _filter(asked), asked.fields, sort_pairs(asked.sort), natural(asked.limit, "limit"), _seq(asked.snapshot), asked.after
    )
    store = call.collection.store
    if selection.until_seq is None:
        selection = replace(selection, until_seq=await call.read(store.last_seq))
    exports = call.state.exports
    manifest = exports.begin(call.project, asked.format, cast("int", selection.until_seq))
    headers = {
        "Content-Disposition": f'attachment; filename="generations.{asked.format}"',
        "Generations-Export": manifest.id,
        "Generations-Snapshot": str(manifest.snapshot),
        "Vary": "Accept-Encoding",
    }
    packing = None if asked.format == "parquet" else _packing(call.request)
    if packing is not None:
        headers["Content-Encoding"] = packing
    try:
        pieces = await call.read(pieces_of, store, selection, asked.format, _LIMITS)
        parts = _parts(pieces, manifest, packing)
        first = await anyio.to_thread.run_sync(next, parts, b"", limiter=exports.threads)
    except BaseException:
        exports.end(manifest, is_whole=False)
        raise
    return _Exported(first, parts, exports, manifest, headers, _TYPES[asked.format])


async def manifest(call: Call) -> Response:
    """What an export has sent: when it is whole its count, size and SHA-256."""
    known_parameters(call.request, {})
    found = call.state.exports.found(call.id, call.project)
    if found is None:
        raise NotFound(f"there is no export {call.id!r}", path="id", hint="manifests are kept in memory, the last thousand of them")
    return answer(found.told())


class _Exported(StreamingResponse):
    """Sends an export; however it ends, its place is free again."""

    def __init__(
        self, first: bytes, parts: Generator[bytes], exports: Exports, manifest: Manifest, headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(self._sent(first, parts), 200, headers, media_type)
        self._parts = parts
        self._exports = exports
        self._manifest = manifest
        self._is_whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._exports.end(self._manifest, is_whole=self._is_whole)
            with CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._parts.close)

    async def _sent(self, first: bytes, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        part = first
        while part:
            yield part
            part = await anyio.to_thread.run_sync(next, parts, b"", limiter=self._exports.threads)
        self._is_whole = True


def _parts(pieces: Pieces, manifest: Manifest, packing: Packing | None) -> Generator[bytes]:
    """The bytes as they are sent, none of them empty."""
    drain = Drain()
    pack = packer(drain, packing, _GZIP_LEVEL) if packing else drain  # pyright: ignore[reportArgumentType] - takes bytes, as files do
    try:
        for data, records in pieces:
            manifest.add(data, records)
            pack.write(data)
            yield from _cut(drain.taken())
        if packing:
            pack.close()
            yield from _cut(drain.taken())
    finally:
        cast("Any", pieces).close()


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _SENT_BYTES):
        yield data[start : start + _SENT_BYTES]


def _packing(request: Request) -> Packing | None:
    """How the answer is packed: zstd or gzip where the request accepts it, in this order."""
    accepted: set[str] = set()
    for part in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "").removeprefix("q=").rstrip("0.") or not weight:
            accepted.add(name.strip().lower())
    return "zstd" if "zstd" in accepted else "gzip" if "gzip" in accepted else None


def _seq(snapshot: str | None) -> int | None:
    if snapshot is None:
        return None
    if not (snapshot.isascii() and snapshot.isdigit() and len(snapshot) <= 20 and int(snapshot) < 2**64):
        raise InvalidInput("this is not a snapshot", path="snapshot", hint="send what the header Generations-Snapshot said")
    return int(snapshot)


def _filter(asked: Export) -> dict[str, Any]:
    given = [one for one in (_with_dollars(asked.filters or {}), asked.filter) if one]
    return given[0] if len(given) == 1 else {"$and": given} if given else {}


def _with_dollars(filters: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Filters whose operators have their `$`: the platform writes `{"timestamp": {"gte": …}}`."""
    if depth > MAX_DEPTH:
        return filters  # refused by whoever reads it
    spelled: dict[str, Any] = {}
    for path, value in filters.items():
        if path.startswith("$") and isinstance(value, list):
            spelled[path] = [
                _with_dollars(cast("dict[str, Any]", one), depth + 1) if isinstance(one, dict) else one for one in cast("list[Any]", value)
            ]
        else:
            spelled[path] = _test(path, value)
    return spelled


def _test(path: str, value: Any) -> Any:
    """Where a path holds no objects, every name in an object is an operator, so that a misspelt one is refused."""
    if not isinstance(value, dict) or not value or any(name in _WRAPPERS for name in cast("dict[str, Any]", value)):
        return cast("Any", value)
    tests = cast("dict[str, Any]", value)
    field = BY_PATH.get(path)
    holds_objects = field is None or field.type in _OBJECTS
    if holds_objects and not all(name.removeprefix("$") in _NAMES for name in tests):
        return tests
    return {f"${name.removeprefix('$')}": inner for name, inner in tests.items()}


_PACKED: Final = {"Accept-Encoding": "`zstd` or `gzip` packs the answer, all formats but Parquet."}

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/generations/export",
        export,
        "export",
        "Export records as a file.",
        body=Export,
        forms=tuple(_TYPES.values()),
        answer=schemas.listed(schemas.OBJECT),
        headers=_PACKED,
    ),
    Endpoint("GET", "/api/exports/{id}", manifest, "export", "What an export has sent: count, size and SHA-256.", answer=schemas.MANIFEST),
)
