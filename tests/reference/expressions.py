"""Expressions: what `evaluate` gives for a field path, a variable, a literal, an object, a list or an operator.

The operators live in the `expressions_*` modules, which register themselves here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .paths import get
from .values import MISSING, MongoError, need


@dataclass(frozen=True)
class Scope:
    """What an expression can see: the document and the variables."""

    root: Any
    variables: dict[str, Any]

    def evaluate(self, expression: Any) -> Any:
        return _evaluate(expression, self)

    def where(self, **variables: Any) -> Scope:
        return Scope(self.root, {**self.variables, **variables})


def evaluate(expression: Any, doc: Any, **variables: Any) -> Any:
    """The value of an expression for one document; `MISSING` when it has none."""
    return _evaluate(expression, Scope(doc, variables))


Operator = Callable[[Any, Scope], Any]
OPERATORS: dict[str, Operator] = {}


def lazy(*names: str) -> Callable[[Operator], Operator]:
    """Register an operator that evaluates its own operands."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def eager(name: str, least: int = 1, most: int | None = 1) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operator that takes the values of `least` to `most` operands (None: any number)."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def operator(spec: Any, scope: Scope) -> Any:
            operands = spec if isinstance(spec, list) else [spec]
            need(len(operands) >= least and (most is None or len(operands) <= most), f"{name} takes {least} to {most} operands", 16020)
            return function(*(scope.evaluate(operand) for operand in operands))

        OPERATORS[name] = operator
        return function

    return register


def named(name: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an operator that takes an object of operands; one that is not given is `MISSING`, as one without value is."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def operator(spec: Any, scope: Scope) -> Any:
            check_names(name, spec, required, optional)
            return function(**{key: scope.evaluate(operand) for key, operand in spec.items()})

        OPERATORS[name] = operator
        return function

    return register


def check_names(name: str, spec: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    need(isinstance(spec, dict), f"{name} takes an object", 9)
    for key in spec:
        need(key in required or key in optional, f"{name} knows no {key!r}", 9)
    for key in required:
        need(key in spec, f"{name} needs {key!r}", 9)


def _evaluate(expression: Any, scope: Scope) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        return _path(expression, scope)
    if isinstance(expression, list):
        values = (_evaluate(item, scope) for item in expression)
        return [None if value is MISSING else value for value in values]
    if isinstance(expression, dict):
        if any(name.startswith("$") for name in expression):
            return _operation(expression, scope)
        return _object(expression, scope)
    return expression


def _operation(expression: dict[str, Any], scope: Scope) -> Any:
    need(len(expression) == 1, "an expression has exactly one operator", 15983)
    [(name, spec)] = expression.items()
    need(name in OPERATORS, f"Unrecognized expression '{name}'", 168)
    return OPERATORS[name](spec, scope)


def _object(expression: dict[str, Any], scope: Scope) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, item in expression.items():
        need("." not in name, "a field name cannot contain '.'", 16412)
        value = _evaluate(item, scope)
        if value is not MISSING:
            result[name] = value
    return result


def _path(expression: str, scope: Scope) -> Any:
    if not expression.startswith("$$"):
        names = expression[1:].split(".")
        need("" not in names and not any(name.startswith("$") for name in names), f"{expression!r} is not a path", 16872)
        return get(_variable("CURRENT", scope), names)
    name, *rest = expression[2:].split(".")
    need("" not in rest, f"{expression!r} is not a path", 15998)
    return get(_variable(name, scope), rest)


def _variable(name: str, scope: Scope) -> Any:
    if name in scope.variables:
        return scope.variables[name]
    match name:
        case "ROOT" | "CURRENT":
            return scope.root
        case "REMOVE":
            return MISSING
        case "NOW":
            return datetime.now(UTC)
        case _:
            raise MongoError(f"Use of undefined variable: {name}", 17276)
