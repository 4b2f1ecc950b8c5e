"""About the server and its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generations.results import Stats
from generations.server import schemas
from generations.server.call import Call, Endpoint, answer, known_parameters

if TYPE_CHECKING:
    from starlette.responses import Response


async def stats(call: Call) -> Response:
    """Counts and sizes; with a key those of its project alone."""
    known_parameters(call.request, {})
    found = await call.read(call.collection.stats)
    if call.key is not None:
        own = [one for one in found.projects if one.project == call.project]
        records, versions = sum(one.records for one in own), sum(one.versions for one in own)
        found = Stats(records, versions, parts=None, compressed_bytes=None, uncompressed_bytes=None, projects=own)
    return answer(
        {
            "records": found.records,
            "versions": found.versions,
            "parts": found.parts,
            "compressedBytes": found.compressed_bytes,
            "uncompressedBytes": found.uncompressed_bytes,
            "projects": [{"project": one.project, "records": one.records, "versions": one.versions} for one in found.projects],
        }
    )


ENDPOINTS: Final = (Endpoint("GET", "/api/generations/stats", stats, "read", "Counts and sizes of the store.", answer=schemas.STATS),)
