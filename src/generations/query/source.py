"""The record as a value: the field table turned into typed columns, and a path into it resolved."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import assert_never

from generations.errors import UnknownField
from generations.query.context import refuse_unknown_field
from generations.query.tagged import get
from generations.query.value import MISSING, Document, Open, Patched, Scalar, Strings, Tagged, Value, quote, to_tagged
from generations.record.fields import BY_PATH, FIELDS, OBJECTS, ROOTS, Field

_SCALARS = {"string": "string", "integer": "integer", "number": "number", "instant": "instant"}
_NEVER_NULL = {"id", "timestamp", "model.id", "createdAt", "updatedAt"}


@cache
def record() -> Document:
    """The whole record over the columns of the table."""
    fields: dict[str, Value] = {}
    for root in ROOTS:
        if root in OBJECTS:
            inside = {f.path.split(".", 1)[1]: column(f) for f in FIELDS if f.path.startswith(root + ".")}
            present = f"multiIf(has(given, '{root}'), 'null', has(given, '{root}.'), '{{}}', '')"
            fields[root] = Document(inside, empty=present)
        else:
            fields[root] = column(BY_PATH[root])
    return Document(fields)


@cache
def column(field: Field) -> Value:
    """A field as a value over its column."""
    name = field.column
    match field.type:
        case "string" | "integer" | "number" | "instant":
            kind = field.type
            if field.path in _NEVER_NULL:
                return Scalar(name, kind, nullable=False)
            if field.open:
                text, key = field.path.split(".")
                return Scalar(name, kind, absent="missing", null_test=f"JSONHas({text}, {quote(key)})")
            return Scalar(name, kind, absent="missing", null_test=f"has(given, {quote(field.path)})")
        case "strings":
            if field.open:
                text, key = field.path.split(".")
                return Strings(name, f"JSONExtractRaw({text}, {quote(key)})")
            return Strings(name, f"multiIf(has(given, '{field.path}'), 'null', has(given, '{field.path}.'), '[]', '')")
        case "json":
            return Open(f"{name}_json", plain=f"{name}_text", starts=f"{name}_starts")
        case "map":
            return Open(name, stem=name)
        case "alternatives":
            return Open(name)
        case _:
            assert_never(field.type)


def resolve(value: Value, steps: tuple[str, ...], path: str) -> Value:
    """The value at `steps` below a value, as expressions see it.

    Raises:
        UnknownField: a name that the value cannot have; `path` says where the query names it.
    """
    try:
        return _resolve(value, steps)
    except _NoSuchField:
        raise refuse_unknown_field_of(value, steps, path) from None


def reach(root: Value, steps: tuple[str, ...], path: str) -> tuple[Value, tuple[str, ...]]:
    """How far types are known on the way to a path, as filters, sorts and distinct need it.

    Returns:
        The value at the path and no steps; or the first value on the way whose inside only the engine sees (open, tagged or
        an array of strings), and the steps that are left below it.

    Raises:
        UnknownField: a name that the root cannot have; `path` says where the query names it.
    """
    try:
        return _reach(root, steps)
    except _NoSuchField:
        raise refuse_unknown_field_of(root, steps, path) from None


def _reach(value: Value, steps: tuple[str, ...]) -> tuple[Value, tuple[str, ...]]:
    if not steps:
        return value, ()
    step, rest = steps[0], steps[1:]
    match value:
        case Document(fields):
            if step in fields:
                return _reach(fields[step], rest)
            if value.knows(step):
                return MISSING, ()
            raise _NoSuchField
        case Patched(base, name, replaced):
            return _reach(replaced, rest) if step == name else _reach(base, steps)
        case Open(path=at, stem=stem):
            declared = BY_PATH.get(f"{stem}.{step}") if stem and not at else None
            return _reach(column(declared), rest) if declared else (value, steps)
        case Tagged() | Strings():
            return value, steps
        case Scalar():
            raise _NoSuchField
        case _:
            assert_never(value)


def refuse_unknown_field_of(value: Value, steps: tuple[str, ...], path: str, *, at: tuple[str, ...] = ()) -> UnknownField:
    """The error for a path that a value cannot have, with the nearest one that it has; the value itself stands `at` a path."""
    known = [".".join((*at, name)) for name in known_paths(value)] if isinstance(value, Document) else []
    return refuse_unknown_field(".".join(steps), known, path)


class _NoSuchField(Exception):
    """A name that the value cannot have."""


def _resolve(value: Value, steps: tuple[str, ...]) -> Value:
    if not steps:
        return value
    match value:
        case Document(fields):
            if steps[0] in fields:
                return _resolve(fields[steps[0]], steps[1:])
            if value.knows(steps[0]):
                return MISSING
            raise _NoSuchField
        case Open(path=at, stem=stem):
            declared = BY_PATH.get(f"{stem}.{steps[0]}") if stem and not at else None
            return _resolve(column(declared), steps[1:]) if declared else replace(value, path=at + steps)
        case Patched(base, name, replaced):
            return _resolve(replaced, steps[1:]) if steps[0] == name else _resolve(base, steps)
        case Tagged(sql):
            return Tagged(get(sql, [quote(step) for step in steps]))
        case Strings():
            return Tagged(get(to_tagged(value), [quote(step) for step in steps]))
        case Scalar():
            raise _NoSuchField
        case _:
            assert_never(value)


def known_paths(value: Document) -> list[str]:
    """All dotted paths of a document, for the nearest known name; a record's come from the field table."""
    out: list[str] = []
    for name, field in value.fields.items():
        out.append(name)
        if isinstance(field, Document):
            out.extend(f"{name}.{inner}" for inner in known_paths(field))
        elif isinstance(field, Open) and field.stem and not field.path:
            out.extend(f.path for f in FIELDS if f.path.startswith(name + "."))
    return out
