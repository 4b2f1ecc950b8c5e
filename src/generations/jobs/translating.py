"""From the documents of another program to the texts of our records, in flat memory."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from generations.errors import InvalidInput
from generations.jobs.texts import BATCH_TEXTS, Batch
from generations.wire.detect import OWN, Dialect, found_in
from generations.wire.traces import Traces, Unplaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generations.jobs.texts import Unit
    from generations.wire.payload import Object

MOST_HELD_BYTES: Final = 16 << 20
"""Of documents whose traces wait for more: the pieces of a trace are put together if no more than this stands between them."""


class Translator:
    """Translates the batches of one source, in order.

    Records are numbered by the line or row that they come from. Those of documents over many lines, and those of
    traces, which come from several, are numbered through the source.

    Args:
        dialect: what the documents are in.
        is_forced: the user says so; otherwise a record of our own among them is taken as one.
        joined: completes a document with what another file says.
        held: where the pieces of traces wait for the others.
    """

    def __init__(self, dialect: Dialect, *, is_forced: bool, joined: Any = None, held: Held | None = None) -> None:
        self._dialect = dialect
        self._is_forced = is_forced
        self._joined = joined
        self._held = held or _InMemory()
        self._count = 0

    def translated(self, batch: Batch) -> Iterator[Batch]:
        """The records of a batch. A text that cannot be parsed is handed on as it is, to be refused."""
        out = Out("record" if self._dialect.traces else batch.unit)
        for index, text in enumerate(batch.texts):
            number = batch.numbers[index]
            fault = batch.faults.get(index)
            document = None if fault is not None else _parsed(text)
            if fault is None and document is not None and not self._dialect.recognises(document):
                is_own = not self._is_forced and OWN.recognises(document)
                fault = None if is_own else InvalidInput(found_in(document), hint=f"expected {self._dialect.title}")
                document = None
            if document is None:
                yield from out.add(text, number, batch.unit, fault)
            else:
                yield from self._records(document, text, number, batch.unit, out)
        yield from out.rest()

    def rest(self) -> Iterator[Batch]:
        """The records of the traces that still waited for more, at the end of the source."""
        out = Out("record")
        if self._dialect.traces is not None:
            yield from self._read(self._held.rest(self._dialect.traces), out)
        yield from out.rest()

    def _records(self, document: Any, text: bytes, number: int, unit: Unit, out: Out) -> Iterator[Batch]:
        traces = self._dialect.traces
        try:
            if traces is None:
                for record in self._dialect.records(self._joined(document) if self._joined else document):
                    place = self._next() if unit == "record" else number
                    yield from out.add(_text(record), place, unit, None)
                return
            for trace_id, piece in traces.pieces(document):
                if isinstance(piece, InvalidInput):
                    yield from out.add(text, number, unit, piece)
                else:
                    self._held.add(trace_id, piece)
        except InvalidInput as error:
            yield from out.add(text, number, unit, error)
        except RecursionError:
            yield from out.add(text, number, unit, InvalidInput("nested too deeply to be read"))
        if traces is not None:
            yield from self._read(self._held.grown(traces, len(text)), out)

    def _read(self, found: Iterable[Object | Unplaced], out: Out) -> Iterator[Batch]:
        for one in found:
            yield from out.add_found(one, self._next())

    def _next(self) -> int:
        self._count += 1
        return self._count


class Held(Protocol):
    """Pieces of traces that wait for the others of their trace."""

    def add(self, trace_id: str, piece: Any) -> None:
        """Keep a piece."""
        ...

    def grown(self, traces: Traces, size: int) -> Iterator[Object | Unplaced]:
        """What has waited long enough, after a document of this size was added."""
        ...

    def rest(self, traces: Traces) -> Iterator[Object | Unplaced]:
        """What waits at the end of the source."""
        ...


@dataclass(slots=True)
class _InMemory:
    """Pieces of traces, those whose trace was last added to at the end; `_size` is that of their documents, about."""

    _size: int = 0
    _traces: OrderedDict[str, list[Any]] = field(default_factory=OrderedDict[str, list[Any]])
    _count: int = 0

    def add(self, trace_id: str, piece: Any) -> None:
        self._traces.setdefault(trace_id, []).append(piece)
        self._traces.move_to_end(trace_id)
        self._count += 1

    def grown(self, traces: Traces, size: int) -> Iterator[Object | Unplaced]:
        self._size += size
        if self._size > MOST_HELD_BYTES:
            yield from self._release(traces, MOST_HELD_BYTES // 2)

    def rest(self, traces: Traces) -> Iterator[Object | Unplaced]:
        yield from self._release(traces, 0)

    def _release(self, traces: Traces, size: int) -> Iterator[Object | Unplaced]:
        """The records of the traces that have waited longest, until no more than `size` is held."""
        while self._traces and (self._size > size or size == 0):
            _, pieces = self._traces.popitem(last=False)
            self._size -= self._size * len(pieces) // self._count
            self._count -= len(pieces)
            yield from traces.read(pieces)


class Out:
    """Texts on their way out, gathered into batches of one unit."""

    def __init__(self, unit: Unit) -> None:
        self._unit: Unit = unit
        self._texts: list[bytes] = []
        self._numbers: list[int] = []
        self._faults: dict[int, InvalidInput] = {}

    def add(self, text: bytes, number: int, unit: Unit, fault: InvalidInput | None) -> Iterator[Batch]:
        """Add a text; the batch before it, when that is full or of another unit."""
        if unit != self._unit or len(self._texts) == BATCH_TEXTS:
            yield from self.rest()
            self._unit = unit
        if fault is not None:
            self._faults[len(self._texts)] = fault
        self._texts.append(text)
        self._numbers.append(number)

    def add_found(self, found: Object | Unplaced, number: int) -> Iterator[Batch]:
        """Add what pieces of traces gave."""
        if isinstance(found, Unplaced):
            fault = InvalidInput("it is of no generation that is there", hint="import it in one command with the spans that it is of")
            yield from self.add(_text(found.row), number, "record", fault)
        else:
            yield from self.add(_text(found), number, "record", None)

    def rest(self) -> Iterator[Batch]:
        """What is left, if anything."""
        if self._texts:
            yield Batch(self._texts, self._numbers, self._unit, self._faults)
        self._texts, self._numbers, self._faults = [], [], {}


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(record: Object) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()
