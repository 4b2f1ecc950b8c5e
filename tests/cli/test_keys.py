"""Keys from the shell: made, listed, revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.targets.served import running


def test_a_key_is_shown_once(run, project):
    made = run("keys", "create", "--scope", "read", "--scope", "ingest", "--name", "importer", "--rate", "5").lines[0]

    (listed,) = run("keys", "list").lines
    assert made.pop("key").startswith(f"gen_{made['id']}_")
    assert listed == made
    assert (made["project"], made["scopes"], made["name"], made["ratePerSecond"]) == (project, ["ingest", "read"], "importer", 5)


def test_a_terminal_shows_the_key_alone_on_standard_output(run):
    made = run("keys", "create", "--scope", "read", "--expires", "90d", "--table")

    assert made.out.startswith("gen_")
    assert len(made.out.split()) == 1
    assert "may read until 20" in made.err


def test_a_revoked_key_stays_in_the_list(run):
    id = run("keys", "create", "--scope", "read").lines[0]["id"]

    assert run("keys", "revoke", id, "--table").out == f"revoked {id}\n"
    assert run("keys", "list").lines[0]["revokedAt"]
    assert "revoked" in run("keys", "list", "--table").out


def test_a_table_of_keys_shows_their_state(run):
    run("keys", "create", "--scope", "read", "--name", "the reader")

    assert {"the", "reader", "live"} <= set(run("keys", "list", "--table").out.split())


@pytest.mark.parametrize(("when", "span"), [("90d", timedelta(days=90)), ("12h", timedelta(hours=12)), ("30m", timedelta(minutes=30))])
def test_an_expiry_is_a_span_of_time(run, when, span):
    made = run("keys", "create", "--scope", "read", "--expires", when).lines[0]

    ends = datetime.fromisoformat(made["expiresAt"])
    assert abs(ends - datetime.now(UTC) - span) < timedelta(minutes=1)


def test_an_expiry_is_an_instant(run):
    made = run("keys", "create", "--scope", "read", "--expires", "2126-01-31T12:00:00Z").lines[0]

    assert made["expiresAt"] == "2126-01-31T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "--scope", "raed"], "did you mean 'read'?"),
        (["create", "--scope", "read", "--expires", "soon"], "'soon' is not a time"),
        (["create", "--scope", "read", "--expires", "2020-01-01"], "ended already"),
        (["revoke", "ffff"], "there is no key 'ffff'"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, said):
    ran = run("keys", *arguments)

    assert ran.code == 3
    assert said in ran.err


def test_a_running_server_is_asked_for_its_keys(tmp_path, monkeypatch, run):
    """It holds its folder."""
    with running(tmp_path / "data") as server:
        admin = run("keys", "create", "--scope", "admin", "--data", server.url, "--project", "p").lines[0]
        refused = run("keys", "list", "--data", server.url)
        monkeypatch.setenv("GENERATIONS_API_KEY", admin["key"])
        reader = run("keys", "create", "--scope", "read", "--data", server.url, "--project", "p", "--expires", "1d", "--table")
        listed = run("keys", "list", "--data", server.url, "--project", "p").lines
        revoked = run("keys", "revoke", listed[1]["id"], "--data", server.url)

    assert reader.out.startswith("gen_")
    assert refused.code == 8
    assert "a key is needed" in refused.err
    assert [(key["project"], key["scopes"]) for key in listed] == [("p", ["admin"]), ("p", ["read"])]
    assert revoked.lines[0]["revokedAt"]


@pytest.mark.parametrize("verb", ["create", "list", "revoke"])
def test_the_help_of_every_verb_teaches_with_examples(run, verb):
    examples = [line for line in run("keys", verb, "--help").out.splitlines() if line.startswith(f"    generations keys {verb}")]

    assert len(examples) >= 2
