"""Whether the server is well, and what it counts: for those who run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread
from starlette.responses import Response

from generations.server import schemas
from generations.server.call import Call, Endpoint, answer, known_parameters
from generations.server.metrics import MEDIA_TYPE

if TYPE_CHECKING:
    from generations.server.health import Readiness


async def live(call: Call) -> Response:
    """That it answers at all: restart it when it does not."""
    known_parameters(call.request, {})
    return answer({"live": True})


async def ready(call: Call) -> Response:
    """Whether records would be taken now: send them elsewhere while they would not."""
    known_parameters(call.request, {})
    return _told(await call.state.health.readiness())


def _told(found: Readiness) -> Response:
    return answer({"live": True, "ready": found.is_ready, "reason": found.reason}, 200 if found.is_ready else 503)


async def metrics(call: Call) -> Response:
    """The metrics of the server, and of the generations those of the key's project, in the text format of Prometheus."""
    known_parameters(call.request, {})
    text = await anyio.to_thread.run_sync(call.state.metrics.text, call.project)
    return Response(text, media_type=MEDIA_TYPE)


_READY: Final = schemas.shape(live=schemas.FLAG, ready=schemas.FLAG, reason=schemas.nullable(schemas.TEXT))

ENDPOINTS: Final = (
    Endpoint("GET", "/health", ready, None, "Whether the server is live and ready; 503 while it is not.", answer=_READY, statuses=(503,)),
    Endpoint("GET", "/health/live", live, None, "Whether the server answers.", answer=schemas.shape(live=schemas.FLAG)),
    Endpoint(
        "GET",
        "/health/ready",
        ready,
        None,
        "Whether the server would take records now; 503 while it would not.",
        answer=_READY,
        statuses=(503,),
    ),
    Endpoint(
        "GET", "/metrics", metrics, "admin", "Metrics of the server and of the project's generations, for Prometheus.", forms=(MEDIA_TYPE,)
    ),
)
"""Metrics take `admin`: they tell how busy the whole server is, which is the business of those who run it."""
