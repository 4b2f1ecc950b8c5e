"""What a dialect is: a way of telling calls of a model through spans."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from generations.wire.call import Call
from generations.wire.otlp.attributes import Attributes
from generations.wire.otlp.names import Names
from generations.wire.otlp.telemetry import LogRecord, Span

Role = Literal[
    "generation",  # one call of a model: becomes a record
    "agent",
    "workflow",
    "tool",
    "function",  # a function of the user's
    "other",  # whatever else happens around generations: it repeats their usage, or has none
]


@dataclass(frozen=True, slots=True)
class Place:
    """What a span is, and the name it gives to what happens inside it; None when it gives none."""

    role: Role
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Signs:
    """What on a span tells a dialect: any one of these is enough.

    Attributes:
        attributes: beginnings of attribute names.
        scopes: names of the instrumentation; one that ends in a dot is the beginning of several.
    """

    attributes: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    def are_on(self, scope: str, names: Iterable[str]) -> bool:
        """Whether a span of the scope with attributes of these names shows any of them."""
        if any(scope == sign or (sign.endswith(".") and scope.startswith(sign)) for sign in self.scopes):
            return True
        return any(name.startswith(self.attributes) for name in names)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One convention, as one family of senders keeps it.

    Attributes:
        name: short, for people; it is kept on the record.
        why_here: why it comes before the dialects below it in the table.
        signs: what tells its spans, generations or not.
        place: what a span in it is.
        names: where the context of a call is told.
        read: what a generation's span tells, its attributes counted as understood. The log records are those of the span.
    """

    name: str
    why_here: str
    signs: Signs
    place: Callable[[Span], Place]
    names: Names
    read: Callable[[Attributes, Span, tuple[LogRecord, ...]], Call]
