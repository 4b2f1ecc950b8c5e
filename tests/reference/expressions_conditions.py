"""Comparisons, logic, conditions, literals and variables."""

from typing import Any

from .expressions import Scope, check_names, eager, lazy
from .order import compare
from .values import is_nullish, is_number, is_true, need, type_name


@eager("$eq", 2, 2)
def _eq(left: Any, right: Any) -> bool:
    return compare(left, right) == 0


@eager("$ne", 2, 2)
def _ne(left: Any, right: Any) -> bool:
    return compare(left, right) != 0


@eager("$gt", 2, 2)
def _gt(left: Any, right: Any) -> bool:
    return compare(left, right) > 0


@eager("$gte", 2, 2)
def _gte(left: Any, right: Any) -> bool:
    return compare(left, right) >= 0


@eager("$lt", 2, 2)
def _lt(left: Any, right: Any) -> bool:
    return compare(left, right) < 0


@eager("$lte", 2, 2)
def _lte(left: Any, right: Any) -> bool:
    return compare(left, right) <= 0


@eager("$cmp", 2, 2)
def _cmp(left: Any, right: Any) -> int:
    return compare(left, right)


@lazy("$and")
def _and(spec: Any, scope: Scope) -> bool:
    return all(is_true(scope.evaluate(operand)) for operand in (spec if isinstance(spec, list) else [spec]))


@lazy("$or")
def _or(spec: Any, scope: Scope) -> bool:
    return any(is_true(scope.evaluate(operand)) for operand in (spec if isinstance(spec, list) else [spec]))


@eager("$not")
def _not(value: Any) -> bool:
    return not is_true(value)


@lazy("$cond")
def _cond(spec: Any, scope: Scope) -> Any:
    if isinstance(spec, list):
        need(len(spec) == 3, "$cond takes 3 operands", 16020)
        spec = dict(zip(("if", "then", "else"), spec, strict=True))
    check_names("$cond", spec, ("if", "then", "else"))
    return scope.evaluate(spec["then"] if is_true(scope.evaluate(spec["if"])) else spec["else"])


@lazy("$ifNull")
def _if_null(spec: Any, scope: Scope) -> Any:
    need(isinstance(spec, list) and len(spec) >= 2, "$ifNull needs two operands at least", 1257300)
    for operand in spec[:-1]:
        value = scope.evaluate(operand)
        if not is_nullish(value):
            return value
    return scope.evaluate(spec[-1])


@lazy("$switch")
def _switch(spec: Any, scope: Scope) -> Any:
    check_names("$switch", spec, ("branches",), ("default",))
    need(isinstance(spec["branches"], list) and len(spec["branches"]) > 0, "$switch needs branches", 40068)
    for branch in spec["branches"]:
        check_names("$switch", branch, ("case", "then"))
    for branch in spec["branches"]:
        if is_true(scope.evaluate(branch["case"])):
            return scope.evaluate(branch["then"])
    need("default" in spec, "$switch could not find a matching branch, and no default was specified", 40066)
    return scope.evaluate(spec["default"])


@lazy("$literal")
def _literal(spec: Any, scope: Scope) -> Any:
    return spec


@lazy("$let")
def _let(spec: Any, scope: Scope) -> Any:
    check_names("$let", spec, ("vars", "in"))
    need(isinstance(spec["vars"], dict), "$let needs an object of vars", 16876)
    for name in spec["vars"]:
        check_variable(name)
    return scope.where(**{name: scope.evaluate(value) for name, value in spec["vars"].items()}).evaluate(spec["in"])


def check_variable(name: Any) -> None:
    """A variable starts with a small letter or a character beyond ASCII; CURRENT may be set anew."""
    need(isinstance(name, str) and name != "", "a variable needs a name", 16869)
    need(name == "CURRENT" or name[0].islower() or ord(name[0]) > 127, f"{name!r} cannot name a variable", 16867)
    need(all(letter.isalnum() or letter == "_" or ord(letter) > 127 for letter in name), f"{name!r} cannot name a variable", 16868)


@eager("$type")
def _type(value: Any) -> str:
    return type_name(value)


@eager("$isNumber")
def _is_number(value: Any) -> bool:
    return is_number(value)


@eager("$isArray")
def _is_array(value: Any) -> bool:
    return isinstance(value, list)
