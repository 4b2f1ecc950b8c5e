"""Capture: every generation of a Python program recorded, without slowing or endangering the program.

    from generations import capture, generation

    capture.configure(url="http://localhost:4300")

    with generation(model="gpt-4o", input=messages) as g:
        g.response(client.chat.completions.create(model="gpt-4o", messages=messages))

Importing does nothing. The first generation starts one daemon thread, which does all the work; the host's threads only take
snapshots. Nothing here raises into the host, except `configure` when it is told what cannot be followed.

The modules, by where they run and in the order in which a generation passes them:

- the host's threads: `functions`, `clients` with `proxies`, `langchain`, `litellm`, and `instrumenting` with `instrumentations` and
  `listening` take a call; `recording`, `context`, `snapshot`, `spans` and `open_spans` say what is taken; `process` hands it on
- into the journal: `stored` packs, `journal` keeps
- the recorder's thread: `recorder` goes round; `reading` makes records of recordings (`records`, `langchain_runs`, `litellm_calls`),
  `traces` of spans, `taking_over` of what a killed process left; `preparing` samples, redacts and encodes (`sampling`, `redaction`)
- out of the process: `delivery`, over `spool` and `sinks`
- beside: `settings`, `counters`, `locking`, `logs`
"""

from __future__ import annotations

from generations.capture.context import metadata, session, tags, user
from generations.capture.counters import Counters
from generations.capture.functions import generation, recorded
from generations.capture.instrumenting import Instrumentation, instrument
from generations.capture.logs import GenerationIdFilter
from generations.capture.process import configure, counters, flush
from generations.capture.recording import Recording, current_id
from generations.capture.redaction import erase, mask
from generations.capture.sampling import Sample

__all__ = [
    "Counters",
    "GenerationIdFilter",
    "Instrumentation",
    "Recording",
    "Sample",
    "configure",
    "counters",
    "current_id",
    "erase",
    "flush",
    "generation",
    "instrument",
    "mask",
    "metadata",
    "recorded",
    "session",
    "tags",
    "user",
]
