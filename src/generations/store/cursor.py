"""Lazy answers: a cursor is compiled when it is made, runs when it is read, and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast

from generations.errors import InvalidInput, InvalidQuery, MissingExtra
from generations.record.generation import Generation
from generations.results import Explanation
from generations.store.assemble import documents
from generations.store.decode import Document

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from generations.query.compiled import Compiled
    from generations.store.limits import Limits
    from generations.store.store import Store

T = TypeVar("T")

Shape = Literal["documents", "table"]
"""One JSON text per row, or typed columns."""

Sort = str | Sequence[tuple[str, int]] | Mapping[str, int]
"""`"timestamp"`, `[("timestamp", -1), ("id", 1)]` or `{"timestamp": -1}`; 1 ascends, -1 descends."""


class Cursor(Generic[T]):
    """The answer of one query, read once, from the first document to the last.

    Making a cursor checks and compiles the query; the engine runs it when the first document is asked for and hands it
    over as it goes, so that memory stays flat. A cursor belongs to one thread. Reading it to the end, `close` and
    leaving its `with` block all give back what it holds.
    """

    def __init__(self, store: Store, compiler: Callable[[Shape], Compiled], limits: Limits, convert: Callable[[Document], T]) -> None:
        self._store = store
        self._compiler = compiler
        self._limits = limits
        self._convert = convert
        self._compiled = compiler("documents")
        self._answers: Iterator[T] | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._answers is None:
            self._answers = self._read()
        return next(self._answers)

    def next(self) -> T:
        """The next document.

        Raises:
            StopIteration: there is none.
        """
        return next(self)

    def to_list(self, length: int | None = None) -> list[T]:
        """The documents not yet read; at most `length` of them when it is given."""
        if length is None:
            return list(self)
        return [item for _, item in zip(range(length), self, strict=False)]

    def rewind(self) -> Self:
        """Start again: the query runs anew when it is read."""
        self.close()
        self._answers = None
        return self

    def close(self) -> None:
        """Give back what the cursor holds; reading it afterwards yields nothing."""
        answers = self._answers
        self._answers = iter(())
        if answers is not None:
            cast("Any", getattr(answers, "close", _nothing))()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def max_time_ms(self, max_time_ms: int | None) -> Self:
        """Stop the query with `LimitExceeded` after so many milliseconds; 0 lifts the limit, None keeps the collection's."""
        self._must_be_unread()
        self._limits = within(self._limits, max_time_ms)
        return self

    def generations(self) -> Cursor[Generation]:
        """The same answer as `Generation` objects; for cursors whose documents are whole records."""
        self._must_be_unread()
        return Cursor(self._store, self._compiler, self._limits, Generation.from_dict)

    def to_arrow(self) -> pa.Table:
        """The whole answer as an Arrow table, whatever was read of it before.

        A record's fields are columns named by their path (`usage.totalTokens`); open content is JSON text. The engine
        writes the columns: nothing becomes a Python object on the way.
        """
        return self._store.query(self._compiler("table"), self._limits)

    def to_pandas(self) -> pd.DataFrame:
        """The whole answer as a pandas frame over Arrow columns, so that missing integers stay integers.

        Raises:
            MissingExtra: pandas is not installed.
        """
        _require("pandas")
        import pandas as pd  # noqa: PLC0415 - optional

        return self.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)

    def to_polars(self) -> pl.DataFrame:
        """The whole answer as a polars frame that shares the Arrow columns.

        Raises:
            MissingExtra: polars is not installed.
        """
        _require("polars")
        import polars as pl  # noqa: PLC0415 - optional

        return cast("pl.DataFrame", pl.from_arrow(self.to_arrow()))

    def explain(self) -> Explanation:
        """The SQL, its parameters and what it would read; nothing runs."""
        return explanation(self._store, self._compiled)

    def _read(self) -> Iterator[T]:
        convert = self._convert
        batches = self._store.batches(self._compiled, self._limits)
        try:
            for document in documents(batches, self._compiled):
                yield convert(document)
        finally:
            cast("Any", getattr(batches, "close", _nothing))()

    def _must_be_unread(self) -> None:
        if self._answers is not None:
            raise InvalidInput("the cursor has been read", hint="change it before reading it, or call rewind() first")


@dataclass(frozen=True, slots=True)
class Found:
    """What `find` was asked for."""

    filter: Mapping[str, Any]
    projection: Mapping[str, Any] | Sequence[str] | None
    sort: tuple[tuple[str, int], ...]
    skip: int
    limit: int


class FindCursor(Cursor[Document]):
    """The records that `find` matches; `sort`, `skip` and `limit` may be set until it is read."""

    def __init__(self, store: Store, found: Found, compiler: Callable[[Found, Shape], Compiled], limits: Limits) -> None:
        self._found = found
        self._compile_found = compiler
        super().__init__(store, self._compile_shape, limits, as_is)

    def sort(self, key: Sort, direction: int | None = None) -> Self:
        """Order by one key or several; replaces the order set before. `sort("timestamp", -1)` works as well."""
        return self._with(sort=sort_pairs(key, direction))

    def skip(self, skip: int) -> Self:
        """Leave out the first `skip` records."""
        return self._with(skip=natural(skip, "skip"))

    def limit(self, limit: int) -> Self:
        """Stop after `limit` records; 0 is no limit."""
        return self._with(limit=natural(limit, "limit"))

    def _with(self, **changes: Any) -> Self:
        self._must_be_unread()
        self._found = replace(self._found, **changes)
        self._compiled = self._compile_shape("documents")
        return self

    def _compile_shape(self, shape: Shape) -> Compiled:
        return self._compile_found(self._found, shape)


def as_is(document: Document) -> Document:
    """A plain dict."""
    return document


def natural(count: int, name: str) -> int:
    """A number of records that a caller gave, or the refusal of what is none."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may not check types
        raise InvalidQuery(f"{name} is a number of records, 0 or more, not {count!r}", path=f"/{name}")
    return count


def sort_pairs(key: Sort | None, direction: int | None = None) -> tuple[tuple[str, int], ...]:
    """The spellings of an order as pairs of path and direction; empty for None."""
    if key is None:
        return ()
    if isinstance(key, str):
        return ((key, 1 if direction is None else direction),)
    if direction is not None:
        raise InvalidInput("a direction goes with a single key", hint='say sort("timestamp", -1) or sort([("timestamp", -1)])')
    pairs: Sequence[Any] = list(key.items()) if isinstance(key, Mapping) else key
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(cast("Sequence[Any]", pair)) != 2:
            raise InvalidInput(f"{pair!r} is not a pair of path and direction", hint='say sort([("timestamp", -1)])')
    return tuple((path, way) for path, way in pairs)


def within(limits: Limits, max_time_ms: int | None) -> Limits:
    """The limits with another time: None keeps it, 0 lifts it."""
    if max_time_ms is None:
        return limits
    if isinstance(max_time_ms, bool) or not isinstance(max_time_ms, int) or max_time_ms < 0:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may not check types
        raise InvalidInput(f"max_time_ms must be a number of milliseconds, not {max_time_ms!r}")
    return replace(limits, seconds=max_time_ms / 1000 if max_time_ms else None)


def explanation(store: Store, compiled: Compiled) -> Explanation:
    """What the statement says and would read, without running it."""
    return Explanation(compiled.sql, {name: param.value for name, param in compiled.params.items()}, store.estimate(compiled))


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise MissingExtra(f"{package} is not installed", hint=f"pip install 'generations[{package}]'")


def _nothing() -> None:
    """What closing an iterator without `close` does."""
