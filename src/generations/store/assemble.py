"""Documents put together from the columns of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from generations.record.content import from_json, revive_dates
from generations.record.decode import decode_document, revive_alternatives
from generations.record.fields import OBJECTS
from generations.record.instants import from_micros
from generations.store.decode import Document, slices, texts, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from generations.query.compiled import Compiled, Leaf

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
    given: list[list[str]] | None = None
    plan: list[tuple[tuple[str, ...], str, str, Callable[[str], Any]]] = []
    columns: list[list[Any]] = []
    for leaf, column in zip(leaves, batch.columns, strict=True):
        if leaf.form == "given":
            given = cast("list[list[str]]", column.to_pylist())
            continue
        values = _values(column)
        if leaf.form in ("json", "tagged") or any(value is not None for value in values) or leaf.form == "null":
            plan.append((leaf.steps[:-1], leaf.steps[-1], leaf.form, _reader(leaf)))
            columns.append(values)
    for row in range(batch.num_rows):
        document: dict[str, Any] = {}
        inner = document
        parent: tuple[str, ...] = ()
        for (steps, name, form, read), values in zip(plan, columns, strict=True):
            value = values[row]
            if value is None:
                if form != "null":
                    continue
            elif form not in ("null", "value"):
                if form == "object":
                    value = {}
                elif value == "":
                    continue
                else:
                    value = read(value)
            elif value == []:
                continue
            if steps != parent:
                parent, inner = steps, document
                for step in steps:
                    inner = inner.setdefault(step, {})
            inner[name] = value
        if given and given[row]:
            _add_given(document, given[row], leaves)
        yield document


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


def _add_given(document: dict[str, Any], given: Sequence[str], leaves: Sequence[Leaf]) -> None:
    """Nulls and empty objects that were sent, where the answer's columns cover them."""
    asked = {".".join(leaf.steps) for leaf in leaves}
    parents = {leaf.steps[0] for leaf in leaves if leaf.steps}
    for path in given:
        bare = path.removesuffix(".")
        if bare in OBJECTS:
            if bare in parents and bare not in document:
                document[bare] = {} if path.endswith(".") else None
        elif bare in asked:
            parent, _, name = bare.rpartition(".")
            (document.setdefault(parent, {}) if parent else document)[name] = [] if path.endswith(".") else None
