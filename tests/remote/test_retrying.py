"""What is sent again, and what is not: nothing is lost in silence, and nothing is done twice."""

import json
import socket
import threading
import time

import pytest

from generations import Generations, LimitExceeded, StoreUnavailable
from generations.errors import Busy, RateLimited

from .unreliable import CUT, Answer, patient, problem, unreliable

INSERTED = Answer(201, b'{"insertedCount": 1, "replacedCount": 0, "unchangedCount": 0}')
COUNTED = Answer(200, b'{"count": 7}')
UPDATED = Answer(200, b'{"matchedCount": 1, "modifiedCount": 1}')
RECORD = {"model": {"id": "gpt-4"}}
INC = {"$inc": {"metadata.n": 1}}


@pytest.mark.parametrize(
    "first", [CUT, problem(503, "store_unavailable"), Answer(502, b"<html>"), Answer(504), Answer(200, b"{", {}, is_cut=True)]
)
def test_a_question_is_asked_again(first: Answer | str) -> None:
    with unreliable(first, COUNTED) as server, patient(server.url) as collection:
        assert collection.count_documents({}) == 7
        assert len(server.requests) == 2


@pytest.mark.parametrize("first", [CUT, problem(503, "store_unavailable"), problem(503, "busy"), Answer(502)])
def test_a_record_is_sent_again_under_the_same_id(first: Answer | str) -> None:
    """So that the server takes it once, whether the first request arrived or not."""
    with unreliable(first, INSERTED) as server, patient(server.url) as collection:
        result = collection.insert_one(RECORD)

        sent = [json.loads(body) for _, _, body in server.requests]
        assert sent == [[{"id": result.inserted_id, **RECORD}]] * 2


@pytest.mark.parametrize("answer", [CUT, problem(503, "store_unavailable"), Answer(502)])
def test_a_change_that_may_have_been_made_is_not_made_again(answer: Answer | str) -> None:
    with unreliable(answer) as server, patient(server.url) as collection:
        for change in (
            lambda: collection.update_many({}, INC),
            lambda: collection.delete_one({"status": "error"}),
            lambda: collection.add_feedback("a", rating=5),
        ):
            with pytest.raises(StoreUnavailable):
                change()
        assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "code"), [(503, "busy"), (429, "rate_limited")])
def test_a_change_that_was_not_taken_is_sent_again(status: int, code: str) -> None:
    with unreliable(problem(status, code, Retry_After="0"), UPDATED) as server, patient(server.url) as collection:
        assert collection.update_many({}, INC).modified_count == 1
        assert len(server.requests) == 2


def test_the_time_that_the_server_names_is_waited_for() -> None:
    with unreliable(problem(429, "rate_limited", Retry_After="1"), COUNTED) as server, patient(server.url) as collection:
        began = time.monotonic()
        collection.count_documents({})

        assert time.monotonic() - began >= 1


def test_who_would_have_to_wait_for_too_long_is_told_so_at_once() -> None:
    with unreliable(problem(503, "busy", "full", Retry_After="60")) as server, patient(server.url) as collection:
        began = time.monotonic()
        with pytest.raises(Busy, match="full") as refused:
            collection.insert_one(RECORD)

        assert refused.value.retry_after == 60
        assert not isinstance(refused.value, RateLimited)
        assert time.monotonic() - began < 5


def test_it_is_given_up_in_the_end() -> None:
    with unreliable(problem(503, "store_unavailable", "the disk is full")) as server, patient(server.url, 0.5) as collection:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            collection.count_documents({})

        assert time.monotonic() - began < 1
        assert len(server.requests) >= 2


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        patient(f"http://127.0.0.1:{port}", 0.2) as collection,
        pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port} cannot be reached"),
    ):
        collection.update_many({}, INC)


def test_a_server_that_comes_up_late_is_waited_for() -> None:
    """Even a change is: nothing was sent before there was somebody to take it."""
    with unreliable(UPDATED) as server:
        pass
    port = int(server.url.rsplit(":", 1)[1])
    late = socket.socket()
    late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    late.bind(("127.0.0.1", port))

    def answer() -> None:
        time.sleep(0.3)
        late.listen()
        connection, _ = late.accept()
        with connection:
            connection.recv(65536)
            body = UPDATED.body
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    thread = threading.Thread(target=answer)
    thread.start()
    with late, patient(server.url) as collection:
        assert collection.update_many({}, INC).modified_count == 1
        thread.join()


def test_an_answer_that_is_cut_off_is_an_error_and_not_a_shorter_answer() -> None:
    with unreliable(Answer(200, b'{"id":"a"}\n{"id":"b"}\n', is_cut=True)) as server, patient(server.url) as collection:
        cursor = collection.find()

        assert [next(cursor)["id"], next(cursor)["id"]] == ["a", "b"]
        with pytest.raises(StoreUnavailable, match="cut off"):
            next(cursor)


def test_a_document_that_looks_like_a_problem_is_none() -> None:
    """The server puts it into `$literal`; a problem stands there by itself."""
    with unreliable(
        Answer(200, b'{"$literal":{"$problem":{"code":"busy"}}}\n{"$problem":{"code":"limit_exceeded","detail":"enough"}}\n')
    ) as server:
        cursor = patient(server.url).find()

        assert next(cursor) == {"$problem": {"code": "busy"}}
        with pytest.raises(LimitExceeded, match="enough"):
            next(cursor)


def test_a_closed_collection_says_so() -> None:
    collection = Generations("http://127.0.0.1:9")
    collection.close()
    collection.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        collection.count_documents({})
