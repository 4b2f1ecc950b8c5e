"""From the journal of a process that is no more to the lines that it would have sent."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from generations.capture.counters import Tally
from generations.capture.open_spans import SpansLeftOpen
from generations.capture.preparing import Preparing, noted
from generations.capture.reading import record_of
from generations.capture.recording import Recording
from generations.capture.redaction import without_anything_open
from generations.capture.spans import EmittedLog, EndedSpan, OpenSpan
from generations.capture.stored import Captured, restored
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
    found: list[Captured] = []
    for body in left.bodies:
        with _told(tally):
            found.append(restored(body))
    records = _records(found, settings, tally)
    if not left.has_rules:
        records = [noted(without_anything_open(record), "redaction unknown") for record in records]
    preparing = Preparing(settings, Tally())  # what becomes of them is counted when they are sent
    return [line for record in records if (line := preparing.line(record)) is not None]


def _records(found: list[Captured], settings: Settings, tally: Tally) -> list[Object]:
    traces = Traces(SpansLeftOpen(one.span for one in found if isinstance(one, OpenSpan)), tally, settings.memory_bytes)
    records: list[Object] = []
    for one in found:
        with _told(tally):
            match one:
                case Recording():
                    record = record_of(one)
                    records += [] if record is None else [record]
                case EndedSpan() | OpenSpan() | EmittedLog():
                    records += traces.add(one)
    with _told(tally):
        records += traces.all()
    return records


@contextmanager
def _told(tally: Tally) -> Generator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one bad entry must not take the others with it, in this process and in those after it
        tally.error("journal", f"an entry of a process that was killed cannot be read: {type(error).__name__}: {error}")
