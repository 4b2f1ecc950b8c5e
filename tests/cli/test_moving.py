"""import, export, sample."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from generations.wire.detect import DIALECTS

from ..wire.exports import MESSAGES, a_batch_request, a_run, an_answered_request
from ..wire.otlp.payloads import a_log_request, a_request, a_sent_log, a_sent_span
from .conftest import RECORDS


def test_import_says_what_became_of_each_file(run, tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
    (tmp_path / "b.json").write_text(json.dumps(RECORDS[:2]))

    ran = run("import", "a.jsonl", "b.json")

    assert ran.code == 0
    assert [(file["read"], file["added"], file["unchanged"]) for file in ran.lines] == [(6, 6, 0), (2, 0, 2)]
    assert run("import", "a.jsonl", "--table").out == "a.jsonl: 6 read, 0 added, 6 unchanged\n"


def test_import_tells_what_it_refused_keeps_the_rest_and_exits_with_7(run, tmp_path):
    good = json.dumps(RECORDS[0])
    (tmp_path / "a.jsonl").write_text(f'{good}\n{{"id": 5}}\nnot json\n')

    ran = run("import", "a.jsonl")

    assert ran.code == 7
    assert (ran.lines[0]["added"], ran.lines[0]["refused"], ran.lines[0]["rejectedFile"]) == (1, 2, "a.jsonl.rejected.jsonl")
    assert "refused: a.jsonl line 2: " in ran.err
    assert "refused: a.jsonl line 3: " in ran.err
    assert (tmp_path / "a.jsonl.rejected.jsonl").read_text() == '{"id": 5}\nnot json\n'


def test_import_reads_standard_input_and_puts_refused_lines_where_it_is_told(run, tmp_path):
    ran = run("import", "-", "--rejected", "bad.jsonl", stdin=json.dumps(RECORDS[0]) + "\nnot json\n")

    assert (ran.code, ran.lines[0]["source"], ran.lines[0]["added"]) == (7, "standard input", 1)
    assert (tmp_path / "bad.jsonl").read_text() == "not json\n"


@pytest.mark.parametrize("place", [".", "missing/bad.jsonl"])
def test_a_place_that_cannot_take_what_is_refused_is_told_before_anything_is_imported(run, tmp_path, place):
    (tmp_path / "a.jsonl").write_text(json.dumps(RECORDS[0]) + "\nnot json\n")

    ran = run("import", "a.jsonl", "--rejected", place)

    assert (ran.code, ran.err) == (3, f"error: {place} cannot take what is refused; name a file in a folder that is there\n")
    assert run("count").out == "0\n"


def test_many_refusals_are_told_in_short(run, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 5}\n' * 30)

    assert len(run("import", "a.jsonl").err.splitlines()) == 11


def test_a_file_that_cannot_be_read_is_exit_code_3(run):
    ran = run("import", "missing.jsonl")

    assert ran.code == 3
    assert ran.err == "error: missing.jsonl cannot be read: No such file or directory\n"


def test_import_joins_the_files_of_a_batch(run, tmp_path):
    (tmp_path / "input.jsonl").write_text(json.dumps(a_batch_request("q-1")) + "\n" + json.dumps(a_batch_request("q-2")) + "\n")
    (tmp_path / "output.jsonl").write_text(json.dumps(an_answered_request("q-1")) + "\n")

    ran = run("import", "output.jsonl", "input.jsonl")

    assert (ran.code, [file["source"] for file in ran.lines]) == (0, ["output.jsonl"])
    assert ran.err == "input.jsonl: 2 requests, joined to their answers in the other files\n"
    assert run("get", "batch_req_q-1").lines[0]["input"]["content"] == MESSAGES


def test_import_joins_traces_and_logs_that_are_given_together(run, tmp_path):
    message = a_sent_log("gen_ai.user.message", {}, {"content": "Which river?"})
    (tmp_path / "traces.json").write_text(json.dumps(a_request(a_sent_span())))
    (tmp_path / "logs.json").write_text(json.dumps(a_log_request(message)))

    reports = run("import", str(tmp_path / "traces.json"), str(tmp_path / "logs.json")).lines

    assert [(report["dialect"], report["added"]) for report in reports] == [("otlp", 1), ("otlp", 0)]
    assert run("find").lines[0]["input"]["content"] == [{"role": "user", "content": "Which river?"}]


def test_a_batch_without_answers_is_refused(run, tmp_path):
    (tmp_path / "input.jsonl").write_text(json.dumps(a_batch_request("q-1")) + "\n")

    assert "without their answers" in run("import", "input.jsonl").err
    assert run("import", "input.jsonl", "input.jsonl").code == 3


def test_import_takes_the_format_that_it_is_told(run, tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps(a_run()) + "\n")

    wrong, unknown, right = (run("import", "a.jsonl", "--format", name) for name in ("helicone", "heli", "langsmith"))

    assert (wrong.code, unknown.code, right.code) == (3, 3, 0)
    assert "is not in the format helicone" in wrong.err
    assert "there are generations, helicone, inspect" in unknown.err
    assert (right.lines[0]["dialect"], right.lines[0]["added"]) == ("langsmith", 1)


def test_the_help_of_import_names_every_format(run):
    words = re.findall(r"[\w-]+", run("import", "--help").out)

    assert [dialect.name for dialect in DIALECTS if dialect.name not in words] == []


def test_export_writes_the_file_and_its_manifest(filled, tmp_path):
    ran = filled("export", "some.jsonl", "--filter", '{"model.id": "gpt-4"}', "--fields", "id", "--sort", "-timestamp")

    assert ran.code == 0
    assert (tmp_path / "some.jsonl").read_text() == '{"id":"g-5"}\n{"id":"g-3"}\n{"id":"g-1"}\n'
    manifest = json.loads((tmp_path / "some.jsonl.manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256((tmp_path / "some.jsonl").read_bytes()).hexdigest()
    assert (manifest["count"], manifest["sort"]) == (3, [["timestamp", -1]])
    assert ran.lines[0] == manifest | {"manifest": "some.jsonl.manifest.json"}


def test_export_prints_to_standard_output(filled, tmp_path):
    ran = filled("export", "--format", "csv", "--fields", "id,usage.cost", "--sort", "id", "--limit", "2")

    assert ran.out == '"id","usage.cost"\n"g-1",0.25\n"g-2",0.5\n'
    assert list(tmp_path.iterdir()) == []


def test_sample_prints_the_same_records_for_the_same_seed(run):
    ran = run("sample", "5")

    assert len(ran.lines) == 5
    assert run("sample", "5").out == ran.out
    assert run("sample", "5", "--seed", "1").out != ran.out


def test_sample_can_be_stored_right_away(run, folder, project):
    ran = run("sample", "10", "--into", folder)

    assert (ran.code, ran.out) == (0, "")
    assert run("count").out == "10\n"
    assert run("import", "-", stdin=run("sample", "10").out).lines[0]["unchanged"] == 10
