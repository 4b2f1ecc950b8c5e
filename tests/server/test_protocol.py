"""Heads that are too large or never end, and answers that nobody reads."""

from __future__ import annotations

import json
import socket
import time

import pytest

from generations.server.protocol import MOST_HEAD_BYTES, Protocol


@pytest.fixture(scope="module")
def inside(serve_inside):
    """A server that waits only for a moment."""
    before = Protocol.head_seconds, Protocol.unread_seconds
    Protocol.head_seconds, Protocol.unread_seconds = 0.3, 0.3
    with serve_inside() as inside:
        yield inside
    Protocol.head_seconds, Protocol.unread_seconds = before


@pytest.fixture
def connection(inside):
    host, port = inside.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def heard(connection: socket.socket) -> bytes:
    """All that the server says until it hangs up."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split()[1]), json.loads(body)["code"]


@pytest.mark.parametrize("ended", [True, False])
def test_headers_that_are_too_large_are_refused(connection, ended):
    filler = "".join(f"x-{n}: {'y' * 1000}\r\n" for n in range(MOST_HEAD_BYTES // 1000 + 1))

    connection.sendall(f"GET /health HTTP/1.1\r\nhost: localhost\r\n{filler}".encode() + (b"\r\n" if ended else b""))

    assert problem(heard(connection)) == (431, "too_large")


def test_a_path_that_never_ends_is_refused(connection):
    connection.sendall(b"GET /" + b"x" * (MOST_HEAD_BYTES + 1))

    assert problem(heard(connection)) == (431, "too_large")


def test_a_head_that_does_not_come_to_its_end_is_given_up(connection):
    connection.sendall(b"GET /health HTTP/1.1\r\nhost:")

    assert problem(heard(connection)) == (408, "stalled")


def test_the_second_head_of_a_connection_is_given_up_too(connection):
    connection.sendall(b"GET /api/generations/x HTTP/1.1\r\nhost: localhost\r\n\r\nGET /api")

    answers = heard(connection).split(b"HTTP/1.1 ")[1:]

    assert [answer[:3] for answer in answers] == [b"404", b"408"]


def test_a_connection_that_says_nothing_is_closed(connection):
    assert heard(connection) == b""


def test_what_is_not_http_is_refused(connection):
    connection.sendall(b"EHLO mail\r\n\r\n")

    assert problem(heard(connection)) == (400, "invalid_input")


def test_a_client_that_does_not_read_is_cut_off(inside, connection, project):
    with inside.client(headers={"generations-project": project}) as http:
        record = {"model": {"id": "m"}, "output": {"type": "text", "content": "x" * 1_000_000}}
        assert http.post("/api/generations", json=[record] * 20).status_code == 201

        body = b'{"filter": {}}'
        head = f"POST /api/generations/find HTTP/1.1\r\nhost: localhost\r\ngenerations-project: {project}\r\n"
        connection.sendall(head.encode() + f"accept: application/x-ndjson\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(1)

        answer = heard(connection)
        assert len(answer) < 20_000_000
        assert not answer.endswith(b"0\r\n\r\n")
        assert http.get("/api/generations/x").status_code == 404
