"""One generation while it happens: what the host says of it, and when.

Everything here runs on the host's threads. It takes snapshots and the time, and leaves the rest to the recorder's thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, Token
from itertools import count
from random import Random
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from msgspec import Struct

from generations.capture.context import NO_SURROUNDINGS, NOTHING_TOLD, current_context, surroundings
from generations.capture.counters import LOG
from generations.capture.snapshot import Snapshot
from generations.record.identity import uuid7_text

T = TypeVar("T")

Keep = Callable[["Recording"], None]
"""Takes over a recording that has ended; it never raises."""

MOST_CHUNKS: Final = 100_000
CHUNK_BYTES: Final = 512
RECORD_BYTES: Final = 1_024
LONGEST_MESSAGE: Final = 4_096
_current: ContextVar[Recording | None] = ContextVar("generations_current", default=None)


def current_id() -> str | None:
    """The id of the generation that is being recorded here; None outside of any."""
    recording = _current.get()
    return None if recording is None else recording.id


def current_recording() -> Recording | None:
    """The innermost recording that is entered here."""
    return _current.get()


class Recording:
    """What is known of one generation so far; ends once, when its block is left or `end` is called.

    Nothing here raises into the host: what cannot be read is left out. The model may be told later, at the latest by
    `response`; a generation whose model nobody told is recorded under `unknown`.

    Attributes:
        id: of the record, made when the recording was; feedback can be given under it.
        output: what the model produced; assign it.
        alternatives: other outputs for the same input.
        finish_reason: why the model stopped, in the provider's word.
        parameters: of the call, under the record's names or the provider's; add to it.
        metadata: context of this call; add to it.
        tags: labels of this call; add to them.
        model, provider: may be assigned.
        source: who told of it where another library did, such as `langchain`; None for what this package records itself.
        told: what that library told, as plain values that the record is made of; None without a source.
    """

    __slots__ = (
        "_keep",
        "_token",
        "alternatives",
        "answer",
        "chunks",
        "context",
        "ended_ns",
        "error",
        "finish_reason",
        "first_token_ns",
        "function",
        "id",
        "input",
        "is_automatic",
        "metadata",
        "model",
        "output",
        "parameters",
        "provider",
        "request",
        "snapshot",
        "source",
        "started_ns",
        "surroundings",
        "tags",
        "timestamp_ns",
        "tokens",
        "told",
    )

    def __init__(
        self,
        keep: Keep,
        model: str | None = None,
        input: Any = None,
        *,
        provider: str | None = None,
        function: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        request: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> None:
        self._keep = keep
        self._token: Token[Recording | None] | None = None
        self.id = id or _new_id()
        self.model = model
        self.provider = provider
        self.function = function
        self.snapshot = snapshot = Snapshot()
        self.input = input if input is None or type(input) is str else None
        self.request: dict[str, Any] | None = None
        self.parameters: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.tags: list[str] = []
        try:
            if parameters:
                self.parameters.update(parameters)
            if metadata:
                self.metadata.update(metadata)
            if tags:
                self.tags.extend(tags)
            self.input = snapshot.take(input)
            self.request = None if request is None else snapshot.take(dict(request))
        except Exception:  # noqa: BLE001 - a value of the host that cannot be copied is not worth its program
            LOG.debug("not all of a generation could be taken", exc_info=True)
        self.output: Any = None
        self.alternatives: list[Any] | None = None
        self.finish_reason: str | None = None
        self.tokens: dict[str, Any] | None = None
        self.answer: Any = None
        self.chunks: list[Any] | None = None
        self.error: tuple[str, str, str | None] | None = None
        self.is_automatic = False
        self.source: str | None = None
        self.told: Any = None
        self.context = NOTHING_TOLD
        self.surroundings = NO_SURROUNDINGS
        self.first_token_ns = 0
        self.ended_ns = 0
        self.timestamp_ns = 0
        self.started_ns = 0

    @property
    def size_bytes(self) -> int:
        """What it holds, about."""
        return self.snapshot.size_bytes + self.context.size_bytes + RECORD_BYTES

    def __enter__(self) -> Self:
        self.begin()
        self.enter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.leave()
        self.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)

    def begin(self) -> None:
        """Note the time, and what is told around the call."""
        self.context = current_context()
        self.surroundings = surroundings()
        self.timestamp_ns = time.time_ns()
        self.started_ns = time.perf_counter_ns()

    def enter(self) -> None:
        """Become the current generation, until `leave`."""
        self._token = _current.set(self)

    def leave(self) -> None:
        """Give back what was current before."""
        token, self._token = self._token, None
        if token is not None:
            try:
                _current.reset(token)
            except ValueError:
                LOG.debug("a generation was left in another task than it was entered in, as async generators may be")

    def usage(
        self,
        *,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        total_tokens: int | None = None,
        cached_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        audio_tokens: int | None = None,
        cost: float | None = None,
        currency: str | None = None,
    ) -> None:
        """Tell what was used: cached tokens are counted inside the prompt's, reasoning inside the completion's.

        The cost is in US dollars where no currency is told.
        """
        self.tokens = {
            "promptTokens": prompt_tokens,
            "completionTokens": completion_tokens,
            "totalTokens": total_tokens,
            "cachedTokens": cached_tokens,
            "cacheWriteTokens": cache_write_tokens,
            "reasoningTokens": reasoning_tokens,
            "audioTokens": audio_tokens,
            "cost": cost,
            "currency": currency,
        }

    def response(self, answer: T) -> T:
        """Take everything from a provider's answer, an object of its SDK or its JSON, and give it back as it is.

        Understood are OpenAI's chat completions and responses, Anthropic's messages and Google's `generateContent`:
        model, outputs, finish reason, tool calls, and all kinds of tokens. Of anything else the content is kept.
        """
        with suppress(Exception):  # as in the constructor
            self.answer = self.snapshot.take(answer)
        return answer

    def first_token(self) -> None:
        """Note that the first token is there; later calls change nothing."""
        if not self.first_token_ns:
            self.first_token_ns = time.perf_counter_ns()

    def chunk(self, chunk: Any) -> None:
        """Take one piece of a streamed answer: a text, or an event of a provider's SDK."""
        if not self.first_token_ns:
            with suppress(Exception):  # whatever an object of the host does when it is asked
                if not _is_preamble(chunk):
                    self.first_token_ns = time.perf_counter_ns()
        if self.chunks is None:
            self.chunks = []
        if len(self.chunks) < MOST_CHUNKS:
            self.chunks.append(chunk)
            self.snapshot.size_bytes += len(chunk) if type(chunk) is str else CHUNK_BYTES

    def stream(self, pieces: Iterable[T]) -> Iterator[T]:
        """The pieces of a streamed answer, each recorded as it passes."""
        for piece in pieces:
            self.chunk(piece)
            yield piece

    async def astream(self, pieces: AsyncIterable[T]) -> AsyncIterator[T]:
        """As `stream`, for asynchronous pieces."""
        async for piece in pieces:
            self.chunk(piece)
            yield piece

    def fail(self, error: BaseException) -> None:
        """Record an error without raising it."""
        self.error = _told(error)

    def end(self, error: BaseException | None = None) -> None:
        """Hand the generation to the recorder; later calls change nothing."""
        if self.ended_ns:
            return
        if not self.started_ns:
            self.begin()
        self.ended_ns = time.perf_counter_ns()
        if error is not None:
            self.error = _told(error)
        try:
            take = self.snapshot.take
            if self.output is not None:
                self.output = take(self.output)
            if self.alternatives is not None:
                self.alternatives = take(self.alternatives)
            if self.parameters:
                self.parameters = take(self.parameters)
            if self.metadata:
                self.metadata = take(self.metadata)
        except Exception:  # noqa: BLE001 - as in the constructor
            LOG.debug("not all of a generation could be taken", exc_info=True)
        self._keep(self)


class Calling(Struct, frozen=True, eq=False):
    """A call while it runs: an error ends its recording; an answer does not, for it may be a stream that goes on."""

    _recording: Recording

    def __enter__(self) -> None:
        if not self._recording.started_ns:
            self._recording.begin()
        self._recording.enter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._recording.leave()
        if error is not None:
            self._recording.end(error)


def _new_id() -> str:
    """A UUIDv7, increasing within the process but for one in 262,144; without a lock, which a fork might find taken."""
    return uuid7_text(time.time_ns() // 1_000_000, next(_sequence) & 0x3FFFF, _random.getrandbits(56).to_bytes(7, "big"))


_sequence: Final = count()
_random: Final = Random()  # noqa: S311 - an id need not be secret; it must be another one in a child
os.register_at_fork(after_in_child=_random.seed)


def _is_preamble(chunk: Any) -> bool:
    """Whether an event of a stream comes before the first token: a message that starts, a chunk that only names the role."""
    kind = getattr(chunk, "type", None)
    if isinstance(kind, str):
        return kind in _PREAMBLES
    choices = getattr(chunk, "choices", None)
    if not choices:
        return choices is not None
    delta = getattr(choices[0], "delta", None)
    if delta is None:
        return False
    return not any(getattr(delta, name, None) for name in ("content", "tool_calls", "refusal", "reasoning", "reasoning_content"))


_PREAMBLES: Final = frozenset(
    [
        "message_start",
        "content_block_start",
        "ping",
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
)


def _told(error: BaseException) -> tuple[str, str, str | None]:
    """Class, message and code of an error; texts of the host's own errors may fail to be made."""
    kind = type(error)
    package = kind.__module__.partition(".")[0]
    name = kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"
    try:
        message = str(error)[:LONGEST_MESSAGE]
    except Exception:  # noqa: BLE001 - whatever the host's own error raises when it is asked for its text
        message = ""
    for attribute in ("code", "status_code"):
        code: object = getattr(error, attribute, None)
        if isinstance(code, str | int) and not isinstance(code, bool):
            return name, message, str(code)
    return name, message, None
