"""The asynchronous client for tests that know no event loop."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from generations import AsyncCursor


class Unlooped:
    """An asynchronous collection or cursor whose methods wait for what they would have awaited."""

    def __init__(self, awaited: Any, loop: asyncio.Runner) -> None:
        self._awaited = awaited
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._awaited, name)
        return self._waiting(found) if callable(found) else found

    def __iter__(self) -> Unlooped:
        return self

    def __next__(self) -> Any:
        return self._result(anext(self._awaited))

    def __enter__(self) -> Unlooped:
        return self

    def __exit__(self, *_: object) -> None:
        self._result(self._awaited.close())

    def _waiting(self, method: Any) -> Any:
        return lambda *args, **kwargs: self._result(method(*args, **kwargs))

    def _result(self, found: Any) -> Any:
        if inspect.isawaitable(found):
            try:
                found = self._loop.run(_whole(found))
            except StopAsyncIteration:
                raise StopIteration from None
        return Unlooped(found, self._loop) if isinstance(found, AsyncCursor) else found


async def _whole(awaitable: Any) -> Any:
    return await awaitable
