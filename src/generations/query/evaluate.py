"""Expressions, compiled: the frame that every operator is written in. The operators themselves are in `query.expressions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from generations.query import tagged
from generations.query.constants import Pattern
from generations.query.context import Context, invalid
from generations.query.expression import ArrayOf, Call, Constant, Expression, FieldPath, ObjectOf, Variable, parse_expression
from generations.query.source import resolve
from generations.query.value import MISSING, NULL, Document, Open, Patched, Scalar, Strings, Tagged, Value, quote, to_tagged


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: its statement, the document, and the variables bound around it."""

    context: Context
    root: Value
    variables: Mapping[str, Value]

    def value(self, node: Expression) -> Value:
        """Compile a node, typed where its type is known before any row is read."""
        match node:
            case Constant(value, path):
                return self.constant(value, path)
            case FieldPath(steps, path):
                current = self.variables.get("CURRENT", self.root)
                return resolve(current, steps, path)
            case Variable():
                return self._variable(node)
            case ObjectOf(fields):
                return Document({name: self.value(inner) for name, inner in fields}, closed=False)
            case ArrayOf(items):
                return Tagged(tagged.array_of([self.text(item) for item in items]))
            case Call():
                return OPERATORS[node.op](self, node)
            case _:
                assert_never(node)

    def text(self, node: Expression) -> str:
        """Compile a node to tagged JSON."""
        return to_tagged(self.value(node))

    def truth(self, node: Expression) -> str:
        """Compile a node to a condition, never NULL."""
        return truth(self.value(node))

    def bind(self, names: Mapping[str, Value]) -> Scope:
        """The scope with more variables."""
        return replace(self, variables={**self.variables, **names})

    def constant(self, value: Any, path: str = "") -> Value:
        match value:
            case None:
                return NULL
            case bool():
                return Scalar("true" if value else "false", "bool", nullable=False)
            case int() if -(2**63) <= value < 2**63:
                return Scalar(self.context.bind(value, "Int64"), "integer", nullable=False)
            case float() if value == value and abs(value) != float("inf"):
                return Scalar(self.context.bind(value, "Float64"), "number", nullable=False)
            case str():
                return Scalar(self.context.string(value), "string", nullable=False)
            case datetime():
                return Scalar(self.context.instant(value), "instant", nullable=False)
            case Pattern():
                raise invalid("a regular expression cannot be a value", path)
            case _:
                return Tagged(self.context.tagged(value))

    def _variable(self, node: Variable) -> Value:
        match node.name:
            case "ROOT":
                base: Value = self.root
            case "CURRENT":
                base = self.variables.get("CURRENT", self.root)
            case "REMOVE":
                return MISSING
            case "NOW":
                base = self.constant(self.context.now)
            case name:
                base = self.variables[name]
        return resolve(base, node.steps, node.path)


Operator = Callable[[Scope, Call], Value]

OPERATORS: dict[str, Operator] = {}
"""Every expression operator by name; filled by the modules of `query.expressions`."""


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Register the function that compiles an operator."""

    def register(function: Operator) -> Operator:
        for name in names:
            assert name not in OPERATORS, name
            OPERATORS[name] = function
        return function

    return register


def evaluate(context: Context, root: Value, raw: Any, path: str) -> Value:
    """Parse and compile an expression over a document."""
    return Scope(context, root, {}).value(parse_expression(raw, path))


def condition(context: Context, raw: Any, path: str, root: Value) -> str:
    """Parse and compile `$expr`, to a condition that is never NULL."""
    return truth(evaluate(context, root, raw, path))


def truth(value: Value) -> str:
    """Whether a value counts as true: all but false, null, missing and 0 do."""
    match value:
        case Scalar(sql, kind, nullable):
            match kind:
                case "bool":
                    inner = sql
                case "integer" | "number":
                    inner = f"{sql} != 0"
                case "string" | "instant":
                    return f"{sql} IS NOT NULL" if nullable else "1"
                case _:
                    assert_never(kind)
            return f"ifNull({inner}, 0)" if nullable else f"({inner})"
        case Tagged() | Open() | Strings() | Document() | Patched():
            return tagged.let(to_tagged(value), lambda v: f"{v} NOT IN ('', 'null', 'false', '0', '\"\\\\u0001d0.0\"')")
        case _:
            assert_never(value)


def is_nullish(value: Value) -> str:
    """Whether it is null or missing; never NULL itself."""
    match value:
        case Scalar(sql, _, nullable):
            return f"({sql} IS NULL)" if nullable else "0"
        case _:
            return tagged.let(to_tagged(value), tagged.is_nullish)


def same_type(values: list[Value]) -> str | None:
    """The scalar type that all values share (integer and number are number); None when they do not."""
    kinds = {v.type if isinstance(v, Scalar) else None for v in values}
    if len(kinds) == 1:
        return kinds.pop()
    return "number" if kinds == {"integer", "number"} else None


def failure(condition: str, message: str, value: str) -> str:
    """`value`, unless the condition holds in some row: then the query fails with the message."""
    return f"[{value}][1 + throwIf(tuple({condition}{tagged.LOOSE}).1, {quote(message)})]"
