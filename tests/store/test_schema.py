"""The DDL of every layout; what cannot be run here is at least understood by the engine."""

import pytest

from generations.query.compiled import Param
from generations.record.fields import FIELDS
from generations.store.migrations import find_layout
from generations.store.schema import COLUMNS, SINGLE, clustered, complete_table, create_keys, create_tables
from generations.store.store import Store

from .rows import encoded


def test_every_field_has_its_columns_and_no_two_share_one() -> None:
    names = [column.name for column in COLUMNS]

    assert len(names) == len(set(names))
    for field in FIELDS:
        assert any(name == field.column or name.startswith(field.column + "_") for name in names)


@pytest.mark.parametrize("layout", [SINGLE, clustered("production")], ids=["single", "cluster"])
def test_the_engine_understands_every_statement(engine, layout) -> None:
    for statement in (*create_tables(layout), *complete_table(layout), *create_keys(layout)):
        (parsed,) = engine.query("SELECT formatQuery({sql:String}) AS text", {"sql": Param("String", statement)}).to_pylist()
        assert layout.table in parsed["text"]


def test_a_cluster_replicates_and_keeps_the_versions_of_a_record_together() -> None:
    rows, distributed = create_tables(clustered("production"))

    assert "ON CLUSTER `production`" in rows
    assert "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')" in rows
    assert "ENGINE = Distributed(`production`, currentDatabase(), generations_local, sipHash64(project, id))" in distributed
    assert "CODEC" not in distributed


def test_every_server_of_a_cluster_holds_all_keys() -> None:
    """A shard that did not know a key would refuse it, or not know that it is revoked."""
    (keys,) = create_keys(clustered("production"))

    assert "ON CLUSTER `production`" in keys
    assert "ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')" in keys


def test_a_layout_is_found_from_the_tables_that_are_there(engine, target, project) -> None:
    source = Store(engine, project).source

    assert source.project == project
    layout = find_layout(engine)
    assert layout == (clustered("shards") if target.name == "sharded" else SINGLE)
    assert (source.table, source.local_table) == (layout.table, layout.local)


def test_replaced_versions_are_found_without_reading_the_others(engine, project, target) -> None:
    if target.name == "sharded":
        pytest.skip("its shards are views over one table")
    store = Store(engine, project)
    store.insert(encoded({"id": f"g-{n}"} for n in range(100)))

    plan = engine.query("EXPLAIN indexes = 1 SELECT supersedes FROM generations WHERE supersedes != 0").to_pylist()

    assert any("supersedes_range" in line["explain"] for line in plan)
