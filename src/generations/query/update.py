"""Updates: `$set`, `$unset`, `$inc`, `$push`, `$addToSet`, `$pull`, `$min` and `$max` on one record.

`parse_update` checks everything that does not depend on a record; `apply_update` makes the new record, which
the store validates and writes as a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, assert_never, cast

from generations.query.constants import Pattern, constant, instant_of
from generations.query.context import invalid, pointer, refuse_unknown_field, refuse_unknown_operator, refuse_unsupported
from generations.query.matching import MISSING, Test, compare, element_test, equal, in_order
from generations.query.operators import UPDATES
from generations.record.fields import BY_PATH, FIELDS, OBJECTS

if TYPE_CHECKING:
    from generations.errors import InvalidQuery

REFUSED_UPDATES: Final[dict[str, str]] = {
    "$rename": "$set the new field and $unset the old one",
    "$mul": "read the value and $set the product",
    "$bit": "bit arithmetic is not offered",
    "$currentDate": "$set the instant; the store keeps `updatedAt`",
    "$setOnInsert": "an update never inserts",
    "$pop": "use $push with $each: [] and $slice",
    "$pullAll": "use $pull with $in",
    "$pushAll": "use $push with $each",
}

IMMUTABLE: Final = ("id", "createdAt", "updatedAt")
MODIFIERS: Final = ("$each", "$position", "$slice", "$sort")
LONGEST_PADDING: Final = 1_500_000
"""Elements that setting an index may add before it; MongoDB's own bound."""

_ALTERNATIVE: Final = ("content", "tokens", "score", "finishReason", "feedback")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class SetTo:
    """`$set`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Unset:
    """`$unset`; an element of an array becomes null, so that the others keep their places."""


@dataclass(frozen=True, slots=True)
class Increment:
    """`$inc`."""

    by: int | float


@dataclass(frozen=True, slots=True)
class Bound:
    """`$min` and `$max`: the value replaces what is on the other side of it in BSON order (`sign` -1 and 1)."""

    value: Any
    sign: int


@dataclass(frozen=True, slots=True)
class Push:
    """`$push`: insert at a position (None is the end), then sort, then keep `slice` from the start or, below 0, the end."""

    values: list[Any]
    position: int | None = None
    sort: int | dict[str, int] | None = None
    slice: int | None = None


@dataclass(frozen=True, slots=True)
class AddToSet:
    """`$addToSet`."""

    values: list[Any]


@dataclass(frozen=True, slots=True)
class Pull:
    """`$pull`."""

    goes: Test = field(compare=False)


Action = SetTo | Unset | Increment | Bound | Push | AddToSet | Pull


@dataclass(frozen=True, slots=True)
class Change:
    """One action at one path; `pointer` is its place in the update."""

    path: tuple[str, ...]
    action: Action
    pointer: str


@dataclass(frozen=True, slots=True)
class Update:
    """An update whose paths exist and do not collide."""

    changes: tuple[Change, ...]


def parse_update(update: Mapping[str, Any]) -> Update:
    """Read an update and check what can be checked without a record.

    Instants may be ISO 8601 texts where the field is an instant.

    Raises:
        UnknownOperator: no update operator; the hint names the nearest.
        UnknownField: a path that no record can have.
        Unsupported: an operator or path that MongoDB knows and this store refuses.
        InvalidQuery: anything else; two paths of which one contains the other, an immutable field, a wrong operand.
    """
    if isinstance(update, list | tuple):
        raise refuse_unsupported("a pipeline as an update", "use $set and its like", "")
    if not isinstance(update, Mapping) or not update:  # pyright: ignore[reportUnnecessaryIsInstance] - callers pass anything
        raise invalid("an update is an object of operators", "", 'write {"$set": {"metadata.reviewed": true}}')
    changes: list[Change] = []
    for operator, fields in update.items():
        where = pointer("", operator)
        _check_operator(operator, where)
        if not isinstance(fields, Mapping):
            raise invalid(f"{operator} takes an object of paths and values", where)
        for path, operand in cast("Mapping[Any, Any]", fields).items():
            here = pointer(where, path)
            names = _checked_path(path, here)
            changes.append(Change(names, _action(operator, names, operand, here), here))
    _refuse_collisions(changes)
    return Update(tuple(changes))


def apply_update(update: Update, document: Mapping[str, Any]) -> dict[str, Any]:
    """The record that an update makes of one, as reads return records; what is not touched is shared, nothing is mutated.

    An update without effect gives an equal record.

    Raises:
        InvalidQuery: the record has no place for a change: a parent that is not an object, an array that is none, a
            number that is none. The pointer says which change, the message what stands there.
    """
    result: Any = dict(document)
    for change in update.changes:
        result = _changed(result, change, 0)
    return result


def _check_operator(operator: Any, where: str) -> None:
    if not isinstance(operator, str) or not operator.startswith("$"):
        hint = "put the fields under $set; to replace a record, insert it again"
        raise invalid(f"{operator!r} is not an update operator", where, hint)
    if operator in REFUSED_UPDATES:
        raise refuse_unsupported(operator, REFUSED_UPDATES[operator], where)
    if operator not in UPDATES:
        raise refuse_unknown_operator(operator, UPDATES, where, "update operator")


def _checked_path(path: Any, where: str) -> tuple[str, ...]:
    """The names of a path that a record can have and an update may change."""
    if not isinstance(path, str) or not path or "" in path.split("."):
        raise invalid(f"{path!r} is not a path", where, "a path is names with dots between them")
    names = tuple(path.split("."))
    if any(name == "$" or name.startswith("$[") for name in names):
        raise refuse_unsupported("a position of what matched", "name the index, as in `metadata.steps.0`", where)
    if any(name.startswith("$") for name in names):
        raise invalid(f"{path!r} has a name that starts with '$', which a path cannot reach", where)
    if names[0] in IMMUTABLE:
        kept = "it identifies the record" if names[0] == "id" else "the store keeps it"
        raise invalid(f"{names[0]!r} cannot be changed: {kept}", where)
    if not _can_exist(names):
        raise refuse_unknown_field(path, [*BY_PATH, *OBJECTS], where)
    return names


def _can_exist(names: tuple[str, ...]) -> bool:
    for length in range(len(names), 0, -1):
        prefix, rest = ".".join(names[:length]), names[length:]
        known = BY_PATH.get(prefix)
        if known is None:
            if prefix in OBJECTS:
                return not rest
            continue
        match known.type:
            case "map" | "json":
                return True
            case "strings":
                return not rest or (len(rest) == 1 and rest[0].isdecimal())
            case "alternatives":
                return not rest or (rest[0].isdecimal() and _can_exist_in_alternative(rest[1:]))
            case "string" | "integer" | "number" | "instant":
                return not rest
            case _:
                assert_never(known.type)
    return False


def _can_exist_in_alternative(names: tuple[str, ...]) -> bool:
    if not names or names[0] == "content":
        return True
    if names[0] == "feedback":
        return _can_exist(names)
    return names[0] in _ALTERNATIVE and len(names) == 1


def _action(operator: str, names: tuple[str, ...], operand: Any, where: str) -> Action:
    match operator:
        case "$set":
            return SetTo(_value(operand, names, where))
        case "$unset":
            return Unset()
        case "$inc":
            by = constant(operand, where)
            if not _is_number(by):
                raise invalid("$inc takes a number", where)
            return Increment(by)
        case "$min":
            return Bound(_value(operand, names, where), -1)
        case "$max":
            return Bound(_value(operand, names, where), 1)
        case "$push":
            return _push(names, operand, where)
        case "$addToSet":
            given, values = _given(names, operand, where)
            if extra := [name for name in given if name != "$each"]:
                raise invalid(f"$addToSet knows no {extra[0]}", pointer(where, extra[0]))
            return AddToSet(values)
        case _:
            return Pull(element_test(operand, where))


def _push(names: tuple[str, ...], operand: Any, where: str) -> Push:
    given, values = _given(names, operand, where)
    for modifier in ("$position", "$slice"):
        if modifier in given and not _is_whole(given[modifier]):
            raise invalid(f"{modifier} takes a whole number", pointer(where, modifier))
    position, kept = given.get("$position"), given.get("$slice")
    return Push(
        values,
        position=None if position is None else int(position),
        sort=_sort(given["$sort"], pointer(where, "$sort")) if "$sort" in given else None,
        slice=None if kept is None else int(kept),
    )


def _given(names: tuple[str, ...], operand: Any, where: str) -> tuple[dict[str, Any], list[Any]]:
    """The modifiers and the values of `$push` and `$addToSet`: one value, or those of `$each`."""
    value = constant(operand, where)
    modifiers = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if not any(name.startswith("$") for name in modifiers):
        return {}, [_value(operand, names, where)]
    for name in modifiers:
        if name not in MODIFIERS:
            raise refuse_unknown_operator(name, MODIFIERS, pointer(where, name), "modifier")
    if not isinstance(modifiers.get("$each"), list):
        raise invalid("modifiers need $each with a list of values", where)
    each = cast("list[Any]", modifiers["$each"])
    return modifiers, [_value(item, names, pointer(where, "$each")) for item in each]


def _sort(operand: Any, where: str) -> int | dict[str, int]:
    match operand:
        case int() | float() if _is_number(operand) and operand in (1, -1):
            return int(operand)
        case dict() if operand:
            directions = cast("dict[str, Any]", operand)
            if all(_is_number(direction) and direction in (1, -1) for direction in directions.values()):
                return {path: int(direction) for path, direction in directions.items()}
        case _:
            pass
    raise invalid("$sort takes 1, -1, or an object of paths with 1 or -1", where)


def _value(operand: Any, names: tuple[str, ...], where: str) -> Any:
    """A value as a record holds it: wrappers opened, ISO texts of instant fields as datetimes."""
    value = constant(operand, where)
    _refuse_patterns(value, where)
    path = ".".join(names)
    for known in FIELDS:
        if known.type == "instant" and (known.path == path or known.path.startswith(path + ".")):
            value = _with_instant(value, known.path[len(path) + 1 :], where)
    return value


def _with_instant(value: Any, name: str, where: str) -> Any:
    if name and isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {**members, name: _with_instant(members[name], "", pointer(where, name))} if name in members else members
    if name or not isinstance(value, str):
        return value
    found = instant_of(value)
    if found is None:
        raise invalid(f"{value!r} is not an instant", where, 'write it as "2024-06-15T12:30:45Z"')
    return found


def _refuse_patterns(value: Any, where: str) -> None:
    match value:
        case Pattern():
            raise invalid("a record cannot hold a regular expression", where)
        case dict():
            for name, item in cast("dict[str, Any]", value).items():
                _refuse_patterns(item, pointer(where, name))
        case list():
            for index, item in enumerate(cast("list[Any]", value)):
                _refuse_patterns(item, pointer(where, index))
        case _:
            pass


def _refuse_collisions(changes: list[Change]) -> None:
    for place, change in enumerate(changes):
        for other in changes[:place]:
            length = min(len(change.path), len(other.path))
            if change.path[:length] == other.path[:length]:
                one, another = ".".join(change.path), ".".join(other.path)
                raise invalid(f"{one!r} and {another!r} cannot be changed by one update", change.pointer, "one contains the other")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _changed(value: Any, change: Change, depth: int) -> Any:
    """The value with the change made below it; `MISSING` where nothing was and nothing is made."""
    if depth == len(change.path):
        return _acted(change, value)
    name = change.path[depth]
    creates = not isinstance(change.action, Unset | Pull)
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            child = _changed(members.get(name, MISSING), change, depth + 1)
            if child is not MISSING:
                return {**members, name: child}
            return {key: item for key, item in members.items() if key != name}
        case list():
            return _changed_list(cast("list[Any]", value), change, depth, creates=creates)
        case _ if value is MISSING:
            return {name: _changed(MISSING, change, depth + 1)} if creates else MISSING
        case _:
            if creates:
                raise _no_place(change, depth, value)
            return value


def _changed_list(items: list[Any], change: Change, depth: int, *, creates: bool) -> list[Any]:
    name = change.path[depth]
    index = int(name) if name.isdecimal() and str(int(name)) == name else None
    if index is None or (index >= len(items) and not creates):
        if creates:
            raise _no_place(change, depth, items)
        return items
    if index > len(items) + LONGEST_PADDING:
        raise invalid(f"setting index {index} would add more than {LONGEST_PADDING:,} elements before it", change.pointer)
    child = _changed(items[index] if index < len(items) else MISSING, change, depth + 1)
    padded = [*items, *[None] * (index + 1 - len(items))]
    padded[index] = None if child is MISSING else child
    return padded


def _no_place(change: Change, depth: int, value: Any) -> InvalidQuery:
    parent, name = ".".join(change.path[:depth]), change.path[depth]
    return invalid(f"cannot make {name!r} in {parent!r}, which is {_kind(value)}", change.pointer, f"set {parent!r} to an object first")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case datetime():
            return "an instant"
        case _:
            return "an object"


def _acted(change: Change, value: Any) -> Any:
    match change.action:
        case SetTo(new):
            return new
        case Unset():
            return MISSING
        case Increment(by):
            return _incremented(change, value, by)
        case Bound(bound, sign):
            return bound if value is MISSING or compare(bound, value) == sign else value
        case Push() as push:
            return _pushed(push, _array(change, value))
        case AddToSet(new_values):
            return _added(_array(change, value), new_values)
        case Pull(goes):
            return value if value is MISSING else [item for item in _array(change, value) if not goes(item)]
        case _:
            assert_never(change.action)


def _incremented(change: Change, value: Any, by: float) -> Any:
    if value is MISSING:
        return by
    if not _is_number(value):
        raise invalid(f"cannot increment {'.'.join(change.path)!r}, which is {_kind(value)}", change.pointer)
    try:
        result = value + by
    except OverflowError:
        result = _LARGEST + 1
    if isinstance(result, int) and not -_LARGEST - 1 <= result <= _LARGEST:
        raise invalid(f"{'.'.join(change.path)!r} would be beyond 64 bits", change.pointer)
    return result


def _array(change: Change, value: Any) -> list[Any]:
    if value is MISSING:
        return []
    if not isinstance(value, list):
        raise invalid(f"{'.'.join(change.path)!r} is {_kind(value)}, not an array", change.pointer)
    return cast("list[Any]", value)


def _pushed(push: Push, items: list[Any]) -> list[Any]:
    at = len(items) if push.position is None else push.position
    at = max(len(items) + at, 0) if at < 0 else min(at, len(items))
    result = [*items[:at], *push.values, *items[at:]]
    if isinstance(push.sort, int):
        result.sort(key=in_order, reverse=push.sort < 0)
    elif push.sort is not None:
        for path, direction in reversed(push.sort.items()):  # stable: the last key first
            result.sort(key=lambda item, path=path: in_order(_inside(item, path)), reverse=direction < 0)
    if push.slice is None:
        return result
    return result[: push.slice] if push.slice >= 0 else result[push.slice :]


def _inside(item: Any, path: str) -> Any:
    """The value at a path inside an element; null when there is none."""
    for name in path.split("."):
        item = cast("dict[str, Any]", item).get(name) if isinstance(item, dict) else None
    return item


def _added(items: list[Any], new_values: list[Any]) -> list[Any]:
    result = list(items)
    for value in new_values:
        if not any(equal(value, item) for item in result):
            result.append(value)
    return result
