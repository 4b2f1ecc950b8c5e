"""Tests on tagged values, whose type only the engine sees."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from generations.query import filter as f
from generations.query import tagged
from generations.query.constants import Pattern
from generations.query.context import Context
from generations.query.pattern import to_re2
from generations.query.predicate.columns import SIGN
from generations.query.predicate.condition import Condition
from generations.query.value import Tagged, quote

_EXACT_FLOAT = 2**53

Follow = Callable[[str, tuple[str, ...]], str]
"""Follows steps below a tagged value to an Array(String)."""


@dataclass(frozen=True, slots=True)
class TaggedTests:
    """Compiles tests on tagged values.

    Attributes:
        satisfied: compiles a whole filter over one value, for `$elemMatch`, to a condition that is never NULL.
    """

    context: Context
    satisfied: Callable[[f.Filter, Tagged], str]

    def reached(self, sql: str, steps: tuple[str, ...], test: f.Test, path: str) -> Condition:
        """The test on all values that a path below a tagged value reaches."""
        if not steps:
            return Condition(tagged.let(sql, lambda v: self.leaf(v, test, path)))
        return self.among(lambda follow: follow(sql, steps), steps, test, path)

    def among(self, found: Callable[[Follow], str], steps: tuple[str, ...], test: f.Test, path: str) -> Condition:
        """The test on the values that are found below a value, following the steps in one way or another."""
        name = tagged.fresh()
        if not tagged.is_index(steps[-1]):
            return Condition(f"arrayExists({name} -> {self.leaf(name, test, path)}, {found(tagged.leaves)})")
        by_key = f"arrayExists({name} -> {self.leaf(name, test, path)}, {found(tagged.leaves_by_key)})"
        by_index = f"arrayExists({name} -> {self.single(name, test, path)}, {found(tagged.leaves_by_index)})"
        return Condition(f"({by_key} OR {by_index})")

    def leaf(self, v: str, test: f.Test, path: str) -> str:
        """The test on one value that may be an array: on itself, or on one of its elements."""
        match test:
            case f.Exists():
                return f"{v} != ''"
            case f.HasSize(size):
                return f"({tagged.is_array(v)} AND length({tagged.elements(v)}) = {size})"
            case f.ElementMatches():
                return f"({tagged.is_array(v)} AND {self._element(v, test, path)})"
            case _:
                e = tagged.fresh()
                inside = f"({tagged.is_array(v)} AND arrayExists({e} -> {self.single(e, test, path)}, {tagged.elements(v)}))"
                return f"({self.single(v, test, path)} OR {inside})"

    def _element(self, v: str, test: f.ElementMatches, path: str) -> str:
        e = tagged.fresh()
        if test.tests is not None:
            return f"arrayExists({e} -> {self.single(e, test.tests, path)}, {tagged.elements(v)})"
        wanted = test.filter or f.MATCH_ALL
        i, x = tagged.fresh(), tagged.fresh()
        indexed = f"arrayMap(({x}, {i}) -> (toString({i} - 1), {x}), {tagged.elements(e)}, arrayEnumerate({tagged.elements(e)}))"
        document = f"if({tagged.is_object(e)}, {e}, {tagged.object_from_pairs(indexed)})"
        condition = tagged.let(document, lambda d: self.satisfied(wanted, Tagged(d)))
        return f"arrayExists({e} -> ({tagged.is_object(e)} OR {tagged.is_array(e)}) AND {condition}, {tagged.elements(v)})"

    def single(self, v: str, test: f.Test, path: str) -> str:
        """The test on one value as it is."""
        match test:
            case f.Equals(wanted):
                return self._equals(v, wanted)
            case f.Ordered(op, wanted):
                return self._ordered(v, op, wanted)
            case f.OneOf(values, patterns):
                return self._one_of(v, values, patterns, path)
            case f.HasType(names):
                return f"{tagged.type_name(v)} IN ({', '.join(quote(name) for name in sorted(names))})"
            case f.Matches(pattern):
                return f"({tagged.is_string(v)} AND match({tagged.to_string(v)}, {self.context.string(to_re2(pattern, path))}))"
            case f.Modulo(divisor, remainder):
                return self._modulo(v, divisor, remainder)
            case f.Exists() | f.HasSize() | f.ElementMatches():
                return self.leaf(v, test, path)
            case f.Tests(parts):
                return "(" + " AND ".join(self.single(v, part, path) for part in parts) + ")"
            case f.NotTest(part):
                return f"NOT ({self.single(v, part, path)})"
            case f.Nothing():
                return "0"
            case _:
                assert_never(test)

    def _equals(self, v: str, wanted: Any) -> str:
        if wanted is None:
            return tagged.is_nullish(v)
        bound = self.context.string(tagged.equality_text(wanted))
        return f"{v} = {bound}" if isinstance(wanted, str | bool | datetime) else f"{tagged.equality(v)} = {bound}"

    def _one_of(self, v: str, values: Sequence[Any], patterns: Sequence[Pattern], path: str) -> str:
        parts = [self._equals(v, wanted) for wanted in values if wanted is None or isinstance(wanted, list | dict)]
        texts = [tagged.equality_text(wanted) for wanted in values if wanted is not None and not isinstance(wanted, list | dict)]
        if texts:
            parts.append(self.context.one_of(tagged.equality(v), "String", texts))
        parts += [self.single(v, f.Matches(pattern), path) for pattern in patterns]
        return "(" + " OR ".join(parts) + ")" if parts else "0"

    def _modulo(self, v: str, divisor: int, remainder: int) -> str:
        number = f"if({tagged.is_integer(v)}, {tagged.to_integer(v)}, {tagged.cut(tagged.to_float(v))})"
        sane = f"{tagged.is_number(v)} AND isFinite({tagged.to_float(v)}) AND abs({tagged.to_float(v)}) < 9223372036854775807"
        return f"({sane} AND modulo({number}, {self.context.number(divisor)}) = {self.context.number(remainder)})"

    def _ordered(self, v: str, op: f.Order, wanted: Any) -> str:
        sign = SIGN[op]
        match wanted:
            case None:
                return tagged.is_nullish(v) if op in ("$gte", "$lte") else "0"
            case bool():
                return f"({tagged.is_bool(v)} AND ({v} = 'true') {sign} {int(wanted)})"
            case int() | float() if math.isnan(wanted):
                return f"{v} = '\"\\\\u0001dNaN\"'" if op in ("$gte", "$lte") else "0"
            case int() | float() if abs(wanted) < _EXACT_FLOAT or math.isinf(wanted):
                return f"({tagged.is_number(v)} AND {tagged.to_float(v)} {sign} {self.context.bind(float(wanted), 'Float64')})"
            case str():
                return f"({tagged.is_string(v)} AND {tagged.to_string(v)} {sign} {self.context.string(wanted)})"
            case datetime():
                return f"({tagged.is_date(v)} AND {tagged.instant_text(v)} {sign} {self.context.string(tagged.text_of_instant(wanted))})"
            case _:
                bound = self.context.tagged(wanted)
                same = f"{tagged.rank(v)} = {tagged.rank(bound)}"
                return f"({same} AND {tagged.sort_key(v)} {sign} {tagged.sort_key(bound)})"
