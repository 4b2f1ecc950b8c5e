"""What a compilation carries along: bound parameters, notes, and the refusals that every part raises alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from generations.errors import InvalidQuery, UnknownField, UnknownOperator, Unsupported
from generations.query.compiled import Param, Source
from generations.query.tagged import restart_names, text_of
from generations.record.nearest import nearest

MAX_DEPTH = 150
"""Deepest nesting of a filter, pipeline or value; MongoDB takes documents of 100 levels."""

MAX_PLACED = 100
"""Most values of a list that each have a placeholder of their own."""

INSTANT = "DateTime64(6, 'UTC')"


class Context:
    """Collects the parameters of one statement; equal values share one placeholder."""

    def __init__(self, source: Source, now: datetime | None = None) -> None:
        restart_names()
        self.source = source
        self.now = now or datetime.now(UTC)
        self.params: dict[str, Param] = {}
        self.notes: list[str] = []
        self._names: dict[tuple[str, str], str] = {}

    def bind(self, value: Any, type: str) -> str:
        """A placeholder for a value of an engine type."""
        key = (type, repr(value))
        name = self._names.get(key)
        if name is None:
            name = f"p{len(self.params)}"
            self._names[key] = name
            self.params[name] = Param(type, value)
        return f"{{{name}:{type}}}"

    def place(self, param: Param) -> str:
        """A placeholder for a parameter."""
        return self.bind(param.value, param.type)

    def string(self, value: str) -> str:
        return self.bind(value, "String")

    def number(self, value: float) -> str:
        return self.place(number(value))

    def instant(self, value: datetime) -> str:
        return self.place(instant(value))

    def one_of(self, sql: str, type: str, values: Sequence[Any]) -> str:
        """`sql IN (…)`: many values are one parameter, which the engine reads as a set, so that a million of them take a second."""
        if len(values) <= MAX_PLACED:
            return f"{sql} IN ({', '.join(dict.fromkeys(self.bind(value, type) for value in values))})"
        return f"{sql} IN (SELECT arrayJoin({self.bind(values, f'Array({type})')}))"

    def tagged(self, value: Any) -> str:
        """A placeholder for the tagged JSON of any value."""
        return self.bind(text_of(value), "String")


def number(value: float) -> Param:
    """A number as a parameter: Int64 where it fits, Float64 otherwise."""
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return Param("Int64", value)
    return Param("Float64", double(value))


def double(value: float, path: str = "/") -> float:
    """A number as the engine's largest kind of number.

    Raises:
        InvalidQuery: it has no room there.
    """
    try:
        return float(value)
    except OverflowError:
        raise invalid("an integer of that many digits cannot be compared or counted with", path) from None


def instant(value: datetime) -> Param:
    """An instant as a parameter, in UTC; without an offset it is UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    text = aware.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")  # four digits also before the year 1000
    return Param(INSTANT, text)


def refuse_unknown_operator(name: str, known: Iterable[str], path: str, kind: str = "operator") -> UnknownOperator:
    near = nearest(name, known)
    return UnknownOperator(f"unknown {kind} {name!r}", path=path, hint=f"did you mean {near!r}?" if near else None)


def refuse_unknown_field(name: str, known: Iterable[str], path: str) -> UnknownField:
    near = nearest(name, known)
    return UnknownField(f"unknown field {name!r}", path=path, hint=f"did you mean {near!r}?" if near else None)


def refuse_unsupported(name: str, why: str, path: str) -> Unsupported:
    return Unsupported(f"{name} is not supported", path=path, hint=why)


def invalid(message: str, path: str, hint: str | None = None) -> InvalidQuery:
    return InvalidQuery(message, path=path or "/", hint=hint)


def pointer(base: str, step: str | int) -> str:
    """A JSON pointer (RFC 6901) one step further."""
    return f"{base}/{str(step).replace('~', '~0').replace('/', '~1')}"
