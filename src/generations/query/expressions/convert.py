"""`$type $isNumber`, and conversions: `$convert` and its short forms `$toBool … $toString`."""

from __future__ import annotations

from generations.query import tagged
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call
from generations.query.value import Scalar, Value, to_tagged


@operator("$type")
def _type(scope: Scope, call: Call) -> Value:
    return Scalar(tagged.let(scope.text(call.args[0]), tagged.type_name), "string", nullable=False)


@operator("$isNumber")
def _is_number(scope: Scope, call: Call) -> Value:
    value = scope.value(call.args[0])
    if isinstance(value, Scalar):
        number = value.type in ("integer", "number")
        return Scalar((f"({value.sql} IS NOT NULL)" if value.nullable else "true") if number else "false", "bool", nullable=False)
    return Scalar(tagged.let(to_tagged(value), tagged.is_number), "bool", nullable=False)
