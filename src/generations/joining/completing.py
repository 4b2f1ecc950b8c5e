"""Records that another sender may have told before, and told more of: they fill its gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from generations.joining.merging import merged
from generations.record import content
from generations.store.insertion import InsertOutcome
from generations.store.revise import Revision

if TYPE_CHECKING:
    from generations.record.encode import Record, Rows
    from generations.store.store import Store
    from generations.wire.payload import Object


def complete(store: Store, rows: Rows, records: Sequence[Record], max_record_bytes: int) -> InsertOutcome:
    """Take records; of those that are there only what they do not tell yet is taken, and all that they tell stays.

    All are on disk when it returns. Unlike an insert it is not done whole or not at all: of records that are there, those
    that were completed before an error stay so. Repeating it is harmless.

    Args:
        store: where they go.
        rows: the records as they were encoded, with the ids that they get.
        records: the same records as they came.
        max_record_bytes: the largest record, also when it is completed.
    """
    told: dict[str, list[Object]] = {}
    completed: set[str] = set()

    def revise(stored: Object) -> Object:
        found = stored
        for one in told[stored["id"]]:
            found = merged({"timestamp": one.get("timestamp")}, one, found)  # which is no gap: every stored record has one
        if found is not stored:
            completed.add(stored["id"])
        return found

    with store.writing():
        outcome = store.insert(rows, only_new=True)
        partly = {*outcome.unchanged_ids, *(id for id, count in Counter(rows.ids).items() if count > 1)}
        for id, record in zip(rows.ids, records, strict=True):
            if id in partly:
                told.setdefault(id, []).append(_document(record))
        Revision(store, revise, max_record_bytes, prices=True).every({}, list(told))
    unchanged = outcome.unchanged_ids
    return InsertOutcome(outcome.inserted_ids, [id for id in unchanged if id not in completed], [id for id in unchanged if id in completed])


def _document(record: Record) -> Object:
    parsed = content.loads(record) if isinstance(record, bytes) else content.dumps(record)[1]
    return cast("Object", parsed)
