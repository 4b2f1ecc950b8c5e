"""Who is asking, in which session, under which labels: told once, kept by everything captured inside.

    with user("u-17"), session("s-4"), tags("checkout"), metadata(release="2026.11"):
        ...

What is told travels with the task (`contextvars`), and as OpenTelemetry baggage where that is loaded: `user.id`,
`session.id`, `generations.tags` (joined by commas) and `generations.metadata.<name>` (texts only). Baggage that came from
another service is read in the same way, and gives way to what is told here.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from msgspec import Struct

from generations.capture.counters import LOG
from generations.capture.snapshot import Snapshot
from generations.wire.payload import Object, as_list, as_text, without_absent

USER: Final = "user.id"
SESSION: Final = "session.id"
TAGS: Final = "generations.tags"
METADATA: Final = "generations.metadata."


class Context(Struct, frozen=True):
    """What was told around a call; None and empty where nothing was."""

    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    size_bytes: int = 0

    def with_more(self, told: Context) -> Context:
        """What is told where this holds around it: its tags are added, all else wins."""
        return Context(
            self.user_id if told.user_id is None else told.user_id,
            self.session_id if told.session_id is None else told.session_id,
            self.tags + told.tags,
            {**self.metadata, **told.metadata} if told.metadata else self.metadata,
            self.size_bytes + told.size_bytes,
        )


NOTHING_TOLD: Final = Context()


def current_context() -> Context:
    """What is told where this is called."""
    return _entered.get().told


class Scope(Struct, frozen=True, eq=False):
    """Tells something of everything captured while it is entered; `with` does, in coroutines too.

    It may be entered more than once, and by several threads and tasks at a time.
    """

    _told: Context
    _baggage: dict[str, str]

    def __enter__(self) -> Self:
        outer = _entered.get()
        # without OpenTelemetry nobody would carry baggage on
        attached = _attach(self._baggage) if "opentelemetry.context" in sys.modules else None
        _entered.set(_Entered(self, outer.told.with_more(self._told), attached, outer))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        entered = _entered.get()
        if entered.scope is not self or entered.outer is None:
            LOG.debug("a scope was left in another task than it was entered in, as async generators may be")
            return
        _entered.set(entered.outer)
        if entered.attached is not None:
            _detach(entered.attached)


class _Entered(Struct, frozen=True):
    """A scope that is entered here: what is told inside of it, its baggage's token, and what is entered around it."""

    scope: Scope | None = None
    told: Context = NOTHING_TOLD
    attached: Any = None
    outer: _Entered | None = None


_NOTHING_ENTERED: Final = _Entered()
_entered: ContextVar[_Entered] = ContextVar("generations_entered", default=_NOTHING_ENTERED)


def user(id: str) -> Scope:
    """Who asks: `metadata.userId` of what is captured inside."""
    name = str(id)
    return Scope(Context(user_id=name), {USER: name})


def session(id: str) -> Scope:
    """The conversation: `metadata.sessionId` of what is captured inside."""
    name = str(id)
    return Scope(Context(session_id=name), {SESSION: name})


def tags(*labels: str) -> Scope:
    """Labels, added to those around: `metadata.tags` of what is captured inside."""
    added = tuple(map(str, labels))
    return Scope(Context(tags=added), {TAGS: ",".join(added)})


def metadata(**entries: Any) -> Scope:
    """Entries of the open `metadata` of what is captured inside; they win over those around."""
    snapshot = Snapshot()
    taken = {name: snapshot.take(value) for name, value in entries.items()}
    texts = {METADATA + name: value for name, value in taken.items() if isinstance(value, str)}
    return Scope(Context(metadata=taken, size_bytes=snapshot.size_bytes), texts)


def _attach(entries: dict[str, str]) -> Any:
    """Put entries into OpenTelemetry's baggage at once, where `set_baggage` takes one at a time; None when it does not take them."""
    try:
        context = _opentelemetry()[1]
        key = _baggage_key()
        values = context.get_current().copy()
        before: dict[str, object] = values.get(key) or {}
        carried = {**before, **entries}
        if TAGS in entries and (labels := before.get(TAGS)):
            carried[TAGS] = f"{labels},{entries[TAGS]}"  # what travels is all of them
        values[key] = carried
        return context.attach(context.Context(values))
    except Exception:  # noqa: BLE001 - another library's business must not end the host's
        LOG.debug("OpenTelemetry took no baggage", exc_info=True)
        return None


def _detach(attached: Any) -> None:
    try:
        _opentelemetry()[1].detach(attached)
    except Exception:  # noqa: BLE001 - as above
        LOG.debug("OpenTelemetry did not give its context back", exc_info=True)


@contextmanager
def unobserved() -> Generator[None]:
    """Keeps OpenTelemetry's instrumentations of clients and databases from telling of what is done inside: nobody asked for it."""
    attached: Any = None
    if "opentelemetry.context" in sys.modules:
        with suppress(Exception):  # another library's business must not keep anything from being sent
            context = _opentelemetry()[1]
            attached = context.attach(context.set_value("suppress_instrumentation", True))
    try:
        yield
    finally:
        if attached is not None:
            _detach(attached)


@cache
def _opentelemetry() -> tuple[Any, Any, Any]:
    """Its baggage, context and trace; asked for only where the host has loaded it."""
    from opentelemetry import baggage, context, trace  # noqa: PLC0415 - see above

    return baggage, context, trace


@cache
def _baggage_key() -> str:
    """Where in its context OpenTelemetry keeps the baggage, a dictionary that is never changed."""
    baggage, context, _ = _opentelemetry()
    [key] = baggage.set_baggage("", "", context.Context())
    return key


class Surroundings(Struct, frozen=True):
    """What OpenTelemetry says where a call is made: the span around it, and the baggage that came along, of any values."""

    trace_id: int = 0
    span_id: int = 0
    baggage: Mapping[str, object] = MappingProxyType({})

    @property
    def span(self) -> Object:
        """The record's `traceId` and `spanId`; empty where there is no span."""
        return {"traceId": f"{self.trace_id:032x}", "spanId": f"{self.span_id:016x}"} if self.trace_id else {}


NO_SURROUNDINGS: Final = Surroundings()


def surroundings() -> Surroundings:
    """The current span and baggage; nothing where OpenTelemetry is not loaded."""
    if "opentelemetry.trace" not in sys.modules:
        return NO_SURROUNDINGS
    try:
        baggage, context, trace = _opentelemetry()
        current = context.get_current()
        if not current:
            return NO_SURROUNDINGS
        carried = baggage.get_all(current)
        span = trace.get_current_span(current).get_span_context()
    except Exception:  # noqa: BLE001 - as above
        LOG.debug("OpenTelemetry's context could not be read", exc_info=True)
        return NO_SURROUNDINGS
    if span.is_valid:
        return Surroundings(span.trace_id, span.span_id, carried)
    return Surroundings(baggage=carried) if carried else NO_SURROUNDINGS


def in_surroundings(metadata: Object, told: Context, baggage: Mapping[str, object]) -> Object:
    """The metadata of a call with what was told around it: what is told here wins over baggage, and both over the call's own.

    Of baggage only texts are read: nothing else travels.
    """
    texts = {name: value for name, value in baggage.items() if isinstance(value, str)}
    labels = [label for label in texts.get(TAGS, "").split(",") if label]
    labels += [*told.tags, *map(str, as_list(metadata.get("tags")))]
    named = without_absent(
        {
            "userId": told.user_id or as_text(texts.get(USER)),
            "sessionId": told.session_id or as_text(texts.get(SESSION)),
            "tags": list(dict.fromkeys(labels)) or None,
        }
    )
    carried = {name.removeprefix(METADATA): value for name, value in texts.items() if name.startswith(METADATA)}
    return {**carried, **{name: value for name, value in metadata.items() if name not in named}, **named, **told.metadata}
