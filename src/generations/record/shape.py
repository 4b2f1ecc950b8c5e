"""The closed part of a record as msgspec structs, built from the field table.

Parsing into these validates names, types and ranges at C speed and leaves open content as parsed values.
They know neither null nor the milder spellings of a value (`5.0` for an integer, `{"$date": …}` for an
instant): `mend` takes those away first. Absent fields are None, absent open content is UNSET, an absent
object is the one shared empty object of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, defstruct, json

from generations.record.fields import BY_PATH, FIELDS, OBJECTS, ROOTS, Field

LONGEST_ID = 1024
LONGEST_EVAL_NAME = 256
LARGEST_INTEGER = 2**63 - 1
MAPS = ("parameters", "metadata", "evals")


def annotation(field: Field) -> Any:
    """The type of a field's value, as msgspec checks it."""
    if field.values:
        return Literal[field.values]
    if field.type == "integer":
        return Annotated[int, Meta(ge=0 if field.counts_from_zero else -LARGEST_INTEGER - 1, le=LARGEST_INTEGER)]
    if field.type == "number":
        return Annotated[float, Meta(ge=0)] if field.counts_from_zero else float
    if field.path == "id":
        return Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
    return {"string": str, "instant": datetime, "strings": list[str]}.get(field.type, Any)


def members(prefix: str) -> list[Field]:
    """The fields directly inside an object, in the order of the table."""
    return [field for field in FIELDS if field.path.rpartition(".")[0] == prefix]


def _closed(prefix: str, *, nullable: bool = False) -> type[Struct]:
    return defstruct(
        prefix.capitalize(),
        [_member(field, nullable) for field in members(prefix)],
        rename="camel",
        forbid_unknown_fields=True,
        omit_defaults=True,
        frozen=True,
        gc=False,
    )


def _member(field: Field, nullable: bool) -> Any:
    name = _snake(field.path.rpartition(".")[2])
    if field.required:
        return (name, annotation(field))
    if field.type in ("json", "alternatives"):
        return (name, Any, UNSET)
    return (name, annotation(field) | None if nullable else annotation(field), None)


def _snake(name: str) -> str:
    return "".join("_" + ch.lower() if ch.isupper() else ch for ch in name)


CLOSED: dict[str, type[Struct]] = {name: _closed(name) for name in OBJECTS}

ABSENT: dict[str, Any] = {name: CLOSED[name]() for name in OBJECTS if name != "model"}
"""The shared empty object of each kind, told apart by identity."""


def _root() -> type[Struct]:
    parts: list[Any] = []
    for name in ROOTS:
        field = BY_PATH.get(name)
        if name == "model":
            parts.append((name, CLOSED[name]))
        elif name in CLOSED:
            parts.append((name, CLOSED[name], ABSENT[name]))
        elif field is not None and field.kept_by_store:
            parts.append((_snake(name), Any, UNSET))
        elif field is not None:
            parts.append((name, annotation(field), UNSET if name in MAPS else None))
    parts.sort(key=lambda part: len(part) == 3)  # required ones stand first
    return defstruct("Record", parts, rename="camel", forbid_unknown_fields=True, omit_defaults=True, frozen=True, gc=False)


def _known(prefix: str) -> type[Struct]:
    parts: list[Any] = []
    for field in members(prefix):
        absent: Any = [] if field.type == "strings" else None
        parts.append((_snake(field.path.rpartition(".")[2]), annotation(field) | None, absent))
    return defstruct(prefix.capitalize(), parts, rename="camel", frozen=True, gc=False)


ROOT = _root()
KNOWN: dict[str, type[Struct]] = {name: _known(name) for name in MAPS if members(name)}
"""The declared keys of the open maps that have any; whatever else a map holds is not looked at. Absent lists are empty."""

ALTERNATIVE = defstruct(
    "Alternative",
    [
        ("content", Any, None),
        ("tokens", annotation(BY_PATH["output.tokens"]) | None, None),
        ("score", float | None, None),
        ("finish_reason", str | None, None),
        ("feedback", _closed("feedback", nullable=True) | None, None),
    ],
    rename="camel",
    forbid_unknown_fields=True,
    frozen=True,
)

parse_record: Callable[[bytes], Any] = json.Decoder(ROOT).decode
