"""No question that the OpenAPI document allows breaks the server, and no answer is outside of the document.

Thousands of questions: only collected with `--everywhere`, for making them takes long too.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from generations.server.openapi import document
from generations.server.routes import ENDPOINTS

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
HEADERS = {"Generations-Project": "schemathesis"}
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def as_it_is(context, value):
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


@pytest.mark.programs
def test_the_document_is_valid_openapi(server):
    with server.client() as client:
        described = client.get("/api/openapi.json").json()

    schemathesis.openapi.from_dict(described).validate()


@pytest.mark.programs
@SCHEMA.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
def test_no_question_breaks_the_server_or_the_document(case, server, filled):
    """Few by default; `SCHEMATHESIS_EXAMPLES=500` asks more. About half of the ids are of records that are there."""
    if len(case.path_parameters.get("id", "")) % 2:
        case.path_parameters["id"] = "g1"
    case.call_and_validate(base_url=server.url, headers=HEADERS, checks=CHECKS)
