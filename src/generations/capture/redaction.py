"""What must not leave the process: masked by pattern, erased by path, or changed by a function of the host.

A redaction is a function from a record to the record to send, or to None, which drops it. It runs on the recorder's thread,
before anything is sent or written to disk, and may change the record in place. `mask` and `erase` make the usual ones:

    capture.configure(redact=[mask("email", "card"), erase("metadata.customer.name"), my_own_function])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from types import FunctionType
from typing import Any, Final, cast

from generations.errors import ConfigError
from generations.record.fields import BY_PATH, FIELDS
from generations.record.nearest import nearest
from generations.wire.payload import as_object

Record = dict[str, Any]
Redaction = Callable[[Record], Record | None]
"""Changes a record before it is sent; None drops it."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something that texts must not tell.

    Attributes:
        expression: where it may be.
        found: the spans of a match that are it; a checksum decides for numbers that only look alike.
        doc: one sentence for the reference.
    """

    expression: re.Pattern[str]
    found: Callable[[re.Match[str]], Sequence[tuple[int, int]]]
    doc: str


def _whole(match: re.Match[str]) -> Sequence[tuple[int, int]]:
    return (match.span(),)


def _secret(match: re.Match[str]) -> Sequence[tuple[int, int]]:
    return (match.span("secret"),)


def _cards(match: re.Match[str]) -> Sequence[tuple[int, int]]:
    """Card numbers in a run of digits, which may begin and end with other numbers: from group to group, by their checksum."""
    text, offset = match.group(), match.start()
    places = [index for index, sign in enumerate(text) if sign.isdigit()]
    begins = [n for n, at in enumerate(places) if n == 0 or at != places[n - 1] + 1]
    ends = [*begins[1:], len(places)]
    found: list[tuple[int, int]] = []
    after = 0
    for begin in begins:
        if begin < after or text[places[begin]] not in "23456":
            continue
        for end in reversed(ends):
            if 13 <= end - begin <= 19 and luhn("".join(text[at] for at in places[begin:end])):
                found.append((offset + places[begin], offset + places[end - 1] + 1))
                after = end
                break
    return found


def luhn(digits: str) -> bool:
    """Whether a number carries the check digit of ISO/IEC 7812."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _iban(match: re.Match[str]) -> Sequence[tuple[int, int]]:
    """An account number of its country's length that carries the check digits of ISO 13616; what stands behind it is left."""
    text = match.group()
    length = _IBAN_LENGTHS.get(text[:2])
    places = [index for index, sign in enumerate(text) if sign != " "]
    if length is None or len(places) < length:
        return ()
    compact = "".join(text[index] for index in places[:length])
    if int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 != 1:
        return ()
    return ((match.start(), match.start() + places[length - 1] + 1),)


_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS",
        23: "AE IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}

PATTERNS: Final[dict[str, Pattern]] = {
    "key": Pattern(
        re.compile(
            r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{16,}|[rsp]k_(?:live|test)_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
            r"|xox[abeprs]-[A-Za-z0-9-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|hf_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{30,}"
            r"|gen_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
        ),
        _whole,
        "Keys of providers and platforms: `sk-…`, `ghp_…`, `AKIA…`, `AIza…`, `hf_…`, `xoxb-…`, JSON web tokens and others.",
    ),
    "private_key": Pattern(
        re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s\\:,.-]{0,20000}?-----END [A-Z ]{0,40}PRIVATE KEY-----"),
        _whole,
        "Private keys in PEM.",
    ),
    "bearer": Pattern(
        re.compile(r"(?i)\b(?:bearer|basic)\s{1,4}(?P<secret>[A-Za-z0-9._~+/=-]{12,})"),
        _secret,
        "Tokens after `Bearer` or `Basic`.",
    ),
    "password": Pattern(
        re.compile(r"(?i)(?:password|passwd|secret|api[_-]?key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<secret>[^\s\"',;}\[\]]{6,200})"),
        _secret,
        "What follows `password=`, `secret:`, `api_key=`.",
    ),
    "email": Pattern(
        re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"),
        _whole,
        "Email addresses.",
    ),
    "iban": Pattern(
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,29}"),
        _iban,
        "International bank account numbers, by length and check digits.",
    ),
    "card": Pattern(
        re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,40}(?!\d)"),
        _cards,
        "Numbers of payment cards, by their check digit.",
    ),
    "ssn": Pattern(
        re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])"),
        _whole,
        "Social security numbers of the United States, with their dashes.",
    ),
    "phone": Pattern(
        re.compile(r"(?<![\w.+])(?:(?:\+|00)\d{1,3}(?:[ .()/-]{0,2}\d){6,12}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w)"),
        _whole,
        "Phone numbers: international ones, and those of North America.",
    ),
    "ip": Pattern(
        re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"),
        _whole,
        "IPv4 addresses.",
    ),
}
"""By name, in the order in which they are looked for."""

TEXTS: Final = (*(field.path for field in FIELDS if field.privacy == "content"), "parameters", "metadata")
"""Where masks look when they are not told: what was said, and the open maps."""

_NEEDED: Final = frozenset(["id", "model", "model.id", "input.type", "output.type"])


def mask(*kinds: str | re.Pattern[str], within: Iterable[str] = TEXTS) -> Redaction:
    """Replace what the patterns find by their name in brackets: `[email]`; for an expression of one's own by `[redacted]`.

    Args:
        kinds: names of `PATTERNS`, or compiled expressions; none is all of `PATTERNS` but `ip`.
        within: paths of what is looked through, with everything below them; lists are looked through as well.

    Raises:
        ConfigError: there is no such pattern, or no such field.
    """
    chosen = kinds or tuple(name for name in PATTERNS if name != "ip")
    for kind in chosen:
        if isinstance(kind, str) and kind not in PATTERNS:
            raise ConfigError(f"there is no pattern {kind!r}", hint=_meant(kind, PATTERNS))
    named = [(f"[{name}]", pattern.expression, pattern.found) for name, pattern in PATTERNS.items() if name in chosen]
    own = [kind for kind in chosen if isinstance(kind, re.Pattern)]
    expressions = [*named, *(("[redacted]", kind, _whole) for kind in own)]
    paths = [_path(path) for path in within]

    def masked(value: Any) -> Any:
        if isinstance(value, str):
            for label, expression, found in expressions:
                value = _replaced(value, label, expression, found)
            return value
        if isinstance(value, dict):
            return {key: masked(item) for key, item in cast("Record", value).items()}
        if isinstance(value, list):
            return [masked(item) for item in cast("list[Any]", value)]
        return value

    def redact(record: Record) -> Record:
        for path in paths:
            _change(record, path, masked)
        return record

    redact.__qualname__ = f"mask({[label for label, _, _ in expressions]}, {[(one.pattern, one.flags) for one in own]}, {paths})"
    return redact


def erase(*paths: str) -> Redaction:
    """Take fields out, whatever they hold: `input.content`, `metadata.customer.name`; a path goes through lists.

    Raises:
        ConfigError: there is no such field, or no record can be without it.
    """
    steps = [_path(path) for path in paths]

    def redact(record: Record) -> Record:
        for path in steps:
            _change(record, path, None)
        return record

    for path in paths:
        if path in _NEEDED:
            raise ConfigError(f"no record can be without {path}", hint="return None from a function to drop the record")
    redact.__qualname__ = f"erase({paths})"
    return redact


def name_of(redaction: Redaction) -> str:
    """What another start of the same program calls it as well; a redaction that cannot be named is called something else each time."""
    try:
        return _named(redaction, ())
    except Exception:  # noqa: BLE001 - whatever an object of the host does when it is asked for its name
        return token_hex(16)


def _named(value: Any, above: tuple[object, ...]) -> str:
    """A function by its place and what it holds, which may be itself; collections by what is in them; all else as it calls itself."""
    if any(value is one for one in above):
        return "…"
    above = (*above, value)
    match value:
        case FunctionType() if value.__module__ == __name__:
            return value.__qualname__
        case FunctionType():
            code = value.__code__
            held = [cell.cell_contents for cell in value.__closure__ or ()]
            told = [code.co_filename, value.__qualname__, value.__defaults__, value.__kwdefaults__, held]
            if code.co_name == "<lambda>":  # others in its file have the same name
                told += [code.co_code.hex(), code.co_names, code.co_consts]
            return _named(told, above)
        case re.Pattern():
            pattern = cast("re.Pattern[Any]", value)
            return repr((pattern.pattern, pattern.flags))
        case dict():
            members = cast("dict[Any, Any]", value)
            return repr([(_named(key, above), _named(item, above)) for key, item in members.items()])
        case list() | tuple():
            return repr([_named(item, above) for item in cast("Sequence[Any]", value)])
        case set() | frozenset():  # their order is another one in each process
            return repr(sorted(_named(item, above) for item in cast("set[Any]", value)))
        case _:
            return repr(value)


def without_content(record: Record) -> Record:
    """The record without what was said: usage, times, parameters and metadata stay."""
    for path in _CONTENT:
        _change(record, path, None)
    metadata = as_object(record.get("metadata"))
    otel, litellm = as_object(metadata.get("otel")), as_object(metadata.get("litellm"))
    for name in otel.keys() - _TOLD_BY_THE_SPAN:
        del otel[name]
    for name in _SAID_TO_LITELLM:
        litellm.pop(name, None)
    metadata.pop("response", None)
    return record


def without_anything_open(record: Record) -> Record:
    """The record without what was said and without all that a redaction might have had to change."""
    without_content(record)
    record.pop("parameters", None)
    metadata = as_object(record.get("metadata"))
    record["metadata"] = {name: value for name, value in metadata.items() if name in _TECHNICAL}
    return record


_CONTENT: Final = [field.path.split(".") for field in FIELDS if field.privacy == "content"]
_TOLD_BY_THE_SPAN: Final = frozenset(["dialect", "name", "kind", "scope", "resource", "links"])
"""Of `metadata.otel`; the rest is whatever an instrumentation has put on its span, prompts of agents among it."""
_SAID_TO_LITELLM: Final = ("error_information", "guardrail_information", "standard_built_in_tools_params")
"""Of `metadata.litellm`."""
_TECHNICAL: Final = frozenset(
    field.path.removeprefix("metadata.") for field in FIELDS if field.path.startswith("metadata.") and field.privacy == "technical"
) - {"tags"}


def _replaced(text: str, label: str, expression: re.Pattern[str], found: Callable[[re.Match[str]], Sequence[tuple[int, int]]]) -> str:
    pieces: list[str] = []
    after = 0
    for match in expression.finditer(text):
        for start, end in found(match):
            pieces += [text[after:start], label]
            after = end
    return "".join([*pieces, text[after:]]) if pieces else text


def _change(holder: Any, path: Sequence[str], change: Callable[[Any], Any] | None) -> None:
    """Change, in place, what stands at a path, in each element of lists on the way; without a change it is taken out."""
    if isinstance(holder, list):
        for item in cast("list[Any]", holder):
            _change(item, path, change)
        return
    name, *below = path
    found = as_object(holder)
    if name not in found:
        return
    if below:
        _change(found[name], below, change)
    elif change is None:
        del found[name]
    else:
        found[name] = change(found[name])


def _path(path: str) -> list[str]:
    """The steps of a path that records may have; below open content and maps any path is one.

    Raises:
        ConfigError: no record has such a field.
    """
    steps = path.split(".")
    for length in range(len(steps), 0, -1):
        above = ".".join(steps[:length])
        field = BY_PATH.get(above)
        is_open = field is not None and field.type in ("json", "map", "alternatives")
        is_object = length == len(steps) and any(known.startswith(above + ".") for known in BY_PATH)
        if is_open or is_object or (field is not None and length == len(steps)):
            return steps
    raise ConfigError(f"there is no field {path!r}", hint=_meant(path, BY_PATH))


def _meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    found = nearest(name, names)
    return f"did you mean {found!r}?" if found else "known are " + ", ".join(names[:12])
