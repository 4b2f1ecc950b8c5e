"""Projections, parsed: which fields are kept, dropped and computed (`$project`, `$addFields`, `$unset`, a find's projection)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from generations.query.context import MAX_DEPTH, invalid, pointer
from generations.query.expression import Expression, parse_expression
from generations.query.filter import ElementMatches, parse_test

Mode = Literal["include", "exclude", "add"]


@dataclass(frozen=True, slots=True)
class Keep:
    """The field as it is."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Without the field."""


@dataclass(frozen=True, slots=True)
class Compute:
    """The value of an expression over the whole document."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Part:
    """`$slice` of a find's projection: `skip` from the start (from the end when negative), at most `count`."""

    skip: int
    count: int


@dataclass(frozen=True, slots=True)
class FirstElement:
    """The first element of an array that satisfies a test."""

    test: ElementMatches


@dataclass(frozen=True, slots=True)
class Matched:
    """`a.$`: of the first array on the path, the element by which the filter matched."""


@dataclass(frozen=True, slots=True)
class Below:
    """A shape for the fields of an object, or of each object of an array."""

    fields: Mapping[str, Node]


Node = Keep | Drop | Compute | Part | FirstElement | Matched | Below


@dataclass(frozen=True, slots=True)
class Projection:
    """A whole projection; in mode `include` other fields are dropped, in the other modes they stay."""

    mode: Mode
    fields: Below
    path: str


def parse_projection(raw: Any, path: str) -> Projection:
    """Read `$project` or the projection of a find; `$slice`, `$elemMatch` and `a.$` of a find work in both.

    Raises:
        InvalidQuery: inclusion and exclusion are mixed, paths collide, or a value is none of a projection.
    """
    if isinstance(raw, list | tuple) and all(isinstance(name, str) for name in cast("list[Any]", raw)):
        raw = dict.fromkeys(cast("list[str]", raw), 1)
    if not isinstance(raw, Mapping) or not raw:
        raise invalid("a projection is an object or a list that names at least one field", path, 'write {"model.id": 1}')
    tree: dict[str, Any] = {}
    for name, value in cast("Mapping[Any, Any]", raw).items():
        at = pointer(path, name)
        node = _node(value, at, 0)
        positional = isinstance(name, str) and name.endswith(".$")
        if positional and not isinstance(node, Keep):
            raise invalid("a positional projection is an inclusion", at, f'write {{"{name}": 1}}')
        _insert(tree, _steps(name[:-2] if positional else name, at), Matched() if positional else node, at)
    below = _freeze(tree)
    return Projection(_mode(below, path), below, path)


def computes(node: Node) -> bool:
    """Whether any field of a shape is computed."""
    return isinstance(node, Compute) or (isinstance(node, Below) and any(computes(inner) for inner in node.fields.values()))


def parse_additions(raw: Any, path: str, stage: str) -> Projection:
    """Read `$addFields` or `$set`."""
    if not isinstance(raw, Mapping) or not raw:
        raise invalid(f"{stage} is an object that names at least one field", path)
    tree: dict[str, Any] = {}
    for name, value in cast("Mapping[Any, Any]", raw).items():
        at = pointer(path, name)
        _insert(tree, _steps(name, at), _addition(value, at, 0), at)
    return Projection("add", _freeze(tree), path)


def additions(nodes: Mapping[str, Node], path: str) -> Projection:
    """Nodes that are added at dotted paths."""
    tree: dict[str, Any] = {}
    for name, node in nodes.items():
        _insert(tree, _steps(name, path), node, path)
    return Projection("add", _freeze(tree), path)


def parse_unset(raw: Any, path: str) -> Projection:
    """Read `$unset`: one path or a list of paths."""
    names = cast("list[Any]", raw) if isinstance(raw, list | tuple) else [raw]
    if not names or not all(isinstance(name, str) for name in names):
        raise invalid("$unset takes a path or a list of paths", path)
    tree: dict[str, Any] = {}
    for name in names:
        _insert(tree, _steps(name, path), Drop(), path)
    return Projection("exclude", _freeze(tree), path)


def _steps(name: Any, path: str) -> list[str]:
    if not isinstance(name, str):
        raise invalid(f"a field is named by a string, not {type(name).__name__}", path)
    steps = name.split(".")
    if not all(steps):
        raise invalid(f"{name!r} is not a path", path, "steps are joined by single dots")
    for step in steps:
        if step.startswith("$"):
            raise invalid(f"{name!r} is not a path", path, "field names do not start with $")
    return steps


def _node(value: Any, path: str, depth: int) -> Node | dict[str, Any]:
    if depth > MAX_DEPTH:
        raise invalid(f"the projection nests deeper than {MAX_DEPTH} levels", path)
    if isinstance(value, bool | int | float):
        return Keep() if value else Drop()
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        if not fields:
            raise invalid("an empty object is no projection", path)
        first = next(iter(fields))
        if first in ("$slice", "$elemMatch") and len(fields) == 1:
            found = _find_operator(str(first), fields[first], path)
            if found is not None:
                return found
        if not str(first).startswith("$"):
            tree: dict[str, Any] = {}
            for name, inner in fields.items():
                at = pointer(path, name)
                _insert(tree, _steps(name, at), _node(inner, at, depth + 1), at)
            return tree
    return Compute(parse_expression(value, path))


def _find_operator(op: str, value: Any, path: str) -> Node | None:
    at = pointer(path, op)
    if op == "$elemMatch":
        test = parse_test({op: value}, path)
        assert isinstance(test, ElementMatches)
        return FirstElement(test)
    numbers = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
        return None
    if len(numbers) == 1:
        count = numbers[0]
        return Part(min(count, 0), abs(count))
    if len(numbers) == 2 and numbers[1] > 0:
        return Part(numbers[0], numbers[1])
    raise invalid("$slice takes a count, or [skip, count] with a positive count", at)


def _addition(value: Any, path: str, depth: int) -> Node | dict[str, Any]:
    if depth > MAX_DEPTH:
        raise invalid(f"the object nests deeper than {MAX_DEPTH} levels", path)
    if isinstance(value, Mapping) and value and not any(str(k).startswith("$") for k in cast("Mapping[Any, Any]", value)):
        tree: dict[str, Any] = {}
        for name, inner in cast("Mapping[Any, Any]", value).items():
            at = pointer(path, name)
            if "." in str(name):
                raise invalid(f"{name!r}: a key inside a value has no dots", at, "write the whole path at the top")
            _insert(tree, _steps(name, at), _addition(inner, at, depth + 1), at)
        return tree
    return Compute(parse_expression(value, path))


def _insert(tree: dict[str, Any], steps: list[str], node: Any, path: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):  # pyright: ignore[reportUnnecessaryIsInstance] - a node stands there
            raise invalid("the path collides with another one of the projection", path)
    last = steps[-1]
    if last in tree:
        if not isinstance(node, dict) or not isinstance(tree[last], dict):
            raise invalid("the path collides with another one of the projection", path)
        for name, inner in cast("dict[str, Any]", node).items():
            _insert(tree[last], [name], inner, path)
    else:
        tree[last] = node


def _freeze(tree: dict[str, Any]) -> Below:
    return Below({name: _freeze(cast("dict[str, Any]", node)) if isinstance(node, dict) else node for name, node in tree.items()})


def _mode(below: Below, path: str) -> Mode:
    """Inclusion or exclusion, told by any field but `_id`."""
    kinds = {kind for name, node in below.fields.items() for kind in _kinds(node, name == "_id")}
    if {"include", "exclude"} <= kinds:
        raise invalid("inclusion and exclusion cannot be mixed", path, "only `_id` may be dropped from an inclusion")
    if "exclude" in kinds:
        return "exclude"
    only_id_kept = isinstance(below.fields.get("_id"), Keep)
    return "include" if kinds or only_id_kept else "exclude"


def _kinds(node: Node, is_id: bool) -> list[str]:
    match node:
        case Keep():
            return [] if is_id else ["include"]
        case Drop():
            return [] if is_id else ["exclude"]
        case Compute() | Matched():
            return ["include"]
        case FirstElement():
            return ["include if nothing else"]
        case Part():
            return []
        case Below(fields):
            return [kind for inner in fields.values() for kind in _kinds(inner, False)]
