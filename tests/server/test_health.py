"""Live: it answers. Ready: it would take records."""

from __future__ import annotations

import asyncio

import pytest

from generations.errors import StoreUnavailable
from generations.server.health import Health, Readiness
from generations.store import folder


def readiness(health: Health) -> Readiness:
    return asyncio.run(health.readiness())


@pytest.mark.parametrize(("path", "says"), [("/health/live", {"live": True}), ("/health/ready", None), ("/health", None)])
def test_a_server_that_is_well_says_so(server, path, says) -> None:
    with server.client() as client:
        answer = client.get(path)

    assert answer.status_code == 200
    assert answer.json() == says or {"live": True, "ready": True, "reason": None}
    assert not [name for name in server.folder.iterdir() if name.name.startswith("..probe")]


def test_a_folder_that_takes_no_files_is_not_ready(server) -> None:
    (server.folder / ".probe").unlink(missing_ok=True)
    (server.folder / ".probe").mkdir()
    try:
        with server.client() as client:
            answer = until(client, 503)
            assert client.get("/health/live").is_success
    finally:
        (server.folder / ".probe").rmdir()

    assert answer.json() == {"live": True, "ready": False, "reason": "the store takes no writes"}
    assert str(server.folder) not in answer.text
    with server.client() as client:
        assert until(client, 200).json()["ready"]


def until(client, status: int):
    """The first answer with a status; what was found stands for a second."""
    while True:
        answer = client.get("/health/ready")
        if answer.status_code == status:
            return answer


def test_a_full_disk_is_not_ready(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(folder, "_LEAST_FREE_BYTES", 1 << 62)

    with pytest.raises(StoreUnavailable, match="bytes left"):
        folder.probe(tmp_path)


def test_a_writer_that_fails_is_not_ready() -> None:
    assert readiness(Health(lambda: False, lambda: None)) == Readiness(False, "writing fails")


def test_asking_often_looks_once_a_second() -> None:
    looked = []

    async def ask() -> None:
        health = Health(lambda: True, lambda: looked.append(1))
        await asyncio.gather(*(health.readiness() for _ in range(50)))

    asyncio.run(ask())
    assert len(looked) == 1
