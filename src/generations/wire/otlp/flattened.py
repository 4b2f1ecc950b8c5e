"""Lists and objects that were flattened into attribute names: `llm.input_messages.0.message.role`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from generations.wire.otlp.bounds import LARGEST_INDEX
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
    tree: Object = {}
    aside: Object = {}
    for name, value in names.items():
        steps = name.split(".")
        if len(steps) > MOST_STEPS or not all(map(_is_sound, steps)) or not _put(tree, steps, value):
            aside[name] = value
    return _listed(tree), aside


class _Leaf:
    """A value that was sent, told from the objects that the names make."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _is_sound(step: str) -> bool:
    return not step.isdecimal() or (len(step) <= len(str(LARGEST_INDEX)) and int(step) <= LARGEST_INDEX)


def _put(tree: Object, steps: list[str], value: Any) -> bool:
    holder = tree
    for step in steps[:-1]:
        below: Any = holder.setdefault(step, {})
        if isinstance(below, _Leaf):
            return False
        holder = below
    if steps[-1] in holder:
        return False
    holder[steps[-1]] = _Leaf(value)
    return True


def _listed(tree: Any) -> Any:
    if isinstance(tree, _Leaf):
        return tree.value
    branches = as_object(tree)
    if branches and all(step.isdecimal() for step in branches):
        return [_listed(branches[step]) for step in sorted(branches, key=int)]
    return {step: _listed(branch) for step, branch in branches.items()}


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
