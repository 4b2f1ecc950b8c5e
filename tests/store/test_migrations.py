"""Stores of other versions: older ones are brought up to date at open, newer ones refused, foreign ones left alone."""

from pathlib import Path

import pytest

from generations.errors import StoreDamaged
from generations.store.chdb_engine import ChdbEngine
from generations.store.migrations import MIGRATIONS, schema_version
from generations.store.schema import COLUMNS, SINGLE, create_tables
from generations.store.store import Store

from .rows import ask, rows


@pytest.fixture
def engine(folder: Path):
    engine = ChdbEngine(folder)
    yield engine
    engine.close()


def columns_of(engine: ChdbEngine) -> list[str]:
    return [row["name"] for row in engine.query("DESCRIBE TABLE generations").to_pylist()]


def test_a_new_store_has_the_newest_version_and_every_column(engine: ChdbEngine) -> None:
    assert schema_version(engine) == 0

    Store(engine)

    assert schema_version(engine) == MIGRATIONS[-1].version
    assert columns_of(engine) == [column.name for column in COLUMNS]


def test_versions_count_up_by_one() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def an_older_store(engine: ChdbEngine) -> None:
    """As it was before there were errors, costs, evals, the index and the projection, with two records in it."""
    (today,) = create_tables(SINGLE)
    since = ("`error_", "`usage_cost", "`evals", "INDEX", "PROJECTION")
    lines = [line for line in today.split("\n") if not line.strip().startswith(since)]
    engine.run("\n".join(lines).replace(",\n)", "\n)"))
    engine.run(
        "INSERT INTO generations (project, seq, supersedes, change, sent_hash, id, timestamp, model_id, metadata)"
        """ VALUES ('default', 5, 0, 'insert', '0123456789abcdef', 'a', '2026-01-01', 'm', '{"plan":"pro"}'),"""
        """ ('default', 6, 0, 'insert', '0123456789abcdef', 'b', '2026-01-01', 'm', '')"""
    )


def test_an_older_store_is_brought_up_to_date_and_keeps_its_records(engine: ChdbEngine) -> None:
    an_older_store(engine)
    assert "error_type" not in columns_of(engine)

    store = Store(engine)

    assert schema_version(engine) == MIGRATIONS[-1].version
    assert set(columns_of(engine)) == {column.name for column in COLUMNS}
    assert ask(store, "id, error_type, usage_cost, metadata_paths.plan::String AS plan") == [
        {"id": "a", "error_type": None, "usage_cost": None, "plan": "pro"},
        {"id": "b", "error_type": None, "usage_cost": None, "plan": ""},
    ]
    made = {row["name"] for row in engine.query("SELECT name FROM system.projections WHERE table = 'generations'").to_pylist()}
    assert made == {"by_id"}
    assert ask(store, "id, evals, evals_odd, evals_exact, evals_paths.x.score IS NULL AS is_absent", "id = 'a'") == [
        {"id": "a", "evals": "", "evals_odd": False, "evals_exact": "", "is_absent": True}
    ]
    assert store.insert(rows("a", error={"type": "timeout"}, evals={"x": {"score": 1}})).replaced_ids == ["a"]


def test_a_migration_that_was_cut_off_is_done_at_the_next_open(engine: ChdbEngine) -> None:
    an_older_store(engine)
    for statement in MIGRATIONS[0].statements(SINGLE)[:2]:
        engine.run(statement)

    store = Store(engine)

    assert len(ask(store, "id")) == 2
    assert set(columns_of(engine)) == {column.name for column in COLUMNS}


def test_opening_again_changes_nothing(engine: ChdbEngine) -> None:
    Store(engine)
    before = engine.query("SELECT * FROM generations_schema").to_pylist()

    Store(engine)

    assert engine.query("SELECT * FROM generations_schema").to_pylist() == before


def test_a_newer_store_is_refused(engine: ChdbEngine) -> None:
    Store(engine).insert(rows("a"))
    engine.run("INSERT INTO generations_schema (version, title) VALUES (99, 'from the future')")

    with pytest.raises(StoreDamaged, match=r"schema version 99, and this program knows up to") as refused:
        Store(engine)

    assert "the version of generations that wrote it last" in refused.value.hint


def test_a_table_of_somebody_else_is_left_alone(engine: ChdbEngine) -> None:
    engine.run("CREATE TABLE generations (grandparent String) ENGINE = MergeTree ORDER BY grandparent")

    with pytest.raises(StoreDamaged, match="a table `generations` that Generations did not make"):
        Store(engine)

    assert columns_of(engine) == ["grandparent"]
