"""Strings. Case is ASCII's; lengths and places are code points, or UTF-8 bytes where the name says so."""

import math
import re
from datetime import datetime
from typing import Any

from .expressions import eager, named
from .match import compile_pattern
from .values import INT32, MISSING, MongoError, fits, is_nullish, is_number, is_whole, need, type_name


def as_text(value: Any, name: str) -> str:
    """The text that case and part operators take a value for: nothing is "", numbers and dates are written out."""
    if is_nullish(value):
        return ""
    if isinstance(value, str):
        return value
    if is_number(value):
        return number_text(value)
    if isinstance(value, datetime):
        return iso_text(value)
    raise MongoError(f"can't convert from type {type_name(value)} to string in {name}", 16007)


def number_text(value: Any) -> str:
    """A double without a fraction is written like an integer."""
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(value)]
    return f"{value:.16g}" if float(f"{value:.16g}") == value else f"{value:.17g}"


def iso_text(date: datetime) -> str:
    return f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03}Z"


@eager("$concat", 0, None)
def _concat(*operands: Any) -> Any:
    text = ""
    for operand in operands:
        if is_nullish(operand):
            return None
        need(isinstance(operand, str), f"$concat only supports strings, not {type_name(operand)}", 16702)
        text += operand
    return text


@eager("$toLower")
def _to_lower(value: Any) -> str:
    return re.sub("[A-Z]+", lambda found: found[0].lower(), as_text(value, "$toLower"))


@eager("$toUpper")
def _to_upper(value: Any) -> str:
    return _upper(as_text(value, "$toUpper"))


def _upper(text: str) -> str:
    return re.sub("[a-z]+", lambda found: found[0].upper(), text)


@eager("$strcasecmp", 2, 2)
def _strcasecmp(left: Any, right: Any) -> int:
    one, other = _upper(as_text(left, "$strcasecmp")), _upper(as_text(right, "$strcasecmp"))
    return (one > other) - (one < other)


@eager("$strLenCP")
def _str_len_cp(value: Any) -> int:
    need(isinstance(value, str), f"$strLenCP requires a string argument, found: {type_name(value)}", 34471)
    return len(value)


@eager("$strLenBytes")
def _str_len_bytes(value: Any) -> int:
    need(isinstance(value, str), f"$strLenBytes requires a string argument, found: {type_name(value)}", 34473)
    return len(value.encode())


@eager("$substrCP", 3, 3)
def _substr_cp(value: Any, start: Any, length: Any) -> str:
    text = as_text(value, "$substrCP")
    need(is_number(start) and is_whole(start) and fits(start, INT32), "$substrCP's start must be a whole number", 34450)
    need(is_number(length) and is_whole(length) and fits(length, INT32), "$substrCP's length must be a whole number", 34452)
    need(start >= 0, "$substrCP's start must not be negative", 34455)
    need(length >= 0, "$substrCP's length must not be negative", 34454)
    return text[int(start) : int(start) + int(length)]


def _substr_bytes(value: Any, start: Any, length: Any) -> str:
    """A negative length means the rest; a character is never cut."""
    data = as_text(value, "$substrBytes").encode()
    need(is_number(start), "$substrBytes's start must be a number", 16034)
    need(is_number(length), "$substrBytes's length must be a number", 16035)
    begin = int(start)
    need(begin >= 0, "$substrBytes's start must not be negative", 50752)
    end = len(data) if length < 0 else begin + int(length)
    for place in (begin, end):
        need(place >= len(data) or data[place] & 0xC0 != 0x80, "$substrBytes cuts a character", 28656)
    return data[begin:end].decode()


eager("$substrBytes", 3, 3)(_substr_bytes)
eager("$substr", 3, 3)(_substr_bytes)


@eager("$split", 2, 2)
def _split(value: Any, separator: Any) -> Any:
    if is_nullish(value) or is_nullish(separator):
        return None
    need(isinstance(value, str), f"$split requires a string, found: {type_name(value)}", 40085)
    need(isinstance(separator, str), f"$split requires a string as separator, found: {type_name(separator)}", 40086)
    need(separator != "", "$split requires a non-empty separator", 40087)
    return value.split(separator)


@eager("$indexOfCP", 2, 4)
def _index_of_cp(value: Any, part: Any, start: Any = 0, end: Any = MISSING) -> Any:
    return _index_of("$indexOfCP", value, part, start, end)


@eager("$indexOfBytes", 2, 4)
def _index_of_bytes(value: Any, part: Any, start: Any = 0, end: Any = MISSING) -> Any:
    return _index_of("$indexOfBytes", value, part, start, end)


def _index_of(name: str, value: Any, part: Any, start: Any, end: Any) -> Any:
    if is_nullish(value):
        return None
    need(isinstance(value, str), f"{name} requires a string as the first argument, found: {type_name(value)}", 40091)
    need(isinstance(part, str), f"{name} requires a string as the second argument, found: {type_name(part)}", 40092)
    text: Any = value.encode() if name == "$indexOfBytes" else value
    wanted: Any = part.encode() if name == "$indexOfBytes" else part
    begin = check_index(name, start)
    stop = len(text) if end is MISSING else min(check_index(name, end), len(text))
    if begin > len(text) or stop < begin:
        return -1
    return text.find(wanted, begin, stop)


def check_index(name: str, value: Any) -> int:
    need(is_number(value) and is_whole(value) and fits(value, INT32), f"{name} requires a whole number as index, found: {value!r}", 40096)
    need(value >= 0, f"{name} requires an index that is not negative", 40097)
    return int(value)


WHITESPACE = "\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"


@named("$trim", ("input",), ("chars",))
def _trim(input: Any, chars: Any = WHITESPACE) -> Any:
    return _strip("$trim", input, chars, str.strip)


@named("$ltrim", ("input",), ("chars",))
def _ltrim(input: Any, chars: Any = WHITESPACE) -> Any:
    return _strip("$ltrim", input, chars, str.lstrip)


@named("$rtrim", ("input",), ("chars",))
def _rtrim(input: Any, chars: Any = WHITESPACE) -> Any:
    return _strip("$rtrim", input, chars, str.rstrip)


def _strip(name: str, input: Any, chars: Any, strip: Any) -> Any:
    if is_nullish(input):
        return None
    need(isinstance(input, str), f"{name} requires its input to be a string, got {type_name(input)}", 50699)
    if is_nullish(chars):
        return None
    need(isinstance(chars, str), f"{name} requires 'chars' to be a string, got {type_name(chars)}", 50700)
    return strip(input, chars) if chars else input


@named("$replaceOne", ("input", "find", "replacement"))
def _replace_one(input: Any, find: Any, replacement: Any) -> Any:
    return _replace("$replaceOne", input, find, replacement, 1)


@named("$replaceAll", ("input", "find", "replacement"))
def _replace_all(input: Any, find: Any, replacement: Any) -> Any:
    return _replace("$replaceAll", input, find, replacement, -1)


def _replace(name: str, input: Any, find: Any, replacement: Any, count: int) -> Any:
    for what, value in (("input", input), ("find", find), ("replacement", replacement)):
        need(is_nullish(value) or isinstance(value, str), f"{name} requires that {what!r} be a string, found: {value!r}", 51746)
    if is_nullish(input) or is_nullish(find) or is_nullish(replacement):
        return None
    return input.replace(find, replacement, count)


def _finds(name: str, input: Any, regex: Any, options: Any) -> list[re.Match[str]] | None:
    """All matches, None where there is nothing to match or to match with."""
    need(is_nullish(input) or isinstance(input, str), f"{name} needs 'input' to be of type string", 51104)
    need(is_nullish(regex) or isinstance(regex, str | re.Pattern), f"{name} needs 'regex' to be of type string or regex", 51105)
    need(is_nullish(options) or isinstance(options, str), f"{name} needs 'options' to be of type string", 51106)
    if is_nullish(regex):
        return None
    pattern = compile_pattern(regex, None if is_nullish(options) else options)
    return None if is_nullish(input) else list(pattern.finditer(input))


@named("$regexMatch", ("input", "regex"), ("options",))
def _regex_match(input: Any, regex: Any, options: Any = MISSING) -> bool:
    return bool(_finds("$regexMatch", input, regex, options))


@named("$regexFind", ("input", "regex"), ("options",))
def _regex_find(input: Any, regex: Any, options: Any = MISSING) -> Any:
    found = _finds("$regexFind", input, regex, options)
    return _found(found[0]) if found else None


@named("$regexFindAll", ("input", "regex"), ("options",))
def _regex_find_all(input: Any, regex: Any, options: Any = MISSING) -> list[Any]:
    return [_found(item) for item in _finds("$regexFindAll", input, regex, options) or []]


def _found(found: re.Match[str]) -> dict[str, Any]:
    return {"match": found[0], "idx": found.start(), "captures": list(found.groups())}
