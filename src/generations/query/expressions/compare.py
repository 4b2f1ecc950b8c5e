"""`$eq $ne $gt $gte $lt $lte $cmp`: BSON order across types, missing below null."""

from __future__ import annotations

from generations.query import tagged
from generations.query.constants import instant_of
from generations.query.evaluate import Scope, operator, same_type
from generations.query.expression import Call, Constant
from generations.query.value import Scalar, Value, to_tagged

_SIGN = {"$eq": "=", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_ABSENT_LEFT = {"$eq": 0, "$ne": 1, "$gt": 0, "$gte": 0, "$lt": 1, "$lte": 1}
"""What holds when the left side is null or missing and the right side is a value."""
_ABSENT_RIGHT = {"$eq": 0, "$ne": 1, "$gt": 1, "$gte": 1, "$lt": 0, "$lte": 0}


@operator("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
def _compare(scope: Scope, call: Call) -> Value:
    left, right = (_as_instant_beside(scope, call, i) for i in (0, 1))
    return Scalar(compared(call.op, left, right), "bool", nullable=False)


@operator("$cmp")
def _cmp(scope: Scope, call: Call) -> Value:
    left, right = (tagged.sort_key(scope.text(arg)) for arg in call.args)
    order = tagged.let(left, lambda a: tagged.let(right, lambda b: f"multiIf({a} < {b}, -1, {a} > {b}, 1, 0)"))
    return Scalar(f"toInt64({order})", "integer", nullable=False)


def compared(op: str, left: Value, right: Value) -> str:
    """A comparison as a condition that is never NULL."""
    if isinstance(left, Scalar) and isinstance(right, Scalar) and same_type([left, right]):
        plain = f"{left.sql} {_SIGN[op]} {right.sql}"
        if not left.nullable and not right.nullable:
            return f"({plain})"
        if not right.nullable:
            return f"ifNull({plain}, {_ABSENT_LEFT[op]})"
        if not left.nullable:
            return f"ifNull({plain}, {_ABSENT_RIGHT[op]})"
    a, b = to_tagged(left), to_tagged(right)
    if op in ("$eq", "$ne"):
        return f"({tagged.equality(a)} {_SIGN[op]} {tagged.equality(b)})"
    return f"({tagged.sort_key(a)} {_SIGN[op]} {tagged.sort_key(b)})"


def _as_instant_beside(scope: Scope, call: Call, i: int) -> Value:
    """The argument; an ISO text beside an instant is read as the instant it names."""
    node = call.args[i]
    value = scope.value(node)
    if isinstance(node, Constant) and isinstance(node.value, str):
        other = scope.value(call.args[1 - i])
        found = instant_of(node.value)
        if found and isinstance(other, Scalar) and other.type == "instant":
            return scope.constant(found)
    return value
