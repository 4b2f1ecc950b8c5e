"""From the journal of a process that is no more to the lines that it would have sent."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from generations.capture.counters import Tally
from generations.capture.open_spans import SpansLeftOpen
from generations.capture.preparing import Preparing, noted
from generations.capture.reading import record_of
from generations.capture.recording import Recording
from generations.capture.redaction import without_anything_open
from generations.capture.spans import EmittedLog, EndedSpan, OpenSpan
from generations.capture.stored import restored
from generations.capture.traces import Traces
from generations.wire.payload import Object

if TYPE_CHECKING:
    from generations.capture.journal import Left
    from generations.capture.settings import Settings

STRANGE_SECONDS: Final = 3_600.0
"""How long what was captured under other rules waits for a process that has them; then its content is dropped."""


def lines_left(left: Left, settings: Settings, tally: Tally) -> list[bytes]:
    """The records of a journal, prepared as this process prepares its own.

    Where the process that is no more redacted in another way, nobody knows what it would have hidden: all that might be is dropped.
    What cannot be read, as another version may have written it, is left out and told. Never raises.
    """
    preparing = Preparing(settings, Tally())  # what becomes of them is counted when they are sent
    lines: list[bytes] = []
    for record in _records(left.bodies, settings, tally):
        line = preparing.line(record if left.has_rules else noted(without_anything_open(record), "redaction unknown"))
        lines += [] if line is None else [line]
    return lines


def _records(bodies: list[bytes], settings: Settings, tally: Tally) -> Iterator[Object]:
    """One after the other, for all of them together are several times as large as what was left."""
    pieces: list[EndedSpan | OpenSpan | EmittedLog] = []
    for body in bodies:
        with _told(tally):
            captured = restored(body)
            if isinstance(captured, Recording):
                record = record_of(captured)
                if record is not None:
                    yield record
            else:
                pieces.append(captured)
    traces = Traces(SpansLeftOpen(one.span for one in pieces if isinstance(one, OpenSpan)), tally, settings.memory_bytes)
    for piece in pieces:
        with _told(tally):
            yield from traces.add(piece)
    with _told(tally):
        yield from traces.all()


@contextmanager
def _told(tally: Tally) -> Generator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one bad entry must not take the others with it, in this process and in those after it
        tally.error("journal", f"an entry of a process that was killed cannot be read: {type(error).__name__}: {error}")
