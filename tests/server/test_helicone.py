"""Logs of Helicone's manual loggers, over HTTP."""

from __future__ import annotations

import pytest

from tests.wire.test_helicone import ANSWER, MESSAGE, log


def test_a_log_is_on_disk_when_it_is_answered_and_again_adds_nothing(http):
    """The loggers take any status but 200 for a failure."""
    headers = {"Helicone-Auth": "Bearer unused", "Helicone-Request-Id": "call-1", "Helicone-Property-Feature": "search"}

    answers = [http.post("/custom/v1/log", json=log(), headers=headers) for _ in range(2)]

    assert [(one.status_code, one.json(), one.headers["helicone-id"]) for one in answers] == [(200, {"id": "call-1"}, "call-1")] * 2
    found = http.get("/api/generations", params={"count": "true"}).json()
    assert found["totalDocs"] == 1
    assert found["docs"][0]["metadata"]["feature"] == "search"


@pytest.mark.parametrize(
    ("path", "answer", "provider"), [("oai", ANSWER, "openai"), ("anthropic", MESSAGE, "anthropic"), ("googleapis", {}, "google")]
)
def test_the_path_names_the_provider(http, path, answer, provider):
    id = http.post(f"/{path}/v1/log", json=log(response=answer)).json()["id"]

    assert http.get(f"/api/generations/{id}").json()["model"]["provider"] == provider


def test_logs_of_tools_are_no_generations(http):
    assert http.post("/custom/v1/log", json=log({"_type": "tool", "toolName": "x"})).json() == {"id": None}


@pytest.mark.parametrize("body", [b"", b"text", b"[]", b'{"providerRequest": {}}', b'{"a":' + b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_log_gets_the_error_of_helicone(http, body):
    answer = http.post("/custom/v1/log", content=body)

    assert answer.status_code == 400
    assert list(answer.json()) == ["error", "code", "requestId"]


def test_the_key_is_shown_in_a_header_of_its_own(serve_inside):
    """`Authorization` may hold the key of the provider beside it."""
    with serve_inside() as inside, inside.client() as http:
        key, _ = inside.state.keys.keys.create("mine", ["ingest"])
        inside.state.keys.forget()
        both = {"Authorization": "Bearer sk-of-the-provider", "Helicone-Auth": f"Bearer {key}"}

        assert http.post("/custom/v1/log", json=log(), headers=both).status_code == 200
        assert http.post("/custom/v1/log", json=log(), headers={"Authorization": f"Bearer {key}"}).status_code == 200
        assert http.post("/custom/v1/log", json=log(), headers={"Authorization": "Bearer wrong"}).status_code == 401
