"""The OpenAPI document holds every route. That no answer is outside of it is asked in `test_openapi_questions`."""

import jsonschema_rs
import pytest

from generations.record.fields import FIELDS
from generations.server.parameters import LIST_PARAMETERS
from generations.server.routes import ENDPOINTS


@pytest.fixture(scope="module")
def described(server):
    with server.client() as client:
        found = client.get("/api/openapi.json")
    assert found.headers["content-type"] == "application/json"
    return found.json()


def test_the_document_is_valid_openapi(described):
    assert described["openapi"].startswith("3.1")
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


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


def test_the_page_needs_nothing_from_elsewhere(http):
    for name, type in {"": "text/html", "/docs.css": "text/css", "/docs.js": "text/javascript"}.items():
        answer = http.get(f"/api/docs{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(type)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "http://" not in answer.text
        assert "https://" not in answer.text
    assert "innerHTML" not in http.get("/api/docs/docs.js").text
