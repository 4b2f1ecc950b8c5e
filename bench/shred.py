"""The engine's own way in: one `INSERT … SELECT` that parses the JSON lines and shreds them into the columns of the table."""

from __future__ import annotations

from generations.record.fields import FIELDS, OBJECTS, Field
from generations.store.schema import COLUMNS

SETTINGS = {
    "input_format_json_read_objects_as_strings": 1,
    "input_format_json_read_arrays_as_strings": 1,
    "input_format_json_read_numbers_as_strings": 1,
    "input_format_json_ignore_unknown_keys_in_named_tuple": 1,
    "input_format_skip_unknown_fields": 1,
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    "type_json_skip_duplicated_paths": 1,
    "date_time_input_format": "'best_effort'",
}

READ = {
    "string": "Nullable(String)",
    "integer": "Nullable(Int64)",
    "number": "Nullable(Float64)",
    "instant": "Nullable(DateTime64(6, 'UTC'))",
    "strings": "Array(String)",
    "json": "String",
    "map": "String",
    "alternatives": "String",
}

KEPT = {
    "project": "'default'",
    "seq": "generateSnowflakeID()",
    "supersedes": "0",
    "change": "'insert'",
    "sent_hash": "sipHash128(ifNull(id, ''))",
    "given": "[]",
    "created_at": "now64(6, 'UTC')",
    "updated_at": "now64(6, 'UTC')",
    "id": "ifNull(id, toString(generateUUIDv7()))",
    "timestamp": "ifNull(timestamp, now64(6, 'UTC'))",
    "model_id": "ifNull(model.id, '')",
    "usage_total_tokens": "ifNull(usage.totalTokens, usage.promptTokens + usage.completionTokens)",
    "performance_tokens_per_second": "ifNull(performance.tokensPerSecond, usage.completionTokens / nullIf(performance.latency, 0) * 1000)",
}

MAPS = tuple(field.path for field in FIELDS if field.type == "map")
ODD = r"match({0}, '\\.[^\"]*\":|\"\":|\"\\$|[\\[,]\\s*[\\[{{]|[0-9]{{19}}')"


def statement(path: str) -> str:
    """The whole statement for a file of JSON lines; columns that the table derives by itself are left to it."""
    columns = {column.name: _expression(column.name) for column in COLUMNS if column.arrow is not None}
    known = [f"JSONExtract({name}, '{_open_type(name)}') AS {name}_known" for name in ("parameters", "metadata")]
    odd = [f"{ODD.format(name)} AS {name}_odd" for name in MAPS]
    open_values = ", ".join([*known, *odd])
    settings = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    return (
        f"INSERT INTO generations ({', '.join(columns)}) WITH {open_values} SELECT {', '.join(columns.values())} "
        f"FROM file('{path}', 'JSONEachRow', '{_structure()}') SETTINGS {settings}"
    )


def _structure() -> str:
    parts = [f"{field.path} {READ[field.type]}" for field in FIELDS if "." not in field.path and not field.kept_by_store]
    for name in OBJECTS:
        inside = ", ".join(f"{_leaf(field)} {READ[field.type]}" for field in FIELDS if field.path.startswith(f"{name}."))
        parts.append(f"{name} Tuple({inside})")
    return ", ".join(parts).replace("'", "\\'")


def _leaf(field: Field) -> str:
    return field.path.split(".", 1)[1]


def _open_type(name: str) -> str:
    inside = ", ".join(f"{_leaf(field)} {READ[field.type]}" for field in FIELDS if field.open and field.path.startswith(f"{name}."))
    return f"Tuple({inside})"


def _expression(column: str) -> str:
    if column in KEPT:
        return KEPT[column]
    if column in [f"{name}_odd" for name in MAPS]:
        return column
    field = next(field for field in FIELDS if column in (field.column, f"{field.column}_text", f"{field.column}_json"))
    if field.type == "json":
        plain = f"{field.path} != '' AND NOT match({field.path}, '^[\\\\[{{]')"
        return f"if({plain}, {field.path}, NULL)" if column.endswith("_text") else f"if({plain}, '', {field.path})"
    if field.open:
        stem, leaf = field.path.split(".", 1)
        return f"{stem}_known.{leaf}"
    return field.path
