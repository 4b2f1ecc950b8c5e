"""Documents put together from the columns of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from generations.record.content import from_json, revive_dates
from generations.record.decode import decode_document, revive_alternatives
from generations.record.fields import OBJECTS
from generations.record.instants import from_micros
from generations.store.decode import Document, slices, texts, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from generations.query.compiled import Compiled, Form, Leaf

_DATE_KEY = '"$date"'


def documents(batches: Iterable[pa.RecordBatch], compiled: Compiled) -> Iterator[Document]:
    """The documents of an answer, in order and in flat memory."""
    if compiled.kind == "columns":
        for rows in slices(batches):
            yield from assembled(rows, compiled.leaves)
    else:
        decode = decode_document if compiled.kind == "records" else value_of
        for text in texts(batches):
            yield decode(text)


def assembled(batch: pa.RecordBatch, leaves: Sequence[Leaf]) -> Iterator[dict[str, Any]]:
    """One document for each row: absent stays absent, null stays null, instants are aware datetimes.

    Args:
        leaves: what the columns hold, in their order; see `query.compiled.Form`.
    """
    given, columns = _columns(batch, leaves)
    every = [(column.parent, column.name, column.form, column.read, column.values, column.sent) for column in columns]
    some = [parts for parts, column in zip(every, columns, strict=True) if column.tells]
    for row in range(batch.num_rows):
        paths = given[row] if given else ()
        document: dict[str, Any] = {}
        inner = document
        parent: tuple[str, ...] = ()
        for steps, name, form, read, values, sent in every if paths else some:
            value: Any = values[row]
            if value is None or value == []:
                if form != "null" and (not paths or (value := sent(paths)) is _ABSENT):
                    continue
            elif form not in ("null", "value"):
                if form == "object":
                    value = {}
                elif value == "":
                    continue
                else:
                    value = read(value)
            if steps != parent:
                parent, inner = steps, document
                for step in steps:
                    inner = inner.setdefault(step, {})
            inner[name] = value
        yield document


_ABSENT = object()


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the answer and where its values go; the form `sent` has no values, and tells of an object by what was sent."""

    parent: tuple[str, ...]
    name: str
    form: Form | Literal["sent"]
    read: Callable[[str], Any]
    values: Sequence[Any]

    @property
    def tells(self) -> bool:
        """Whether it tells anything of a record that was sent without nulls."""
        return self.form in ("json", "tagged", "null") or any(value is not None for value in self.values)

    def sent(self, paths: Sequence[str]) -> Any:
        """Null or the empty object or list that was sent, where the columns of the table hold no value."""
        path = ".".join((*self.parent, self.name))
        if path in paths:
            return None
        return _ABSENT if path + "." not in paths else {} if self.form == "sent" else []


def _columns(batch: pa.RecordBatch, leaves: Sequence[Leaf]) -> tuple[list[list[str]] | None, list[_Column]]:
    """What was sent as null or empty in each row, where the answer tells it, and all other columns."""
    given: list[list[str]] | None = None
    columns: list[_Column] = []
    objects = {leaf.steps[0] for leaf in leaves if len(leaf.steps) == 1}
    for leaf, column in zip(leaves, batch.columns, strict=True):
        if leaf.form == "given":
            given = cast("list[list[str]]", column.to_pylist())
            continue
        if leaf.steps[0] not in objects and leaf.steps[0] in OBJECTS:
            objects.add(leaf.steps[0])
            columns.append(_Column((), leaf.steps[0], "sent", str, [None] * batch.num_rows))
        columns.append(_Column(leaf.steps[:-1], leaf.steps[-1], leaf.form, _reader(leaf), _values(column)))
    return given, columns


def _values(column: pa.Array) -> list[Any]:
    """The values of a column; Arrow's own conversion of instants looks up the time zone for each of them."""
    import pyarrow as pa  # noqa: PLC0415 - loaded with the engine, never by importing this package

    if pa.types.is_timestamp(column.type):
        return [None if value is None else from_micros(value) for value in column.cast(pa.int64()).to_pylist()]
    return cast("list[Any]", column.to_pylist())


def _reader(leaf: Leaf) -> Callable[[str], Any]:
    """What makes a value of the text in a column."""
    if leaf.form == "tagged":
        return lambda text: value_of(text.encode())
    return _alternatives if leaf.steps == ("output", "alternatives") else _decoded


def _alternatives(text: str) -> Any:
    value = _decoded(text)
    revive_alternatives(value)
    return value


def _decoded(text: str) -> Any:
    value = from_json(text)
    return revive_dates(value) if _DATE_KEY in text else value
