"""The JSON Schema says what the encoder does."""

import json
import re
from typing import Any

import pytest

from generations.record.fields import BY_PATH, FIELDS
from generations.record.sample import sample_generations
from generations.record.schema import DIALECT, record_schema

from .builders import a_record, outcome_of
from .test_encode import FULL
from .test_refusals import WRONG

SCHEMA = record_schema()
BEYOND_A_SCHEMA = ("between the years", "expected an instant", "larger than a float", "an integer, found an integral")


def test_every_field_stands_at_its_path_with_its_description():
    for field in FIELDS:
        at = SCHEMA
        for step in field.path.split("."):
            at = at["properties"][step]
        assert at["description"] == field.doc
        assert at.get("readOnly", False) == field.kept_by_store
        assert at.get("x-privacy", "technical") == field.privacy or field.type == "map"
    assert SCHEMA["$schema"] == DIALECT
    assert SCHEMA["required"] == ["model"]
    assert SCHEMA["properties"]["usage"]["properties"]["promptTokens"]["x-unit"] == BY_PATH["usage.promptTokens"].unit
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_what_is_taken_is_valid():
    for record in (FULL, a_record(usage=None, metadata=None, error={}), *sample_generations(60)):
        assert outcome_of(record) is None
        assert list(violations(record, SCHEMA)) == []


@pytest.mark.parametrize(
    "record",
    [record for record, message in WRONG if not any(part in message for part in BEYOND_A_SCHEMA)],
    ids=str,
)
def test_what_is_refused_is_not_valid(record: Any):
    assert list(violations(record, SCHEMA)) != []


def violations(value: Any, schema: dict[str, Any]) -> Any:
    """The part of JSON Schema that the record's schema uses."""
    if "anyOf" in schema:
        if all(list(violations(value, one)) for one in schema["anyOf"]):
            yield value
        return
    if "enum" in schema:
        if value not in schema["enum"]:
            yield value
        return
    if (
        "type" in schema
        and not any(is_a(value, kind) for kind in [schema["type"]] if isinstance(kind, str))
        and not (isinstance(schema["type"], list) and any(is_a(value, kind) for kind in schema["type"]))
    ):
        yield value
        return
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
        yield value
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield value
    if isinstance(value, (int, float)) and not schema.get("minimum", -(10**400)) <= value <= schema.get("maximum", 10**400):
        yield value
    if isinstance(value, list):
        for item in value:
            yield from violations(item, schema.get("items", {}))
    if isinstance(value, dict):
        yield from violations_inside(value, schema)


def violations_inside(value: dict[str, Any], schema: dict[str, Any]) -> Any:
    known = schema.get("properties", {})
    yield from (name for name in schema.get("required", []) if name not in value)
    for name, item in value.items():
        if name in known:
            yield from violations(item, known[name])
        elif schema.get("additionalProperties") is False:
            yield name
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from violations(name, schema["propertyNames"])
            yield from violations(item, schema["additionalProperties"])


def is_a(value: Any, kind: str) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match kind:
        case "integer":
            return is_number and value == int(value)
        case "number":
            return is_number
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return value is None
