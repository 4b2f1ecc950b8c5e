"""Starting and stopping: one line when ready, one line when it cannot start, and an end that loses nothing."""

from __future__ import annotations

import signal


def test_it_tells_where_it_listens_and_over_what(server) -> None:
    assert server.said[0] == f"serving {server.folder} on {server.url}"


def test_what_was_recorded_is_there(http) -> None:
    assert http.post("/api/generations", json={"id": "a", "model": {"id": "m"}}).status_code == 201

    assert http.get("/api/generations/a").json()["model"] == {"id": "m"}


def test_stopping_on_request_is_success(start_server) -> None:
    for how in (signal.SIGTERM, signal.SIGINT):
        server = start_server()

        assert server.stop(how) == 0
        assert len(server.said) == 1
