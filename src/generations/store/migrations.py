"""The schema's versions: brought up to date at open, refused when newer than this program."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from generations.errors import StoreDamaged
from generations.store.pieces import create_pieces
from generations.store.schema import SINGLE, Layout, clustered, complete_table, create_keys, create_tables

if TYPE_CHECKING:
    from generations.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes:
        version: the version that the store has after it; they count up by one.
        title: what it does, for people.
        statements: what is run. They must bear being run again: a step that was cut off starts anew.
    """

    version: int
    title: str
    statements: Callable[[Layout], tuple[str, ...]]


MIGRATIONS: Final = (
    Migration(1, "the table of generations", complete_table),
    Migration(2, "the table of keys", create_keys),
    Migration(3, "parts of the tokens, and the cost by our prices", complete_table),
    Migration(4, "evals", complete_table),
    Migration(5, "pieces of traces", create_pieces),
)
"""The steps from an older store to this version; a new store is made as it is today."""

_BOOK = "generations_schema"
_OURS = {"project", "seq", "supersedes", "id"}


def migrate(engine: Engine, layout: Layout, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Make the tables, or run the migrations that are due.

    Raises:
        StoreDamaged: the store is of a newer version, or its table was not made by Generations.
    """
    version = schema_version(engine)
    newest = migrations[-1].version
    if version > newest:
        raise StoreDamaged(
            f"{engine.name} has schema version {version}, and this program knows up to {newest}",
            hint="open it with the version of generations that wrote it last, or a newer one",
        )
    there = _is_there(engine, layout)
    if version and not there:
        raise StoreDamaged(f"{engine.name} has lost its table `{layout.local}`", hint="restore it from a backup")
    if version == newest:
        return
    with engine.writing():
        if there:
            due = tuple(migration for migration in migrations if migration.version > version)
        else:
            due = (
                Migration(
                    newest, migrations[-1].title, lambda layout: (*create_tables(layout), *create_keys(layout), *create_pieces(layout))
                ),
            )
        for migration in due:
            for statement in migration.statements(layout):
                engine.run(statement)
            _record(engine, layout, migration)


def schema_version(engine: Engine) -> int:
    """The version of the schema; 0 where there is none yet."""
    if not _value(engine, f"EXISTS TABLE {_BOOK}"):
        return 0
    return int(_value(engine, f"SELECT max(version) FROM {_BOOK}"))


def find_layout(engine: Engine) -> Layout:
    """The layout of the tables that are there; of those to be made, where there are none."""
    rows = engine.query("SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'generations'").to_pylist()
    if not rows:
        return clustered(engine.cluster) if engine.cluster else SINGLE
    found = re.match(r"Distributed\('?([^',]+)'?, *'?[^',]*'?, *'?([^',)]+)'?", rows[0]["engine_full"])
    return Layout("generations", found.group(2), found.group(1)) if found else SINGLE


def _record(engine: Engine, layout: Layout, migration: Migration) -> None:
    engine.run(
        f"CREATE TABLE IF NOT EXISTS {_BOOK}{layout.on_cluster}"
        " (version UInt32, title String, applied_at DateTime64(6, 'UTC') DEFAULT now64(6))"
        " ENGINE = MergeTree ORDER BY version SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
    )
    # Both values are constants of this module.
    engine.run(f"INSERT INTO {_BOOK} (version, title) VALUES ({migration.version}, '{migration.title}')")


def _is_there(engine: Engine, layout: Layout) -> bool:
    """Whether there is a table of generations; one of somebody else is refused."""
    rows = engine.query(
        f"SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '{layout.local}'",
    ).to_pylist()
    names = {row["name"] for row in rows}
    if names and not names >= _OURS:
        raise StoreDamaged(
            f"{engine.name} has a table `{layout.local}` that Generations did not make",
            hint="name another database in the URL, or rename the table",
        )
    return bool(names)


def _value(engine: Engine, sql: str) -> Any:
    (row,) = engine.query(sql).to_pylist()
    return next(iter(row.values()))
