"""find, aggregate, get, count, distinct, explain."""

from __future__ import annotations

import json

import pytest


def test_find_prints_whole_records_as_json_lines_when_piped(filled):
    ran = filled("find", '{"model.id": "gpt-4o"}', "--sort", "-timestamp")

    assert ran.code == 0
    assert [record["id"] for record in ran.lines] == ["g-6", "g-4", "g-2"]
    assert ran.lines[0]["timestamp"] == "2023-01-06T00:00:00.000000Z"
    assert ran.lines[0]["metadata"] == {"userId": "user-0", "tags": ["even"]}


def test_what_find_prints_can_be_imported_and_is_the_same(filled, tmp_path):
    dated = {"id": "dated", "timestamp": "2024-01-01T00:00:00Z", "model": {"id": "m"}}
    filled("insert", json.dumps(dated | {"metadata": {"due": {"$date": "2024-01-01T00:00:00Z"}}}))
    (tmp_path / "all.jsonl").write_text(filled("find").out)

    assert filled("import", "all.jsonl").lines[0]["unchanged"] == 7


def test_find_takes_fields_skip_and_limit(filled):
    ran = filled("find", "--filter", "{}", "--fields", "id,usage.cost", "--sort", "model.id,-timestamp", "--skip", "1", "--limit", "2")

    assert ran.lines == [{"id": "g-3", "usage": {"cost": 0.75}}, {"id": "g-1", "usage": {"cost": 0.25}}]


def test_find_shows_a_table_to_people(filled):
    ran = filled("find", "--table", "--sort", "timestamp")

    head, first, *_ = ran.out.splitlines()
    assert head.split() == ["time", "id", "model", "input", "output", "tokens", "cost", "latency", "rating"]
    assert first.split() == ["2023-01-01", "00:00", "g-1", "gpt-4", "answer", "1", "11", "0.25"]
    assert len(ran.out.splitlines()) == 7


def test_a_table_shows_twenty_records_and_no_more(run):
    run("insert", json.dumps([{"model": {"id": "m"}} for _ in range(25)]))

    assert len(run("find", "--table").out.splitlines()) == 21
    assert len(run("find", "--table", "--limit", "0").out.splitlines()) == 26
    assert len(run("find").out.splitlines()) == 25


def test_a_table_cannot_be_used_to_command_the_terminal(run):
    """A model's output may hold escape sequences."""
    run("insert", json.dumps({"id": "x", "model": {"id": "m"}, "output": {"type": "text", "content": "a\x1b]0;title\x07b\x1b[2J"}}))

    assert "\x1b" not in run("find", "--table").out
    assert "\x1b" not in run("get", "x", "--table").out


def test_aggregate_answers_with_documents(filled):
    pipeline = [
        {"$group": {"_id": "$model.id", "tokens": {"$sum": "$usage.totalTokens"}, "last": {"$max": "$timestamp"}}},
        {"$sort": {"_id": 1}},
    ]

    assert filled("aggregate", json.dumps(pipeline)).lines == [
        {"_id": "gpt-4", "tokens": 99, "last": "2023-01-05T00:00:00.000000Z"},
        {"_id": "gpt-4o", "tokens": 132, "last": "2023-01-06T00:00:00.000000Z"},
    ]
    table = filled("aggregate", json.dumps(pipeline), "--table").out.splitlines()
    assert [line.split() for line in table][:2] == [["_id", "tokens", "last"], ["gpt-4", "99", "2023-01-05", "00:00:00"]]


def test_queries_are_read_from_files_and_from_standard_input(filled, tmp_path):
    (tmp_path / "filter.json").write_text('{"metadata.userId": "user-1"}')

    assert filled("count", "@filter.json").out == "2\n"
    assert filled("count", "-", stdin='{"metadata.userId": "user-1"}').out == "2\n"
    assert filled("aggregate", '{"$count": "n"}').lines == [{"n": 6}]


def test_get_shows_one_record_whole_and_refuses_an_unknown_id(filled):
    assert filled("get", "g-3").lines[0]["usage"]["cost"] == 0.75
    assert json.loads(filled("get", "g-3", "--table").out)["id"] == "g-3"
    unknown = filled("get", "g-99")
    assert unknown.code == 3
    assert "there is no generation 'g-99'" in unknown.err


def test_get_shows_the_history(filled):
    filled("feedback", "g-1", "--rating", "4")

    assert [version["change"] for version in filled("get", "g-1", "--history").lines] == ["feedback", "insert"]


def test_count_and_distinct(filled):
    assert filled("count").out == "6\n"
    assert filled("count", '{"usage.cost": {"$gt": 1}}').out == "2\n"
    assert filled("distinct", "model.id").lines == ["gpt-4", "gpt-4o"]
    assert filled("distinct", "metadata.tags", "--filter", '{"model.id": "gpt-4"}').lines == ["odd"]
    assert filled("distinct", "model.id", "--table").out == "gpt-4\ngpt-4o\n"


def test_explain_shows_sql_parameters_and_estimate_for_filters_and_pipelines(filled):
    [plan] = filled("explain", '{"model.id": "gpt-4"}', "--sort", "-timestamp", "--limit", "5").lines
    assert "gpt-4" in plan["params"].values()
    assert "gpt-4" not in plan["sql"]
    assert "LIMIT" in plan["sql"]
    assert plan["estimate"]["rows"] >= 6

    assert "GROUP BY" in filled("explain", '[{"$group": {"_id": "$model.id"}}]', "--table").out
    assert filled("explain", "5").code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["find", '{"model.nme": 1}'], "did you mean 'model.name'?"),
        (["find", '{"usage.cost": {"$gtt": 1}}'], "$gt"),
        (["find", "[1]"], "the filter is a list, not an object"),
        (["find", '{"a": 1, "a": 2}'], 'the key "a" twice'),
        (["find", '{"a": NaN}'], "NaN"),
        (["find", "@missing.json"], "cannot be read from missing.json"),
        (["find", "{}", "--filter", "{}"], "given twice"),
        (["aggregate", '"$match"'], "not a list of stages"),
        (["count", "{'model.id': 'gpt-4'}"], "double quotes"),
        (["find", '{"a": 1, "a": 2}'], "combine the conditions with $and"),
        (["insert", '{"id": "a", "id": "b"}'], 'has the key "id" twice; leave one out'),
    ],
)
def test_a_wrong_query_is_one_line_on_stderr_and_exit_code_3(run, arguments, said):
    ran = run(*arguments)

    assert ran.code == 3
    assert ran.out == ""
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_json_that_is_broken_is_shown_with_a_mark_below_the_place(run):
    ran = run("find", '{"model.id": gpt-4}')

    assert ran.err.splitlines()[:3] == [
        "error: the filter is not JSON: expecting value at line 1, column 14",
        '  {"model.id": gpt-4}',
        "               ^",
    ]
