"""Starting and stopping: one line when ready, one line when it cannot start, and an end that loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time

import httpx2
import pytest

from generations import Generations
from generations.cli import exit_codes
from tests.targets.served import PROGRAM, running

pytestmark = pytest.mark.programs

JSON_LINES = {"content-type": "application/x-ndjson"}


def record(id: str, **fields) -> dict:
    return {"id": id, "timestamp": "2026-01-01T00:00:00Z", "model": {"id": "m"}, **fields}


def line(id: str) -> bytes:
    return json.dumps(record(id)).encode() + b"\n"


def refused_to_start(*arguments: str) -> tuple[int, str]:
    ended = subprocess.run([PROGRAM, "serve", *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


class Streaming(threading.Thread):
    """A client in the middle of a stream: it has sent a line, and sends another one when told to."""

    def __init__(self, url: str):
        super().__init__()
        self.url, self.go_on, self.answer, self.failure = url, threading.Event(), None, None
        self.start()

    def run(self):
        try:
            self.answer = httpx2.post(f"{self.url}/api/generations", content=self.body(), headers=JSON_LINES, timeout=30)
        except httpx2.HTTPError as failure:
            self.failure = failure

    def body(self):
        yield line("before")
        self.go_on.wait(20)
        yield line("after")


def test_it_tells_where_it_listens_over_what_and_to_whom(server):
    assert f"serving {server.folder} on {server.url} to this machine only, for there are no keys" in server.said


def test_stopping_on_request_is_success(start_server):
    for how in (signal.SIGTERM, signal.SIGINT):
        assert start_server().stop(how) == exit_codes.OK.code


def test_a_request_that_has_begun_is_answered_before_the_end(start_server):
    """An idle connection does not keep the server, a stream that goes on does."""
    server = start_server()
    with server.client() as idle:
        idle.get("/api/generations/x")
        streaming = Streaming(server.url)
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(server.url)
        streaming.go_on.set()
        streaming.join()

    assert streaming.answer.json()["ids"] == ["before", "after"]
    assert server.wait() == exit_codes.OK.code
    with Generations(server.folder) as generations:
        assert generations.count_documents({}) == 2


def test_a_stream_without_end_is_told_that_the_server_stops(serve_inside):
    """It waits for so long and no longer."""
    with serve_inside(drain_seconds=1) as inside:
        streaming = Streaming(inside.url)
        time.sleep(0.2)

    streaming.go_on.set()
    streaming.join()
    assert (streaming.answer.status_code, streaming.answer.json()["detail"]) == (
        503,
        "the server is stopping; send it again to the next one",
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(start_server, how):
    server = start_server()
    streaming = Streaming(server.url)
    time.sleep(0.2)
    server.process.send_signal(how)
    time.sleep(0.2)
    began = time.monotonic()

    assert server.stop(how) == 128 + how
    assert time.monotonic() - began < 2
    streaming.go_on.set()
    streaming.join()
    assert streaming.failure is not None
    Generations(server.folder).close()


def test_a_server_that_was_killed_has_lost_nothing_that_it_acknowledged(start_server):
    server = start_server()
    with server.client() as http:
        assert http.post("/api/generations", json=[record(f"r-{n}") for n in range(10)]).status_code == 201
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL

    with start_server().client() as http:
        assert http.post("/api/generations/count", json={"filter": {}}).json() == {"count": 10}


def test_a_port_in_use_is_told_in_one_line(server, tmp_path):
    port = server.url.rpartition(":")[2]

    code, said = refused_to_start("--data", str(tmp_path / "data"), "--port", port)

    assert code == exit_codes.CONFIG.code
    assert said == (
        f"error: cannot listen on 127.0.0.1 port {port}: Address already in use;"
        " stop what listens there, or name another port; --port 0 takes a free one\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "nobody.invalid"])
def test_an_address_that_is_not_ours_is_told_in_one_line(tmp_path, host):
    code, said = refused_to_start("--data", str(tmp_path / "data"), "--host", host)

    assert code == exit_codes.CONFIG.code
    assert said.startswith(f"error: cannot listen on {host} port 4300: ")
    assert said.endswith("; --host takes an address of this machine\n")
    assert said.count("\n") == 1


def test_a_folder_in_use_is_told_in_one_line(server):
    code, said = refused_to_start("--data", str(server.folder), "--port", "0")

    assert code == exit_codes.STORE.code
    assert f"in use by process {server.process.pid}" in said
    assert said.count("\n") == 1


def test_a_port_is_free_again_as_soon_as_the_server_has_ended(start_server, tmp_path):
    first = start_server()
    with first.client() as http:
        http.get("/api/generations/x")
    first.stop()

    with running(tmp_path / "data", port=int(first.url.rpartition(":")[2])) as second:
        assert second.url == first.url


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_and_the_server_serves_on(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with running(disk / "data") as server, server.client() as http:
            acknowledged = fill(http)
            refused = http.post("/api/generations", json=record("big", output={"type": "text", "content": os.urandom(4_000_000).hex()}))

            assert (refused.status_code, refused.json()["code"], "retry-after" in refused.headers) == (503, "store_unavailable", True)
            assert "is full" in refused.json()["detail"]
            assert http.post("/api/generations/count", json={"filter": {}}).json() == {"count": acknowledged}
            assert http.get("/api/generations/big-0").status_code == 200
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            assert http.post("/api/generations", json=record("there is room again")).status_code == 201
            assert server.stop() == exit_codes.OK.code
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(http: httpx2.Client) -> int:
    """Send large records until one is refused; how many were taken."""
    for n in range(100):
        content = os.urandom(500_000).hex()
        if http.post("/api/generations", json=record(f"big-{n}", output={"type": "text", "content": content})).status_code != 201:
            return n
    raise AssertionError("the disk is not small")
