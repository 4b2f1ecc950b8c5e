"""Dates read from text: ISO 8601, and other notations in so far as it is certain that they are no dates.

MongoDB reads dozens of notations ("July 4, 2017"). Here such a text fails the query, even where `onError` is given: to
take it for a mistake would be a wrong answer. A text that is no date in any notation is a failed conversion.
"""

from __future__ import annotations

from generations.query import tagged
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
_PERHAPS = rf"(?i)^(?:[\\x00-\\x20\\x{{A0}}0-9+/.,:;@()-]|{_MONTHS}|{_DAYS}|{_WORDS})*\\z"
"""What a notation of dates may be made of. It needs three numbers at least."""


def parsed_iso(text: str, zone: Zone) -> str:
    """A Tuple(UInt8, DateTime64): 0 and the instant, 1 for what is no date, 2 for what may be one in another notation.

    Args:
        text: a String, by a short name.
        zone: where the text has none of its own; one that has fails, unless the zone is UTC.
    """
    groups, day, wall = tagged.fresh(), tagged.fresh(), tagged.fresh()
    clock = f"concat(if({groups}[2] = '', '00:00', concat({groups}[2], ':', {groups}[3])), ':', if({groups}[4] = '', '00', {groups}[4]))"
    moment = f"concat({groups}[1], 'T', {clock}, '.', rightPad(substring({groups}[5], 1, 6), 6, '0'), 'Z')"
    valid = f"(formatDateTime({day}, '%Y-%m-%d') = {groups}[1] AND {groups}[1] >= '0001')"
    if not zone.is_utc:
        valid = f"({valid} AND {groups}[6] = '')"
    digits = f"replaceAll({groups}[6], ':', '')"
    minutes = f"(60 * toInt32OrZero(substring({digits}, 2, 2)) + toInt32OrZero(substring({digits}, 4, 2)))"
    instant = f"addMinutes({zone.instant(wall)}, if(startsWith({groups}[6], '-'), 1, -1) * {minutes})"
    found = f"if({valid}, (toUInt8(0), {instant}), (toUInt8(1), {wall}))"
    for name, value in ((wall, _instant(moment)), (day, _instant(f"concat({groups}[1], 'T00:00:00.000000Z')"))):
        found = tagged.let_all([(name, value)], found)
    three = "length(extractAll({0}, '[0-9]')) >= 3".replace("{0}", text)
    other = f"(toUInt8(if({three} AND match({text}, '{_PERHAPS}'), 2, 1)), toDateTime64(0, 6, 'UTC'))"
    return tagged.let_all([(groups, f"extractGroups({text}, '{_ISO}')")], f"if(empty({groups}), {other}, {found})")


def _instant(text: str) -> str:
    return f"ifNull(parseDateTime64BestEffortOrNull({text}, 6, 'UTC'), toDateTime64(0, 6, 'UTC'))"


def read_instant(parsed: str) -> tuple[str, str]:
    """Whether a text was a date, and its instant; the query fails where that is not certain."""
    unsure = tagged.fails(
        f"{parsed}.1 = 2", "a date as text must be in ISO 8601, such as 2024-06-15T12:30:45Z; this may be one in another notation"
    )
    return f"(NOT {unsure} AND {parsed}.1 = 0)", f"{parsed}.2"
