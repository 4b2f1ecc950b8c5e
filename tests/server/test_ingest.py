"""Taking records over HTTP: one, a list, and streams, whatever comes in between."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time

import pyarrow as pa
import pytest

JSON_LINES = {"content-type": "application/x-ndjson"}


def record(id: str | None = None, **fields) -> dict:
    named = {} if id is None else {"id": id}
    return {**named, "timestamp": "2026-01-01T00:00:00Z", "model": {"id": "m"}, **fields}


def lines(*records: dict | str) -> bytes:
    return b"".join((one if isinstance(one, str) else json.dumps(one)).encode() + b"\n" for one in records)


def ids(http, **headers) -> list[str]:
    answer = http.post("/api/generations/find", json={"projection": ["id"]}, headers=headers)
    return [doc["id"] for doc in answer.json()["docs"]]


def test_one_a_list_and_lines_are_taken_alike(http):
    one = http.post("/api/generations", json=record("a"))
    several = http.post("/api/generations", json=[record("a"), record("b"), record("a", status="error")])
    streamed = http.post("/api/generations", content=lines(record("a"), record("c")), headers=JSON_LINES)

    nothing_refused = {"refusedCount": 0, "refused": []}
    assert (one.status_code, one.json()) == (
        201,
        {"ids": ["a"], "insertedCount": 1, "replacedCount": 0, "unchangedCount": 0, **nothing_refused},
    )
    assert several.json() == {"ids": ["a", "b", "a"], "insertedCount": 1, "replacedCount": 1, "unchangedCount": 0, **nothing_refused}
    assert streamed.json() == {"ids": ["a", "c"], "insertedCount": 1, "replacedCount": 1, "unchangedCount": 0, **nothing_refused}
    assert http.post("/api/generations", json=record("c")).status_code == 200
    assert ids(http) == ["b", "a", "c"]


@pytest.mark.parametrize("headers", [{}, JSON_LINES])
def test_complete_fills_the_gaps_of_what_is_there(http, headers):
    http.post("/api/generations", json=record("a", status="success"))
    poorer = [record("a", status="error", metadata={"row": 7}), record("b")]
    body = lines(*poorer) if headers else json.dumps(poorer).encode()

    answer = http.post("/api/generations?complete=true", content=body, headers=headers)
    refused = http.post("/api/generations?complete=true", json=[record("c"), {"id": "no model"}])

    assert {name: count for name, count in answer.json().items() if name.endswith("Count")} == {
        "insertedCount": 1,
        "replacedCount": 1,
        "unchangedCount": 0,
        "refusedCount": 0,
    }
    found = http.get("/api/generations/a").json()
    assert (found["status"], found["metadata"]) == ("success", {"row": 7})
    assert (refused.status_code, ids(http)) == (400, ["b", "a"])


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_packed_lines_are_taken(http, packing):
    text = lines(*(record(f"r-{n}") for n in range(2000)))
    body = gzip.compress(text) if packing == "gzip" else pa.compress(text, codec="zstd", asbytes=True)

    answer = http.post("/api/generations", content=body, headers={**JSON_LINES, "content-encoding": packing})

    assert answer.json()["insertedCount"] == 2000


def test_a_refused_line_is_told_by_its_number_and_the_others_are_taken(http):
    body = lines(record("a"), "", "  ", '{"id": "no model"}', record("b"), "not JSON")

    answer = http.post("/api/generations", content=body, headers=JSON_LINES).json()

    assert answer["ids"] == ["a", "b"]
    assert answer["refusedCount"] == 2
    assert [(one["line"], one["code"], one["path"]) for one in answer["refused"]] == [
        (4, "invalid_record", "model.id"),
        (6, "invalid_record", None),
    ]


def test_a_refused_element_is_told_by_its_place_in_the_list(http):
    answer = http.post("/api/generations", json=[record("a"), {"id": "no model"}]).json()

    assert (answer["ids"], [one["line"] for one in answer["refused"]]) == (["a"], [2])


@pytest.mark.parametrize("headers", [{}, JSON_LINES])
def test_atomic_takes_all_or_nothing(http, headers):
    several = [record("a"), {"id": "no model"}, record("b")]
    body = lines(*several) if headers else json.dumps(several).encode()

    refused = http.post("/api/generations?atomic=true", content=body, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_record")
    assert "record 1" in refused.json()["detail"]
    assert ids(http) == []


def test_the_answer_to_a_long_stream_stays_short(http):
    body = lines(*[record()] * 10_001, *["{}"] * 1_500)

    answer = http.post("/api/generations", content=body, headers=JSON_LINES).json()

    assert answer["ids"] is None
    assert answer["insertedCount"] == 10_001
    assert (answer["refusedCount"], len(answer["refused"]), answer["refused"][-1]["line"]) == (1_500, 1_000, 11_001)


def test_a_request_with_an_idempotency_key_may_be_sent_again(http):
    body, keyed = lines(record(), record(), record(status="error"), record("named")), {"idempotency-key": "k-1"}

    first = http.post("/api/generations", content=body, headers={**JSON_LINES, **keyed})
    again = http.post("/api/generations", content=body, headers={**JSON_LINES, **keyed})
    other = http.post("/api/generations", content=body, headers={**JSON_LINES, "idempotency-key": "k-2"})

    assert (first.status_code, first.json()["insertedCount"], len(set(first.json()["ids"]))) == (201, 4, 4)
    assert (again.status_code, again.json()["unchangedCount"], again.json()["ids"]) == (200, 4, first.json()["ids"])
    assert (other.json()["insertedCount"], other.json()["unchangedCount"]) == (3, 1)


def test_another_body_under_the_same_key_replaces_nothing(http):
    keyed = {"idempotency-key": "k"}

    one = http.post("/api/generations", json=record(status="error"), headers=keyed).json()
    other = http.post("/api/generations", json=record(), headers=keyed).json()

    assert one["ids"] != other["ids"]
    assert (other["insertedCount"], other["replacedCount"]) == (1, 0)


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
def test_a_strange_idempotency_key_is_refused(http, key):
    answer = http.post("/api/generations", json=record(), headers={"idempotency-key": key})

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "Idempotency-Key")


# Limits, in a server of this process


def test_batches_do_not_show(serve_inside, project):
    """The ids that a key makes do not depend on how the stream was split."""
    body = lines(*(record(metadata={"n": n % 5}) for n in range(200)))
    headers = {**JSON_LINES, "generations-project": project, "idempotency-key": "k"}

    with serve_inside(max_batch_bytes=1000) as inside, inside.client() as http:
        small = http.post("/api/generations", content=body, headers=headers).json()
    with serve_inside() as inside, inside.client() as http:
        whole = http.post("/api/generations", content=body, headers=headers).json()

    assert (small["insertedCount"], whole["unchangedCount"], whole["ids"]) == (200, 200, small["ids"])


def test_what_is_too_large_is_refused_and_the_client_hears_it(serve_inside):
    with serve_inside(max_body_bytes=10_000) as inside, inside.client() as http:
        whole = http.post("/api/generations", content=b"[" + b" " * 20_000_000)
        unannounced = http.post("/api/generations", content=iter([b"[", *[b" " * 100_000] * 100]))
        line = http.post("/api/generations", content=b"x" * 20_000_000, headers=JSON_LINES)
        bomb = http.post("/api/generations", content=gzip.compress(b"[" + bytes(10_000_000)), headers={"content-encoding": "gzip"})

        assert [one.status_code for one in (whole, unannounced, line, bomb)] == [413] * 4
        assert whole.json()["code"] == "too_large"
        assert inside.state.room.held_bytes == 0


def test_when_there_is_no_room_a_request_is_told_when_to_come_again(serve_inside, project):
    """Nothing of it is taken."""
    headers = {"generations-project": project}
    large = record("large", output={"type": "text", "content": "x" * 50_000})
    with serve_inside(max_waiting_bytes=60_000) as inside, inside.client(headers=headers) as http:
        store = inside.state.projects.collection(project).store
        with store.writing():
            waiting = threading.Thread(target=http.post, args=["/api/generations"], kwargs={"json": large})
            waiting.start()
            until(lambda: inside.state.room.held_bytes > 50_000)
            refused = http.post("/api/generations", json={**large, "id": "refused"})
        waiting.join()

        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
        assert ids(http) == ["large"]
        assert http.post("/api/generations", json={**large, "id": "refused"}).status_code == 201
        assert inside.state.room.held_bytes == 0


def test_a_stream_waits_for_room(serve_inside, project):
    body = lines(*(record(f"r-{n}", output={"type": "text", "content": "x" * 1000}) for n in range(100)))
    headers = {**JSON_LINES, "generations-project": project}
    with serve_inside(max_waiting_bytes=20_000, max_batch_bytes=3000) as inside, inside.client(headers=headers) as http:
        answers = []
        with inside.state.projects.collection(project).store.writing():
            stream = threading.Thread(target=lambda: answers.append(http.post("/api/generations", content=body)))
            stream.start()
            until(lambda: inside.state.room.held_bytes > 10_000)
            time.sleep(0.1)
            assert inside.state.room.held_bytes <= 20_000
            assert answers == []
        stream.join()

        assert answers[0].json()["insertedCount"] == 100


def test_a_stream_that_waited_too_long_is_told_what_was_taken_of_it(serve_inside, project):
    """Its first batches are written before somebody else takes all the room."""
    headers = {**JSON_LINES, "generations-project": project}
    with serve_inside(max_waiting_bytes=20_000, max_batch_bytes=1000, room_seconds=0.2) as inside, inside.client(headers=headers) as http:

        def body():
            yield lines(*(record(f"r-{n}", metadata={"filler": "x" * 200}) for n in range(10)))
            until(lambda: inside.state.room.held_bytes == 0 and len(ids(http)) > 5)
            inside.state.room.take(20_000)
            yield lines(*(record(f"late-{n}", metadata={"filler": "x" * 200}) for n in range(10)))

        refused = http.post("/api/generations", content=body())

        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert f"{len(ids(http))} records of this request were taken" in refused.json()["hint"]


def test_a_stream_that_breaks_is_told_what_was_taken_of_it(serve_inside, project):
    headers = {**JSON_LINES, "generations-project": project, "content-encoding": "gzip"}
    body = gzip.compress(lines(*(record(f"r-{n}") for n in range(100))))[:-10]
    with serve_inside(max_batch_bytes=1000) as inside, inside.client(headers=headers) as http:
        refused = http.post("/api/generations", content=body)

        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
        assert f"{len(ids(http, **{'content-encoding': 'identity'}))} records of this request were taken" in refused.json()["hint"]


# Clients that do not do as they say


def test_a_body_that_stops_coming_is_given_up(serve_inside, project):
    with serve_inside(stall_seconds=0.2) as inside, inside.client() as http:
        status, answer = spoken(inside.url, f"POST /api/generations HTTP/1.1\r\nhost: localhost\r\ngenerations-project: {project}\r\n"
                                            "content-length: 100\r\n\r\n{")  # fmt: skip

        assert (status, json.loads(answer)["code"]) == (408, "stalled")
        assert inside.state.room.held_bytes == 0
        assert ids(http, **{"generations-project": project}) == []


def test_a_client_that_leaves_in_the_middle_leaves_its_whole_lines(serve_inside, project):
    with serve_inside(max_batch_bytes=100) as inside, inside.client(headers={"generations-project": project}) as http:
        head = (
            f"POST /api/generations HTTP/1.1\r\nhost: localhost\r\ngenerations-project: {project}\r\ncontent-type: application/x-ndjson\r\n"
        )
        with connected(inside.url) as leaving:
            leaving.sendall(head.encode() + b"content-length: 100000\r\n\r\n" + lines(record("a"), record("b")) + b'{"id": "c"')
            until(lambda: len(ids(http)) == 2)

        until(lambda: inside.state.room.held_bytes == 0)
        assert http.post("/api/generations", json=record("d")).status_code == 201
        assert ids(http) == ["a", "b", "d"]


def test_a_body_shorter_than_it_says_is_not_taken(http, server, project):
    text = json.dumps(record("short")).encode()
    with connected(server.url) as lying:
        head = f"POST /api/generations HTTP/1.1\r\nhost: localhost\r\ngenerations-project: {project}\r\n"
        head += f"content-length: {len(text) + 1}\r\n\r\n"
        lying.sendall(head.encode() + text)

    assert ids(http) == []


def test_what_follows_a_body_that_is_longer_than_it_says_is_refused(http, server, project):
    text = json.dumps(record("long"))
    head = f"POST /api/generations HTTP/1.1\r\nhost: localhost\r\ngenerations-project: {project}\r\ncontent-length: {len(text)}\r\n\r\n"

    status, answer = spoken(server.url, head + text + "and more of it\r\n\r\n")

    assert (status, json.loads(answer)["code"]) == (400, "invalid_input")
    assert http.post("/api/generations", json=record("next")).status_code == 201


@pytest.mark.parametrize(
    "head",
    [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "content-length: 1e3\r\n",
    ],
)
def test_a_length_that_cannot_be_is_refused(server, head):
    status, answer = spoken(server.url, f"POST /api/generations HTTP/1.1\r\nhost: localhost\r\n{head}\r\n")

    assert (status, json.loads(answer)["code"]) == (400, "invalid_input")


def test_chunks_that_are_none_are_refused(http, server, project):
    head = f"POST /api/generations HTTP/1.1\r\nhost: localhost\r\ngenerations-project: {project}\r\ntransfer-encoding: chunked\r\n\r\n"

    assert spoken(server.url, head + "zz\r\n{}\r\n")[0] == 400
    assert ids(http) == []


def connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def spoken(url: str, text: str) -> tuple[int, bytes]:
    """Say this and listen until the server hangs up: the status and the body of its answer."""
    with connected(url) as connection:
        connection.sendall(text.encode())
        heard = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = heard.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def until(claim, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.01)
