"""Projections: what is kept, left out or computed, in `find`, `$project`, `$addFields` and `$unset`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .expressions import evaluate
from .match import first_match
from .values import INT32, MISSING, MongoError, fits, is_number, is_true, is_whole, need


@dataclass(frozen=True)
class Computed:
    expression: Any


@dataclass(frozen=True)
class Slice:
    skip: int | None
    limit: int


@dataclass(frozen=True)
class ElemMatch:
    condition: dict[str, Any]


@dataclass(frozen=True)
class Positional:
    """The element of the first array on the path that the filter was satisfied at."""


Leaf = bool | Computed | Slice | ElemMatch | Positional
Tree = dict[str, Any]  # name -> Leaf or Tree


@dataclass(frozen=True)
class Projection:
    """`include` says that fields not named are left out."""

    include: bool
    tree: Tree

    def apply(self, doc: dict[str, Any], index: int | None = None) -> dict[str, Any]:
        kept = _include(self.tree, doc, index) if self.include else _exclude(self.tree, doc, index)
        return _present(_compute(self.tree, kept, doc))


def parse_projection(spec: Any, for_find: bool = False) -> Projection:
    need(isinstance(spec, dict) and len(spec) > 0, "a projection names one field at least", 51272)
    tree: Tree = {}
    for path, item in spec.items():
        positional = for_find and path.endswith(".$")
        names = check_path(path.removesuffix(".$") if positional else path)
        _insert(tree, names, Positional() if positional else _parse_item(item, for_find))
    own_id = tree.get("_id", MISSING)
    include = _is_inclusion([leaf for name, node in tree.items() if name != "_id" for leaf in _leaves(node)], own_id)
    if include:
        tree.setdefault("_id", True)
        if own_id is False:
            del tree["_id"]
    return Projection(include, tree)


def parse_added_fields(spec: Any) -> Tree:
    """The tree of `$addFields`: every leaf is computed."""
    need(isinstance(spec, dict) and len(spec) > 0, "$addFields names one field at least", 40272)
    tree: Tree = {}
    for path, item in spec.items():
        _insert(tree, check_path(path), _parse_added(item))
    return tree


def add_fields(tree: Tree, doc: dict[str, Any]) -> dict[str, Any]:
    return _compute(tree, doc, doc)


def check_path(path: str) -> list[str]:
    names = path.split(".")
    need("" not in names, f"{path!r} is not a path: a name is empty", 15998)
    need(not any(name.startswith("$") for name in names), f"{path!r} is not a path: a name starts with '$'", 16410)
    return names


def _insert(tree: Tree, names: list[str], node: Any) -> None:
    for name in names[:-1]:
        tree = tree.setdefault(name, {})
        need(isinstance(tree, dict), f"path collision at {'.'.join(names)}", 31249)
    last = names[-1]
    if isinstance(node, dict) and isinstance(tree.get(last), dict):
        for name, child in node.items():
            _insert(tree[last], [name], child)
        return
    need(last not in tree, f"path collision at {'.'.join(names)}", 31250)
    tree[last] = node


def _parse_item(item: Any, for_find: bool) -> Any:
    if isinstance(item, bool) or is_number(item):
        return is_true(item)
    if isinstance(item, dict):
        if not item:
            raise MongoError("an empty sub-projection is not a valid value", 51270)
        if for_find and set(item) == {"$slice"} and _is_find_slice(item["$slice"]):
            return _parse_slice(item["$slice"])
        if for_find and set(item) == {"$elemMatch"}:
            need(isinstance(item["$elemMatch"], dict), "$elemMatch needs an object", 31274)
            return ElemMatch(item["$elemMatch"])
        if not any(name.startswith("$") for name in item):
            tree: Tree = {}
            for path, child in item.items():
                _insert(tree, check_path(path), _parse_item(child, for_find))
            return tree
    return Computed(item)


def _parse_added(item: Any) -> Any:
    if isinstance(item, dict) and item and not any(name.startswith("$") for name in item):
        tree: Tree = {}
        for path, child in item.items():
            _insert(tree, check_path(path), _parse_added(child))
        return tree
    return Computed(item)


def _is_find_slice(operand: Any) -> bool:
    return not isinstance(operand, list) or (len(operand) == 2 and is_number(operand[0]))


def _parse_slice(operand: Any) -> Slice:
    numbers = operand if isinstance(operand, list) else [operand]
    need(all(is_number(number) and is_whole(number) and fits(number, INT32) for number in numbers), "$slice takes whole numbers", 28667)
    if len(numbers) == 1:
        return Slice(None, int(numbers[0]))
    need(numbers[1] > 0, "$slice limit must be positive", 28724)
    return Slice(int(numbers[0]), int(numbers[1]))


def _leaves(node: Any) -> Iterator[Leaf]:
    if isinstance(node, dict):
        for child in node.values():
            yield from _leaves(child)
    else:
        yield node


def _is_inclusion(leaves: list[Leaf], own_id: Any) -> bool:
    """Inclusion and exclusion do not mix, but for `_id`; `$slice` alone leaves the other fields in."""
    excludes = any(leaf is False for leaf in leaves)
    includes = any(leaf is True or isinstance(leaf, Computed | Positional) for leaf in leaves)
    need(not (excludes and includes), "cannot mix inclusion and exclusion in one projection", 31254)
    if excludes or includes:
        need(not (excludes and isinstance(own_id, Computed)), "cannot compute in an exclusion", 31252)
        return includes
    if own_id is not MISSING and (own_id is not False or not leaves):
        return own_id is not False
    return any(isinstance(leaf, ElemMatch) for leaf in leaves)


def _present(value: Any) -> Any:
    """Without the places that were kept for what might be computed there."""
    if isinstance(value, dict):
        return {name: _present(item) for name, item in value.items() if item is not MISSING}
    return [_present(item) for item in value] if isinstance(value, list) else value


def _include(tree: Tree, doc: dict[str, Any], index: int | None) -> dict[str, Any]:
    """The fields that are named, in the document's order; one that is dropped keeps its place, it may be computed anew."""
    wanted = {name: node for name, node in tree.items() if not isinstance(node, Computed)}
    return {name: _include_node(wanted[name], value, index) for name, value in doc.items() if name in wanted}


def _include_node(node: Any, value: Any, index: int | None) -> Any:
    match node:
        case True:
            return value
        case False:
            return MISSING
        case dict():
            return _include_below(node, value, index)
        case _:
            return _find_only(node, value, index)


def _include_below(tree: Tree, value: Any, index: int | None) -> Any:
    """Scalars have no fields and are dropped, also from arrays; an element keeps its place where something is computed below."""
    if isinstance(value, dict):
        return _include(tree, value, index)
    if isinstance(value, list):
        if any(isinstance(leaf, Positional) for leaf in _leaves(tree)):
            return _element(value, index)
        kept = [_include_below(tree, element, index) for element in value]
        return kept if _computes(tree) else [element for element in kept if element is not MISSING]
    return MISSING


def _exclude(tree: Tree, value: Any, index: int | None) -> Any:
    if isinstance(value, list):
        return [_exclude(tree, element, index) for element in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _exclude_node(tree[name], item, index) if name in tree else item for name, item in value.items()}
    return {name: item for name, item in kept.items() if item is not MISSING}


def _exclude_node(node: Any, value: Any, index: int | None) -> Any:
    match node:
        case True:
            return value
        case False:
            return MISSING
        case dict():
            return _exclude(node, value, index)
        case _:
            return _find_only(node, value, index)


def _find_only(node: Leaf, value: Any, index: int | None) -> Any:
    match node:
        case Slice(skip, limit) if isinstance(value, list):
            return _sliced(value, skip, limit)
        case ElemMatch(condition):
            found = first_match(condition, value) if isinstance(value, list) else None
            return MISSING if found is None else [value[found]]
        case Positional() if isinstance(value, list):
            return _element(value, index)
        case _:
            return value


def _sliced(array: list[Any], skip: int | None, limit: int) -> list[Any]:
    if skip is None:
        return array[:limit] if limit >= 0 else array[limit:]
    begin = skip if skip >= 0 else max(len(array) + skip, 0)
    return array[begin : begin + limit]


def _element(array: list[Any], index: int | None) -> Any:
    if index is None:
        raise MongoError("the positional projection needs a filter on an array", 51246)
    return [array[index]] if index < len(array) else MISSING


def _computes(node: Any) -> bool:
    return any(isinstance(leaf, Computed) for leaf in _leaves(node))


def _compute(tree: Tree, value: Any, root: dict[str, Any]) -> Any:
    """Set the computed fields, in every element of an array; what is not an object becomes one."""
    if isinstance(value, list):
        return [_compute(tree, element, root) for element in value]
    result = dict(value) if isinstance(value, dict) else {}
    for name, node in tree.items():
        if isinstance(node, Computed):
            computed = evaluate(node.expression, root)
            if computed is MISSING:
                result.pop(name, None)
            else:
                result[name] = computed
        elif _computes(node):
            result[name] = _compute(node, result.get(name, MISSING), root)
    return result
