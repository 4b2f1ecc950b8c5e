"""All routes, in the order in which the documentation lists them; one module for each group."""

from __future__ import annotations

from typing import Final

from generations.server.call import Endpoint
from generations.server.routes import (
    about,
    asking,
    changing,
    documentation,
    exporting,
    helicone,
    ingest,
    keys,
    langfuse,
    litellm,
    otlp,
    reading,
    watching,
)

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *ingest.ENDPOINTS,
    *litellm.ENDPOINTS,
    *helicone.ENDPOINTS,
    *langfuse.ENDPOINTS,
    *otlp.ENDPOINTS,
    *asking.ENDPOINTS,
    *exporting.ENDPOINTS,
    *about.ENDPOINTS,
    *reading.ENDPOINTS,
    *changing.ENDPOINTS,
    *keys.ENDPOINTS,
    *watching.ENDPOINTS,
    *documentation.ENDPOINTS,
)
"""Where two fit a path, the first one answers: `/api/generations/stats` stands before `/api/generations/{id}`."""
