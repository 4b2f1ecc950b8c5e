"""The values in a body of JSON that is one object, a list of objects, or lines of them: whoever sends does not always say which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from generations.errors import InvalidInput, InvalidRecord
from generations.record import content


def texts_of(body: bytes) -> list[bytes]:
    """The JSON text of each value, unread; the value of a body that is one object stands alone.

    A list that is cut short, or holds what is no JSON, is taken apart at its commas, so that what is wrong with one of its
    values costs no other.

    Raises:
        InvalidInput: there is nothing, or something else than objects.
    """
    start = body.lstrip()[:1]
    if start == b"[":
        try:
            return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return list(_between_commas(body))
    if start != b"{":
        found = "an empty body" if not start else f"a body that begins with {start.decode('latin-1')!r}"
        raise InvalidInput(f"expected a JSON object, a list or lines of them, found {found}")
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    is_one = len(lines) == 1 or not lines[1].lstrip().startswith(b"{") or not lines[0].rstrip().endswith(b"}")
    return [body] if is_one else lines


def value_of(text: bytes) -> Any:
    """The value of a text; `NaN` and `Infinity`, which Python writes although JSON has no such numbers, are null.

    Raises:
        InvalidRecord: it is not JSON in any other way.
    """
    try:
        return content.loads(text)
    except InvalidRecord as error:
        if b"NaN" not in text and b"Infinity" not in text:
            raise
        try:
            value = json.loads(text, parse_constant=lambda _: None)
            content.dumps(value)
        except (ValueError, RecursionError):
            raise error from None
        return value


_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
"""A text that does not end is one to the end: otherwise each of its quotes would be looked at as the beginning of another."""


def _between_commas(body: bytes) -> Iterator[bytes]:
    """The pieces of a list between the commas of its own level."""
    depth = 0
    start = body.index(b"[") + 1
    end = len(body)
    for token in _TOKEN.finditer(body):
        match body[token.start()]:
            case 0x5B | 0x7B:
                depth += 1
            case 0x5D | 0x7D:
                depth = max(depth - 1, 0)
                if depth == 0:
                    end = token.start()
                    break
            case 0x2C if depth == 1:
                yield body[start : token.start()]
                start = token.end()
            case _:
                pass
    if body[start:end].strip():
        yield body[start:end]
