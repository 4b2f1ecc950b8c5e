"""Attributes read by name, with an account of which were understood, so that the others can be kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from generations.record.content import from_json
from generations.wire.otlp.flattened import unflattened
from generations.wire.payload import Object, as_count, as_list, as_number, as_text

Value = TypeVar("Value")
Key = TypeVar("Key", bound=Hashable)

MOST_REMEMBERED: Final = 200
"""Attributes of one span, up to which what follows from their names alone is remembered."""


class Attributes:
    """The attributes of one span.

    Each reader answers with the value of the first name that holds one of its type. Where several names hold the same
    value (a convention and the one before it), all count as understood; one with another value is left.

    Attributes:
        notes: what people should know of the reading.
    """

    def __init__(self, sent: Mapping[str, Any]) -> None:
        self._sent = sent
        self._understood: set[str] = set()
        self.notes: list[str] = []

    def remembered(self, what: Callable[[Key, frozenset[str]], Value], key: Key) -> Value:
        """What follows from a key and the names of the attributes alone: those of one instrumentation come again and again."""
        names = frozenset(self._sent)
        return what(key, names) if len(names) > MOST_REMEMBERED else _remembered(what, key, names)

    def text(self, *names: str) -> str | None:
        """A string with something in it, also as JSON text with its quotes (MLflow and Langfuse write values so)."""
        return self._first(names, _text)

    def count(self, *names: str) -> int | None:
        """A whole number that is not negative, also as text."""
        return self._first(names, as_count)

    def number(self, *names: str) -> float | int | None:
        """A number, also as text."""
        return self._first(names, as_number)

    def flag(self, *names: str) -> bool | None:
        """True or false."""
        return self._first(names, _flag)

    def texts(self, *names: str) -> list[str]:
        """A list of strings: as such, as JSON text, or joined with commas."""
        return self._first(names, _texts) or []

    def value(self, *names: str) -> Any:
        """Any value but an empty one, JSON text parsed."""
        return self._first(names, _value)

    def below(self, prefix: str) -> Object:
        """What is not yet understood and starts with the prefix, by the rest of its name; nulls say nothing."""
        found = {name: self.left(name) for name in self._sent if name.startswith(prefix) and name != prefix}
        return {name.removeprefix(prefix): value for name, value in found.items() if value is not None}

    def left(self, name: str) -> Any:
        """The value of one name as it was sent, where nobody has understood it yet; None where somebody has, or where it is null."""
        value = None if name in self._understood else self._sent.get(name)
        if value is not None:
            self._understood.add(name)
        return value

    def unflattened(self, prefix: str) -> Any:
        """The list that was flattened into the names below the prefix, those that start with an index; None without any."""
        start = len(prefix)
        names = {
            name[start:]: value for name, value in self._sent.items() if name.startswith(prefix) and name[start : start + 1].isdecimal()
        }
        if not names:
            return None
        self._understood.update(prefix + name for name in names)
        value, aside = unflattened(names)
        if aside:
            self._understood.difference_update(prefix + name for name in aside)
            self.note("flattened attributes with an absurd index, or that contradict each other, were left aside")
        return value or None

    def leave(self, name: str) -> None:
        """Count it as not understood after all."""
        self._understood.discard(name)

    def note(self, note: str) -> None:
        """Say something of the reading, once."""
        if note not in self.notes:
            self.notes.append(note)

    def has(self, name: str) -> bool:
        """Whether it was sent with a value; it is not thereby understood."""
        return self._sent.get(name) is not None

    def rest(self) -> Object:
        """What nobody understood, as sent; nulls say nothing and are left out."""
        return {name: value for name, value in self._sent.items() if name not in self._understood and value is not None}

    def _first(self, names: tuple[str, ...], read: Callable[[Any], Value | None]) -> Value | None:
        first: Value | None = None
        for name in names:
            sent = self._sent.get(name)
            if sent is None:  # as most names of a table are: reading them would be most of the work
                continue
            value = read(sent)
            if value is not None and (first is None or value == first):
                first = value
                self._understood.add(name)
        return first


def _text(value: Any) -> str | None:
    return as_text(parsed(value) if isinstance(value, str) and value[:1] == '"' else value)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _value(value: Any) -> Any:
    return None if value in ("", [], {}) else parsed(value)


@lru_cache(maxsize=1024)
def _remembered(what: Callable[[Any, frozenset[str]], Any], key: Hashable, names: frozenset[str]) -> Any:
    return what(key, names)


def parsed(value: Any) -> Any:
    """What JSON text says; anything else, and text that is not sound JSON, as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in _STARTS_OF_JSON:
        return value
    try:
        return from_json(value)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return value


_STARTS_OF_JSON = frozenset('{["')


def parsed_object(value: Any) -> Object:
    """The object that the value is, or that its JSON text says; else an empty one."""
    found = parsed(value)
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON objects have string keys


def _texts(value: Any) -> list[str] | None:
    said = parsed(value)
    if isinstance(said, str):
        return [text for part in said.split(",") if (text := part.strip())] or None
    texts = [text for item in as_list(said) if (text := as_text(item)) is not None]
    return texts or None
