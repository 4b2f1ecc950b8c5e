"""Where imported records go: into a store, or to a server at a distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from generations.joining.completing import complete
from generations.record import content
from generations.record.encode import MAX_BYTES
from generations.remote.backend import ServerBackend

if TYPE_CHECKING:
    from typing import Any

    from generations.record.encode import Record, Rows
    from generations.store.store import Store

_KEPT_BY_STORE = ("createdAt", "updatedAt")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: of `count` records some were added, some replaced, and the others were there exactly so."""

    count: int
    added: int
    replaced: int


def prepared(
    origin: Store | ServerBackend, rows: Rows, records: Sequence[Record], *, completing: bool = False, max_record_bytes: int = MAX_BYTES
) -> Callable[[], Taken]:
    """Make a batch ready to be written, so that calling what is returned only writes.

    Args:
        origin: where they go.
        rows: the records as they were encoded, with the ids that they get.
        records: the same records as they came.
        completing: records that are there keep all that they tell, and their gaps are filled.
        max_record_bytes: the largest record, also when it is completed.
    """
    count, changed_within = len(rows), 0 if completing else _changed_within(rows)
    if isinstance(origin, ServerBackend):
        write = _for_server(origin, rows, records, completing=completing)
    elif completing:
        write = _completing(origin, rows, records, max_record_bytes)
    else:
        write = _for_store(origin, rows)

    def written() -> Taken:
        added, replaced = write()
        return Taken(count, added, replaced + changed_within)

    return written


def _for_store(store: Store, rows: Rows) -> Callable[[], tuple[int, int]]:
    block = store.block(rows)

    def write() -> tuple[int, int]:
        outcome = store.insert(block)
        return len(outcome.inserted_ids), len(outcome.replaced_ids)

    return write


def _completing(store: Store, rows: Rows, records: Sequence[Record], max_record_bytes: int) -> Callable[[], tuple[int, int]]:
    def write() -> tuple[int, int]:
        outcome = complete(store, rows, records, max_record_bytes)
        return len(outcome.inserted_ids), len(outcome.replaced_ids)

    return write


def _for_server(server: ServerBackend, rows: Rows, records: Sequence[Record], *, completing: bool) -> Callable[[], tuple[int, int]]:
    named = [(id, _with_id(id, record)) for id, record in zip(rows.ids, records, strict=True)]

    def write() -> tuple[int, int]:
        added, replaced, _ = server.insert_named(named, completing=completing)
        return added, replaced

    return write


def _with_id(id: str, record: Record) -> bytes:
    parsed = content.loads(record) if isinstance(record, bytes) else content.dumps(record)[1]
    found = {name: value for name, value in cast("dict[str, Any]", parsed).items() if name not in _KEPT_BY_STORE}
    return content.to_json(found | {"id": id})


def _changed_within(rows: Rows) -> int:
    """How many rows carry the id of a row before them in the same batch, with another content."""
    if len(set(rows.ids)) == len(rows):
        return 0
    hashes: dict[str, bytes] = {}
    changed = 0
    for id, sent_hash in zip(rows.ids, rows.columns["sent_hash"], strict=True):
        changed += hashes.get(id, sent_hash) != sent_hash
        hashes[id] = sent_hash
    return changed
