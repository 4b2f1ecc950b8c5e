"""The command over a server: the same words, the same answers."""

import json

import pytest


@pytest.fixture(scope="module")
def folder(targets):
    """A server in the place of the folder."""
    return targets("server")


def test_records_are_found_counted_and_told_apart(filled):
    assert [record["id"] for record in filled("find", '{"model.id": "gpt-4"}', "--sort", "-timestamp").lines] == ["g-5", "g-3", "g-1"]
    assert filled("count").out == "6\n"
    assert filled("get", "g-1", "--history").lines[0]["change"] == "insert"
    assert filled("distinct", "model.id").lines == ["gpt-4", "gpt-4o"]
    assert "SELECT" in filled("explain", "{}").lines[0]["sql"]


def test_records_are_changed(filled):
    assert filled("update", '{"id": "g-1"}', '{"$set": {"status": "error"}}').lines == [{"matched": 1, "modified": 1}]
    assert filled("feedback", "g-1", "--rating", "5").code == 0
    assert filled("delete", '{"status": "error"}', "--yes").lines == [{"deleted": 1}]


def test_statistics_name_the_server(filled, folder, project):
    told = filled("stats").lines[0]

    assert (told["store"], told["project"], told["records"]) == (folder, project, 6)


def test_files_go_in_and_out(filled, tmp_path):
    assert filled("export", "all.jsonl", "--sort", "id").code == 0
    assert filled("delete", "--all", "--yes").lines == [{"deleted": 6}]

    imported = filled("import", "all.jsonl")

    assert (imported.code, imported.lines[0]["added"]) == (0, 6)
    assert filled("export").out.count("\n") == 6
    assert json.loads((tmp_path / "all.jsonl.manifest.json").read_text())["count"] == 6


def test_samples_are_made_there(run, folder):
    assert run("sample", "5", "--into", folder).code == 0
    assert run("count").out == "5\n"


def test_a_mistake_has_the_exit_code_of_a_mistake(run):
    assert run("find", '{"model.nme": "x"}').code == 3
    assert run("get", "nobody").code == 3
