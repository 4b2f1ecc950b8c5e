"""Open content: from Python values to one compact JSON text, and what has to be known about that text.

One value has one text: no whitespace, keys in their order, no needless escapes, numbers as Python repeats
them (`5` stays `5`, `5.0` stays `5.0`, integers of any size). Whatever was sent as bytes or as Python
objects therefore compares and hashes alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, cast

import msgspec

from generations.errors import InvalidRecord
from generations.record import instants

MAX_DEPTH = 200
"""Levels of nesting in one record; the engine's JSON parser and Python's recursion end not far beyond."""

to_json: Callable[[Any], bytes] = msgspec.json.Encoder().encode
from_json: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode


def dumps(value: object) -> tuple[bytes, Any]:
    """The compact JSON text of a Python value, and what it parses to; datetimes become `{"$date": …}`.

    Raises:
        InvalidRecord: with the path of the first thing that JSON cannot hold.
    """
    try:
        text = to_json(value)
        parsed = from_json(text)
        if parsed == value:
            return text, parsed
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        pass  # `_write` below takes it, or says what is wrong and where
    out: list[bytes] = []
    _write(value, "", 0, out)
    text = b"".join(out)
    return text, from_json(text)


def loads(text: bytes) -> Any:
    """Parse JSON text as strictly as `dumps` writes it.

    Raises:
        InvalidRecord: not UTF-8, not JSON, nested too deeply, a number that no float can hold, or half
            of a surrogate pair; with the path where there is one.
    """
    try:
        return from_json(text)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise diagnose(text, error) from None


def diagnose(text: bytes, error: Exception) -> InvalidRecord:
    """Say what is wrong with a text that the parser refused with `error`."""
    try:
        whole = text.decode()
    except UnicodeDecodeError as bad:
        return InvalidRecord(f"the text is not UTF-8: byte 0x{text[bad.start]:02x} at byte {bad.start}", hint="send the JSON as UTF-8")
    try:
        dumps(json.loads(whole))
    except InvalidRecord as refused:
        return refused
    except RecursionError:
        return too_deep()
    except json.JSONDecodeError as bad:
        if not whole.strip():
            return InvalidRecord("there is no JSON in an empty text")
        return InvalidRecord(f"the text is not JSON: {bad.msg[:1].lower()}{bad.msg[1:]} (line {bad.lineno}, column {bad.colno})")
    except ValueError:
        return InvalidRecord("a number has more digits than can be kept", hint="send it as a string")
    return InvalidRecord(f"the text is not JSON: {error}")


def is_too_deep(text: bytes) -> bool:
    """Whether sound JSON text is nested more than `MAX_DEPTH` levels."""
    if len(text) <= 2 * MAX_DEPTH or len(text.translate(None, _NOT_OPENING)) <= MAX_DEPTH:
        return False
    level: list[Any] = [from_json(text)]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            below += cast("dict[str, Any]", item).values() if type(item) is dict else cast("list[Any]", item)
        level = [item for item in below if type(item) is dict or type(item) is list]
        if not level:
            return False
    return True


_NOT_OPENING = bytes(byte for byte in range(256) if byte not in b"[{")


def too_deep() -> InvalidRecord:
    """The refusal of a record that is nested more than `MAX_DEPTH` levels."""
    return InvalidRecord(f"nested more than {MAX_DEPTH} levels deep", hint="send the inner part as a string")


def normalise_dates(root: object) -> None:
    """Rewrite, in place, every `{"$date": …}` that says an instant to its one form."""
    for _, _, found, instant in _dates_in([root]):
        found["$date"] = instants.iso(instant)


def revive_dates(root: Any) -> Any:
    """Turn, in place, every `{"$date": …}` that says an instant into an aware datetime; return the value."""
    holder = [root]
    for container, key, _, instant in _dates_in(holder):
        container[key] = instant
    return holder[0]


def _dates_in(holder: list[Any]) -> Iterator[tuple[Any, Any, dict[str, Any], datetime]]:
    """Every date object: where it stands, itself, and its instant. No recursion: what pipelines make may nest deeply."""
    pending: list[Any] = [holder]
    while pending:
        container = pending.pop()
        for key, value in _members(container):
            if type(value) is dict:
                found = cast("dict[str, Any]", value)
                instant = instants.parse_date_object(found) if len(found) == 1 and "$date" in found else None
                if instant is None:
                    pending.append(found)
                else:
                    yield container, key, found, instant
            elif type(value) is list:
                pending.append(value)


def _members(container: dict[Any, Any] | list[Any]) -> Iterable[tuple[Any, Any]]:
    return container.items() if isinstance(container, dict) else enumerate(container)


def is_odd(found: dict[str, Any], depth: int = 0) -> bool:
    """Whether a map holds anything that the engine's `JSON` column would distort.

    Keys with a dot, starting with `$` or empty; lists that hold lists or objects; integers of 19 digits and more.
    A map is as odd when it is nested very deeply.
    """
    if depth > _DEEPEST_COLUMN or (not found.keys() <= _plain_keys and not _all_plain(found)):
        return True
    for value in found.values():
        kind = type(value)  # pyright: ignore[reportUnknownVariableType] - a JSON value is of any type
        if kind is str or kind is float:
            continue
        if kind is dict:
            if is_odd(value, depth + 1):
                return True
        elif kind is list:
            if not _SAFE_IN_LIST.issuperset(map(type, value)) and any(map(_is_odd_in_list, value)):
                return True
        elif kind is int and not -_NINETEEN_DIGITS < value < _NINETEEN_DIGITS:
            return True
    return False


_DEEPEST_COLUMN = 50
_NINETEEN_DIGITS = 10**18
_SAFE_IN_LIST = frozenset({str, float, bool, type(None)})
_MOST_PLAIN_KEYS = 10_000
_plain_keys: set[str] = set()
"""Keys that were looked at and are not odd: the same ones come with every record."""


def _all_plain(found: dict[str, Any]) -> bool:
    for key in found:
        if not key or key[0] == "$" or "." in key:
            return False
    if len(_plain_keys) < _MOST_PLAIN_KEYS:
        _plain_keys.update(found)
    return True


def _is_odd_in_list(value: object) -> bool:
    kind = type(value)
    return kind is dict or kind is list or (kind is int and not -_NINETEEN_DIGITS < cast("int", value) < _NINETEEN_DIGITS)


def _write(value: object, path: str, depth: int, out: list[bytes]) -> None:
    if isinstance(value, str):
        out.append(_string(value, path))
    elif value is None or isinstance(value, (bool, int)):
        out.append(_integer(value, path))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidRecord(f"JSON cannot hold {float(value)!r}", hint="leave it out or send null", path=path)
        out.append(to_json(float(value)))
    elif isinstance(value, datetime):
        _write_instant(value, path, out)
    elif isinstance(value, Mapping):
        _write_map(cast("Mapping[object, object]", value), path, depth, out)
    elif isinstance(value, (list, tuple)):
        _write_list(cast("list[object]", value), path, depth, out)
    else:
        raise InvalidRecord(f"JSON cannot hold a value of type {type(value).__qualname__}", hint=_hint(value), path=path)


def _write_list(found: list[object] | tuple[object, ...], path: str, depth: int, out: list[bytes]) -> None:
    if depth == MAX_DEPTH:
        raise too_deep()
    out.append(b"[")
    for index, item in enumerate(found):
        if index:
            out.append(b",")
        _write(item, _below(path, str(index)), depth + 1, out)
    out.append(b"]")


def _write_map(found: Mapping[object, object], path: str, depth: int, out: list[bytes]) -> None:
    if depth == MAX_DEPTH:
        raise too_deep()
    out.append(b"{")
    comma = b""
    for key, item in found.items():
        if not isinstance(key, str):
            raise InvalidRecord(f"keys are strings; this one is {key!r}, of type {type(key).__qualname__}", path=path)
        out.append(comma + _string(key, path) + b":")
        _write(item, _below(path, key), depth + 1, out)
        comma = b","
    out.append(b"}")


def _write_instant(value: datetime, path: str, out: list[bytes]) -> None:
    instant = instants.parse(value)
    if instant is None:
        raise InvalidRecord("an instant lies between the years 1900 and 2299", path=path)
    out.append(b'{"$date":"' + instants.iso(instant).encode() + b'"}')


def _string(value: str, path: str) -> bytes:
    try:
        return to_json(str.__str__(value))
    except UnicodeEncodeError as bad:
        raise InvalidRecord(
            f"half of a surrogate pair ({value[bad.start]!r}) is not a character", hint="replace it, for instance with U+FFFD", path=path
        ) from None


def _integer(value: bool | int | None, path: str) -> bytes:
    try:
        return to_json(value if value is None or isinstance(value, bool) else int(value))
    except (ValueError, OverflowError):
        raise InvalidRecord("an integer has more digits than can be kept", hint="send it as a string", path=path) from None


def _hint(value: object) -> str | None:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "decode it to text, or send it as base64 text"
    if isinstance(value, (set, frozenset)):
        return "send a list"
    if isinstance(value, date):
        return "send a datetime, or text"
    if hasattr(value, "item") or hasattr(value, "tolist"):
        return "convert it with .item() or .tolist()"
    return "send a string, a number, true, false, null, a list, an object or a datetime"


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
