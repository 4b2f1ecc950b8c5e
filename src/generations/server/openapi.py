"""The OpenAPI document, put together from the table of routes, the bodies' structs and the field table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, cast, get_origin

import msgspec

from generations.record.fields import FIELDS, Field
from generations.record.schema import record_schema
from generations.server import schemas
from generations.server.access import PROJECT_HEADER
from generations.server.call import JSON, JSON_LINES
from generations.server.parameters import LIST_PARAMETERS, MOST_RECORDS, OPERATORS
from generations.server.problems import PROBLEM_TYPE, TITLES

if TYPE_CHECKING:
    from generations.server.call import Endpoint
    from generations.server.schemas import Schema

_INGEST: Final = ("POST", "/api/generations")
_REF: Final = "#/components/schemas/{name}"

_PARAMETERS: Final[dict[str, Schema]] = {
    "from": schemas.INSTANT,
    "to": schemas.INSTANT,
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_RECORDS, "default": 10},
    "page": {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1},
    "count": {"type": "boolean", "default": True},
    "atomic": {"type": "boolean", "default": False},
    "complete": {"type": "boolean", "default": False},
}
"""Query parameters that are no texts."""

_EXAMPLES: Final[dict[tuple[str, str], Any]] = {
    _INGEST: {
        "id": "generation-123",
        "model": {"id": "gpt-4"},
        "output": {"type": "text", "content": "4"},
        "usage": {"promptTokens": 14, "completionTokens": 1},
    },
    ("POST", "/api/generations/find"): {
        "filter": {"model.id": "gpt-4", "feedback.rating": {"$gte": 4}},
        "sort": {"timestamp": -1},
        "limit": 10,
    },
    ("POST", "/api/generations/aggregate"): {
        "pipeline": [{"$group": {"_id": "$model.id", "totalTokens": {"$sum": "$usage.totalTokens"}}}, {"$sort": {"totalTokens": -1}}]
    },
    ("POST", "/api/generations/count"): {"filter": {"status": "error"}},
    ("POST", "/api/generations/distinct"): {"key": "model.id"},
    ("POST", "/api/generations/explain"): {"filter": {"model.id": "gpt-4"}},
    ("POST", "/api/generations/update"): {"filter": {"id": "generation-123"}, "update": {"$set": {"metadata.reviewed": True}}},
    ("POST", "/api/generations/delete"): {"filter": {"metadata.userId": "user-456"}, "many": True},
    ("PATCH", "/api/generations/{id}"): {"$set": {"metadata.reviewed": True}},
    ("POST", "/api/generations/{id}/feedback"): {
        "rating": 4,
        "thumbs": "up",
        "comment": "Very helpful response",
        "categories": ["accurate", "helpful"],
    },
    ("POST", "/api/generations/{id}/evals"): {"name": "relevance", "score": 0.9, "label": "pass", "evaluator": "gpt-4o-judge"},
    ("POST", "/api/generations/export"): {
        "format": "jsonl",
        "filters": {"model.id": "gpt-4", "timestamp": {"gte": "2023-01-01T00:00:00Z", "lte": "2023-01-31T23:59:59Z"}},
        "fields": ["input", "output", "feedback"],
    },
    ("POST", "/api/keys"): {"scopes": ["read"], "name": "dashboard"},
}

_OPERATORS_NOTE: Final = (
    "Every path of a record is a parameter: `model.id=gpt-4`, `metadata.customer.plan=pro`. Behind it may stand an operator, with a `$` or"
    f" without: `usage.cost[gte]=0.01`; there are {', '.join(f'`{name}`' for name in OPERATORS)}. The same parameter several times is any"
    " of its values. `where[path][operator]=value` says the same. What is unknown is refused."
)


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes."""
    bodies = {endpoint.body.__name__: endpoint.body for endpoint in endpoints if _is_struct(endpoint.body)}
    _, described = msgspec.json.schema_components(list(bodies.values()), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Generations",
            "version": version("generations"),
            "description": "The system of record for everything that AI models produce.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "paths": paths,
        "components": {
            "schemas": {**_records(), **described, "Problem": schemas.PROBLEM},
            "responses": {str(status): _problem(title) for status, title in TITLES.items()},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key; it belongs to a project and says what it may do."}
            },
        },
    }


@cache
def _records() -> dict[str, Schema]:
    whole = record_schema()
    del whole["$schema"]
    whole["properties"]["links"] = schemas.LINKS
    part = {
        **_without_required(whole),
        "title": "PartOfGeneration",
        "description": "A generation, or those fields of it that were asked for.",
    }
    return {"Generation": whole, "PartOfGeneration": part}


def _without_required(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    members = cast("Schema", schema)
    return {name: _without_required(value) for name, value in members.items() if name != "required" or not isinstance(value, list)}


def _group(endpoint: Endpoint) -> str:
    module = endpoint.handle.__module__.rpartition(".")[2]
    return {"litellm": "LiteLLM", "otlp": "OTLP"}.get(module, module)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    about = (endpoint.method, endpoint.path)
    operation: dict[str, Any] = {
        "operationId": "_".join([endpoint.method.lower(), *endpoint.path.replace("{", "").replace("}", "").strip("/").split("/")]),
        "summary": endpoint.summary,
        "description": " ".join((endpoint.handle.__doc__ or "").split())
        + (f"\n\n{_OPERATORS_NOTE}" if endpoint.parameters is LIST_PARAMETERS else ""),
        "tags": [_group(endpoint)],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if endpoint.scope is None:
        operation["security"] = [{}]
    else:
        operation["x-scope"] = endpoint.scope
    content = _body(endpoint)
    if content:
        if about in _EXAMPLES:
            content[JSON]["examples"] = {"example": {"value": _EXAMPLES[about]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    ids: list[str] = re.findall(r"\{(\w+)\}", endpoint.path)
    found: list[dict[str, Any]] = [{"name": id, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for id in ids]
    for name, meaning in endpoint.parameters.items():
        found.append({"name": name, "in": "query", "description": meaning, "schema": _PARAMETERS.get(name, schemas.TEXT)})
    if endpoint.parameters is LIST_PARAMETERS:
        found += [_path_parameter(field) for field in FIELDS if field.path not in LIST_PARAMETERS]
    headers = dict(endpoint.headers)
    if endpoint.scope is not None:
        headers[PROJECT_HEADER.title()] = "Whose records are seen: `default` when left out. A key knows its project."
    found += [{"name": name, "in": "header", "description": meaning, "schema": schemas.TEXT} for name, meaning in headers.items()]
    return found


def _path_parameter(field: Field) -> dict[str, Any]:
    types = {"integer": {"type": "integer"}, "number": {"type": "number"}, "instant": schemas.INSTANT}
    schema = schemas.listed(types.get(field.type, schemas.TEXT))
    return {"name": field.path, "in": "query", "description": field.doc, "schema": schema, "style": "form", "explode": True}


def _body(endpoint: Endpoint) -> dict[str, Any]:
    if (endpoint.method, endpoint.path) == _INGEST:
        return {
            JSON: {"schema": {"anyOf": [schemas.GENERATION, schemas.listed(schemas.GENERATION)]}},
            JSON_LINES: {"schema": {"type": "string", "description": "One record a line."}},
        }
    if endpoint.body is None:
        return {}
    body: Any = endpoint.body
    if isinstance(body, dict):
        return {name: {"schema": cast("Schema", body) if name == JSON else schemas.TEXT} for name in endpoint.media_types}
    schema = schemas.component(endpoint.body.__name__) if _is_struct(endpoint.body) else schemas.OBJECT
    return {JSON: {"schema": schema}}


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    whole: dict[str, Any] = {"description": endpoint.summary, "content": {form: _form(endpoint, form) for form in endpoint.forms}}
    found: dict[str, Any] = {str(status): whole for status in (endpoint.status, *endpoint.statuses)}
    if 304 in endpoint.statuses:
        found["304"] = {"description": "The client has it already."}
    return {**{str(status): _error(endpoint, status) for status in _errors(endpoint) if str(status) not in found}, **found}


def _error(endpoint: Endpoint, status: int) -> dict[str, Any]:
    if endpoint.wording is None:
        return {"$ref": f"#/components/responses/{status}"}
    forms = {name: {"schema": schemas.ANYTHING if name == JSON else schemas.TEXT} for name in endpoint.forms}
    return {"description": TITLES[status], "content": forms}


def _form(endpoint: Endpoint, form: str) -> dict[str, Any]:
    if form == JSON:
        return {"schema": endpoint.answer or schemas.ANYTHING}
    return {"schema": {"type": "string"}}


def _errors(endpoint: Endpoint) -> list[int]:
    """The statuses of what may go wrong."""
    found = [400]
    if endpoint.scope is not None:
        found += [401, 403, 422, 429, 503]
    if "{id}" in endpoint.path or "export" in endpoint.path:
        found.append(404)
    if "If-Match" in endpoint.headers:
        found.append(412)
    if endpoint.method in ("POST", "PATCH"):
        found.append(413)
    if endpoint.media_types != (JSON,):
        found.append(415)
    return sorted(found)


def _problem(title: str) -> dict[str, Any]:
    return {"description": title, "content": {PROBLEM_TYPE: {"schema": schemas.component("Problem")}}}


def _is_struct(body: Any) -> bool:
    return isinstance(body, type) and get_origin(body) is None and issubclass(body, msgspec.Struct)
