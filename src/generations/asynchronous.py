"""`AsyncGenerations`: each verb of `Generations`, run in a thread while the event loop goes on. Nothing is written twice."""

from __future__ import annotations

from asyncio import to_thread
from collections import deque
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, Protocol, Self, TypeVar, cast

from generations.connect import Generations
from generations.store.cursor import Cursor, Document, FindCursor

if TYPE_CHECKING:
    from types import TracebackType

    from generations.record.generation import Generation
    from generations.store.cursor import Sort

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)
T = TypeVar("T")

READ_AHEAD: Final = 100
"""Documents that an asynchronous cursor fetches at once: changing threads for each would take longer than reading it."""


class _OverBlocking(Protocol[S_co]):
    @property
    def blocking(self) -> S_co: ...


class awaited(Generic[S, P, R]):  # noqa: N801 - used as a decorator is
    """A method of what blocks, as a coroutine method of what stands over it."""

    def __init__(self, method: Callable[Concatenate[S, P], R]) -> None:
        self._method = method

    def __get__(self, over: _OverBlocking[S], owner: type | None = None) -> Callable[P, Coroutine[Any, Any, R]]:
        method = self._method

        @wraps(method)
        async def run(*args: P.args, **kwargs: P.kwargs) -> R:
            return await to_thread(method, over.blocking, *args, **kwargs)

        return run


class asking(Generic[S, P, R, T]):  # noqa: N801 - used as a decorator is
    """A method that makes a cursor, which needs no thread: the query is checked at once and asked when it is read."""

    def __init__(self, method: Callable[Concatenate[S, P], R], over: Callable[[R], T]) -> None:
        self._method = method
        self._over = over

    def __get__(self, over: _OverBlocking[S], owner: type | None = None) -> Callable[P, T]:
        method, cursor_over = self._method, self._over

        @wraps(method)
        def make(*args: P.args, **kwargs: P.kwargs) -> T:
            return cursor_over(method(over.blocking, *args, **kwargs))

        return make


def with_arguments_of(kind: Callable[P, R]) -> Callable[[Callable[[S, R], None]], Callable[Concatenate[S, P], None]]:
    """A constructor that takes the arguments of another class, and is given the object that they make."""

    def decorate(construct: Callable[[S, R], None]) -> Callable[Concatenate[S, P], None]:
        @wraps(cast("type", kind).__init__)
        def constructed(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
            construct(self, kind(*args, **kwargs))

        return constructed

    return decorate


class AsyncCursor(Generic[T]):
    """A cursor for `async for`; belongs to one task.

    Args:
        blocking: the cursor that does the work.
    """

    def __init__(self, blocking: Cursor[T]) -> None:
        self._cursor = blocking
        self._ahead: deque[T] = deque()

    @property
    def blocking(self) -> Cursor[T]:
        """The cursor that does the work, in threads."""
        return self._cursor

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._ahead:
            self._ahead.extend(await to_thread(self._cursor.to_list, READ_AHEAD))
        if not self._ahead:
            raise StopAsyncIteration
        return self._ahead.popleft()

    async def next(self) -> T:
        """The next document.

        Raises:
            StopAsyncIteration: there is none.
        """
        return await anext(self)

    async def to_list(self, length: int | None = None) -> list[T]:
        """The documents not yet read; at most `length` of them when it is given."""
        most = len(self._ahead) if length is None else min(length, len(self._ahead))
        found = [self._ahead.popleft() for _ in range(most)]
        return found + await to_thread(self._cursor.to_list, None if length is None else length - most)

    async def rewind(self) -> Self:
        """Start again: the query runs anew when it is read."""
        self._ahead.clear()
        await to_thread(self._cursor.rewind)
        return self

    async def close(self) -> None:
        """Give back what the cursor holds; reading it afterwards yields nothing."""
        self._ahead.clear()
        await to_thread(self._cursor.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def max_time_ms(self, max_time_ms: int | None) -> Self:
        """As that of `Cursor`."""
        self._cursor.max_time_ms(max_time_ms)
        return self

    def generations(self) -> AsyncCursor[Generation]:
        """As that of `Cursor`."""
        return AsyncCursor(self._cursor.generations())

    to_arrow = awaited(Cursor[Any].to_arrow)
    to_pandas = awaited(Cursor[Any].to_pandas)
    to_polars = awaited(Cursor[Any].to_polars)
    explain = awaited(Cursor[Any].explain)


class AsyncFindCursor(AsyncCursor[Document]):
    """The records that `find` matches; `sort`, `skip` and `limit` may be set until it is read."""

    def __init__(self, blocking: FindCursor) -> None:
        super().__init__(blocking)
        self._found = blocking

    def sort(self, key: Sort, direction: int | None = None) -> Self:
        """As that of `FindCursor`."""
        self._found.sort(key, direction)
        return self

    def skip(self, skip: int) -> Self:
        """As that of `FindCursor`."""
        self._found.skip(skip)
        return self

    def limit(self, limit: int) -> Self:
        """As that of `FindCursor`."""
        self._found.limit(limit)
        return self


class AsyncGenerations:
    """`Generations` for programs with an event loop: the same verbs, each of them awaited, on whatever the URL names.

        async with AsyncGenerations("http://localhost:4300") as generations:
            async for record in generations.find({"model.id": "gpt-4"}).sort("timestamp", -1).limit(10):
                print(record["id"])

    `find` and `aggregate` are not awaited themselves: they return cursors for `async for`. A verb that was begun is
    finished even when the task that awaits it is cancelled. Making one opens a folder there and then, in some 0.1 s.

    Args and errors are those of `Generations`.
    """

    @with_arguments_of(Generations)
    def __init__(self, blocking: Generations) -> None:
        self._generations = blocking

    @property
    def blocking(self) -> Generations:
        """The collection that does the work, in threads."""
        return self._generations

    @property
    def name(self) -> str:
        """Where the data is, for people."""
        return self._generations.name

    @property
    def project(self) -> str:
        """The project whose records are seen."""
        return self._generations.project

    insert_one = awaited(Generations.insert_one)
    insert_many = awaited(Generations.insert_many)
    update_one = awaited(Generations.update_one)
    update_many = awaited(Generations.update_many)
    delete_one = awaited(Generations.delete_one)
    delete_many = awaited(Generations.delete_many)
    add_feedback = awaited(Generations.add_feedback)
    add_eval = awaited(Generations.add_eval)
    add_evals = awaited(Generations.add_evals)
    find = asking(Generations.find, AsyncFindCursor)
    find_one = awaited(Generations.find_one)
    get = awaited(Generations.get)
    aggregate = asking(Generations.aggregate, AsyncCursor[Document])
    count_documents = awaited(Generations.count_documents)
    estimated_document_count = awaited(Generations.estimated_document_count)
    distinct = awaited(Generations.distinct)
    feedback = awaited(Generations.feedback)
    evals = awaited(Generations.evals)
    history = awaited(Generations.history)
    explain = awaited(Generations.explain)
    stats = awaited(Generations.stats)
    export = awaited(Generations.export)
    close = awaited(Generations.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, project={self.project!r})"
