"""The table, derived from the field table: its columns, their types for the engine and for Arrow, and the DDL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from generations.record.fields import FIELDS, Field

Arrow = Literal["string", "large_string", "int64", "uint64", "float64", "bool", "instant", "strings", "hash"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table.

    Attributes:
        name: its name.
        type: its type in the engine.
        arrow: the Arrow type in which its values travel; None when the engine derives them.
        codec: its compression; empty for the engine's default.
        block_bytes: how much is compressed at once; 0 for the engine's default.
        default: what the engine derives its values from.
    """

    name: str
    type: str
    arrow: Arrow | None
    codec: str = ""
    block_bytes: int = 0
    default: str = ""

    @property
    def ddl(self) -> str:
        codec = f" CODEC({self.codec})" if self.codec else ""
        size = self.block_bytes
        blocks = f" SETTINGS (min_compress_block_size = {size}, max_compress_block_size = {size})" if size else ""
        return f"{self.declaration}{codec}{blocks}"

    @property
    def declaration(self) -> str:
        """The column without how it is stored."""
        return f"`{self.name}` {self.type}" + (f" DEFAULT {self.default}" if self.default else "")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which tables there are.

    Attributes:
        table: what is read and inserted into.
        local: what holds the rows of one server; the same as `table` unless there is a cluster.
        cluster: the cluster's name; None for a folder or a single server.
    """

    table: str = "generations"
    local: str = "generations"
    cluster: str | None = None

    @property
    def on_cluster(self) -> str:
        return f" ON CLUSTER `{self.cluster}`" if self.cluster else ""


SINGLE: Final = Layout()


def clustered(cluster: str) -> Layout:
    """A `Distributed` table over a replicated table on each server."""
    return Layout("generations", "generations_local", cluster)


CONTENT_BLOCK_BYTES: Final = 4 << 20
"""Agents resend their history, and what repeats within one block is stored once. Measured on sessions of 50 and 160 turns and on plain
records: 8 MiB 30, 55 and 3.1 times smaller than raw, get by id 17 ms; 4 MiB 28, 42 and 3.1, 9 ms; 1 MiB 21, – and 3.1, 5 ms."""

GRANULE_BYTES: Final = 2 << 20
"""A fifth of the default: the newest 50 records are found in half the time, and scans cost the same."""

WIDE_BYTES: Final = 32 << 20
"""Smaller parts are one file rather than some 300: of 1,000 records each they are written and merged with half the processor's time.
With 128 MiB questions about 100,000 records take half as long again, with the engine's 10 MiB merging small batches twice as long."""

_CONTENT = "ZSTD(3)"
_PLAIN = "ZSTD(1)"
_PATHS = "JSON(max_dynamic_paths = 256)"

# Evals carry the time at which they were made, and no sub-column speaks for a date.
_DATE = r'\\{"\\$date":"[^"]*"\\}'

KEPT: Final = (
    Column("project", "LowCardinality(String)", "string"),
    Column("seq", "UInt64", "uint64", f"Delta, {_PLAIN}"),
    Column("supersedes", "UInt64", "uint64", _PLAIN),
    Column("change", "LowCardinality(String)", "string"),
    Column("sent_hash", "FixedString(16)", "hash", "NONE"),
    Column("given", "Array(LowCardinality(String))", "strings", _PLAIN),
)
"""What the store keeps about each version, beside the record itself."""

_NEVER_NULL = {"id": "String", "model.id": "LowCardinality(String)"}


def _columns(field: Field) -> tuple[Column, ...]:
    name = field.column
    match field.type:
        case "string":
            if field.path in _NEVER_NULL:
                return (Column(name, _NEVER_NULL[field.path], "string"),)
            if field.low_cardinality:
                return (Column(name, "LowCardinality(Nullable(String))", "string"),)
            return (Column(name, "Nullable(String)", "string", _PLAIN),)
        case "integer":
            return (Column(name, "Nullable(Int64)", "int64", _PLAIN),)
        case "number":
            return (Column(name, "Nullable(Float64)", "float64", _PLAIN),)
        case "instant":
            if field.kept_by_store or field.path == "timestamp":
                return (Column(name, "DateTime64(6, 'UTC')", "instant", f"Delta, {_PLAIN}"),)
            return (Column(name, "Nullable(DateTime64(6, 'UTC'))", "instant", _PLAIN),)
        case "strings":
            return (Column(name, "Array(String)", "strings", _PLAIN),)
        case "json":
            return (
                Column(f"{name}_text", "Nullable(String)", "large_string", _CONTENT, CONTENT_BLOCK_BYTES),
                Column(f"{name}_json", "String", "large_string", _CONTENT, CONTENT_BLOCK_BYTES),
                Column(f"{name}_starts", "LowCardinality(String)", None, default=f"substring({name}_json, 1, 1)"),
            )
        case "map":
            held = f"replaceRegexpAll({name}, '{_DATE}', 'null')" if field.path == "evals" else name
            return (
                Column(name, "String", "large_string", _CONTENT),
                # Derived by the engine: a cast that Arrow brings in would read strings as dates, whatever the settings say.
                Column(f"{name}_paths", _PATHS, None, default=f"if({name}_odd OR {name} IN ('', 'null'), '{{}}', {held})"),
                Column(f"{name}_odd", "Bool", "bool"),
                Column(f"{name}_exact", "String", None, _CONTENT, default=f"if({name}_odd OR {_other_arrays(field)}, {name}, '')"),
            )
        case "alternatives":
            return (Column(name, "String", "large_string", _CONTENT, CONTENT_BLOCK_BYTES),)


def _other_arrays(map_field: Field) -> str:
    """Whether a map may hold arrays beside its declared ones; yes too often is only slower."""
    declared = [field.column for field in FIELDS if field.type == "strings" and field.path.startswith(f"{map_field.path}.")]
    known = "".join(f" - notEmpty({column})" for column in declared)
    return f"toInt64(countSubstrings({map_field.column}, '[')){known} > 0"


COLUMNS: Final = (*KEPT, *(column for field in FIELDS for column in _columns(field)))
"""Every column, in the table's order."""

INDEXES: Final = (("supersedes_range", "supersedes TYPE minmax GRANULARITY 1"),)
"""Skip indexes: nearly no granule holds a version that replaces another, so finding those reads nearly nothing."""

PROJECTIONS: Final = (("by_id", "SELECT id, _part_offset ORDER BY id"),)
"""Where each id is, in the order of ids."""

ORDER: Final = "project, toStartOfHour(timestamp), ifNull(metadata_session_id, ''), timestamp, id"
"""The turns of a session stand side by side, so that what they repeat is compressed away; hours keep ranges of time cheap."""

_SETTINGS: Final = {
    # Acknowledged means on disk, merges and rewrites included: their sources are dropped at once.
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    "min_rows_to_fsync_after_merge": 1,
    "min_compressed_bytes_to_fsync_after_merge": 1,
    # However many parts are broken, the table loads: the engine sets them aside, and opening says which.
    "max_suspicious_broken_parts": 1_000_000,
    "max_suspicious_broken_parts_bytes": 1 << 60,
    "index_granularity_bytes": GRANULE_BYTES,
    "min_bytes_for_wide_part": WIDE_BYTES,
}


def create_tables(layout: Layout) -> tuple[str, ...]:
    """The statements that make the tables of a layout where they are not there."""
    if layout.cluster is None:
        return (_create_rows(layout, "MergeTree"),)
    engine = "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')"
    return (_create_rows(layout, engine), _create_distributed(layout))


KEYS_TABLE: Final = "generations_keys"
"""The keys that programs show to a server."""


def create_keys(layout: Layout) -> tuple[str, ...]:
    """The statement that makes the table of keys where it is not there; on a cluster every server holds all of them."""
    path = "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'"
    engine = f"ReplicatedMergeTree({path})" if layout.cluster else "MergeTree"
    return (
        f"CREATE TABLE IF NOT EXISTS {KEYS_TABLE}{layout.on_cluster} (id String, seq UInt64, project String, name Nullable(String),"
        " scopes Array(LowCardinality(String)), secret_hash FixedString(32), rate_per_second Nullable(Float64),"
        " created_at DateTime64(6, 'UTC'), expires_at Nullable(DateTime64(6, 'UTC')), revoked_at Nullable(DateTime64(6, 'UTC')))\n"
        f"ENGINE = {engine}\nORDER BY (id, seq)\nSETTINGS fsync_after_insert = 1, fsync_part_directory = 1,"
        " min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1",
    )


def complete_table(layout: Layout) -> tuple[str, ...]:
    """The statements that add what an older table lacks; harmless where nothing is missing."""
    columns = ", ".join(f"ADD COLUMN IF NOT EXISTS {column.ddl}" for column in COLUMNS)
    indexes = [f"ADD INDEX IF NOT EXISTS {name} {what}" for name, what in INDEXES]
    projections = [f"ADD PROJECTION IF NOT EXISTS {name} ({what})" for name, what in PROJECTIONS]
    filled = [f"MATERIALIZE INDEX {name}" for name, _ in INDEXES] + [f"MATERIALIZE PROJECTION {name}" for name, _ in PROJECTIONS]
    alter = f"ALTER TABLE {layout.local}{layout.on_cluster}"
    statements = tuple(f"{alter} {change}" for change in (columns, *indexes, *projections, *filled))
    if layout.local == layout.table:
        return statements
    front = ", ".join(f"ADD COLUMN IF NOT EXISTS {column.declaration}" for column in COLUMNS)
    return (*statements, f"ALTER TABLE {layout.table}{layout.on_cluster} {front}")


def _create_rows(layout: Layout, engine: str) -> str:
    parts = [
        *(column.ddl for column in COLUMNS),
        *(f"INDEX {name} {what}" for name, what in INDEXES),
        *(f"PROJECTION {name} ({what})" for name, what in PROJECTIONS),
    ]
    settings = ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items())
    body = ",\n    ".join(parts)
    return (
        f"CREATE TABLE IF NOT EXISTS {layout.local}{layout.on_cluster} (\n    {body}\n)\n"
        f"ENGINE = {engine}\nORDER BY ({ORDER})\nSETTINGS {settings}"
    )


def _create_distributed(layout: Layout) -> str:
    # All versions of a record are on one shard, so that each shard knows by itself which are current.
    columns = ",\n    ".join(column.declaration for column in COLUMNS)
    return (
        f"CREATE TABLE IF NOT EXISTS {layout.table}{layout.on_cluster} (\n    {columns}\n)\n"
        f"ENGINE = Distributed(`{layout.cluster}`, currentDatabase(), {layout.local}, sipHash64(project, id))"
    )
