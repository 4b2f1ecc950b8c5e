"""stats, fields."""

from __future__ import annotations

from generations.record.fields import FIELDS


def test_stats_tell_records_models_time_cost_and_disk(filled):
    [found] = filled("stats").lines

    assert found["records"] == 6
    assert found["from"] == "2023-01-01T00:00:00.000000Z"
    assert found["to"] == "2023-01-06T00:00:00.000000Z"
    assert found["cost"] == {"USD": 5.25}
    assert found["models"] == [{"model": "gpt-4", "records": 3, "tokens": 99}, {"model": "gpt-4o", "records": 3, "tokens": 132}]
    assert found["disk"]["compressedBytes"] > 0


def test_stats_of_an_empty_project_are_all_there(run):
    [found] = run("stats").lines

    assert (found["records"], found["from"], found["cost"], found["models"]) == (0, None, {}, [])
    assert "records" in run("stats", "--table").out


def test_stats_for_people_name_the_currency(filled):
    assert "5.25 USD" in filled("stats", "--table").out


def test_fields_are_those_of_the_table(run):
    assert [field["path"] for field in run("fields").lines] == [field.path for field in FIELDS]
    assert len(run("fields", "--table").out.splitlines()) == len(FIELDS) + 1


def test_unknown_tokens_are_not_0(run):
    run("insert", '[{"model": {"id": "whisper-1"}}, {"model": {"id": "m"}, "usage": {"totalTokens": 0}}]')

    assert [(model["model"], model["tokens"]) for model in run("stats").lines[0]["models"]] == [("m", 0), ("whisper-1", None)]
