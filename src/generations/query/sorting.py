"""Sort keys of a `$sort`, and the specification itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from generations.query import tagged
from generations.query.context import invalid, pointer, refuse_unsupported
from generations.query.relation import OrderKey, Relation
from generations.query.source import reach
from generations.query.value import Scalar, walkable

Direction = tuple[str, bool]
"""A dotted path and whether it is descending."""

MOST_KEYS = 32
"""As many fields as MongoDB sorts by."""


def parse_sort(raw: Any, path: str) -> list[Direction]:
    """Read `{"timestamp": -1}`, or a list of (path, direction)."""
    if isinstance(raw, Mapping):
        pairs = list(cast("Mapping[Any, Any]", raw).items())
    elif isinstance(raw, list | tuple) and all(
        isinstance(item, list | tuple) and len(cast("list[Any]", item)) == 2 for item in cast("list[Any]", raw)
    ):
        pairs = [tuple(item) for item in cast("list[Any]", raw)]
    else:
        raise invalid("a sort is an object of paths and directions", path, 'write {"timestamp": -1}')
    if not pairs or len(pairs) > MOST_KEYS:
        raise invalid(f"a sort names 1 to {MOST_KEYS} fields", path)
    out: list[Direction] = []
    for name, direction in pairs:
        at = pointer(path, name)
        if not isinstance(name, str) or not all(name.split(".")) or name.startswith("$"):
            raise invalid(f"{name!r} is not a path", at)
        if isinstance(direction, Mapping):
            raise refuse_unsupported("sorting by $meta", "there is no text search", at)
        if isinstance(direction, bool) or direction not in (1, -1):
            raise invalid(f"{direction!r} is not a direction", at, "1 is ascending, -1 descending")
        out.append((name, direction == -1))
    return out


def order_keys(relation: Relation, directions: list[Direction], path: str, *, tagged_only: bool = False) -> tuple[OrderKey, ...]:
    """The keys of a sort over the documents of a relation.

    Args:
        tagged_only: all keys of type `tagged.KEY_TYPE`, none as its typed column.
    """
    return tuple(_key(relation, name, descending, pointer(path, name), tagged_only) for name, descending in directions)


def _key(relation: Relation, name: str, descending: bool, path: str, tagged_only: bool) -> OrderKey:
    target, rest = reach(relation.root, tuple(name.split(".")), path)
    if isinstance(target, Scalar) and not tagged_only:
        # Where NULLs are told a place, the engine puts NaN between them and the numbers, as MongoDB does.
        return OrderKey(target.sql, descending, target.nullable or target.type == "number")
    return OrderKey(_of_leaves(tagged.leaves(walkable(target, rest), rest), descending), descending)


def _of_leaves(leaves: str, descending: bool) -> str:
    """The least (greatest) of the values and of the elements of arrays; an empty array is below null, which missing is too."""
    v, x = tagged.fresh(), tagged.fresh()
    null = "(toUInt8(1), 0., toInt64(0), '')"
    empty = "(toUInt8(0), 0., toInt64(0), '')"
    inside = f"arrayMap({x} -> {tagged.sort_key(x)}, {tagged.elements(v)})"
    keys = f"multiIf({v} = '', [[{null}]], {v} = '[]', [[{empty}]], {tagged.is_array(v)}, {inside}, [{tagged.sort_key(v)}])"
    gathered = f"arrayMap({v} -> {keys}, {leaves})"
    y, z = tagged.fresh(), tagged.fresh()
    joined = f"arrayFold(({y}, {z}) -> arrayConcat({y}, {z}), {gathered}, CAST([] AS Array({tagged.KEY_TYPE})))"
    return tagged.let(f"arraySort({joined})", lambda s: f"if(empty({s}), [{null}], {s}[{-1 if descending else 1}])")
