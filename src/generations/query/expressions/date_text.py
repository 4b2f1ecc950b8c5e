"""Dates written as text and read from it: `$dateToString`, `$dateFromString`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, Test, constant_only, fail_where, null_where
from generations.query.expressions.date_reading import READABLE, parsed_by_format, parsed_iso, read_instant
from generations.query.expressions.zones import Zone, read_zone
from generations.query.value import Scalar, Value, to_tagged

_PLAIN = {
    "Y": "%Y",
    "m": "%m",
    "d": "%d",
    "H": "%H",
    "M": "%i",
    "S": "%S",
    "j": "%j",
    "u": "%u",
    "V": "%V",
    "G": "%G",
    "b": "%b",
    "%": "%%",
}
"""Specifiers that the engine's own formatting knows, perhaps by another name."""

_COMPUTED = {
    "L": "substring(formatDateTime({0}, '%f'), 1, 3)",
    "w": "toString(toDayOfWeek({0}, 3))",
    "U": "leftPad(toString(toWeek({0}, 0)), 2, '0')",
    "B": "monthName({0})",
}
"""Specifiers that are made of the local time."""

_OFFSETS = {
    "z": "concat(if({0} < 0, '-', '+'), leftPad(toString(intDiv(abs({0}), 3600) * 100 + intDiv(abs({0}), 60) % 60), 4, '0'))",
    "Z": "toString(intDiv({0}, 60))",
}
"""Specifiers that are made of the seconds east of Greenwich."""

_SPECIFIERS = frozenset({*_PLAIN, *_COMPUTED, *_OFFSETS})

_ISO = "%Y-%m-%dT%H:%M:%S.%L"


@operator("$dateToString")
def _date_to_string(scope: Scope, call: Call) -> Value:
    frame = Frame()
    date = frame.read(scope.value(call.named["date"]), "instant")
    zone, tests = read_zone(scope, call, frame)
    pattern, late = _format(scope, call, frame, _SPECIFIERS, _ISO + ("Z" if zone.is_utc else ""))
    text = formatted(scope, pattern, date.value, zone)
    if zone.by_record and "format" not in call.named:
        text = f"concat({text}, if({zone.name} = 'UTC' AND {zone.minutes} = 0, 'Z', ''))"
    eager = [test for test in tests if test.then == "fail"]
    late = [*(test for test in tests if test.then == "null"), *late]
    late.append(fail_where(date.wrong, "$dateToString: can't convert from this BSON type to Date"))
    if "onNull" not in call.named:
        return frame.scalar("string", [*eager, null_where(date.absent), *late], text)
    found = tagged.choose([(test.condition, "'null'") for test in late], tagged.from_string(f"assumeNotNull({text})"))
    return frame.tagged(eager, tagged.choose([(date.absent, scope.text(call.named["onNull"]))], found))


def _format(scope: Scope, call: Call, frame: Frame, letters: frozenset[str], default: str) -> tuple[str, list[Test]]:
    """The argument `format`, checked; with the tests for null."""
    node = call.named.get("format")
    if node is None:
        return default, []
    if not isinstance(node, Constant):
        return "", constant_only(tagged.is_nullish(frame.text(scope.value(node))), f"{call.op}: the format")
    if node.value is None:
        return "", [null_where("1")]
    if not isinstance(node.value, str):
        raise invalid(f"{call.op} requires that 'format' be a string", pointer(call.path, "format"))
    for letter in re.findall("%(.?)", node.value, re.DOTALL):
        if letter not in letters:
            hint = "write a percent sign as %%"
            raise invalid(f"invalid format character '%{letter}' in format string", pointer(call.path, "format"), hint)
    return node.value, []


def formatted(scope: Scope, pattern: str, instant: str, zone: Zone) -> str:
    """An instant as text; what the engine formats itself goes to it in one piece."""
    local, seconds = zone.local(instant), zone.offset(instant)
    pieces: list[str] = []
    for plain, letter in _pieces(pattern):
        if plain:
            pieces.append(f"formatDateTime({local}, {scope.context.string(plain)})")
        elif letter in _OFFSETS:
            pieces.append(_OFFSETS[letter].format(f"({seconds})"))
        else:
            pieces.append(_COMPUTED[letter].format(local))
    if not pieces:
        return f"if({instant} IS NULL, NULL, '')"
    return pieces[0] if len(pieces) == 1 else f"concat({', '.join(pieces)})"


def _pieces(pattern: str) -> Iterator[tuple[str, str]]:
    """The format in pieces: (format for the engine, '') or ('', one specifier)."""
    plain = ""
    for letter, text in re.findall("%(.)|([^%]+)", pattern, re.DOTALL):
        if text or letter in _PLAIN:
            plain += text or _PLAIN[letter]
            continue
        if plain:
            yield plain, ""
        plain = ""
        yield "", letter
    if plain:
        yield plain, ""


# --- $dateFromString --------------------------------------------------------------------------------------------------


@operator("$dateFromString")
def _date_from_string(scope: Scope, call: Call) -> Value:
    frame = Frame()
    text = frame.read(scope.value(call.named["dateString"]), "string")
    zone, tests = read_zone(scope, call, frame)
    pattern, late = _format(scope, call, frame, READABLE, "")
    plain = frame.inner(f"ifNull({text.value}, '')")
    by_format = "format" in call.named and not late
    parsed = parsed_by_format(scope, plain, pattern, zone) if by_format else parsed_iso(plain, zone)
    good, instant = read_instant(frame.inner(parsed))
    eager = [test for test in tests if test.then == "fail"]
    late = [*(test for test in tests if test.then == "null"), *late]
    bad = tagged.none_of(good)
    if "onNull" not in call.named and "onError" not in call.named:
        complaint = fail_where(text.wrong, "$dateFromString requires that 'dateString' be a string")
        unread = fail_where(bad, "$dateFromString: error parsing a date string")
        return frame.scalar("instant", [*eager, null_where(text.absent), complaint, *late, unread], instant, spreads=False)

    def otherwise(condition: str, message: str) -> tuple[str, str]:
        if "onError" in call.named:
            return condition, scope.text(call.named["onError"])
        return tagged.fails(condition, message), "''"

    cases = [
        (text.absent, scope.text(call.named["onNull"]) if "onNull" in call.named else "'null'"),
        otherwise(text.wrong, "$dateFromString requires that 'dateString' be a string"),
        *((test.condition, "'null'") for test in late),
        otherwise(bad, "$dateFromString: error parsing a date string"),
    ]
    return frame.tagged(eager, tagged.choose(cases, to_tagged(Scalar(instant, "instant", nullable=False))))
