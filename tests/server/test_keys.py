"""Before the first key the server is open to this machine; then to nobody without one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generations.errors import AccessDenied, RateLimited, StoreUnavailable
from generations.server.access import Rates, is_loopback
from generations.server.keyring import HELD_SECONDS, KeyRing
from generations.store.keys import Key, Keys
from tests.targets.served import running

if TYPE_CHECKING:
    import httpx2

PROGRAM = Path(sys.executable).with_name("generations")
PAGE = "https://page.example"


@pytest.fixture(scope="module")
def open_server(serve_inside):
    with serve_inside() as inside, inside.client() as client:
        yield client


@pytest.fixture(scope="module")
def folder_with_key(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keyed") / "data"
    return folder, made(folder, "--scope", "read", "--rate", "5")


def made(folder: Path, *arguments: str) -> str:
    """A key that the command made."""
    command = [PROGRAM, "keys", "create", "--data", str(folder), "--table", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:4300", "127.0.0.1:80", "[::1]:4300", "127.1.2.3"])
def test_without_keys_this_machine_is_answered(open_server: httpx2.Client, host: str) -> None:
    assert open_server.get("/api/generations", headers={"Host": host}).is_success


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4300", "localhost.evil.example", "127.0.0.1.evil.example", "[", "10.0.0.1", ""]
)
def test_a_name_that_was_made_to_lead_here_is_refused(open_server: httpx2.Client, host: str) -> None:
    """A page of that name would otherwise read everything through the browser of this machine."""
    answer = open_server.get("/api/generations", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("origin", [PAGE, "null", "http://127.0.0.1:1", "http://localhost.evil.example"])
def test_a_page_of_another_origin_changes_nothing(open_server: httpx2.Client, origin: str) -> None:
    """Browsers send text without asking first."""
    headers = {"Origin": origin, "Content-Type": "text/plain"}

    answer = open_server.post("/api/generations", content='{"id": "forged", "model": {"id": "m"}}', headers=headers)

    assert answer.status_code == 403
    assert open_server.get("/api/generations/forged").status_code == 404


def test_a_page_of_the_server_itself_is_answered(open_server: httpx2.Client) -> None:
    assert open_server.get("/api/generations", headers={"Origin": str(open_server.base_url).rstrip("/")}).is_success


def test_no_page_is_told_that_it_may_read(open_server: httpx2.Client) -> None:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}

    for answer in (open_server.options("/api/generations", headers=headers), open_server.get("/health", headers=headers)):
        assert "access-control-allow-origin" not in answer.headers


def test_every_answer_says_that_it_is_what_it_says(open_server: httpx2.Client) -> None:
    for path in ("/api/generations", "/nowhere"):
        assert open_server.get(path).headers["x-content-type-options"] == "nosniff"


def test_an_origin_that_was_allowed_may_read(serve_inside) -> None:
    with serve_inside(cors_origins=(PAGE,)) as inside, inside.client() as client:
        asked = client.options("/api/generations", headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"})
        answer = client.get("/api/generations", headers={"Origin": PAGE})
        stranger = client.get("/api/generations", headers={"Origin": "https://other.example"})

    assert asked.headers["access-control-allow-origin"] == answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["x-request-id"]
    assert stranger.status_code == 403
    assert "access-control-allow-origin" not in stranger.headers


def test_the_first_key_closes_the_door_also_when_it_is_revoked(tmp_path_factory, serve_inside) -> None:
    """Otherwise the last key that ends would open the store to everyone."""
    with serve_inside() as inside, inside.client() as client:
        key = client.post("/api/keys", json={"scopes": ["read"]}).json()

        assert client.get("/api/generations").status_code == 401
        assert client.get("/api/generations", headers={"Authorization": f"bearer {key['key']}", "Host": "any.example"}).is_success

        Keys(inside.state.projects.engine).revoke(key["id"])
        inside.state.keys.forget()
        assert client.get("/api/generations").status_code == 401


def test_without_a_key_it_does_not_listen_to_others(tmp_path) -> None:
    command = [PROGRAM, "serve", "--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--port", "0"]  # noqa: S104 - it is refused
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 6
    assert len(done.stderr.splitlines()) == 1
    assert "generations keys create" in done.stderr


def test_with_a_key_it_listens_to_others(folder_with_key) -> None:
    folder, key = folder_with_key
    with running(folder, "--host", "0.0.0.0") as server, server.client() as client:  # noqa: S104 - what is tested
        assert client.get("/api/generations").status_code == 401
        assert client.get("/api/generations", headers={"Authorization": f"Bearer {key}"}).is_success


def test_who_sends_more_than_a_key_may_is_told_when_to_come_back(folder_with_key) -> None:
    folder, key = folder_with_key
    with running(folder) as server, server.client(headers={"Authorization": f"Bearer {key}"}) as client:
        answers = [client.get("/api/generations/count?x=1") for _ in range(12)]

    limited = [answer for answer in answers if answer.status_code == 429]
    assert len(limited) >= 5
    assert limited[0].json()["code"] == "rate_limited"
    assert limited[0].headers["retry-after"] == "1"


def test_a_bucket_fills_at_its_rate() -> None:
    slow, other = (Key(id, "p", ("read",), None, 0.5, datetime.now(UTC), None, None, b"") for id in ("slow", "other"))
    now = 100.0
    rates = Rates(None, clock=lambda: now)

    rates.spend(slow)
    with pytest.raises(RateLimited) as refused:
        rates.spend(slow)
    rates.spend(other)
    assert refused.value.retry_after == 2

    now += 2
    rates.spend(slow)
    with pytest.raises(RateLimited):
        rates.spend(slow)


@pytest.mark.parametrize(("host", "is_here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("h", False)])  # noqa: S104 - a word
def test_loopback_is_told_by_its_address(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here


def test_keys_are_read_once_for_many_requests_and_again_after_five_seconds(serve_inside) -> None:
    with serve_inside() as inside:
        keys = Keys(inside.state.projects.engine)
        text, key = keys.create("p", ["read"])
        now = 100.0

        async def ask() -> None:
            nonlocal now
            ring = KeyRing(keys, clock=lambda: now)
            first, *others = await asyncio.gather(*(ring.current() for _ in range(20)))
            assert all(one is first for one in others)
            assert first is not None
            assert first.opened_by(text) == key

            keys.revoke(key.id)
            assert await ring.current() is first

            now += HELD_SECONDS
            later = await ring.current()
            assert later is not None
            with pytest.raises(AccessDenied):
                later.opened_by(text)

        asyncio.run(ask())


def test_keys_that_cannot_be_read_open_nothing(serve_inside) -> None:
    """Old ones are not believed for longer than they say."""
    with serve_inside() as inside:
        keys = Keys(inside.state.projects.engine)
        keys.create("p", ["read"])
        now = 100.0

        async def ask() -> None:
            nonlocal now
            ring = KeyRing(keys, clock=lambda: now)
            await ring.current()
            now += HELD_SECONDS
            inside.state.projects.engine.close()
            with pytest.raises(StoreUnavailable):
                await ring.current()

        asyncio.run(ask())
