"""Payloads gone wrong: a sound one, changed in a few places the way careless and hostile senders do.

Every change is chosen by a few small numbers, so that Hypothesis draws many of them quickly and shrinks them to what matters.
"""

from __future__ import annotations

import copy
import gzip
import json
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

Change = tuple[str, int, int]
"""What is done, where (counted over all places there are), and with which of the hostile values."""

_RAW: Final[dict[str, bytes]] = {
    "deep list": b"[" * 5_000 + b"]" * 5_000,
    "deep object": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "deep enough": b"[" * 190 + b"]" * 190,
    "many digits": b"1" * 5_000,
    "more than a double holds": b"9" * 400,
    "large exponent": b"1e400",
    "small exponent": b"-1e-400",
    "minus zero": b"-0.0",
    "not a number": b"NaN",
    "infinite": b"-Infinity",
    "twice": b'{"a":1,"a":{"b":2},"a":3}',
    "prototype": b'{"__proto__":{"polluted":true},"constructor":{"prototype":1}}',
    "half a pair": b'"\\ud800"',
    "half a pair as a key": b'{"\\udfff":1}',
    "zero byte": b'"a\\u0000b"',
    "not UTF-8": b'"\xff\xfe"',
    "many items": b"[" + b"0," * 20_000 + b"0]",
    "long text": b'"' + b"x" * 300_000 + b'"',
    "wide": b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(3_000)) + b"}",
}
"""JSON that Python values cannot say, or not as it would be sent."""

VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**18,
    10**30,
    0.5,
    -2.5,
    1e308,
    5e-324,
    "",
    " ",
    "0",
    "5",
    "-7",
    "1e9",
    "12.5",
    "99999999999999999999",
    "NaN",
    "true",
    "null",
    "[]",
    "{",
    '{"a": [1, {"b": null}]}',
    '[{"role": "user", "content": [{"type": "text"}]}]',
    "[" * 2_000,
    '"' + "\\u0000" * 3 + '"',
    "2026-11-23T10:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999+14:00",
    "2026-13-45",
    "1970-01-01",
    "a.b.c",
    "$where",
    "__proto__",
    "é\u0301",
    "😀",
    "\u2028",
    "a\u0000b",
    "x" * 2_000,
    [],
    [None],
    [[]],
    [{}],
    ["a", 1, None, {"b": []}],
    {},
    {"": ""},
    {"a": None},
    {"a.b": 1, "$c": 2},
    {"$date": "2026-01-01T00:00:00Z"},
    {"$date": "never"},
    {"type": "text", "text": "x"},
    {"role": "user", "content": None},
    [{"role": "assistant", "content": [{"type": "tool_use", "input": "{"}]}],
    *({"\0raw": name} for name in _RAW),
)

NAMES: Final = (
    "",
    ".",
    "..",
    "a.",
    "id",
    "__proto__",
    "constructor",
    "$set",
    "a.b",
    "0",
    "999999999999",
    "-1",
    "é",
    "\0",
    "x" * 1_500,
    "\u0660",  # a digit to Python, and to nobody else
    "²",
)

MOST_BYTES: Final = 4 << 20
"""Of a payload, about: changes that multiply what others have multiplied made some of 270 MB, which only broke the run."""

_TREE: Final = ("replace", "replace", "replace", "delete", "add", "rename", "copy", "swap", "wrap", "text", "many")
_BYTES: Final = ("cut", "flip", "insert", "remove", "repeat", "mark", "double")


def changes(most: int = 4) -> st.SearchStrategy[list[Change]]:
    """Up to so many changes of a tree."""
    return st.lists(st.tuples(st.sampled_from(_TREE), st.integers(0, 999), st.integers(0, 999)), max_size=most)


def byte_changes(most: int = 2) -> st.SearchStrategy[list[Change]]:
    """None most of the time, or up to so many changes of what is sent."""
    some = st.lists(st.tuples(st.sampled_from(_BYTES), st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=most)
    return st.just([]) | st.just([]) | some


def changed(value: Any, done: list[Change]) -> Any:
    """A copy of a JSON value with changes, also inside of JSON that is text."""
    holder = [copy.deepcopy(value)]
    for kind, where, which in done:
        places = list(_places(holder))
        container, key = places[where % len(places)]
        _change(kind, container, key, which, places)
    return holder[0]


def text_of(value: Any) -> bytes:
    """A changed value as it is sent; what Python would refuse to write is written all the same."""
    try:
        text = json.dumps(value, separators=(",", ":")).encode()
    except RecursionError:
        return b"[" * 3_000
    for name, raw in _RAW.items():
        room = max(0, MOST_BYTES - len(text)) // len(raw)
        text = text.replace(json.dumps({"\0raw": name}, separators=(",", ":")).encode(), raw, room)
    return text


def damaged(text: bytes, done: list[Change]) -> bytes:
    """Bytes with changes."""
    for kind, where, which in done:
        at = where * max(len(text), 1) // 10_000
        match kind:
            case "cut":
                text = text[:at]
            case "flip":
                text = text[:at] + bytes([text[at] ^ (which or 1)]) + text[at + 1 :] if text else b"\0"
            case "insert":
                text = text[:at] + bytes([which]) * (1 + which % 7) + text[at:]
            case "remove":
                text = text[:at] + text[at + 1 + which % 16 :]
            case "repeat":
                text = text[:at] + text[at : at + which] * 20 + text[at:]
            case "mark":
                text = (b"\xef\xbb\xbf" if which % 2 else b"\xff\xfe") + text
            case _:
                text = text + b"\n" * (which % 2) + text
    return text


def packed(text: bytes, how: int) -> tuple[str, bytes]:
    """A content encoding and a body that claims to be in it; most are."""
    match how % 10:
        case 0:
            return "gzip", gzip.compress(text, 1, mtime=0)[: -1 - how % 8]
        case 1:
            return "gzip", text
        case 2:
            return "gzip", bomb()
        case 3:
            return "zstd", text
        case 4:
            return "br", text
        case 5 | 6:
            return "gzip", gzip.compress(text, 1, mtime=0)
        case _:
            return "identity", text


@cache
def bomb() -> bytes:
    """100 MiB of blanks in 100 KB."""
    return gzip.compress(b" " * (100 << 20), 9, mtime=0)


def _places(holder: list[Any]) -> list[tuple[Any, Any]]:
    """Every container with each of its keys, up to some thousand."""
    found: list[tuple[Any, Any]] = []
    pending: list[Any] = [holder]
    while pending and len(found) < 5_000:
        container = pending.pop()
        for key in list(container) if isinstance(container, dict) else range(len(container)):
            found.append((container, key))
            if isinstance(container[key], (dict, list)):
                pending.append(container[key])
    return found


def _change(kind: str, container: Any, key: Any, which: int, places: list[tuple[Any, Any]]) -> None:
    hostile = copy.deepcopy(VALUES[which % len(VALUES)])
    match kind:
        case "delete":
            del container[key]
        case "add" if isinstance(container, dict):
            container[NAMES[which % len(NAMES)]] = hostile
        case "rename" if isinstance(container, dict):
            container[NAMES[which % len(NAMES)]] = container.pop(key)
        case "copy" | "add" | "rename" if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        case "swap":
            other, other_key = places[which % len(places)]
            container[key] = copy.deepcopy(other[other_key])
        case "wrap":
            container[key] = [container[key]] if which % 2 else {"a": container[key]}
        case "text":
            container[key] = _as_text(container[key], which)
        case "many" if len(places) < 1_000:
            fitting = MOST_BYTES // max(len(text_of(container[key])), 1)
            container[key] = [copy.deepcopy(container[key]) for _ in range(min(2 + which % 30, max(fitting, 1)))]
        case _:
            container[key] = hostile
    if not container:  # a place to change must be left
        container.append(None) if isinstance(container, list) else container.update(a=None)


def _as_text(value: Any, which: int) -> Any:
    """JSON text for a value; for JSON text what it says, changed in one place."""
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return value[: which % (len(value) + 1)]
        return (
            text_of(changed(inner, [("replace", which // 7, which)])).decode(errors="replace") if isinstance(inner, (dict, list)) else inner
        )
    return text_of(value).decode(errors="replace")
