"""Builders that name only what matters."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from generations import Collection

START = datetime(2023, 1, 1, tzinfo=UTC)


def a_generation(id: str, **paths: Any) -> dict[str, Any]:
    """A record with an id and whatever is named: `usage__cost=0.2` is `usage.cost`."""
    record: dict[str, Any] = {"id": id, "timestamp": START, "model": {"id": "gpt-4"}}
    for path, value in paths.items():
        *parents, last = path.split("__")
        holder = record
        for parent in parents:
            holder = holder.setdefault(parent, {})
        holder[last] = value
    return record


def numbered(count: int, **paths: Any) -> list[dict[str, Any]]:
    """Records `g-0`, `g-1`, … a minute apart, with `parameters.n` counting."""
    return [a_generation(f"g-{n}", timestamp=START + timedelta(minutes=n), parameters__n=n, **paths) for n in range(count)]


def ids_of(records: Iterable[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in records]


def found(collection: Collection, filter: dict[str, Any]) -> set[str]:
    """The ids of the records that match."""
    return set(ids_of(collection.find(filter, {"id": 1})))


def as_sent(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what the store keeps about it."""
    return {name: value for name, value in record.items() if name not in {"createdAt", "updatedAt"}}
