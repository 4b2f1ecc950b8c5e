"""Arithmetic. Null and missing give null; what is not a number is an error."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from .expressions import eager
from .values import INT64, Long, MongoError, is_nan, is_nullish, is_number, is_whole, need, type_name, whole_number


@eager("$add", 0, None)
def _add(*operands: Any) -> Any:
    """Numbers, and at most one date, to which the numbers add milliseconds."""
    date = None
    numbers: list[Any] = []
    for operand in operands:
        if is_nullish(operand):
            return None
        if isinstance(operand, datetime):
            need(date is None, "only one date allowed in an $add expression", 16612)
            date = operand
        else:
            need(is_number(operand), f"$add only supports numeric or date types, not {type_name(operand)}", 14)
            numbers.append(operand)
    return total_of(numbers) if date is None else shift_date(date, total_of(numbers))


def total_of(numbers: Sequence[Any]) -> Any:
    """The sum, without the error that adding doubles one by one gathers."""
    if not any(isinstance(number, float) for number in numbers):
        return whole_number(sum(numbers), *numbers)
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # beyond a double, or infinities of both signs
        return sum(map(float, numbers))


def shift_date(date: datetime, milliseconds: float) -> datetime:
    try:
        return date + timedelta(milliseconds=round(milliseconds))
    except (OverflowError, ValueError):
        raise MongoError("date overflow", 15) from None


@eager("$subtract", 2, 2)
def _subtract(left: Any, right: Any) -> Any:
    if is_nullish(left) or is_nullish(right):
        return None
    if isinstance(left, datetime) and isinstance(right, datetime):
        return Long(milliseconds_of(left) - milliseconds_of(right))
    if isinstance(left, datetime) and is_number(right):
        return shift_date(left, -right)
    need(is_number(left) and is_number(right), f"can't $subtract {type_name(right)} from {type_name(left)}", 14)
    result = left - right
    return result if isinstance(result, float) else whole_number(result, left, right)


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def milliseconds_of(date: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (date - EPOCH) // timedelta(milliseconds=1)


@eager("$multiply", 0, None)
def _multiply(*operands: Any) -> Any:
    product: Any = 1
    for operand in operands:
        if is_nullish(operand):
            return None
        need(is_number(operand), f"$multiply only supports numeric types, not {type_name(operand)}", 14)
        product = product * operand
    return product if isinstance(product, float) else whole_number(product, *operands)


@eager("$divide", 2, 2)
def _divide(left: Any, right: Any) -> Any:
    """Always a true division."""
    if is_nullish(left) or is_nullish(right):
        return None
    need(is_number(left) and is_number(right), f"$divide only supports numeric types, not {type_name(left)} and {type_name(right)}", 14)
    need(right != 0, "can't $divide by zero", 2)
    return float(left) / float(right)


@eager("$mod", 2, 2)
def _mod(left: Any, right: Any) -> Any:
    """The remainder has the sign of the dividend."""
    if is_nullish(left) or is_nullish(right):
        return None
    need(is_number(left) and is_number(right), f"$mod only supports numeric types, not {type_name(left)} and {type_name(right)}", 16611)
    need(right != 0, "can't $mod by zero", 16610)
    if isinstance(left, float) or isinstance(right, float):
        if is_nan(left) or is_nan(right) or math.isinf(left):
            return math.nan
        return math.fmod(left, right)
    return whole_number(abs(left) % abs(right) * (-1 if left < 0 else 1), left, right)


@eager("$abs")
def _abs(value: Any) -> Any:
    need(value != -(2**63) or isinstance(value, float), "can't take $abs of long long min", 28680)
    return _of_number("$abs", value, lambda number: abs(number) if isinstance(number, float) else whole_number(abs(number), number))


@eager("$ceil")
def _ceil(value: Any) -> Any:
    return _of_number("$ceil", value, lambda number: _keep_float(math.ceil, number))


@eager("$floor")
def _floor(value: Any) -> Any:
    return _of_number("$floor", value, lambda number: _keep_float(math.floor, number))


def _keep_float(function: Callable[[float], int], number: Any) -> Any:
    """A double stays a double, an integer is what it was."""
    if not isinstance(number, float) or not math.isfinite(number):
        return number
    return float(function(number))


def _of_number(name: str, value: Any, function: Callable[[Any], Any]) -> Any:
    if is_nullish(value):
        return None
    need(is_number(value), f"{name} only supports numeric types, not {type_name(value)}", 28765)
    return function(value)


@eager("$round", 1, 2)
def _round(value: Any, place: Any = 0) -> Any:
    return _to_place("$round", value, place, ROUND_HALF_EVEN)


@eager("$trunc", 1, 2)
def _trunc(value: Any, place: Any = 0) -> Any:
    return _to_place("$trunc", value, place, ROUND_DOWN)


def _to_place(name: str, value: Any, place: Any, rounding: str) -> Any:
    """Round in decimal, half to even; a place below 0 is left of the point."""
    if is_nullish(value) or is_nullish(place):
        return None
    need(is_number(value), f"{name} only supports numeric types, not {type_name(value)}", 51081)
    need(is_whole(place), f"the precision of {name} must be a whole number", 51082)
    need(-20 <= place <= 100, f"the precision of {name} is out of range", 51083)
    if isinstance(value, float):
        if not math.isfinite(value):
            return value
        return float(Decimal(value).quantize(Decimal(1).scaleb(-int(place)), rounding, Context(prec=500)))
    if place >= 0:
        return value
    return whole_number(int(Decimal(value).quantize(Decimal(1).scaleb(-int(place)), rounding, Context(prec=500))), value)


@eager("$pow", 2, 2)
def _pow(base: Any, exponent: Any) -> Any:
    """Whole where both are and the result fits, else a double."""
    if is_nullish(base) or is_nullish(exponent):
        return None
    need(is_number(base), f"$pow's base must be numeric, not {type_name(base)}", 28762)
    need(is_number(exponent), f"$pow's exponent must be numeric, not {type_name(exponent)}", 28763)
    need(base != 0 or exponent >= 0, "$pow cannot take a base of 0 and a negative exponent", 28764)
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0 and (abs(base) <= 1 or exponent < 64):
        result = base ** min(exponent, 62 + exponent % 2)
        if result in INT64:
            return whole_number(result, base, exponent)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.nan


@eager("$sqrt")
def _sqrt(value: Any) -> Any:
    def sqrt(number: float) -> float:
        need(not number < 0, "$sqrt's argument must be greater than or equal to 0", 28714)
        return math.sqrt(number)

    return _of_number("$sqrt", value, sqrt)


@eager("$exp")
def _exp(value: Any) -> Any:
    def exp(number: float) -> float:
        try:
            return math.exp(number)
        except OverflowError:
            return math.inf

    return _of_number("$exp", value, exp)


@eager("$ln")
def _ln(value: Any) -> Any:
    return _of_number("$ln", value, lambda number: _logarithm("$ln", math.log, number))


@eager("$log10")
def _log10(value: Any) -> Any:
    return _of_number("$log10", value, lambda number: _logarithm("$log10", math.log10, number))


def _logarithm(name: str, function: Callable[[float], float], number: float) -> float:
    need(is_nan(number) or number > 0, f"{name}'s argument must be a positive number", 28766)
    return function(number)


@eager("$log", 2, 2)
def _log(value: Any, base: Any) -> Any:
    if is_nullish(value) or is_nullish(base):
        return None
    need(is_number(value), f"$log's argument must be numeric, not {type_name(value)}", 28756)
    need(is_number(base), f"$log's base must be numeric, not {type_name(base)}", 28757)
    if is_nan(value) or is_nan(base):
        return math.nan
    need(value > 0, "$log's argument must be a positive number", 28758)
    need(base > 0 and base != 1, "$log's base must be a positive number not equal to 1", 28759)
    return math.log(value) / math.log(base)
