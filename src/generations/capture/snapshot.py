"""Values of the host as they are now: what it changes later does not change the record, and each has a size.

Runs on the caller's thread, so it copies containers and shares texts, and asks nothing of an object that could run code of
the host: neither `repr` nor properties.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID

from msgspec import Struct

from generations.record import instants

DEEPEST: Final = 100
MOST_VALUES: Final = 50_000
"""Containers of one value; beyond them, and beyond `DEEPEST`, stands `CUT`: a value that holds itself ends somewhere."""
CUT: Final = "…"

_SCALARS: Final = frozenset({int, float, bool, type(None)})
_CONTAINER_BYTES: Final = 64
_SCALAR_BYTES: Final = 16


class Snapshot:
    """Copies values to plain JSON values (and bytes, which are encoded later), and adds up what they hold.

    Attributes:
        size_bytes: of everything taken so far, about; texts are counted by their characters.
    """

    __slots__ = ("_left", "size_bytes")

    def __init__(self) -> None:
        self.size_bytes = 0
        self._left = MOST_VALUES

    def take(self, value: Any, depth: int = 0) -> Any:
        """The value as it is now. Objects of SDKs become objects of what was set on them; unknown ones their type's name."""
        kind = type(value)  # pyright: ignore[reportUnknownVariableType] - a value of the host is of any type
        if kind is str:
            self.size_bytes += len(value)
            return value
        if kind in _SCALARS:
            self.size_bytes += _SCALAR_BYTES
            return value
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            return CUT
        self.size_bytes += _CONTAINER_BYTES
        if kind is dict:
            return self._object(value, depth + 1)
        if kind is list or kind is tuple:
            return self._list(value, depth + 1)
        return self._other(value, depth)

    def _object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        taken = value.copy()
        size = _SCALAR_BYTES * len(taken)
        is_named = True
        for key, item in taken.items():
            kind = type(item)  # pyright: ignore[reportUnknownVariableType] - as above
            if kind is str:
                size += len(item)
            elif kind not in _SCALARS:
                taken[key] = self.take(item, depth)
            if type(key) is not str:
                is_named = False
        self.size_bytes += size
        return taken if is_named else {_key(key): item for key, item in taken.items()}

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        if len(value) > 8:  # long lists of numbers or tokens: an embedding, a prompt of token ids
            kinds = set(map(type, value))
            if kinds <= _SCALARS:
                self.size_bytes += _SCALAR_BYTES * len(value)
                return list(value)
        if depth >= DEEPEST:
            return [self.take(item, depth) for item in value]
        taken: list[Any] = []
        for item in value:  # messages, mostly: as `take` does with a dictionary, and faster
            if type(item) is dict and self._left > 0:
                self._left -= 1
                self.size_bytes += _CONTAINER_BYTES
                taken.append(self._object(cast("dict[Any, Any]", item), depth + 1))
            else:
                taken.append(self.take(item, depth))
        return taken

    def _other(self, value: Any, depth: int) -> Any:
        match value:
            case bytes() | bytearray() | memoryview():
                taken = bytes(cast("bytes", value))
                self.size_bytes += len(taken)
                return taken
            case datetime():
                return {"$date": instants.iso(value)}
            case Enum():
                return self.take(value.value, depth + 1)
            case str():
                return self.take(str.__str__(value), depth)
            case bool() | int():
                return int(value)
            case float():
                return float(value)
            case UUID() | Decimal() | date() | PurePath():
                return str(value)
            case dict():
                return self._object(dict(dict[Any, Any].items(cast("dict[Any, Any]", value))), depth + 1)  # without code of its class
            case list() | tuple():
                return self._list(cast("list[Any]", value), depth + 1)
            case set() | frozenset():
                return self._list(list(cast("set[Any]", value)), depth + 1)
            case _:
                kind = cast("type[Any]", type(value))
                members = _members(value, kind)
                return f"<{_name(kind)}>" if members is None else self._object(members, depth + 1)


def one_level(value: Any) -> Any:
    """An object as a JSON value, or one of objects to be asked for in turn: for an encoder that does not know it."""
    return _OneLevel().other(value)


class _OneLevel(Snapshot):
    """Leaves what is inside as it is."""

    __slots__ = ()

    def take(self, value: Any, depth: int = 0) -> Any:
        del depth
        return value

    def other(self, value: Any) -> Any:
        """An object that is of none of JSON's types."""
        return dict(cast("MappingProxyType[Any, Any]", value)) if type(value) is MappingProxyType else self._other(value, 0)


def _key(key: Any) -> str:
    kind = cast("type[Any]", type(key))
    return key if isinstance(key, str) else str(key) if isinstance(key, int | float | UUID | Enum) else f"<{_name(kind)}>"


def _members(value: Any, kind: type[Any]) -> dict[str, Any] | None:
    """What was set on an object of a data class; None for any other object. Attributes that are None say nothing."""
    found: dict[str, Any]
    if hasattr(kind, "model_fields"):  # pydantic, without its serializers
        found = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    elif is_dataclass(kind):
        found = {field.name: attrgetter(field.name)(value) for field in fields(value)}
    elif issubclass(kind, Struct):
        found = {str(name): getattr(value, name) for name in kind.__struct_fields__}
    elif kind.__name__ == "SimpleNamespace":
        found = dict(value.__dict__)
    else:
        return None
    return {name: item for name, item in found.items() if item is not None and not name.startswith("_")}


def _name(kind: type[Any]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
