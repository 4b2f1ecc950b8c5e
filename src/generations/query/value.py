"""Values of expressions: an SQL text and what is known of it before any row is read.

A closed union: `Scalar` (a typed column or result), `Strings` (a typed array of strings), `Tagged` (a value of any type as
tagged JSON), `Open` (a path inside stored JSON text), `Document` (an object whose fields are known) and `Patched` (an open
map with a field replaced).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from generations.query import tagged
from generations.query.tagged import quote

ScalarType = Literal["integer", "number", "string", "bool", "instant"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A typed value.

    Attributes:
        sql: Int64 (or wider), Float64, String, a condition, or DateTime64(6, 'UTC'); Nullable where `nullable`.
        absent: what NULL means where `null_test` does not hold.
        null_test: a condition, never NULL, that tells an explicit null; None when NULL has one meaning.
    """

    sql: str
    type: ScalarType
    nullable: bool = True
    absent: Literal["missing", "null"] = "null"
    null_test: str | None = None


@dataclass(frozen=True, slots=True)
class Strings:
    """A typed array of strings; `test` is tagged text that tells [] from null and missing ('' , 'null' or '[…')."""

    sql: str
    test: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tagged JSON, never NULL, '' when missing."""

    sql: str


@dataclass(frozen=True, slots=True)
class Open:
    """A path inside stored JSON text.

    Attributes:
        text: the stored text as SQL, '' when absent.
        path: the steps below it; empty for the whole.
        stem: column stem of the open map that has an accelerator; None for content and alternatives.
        plain: column that holds the content when it is a plain string (`input_content_text`); None for maps.
        starts: column that holds the first character of the text; None for maps.
    """

    text: str
    path: tuple[str, ...] = ()
    stem: str | None = None
    plain: str | None = None
    starts: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An object with known fields, in order.

    Attributes:
        fields: name → value; a field is left out of the object where its value is missing.
        empty: SQL of a tagged value to use when all fields are missing ('' missing, 'null', '{}'); the constant
            '{}' for computed objects.
        closed: True when a name that is not in `fields` is a mistake of the caller, not a missing value.
        dropped: names that are known all the same, of fields that a stage left out.
    """

    fields: Mapping[str, Value]
    empty: str = "'{}'"
    closed: bool = True
    dropped: frozenset[str] = frozenset()

    def knows(self, name: str) -> bool:
        """Whether a name is no mistake, though it may have no value."""
        return not self.closed or name in self.fields or name in self.dropped


@dataclass(frozen=True, slots=True)
class Patched:
    """An open map with one of its fields replaced, dropped (`MISSING`) or added; nothing is computed before it is needed."""

    base: Open | Patched
    name: str
    value: Value


Value = Scalar | Strings | Tagged | Open | Document | Patched

MISSING = Tagged("''")
NULL = Tagged("'null'")


def to_tagged(value: Value) -> str:
    """The value as tagged JSON text."""
    match value:
        case Tagged(sql):
            return sql
        case Scalar():
            return _scalar_to_tagged(value)
        case Strings(sql, test):
            x = tagged.fresh()
            return f"if(empty({sql}), {test}, {tagged.array(f'arrayMap({x} -> {tagged.from_string(x)}, {sql})')})"
        case Open():
            return _open_to_tagged(value)
        case Patched(base, name, replaced):
            return tagged.with_field(to_tagged(base), quote(name), to_tagged(replaced))
        case Document(fields, empty):
            inner = tagged.object_of([(quote(name), to_tagged(field)) for name, field in fields.items()])
            return inner if empty == "'{}'" else tagged.let(inner, lambda v: f"if({v} = '{{}}', {empty}, {v})")
        case _:
            assert_never(value)


def walkable(value: Value, steps: tuple[str, ...]) -> str:
    """Tagged text to follow steps into, which need not be printed as the engine does until they are followed."""
    return tagged.from_text(value.text) if steps and isinstance(value, Open) and not value.path else to_tagged(value)


def is_present(value: Value) -> str:
    """Whether there is a value, be it null; never NULL itself."""
    match value:
        case Scalar(sql, _, nullable, absent, test):
            if not nullable or (absent == "null" and not test):
                return "1"
            return f"({sql} IS NOT NULL OR {test})" if test else f"({sql} IS NOT NULL)"
        case Strings(sql, test):
            return f"(notEmpty({sql}) OR {test} != '')"
        case Open(text, (), plain=None):
            return f"({text} != '')"
        case Open(text, (), plain=plain, starts=starts):
            return f"({plain} IS NOT NULL OR {starts or text} != '')"
        case Document(fields, empty) if empty != "'{}'":
            return tagged.any_of([*map(is_present, fields.values()), f"({empty} != '')"])
        case Document():
            return "1"
        case Tagged() | Open() | Patched():
            return f"({to_tagged(value)} != '')"
        case _:
            assert_never(value)


def _scalar_to_tagged(value: Scalar) -> str:
    def convert(sql: str) -> str:
        match value.type:
            case "integer":
                return f"toString({sql})"
            case "number":
                return tagged.from_float(sql)
            case "string":
                return tagged.from_string(sql)
            case "bool":
                return tagged.from_bool(sql)
            case "instant":
                return tagged.from_instant(sql)
            case _:
                assert_never(value.type)

    if not value.nullable:
        return convert(value.sql)
    absent = "''" if value.absent == "missing" else "'null'"
    if value.null_test:
        absent = f"if({value.null_test}, 'null', '')"

    def body(sql: str) -> str:
        return f"if({sql} IS NULL, {absent}, {convert(f'assumeNotNull({sql})')})"

    return tagged.let(value.sql, body)


def _open_to_tagged(value: Open) -> str:
    keys = [quote(step) for step in value.path]
    inside = tagged.get(tagged.from_text(value.text), keys) if keys else tagged.canonical(tagged.from_text(value.text))
    if value.plain is None:
        return inside
    plain = "''" if keys else tagged.from_string(f"assumeNotNull({value.plain})")
    return f"if({value.plain} IS NOT NULL, {plain}, {inside})"


def backquoted(name: str) -> str:
    """An SQL identifier of any name; no name at all is not one, and becomes a space."""
    escaped = (name or " ").replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
