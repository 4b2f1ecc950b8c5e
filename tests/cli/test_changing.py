"""insert, update, delete, feedback, eval."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

PROGRAM = str(Path(sys.executable).with_name("generations"))


def test_insert_takes_one_record_a_list_or_lines(run):
    one, two = {"id": "a", "model": {"id": "m"}}, {"id": "b", "model": {"id": "m"}}

    assert run("insert", json.dumps(one)).lines == [{"inserted": 1, "replaced": 0, "unchanged": 0, "ids": ["a"]}]
    assert run("insert", json.dumps([one, two])).lines == [{"inserted": 1, "replaced": 0, "unchanged": 1, "ids": ["a", "b"]}]
    assert run("insert", "-", stdin=json.dumps(one, indent=2) + "\n" + json.dumps(two | {"status": "error"})).lines[0]["replaced"] == 1
    assert run("insert", json.dumps(one), "--table").out == "0 inserted, 1 unchanged\n  a\n"


def test_insert_is_all_or_nothing(run):
    ran = run("insert", '[{"id": "a", "model": {"id": "m"}}, {"id": "b", "model": {}}]')

    assert ran.code == 3
    assert "model.id" in ran.err
    assert run("count").out == "0\n"


def test_update_changes_every_match_or_only_one(filled):
    assert filled("update", '{"model.id": "gpt-4"}', '{"$set": {"metadata.seen": true}}').lines == [{"matched": 3, "modified": 3}]
    assert filled("update", '{"model.id": "gpt-4o"}', '{"$set": {"metadata.seen": true}}', "--one").lines == [{"matched": 1, "modified": 1}]
    assert filled("count", '{"metadata.seen": true}').out == "4\n"


@pytest.mark.parametrize("command", [["update", "{}", '{"$set": {"status": "error"}}'], ["delete"], ["delete", "{}", "--yes"]])
def test_an_empty_filter_has_to_be_meant(filled, command):
    refused = filled(*command)

    assert refused.code == 3
    assert "--all" in refused.err
    assert filled("count", '{"status": null}').out == "6\n"
    assert filled(*command, "--all").code == 0
    assert filled("count", '{"status": null}').out == "0\n"


def test_delete_removes_what_matches(filled):
    assert filled("delete", '{"model.id": "gpt-4"}').lines == [{"deleted": 3}]
    assert filled("delete", "--filter", '{"model.id": "gpt-4o"}', "--one").lines == [{"deleted": 1}]
    assert filled("count").out == "2\n"


def test_feedback_is_given_and_shown(filled):
    given = filled(
        "feedback", "g-1", "--rating", "5", "--thumbs", "up", "--comment", "Fine", "--category", "a", "--category", "b", "--user", "u"
    )
    assert given.lines[0] | {"timestamp": None} == {
        "rating": 5,
        "thumbs": "up",
        "comment": "Fine",
        "categories": ["a", "b"],
        "timestamp": None,
        "userId": "u",
    }
    filled("feedback", "g-1", "--rating", "2")

    assert [feedback["rating"] for feedback in filled("feedback", "g-1").lines] == [2, 5]
    assert filled("feedback", "g-2").lines == []


def test_feedback_on_an_unknown_generation_is_refused(filled):
    assert filled("feedback", "nobody", "--rating", "5").code == 3
    assert "there is no generation 'nobody'" in filled("feedback", "nobody").err
    assert filled("feedback", "g-1", "--thumbs", "sideways").code == 2


def test_evals_are_given_and_shown(filled):
    said = {"score": 0.9, "label": "pass", "explanation": "Fine", "evaluator": "judge", "duration": 12.5, "testId": "t-1"}
    options = {"testId": "test"}
    given = filled("eval", "g-1", "relevance", *(part for name, one in said.items() for part in (f"--{options.get(name, name)}", str(one))))
    assert given.lines[0] | {"timestamp": None} == {"name": "relevance", **said, "timestamp": None}
    filled("eval", "g-1", "tone", "--label", "kind")

    assert [one["name"] for one in filled("eval", "g-1").lines] == ["tone", "relevance"]
    assert filled("eval", "g-2").lines == []
    assert filled("count", '{"evals.relevance.score": {"$gte": 0.5}}').out == "1\n"


def test_what_is_no_eval_is_refused(filled):
    assert filled("eval", "nobody", "relevance", "--score", "1").code == 3
    assert "there is no generation 'nobody'" in filled("eval", "nobody").err
    assert "a score is from 0 to 1, not 5 at score" in filled("eval", "g-1", "relevance", "--score", "5").err
    assert "the eval has no name" in filled("eval", "g-1", "--score", "1").err
    assert "says nothing" in filled("eval", "g-1", "relevance").err


def test_delete_asks_on_a_terminal_and_no_is_no(tmp_path):
    """In processes of their own, on a terminal of their own."""
    pty = pytest.importorskip("pty")
    program = [PROGRAM, "--data", str(tmp_path / "data")]
    subprocess.run([*program, "insert", '[{"model": {"id": "m"}}, {"model": {"id": "m"}}]'], check=True, capture_output=True)

    def answered(answer: str) -> tuple[int, str, str]:
        mine, theirs = pty.openpty()
        process = subprocess.Popen([*program, "delete", '{"model.id": "m"}'], stdin=theirs, stdout=PIPE, stderr=PIPE, text=True)
        os.write(mine, answer.encode())
        out, err = process.communicate(timeout=60)
        os.close(mine)
        os.close(theirs)
        return process.returncode, out, err

    code, out, err = answered("n\n")
    assert (code, out) == (130, "")
    assert "Remove 2 generations" in err
    assert answered("y\n")[:2] == (0, '{"deleted":2}\n')
