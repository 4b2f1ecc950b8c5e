"""Records that two senders tell of, and one of them tells more: what the other one tells fills the gaps."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from generations.joining.join import KEPT_FOR
from generations.joining.merging import merged
from generations.joining.pieces import Told
from generations.joining.reading import read_trace
from generations.record import content
from generations.store.insertion import InsertOutcome
from generations.store.revise import Revision
from generations.wire.payload import Object, as_object

if TYPE_CHECKING:
    from generations.record.encode import Record, Rows
    from generations.store.store import Store


_LOG: Final = logging.getLogger("generations.joining")
_OF_A_SPAN: Final = re.compile(r"(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}")
"""The id of a record that is a span of OpenTelemetry."""
_NO_BATCH: Final = 0


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
    with store.writing():
        outcome = store.insert(rows, only_new=True)
        partly = {*outcome.unchanged_ids, *(id for id, count in Counter(rows.ids).items() if count > 1)}
        for id, record in zip(rows.ids, records, strict=True):
            if id in partly:
                told.setdefault(id, []).append(_document(record))
        completed = _fill(store, told, max_record_bytes)
    unchanged = outcome.unchanged_ids
    return InsertOutcome(outcome.inserted_ids, [id for id in unchanged if id not in completed], [id for id in unchanged if id in completed])


def complete_from_pieces(store: Store, ids: Collection[str], max_record_bytes: int) -> None:
    """Fill the gaps of records with what spans and events tell of the same calls, as far as pieces of their traces are kept.

    For records that took the place of others: a program may record a call without its messages, or without the agent around
    it, that its exporter has told already.
    """
    traces = {found["trace"] for id in ids if (found := _OF_A_SPAN.fullmatch(id))}
    if not traces:
        return
    kept: dict[str, list[Told]] = {}
    for piece in store.pieces.others(traces, _NO_BATCH, KEPT_FOR)[0]:
        kept.setdefault(piece.trace_id, []).append(Told.of(piece))
    told: dict[str, list[Object]] = {}
    for trace_id, pieces in kept.items():
        try:
            records = read_trace(pieces).records
        except Exception:  # noqa: BLE001 - the records are there already, and lack what this trace would have told
            _LOG.exception("trace %s could not be understood", trace_id)
            continue
        told |= {id: [record] for id, record in records.items() if id in ids}
    if told:
        _fill(store, told, max_record_bytes)


def _fill(store: Store, told: Mapping[str, Sequence[Object]], max_record_bytes: int) -> set[str]:
    """Fill the gaps of records with what is told of each; returns the ids of those that had such."""
    filled: set[str] = set()

    def revise(stored: Object) -> Object:
        found = stored
        for one in told[stored["id"]]:
            known = _without_other_counts(one, found)
            found = merged({"timestamp": one.get("timestamp")}, known, found)  # which is no gap: every stored record has one
        if found is not stored:
            filled.add(stored["id"])
        return found

    Revision(store, revise, max_record_bytes, prices=True).every({}, list(told))
    return filled


def _without_other_counts(known: Object, stored: Object) -> Object:
    """What is told, without its tokens where the stored record counts others: parts of one whole are none of another."""
    told, own = as_object(known.get("usage")), as_object(stored.get("usage"))
    if all(told.get(name) in (None, own.get(name)) or own.get(name) is None for name in ("promptTokens", "completionTokens")):
        return known
    return known | {"usage": {name: value for name, value in told.items() if not name.endswith("Tokens")}}


def _document(record: Record) -> Object:
    parsed = content.loads(record) if isinstance(record, bytes) else content.dumps(record)[1]
    return cast("Object", parsed)
