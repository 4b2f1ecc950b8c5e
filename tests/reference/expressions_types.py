"""Conversions: `$convert` and its short forms."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from .expressions import Scope, check_names, eager, lazy
from .expressions_arithmetic import EPOCH, milliseconds_of, shift_date
from .expressions_dates import parse_date
from .expressions_strings import iso_text, number_text
from .values import INT32, INT64, TYPE_BY_CODE, Long, MongoError, fits, is_nullish, is_number, is_true, is_whole, need, type_name


def convert(value: Any, to: str) -> Any:
    """The value as another type; an error where there is no way."""
    if to not in CONVERSIONS:
        raise MongoError(f"conversion to {to} is not part of the reference", 241)
    return CONVERSIONS[to](value)


def _impossible(value: Any, to: str) -> Any:
    raise MongoError(f"Unsupported conversion from {type_name(value)} to {to} in $convert", 241)


def _to_bool(value: Any) -> bool:
    """Numbers are compared with 0; everything else that is there is true."""
    return is_true(value)


def _to_int(value: Any) -> int:
    return _whole(value, "int", INT32)


def _to_long(value: Any) -> int:
    if isinstance(value, datetime):
        return Long(milliseconds_of(value))
    return Long(_whole(value, "long", INT64))


def _whole(value: Any, to: str, range_of_type: range) -> int:
    """A fraction is cut off a number; a text must be a whole decimal number."""
    if isinstance(value, bool):
        return int(value)
    if is_number(value):
        need(math.isfinite(value), f"cannot convert {value} to {to}", 241)
        result = int(value)
    elif isinstance(value, str):
        need(re.fullmatch(r"[+-]?[0-9]+", value) is not None, f"failed to parse number {value!r} in $convert", 241)
        result = int(value)
    else:
        return _impossible(value, to)
    need(result in range_of_type, f"{value} does not fit into {to}", 241)
    return result


def _to_double(value: Any) -> float:
    if isinstance(value, datetime):
        return float(milliseconds_of(value))
    if isinstance(value, bool) or is_number(value):
        return float(value)
    if isinstance(value, str):
        number = r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)"
        need(re.fullmatch(number, value, re.IGNORECASE) is not None, f"failed to parse number {value!r} in $convert", 241)
        result = float(value)
        need(math.isfinite(result) or "n" in value.lower(), f"{value} does not fit into double", 241)
        return result
    return _impossible(value, "double")


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or is_number(value):
        return Decimal(value)
    if isinstance(value, datetime):
        return Decimal(milliseconds_of(value))
    try:
        return Decimal(value) if isinstance(value, str) else _impossible(value, "decimal")
    except InvalidOperation:
        raise MongoError(f"failed to parse number {value!r} in $convert", 241) from None


def _to_string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if is_number(value):
        return number_text(value)
    if isinstance(value, datetime):
        return iso_text(value)
    return _impossible(value, "string")


def _to_date(value: Any) -> datetime:
    """A number counts milliseconds since 1970. A small whole number is taken too: JSON does not tell int from long."""
    if isinstance(value, datetime):
        return value
    if is_number(value):
        need(math.isfinite(value) and fits(value, INT64), f"{value} is not a date", 241)
        return shift_date(EPOCH, int(value))
    if isinstance(value, str):
        found = parse_date(value)
        if found is None:
            raise MongoError(f"error parsing date string {value!r}", 241)
        return found
    return _impossible(value, "date")


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "bool": _to_bool,
    "int": _to_int,
    "long": _to_long,
    "double": _to_double,
    "decimal": _to_decimal,
    "string": _to_string,
    "date": _to_date,
}


def _register(name: str, to: str) -> None:
    @eager(name)
    def operator(value: Any) -> Any:
        return None if is_nullish(value) else convert(value, to)


for _to in CONVERSIONS:
    _register(f"$to{_to.capitalize()}", _to)


@lazy("$convert")
def _convert(spec: Any, scope: Scope) -> Any:
    check_names("$convert", spec, ("input", "to"), ("onError", "onNull", "format", "byteOrder", "base"))
    value, to = scope.evaluate(spec["input"]), scope.evaluate(spec["to"])
    if isinstance(to, dict):
        check_names("$convert", to, ("type",), ("subtype",))
        to = to["type"]
    if not is_nullish(to):
        to = _type_of(to)
    if is_nullish(value):
        return scope.evaluate(spec.get("onNull"))
    if is_nullish(to):
        return None
    try:
        return convert(value, to)
    except MongoError:
        if "onError" not in spec:
            raise
        return scope.evaluate(spec["onError"])


def _type_of(to: Any) -> str:
    if isinstance(to, str):
        need(to in TYPE_BY_CODE.values(), f"unknown type name: {to}", 2)
        return to
    need(is_number(to) and is_whole(to) and int(to) in TYPE_BY_CODE, f"invalid value for the target type: {to}", 9)
    return TYPE_BY_CODE[int(to)]
