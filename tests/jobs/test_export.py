"""Exports: what was stored comes out equal, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os

import pyarrow as pa
import pytest
from pyarrow import parquet

from generations.errors import InvalidInput, UnknownField
from generations.jobs.export import export_to
from generations.jobs.importing import import_from
from generations.store.collection import Collection
from generations.store.store import Store

RECORDS = [
    {
        "id": "a",
        "timestamp": "2023-01-02T03:04:05.000006Z",
        "model": {"id": "gpt-4", "provider": "openai"},
        "input": {"type": "text", "content": [{"role": "user", "content": "Größe?\n"}]},
        "output": {"type": "text", "content": 'a, "quoted"\nline', "alternatives": [{"content": {"x": 1}, "score": 0.5}]},
        "parameters": {"temperature": 0, "stopSequences": ["\n"], "big": 123456789012345678901234567890},
        "usage": {"promptTokens": 10, "completionTokens": 2, "totalTokens": 12, "cost": 0.25, "currency": "USD"},
        "metadata": {"tags": ["x", "y"], "customer": {"plan": "pro"}, "a.b": None, "n": 5.0},
        "feedback": {"rating": 5, "categories": ["accurate"], "timestamp": "2023-01-03T00:00:00Z"},
        "status": "success",
    },
    {"id": "b", "timestamp": "2023-01-01T00:00:00Z", "model": {"id": "gpt-4o"}, "output": {"type": "json", "content": {"n": 1}}},
    {"id": "c", "timestamp": "2023-01-03T00:00:00Z", "model": {"id": "gpt-4"}, "output": {"type": "text", "content": "5"}},
]


@pytest.fixture
def filled(collection):
    collection.insert_many(RECORDS)
    return collection


def test_json_lines_are_the_records_as_they_are_read(filled, tmp_path):
    report = export_to(tmp_path / "all.jsonl", filled.store, sort=[("id", 1)])

    exported = [json.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    assert [record["id"] for record in exported] == ["a", "b", "c"]
    assert exported[0]["metadata"] == RECORDS[0]["metadata"]
    assert exported[0]["parameters"] == RECORDS[0]["parameters"]
    assert exported[0]["timestamp"] == "2023-01-02T03:04:05.000006Z"
    assert report.count == report.expected == 3


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz", "all.jsonl.zst", "all.parquet"])
def test_what_is_exported_can_be_imported_and_is_the_same(name, filled, engine, project, tmp_path):
    elsewhere = Collection(Store(engine, f"{project}-elsewhere"))
    export_to(tmp_path / name, filled.store)

    assert import_from(tmp_path / name, filled.store).unchanged == 3
    assert import_from(tmp_path / name, elsewhere.store).added == 3

    but_kept_by_store = {"createdAt": 0, "updatedAt": 0}
    assert elsewhere.find({}, but_kept_by_store).sort("id").to_list() == filled.find({}, but_kept_by_store).sort("id").to_list()


def test_filter_fields_sort_and_limit_are_obeyed(filled, tmp_path):
    asked = {"filter": {"model.id": "gpt-4"}, "fields": ["id", "usage.cost"], "sort": [("timestamp", -1)], "limit": 5}
    export_to(tmp_path / "some.jsonl", filled.store, **asked)

    exported = [json.loads(line) for line in (tmp_path / "some.jsonl").read_bytes().splitlines()]
    assert exported == [{"id": "c"}, {"id": "a", "usage": {"cost": 0.25}}]


def test_the_manifest_says_what_is_in_the_file(filled, tmp_path):
    report = export_to(tmp_path / "some.jsonl.gz", filled.store, filter={"model.id": "gpt-4"}, fields=["id"], sort=[("id", 1)], limit=1)

    manifest = json.loads((tmp_path / "some.jsonl.gz.manifest.json").read_text())
    content = (tmp_path / "some.jsonl.gz").read_bytes()
    assert manifest == report.manifest
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["bytes"] == len(content)
    assert (manifest["count"], manifest["format"], manifest["project"]) == (1, "jsonl", filled.project)
    assert (manifest["filter"], manifest["fields"], manifest["sort"], manifest["limit"]) == ({"model.id": "gpt-4"}, ["id"], [["id", 1]], 1)
    assert manifest["startedAt"] <= manifest["finishedAt"]
    assert gzip.decompress(content) == b'{"id":"a"}\n'


def test_csv_has_a_column_for_each_field_in_the_order_asked_for(filled, tmp_path):
    fields = ["model.id", "id", "timestamp", "usage.cost", "metadata.tags", "metadata.customer.plan", "metadata.n", "output.content"]
    export_to(tmp_path / "some.csv", filled.store, fields=fields, sort=[("id", 1)])

    first, second, _ = csv.DictReader((tmp_path / "some.csv").read_text().splitlines(keepends=True))
    assert list(first) == fields
    assert first == {
        "model.id": "gpt-4",
        "id": "a",
        "timestamp": "2023-01-02T03:04:05.000006Z",
        "usage.cost": "0.25",
        "metadata.tags": '["x", "y"]',
        "metadata.customer.plan": "pro",
        "metadata.n": "5.0",
        "output.content": 'a, "quoted"\nline',
    }
    assert second["usage.cost"] == second["metadata.tags"] == ""
    assert second["output.content"] == '{"n":1}'


def test_csv_of_whole_records_has_every_field(filled, tmp_path):
    export_to(tmp_path / "all.csv", filled.store, sort=[("id", 1)])

    rows = list(csv.DictReader((tmp_path / "all.csv").read_text().splitlines(keepends=True)))
    assert {"id", "model.provider", "parameters", "feedback.rating", "createdAt"} <= set(rows[0])
    assert json.loads(rows[0]["parameters"]) == RECORDS[0]["parameters"]


def test_parquet_columns_are_typed_and_absent_values_null(filled, tmp_path):
    export_to(
        tmp_path / "some.parquet",
        filled.store,
        fields=["id", "timestamp", "usage", "feedback.categories", "metadata.tags"],
        sort=[("id", 1)],
    )

    table = parquet.read_table(tmp_path / "some.parquet")
    assert table.schema.field("timestamp").type == pa.timestamp("us", "UTC")
    assert table.schema.field("usage.cost").type == pa.float64()
    assert table.schema.field("usage.totalTokens").type == pa.int64()
    assert table["feedback.categories"].to_pylist() == [["accurate"], None, None]
    assert table["metadata.tags"].to_pylist() == [["x", "y"], None, None]
    assert table["usage.cost"].to_pylist() == [0.25, None, None]


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", "none.parquet"])
def test_an_empty_answer_is_a_readable_file(name, collection, tmp_path):
    report = export_to(tmp_path / name, collection.store, fields=["id", "usage.cost"])

    assert report.count == 0
    content = (tmp_path / name).read_bytes()
    if name.endswith("parquet"):
        assert parquet.read_table(tmp_path / name).column_names == ["id", "usage.cost"]
    else:
        assert content == (b"" if name.endswith("jsonl") else b'"id","usage.cost"\n')


def test_nothing_is_left_behind_when_it_fails(filled, tmp_path):
    """Neither half a file under the name, nor a partial one beside it; what was there stays."""
    target = tmp_path / "kept.jsonl"
    target.write_text("the export of yesterday\n")

    def stop(report) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_to(target, filled.store, on_progress=stop)

    assert list(tmp_path.iterdir()) == [target]
    assert target.read_text() == "the export of yesterday\n"


def test_a_query_that_is_wrong_touches_no_file(filled, tmp_path):
    with pytest.raises(UnknownField, match="did you mean 'model"):
        export_to(tmp_path / "x.jsonl", filled.store, filter={"model.nme": 1})
    with pytest.raises(InvalidInput, match="'parquet'"):
        export_to(tmp_path / "x", filled.store, format="parket")
    with pytest.raises(InvalidInput, match="cannot be written"):
        export_to(tmp_path / "no" / "such" / "folder.jsonl", filled.store)

    assert list(tmp_path.iterdir()) == []


def test_a_stream_takes_an_export_and_gets_no_manifest(filled):
    stream = io.BytesIO()

    report = export_to(stream, filled.store, format="jsonl", fields=["id"], sort=[("id", 1)])

    assert stream.getvalue() == b'{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n'
    assert (report.path, report.manifest_path) == (None, None)


def test_computed_fields_can_be_exported(filled, tmp_path):
    export_to(tmp_path / "x.jsonl", filled.store, fields={"id": 1, "double": {"$multiply": ["$usage.cost", 2]}}, limit=1, sort=[("id", 1)])

    assert json.loads((tmp_path / "x.jsonl").read_text()) == {"id": "a", "double": 0.5}


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_nothing_but_a_file_is_replaced(kind, filled, tmp_path):
    target = tmp_path / "target"
    target.mkdir() if kind == "folder" else os.mkfifo(target)

    with pytest.raises(InvalidInput, match="is no file, and an export would take its place"):
        export_to(target, filled.store)

    assert not target.is_file()
    assert list(tmp_path.iterdir()) == [target]
