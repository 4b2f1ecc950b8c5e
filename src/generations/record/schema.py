"""The JSON Schema of a record, from the field table."""

from __future__ import annotations

from typing import Any

from generations.record.fields import BY_PATH, EVAL, OBJECTS, ROOTS, Field
from generations.record.shape import LARGEST_INTEGER, LONGEST_EVAL_NAME, LONGEST_ID, MAPS, members

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_INSTANT = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {
            "type": "object",
            "properties": {"$date": {"type": ["string", "integer"]}},
            "required": ["$date"],
            "additionalProperties": False,
        },
        {"type": "null"},
    ]
}


def record_schema() -> dict[str, Any]:
    """What a record may look like when it is sent, and, with the `readOnly` members, when it is read.

    `x-unit` and `x-privacy` carry what the field table knows beyond JSON Schema.
    """
    return {
        "$schema": DIALECT,
        "title": "Generation",
        "description": "One generation of an AI model.",
        **_closed({name: _root_member(name) for name in ROOTS}, required=["model"]),
    }


def _root_member(name: str) -> dict[str, Any]:
    if name in OBJECTS:
        return _object(name)
    field = BY_PATH[name]
    if name == "evals":
        return {**field_schema(field), "type": ["object", "null"], "propertyNames": _EVAL_NAME, "additionalProperties": eval_schema()}
    if name in MAPS:
        known = {_key(member): field_schema(member) for member in members(name)}
        return {"description": field.doc, "type": ["object", "null"], "properties": known, "additionalProperties": True}
    return field_schema(field)


def _object(name: str) -> dict[str, Any]:
    required = {"model": ["id"], "input": ["type"], "output": ["type"]}.get(name, [])
    schema = _closed({_key(member): field_schema(member) for member in members(name)}, required=required)
    return schema if name == "model" else {**schema, "type": ["object", "null"]}


def eval_schema() -> dict[str, Any]:
    """The schema of one eval."""
    return {"type": "object", "properties": {_key(member): field_schema(member) for member in EVAL}, "additionalProperties": True}


_EVAL_NAME = {"type": "string", "pattern": r"^[^.$][^.]*$", "maxLength": LONGEST_EVAL_NAME}


def field_schema(field: Field) -> dict[str, Any]:
    """The schema of one field's value."""
    schema: dict[str, Any] = {"description": field.doc, **_type(field)}
    if field.unit:
        schema["x-unit"] = field.unit.strip("`")
    if field.privacy != "technical":
        schema["x-privacy"] = field.privacy
    if field.kept_by_store:
        schema["readOnly"] = True
    return schema


def _type(field: Field) -> dict[str, Any]:
    match field.type:
        case "string":
            return _string(field)
        case "integer":
            least = 0 if field.counts_from_zero else -LARGEST_INTEGER - 1
            return {"type": ["integer", "null"], "minimum": least, "maximum": LARGEST_INTEGER}
        case "number":
            return {"type": ["number", "null"], **({"minimum": 0} if field.counts_from_zero else {})}
        case "instant":
            return dict(_INSTANT)
        case "strings":
            return {"type": ["array", "null"], "items": {"type": "string"}}
        case "alternatives":
            return {"type": ["array", "null"], "items": _alternative()}
        case "json" | "map":
            return {}


def _string(field: Field) -> dict[str, Any]:
    if field.path in ("model.id", "input.type", "output.type"):
        return {"enum": list(field.values)} if field.values else {"type": "string"}
    if field.values:
        return {"enum": [*field.values, None]}
    if field.path == "id":
        return {"type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_ID}
    return {"type": ["string", "null"]}


def _alternative() -> dict[str, Any]:
    members_: dict[str, Any] = {
        "content": {},
        "tokens": field_schema(BY_PATH["output.tokens"]),
        "score": {"description": "What a ranker gave it.", "type": ["number", "null"]},
        "finishReason": field_schema(BY_PATH["output.finishReason"]),
        "feedback": _object("feedback"),
    }
    return _closed(members_, required=[])


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return schema


def _key(field: Field) -> str:
    return field.path.rpartition(".")[2]
