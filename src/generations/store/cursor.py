"""Lazy answers: a cursor is checked when it is made, asks when it is read, and streams."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, cast

from generations.errors import InvalidInput, InvalidQuery, MissingExtra
from generations.record.generation import Generation
from generations.store.decode import Document

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from generations.results import Explanation

T = TypeVar("T")

Sort = str | Sequence[tuple[str, int]] | Mapping[str, int]
"""`"timestamp"`, `[("timestamp", -1), ("id", 1)]` or `{"timestamp": -1}`; 1 ascends, -1 descends."""


class Question(Protocol):
    """A query that has been checked and can be asked any number of times; None for the time keeps the collection's limit."""

    def documents(self, max_time_ms: int | None) -> Generator[Document]:
        """Ask it, and yield the answer as it comes."""
        ...

    def table(self, max_time_ms: int | None) -> pa.Table:
        """Ask it for typed columns."""
        ...

    def explain(self) -> Explanation:
        """How it would be answered."""
        ...


class Cursor(Generic[T]):
    """The answer of one query, read once, from the first document to the last.

    Making a cursor checks the query; it is asked when the first document is wanted, and handed over as it comes, so that
    memory stays flat. A cursor belongs to one thread. Reading it to the end, `close` and
    leaving its `with` block all give back what it holds.
    """

    def __init__(self, question: Question, max_time_ms: int | None, convert: Callable[[Document], T]) -> None:
        self._question = question
        self._max_time_ms = checked_time(max_time_ms)
        self._convert = convert
        self._answers: Generator[T] | None = None
        self._is_closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._is_closed:
            raise StopIteration
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
        self._answers, self._is_closed = None, False
        return self

    def close(self) -> None:
        """Give back what the cursor holds; reading it afterwards yields nothing."""
        self._is_closed = True
        if self._answers is not None:
            self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def max_time_ms(self, max_time_ms: int | None) -> Self:
        """Stop the query with `LimitExceeded` after so many milliseconds; 0 lifts the limit, None keeps the collection's."""
        self._must_be_unread()
        self._max_time_ms = checked_time(max_time_ms)
        return self

    def generations(self) -> Cursor[Generation]:
        """The same answer as `Generation` objects; for cursors whose documents are whole records."""
        self._must_be_unread()
        return Cursor(self._question, self._max_time_ms, Generation.from_dict)

    def to_arrow(self) -> pa.Table:
        """The whole answer as an Arrow table, whatever was read of it before.

        A record's fields are columns named by their path (`usage.totalTokens`); open content is JSON text. The engine
        writes the columns: nothing becomes a Python object on the way.
        """
        return self._question.table(self._max_time_ms)

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
        return self._question.explain()

    def _read(self) -> Generator[T]:
        convert = self._convert
        with closing(self._question.documents(self._max_time_ms)) as documents:
            for document in documents:
                yield convert(document)

    def _must_be_unread(self) -> None:
        if self._answers is not None or self._is_closed:
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

    def __init__(self, found: Found, ask: Callable[[Found], Question], max_time_ms: int | None) -> None:
        self._found = found
        self._ask = ask
        super().__init__(ask(found), max_time_ms, as_is)

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
        self._question = self._ask(self._found)
        return self


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


def checked_time(max_time_ms: int | None) -> int | None:
    """Milliseconds that a caller gave, or the refusal of what is none."""
    if max_time_ms is None:
        return None
    if isinstance(max_time_ms, bool) or not isinstance(max_time_ms, int) or max_time_ms < 0:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may not check types
        raise InvalidInput(f"max_time_ms must be a number of milliseconds, not {max_time_ms!r}")
    return max_time_ms


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise MissingExtra(f"{package} is not installed", hint=f"pip install 'generations[{package}]'")
