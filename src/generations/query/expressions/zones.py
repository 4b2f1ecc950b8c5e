"""Time zones: what the clock on the wall shows at an instant, and at which instant it shows that.

A time zone is an Olson name, known to the engine, or an offset such as `+05:30`, which may be any number of hours and minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from generations.query import tagged
from generations.query.context import invalid
from generations.query.evaluate import Scope
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, Test, fail_where, null_where

_OFFSET = r"([+-])(\d\d)(?::?(\d\d))?"
_NAME = "^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone.

    Attributes:
        name: SQL of the Olson name; empty for an offset.
        minutes: the offset: an int, or the SQL of one for each record.
        by_record: whether `name` differs by record; then the offset counts too.
    """

    name: str = ""
    minutes: int | str = 0
    by_record: bool = False

    @property
    def is_utc(self) -> bool:
        return not self.name and self.minutes == 0

    def local(self, instant: str) -> str:
        """A DateTime64 whose parts (year, hour, …) are those on the wall; an instant only in a named zone."""
        return f"toTimeZone({instant}, {self.name})" if self.name and not self.by_record else self.wall(instant)

    def wall(self, instant: str) -> str:
        """A DateTime64(6, 'UTC') that reads what the clock on the wall shows."""
        if self.by_record:
            shown = f"parseDateTime64BestEffort(toString({instant}, {self.name}), 6, 'UTC')"
            return f"addMinutes({shown}, {self.minutes})"
        if self.name:
            return f"addSeconds({instant}, {self.offset(instant)})"
        return instant if self.is_utc else f"addMinutes({instant}, {self.minutes})"

    def offset(self, instant: str) -> str:
        """The seconds east of Greenwich at an instant."""
        if self.by_record:
            return f"dateDiff('second', {instant}, {self.wall(instant)})"
        if self.name:
            return f"timeZoneOffset(toTimeZone({instant}, {self.name}))"
        return f"60 * {self.minutes}"

    def instant(self, wall: str) -> str:
        """The instant at which the wall shows this: the first of two, and of a time that is skipped what the clock shows instead."""
        if not self.name:
            return wall if self.is_utc else f"subtractMinutes({wall}, {self.minutes})"
        return tagged.let(wall, self._instant)

    def _instant(self, wall: str) -> str:
        before, after = self.offset(f"subtractDays({wall}, 1)"), self.offset(f"addDays({wall}, 1)")
        kept, changed = (f"{self.offset(f'subtractSeconds({wall}, {offset})')} = {offset}" for offset in (before, after))
        return f"subtractSeconds({wall}, if({before} != {after} AND NOT {kept} AND {changed}, {after}, {before}))"


UTC = Zone()


def read_zone(scope: Scope, call: Call, frame: Frame) -> tuple[Zone, list[Test]]:
    """The argument `timezone`, with the tests for null and for what is no zone.

    Raises:
        InvalidQuery: a constant that is no time zone.
    """
    node = call.named.get("timezone")
    if node is None:
        return UTC, []
    if isinstance(node, Constant):
        if node.value is None:
            return UTC, [null_where("1")]
        return constant_zone(scope, node.value, node.path), []
    zone = frame.read(scope.value(node), "string")
    if zone.absent == "1":
        return UTC, [null_where("1")]
    frame.spreads = False
    text = frame.inner(f"if({tagged.any_of([zone.absent, zone.wrong])}, 'UTC', {zone.value})")
    offset = f"match({text}, '^[+-][0-9]{{2}}(:?[0-9]{{2}})?$')"
    digits = f"replaceAll({text}, ':', '')"
    minutes = f"60 * toInt32OrZero(substring({digits}, 2, 2)) + toInt32OrZero(substring({digits}, 4, 2))"
    signed = frame.inner(f"if({offset}, if(startsWith({text}, '-'), -1, 1) * ({minutes}), 0)")
    known = f"has({scope.context.bind(list(_names()), 'Array(String)')}, {text})" if _names() else "1"
    name = frame.inner(f"assumeNotNull(if(NOT {offset} AND {known}, {text}, 'UTC'))")
    tests = [
        null_where(zone.absent),
        fail_where(zone.wrong, "timezone must evaluate to a string"),
        fail_where(f"NOT ({offset} OR {text} = {name})", "unrecognized time zone identifier"),
    ]
    return Zone(name, signed, by_record=True), tests


def constant_zone(scope: Scope, value: object, path: str) -> Zone:
    """A time zone by name or offset."""
    if not isinstance(value, str):
        raise invalid(f"timezone must be a string, not {type(value).__name__}", path, 'such as "Europe/Berlin" or "+05:30"')
    found = re.fullmatch(_OFFSET, value, re.ASCII)
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        return Zone(minutes=minutes if found[1] == "+" else -minutes)
    if value == "UTC":
        return UTC
    if not _is_name(value):
        raise invalid(f"unrecognized time zone identifier: {value!r}", path, 'such as "Europe/Berlin" or "+05:30"')
    return Zone(scope.context.string(value))


def _is_name(value: str) -> bool:
    """Whether it is an Olson name; where Python has no database of them, whether it may be one, and the engine decides."""
    if not re.fullmatch(_NAME, value):
        return False
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return not _names()
    return True


@cache
def _names() -> tuple[str, ...]:
    """The Olson names that Python has; none where it has no database of them."""
    return tuple(sorted(available_timezones() - {"localtime", "Factory"}))
