"""Lists and objects that were flattened into attribute names: `llm.input_messages.0.message.role`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from generations.wire.bounds import LARGEST_INDEX
from generations.wire.payload import Object, as_object

MOST_STEPS: Final = 32
"""In one name. The deepest of the conventions has nine."""


def unflattened(names: Mapping[str, Any]) -> tuple[Any, Object]:
    """The value that the names below one prefix describe: `{"0.role": "user"}` is `[{"role": "user"}]`.

    Lists are built from the indices that occur, in their order, so that an index costs no memory.

    Returns:
        The value, and the names left aside: those with an index above the limit or too many steps, and those that
        contradict another (`0` and `0.role`).
    """
    tree = _Branch()
    aside: Object = {}
    for name, value in names.items():
        if (_MANY_DIGITS.search(name) and not _has_sound_indices(name)) or not _put(tree, name.split("."), value):
            aside[name] = value
    return _listed(tree), aside


class _Branch(dict[str, Any]):
    """An object that the names make, told from objects that are values."""


_MANY_DIGITS = re.compile(r"\d{5}")


def _has_sound_indices(name: str) -> bool:
    return all(len(step) <= len(str(LARGEST_INDEX)) and int(step) <= LARGEST_INDEX for step in name.split(".") if step.isdecimal())


def _put(tree: _Branch, steps: list[str], value: Any) -> bool:
    if len(steps) > MOST_STEPS:
        return False
    holder = tree
    for step in steps[:-1]:
        below = holder.get(step)
        if below is None:
            below = holder[step] = _Branch()
        if type(below) is not _Branch:
            return False
        holder = below
    if steps[-1] in holder:
        return False
    holder[steps[-1]] = value
    return True


def _listed(tree: Any) -> Any:
    if type(tree) is not _Branch:
        return tree
    if tree and all(map(str.isdecimal, tree)):
        return [_listed(tree[step]) for step in sorted(tree, key=int)]
    return {step: _listed(branch) for step, branch in tree.items()}


def nested(names: Mapping[str, Any]) -> Object:
    """Dotted names as objects inside objects, so that a path reaches each value.

    Where a name is both a value and the beginning of another name, the longer one keeps its dots; so does one with
    empty or too many steps.
    """
    found: Object = {}
    for name in sorted(names):
        steps = name.split(".")
        if len(steps) > MOST_STEPS or "" in steps or not _nest(found, steps, names[name]):
            found[name] = names[name]
    return found


def _nest(tree: Object, steps: list[str], value: Any) -> bool:
    holder = tree
    for step in steps[:-1]:
        below: Any = holder.setdefault(step, {})
        if not isinstance(below, dict):
            return False
        holder = as_object(below)
    if steps[-1] in holder:
        return False
    holder[steps[-1]] = value
    return True
