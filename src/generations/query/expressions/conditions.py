"""`$and $or $not $cond $ifNull $switch $let $literal`: conditions, and choices among values."""

from __future__ import annotations

from generations.query import tagged
from generations.query.evaluate import Scope, failure, is_nullish, operator, same_type
from generations.query.expression import Call, Expression
from generations.query.value import NULL, Scalar, Tagged, Value, to_tagged


@operator("$and", "$or")
def _and_or(scope: Scope, call: Call) -> Value:
    if not call.args:
        return Scalar("true" if call.op == "$and" else "false", "bool", nullable=False)
    word = " AND " if call.op == "$and" else " OR "
    return Scalar(f"({word.join(scope.truth(arg) for arg in call.args)})", "bool", nullable=False)


@operator("$not")
def _not(scope: Scope, call: Call) -> Value:
    return Scalar(f"NOT {scope.truth(call.args[0])}", "bool", nullable=False)


@operator("$cond")
def _cond(scope: Scope, call: Call) -> Value:
    test, then, other = call.args or tuple(call.named[name] for name in ("if", "then", "else"))
    return _choice([(scope.truth(test), scope.value(then))], scope.value(other))


@operator("$switch")
def _switch(scope: Scope, call: Call) -> Value:
    branches = [(scope.truth(test), scope.value(then)) for test, then in _pairs(call.args)]
    if "default" in call.named:
        return _choice(branches, scope.value(call.named["default"]))
    none = f"NOT ({' OR '.join(test for test, _ in branches)})"
    chosen = _choice(branches[:-1], branches[-1][1]) if len(branches) > 1 else branches[0][1]
    return Tagged(failure(none, "$switch found no true branch and has no default", to_tagged(chosen)))


def _pairs(args: tuple[Expression, ...]) -> list[tuple[Expression, Expression]]:
    return list(zip(args[::2], args[1::2], strict=True))


def _choice(branches: list[tuple[str, Value]], other: Value) -> Value:
    """The value of the first condition that holds; typed where all values have one type and one meaning of NULL."""
    values = [value for _, value in branches] + [other]
    scalars = [value for value in values if isinstance(value, Scalar) and value.null_test is None]
    kind = same_type(values)
    meanings = {value.absent for value in scalars if value.nullable}
    if len(scalars) == len(values) and kind and len({value.type for value in scalars}) == 1 and len(meanings) <= 1:
        cases = ", ".join(f"{test}, {value.sql}" for (test, _), value in zip(branches, scalars, strict=False))
        sql = f"multiIf({cases}, {scalars[-1].sql})"
        return Scalar(sql, scalars[0].type, any(value.nullable for value in scalars), "missing" if meanings == {"missing"} else "null")
    cases = ", ".join(f"{test}, {to_tagged(value)}" for test, value in branches)
    return Tagged(f"multiIf({cases}, {to_tagged(other)})")


@operator("$ifNull")
def _if_null(scope: Scope, call: Call) -> Value:
    values = [scope.value(arg) for arg in call.args]
    *firsts, last = values
    kinds = {value.type if isinstance(value, Scalar) else None for value in values}
    if len(kinds) == 1 and None not in kinds:
        assert isinstance(last, Scalar)
        sqls = [value.sql for value in values if isinstance(value, Scalar)]
        return Scalar(f"coalesce({', '.join(sqls)})", last.type, last.nullable, last.absent, last.null_test)
    sql = to_tagged(last)
    for value in reversed(firsts):
        rest = sql
        if isinstance(value, Scalar):
            sql = f"if({is_nullish(value)}, {rest}, {to_tagged(value)})"
        else:
            sql = tagged.let(to_tagged(value), lambda v, rest=rest: f"if({tagged.is_nullish(v)}, {rest}, {v})")
    return Tagged(sql)


@operator("$let")
def _let(scope: Scope, call: Call) -> Value:
    return scope.bind({name: scope.value(call.named[f"vars.{name}"]) for name in call.names}).value(call.named["in"])


@operator("$literal")
def _literal(scope: Scope, call: Call) -> Value:
    return scope.value(call.args[0]) if call.args else NULL
