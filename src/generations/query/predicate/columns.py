"""Tests on typed columns: plain comparisons, without a look at any JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

from generations.query import filter as f
from generations.query import tagged
from generations.query.compiled import Param
from generations.query.constants import Pattern, instant_of
from generations.query.context import INSTANT, Context, instant, invalid, number
from generations.query.pattern import to_re2
from generations.query.predicate.condition import FALSE, TRUE, Condition, all_of, any_of, negated
from generations.query.value import Scalar

SIGN = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def of_column(context: Context, value: Scalar, test: f.Test, path: str) -> Condition:
    """The test on a typed value; of a type that can never pass it, false before any row is read."""
    match test:
        case f.Equals(wanted):
            return absent(value) if wanted is None else _compared(context, value, "=", wanted, path)
        case f.Ordered(op, wanted):
            if wanted is None:
                return absent(value) if op in ("$gte", "$lte") else FALSE
            return _compared(context, value, SIGN[op], wanted, path)
        case f.OneOf(values, patterns):
            return _one_of(context, value, values, patterns, path)
        case f.Matches(pattern):
            return _matches(context, value, pattern, path)
        case f.Exists():
            if value.null_test:
                return any_of([negated(absent(value)), Condition(value.null_test)])
            return TRUE if value.absent == "null" else negated(absent(value))
        case f.HasType(names):
            return _has_type(value, names)
        case f.Modulo(divisor, remainder):
            return _modulo(context, value, divisor, remainder)
        case f.HasSize() | f.ElementMatches() | f.Nothing():
            return FALSE
        case f.NotTest(part):
            return negated(of_column(context, value, part, path))
        case f.Tests(parts):
            return all_of([of_column(context, value, part, path) for part in parts])
        case _:
            assert_never(test)


def absent(value: Scalar) -> Condition:
    """Null or missing."""
    return Condition(f"{value.sql} IS NULL") if value.nullable else FALSE


def _compared(context: Context, value: Scalar, sign: str, wanted: Any, path: str) -> Condition:
    if value.type == "number" and _is_nan(wanted):
        return FALSE if sign in ("<", ">") else Condition(f"isNaN({value.sql})", value.nullable)
    bound = _bound(context, value, wanted, path)
    return Condition(f"{value.sql} {sign} {bound}", value.nullable) if bound else FALSE


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _bound(context: Context, value: Scalar, wanted: Any, path: str) -> str | None:
    """What is compared with the column; None where the types differ and so never match."""
    if value.type == "bool":
        return ("true" if wanted else "false") if isinstance(wanted, bool) else None
    param = _param(value, wanted, path)
    return context.place(param) if param else None


def _param(value: Scalar, wanted: Any, path: str) -> Param | None:
    match value.type, wanted:
        case _, bool():
            return None
        case (("integer" | "number"), (int() | float())):
            return None if _is_nan(wanted) else number(wanted)
        case "string", str():
            return Param("String", wanted)
        case "instant", datetime():
            return instant(wanted)
        case "instant", str():
            found = instant_of(wanted)
            if found is None:
                raise invalid(f"{wanted!r} is not an instant", path, 'write it as "2024-06-15T12:30:45Z"')
            return instant(found)
        case _:
            return None


def _one_of(context: Context, value: Scalar, values: Sequence[Any], patterns: Sequence[Pattern], path: str) -> Condition:
    parts = [absent(value)] if None in values else []
    if value.type == "bool":
        parts += [_compared(context, value, "=", wanted, path) for wanted in (False, True) if any(v is wanted for v in values)]
        return any_of(parts)
    elements = [e for v in values if not _stands_alone(v) and (e := _element(value, v, path)) is not None]
    if value.type == "number" and 0.0 in elements:
        elements += [0.0, -0.0]  # IN compares bits, and both zeros are one number
    if elements:
        parts.append(Condition(context.one_of(value.sql, _ELEMENT[value.type], elements), value.nullable))
    parts += [_compared(context, value, "=", v, path) for v in values if _stands_alone(v)]
    parts += [_matches(context, value, pattern, path) for pattern in patterns]
    return any_of(parts)


_BEYOND = 2**63
_ELEMENT = {"integer": "Int64", "number": "Float64", "string": "String", "instant": INSTANT}


def _stands_alone(wanted: Any) -> bool:
    """Whether a value is compared by itself: NaN equals no element of a set, and large integers fit no set."""
    return _is_nan(wanted) or (isinstance(wanted, int) and abs(wanted) >= _BEYOND)


def _element(value: Scalar, wanted: Any, path: str) -> Any:
    """The value of the column's own type that equals what is wanted, as a set has one type; None where there is none."""
    param = _param(value, wanted, path)
    if param is None or value.type not in ("integer", "number"):
        return param and param.value
    if value.type == "number":
        return float(wanted) if float(wanted) == wanted else None
    return int(wanted) if math.isfinite(wanted) and int(wanted) == wanted and abs(wanted) < _BEYOND else None


def _matches(context: Context, value: Scalar, pattern: Pattern, path: str) -> Condition:
    expression = context.string(to_re2(pattern, path))
    return Condition(f"match({value.sql}, {expression})", value.nullable) if value.type == "string" else FALSE


def _has_type(value: Scalar, names: frozenset[str]) -> Condition:
    own = {"string": "string", "bool": "bool", "instant": "date", "number": "double"}
    parts: list[Condition] = []
    if value.type == "integer":
        fits = f"{value.sql} BETWEEN -2147483648 AND 2147483647"
        parts += [Condition(fits, value.nullable)] if "int" in names else []
        parts += [Condition(f"NOT ({fits})", value.nullable)] if "long" in names else []
    elif own[value.type] in names:
        parts.append(negated(absent(value)))
    if "null" in names:
        explicit = Condition(value.null_test) if value.null_test else TRUE if value.absent == "null" else FALSE
        parts.append(all_of([absent(value), explicit]))
    return any_of(parts)


def _modulo(context: Context, value: Scalar, divisor: int, remainder: int) -> Condition:
    if value.type not in ("integer", "number"):
        return FALSE
    remains = f"= {context.number(remainder)}"
    if value.type == "integer":
        return Condition(f"modulo({value.sql}, {context.number(divisor)}) {remains}", value.nullable)
    fits = f"abs({value.sql}) < 9223372036854775808."
    return Condition(f"({fits} AND modulo({tagged.cut(value.sql)}, {context.number(divisor)}) {remains})", value.nullable)
