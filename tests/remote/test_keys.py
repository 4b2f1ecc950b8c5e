"""A client with a key, one without, and one with a key for less."""

import json
import subprocess

import pytest

from generations import AccessDenied, Generations
from tests.targets.served import PROGRAM, running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that asks for keys: its URL, and the keys by their only scope; `all` has every one that the verbs take."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    keys = {}
    for name, scopes in {"read": ["read"], "all": ["read", "ingest", "feedback", "export", "delete"]}.items():
        options = [option for scope in scopes for option in ("--scope", scope)]
        command = [str(PROGRAM), "keys", "create", "--data", str(folder), "--project", "chatbot", "--json", *options]
        keys[name] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["key"]
    with running(folder) as server:
        yield server.url, keys


def test_a_key_opens_its_project(guarded, tmp_path):
    url, keys = guarded
    with Generations(url, keys["all"]) as generations:
        generations.insert_one({"id": "a", "model": {"id": "m"}})
        generations.add_feedback("a", rating=5)

        assert generations.export(tmp_path / "all.jsonl").count == 1
        assert generations.stats().projects[0].project == "chatbot"
        assert generations.delete_many({}).deleted_count == 1


def test_what_a_key_may_not_do_is_refused_with_what_it_takes(guarded):
    url, keys = guarded
    with Generations(url, keys["read"], project="chatbot") as generations:
        assert generations.count_documents({}) == 0
        with pytest.raises(AccessDenied, match="ingest") as refused:
            generations.insert_one({"model": {"id": "m"}})
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize(
    ("key", "project", "code"), [(None, None, "unauthenticated"), ("wrong", None, "unauthenticated"), ("read", "other", "forbidden")]
)
def test_no_key_a_wrong_one_and_one_of_another_project_open_nothing(guarded, key, project, code):
    url, keys = guarded
    with Generations(url, keys.get(key, key), project=project) as generations, pytest.raises(AccessDenied) as refused:
        generations.find().to_list()
    assert refused.value.code == code
