"""What LiteLLM's callback posts, over HTTP: in its three forms, again, and broken."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.wire.test_litellm import payload


def test_a_list_lines_and_a_single_payload_are_taken_alike(http):
    """All of them come as `application/json`, whatever they are."""
    several = [payload(litellm_call_id="a"), payload(litellm_call_id="b")]

    listed = http.post("/api/litellm", json=several)
    lines = http.post("/api/litellm", content="\n".join(map(json.dumps, several)), headers={"content-type": "application/json"})
    single = http.post("/api/litellm", json=payload(litellm_call_id="c"))

    assert (listed.status_code, listed.json()["insertedCount"]) == (201, 2)
    assert (lines.status_code, lines.json()["unchangedCount"]) == (200, 2)
    assert (single.status_code, single.json()["insertedCount"]) == (201, 1)
    found = http.get(f"/api/generations/{single.json()['ids'][0]}").json()
    assert found["usage"]["cost"] == 0.00062
    assert found["metadata"]["litellm"]["litellm_call_id"] == "c"


def test_one_bad_payload_costs_no_other_and_is_told_by_its_number(http):
    parts = [
        json.dumps(payload(litellm_call_id="good")),
        '{"id": "x"}',
        "7",
        "null",
        '{"id": "cut',
        json.dumps(payload(call_type="afile_list")),
    ]
    body = (
        "["
        + ",".join(parts[:4])
        + ","
        + json.dumps(payload(litellm_call_id="NaN", response_cost=0)).replace('"NaN"', "NaN")
        + ","
        + parts[4]
    )

    answer = http.post("/api/litellm", content=body)

    told = answer.json()
    assert (answer.status_code, told["insertedCount"], told["ignoredCount"]) == (201, 2, 1)
    assert [(one["line"], one["code"]) for one in told["refused"]] == [(2, "invalid_record"), (3, "invalid_record"), (6, "invalid_record")]


def test_feedback_that_came_meanwhile_stays_when_a_batch_is_sent_again(http):
    id = http.post("/api/litellm", json=[payload()]).json()["ids"][0]
    http.post(f"/api/generations/{id}/feedback", json={"rating": 5})

    again = http.post("/api/litellm", json=[payload()])

    assert again.json()["unchangedCount"] == 1
    assert http.get(f"/api/generations/{id}").json()["feedback"]["rating"] == 5


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"text", 400), (b'{"id": "x"}', 400), (b"\xff", 400), (b"[]", 200), (b"[", 200), (b'[{"a":' + b"[" * 100_000, 200)],
)
def test_a_body_that_is_no_batch_gets_a_problem_and_the_server_goes_on(http, body, status):
    answer = http.post("/api/litellm", content=body)

    assert answer.status_code == status
    if status == 400:
        assert "expected a" in answer.json()["detail"]
    else:
        assert answer.json()["insertedCount"] == 0
        assert answer.json()["refusedCount"] == (1 if len(body) > 2 else 0)


def test_the_limits_of_bodies_hold_here_too(serve_inside):
    with serve_inside(max_body_bytes=50_000) as inside, inside.client() as http:
        bomb = gzip.compress(b"[" + b" " * 10_000_000 + b"]")

        assert http.post("/api/litellm", json=[payload()] * 100).status_code == 413
        assert http.post("/api/litellm", content=bomb, headers={"content-encoding": "gzip"}).status_code == 413
        assert http.post("/api/litellm", json=payload()).status_code == 201


def test_lines_that_are_called_so_may_be_of_any_length_together(serve_inside):
    with serve_inside(max_body_bytes=50_000, max_batch_bytes=10_000) as inside, inside.client() as http:
        lines = [json.dumps(payload(litellm_call_id=str(number))) for number in range(100)]
        lines[7] = "not a payload"
        lines[8] = json.dumps(
            payload(call_type="afile_list", metadata={}, prompt_tokens=0, completion_tokens=0, total_tokens=0, response={})
        )

        told = http.post("/api/litellm", content="\n".join(lines), headers={"content-type": "application/x-ndjson"}).json()

        assert (told["insertedCount"], told["ignoredCount"], [one["line"] for one in told["refused"]]) == (98, 1, [8])
