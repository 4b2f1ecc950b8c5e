"""The engine settings that statements run with; the same for a folder and for a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generations.store.limits import Limits

Settings = Mapping[str, str | int | float]

INSERT: Settings = {
    # An acknowledged insert is on disk, not in a queue of the server.
    "async_insert": 0,
    # One block is one part, and a part appears whole or not at all.
    "max_insert_threads": 1,
    "max_block_size": 1_000_000_000,
    "max_insert_block_size": 1_000_000_000,
    "min_insert_block_size_rows": 1_000_000_000,
    "min_insert_block_size_bytes": 0,
    # On a cluster: wait until every shard has its rows on disk.
    "distributed_foreground_insert": 1,
    # Strings in open maps stay strings, whatever they look like.
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    "type_json_skip_duplicated_paths": 1,
}

CHANGE: Settings = {
    # Return once every replica has rewritten its parts: deleted means gone.
    "mutations_sync": 2,
    "session_timezone": "UTC",
    "max_query_size": 1 << 30,
}

_READ: Settings = {
    "priority": 1,
    "session_timezone": "UTC",
    "short_circuit_function_evaluation": "force_enable",
    # A query and its subqueries see the same parts; otherwise a record updated meanwhile could vanish from the answer.
    "enable_shared_storage_snapshot_in_query": 1,
    # Rows that come in the table's order are taken as they come. Measured on 1,000,000 records: the newest 50 in 25 ms of
    # processor time instead of 84, everything in order of time in 11.5 s instead of 12.5.
    "read_in_order_use_buffering": 0,
    # Compiled queries are deep, and longer than a person's.
    "max_query_size": 64 << 20,
    "max_ast_depth": 10_000,
    "max_ast_elements": 2_000_000,
    "max_expanded_ast_elements": 4_000_000,
    "max_parser_depth": 10_000,
    "max_parser_backtracks": 0,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_arrow_compression_method": "none",
    "distributed_product_mode": "allow",
}

_SPILLING: Settings = {
    # Where no limit stops it, a long sort goes through the disk in small blocks: an export of
    # 1 GB sorted by time takes 0.8 GB of memory instead of 2.
    "max_bytes_before_external_sort": 128 << 20,
    "max_bytes_ratio_before_external_sort": 0,
    "prefer_external_sort_block_bytes": 4 << 20,
}

_BACKGROUND: Settings = {
    # Beside an export of 100,000 records the newest 50 take half as long again (p95) instead of two to three times as long.
    "max_threads": 1,
    "priority": 2,
    "low_priority_query_wait_time_ms": 100,
}


def reading(limits: Limits) -> Settings:
    """The settings of one user query, stopped with an error when it exceeds a limit."""
    settings = dict(_READ)
    if limits.seconds is not None:
        settings |= {"max_execution_time": limits.seconds, "timeout_overflow_mode": "throw"}
    settings |= _SPILLING if limits.memory_bytes is None else {"max_memory_usage": limits.memory_bytes}
    if limits.result_rows is not None:
        settings |= {"max_result_rows": limits.result_rows, "result_overflow_mode": "throw"}
    if limits.background:
        settings |= _BACKGROUND
    return settings


def as_clause(settings: Settings | None) -> str:
    """The settings as a clause to append to a statement; empty for none."""
    if not settings:
        return ""
    return " SETTINGS " + ", ".join(f"{name} = {_literal(value)}" for name, value in settings.items())


def _literal(value: str | float) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
