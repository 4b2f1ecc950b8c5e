"""Answers as Arrow tables and frames: typed columns, missing stays missing."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from generations import Collection, Cursor
from generations.store.cursor import FindCursor

from .records import START, a_generation

CLIENTS = ("server",)


@pytest.fixture
def two(collection: Collection) -> Collection:
    collection.insert_many(
        [
            a_generation("a", usage__cost=0.5, usage__totalTokens=7, metadata__tags=["x"], output__type="json", output__content={"k": [1]}),
            a_generation("b", feedback__rating=None),
        ]
    )
    return collection


def test_records_as_an_arrow_table_have_a_typed_column_for_each_path(two: Collection) -> None:
    table = two.find().sort("id", 1).to_arrow()

    assert table.num_rows == 2
    assert table.schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("usage.totalTokens").type == pa.int64()
    assert table["usage.totalTokens"].to_pylist() == [7, None]
    assert table["usage.cost"].to_pylist() == [0.5, None]
    assert table["metadata"].to_pylist() == ['{"tags":["x"]}', None]
    assert table["output.content"].to_pylist() == ['{"k":[1]}', None]
    assert table["timestamp"].to_pylist() == [START, START]


def test_a_projection_chooses_the_columns(two: Collection) -> None:
    table = two.find({}, {"id": 1, "usage.cost": 1, "metadata.tags": 1}).to_arrow()

    assert table.column_names[:2] == ["id", "usage.cost"]
    assert table.num_columns == 3


def test_a_pipeline_as_an_arrow_table_has_its_own_columns(two: Collection) -> None:
    table = two.aggregate([{"$group": {"_id": "$model.id", "n": {"$sum": 1}, "cost": {"$avg": "$usage.cost"}}}]).to_arrow()

    assert table.to_pylist() == [{"_id": "gpt-4", "n": 2, "cost": 0.5}]


def test_a_pandas_frame_keeps_missing_integers_integers(two: Collection) -> None:
    frame = two.find().sort("id", 1).to_pandas()

    assert isinstance(frame, pd.DataFrame)
    assert frame["usage.totalTokens"][0] == 7
    assert frame["usage.totalTokens"].isna().tolist() == [False, True]
    assert str(frame["usage.totalTokens"].dtype).startswith("int64")


def test_a_polars_frame_has_the_same_columns(two: Collection) -> None:
    frame = two.find({"usage.cost": {"$exists": True}}).to_polars()

    assert isinstance(frame, pl.DataFrame)
    assert frame["usage.totalTokens"].to_list() == [7]


def test_what_find_gives_can_be_sorted_and_what_a_pipeline_gives_cannot(two: Collection) -> None:
    assert type(two.find()) is FindCursor
    assert type(two.aggregate([])) is Cursor


def test_an_empty_answer_has_its_columns_all_the_same(collection: Collection) -> None:
    assert "usage.cost" in collection.find().to_arrow().column_names
    assert collection.find().to_arrow().num_rows == 0
