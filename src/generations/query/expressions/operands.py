"""Operands checked while the query runs: null for null, an error where MongoDB raises one."""

from __future__ import annotations

from collections.abc import Callable

from generations.query import tagged
from generations.query.evaluate import Scope, failure
from generations.query.expression import Constant, Expression

Body = Callable[[str], str]
"""From the name of a checked operand to the SQL made of it."""

INT32 = range(-(2**31), 2**31)


def array_only(value: str, complaint: str, body: Body) -> str:
    """SQL of any type from an array; an error from anything else, null included."""
    return tagged.let(value, lambda v: failure(f"NOT {tagged.is_array(v)}", complaint, body(v)))


def array_or_null(value: str, complaint: str, body: Body) -> str:
    """Tagged text from an array; null from null and missing, an error from anything else."""
    return tagged.let(value, lambda v: f"if({tagged.is_nullish(v)}, 'null', {array_only(v, complaint, body)})")


def object_or_null(value: str, complaint: str, body: Body) -> str:
    """Tagged text from an object; null from null and missing, an error from anything else."""
    return tagged.let(value, lambda v: f"if({tagged.is_nullish(v)}, 'null', {failure(f'NOT {tagged.is_object(v)}', complaint, body(v))})")


def arrays_or_null(values: list[str], complaint: str, body: Callable[[list[str]], str]) -> str:
    """Tagged text from arrays, read in order: the first that is null or missing gives null, what is no array an error."""

    def rest(left: list[str], names: list[str]) -> str:
        if not left:
            return body(names)
        return array_or_null(left[0], complaint, lambda v: rest(left[1:], [*names, v]))

    return rest(values, [])


def arrays_only(values: list[str], complaint: str, body: Callable[[list[str]], str]) -> str:
    """SQL of any type from arrays; an error when one is anything else, null included."""

    def rest(left: list[str], names: list[str]) -> str:
        if not left:
            return body(names)
        return array_only(left[0], complaint, lambda v: rest(left[1:], [*names, v]))

    return rest(values, [])


def unless_null(values: list[str], body: Callable[[list[str]], str]) -> str:
    """Tagged text from values none of which is null or missing; null otherwise."""

    def rest(left: list[str], names: list[str]) -> str:
        if left:
            return tagged.let(left[0], lambda v: rest(left[1:], [*names, v]))
        return f"if({' OR '.join(tagged.is_nullish(name) for name in names)}, 'null', {body(names)})"

    return rest(values, [])


def whole(scope: Scope, node: Expression, complaint: str, body: Body, within: range = INT32) -> str:
    """SQL from a whole number within bounds, an Int64; an error from anything else, null included."""
    known = known_whole(scope, node, within)
    return body(known) if known else whole_of(scope.text(node), complaint, body, within)


def whole_of(value: str, complaint: str, body: Body, within: range = INT32) -> str:
    """The same from tagged text."""

    def checked(v: str) -> str:
        number = tagged.to_float(v)
        fits = f"({tagged.is_number(v)} AND {number} = trunc({number}) AND {number} BETWEEN {within[0]} AND {within[-1]})"
        return failure(f"NOT {fits}", complaint, tagged.let(f"toInt64({number})", body))

    return tagged.let(value, checked)


def known_whole(scope: Scope, node: Expression, within: range = INT32) -> str | None:
    """The bound Int64 of a constant that is a whole number within bounds; None of any other expression."""
    value = node.value if isinstance(node, Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # a float is not looked up in a range, for Python would walk through it
    is_whole = isinstance(value, int) or value.is_integer()
    return scope.context.bind(int(value), "Int64") if is_whole and int(value) in within else None


def mapped(parameter: str, body: str, items: str) -> str:
    """An array of what `body` makes of each item."""
    return f"arrayMap({tagged.function([parameter], body)}, {items})"


def joined(items: str) -> str:
    """An array as tagged text, of an Array(String) of tagged values none of which is missing."""
    return f"concat('[', arrayStringConcat({items}, ','), ']')"
