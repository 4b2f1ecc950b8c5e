"""How much one span, log record or payload may hold, and the cutting of what is more.

A sender is not trusted: what is too much is cut off or ignored, and a note says so on the record, so that one hostile
value neither fills the memory nor costs the request its other spans.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from generations.wire.payload import Object, as_list, as_object

MOST_ATTRIBUTES: Final = 20_000
"""In one map. Flattened conversations need about four for each message."""

MOST_ITEMS: Final = 10_000
"""In one list; also events and links of a span."""

MOST_CHARS: Final = 24 * 1024 * 1024
"""In all texts of a span, log record or payload together: a little less than a record may hold."""

MOST_NAME_CHARS: Final = 1024
DEEPEST: Final = 64

LARGEST_INDEX: Final = 10_000
"""Of a message or part in flattened attributes (`llm.input_messages.7.…`)."""

MOST_TOKENS: Final = 10**12
"""In one count: sums of them stay within 64 bits."""

MOST_LEVELS: Final = 200
"""Of spans around a span that are looked at."""

MOST_TWINS: Final = 16
"""Spans of one response id that are compared with each other: more are not views of one call."""

EARLIEST_NS: Final = 946_684_800 * 10**9
"""2000-01-01: what is earlier was sent in another unit, or never set."""

LATEST_NS: Final = 4_102_444_800 * 10**9
"""2100-01-01."""

FORBIDDEN_NAME: Final = "__proto__"
"""It becomes something else than data where records are read by JavaScript."""

Value = TypeVar("Value")


class Bounded:
    """Takes in the values of one span, log record or payload.

    Attributes:
        notes: what was cut off or ignored, one sentence for each kind of excess.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._chars_left = MOST_CHARS

    def text(self, text: str) -> str:
        """The text, or its beginning."""
        if len(text) <= self._chars_left:
            self._chars_left -= len(text)
            return text
        self._note(f"texts were cut off after {MOST_CHARS} characters")
        kept, self._chars_left = text[: self._chars_left], 0
        return kept

    def number(self, number: float) -> float | str:
        """The number; as text when no JSON number can say it."""
        return number if math.isfinite(number) else str(number)

    def members(self, pairs: Iterable[tuple[Any, Value]], convert: Callable[[Value, int], Any], depth: int = 0) -> Object:
        """The map of the pairs; of a name that occurs twice the last value counts."""
        found: Object = {}
        if self._is_too_deep(depth):
            return found
        for name, value in pairs:
            if not isinstance(name, str) or not name:
                continue
            if len(found) >= MOST_ATTRIBUTES:
                self._note(f"attributes beyond {MOST_ATTRIBUTES} were ignored")
                break
            if len(name) > MOST_NAME_CHARS:
                self._note(f"attributes with a name of more than {MOST_NAME_CHARS} characters were ignored")
            elif FORBIDDEN_NAME in name:
                self._note(f"an attribute named `{FORBIDDEN_NAME}` was ignored")
            else:
                found[name] = convert(value, depth + 1)
        return found

    def items(self, values: Iterable[Value], convert: Callable[[Value, int], Any], depth: int = 0) -> list[Any]:
        """The list of the values."""
        found: list[Any] = []
        if self._is_too_deep(depth):
            return found
        for value in values:
            if len(found) >= MOST_ITEMS:
                self._note(f"items of a list beyond {MOST_ITEMS} were ignored")
                break
            found.append(convert(value, depth + 1))
        return found

    def json(self, value: Any, depth: int = 0) -> Any:
        """A JSON value, cut to the limits."""
        match value:
            case str():
                return self.text(value)
            case float():
                return self.number(value)
            case dict():
                return self.members(as_object(value).items(), self.json, depth)
            case list():
                return self.items(as_list(value), self.json, depth)
            case _:
                return value

    def instant_ns(self, nanoseconds: int | None, what: str) -> int | None:
        """The instant; None when it was not set or cannot be meant."""
        if not nanoseconds:
            return None
        if EARLIEST_NS <= nanoseconds < LATEST_NS:
            return nanoseconds
        self._note(f"the {what} was ignored: {nanoseconds} nanoseconds since 1970 is not between the years 2000 and 2100")
        return None

    def ignored(self, what: str, value: Any) -> None:
        """Take note of an instant that is none."""
        if not any(note.startswith(f"the {what} was ignored") for note in self.notes):
            self._note(f"the {what} was ignored: {str(value)[:60]!r} is no instant")

    def dropped(self, attributes: int, events: int = 0) -> None:
        """Take note of what the sender's own limits have kept back."""
        if attributes:
            self._note(f"the sender dropped {attributes} attributes")
        if events:
            self._note(f"the sender dropped {events} events")

    def _is_too_deep(self, depth: int) -> bool:
        if depth <= DEEPEST:
            return False
        self._note(f"values nested more than {DEEPEST} levels deep were ignored")
        return True

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)
