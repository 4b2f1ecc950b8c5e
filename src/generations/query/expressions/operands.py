"""Operands checked while the query runs: null for null, an error where MongoDB raises one."""

from __future__ import annotations

from collections.abc import Callable

from generations.query import tagged
from generations.query.evaluate import Scope, failure
from generations.query.expression import Constant, Expression

Body = Callable[[str], str]
"""From the name of a checked operand to the SQL made of it."""

INT32 = range(-(2**31), 2**31)


def array_or_null(value: str, complaint: str, body: Body) -> str:
    """Tagged text from an array; null from null and missing, an error from anything else."""
    return tagged.let(value, lambda v: f"if({tagged.is_nullish(v)}, 'null', {failure(f'NOT {tagged.is_array(v)}', complaint, body(v))})")


def array_only(value: str, complaint: str, body: Body) -> str:
    """SQL of any type from an array; an error from anything else, null included."""
    return tagged.let(value, lambda v: failure(f"NOT {tagged.is_array(v)}", complaint, body(v)))


def object_or_null(value: str, complaint: str, body: Body) -> str:
    """Tagged text from an object; null from null and missing, an error from anything else."""
    return tagged.let(value, lambda v: f"if({tagged.is_nullish(v)}, 'null', {failure(f'NOT {tagged.is_object(v)}', complaint, body(v))})")


def whole(scope: Scope, node: Expression, complaint: str, body: Body, within: range = INT32) -> str:
    """SQL from an Int64; an error from what is not a whole number within bounds, null included."""
    known = constant_whole(node, within)
    if known is not None:
        return body(scope.context.bind(known, "Int64"))
    return whole_of(scope.text(node), complaint, body, within)


def whole_of(value: str, complaint: str, body: Body, within: range = INT32) -> str:
    """The same from tagged text."""

    def checked(v: str) -> str:
        number = tagged.to_float(v)
        fits = f"({tagged.is_number(v)} AND {number} = trunc({number}) AND {number} BETWEEN {within[0]} AND {within[-1]})"
        return failure(f"NOT {fits}", complaint, tagged.let(f"toInt64({number})", body))

    return tagged.let(value, checked)


def constant_whole(node: Expression, within: range = INT32) -> int | None:
    """The whole number that a constant is; None when it is none."""
    if isinstance(node, Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return int(node.value) if node.value in within else None
    return None


def mapped(parameter: str, body: str, items: str) -> str:
    """An array of what `body` makes of each item."""
    return f"arrayMap({tagged.function([parameter], body)}, {items})"


def joined(items: str) -> str:
    """An array as tagged text, of an Array(String) of tagged values none of which is missing."""
    return f"concat('[', arrayStringConcat({items}, ','), ']')"
