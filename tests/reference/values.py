"""The kinds of value: missing, the BSON type of a value, what counts as true, whole numbers and the error."""

import math
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        raise TypeError("MISSING is neither true nor false; compare with `is`")


MISSING = _Missing()


class Long(int):
    """An integer that is a `long` whatever its size: `$toLong` of 5, the count of days between two dates."""


class MongoError(Exception):
    """MongoDB answers with an error. The code is MongoDB's where it is known, else 0."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


def need(condition: bool, message: str, code: int = 0) -> None:
    if not condition:
        raise MongoError(message, code)


def type_name(value: Any) -> str:
    """BSON's name of a value's type, as `$type` gives it."""
    match value:
        case _Missing():
            return "missing"
        case None:
            return "null"
        case bool():
            return "bool"
        case Long():
            return "long"
        case int():
            return "int" if value in INT32 else "long"
        case float():
            return "double"
        case Decimal():
            return "decimal"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
        case datetime():
            return "date"
        case re.Pattern():
            return "regex"
        case _:
            raise TypeError(f"not a value of the language: {value!r}")


TYPE_CODES = {
    "double": 1,
    "string": 2,
    "object": 3,
    "array": 4,
    "binData": 5,
    "undefined": 6,
    "objectId": 7,
    "bool": 8,
    "date": 9,
    "null": 10,
    "regex": 11,
    "dbPointer": 12,
    "javascript": 13,
    "symbol": 14,
    "javascriptWithScope": 15,
    "int": 16,
    "timestamp": 17,
    "long": 18,
    "decimal": 19,
    "minKey": -1,
    "maxKey": 127,
}
TYPE_BY_CODE = {code: name for name, code in TYPE_CODES.items()}


def is_number(value: Any) -> bool:
    """A bool is never a number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """A number without a fraction: 5 and 5.0."""
    return is_number(value) and math.isfinite(value) and value == int(value)


def fits(value: Any, integers: range) -> bool:
    return int(value) in integers


def is_nullish(value: Any) -> bool:
    return value is None or value is MISSING


def is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def is_true(value: Any) -> bool:
    """Only false, null, missing and zero are false; "", [] and {} are true."""
    if is_nullish(value) or value is False:
        return False
    return not (is_number(value) and value == 0)


def whole_number(result: int, *operands: Any) -> int | float:
    """The type of an integer result: long when an operand was one, double when it no longer fits."""
    if result not in INT64:
        return float(result)
    return Long(result) if any(type_name(operand) == "long" for operand in operands) else result
