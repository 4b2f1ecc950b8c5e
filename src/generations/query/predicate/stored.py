"""Tests on stored JSON text, and the shortcut over the accelerator's sub-columns where it gives the same answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generations.query import filter as f
from generations.query import tagged
from generations.query.context import Context
from generations.query.pattern import to_re2
from generations.query.predicate.columns import absent, of_column
from generations.query.predicate.condition import TRUE, Condition, all_of, any_of, negated, settled
from generations.query.predicate.values import Follow, TaggedTests
from generations.query.value import Open, Scalar, Strings, to_tagged


def of_strings(tests: TaggedTests, value: Strings, steps: tuple[str, ...], test: f.Test, path: str) -> Condition:
    """The test on a typed array of strings."""
    match test:
        case f.Equals(str() as wanted) if not steps:
            return Condition(f"has({value.sql}, {tests.context.string(wanted)})")
        case f.OneOf(values, ()) if not steps and values and all(isinstance(v, str) for v in values):
            return Condition(f"hasAny({value.sql}, {tests.context.bind(list(values), 'Array(String)')})")
        case f.Matches(pattern) if not steps:
            name = tagged.fresh()
            return Condition(f"arrayExists({name} -> match({name}, {tests.context.string(to_re2(pattern, path))}), {value.sql})")
        case _:
            return tests.reached(to_tagged(value), steps, test, path)


def of_text(tests: TaggedTests, value: Open, rest: tuple[str, ...], test: f.Test, path: str, *, of_table: bool) -> Condition:
    """The test on what a path into stored text reaches.

    Args:
        of_table: the condition stands over the table itself, so that it may ask the table for the few rows it must look into.
    """
    steps = value.path + rest
    few = _Few(tests.context, of_table=of_table)
    if value.plain and not steps:
        return _of_content(tests, value, value.plain, test, path, few)
    fast = _fast(tests.context, value.stem, steps, test, path) if tests.context.source.fast and value.stem and steps else None
    if fast is None:
        exact = _reached(tests, value.text, steps, test, path)
        return all_of([Condition(f"{value.text} != ''"), exact]) if _matches_no_missing(test) else exact
    if isinstance(test, f.Exists):
        column = _accelerator(value.stem or "", steps)
        exact = _reached(tests, value.text, steps, test, path)
        return any_of([Condition(f"{column} IS NOT NULL"), few.among([f"{column} IS NULL", f"{value.text} != ''"], exact)])
    # The text stands a second time in a column of its own for the records whose accelerator is not exact.
    text = f"{value.stem}_exact"
    return any_of([fast, all_of([Condition(f"{text} != ''"), _reached(tests, text, steps, test, path)])])


@dataclass(frozen=True, slots=True)
class _Few:
    """How the few rows are tested whose text must be read."""

    context: Context
    of_table: bool

    def among(self, kept: Sequence[str], exact: Condition) -> Condition:
        """The exact test, of the rows that are kept: in a subquery, so that the text of the others is not even read."""
        if not self.of_table:
            return all_of([*map(Condition, kept), exact])
        source = self.context.source
        where = " AND ".join([f"project = {self.context.string(source.project)}", *kept, settled(exact)])
        return Condition(f"seq IN (SELECT seq FROM {source.local_table} WHERE {where})")


def _of_content(tests: TaggedTests, value: Open, plain: str, test: f.Test, path: str, few: _Few) -> Condition:
    """The test on whole content: the text column when it is a plain text, the JSON text when it is anything else."""
    string = Scalar(plain, "string", absent="missing")
    as_string = all_of([negated(absent(string)), of_column(tests.context, string, test, path)])
    exact = _reached(tests, value.text, (), test, path)
    if not _matches_no_missing(test):
        return any_of([as_string, all_of([absent(string), exact])])
    # Texts are in their own column, so that of what starts otherwise only lists can hold one.
    others = f"{value.starts} = '['" if _matches_only_strings(test) else f"{value.starts} != ''"
    return any_of([as_string, all_of([Condition(others), few.among([others], exact)])])


def _reached(tests: TaggedTests, text: str, steps: tuple[str, ...], test: f.Test, path: str) -> Condition:
    """The test on all values that a path reaches in stored text.

    Tagging a whole map costs ten times what looking into it does, so only what is found is tagged. On the way a double may
    become an integer, which only `$type` can tell, and an integer beyond 64 bits or a date what it is not: those go the long way.
    """
    if not steps:
        whole = tagged.from_text(text)
        return tests.reached(tagged.canonical(whole) if _compares_containers(test) else whole, (), test, path)
    if _tells_types(test):
        return tests.reached(tagged.from_text(text), steps, test, path)
    careful = f"match({text}, '[0-9]{{19}}|\\\\{{\"\\\\$date\":')"

    def found(follow: Follow) -> str:
        raw = tagged.fresh()
        leaves = follow(f"if({careful}, {tagged.from_text(text)}, {text})", steps)
        return f"arrayMap({raw} -> if({careful}, {raw}, {tagged.from_text(raw)}), {leaves})"

    return tests.among(found, steps, test, path)


def _tells_types(node: f.Test | f.Filter) -> bool:
    """Whether a test tells a double from an equal integer."""
    match node:
        case f.HasType():
            return True
        case f.Tests(parts) | f.AllOf(parts) | f.AnyOf(parts):
            return any(_tells_types(part) for part in parts)
        case f.NotTest(part) | f.Not(part):
            return _tells_types(part)
        case f.ElementMatches(filter, tests):
            return any(_tells_types(part) for part in (filter, tests) if part is not None)
        case f.Leaf(_, test):
            return _tells_types(test)
        case _:
            return False


def _compares_containers(test: f.Test) -> bool:
    """Whether a test compares with an object or list, whose text must be printed as the engine does."""
    match test:
        case f.Equals(wanted) | f.Ordered(_, wanted):
            return isinstance(wanted, list | dict)
        case f.OneOf(values, _):
            return any(isinstance(wanted, list | dict) for wanted in values)
        case _:
            return False


def _matches_only_strings(test: f.Test) -> bool:
    """Whether the test can hold of strings and of lists with strings alone."""
    match test:
        case f.Equals(wanted) | f.Ordered(_, wanted):
            return isinstance(wanted, str)
        case f.OneOf(values, _):
            return all(isinstance(value, str) for value in values)
        case f.Matches():
            return True
        case _:
            return False


def _matches_no_missing(test: f.Test) -> bool:
    """Whether the test can never hold of a missing value, so that records without the text need not be read."""
    match test:
        case f.Equals(wanted) | f.Ordered(_, wanted):
            return wanted is not None
        case f.OneOf(values, _):
            return None not in values
        case _:
            return True


def _fast(context: Context, stem: str | None, steps: tuple[str, ...], test: f.Test, path: str) -> Condition | None:
    """The test on the accelerator's sub-column: right for every record whose map is not odd and has no arrays."""
    if not all(_PLAIN_STEP.fullmatch(step) for step in steps):
        return None
    column = _accelerator(stem or "", steps)
    typed = {
        "string": Scalar(f"{column}.:String", "string"),
        "bool": Scalar(f"{column}.:Bool", "bool"),
        "integer": Scalar(f"{column}.:Int64", "integer"),
        "number": Scalar(f"{column}.:Float64", "number"),
    }
    match test:
        case f.Exists():
            return TRUE
        case f.Equals(wanted) | f.Ordered(_, wanted) if isinstance(wanted, str | bool | int | float):
            return any_of([of_column(context, typed[name], test, path) for name in _classes(wanted)])
        case f.OneOf(values, patterns) if all(isinstance(v, str | bool | int | float) for v in values):
            names = list(dict.fromkeys(name for v in values for name in _classes(v))) or ["string"]
            if patterns and "string" not in names:
                names.append("string")
            return any_of([of_column(context, typed[name], test, path) for name in names])
        case f.Matches():
            return of_column(context, typed["string"], test, path)
        case _:
            return None


_PLAIN_STEP = re.compile(r"(?!\d+$)[^`\\:^@\[\]\0]+")
"""Steps that are no index and mean nothing else in the name of a sub-column."""


def _accelerator(stem: str, steps: tuple[str, ...]) -> str:
    return f"{stem}_paths." + ".".join(f"`{step}`" for step in steps)


def _classes(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["bool"]
    return ["string"] if isinstance(value, str) else ["integer", "number"]
