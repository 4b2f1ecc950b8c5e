"""Recording what a block or a function of the host does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, overload

from generations.capture.process import keep
from generations.capture.proxies import watched
from generations.capture.recording import Calling, Recording

P = ParamSpec("P")
R = TypeVar("R")


def generation(
    model: str | None = None,
    input: Any = None,
    *,
    provider: str | None = None,
    function: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Recording:
    """One generation, recorded while the block runs; `with` and `async with` do the same.

        with generation(model="gpt-4o", input="Say hello.") as g:
            g.output = "Hello."
            g.usage(prompt_tokens=3, completion_tokens=2)

    An error that leaves the block is recorded with it, and goes on unchanged.

    Args:
        model: as requested; `g.response(...)` tells it as well.
        input: what the model is given, a text or messages.
        provider: who serves it.
        function: the function or prompt that makes the call (`metadata.functionId`).
        parameters: of the call.
        metadata: context of this call, beside that of `user(...)`, `session(...)` and `metadata(...)`.
        tags: labels of this call, beside those of `tags(...)`.
    """
    return Recording(keep, model, input, provider=provider, function=function, parameters=parameters, metadata=metadata, tags=tags)


@overload
def recorded(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def recorded(
    *,
    model: str | None = None,
    provider: str | None = None,
    name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def recorded(
    function: Callable[..., Any] | None = None,
    /,
    *,
    model: str | None = None,
    provider: str | None = None,
    name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Any:
    """Record each call of a function as a generation: its arguments are the input, what it returns is the output.

    The input is an object of the arguments by their names; one argument that is a text or a list is the input itself.

    Works on functions, coroutines, generators and asynchronous generators. A provider's answer that is returned is read as
    `Recording.response` does, a provider's stream, and what a generator yields, as `Recording.chunk` does.

    Args:
        function: when used without parentheses.
        model: None takes the argument named `model`, or what the answer says.
        provider: who serves the model.
        name: `metadata.functionId`; None is the function's qualified name.
        parameters: of the call.
        tags: labels.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        names = _parameter_names(function)

        def begun(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recording:
            given = dict(zip(names, args, strict=False))
            given.pop("self", None)
            given.pop("cls", None)
            given.update(kwargs)
            asked = given.pop("model", None) if model is None else None
            alone: Any = next(iter(given.values())) if len(given) == 1 else None
            return Recording(
                keep,
                model or (asked if isinstance(asked, str) else None),
                alone if isinstance(alone, str | list) else given or None,
                provider=provider,
                function=name or function.__qualname__,
                parameters=parameters,
                tags=tags,
            )

        return functools.wraps(function)(_wrapped(function, begun))

    return decorate if function is None else decorate(function)


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some callables of C have none
        return []


Begun = Callable[[tuple[Any, ...], dict[str, Any]], Recording]


def _wrapped(function: Callable[..., Any], begun: Begun) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, begun)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, begun)
    if inspect.isgeneratorfunction(function):
        return _generator(function, begun)

    def call(*args: Any, **kwargs: Any) -> Any:
        recording = begun(args, kwargs)
        with Calling(recording):
            result = function(*args, **kwargs)
        return _returned(recording, result)

    return call


def _coroutine(function: Callable[..., Any], begun: Begun) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        recording = begun(args, kwargs)
        with Calling(recording):
            result = await function(*args, **kwargs)
        return _returned(recording, result)

    return call


def _returned(recording: Recording, result: Any) -> Any:
    """What the function returned; a stream as one that is watched, and ends the recording."""
    stream = watched(result, recording)
    if stream is not None:
        return stream
    recording.response(result)
    recording.end()
    return result


def _generator(function: Callable[..., Any], begun: Begun) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with begun(args, kwargs) as recording:
            inner = function(*args, **kwargs)
            advance: Callable[[], Any] = functools.partial(inner.send, None)
            try:
                while True:
                    try:
                        piece = advance()
                    except StopIteration as end:
                        return end.value
                    recording.chunk(piece)
                    recording.leave()
                    try:
                        advance = functools.partial(inner.send, (yield piece))
                    except Exception as error:  # noqa: BLE001 - what is thrown in is the inner one's to handle
                        advance = functools.partial(inner.throw, error)
                    finally:
                        recording.enter()
            finally:
                inner.close()

    return call


def _async_generator(function: Callable[..., Any], begun: Begun) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with begun(args, kwargs) as recording:
            inner = function(*args, **kwargs)
            advance: Callable[[], Any] = functools.partial(inner.asend, None)
            try:
                while True:
                    try:
                        piece = await advance()
                    except StopAsyncIteration:
                        return
                    recording.chunk(piece)
                    recording.leave()
                    try:
                        advance = functools.partial(inner.asend, (yield piece))
                    except Exception as error:  # noqa: BLE001 - what is thrown in is the inner one's to handle
                        advance = functools.partial(inner.athrow, error)
                    finally:
                        recording.enter()
            finally:
                await inner.aclose()

    return call
