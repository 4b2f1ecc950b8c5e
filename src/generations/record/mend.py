"""The slow, precise reading of a record that the fast one refused.

It takes away what the fast structs do not know (null, `5.0` where an integer belongs, `{"$date": …}` where
an instant belongs) and says exactly what is wrong with the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from generations.errors import InvalidRecord
from generations.record import instants
from generations.record.fields import BY_PATH, EVAL, FIELDS, OBJECTS, ROOTS, Field
from generations.record.nearest import nearest
from generations.record.shape import ALTERNATIVE, LARGEST_INTEGER, LONGEST_EVAL_NAME, LONGEST_ID, MAPS, members

_REQUIRED_HINTS = {
    "model.id": 'name the model as it was requested, such as "gpt-4"',
    "input.type": "one of text, image, audio, multimodal",
    "output.type": "one of text, image, audio, code, json, other",
}
_ARTICLES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "instant": "an instant",
    "strings": "a list of strings",
}
_ALTERNATIVE_KEYS = tuple(str(name) for name in ALTERNATIVE.__struct_encode_fields__)
_OPEN = ("content", "alternatives")
_DEFAULTED = ("id", "timestamp")
_NULLABLE = frozenset(
    [
        *(field.path for field in FIELDS if not field.open and not field.kept_by_store and field.path not in _REQUIRED_HINTS),
        *(name for name in OBJECTS if name != "model"),
        *(name + "." for name in OBJECTS if name not in ("model", "input", "output")),
        "feedback.categories.",
    ]
)
_FEEDBACK = {field.path.rpartition(".")[2]: field for field in members("feedback")}
_EVAL = {field.path.rpartition(".")[2]: field for field in EVAL}


def without_nulls(record: Any) -> tuple[dict[str, Any], list[str]] | None:
    """The usual case of `mend_record`, at a fraction of its time: a record that is right but for its nulls.

    Returns:
        As `mend_record`, unchecked; None when a null stands where none may.
    """
    if type(record) is not dict:
        return None
    given: list[str] = []
    kept: dict[str, Any] = {}
    for name, value in cast("dict[str, Any]", record).items():
        if value is None and name not in MAPS:
            given.append(name)
        elif type(value) is dict and name in OBJECTS:
            inner = cast("dict[str, Any]", value)
            if None in inner.values():
                given += [f"{name}.{key}" for key, item in inner.items() if item is None and key not in _OPEN]
                inner = {key: item for key, item in inner.items() if item is not None or key in _OPEN}
            elif not inner:
                given.append(name + ".")
            if inner.get("categories") == []:
                given.append("feedback.categories.")
            kept[name] = inner
        else:
            kept[name] = value
    if not _NULLABLE.issuperset(given):
        return None
    return kept, [path for path in given if path not in _DEFAULTED]


def mend_record(record: Any, *, drop_kept: bool = False) -> tuple[dict[str, Any], list[str]]:
    """A record without nulls and milder spellings, and what was taken away.

    Args:
        record: what the JSON text says.
        drop_kept: drop what the store keeps itself, and the links that a server shows, rather than refuse them.

    Returns:
        The record to parse again, and the `given` paths: `usage.cost` sent as null, `usage` sent as null,
        `usage.` sent as `{}`, `feedback.categories.` sent as `[]`.

    Raises:
        InvalidRecord: the first thing that breaks a rule, with its path.
    """
    if not isinstance(record, dict):
        raise InvalidRecord(f"a record is an object, not {describe(record)}")
    given: list[str] = []
    mended: dict[str, Any] = {}
    for name, value in cast("dict[str, Any]", record).items():
        if name == "links" and drop_kept:
            continue
        if name not in ROOTS:
            raise _unknown(name, "", ROOTS)
        if name in OBJECTS:
            if value is None and name != "model":
                given.append(name)
            elif value is not None:
                mended[name] = _mend_object(name, value, given)
        elif name in MAPS:
            mended[name] = value
        elif not BY_PATH[name].kept_by_store:
            _mend_root_field(BY_PATH[name], value, mended, given)
        elif not drop_kept:
            raise kept_by_store(name)
    if "model" not in mended:
        raise missing("model.id")
    return mended, given


def mend_map(name: str, found: Any) -> dict[str, Any]:
    """The declared keys of an open map, as the values of their typed columns.

    Raises:
        InvalidRecord: not an object, or a declared key with another type than its own.
    """
    if not isinstance(found, dict):
        raise InvalidRecord(f"expected an object, found {describe(found)}", path=name)
    known: dict[str, Any] = {}
    for field in members(name):
        value = cast("dict[str, Any]", found).get(field.path.rpartition(".")[2])
        if value is not None:
            known[field.column.removeprefix(name + "_")] = mend_value(field, value, field.path)
    return known


def mend_alternatives(found: Any) -> list[Any]:
    """The alternatives with their instants in one form.

    Raises:
        InvalidRecord: with the path of what breaks a rule (`output.alternatives.0.score`).
    """
    path = "output.alternatives"
    if not isinstance(found, list):
        raise InvalidRecord(f"expected a list of alternatives, found {describe(found)}", path=path)
    return [_mend_alternative(item, f"{path}.{index}") for index, item in enumerate(cast("list[Any]", found))]


def mend_evals(found: Any) -> dict[str, Any]:
    """The evals with their instants as `{"$date": …}`, in one form.

    Raises:
        InvalidRecord: with the path of what breaks a rule (`evals.relevance.score`).
    """
    if not isinstance(found, dict):
        raise InvalidRecord(f"expected an object of evals by name, found {describe(found)}", path="evals")
    return {name: mend_eval(name, value, f"evals.{name}") for name, value in cast("dict[str, Any]", found).items()}


def mend_eval(name: str, found: Any, path: str) -> dict[str, Any]:
    """One eval with its instant as `{"$date": …}`; nulls and what is not declared stay as they are.

    Raises:
        InvalidRecord: a name that no path could reach, or a declared key with another type than its own.
    """
    if not 1 <= len(name) <= LONGEST_EVAL_NAME:
        raise InvalidRecord(f"the name of an eval has 1 to {LONGEST_EVAL_NAME} characters, this one {len(name)}", path="evals")
    if "." in name or name.startswith("$"):
        hint = f"call it '{_short(name.lstrip('$').replace('.', '_'))}'"
        raise InvalidRecord(f"the name of an eval has no '.' and no '$' at its start, and '{_short(name)}' has", hint=hint, path="evals")
    if not isinstance(found, dict):
        hint = f'send {{"score": {found}}}' if isinstance(found, (int, float)) and not isinstance(found, bool) else None
        raise InvalidRecord(f"expected an object, found {describe(found)}", hint=hint, path=path)
    mended: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", found).items():
        field = _EVAL.get(key)
        mended[key] = value
        if field is not None and value is not None:
            checked = mend_value(field, value, f"{path}.{key}")
            if field.type == "instant":
                mended[key] = {"$date": instants.iso(checked)}
    return mended


def mend_value(field: Field, value: Any, path: str) -> Any:
    """A value of the field's type, from what was sent at `path`; never None."""
    match field.type:
        case "string":
            return _text(field, value, path)
        case "integer":
            return _whole(field, value, path)
        case "number":
            return _number(field, value, path)
        case "instant":
            instant = instants.parse(value)
            if instant is None:
                raise _not_an_instant(value, path)
            return instant
        case "strings":
            return _strings(value, path)
        case _:
            return value


def missing(path: str) -> InvalidRecord:
    """The refusal of a record that lacks a required field."""
    return InvalidRecord("a required field is missing", hint=_REQUIRED_HINTS[path], path=path)


def kept_by_store(path: str) -> InvalidRecord:
    """The refusal of a record that carries what the store keeps itself."""
    return InvalidRecord("the store keeps this field itself", hint="leave it out", path=path)


def describe(value: object) -> str:
    """What a JSON value is, with its article: `an integer`, `null`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return "an integer"
        case float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__qualname__}"


def _mend_root_field(field: Field, value: Any, mended: dict[str, Any], given: list[str]) -> None:
    if value is not None:
        mended[field.path] = mend_value(field, value, field.path)
    elif field.path not in _DEFAULTED:
        given.append(field.path)


def _mend_object(name: str, found: Any, given: list[str]) -> dict[str, Any]:
    if not isinstance(found, dict):
        hint = None
        if name == "model" and isinstance(found, str):
            hint = f'send {{"id": "{found}"}}'
        raise InvalidRecord(f"expected an object, found {describe(found)}", hint=hint, path=name)
    fields = {field.path.rpartition(".")[2]: field for field in members(name)}
    mended: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", found).items():
        path = f"{name}.{key}"
        field = fields.get(key)
        if field is None:
            raise _unknown(key, name, fields)
        if field.type in ("json", "alternatives"):
            mended[key] = value
        elif value is None and path in _REQUIRED_HINTS:
            raise missing(path)
        elif value is None:
            given.append(path)
        else:
            mended[key] = mend_value(field, value, path)
            if value == []:
                given.append(path + ".")
    for path in _REQUIRED_HINTS:
        if path.startswith(name + ".") and path.rpartition(".")[2] not in mended:
            raise missing(path)
    if not found:
        given.append(name + ".")
    return mended


def _mend_alternative(found: Any, path: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise InvalidRecord(f"expected an object, found {describe(found)}", path=path)
    mended: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", found).items():
        below = f"{path}.{key}"
        if key not in _ALTERNATIVE_KEYS:
            raise _unknown(key, path, _ALTERNATIVE_KEYS)
        if key == "content" or value is None:
            mended[key] = value
        elif key == "feedback":
            mended[key] = _mend_alternative_feedback(value, below)
        elif key == "score":
            mended[key] = _number(BY_PATH["feedback.rating"], value, below)
        else:
            mended[key] = mend_value(BY_PATH[f"output.{key}"], value, below)
    return mended


def _mend_alternative_feedback(found: Any, path: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise InvalidRecord(f"expected an object, found {describe(found)}", path=path)
    mended: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", found).items():
        field = _FEEDBACK.get(key)
        if field is None:
            raise _unknown(key, path, _FEEDBACK)
        mended[key] = value if value is None else mend_value(field, value, f"{path}.{key}")
        if field.type == "instant" and value is not None:
            mended[key] = instants.iso(mended[key])
    return mended


def _text(field: Field, value: Any, path: str) -> str:
    if not isinstance(value, str):
        hint = f'send "{value}"' if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        raise InvalidRecord(f"expected a string, found {describe(value)}", hint=hint, path=path)
    if field.values and value not in field.values:
        allowed = ", ".join(field.values)
        found = nearest(value, field.values)
        hint = f"did you mean '{found}'? One of {allowed}" if found else f"one of {allowed}"
        raise InvalidRecord(f"'{_short(value)}' is not an allowed value", hint=hint, path=path)
    if field.path == "id" and not 1 <= len(value) <= LONGEST_ID:
        raise InvalidRecord(f"an id has 1 to {LONGEST_ID} characters, this one {len(value)}", path=path)
    return value


def _whole(field: Field, value: Any, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(field, value, path)
    if field.counts_from_zero and value < 0:
        raise InvalidRecord("a count is never negative", hint="leave it out when it is unknown", path=path)
    if not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
        raise InvalidRecord("an integer here has at most 64 bits", path=path)
    return value


def _number(field: Field, value: Any, path: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _wrong(field, value, path)
    try:
        number = float(value)
    except OverflowError:
        raise InvalidRecord("the number is larger than a float can hold", path=path) from None
    if not math.isfinite(number):
        raise InvalidRecord("a number is finite", path=path)
    if field.counts_from_zero and number < 0:
        raise InvalidRecord("a duration or rate is never negative", hint="leave it out when it is unknown", path=path)
    return number


def _strings(value: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        hint = f'send ["{_short(value)}"]' if isinstance(value, str) else None
        raise InvalidRecord(f"expected {_ARTICLES['strings']}, found {describe(value)}", hint=hint, path=path)
    for index, item in enumerate(cast("list[object]", value)):
        if not isinstance(item, str):
            raise InvalidRecord(f"expected a string, found {describe(item)}", path=f"{path}.{index}")
    return cast("list[str]", value)


def _wrong(field: Field, value: Any, path: str) -> InvalidRecord:
    hint = None
    if isinstance(value, str):
        with suppress(ValueError):
            hint = f"send {_short(value)} without quotes" if math.isfinite(float(value)) else None
    return InvalidRecord(f"expected {_ARTICLES[field.type]}, found {describe(value)}", hint=hint, path=path)


def _not_an_instant(value: Any, path: str) -> InvalidRecord:
    hint = 'send ISO-8601 text such as "2024-06-15T12:30:45Z", between the years 1900 and 2299'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        hint = 'send ISO-8601 text, or {"$date": milliseconds since 1970}'
    found = f"'{_short(value)}'" if isinstance(value, str) else describe(value)
    return InvalidRecord(f"expected an instant, found {found}", hint=hint, path=path)


def _unknown(key: str, prefix: str, known: Iterable[str]) -> InvalidRecord:
    if key == "links" and not prefix:
        return InvalidRecord("links are no part of a record: a server makes them", hint="leave them out", path=key)
    found = nearest(key, known)
    if found is not None and prefix:
        found = f"{prefix}.{found}"
    found = found or nearest(key, BY_PATH)
    hint = f"did you mean '{found}'?" if found else "put what is your own under metadata"
    return InvalidRecord("unknown field", hint=hint, path=f"{prefix}.{key}" if prefix else key)


def _short(value: str) -> str:
    return value if len(value) <= 60 else value[:57] + "…"
