"""Keys: shown once, kept as a hash, taken back for good."""

from datetime import UTC, datetime, timedelta

import pytest

from generations.errors import InvalidInput, NotFound
from generations.store.keys import SCOPES, Keys, id_in


@pytest.fixture
def keys(engine) -> Keys:
    return Keys(engine)


def test_a_key_comes_back_as_it_was_made(keys: Keys, project) -> None:
    ends = datetime(2126, 1, 1, 12, 30, tzinfo=UTC)

    _, made = keys.create(project, ["read", "ingest"], name="the importer", expires_at=ends, rate_per_second=2.5)

    assert keys.all(project) == [made]
    assert (made.scopes, made.name, made.expires_at, made.rate_per_second) == (("ingest", "read"), "the importer", ends, 2.5)
    assert not made.has_ended


def test_the_text_of_a_key_is_not_in_the_store(keys: Keys, engine, project) -> None:
    text, made = keys.create(project, SCOPES)

    (row,) = engine.query(f"SELECT * FROM generations_keys WHERE id = '{made.id}'").to_pylist()
    secret = text.removeprefix(f"gen_{made.id}_")
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in str(row)
    assert bytes.fromhex(secret) != bytes(row["secret_hash"])


def test_a_key_opens_with_its_own_text_only(keys: Keys, project) -> None:
    text, made = keys.create(project, ["read"])
    other, _ = keys.create(project, ["read"])

    assert made.opens_with(text)
    assert not made.opens_with(other)
    assert not made.opens_with(text[:-1])


def test_the_id_of_a_key_is_in_its_text(keys: Keys, project) -> None:
    text, made = keys.create(project, ["read"])

    assert id_in(text) == made.id
    assert [id_in(wrong) for wrong in ("", "gen", "gen_", text[1:], text[:-1], text + "0", "ä" * len(text))] == [None] * 7


def test_a_revoked_key_has_ended_and_stays_in_the_list(keys: Keys, project) -> None:
    _, made = keys.create(project, ["read"])

    revoked = keys.revoke(made.id)

    assert revoked.has_ended
    assert keys.all(project) == [revoked]
    assert keys.revoke(made.id) == revoked


def test_a_key_ends_when_its_time_is_over(keys: Keys, project) -> None:
    _, made = keys.create(project, ["read"], expires_at=datetime.now(UTC) + timedelta(milliseconds=20))

    while not made.has_ended:
        assert datetime.now(UTC) < made.created_at + timedelta(seconds=5)


def test_a_key_of_another_project_is_as_unknown_as_one_that_never_was(keys: Keys, project) -> None:
    _, made = keys.create(project, ["read"])

    with pytest.raises(NotFound, match="there is no key"):
        keys.revoke(made.id, "another")
    with pytest.raises(NotFound, match="there is no key"):
        keys.revoke("ffff")
    assert keys.all(f"{project}-2") == []


@pytest.mark.parametrize(
    ("scopes", "options", "path"),
    [
        (["reed"], {}, "scopes"),
        ([], {}, "scopes"),
        (["read"], {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expiresAt"),
        (["read"], {"expires_at": datetime(2020, 1, 1)}, "expiresAt"),  # noqa: DTZ001 - as it comes from outside
        (["read"], {"expires_at": datetime(9999, 1, 1, tzinfo=UTC)}, "expiresAt"),
        (["read"], {"name": "a" * 201}, "name"),
        (["read"], {"rate_per_second": 0}, "ratePerSecond"),
        (["read"], {"rate_per_second": float("nan")}, "ratePerSecond"),
    ],
)
def test_a_key_that_could_do_nothing_is_refused(keys: Keys, project, scopes, options, path) -> None:
    with pytest.raises(InvalidInput) as refused:
        keys.create(project, scopes, **options)

    assert refused.value.path == path
    assert keys.all(project) == []


def test_keys_are_there_when_the_store_is_opened_again(engine, project) -> None:
    text, made = Keys(engine).create(project, ["read"])

    assert [key.opens_with(text) for key in Keys(engine).all() if key.id == made.id] == [True]


def test_live_keys_are_those_that_have_not_ended(keys: Keys, project) -> None:
    _, stays = keys.create(project, ["read"])
    _, revoked = keys.create(project, ["read"])
    _, over = keys.create(project, ["read"], expires_at=datetime.now(UTC) + timedelta(milliseconds=20))
    keys.revoke(revoked.id)
    while not over.has_ended:
        pass

    assert [key for key in keys.live() if key.project == project] == [stays]
    assert keys.exist()
