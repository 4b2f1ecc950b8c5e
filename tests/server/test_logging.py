"""One line of JSON for each request, with nothing in it that is nobody's business."""

from __future__ import annotations

import json
import logging
import sys
import time

import pytest

from generations.server.exchange import request_id
from generations.server.logs import JsonLine


def line_of(server, id: str) -> dict:
    """The log's line of a request; it is written when the answer is complete, which the client may see earlier."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = [line for line in server.said if f'"{id}"' in line]
        if found:
            (line,) = found
            return json.loads(line)
        time.sleep(0.005)
    raise AssertionError(server.said)


def test_a_request_is_one_line(http, server, project) -> None:
    body = '{"id": "private-id", "model": {"id": "m"}, "output": {"type": "text", "content": "private words"}}'

    answer = http.post("/api/generations", content=body, headers={"X-Request-Id": "first"})

    line = line_of(server, "first")
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("durationMs") < 10_000
    assert line == {
        "level": "info",
        "message": "request",
        "requestId": "first",
        "method": "POST",
        "route": "/api/generations",
        "status": 201,
        "bytesIn": len(body),
        "bytesOut": len(answer.content),
        "project": project,
        "records": 1,
        "refused": 0,
    }


def test_paths_queries_contents_and_keys_are_not_in_the_log(http, server) -> None:
    secret = "gen_0123456789abcdef_" + "0" * 64
    headers = {"Authorization": f"Bearer {secret}", "X-Request-Id": "second"}

    http.get("/api/generations/a-private-id", params={"metadata.userId": "private-user"}, headers=headers)

    line = json.dumps(line_of(server, "second"))
    assert "/api/generations/{id}" in line
    assert "private" not in line
    assert secret[-10:] not in line


def test_an_answer_tells_the_id_of_its_request(http) -> None:
    sent = http.get("/api/generations/none", headers={"X-Request-Id": "an-id/1"})
    made = [http.get("/nowhere", headers={"X-Request-Id": 'not "sane"'}) for _ in range(2)]

    assert sent.headers["x-request-id"] == sent.json()["requestId"] == "an-id/1"
    assert made[0].headers["x-request-id"] != made[1].headers["x-request-id"]


def test_an_error_is_told_by_its_code(http, server) -> None:
    http.post("/api/generations/count", json={"filter": {"private.path": 1}}, headers={"X-Request-Id": "third"})

    line = line_of(server, "third")
    assert (line["status"], line["code"], line["level"]) == (400, "unknown_field", "info")
    assert "private" not in json.dumps(line)


def test_a_failure_is_one_line_with_where_it_came_from_but_not_what_it_quotes() -> None:
    def fail():
        try:
            int("private words")
        except ValueError as error:
            raise KeyError("private key") from error

    try:
        fail()
    except KeyError:
        record = logging.LogRecord("generations.server", logging.ERROR, "", 0, "failed", None, sys.exc_info())

    text = JsonLine().format(record)

    assert "private" not in text
    assert "\n" not in text
    traceback = json.loads(text)["traceback"]
    assert (traceback[0], traceback[3]) == ("KeyError", "ValueError")
    assert "test_logging.py" in traceback[1]


@pytest.mark.parametrize(
    ("sent", "is_kept"), [("abc-1", True), ("", False), ("a b", False), ("a" * 129, False), ("ä", False), ("a\n", False)]
)
def test_an_id_is_kept_when_it_fits_a_header_and_a_log(sent: str, is_kept: bool) -> None:
    assert (request_id(sent) == sent) is is_kept
