"""The OpenAPI document holds: every route is in it, and no answer is outside of it."""

import os

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from generations.record.fields import FIELDS
from generations.server.openapi import document
from generations.server.parameters import LIST_PARAMETERS
from generations.server.routes import ENDPOINTS

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
HEADERS = {"Generations-Project": "schemathesis"}
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def as_lines(context, value):
    return str(value).encode()


SCHEMA = schemathesis.openapi.from_dict(document([endpoint for endpoint in ENDPOINTS if not endpoint.path.startswith("/api/docs/")]))


@pytest.fixture(scope="module")
def filled(server):
    with server.client(headers=HEADERS) as client:
        records = [
            {
                "id": f"g{n}",
                "model": {"id": "gpt-4"},
                "output": {"type": "text", "content": "4", "alternatives": [{"content": {"x": n}, "score": 0.5}]},
                "usage": {"cost": n / 100},
                "parameters": {"temperature": 0.5},
                "metadata": {"tags": ["x"], "customer": {"plan": "pro"}},
                "feedback": {"rating": 4},
            }
            for n in range(12)
        ]
        assert client.post("/api/generations", json=records).status_code == 201
        yield client


@pytest.fixture(scope="module")
def described(filled):
    found = filled.get("/api/openapi.json")
    assert found.headers["content-type"] == "application/json"
    return found.json()


def test_the_document_is_valid_openapi(described):
    assert described["openapi"].startswith("3.1")
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    schemathesis.openapi.from_dict(described).validate()


def test_every_route_is_described_with_its_parameters(described):
    for endpoint in ENDPOINTS:
        if endpoint.path.startswith("/api/docs/"):
            continue
        operation = described["paths"][endpoint.path][endpoint.method.lower()]
        named = {parameter["name"] for parameter in operation["parameters"]}
        assert set(endpoint.parameters) <= named
        assert operation.get("x-scope") == endpoint.scope
        assert ("requestBody" in operation) == (endpoint.method in ("POST", "PATCH"))
    listed = {parameter["name"] for parameter in described["paths"]["/api/generations"]["get"]["parameters"]}
    assert {field.path for field in FIELDS} | set(LIST_PARAMETERS) <= listed


def test_every_operation_has_a_name_of_its_own(described):
    names = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]

    assert len(set(names)) == len(names)


@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
def test_no_question_breaks_the_server_or_the_document(case, server, filled):
    """Few by default; `SCHEMATHESIS_EXAMPLES=500` asks more. About half of the ids are of records that are there."""
    if len(case.path_parameters.get("id", "")) % 2:
        case.path_parameters["id"] = "g1"
    case.call_and_validate(base_url=server.url, headers=HEADERS, checks=CHECKS)


def test_the_page_needs_nothing_from_elsewhere(filled):
    for name, type in {"": "text/html", "/docs.css": "text/css", "/docs.js": "text/javascript"}.items():
        answer = filled.get(f"/api/docs{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(type)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "http://" not in answer.text
        assert "https://" not in answer.text
    assert "innerHTML" not in filled.get("/api/docs/docs.js").text
