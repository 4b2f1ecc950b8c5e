"""Dates written as text: `$dateToString`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generations.query import tagged
from generations.query.context import invalid, refuse_unsupported
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Constant
from generations.query.expressions.arguments import Frame, fail_where, null_where
from generations.query.expressions.zones import Zone, read_zone
from generations.query.value import Value, to_tagged

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
    "L": "leftPad(toString(toMillisecond({0})), 3, '0')",
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

_ISO = "%Y-%m-%dT%H:%M:%S.%L"


@operator("$dateToString")
def _date_to_string(scope: Scope, call: Call) -> Value:
    frame = Frame()
    date = frame.read(scope.value(call.named["date"]), "instant")
    zone, tests = read_zone(scope, call, frame)
    pattern = _format(call, zone)
    text = formatted(scope, pattern or "", date.value, zone)
    if zone.by_record and "format" not in call.named:
        text = f"concat({text}, if({zone.name} = 'UTC' AND {zone.minutes} = 0, 'Z', ''))"
    eager = [test for test in tests if test.then == "fail"]
    late = [*(test for test in tests if test.then == "null"), *([] if pattern is not None else [null_where("1")])]
    late.append(fail_where(date.wrong, "$dateToString: can't convert from this BSON type to Date"))
    if "onNull" not in call.named:
        return frame.scalar("string", [*eager, null_where(date.absent), *late], text)
    fallback = to_tagged(scope.value(call.named["onNull"]))
    found = tagged.choose([(test.condition, "'null'") for test in late], tagged.from_string(f"assumeNotNull({text})"))
    return frame.tagged(eager, tagged.choose([(date.absent, fallback)], found))


def _format(call: Call, zone: Zone) -> str | None:
    """The format, checked; None when it is null."""
    node = call.named.get("format")
    if node is None:
        return _ISO + ("Z" if zone.is_utc else "")
    if not isinstance(node, Constant):
        raise refuse_unsupported("a format that differs by record", "write the format as a constant", call.path)
    if node.value is None:
        return None
    if not isinstance(node.value, str):
        raise invalid("$dateToString requires that 'format' be a string", node.path)
    for letter in re.findall("%(.?)", node.value, re.DOTALL):
        if letter not in _PLAIN and letter not in _COMPUTED and letter not in _OFFSETS:
            raise invalid(f"invalid format character '%{letter}' in format string", node.path, "write a percent sign as %%")
    return node.value


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
