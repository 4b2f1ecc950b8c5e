"""Dates read from text: ISO 8601, and other notations in so far as it is certain that they are no dates.

MongoDB reads dozens of notations ("July 4, 2017"). Here such a text fails the query, even where `onError` is given: to
take it for a mistake would be a wrong answer. A text that is no date in any notation is a failed conversion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from generations.query import tagged
from generations.query.evaluate import Scope
from generations.query.expressions.date_units import MICROS_OF
from generations.query.expressions.instants import from_micros, micros
from generations.query.expressions.zones import Zone

_BLANKS = r"[\\x00\\t-\\r \\x{A0}]*"

_ISO = (
    rf"^{_BLANKS}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})"
    r"(?:[Tt ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.]([0-9]{1,9}))?)?"
    rf" *([Zz]|[+-][0-9]{{2}}(?::?[0-5][0-9])?)?)?{_BLANKS}\\z"
)
"""Date, hour, minute, second, fraction, zone."""

_MONTHS = "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?|[ivx]+"
_DAYS = "(mon|tues?|wed(nes)?|thu(rs?)?|fri|sat(ur)?|sun)(day)?"
_WORDS = (
    "st|nd|rd|th|of|at|ago|next|last|previous|this|back|front|noon|midnight|today|now|tomorrow|yesterday|sec|min|weekdays?|fortnights?"
    "|(second|minute|hour|day|week|month|year)s?|first|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    "|utc|gmt|[ecmp][sd]t|(w|c|e)es?t|bst|ist|msk|jst|[ap][.]?m[.]?|[a-z]"
)
_PERHAPS = rf"(?i)^(?:[\\x00-\\x20\\x{{A0}}+/.,:;@()-]|\\b(?:{_MONTHS}|{_DAYS}|{_WORDS})\\b)*\\z"
"""What a notation of dates may be made of, digits put away. It needs three of those at least."""

_NUMBER = "^[+-]?([0-9]{1,6}|[0-9]{1,3}[.][0-9]{1,6})$"
"""Numbers that no notation reads as a whole date."""

_NONE = "toDateTime64(0, 6, 'UTC')"


def parsed_iso(text: str, zone: Zone) -> str:
    """A Tuple(UInt8, DateTime64): 0 and the instant, 1 for what is no date, 2 for what may be one in another notation.

    Args:
        text: a String, by a short name.
        zone: where the text has none of its own; one that has fails, unless the zone is UTC.
    """
    parts = tagged.fresh()
    part = [f"{parts}[{i}]" for i in range(7)]
    clock = {name: _number(group) for name, group in (("hour", part[2]), ("minute", part[3]), ("second", part[4]))}
    moment = _Moment(part[1], clock, part[5], _offset(part[6]), f"{part[6]} != ''")
    three = f"length(extractAll({text}, '[0-9]')) >= 3 AND NOT match({text}, '{_NUMBER}')"
    words = f"replaceRegexpAll({text}, '[0-9]', ' ')"
    other = f"(toUInt8(if({three} AND match({words}, '{_PERHAPS}'), 2, 1)), {_NONE})"
    found = f"if(empty({parts}), {other}, {_placed(moment, zone)})"
    return tagged.let_all([(parts, f"extractGroups(assumeNotNull({text}), '{_ISO}')")], found)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What a text says, as SQL.

    Attributes:
        day: text as YYYY-MM-DD, perhaps of no day of the calendar.
        clock: numbers of hours, minutes and seconds.
        fraction: digits of the fraction of the second.
        offset: minutes east of Greenwich.
        has_offset: whether the text names an offset.
    """

    day: str
    clock: Mapping[str, str]
    fraction: str
    offset: str
    has_offset: str


def _placed(moment: _Moment, zone: Zone) -> str:
    """The tuple of a text whose parts were found: 0 and the instant where they are a date and a time."""
    day, wall = tagged.fresh(), tagged.fresh()
    fraction = f"toInt64OrZero(rightPad(substring({moment.fraction}, 1, 6), 6, '0'))"
    clock = " + ".join([*(f"{MICROS_OF[name]} * {number}" for name, number in moment.clock.items()), fraction])
    tests = [f"formatDateTime({day}, '%Y-%m-%d') = {moment.day}", f"{moment.day} >= '0001'"]
    tests += [f"{number} < {24 if name == 'hour' else 60}" for name, number in moment.clock.items()]
    if zone.by_record:
        tests.append(f"(NOT {moment.has_offset} OR {zone.name} = 'UTC' AND {zone.minutes} = 0)")
    elif not zone.is_utc:
        tests.append(f"NOT {moment.has_offset}")
    instant = f"subtractMinutes({zone.instant(wall)}, {moment.offset})"
    found = f"if({' AND '.join(tests)}, (toUInt8(0), {instant}), (toUInt8(1), {_NONE}))"
    found = tagged.let_all([(wall, from_micros(f"{micros(day)} + {clock}"))], found)
    start = f"ifNull(parseDateTime64BestEffortOrNull(concat({moment.day}, 'T00:00:00Z'), 6, 'UTC'), {_NONE})"
    return tagged.let_all([(day, start)], found)


def _number(digits: str) -> str:
    return f"toInt64OrZero({digits})"


def _offset(text: str) -> str:
    """The minutes of `+05:30`, `+0530`, `+05` or `Z`."""
    digits = f"replaceAll({text}, ':', '')"
    minutes = f"60 * toInt64OrZero(substring({digits}, 2, 2)) + toInt64OrZero(substring({digits}, 4, 2))"
    return f"if(startsWith({text}, '-'), -1, 1) * ({minutes})"


def read_instant(parsed: str) -> tuple[str, str]:
    """Whether a text was a date, and its instant; the query fails where that is not certain."""
    message = "a date as text must be in ISO 8601, such as 2024-06-15T12:30:45Z; this may be one in another notation"
    return f"(NOT {tagged.fails(f'{parsed}.1 = 2', message)} AND {parsed}.1 = 0)", f"{parsed}.2"


# --- with a format ----------------------------------------------------------------------------------------------------

_PATTERNS = {
    "Y": "([0-9]{4})",
    "m": "([0-9]{1,2})",
    "d": "([0-9]{1,2})",
    "H": "([0-9]{1,2})",
    "M": "([0-9]{1,2})",
    "S": "([0-9]{1,2})",
    "L": "([0-9]{1,3})",
    "j": "([0-9]{1,3})",
    "b": "([A-Za-z]{3})",
    "B": "([A-Za-z]+)",
    "z": "([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "Z": "([+-][0-9]{1,4})",
    "G": "([0-9]{4})",
    "V": "([0-9]{1,2})",
    "u": "([1-7])",
    "%": "%",
}
"""How each specifier reads."""

READABLE = frozenset(_PATTERNS)

_TWO_DIGITS = ("M", "S")
"""Their numbers must have two digits; whether one would do is not certain."""


def parsed_by_format(scope: Scope, text: str, pattern: str, zone: Zone) -> str:
    """The same as `parsed_iso` of a text in a known format."""
    letters: list[str] = []
    expression = ""
    for letter, plain in re.findall("%(.)|([^%]+)", pattern, re.DOTALL):
        letters += [letter] if letter and letter != "%" else []
        expression += _PATTERNS[letter] if letter else "".join(f"\\x{{{ord(char):x}}}" for char in plain)
    parts = tagged.fresh()
    of = {letter: f"{parts}[{i}]" for i, letter in enumerate(letters, start=1)}
    day = _day_of(of)
    if day is None:
        return f"(toUInt8(1), {_NONE})"
    clock = {name: _number(of[letter]) for name, letter in (("hour", "H"), ("minute", "M"), ("second", "S")) if letter in of}
    fraction = f"rightPad({of['L']}, 3, '0')" if "L" in of else "''"
    offset = _offset(of["z"]) if "z" in of else _number(of["Z"]) if "Z" in of else "0"
    placed = _placed(_Moment(day, clock, fraction, offset, "1" if "z" in of or "Z" in of else "0"), zone)
    short = tagged.any_of([f"length({of[letter]}) = 1" for letter in _TWO_DIGITS if letter in of])
    found = tagged.choose([(f"empty({parts})", f"(toUInt8(1), {_NONE})"), (short, f"(toUInt8(2), {_NONE})")], placed)
    anchored = scope.context.string(rf"\A{expression}\z")
    groups = f"extractGroups(assumeNotNull({text}), {anchored})" if letters else f"[assumeNotNull({text})]"
    return tagged.let_all([(parts, groups)], found)


def _day_of(of: Mapping[str, str]) -> str | None:
    """The day as YYYY-MM-DD; None when the format does not tell one."""
    month = next((of[letter] for letter in ("m", "b", "B") if letter in of), None)
    if {"G", "V", "u"} <= of.keys():
        fourth = f"ifNull(parseDateTime64BestEffortOrNull(concat({of['G']}, '-01-04T00:00:00Z'), 6, 'UTC'), {_NONE})"
        days = f"({_number(of['V'])} - 1) * 7 + {_number(of['u'])} - toDayOfWeek({fourth})"
        return f"formatDateTime(addDays({fourth}, {days}), '%Y-%m-%d')"
    if "Y" in of and "j" in of:
        first = f"ifNull(parseDateTime64BestEffortOrNull(concat({of['Y']}, '-01-01T00:00:00Z'), 6, 'UTC'), {_NONE})"
        return f"formatDateTime(addDays({first}, {_number(of['j'])} - 1), '%Y-%m-%d')"
    if "Y" not in of or month is None or "d" not in of:
        return None
    if "m" not in of:
        names = ", ".join(f"'{name[:3] if 'b' in of else name}'" for name in _MONTH_NAMES)
        month = f"toString(indexOf([{names}], lower({month})))"
    return f"concat({of['Y']}, '-', leftPad({month}, 2, '0'), '-', leftPad({of['d']}, 2, '0'))"


_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
