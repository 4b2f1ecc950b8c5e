"""Parquet files of others and of ours as records."""

from __future__ import annotations

import io
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from generations.errors import InvalidInput
from generations.jobs.importing import import_from
from generations.jobs.parquet_rows import OPEN_CONTENT_KEY, parquet_batches
from generations.jobs.sources import open_source


def a_file(columns: dict, metadata: dict | None = None) -> io.BytesIO:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns).replace_schema_metadata(metadata), file)
    file.seek(0)
    return file


def records(columns: dict, metadata: dict | None = None) -> list[dict]:
    with open_source(a_file(columns, metadata)) as source:
        assert source.is_parquet
        return [json.loads(text) for batch in parquet_batches(source, lambda _: True) for text in batch.texts]


def test_columns_are_dotted_paths():
    found = records(
        {"id": ["a", "b"], "model.id": ["gpt-4", "gpt-4o"], "usage.totalTokens": [12, None], "metadata.customer.plan": [None, "pro"]}
    )

    assert found == [
        {"id": "a", "model": {"id": "gpt-4"}, "usage": {"totalTokens": 12}},
        {"id": "b", "model": {"id": "gpt-4o"}, "metadata": {"customer": {"plan": "pro"}}},
    ]


def test_structs_have_the_records_shape_and_their_nulls_are_absent():
    found = records({"model": [{"id": "gpt-4", "provider": None}], "usage": [{"cost": 0.5, "totalTokens": None}]})

    assert found == [{"model": {"id": "gpt-4"}, "usage": {"cost": 0.5}}]


def test_whole_maps_may_be_json_text_and_their_declared_copies_only_fill_in():
    found = records(
        {
            "model.id": ["m", "m"],
            "metadata": ['{"userId": "in the map", "x": null}', None],
            "metadata.userId": ["copy", "alone"],
            "parameters": ['{"n": 5.0}', "{}"],
        }
    )

    assert found[0]["metadata"] == {"userId": "in the map", "x": None}
    assert found[1]["metadata"] == {"userId": "alone"}
    assert [record["parameters"] for record in found] == [{"n": 5.0}, {}]


def test_content_of_others_is_text_and_content_of_ours_is_json():
    columns = {"model.id": ["m"], "output.type": ["text"], "output.content": ['"quoted"']}

    assert records(columns)[0]["output"]["content"] == '"quoted"'
    assert records(columns, {OPEN_CONTENT_KEY: b"json"})[0]["output"]["content"] == "quoted"


def test_values_of_arrow_become_what_json_has():
    [record] = records(
        {
            "timestamp": pa.array([datetime(2023, 1, 1, 12, 30, 0, 250, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            "feedback.timestamp": [date(2023, 1, 2)],
            "usage.cost": [Decimal("0.250")],
            "usage.totalTokens": [Decimal(12)],
            "performance.latency": [math.nan],
            "input.content": [b"bytes"],
            "feedback.categories": pa.array([[]], pa.list_(pa.string())),
            "metadata.tags": [["a", "b"]],
            "metadata.counts": pa.array([[("input", 12), ("output", None)]], pa.map_(pa.string(), pa.uint64())),
        }
    )

    assert record == {
        "timestamp": "2023-01-01T12:30:00.000250+00:00",
        "feedback": {"timestamp": "2023-01-02"},
        "usage": {"cost": 0.25, "totalTokens": 12},
        "input": {"content": "bytes"},
        "metadata": {"tags": ["a", "b"], "counts": {"input": 12}},
    }


def test_a_column_that_no_record_has_is_told_once_with_the_nearest_name():
    with pytest.raises(InvalidInput, match=r"'model\.idd' is no field.*'model\.id'"):
        records({"model.idd": ["a"]})


def test_a_damaged_file_is_told():
    with open_source(io.BytesIO(a_file({"id": ["a"]}).getvalue()[:-20])) as source, pytest.raises(InvalidInput, match="damaged"):
        list(parquet_batches(source, lambda _: True))


def test_rows_are_refused_by_number(collection, tmp_path):
    file = a_file({"id": ["a", "b", "c"], "model.id": ["m", None, "m"]})

    report = import_from(file, collection.store, rejected_path=tmp_path / "bad.jsonl")

    assert (report.read, report.added, report.refused) == (3, 2, 1)
    assert (report.refusals[0].unit, report.refusals[0].number) == ("row", 2)
    assert json.loads((tmp_path / "bad.jsonl").read_text()) == {"id": "b"}
