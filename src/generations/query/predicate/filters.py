"""Filters over a root value: where each field's test applies, and which element of an array a filter matched by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, assert_never

from generations.query import filter as f
from generations.query import tagged
from generations.query.context import Context, refuse_unsupported
from generations.query.predicate.columns import of_column
from generations.query.predicate.condition import FALSE, Condition, all_of, any_of, negated, settled
from generations.query.predicate.stored import of_strings, of_text
from generations.query.predicate.values import TaggedTests
from generations.query.source import reach
from generations.query.value import Document, Open, Patched, Scalar, Strings, Tagged, Value, quote, to_tagged, walkable

Expressions = Callable[[Any, str, Value], str]
"""Compiles the raw expression of `$expr`, at a pointer, over a root, to a condition that is never NULL."""


class Filters:
    """Compiles filters over one root value.

    Args:
        of_table: the rows are those of the table, read as they are.
    """

    def __init__(self, context: Context, root: Value, expressions: Expressions, *, of_table: bool = False) -> None:
        self._context = context
        self._root = root
        self._expressions = expressions
        self._of_table = of_table
        self._tests = TaggedTests(context, lambda node, value: settled(Filters(context, value, expressions).compile(node)))

    def compile(self, node: f.Filter) -> Condition:
        match node:
            case f.AllOf(parts):
                return all_of([self.compile(part) for part in parts])
            case f.AnyOf(parts):
                return any_of([self.compile(part) for part in self._merged(parts)])
            case f.Not(part):
                return negated(self.compile(part))
            case f.Holds(raw, path):
                return Condition(self._expressions(raw, path, self._root))
            case f.Leaf(field, test, path):
                target, rest = reach(self._root, tuple(field.split(".")), path)
                return self._test(target, rest, test, path)
            case _:
                assert_never(node)

    def _merged(self, parts: Sequence[f.Filter]) -> list[f.Filter]:
        """Alternatives, equalities of one open path as a list of values: the path is walked once then, not once for each."""
        values: dict[str, list[Any]] = {}
        leaves: dict[str, f.Leaf] = {}
        others: list[f.Filter] = []
        for part in parts:
            match part:
                case f.Leaf(field, f.Equals(value), path) if not isinstance(reach(self._root, tuple(field.split(".")), path)[0], Scalar):
                    values.setdefault(field, []).append(value)
                    leaves.setdefault(field, part)
                case _:
                    others.append(part)
        merged = [
            leaf if len(values[field]) == 1 else f.Leaf(field, f.OneOf(tuple(values[field]), ()), leaf.path)
            for field, leaf in leaves.items()
        ]
        return [*merged, *others]

    def holds(self, test: f.Test) -> str:
        """The test on the root value itself, never NULL."""
        return settled(self._test(self._root, (), test, ""))

    def _test(self, target: Value, rest: tuple[str, ...], test: f.Test, path: str) -> Condition:
        match test:
            case f.NotTest(part):
                return negated(self._test(target, rest, part, path))
            case f.Tests(parts):
                return all_of([self._test(target, rest, part, path) for part in parts])
            case f.Nothing():
                return FALSE
            case _:
                pass
        match target:
            case Scalar():
                return of_column(self._context, target, test, path)
            case Strings():
                return of_strings(self._tests, target, rest, test, path)
            case Open():
                return of_text(self._tests, target, rest, test, path, of_table=self._of_table)
            case Tagged() | Document() | Patched():
                return self._tests.reached(to_tagged(target), rest, test, path)
            case _:
                assert_never(target)

    def position(self, filters: Sequence[f.Filter], path: str) -> str:
        """The place, from 1, of the array element by which the filters matched; 0 when no array took part.

        Raises:
            Unsupported: the filters have alternatives or negations, so that no one element can be told.
        """
        places: list[str] = []
        for node in filters:
            match node:
                case f.AllOf(parts):
                    places += [self.position((part,), path) for part in parts]
                case f.Leaf(field, test, at):
                    target, rest = reach(self._root, tuple(field.split(".")), at)
                    places.append(self._place(walkable(target, rest), rest, test, at))
                case f.Holds():
                    pass
                case f.AnyOf() | f.Not():
                    raise refuse_unsupported("a positional projection beside $or or a negation", "no one element can be told", path)
                case _:
                    assert_never(node)
        out = "0"
        for place in places:
            out = tagged.let(place, lambda i, out=out: f"if({i} > 0, {i}, {out})")
        return out

    def _place(self, value: str, steps: tuple[str, ...], test: f.Test, path: str) -> str:
        tests = self._tests
        e = tagged.fresh()
        if not steps:
            holds = tests.leaf(f"concat('[', {e}, ']')", test, path) if isinstance(test, f.ElementMatches) else tests.single(e, test, path)
            return tagged.let(value, lambda v: f"if({tagged.is_array(v)}, arrayFirstIndex({e} -> {holds}, {tagged.elements(v)}), 0)")
        inside = settled(tests.reached(e, steps, test, path))

        def body(v: str) -> str:
            below = self._place(f"JSONExtractRaw({v}, {quote(steps[0])})", steps[1:], test, path)
            return f"if({tagged.is_array(v)}, arrayFirstIndex({e} -> {inside}, {tagged.elements(v)}), {below})"

        return tagged.let(value, body)
