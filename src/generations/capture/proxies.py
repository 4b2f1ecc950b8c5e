"""Streams of a provider's SDK, watched while the host reads them.

A proxy gives everything of its stream through; it ends the recording when the stream ends, fails, is closed, or is let go.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from generations.capture.recording import Recording

Hidden = Callable[[Any], bool]
"""Whether a chunk is only for the recording, because the host did not ask for it."""


class _Proxy:
    def __init__(self, stream: Any, recording: Recording, is_hidden: Hidden | None) -> None:
        self._stream = stream
        self._recording = recording
        self._is_hidden = is_hidden

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __del__(self) -> None:
        with suppress(Exception):  # a finalizer has nobody to raise to
            self._left_early()

    def _take(self, chunk: Any) -> bool:
        """Record a chunk; whether the host gets it."""
        with suppress(Exception):  # whatever a chunk is, it is the host's first
            self._recording.chunk(chunk)
            return self._is_hidden is None or not self._is_hidden(chunk)
        return True

    def _left_early(self) -> None:
        """The host has stopped before the end of the stream."""
        self._recording.end(GeneratorExit("the stream was closed before its end"))


class StreamProxy(_Proxy):
    """A stream that is read with `for`."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        while True:
            try:
                chunk = next(self._stream)
            except StopIteration:
                self._recording.end()
                raise
            except BaseException as error:
                self._recording.end(error)
                raise
            if self._take(chunk):
                return chunk

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> Any:
        self._recording.end(error) if error is not None else self._left_early()
        return self._stream.__exit__(kind, error, trace)

    def close(self) -> Any:
        self._left_early()
        return self._stream.close()


class AsyncStreamProxy(_Proxy):
    """A stream that is read with `async for`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while True:
            try:
                chunk = await anext(self._stream)
            except StopAsyncIteration:
                self._recording.end()
                raise
            except BaseException as error:
                self._recording.end(error)
                raise
            if self._take(chunk):
                return chunk

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> Any:
        self._recording.end(error) if error is not None else self._left_early()
        return await self._stream.__aexit__(kind, error, trace)

    async def close(self) -> Any:
        self._left_early()
        return await self._stream.close()

    async def aclose(self) -> Any:
        self._left_early()
        return await self._stream.aclose()


def watched(stream: Any, recording: Recording, is_hidden: Hidden | None = None) -> Any:
    """A proxy of a stream; None when it is none."""
    if hasattr(stream, "__anext__"):
        return AsyncStreamProxy(stream, recording, is_hidden)
    if hasattr(stream, "__next__"):
        return StreamProxy(stream, recording, is_hidden)
    return None
