"""Accumulators: the frame that each is written in, for groups and for windows alike. They themselves are in `query.accumulators`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from generations.query.context import Context, invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.evaluate import Scope
from generations.query.expression import parse_expression
from generations.query.operators import ACCUMULATORS as KNOWN
from generations.query.operators import REFUSED_ACCUMULATORS
from generations.query.relation import OrderKey, Relation
from generations.query.sorting import order_keys, parse_sort
from generations.query.value import Value


@dataclass(frozen=True, slots=True)
class Accumulation:
    """What is accumulated over.

    Attributes:
        relation: the rows; all values in it are columns.
        ordinal: a column that counts the rows in their order.
        ranks: for accumulators with an order of their own (`sortBy`), by pointer, a column that counts in that order.
        over: ` OVER (…)` for windows, '' for groups; stands behind every aggregate function.
    """

    relation: Relation
    ordinal: str
    ranks: Mapping[str, str] = field(default_factory=dict[str, str])
    over: str = ""

    @property
    def context(self) -> Context:
        return self.relation.context

    @property
    def scope(self) -> Scope:
        return Scope(self.context, self.relation.root, {})

    def value(self, raw: Any, path: str) -> Value:
        """The argument expression, over a row."""
        return self.scope.value(parse_expression(raw, path))

    def fold(self, function: str, *args: str) -> str:
        """An aggregate function over the rows."""
        return f"{function}({', '.join(args)}){self.over}"


Accumulator = Callable[[Accumulation, Any, str], Value]
"""Takes the rows, the raw argument and its pointer; gives a value over the group."""

REGISTRY: dict[str, Accumulator] = {}

NEEDS_ORDER: set[str] = set()
"""Those whose result depends on the order of the rows."""

SORTS_BY = frozenset({"$top", "$topN", "$bottom", "$bottomN"})
"""Those with an order of their own."""


def accumulator(*names: str, needs_order: bool = False) -> Callable[[Accumulator], Accumulator]:
    """Register the function that compiles an accumulator."""

    def register(function: Accumulator) -> Accumulator:
        for name in names:
            assert name not in REGISTRY, name
            REGISTRY[name] = function
            if needs_order:
                NEEDS_ORDER.add(name)
        return function

    return register


@dataclass(frozen=True, slots=True)
class Asked:
    """One output field: the accumulator and its raw argument."""

    field: str
    op: str
    raw: Any
    path: str


def parse_accumulator(field: Any, raw: Any, path: str) -> Asked:
    """Read `{"total": {"$sum": "$usage.totalTokens"}}`'s right side."""
    if not isinstance(field, str) or field.startswith("$") or "." in field:
        raise invalid(f"{field!r} cannot name an output field", path, "no dots, no leading $")
    if not isinstance(raw, Mapping) or len(cast("Mapping[Any, Any]", raw)) != 1:
        raise invalid(f"{field!r} needs one accumulator", path, 'write {"$sum": 1}')
    op = str(next(iter(cast("Mapping[Any, Any]", raw))))
    at = pointer(path, op)
    if op in REFUSED_ACCUMULATORS:
        raise refuse_unsupported(op, REFUSED_ACCUMULATORS[op], at)
    if op not in KNOWN:
        raise refuse_unknown_operator(op, KNOWN, at, "accumulator")
    return Asked(field, op, cast("Mapping[str, Any]", raw)[op], at)


def accumulate(rows: Accumulation, asked: Asked) -> Value:
    """Compile one output field."""
    return REGISTRY[asked.op](rows, asked.raw, asked.path)


def prepared(relation: Relation, asked: list[Asked]) -> Accumulation:
    """The rows with the columns that the accumulators need to tell an order; none when none needs one."""
    ordinal = "0"
    if any(item.op in NEEDS_ORDER for item in asked):
        relation, ordinal = relation.numbered()
    relation = relation.settled()
    ranks: dict[str, str] = {}
    for item in asked:
        if item.op in SORTS_BY:
            given = arguments(item.raw, ("sortBy", "output"), ("n",), item.op, item.path)
            at = pointer(item.path, "sortBy")
            keys = order_keys(relation, parse_sort(given["sortBy"], at), at)
            order = ", ".join(str(key) for key in (*keys, OrderKey(ordinal)))
            relation, (ranks[item.path],) = relation.with_columns([f"row_number() OVER (ORDER BY {order})"])
    return Accumulation(relation, ordinal, ranks)


def arguments(raw: Any, required: tuple[str, ...], optional: tuple[str, ...], op: str, path: str) -> Mapping[str, Any]:
    """Named arguments of an accumulator.

    Raises:
        InvalidQuery: one is missing or unknown.
    """
    if not isinstance(raw, Mapping):
        raise invalid(f"{op} needs an object with {', '.join(required)}", path)
    given = cast("Mapping[str, Any]", raw)
    for name in given:
        if name not in required and name not in optional:
            raise refuse_unknown_operator(str(name), [*required, *optional], pointer(path, name), f"argument of {op}")
    for name in required:
        if name not in given:
            raise invalid(f"{op} needs {name!r}", path)
    return given
