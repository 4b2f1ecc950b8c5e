"""Putting pieces together: they are kept first, and then become records, or a part of those that are there."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from generations import query
from generations.joining.gathering import gathered
from generations.joining.merging import merged
from generations.joining.pieces import Told
from generations.joining.reading import NOTHING, TraceReading, read_trace
from generations.record.content import to_json
from generations.record.encode import Record, collector_paused, encode_each
from generations.store.assemble import documents
from generations.store.limits import UNLIMITED
from generations.store.revise import Revision, matching_ids
from generations.store.versions import compile_history
from generations.wire.identity import span_generation_id
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.trace import put_evaluations
from generations.wire.payload import Object, as_list, as_object, as_text

if TYPE_CHECKING:
    from generations.store.block import Block
    from generations.store.store import Store

KEPT_FOR: Final = timedelta(hours=1)
"""How long pieces wait for others of their trace, from the last one on."""

_LOG: Final = logging.getLogger("generations.joining")


@dataclass(frozen=True, slots=True)
class Refused:
    """A generation that could not be recorded, and why."""

    trace_id: str
    record_id: str | None
    message: str


@dataclass(slots=True)
class Joined:
    """What became of the records of some traces.

    Attributes:
        added: ids of records that the store did not have.
        changed: ids of records that more is known of now.
        removed: ids of records that turned out to be a part, or the sum, of others.
        refused: what could not be recorded.
    """

    added: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    removed: list[str] = field(default_factory=list[str])
    refused: list[Refused] = field(default_factory=list[Refused])


@dataclass(frozen=True, slots=True)
class Kept:
    """Pieces that are on disk, by trace, in the order in which they came: those of now, and those that were there before."""

    new: Mapping[str, Sequence[Told]]
    earlier: Mapping[str, Sequence[Told]]

    def of(self, trace_ids: Collection[str]) -> Kept:
        """Those of some traces."""
        return Kept({trace_id: told for trace_id, told in self.new.items() if trace_id in trace_ids}, self.earlier)


@dataclass(slots=True)
class _Changes:
    """What has to be done to the records of some traces, by id.

    Attributes:
        fresh: records that pieces before gave nothing of.
        again: records whose pieces were sent again; they are there unless the process ended before it wrote them.
        differing: what was known of a record, and what is known now.
        said: the same of what was said of a record that is not made of these pieces, by a filter that finds it.
        gone: records that are no generations of their own any more, with those that they are a part of now, where it is one.
    """

    fresh: dict[str, Object] = field(default_factory=dict[str, Object])
    again: dict[str, Object] = field(default_factory=dict[str, Object])
    differing: dict[str, tuple[Object, Object]] = field(default_factory=dict[str, tuple[Object, Object]])
    said: dict[tuple[str, str], tuple[Object, Object]] = field(default_factory=dict[tuple[str, str], tuple[Object, Object]])
    gone: dict[str, str | None] = field(default_factory=dict[str, str | None])


def keep(store: Store, told: Sequence[Told], kept_for: timedelta = KEPT_FOR) -> Kept:
    """Put pieces on disk, and find what came of their traces before.

    In this order, so that of two processes that take pieces of one trace at the same moment, one sees those of both.
    """
    new: dict[str, list[Told]] = {}
    for one in told:
        new.setdefault(one.piece.trace_id, []).append(one)
    batch = store.pieces.append([one.piece for one in told])
    others, aging = store.pieces.others(new, batch, kept_for / 2)
    earlier: dict[str, list[Told]] = {}
    for piece in others:
        earlier.setdefault(piece.trace_id, []).append(Told.of(piece))
    if aging:
        store.pieces.append([piece for piece in others if piece.trace_id in aging])
    return Kept(new, earlier)


@dataclass(frozen=True, slots=True)
class Made:
    """Records that are ready to be written, and changes of those that are there.

    Attributes:
        repairs: what an earlier process had to write.
        changes: what the new pieces change.
        fresh: the new records, as they are inserted; None where there are none.
        joined: what is known of the outcome before anything is written: the refused.
    """

    repairs: _Changes
    changes: _Changes
    fresh: Block | None
    joined: Joined


def make(store: Store, kept: Kept, max_record_bytes: int) -> Made:
    """Make records of pieces, without a look at those that are there, so that others write meanwhile."""
    joined = Joined()
    repairs, changes = _Changes(), _Changes()
    with collector_paused():
        for trace_id, told in kept.new.items():
            try:
                _compare(repairs, changes, kept.earlier.get(trace_id, ()), told)
            except Exception:  # noqa: BLE001 - one trace that cannot be understood must not cost the others
                _LOG.exception("trace %s could not be understood", trace_id)
                message = f"trace {trace_id} could not be understood; the server's log says more"
                joined.refused.append(Refused(trace_id, None, message))
    return Made(repairs, changes, _block(store, changes.fresh, joined, max_record_bytes), joined)


def write(store: Store, made: Made, max_record_bytes: int) -> Joined:
    """Write what was made, or bring those records up to date that are there; on disk when it returns.

    In the order in which the pieces were kept: what was made later knows of the pieces before.
    """
    with store.writing():
        _apply(store, made.repairs, None, made.joined, max_record_bytes)
        _apply(store, made.changes, made.fresh, made.joined, max_record_bytes)
    return made.joined


def _compare(repairs: _Changes, changes: _Changes, earlier: Sequence[Told], new: Sequence[Told]) -> None:
    """Find what new pieces of a trace change, and what the same pieces had to change when they came before.

    That has been done, unless the process ended before it was.
    """
    known = {_key(one): one for one in earlier}
    sent = {_key(one): one for one in new}
    really_new = {key: one for key, one in sent.items() if key not in known or known[key].piece.body != one.piece.body}
    before = read_trace(known.values()) if known else NOTHING
    if len(really_new) < len(sent):
        others = read_trace(one for key, one in known.items() if key not in sent or key in really_new)
        _add(repairs, others, before)
        repairs.again |= repairs.fresh
        repairs.fresh.clear()
    if really_new:
        after = read_trace((known | really_new).values())
        is_last_try = any(kind == "settled" for kind, _ in really_new)
        _add(changes, replace(before, evaluations=()) if is_last_try else before, after)


def _key(told: Told) -> tuple[str, str]:
    return told.piece.kind, told.piece.key


def _add(changes: _Changes, before: TraceReading, after: TraceReading) -> None:
    for id, found in after.records.items():
        if id not in before.records:
            changes.fresh[id] = found
        elif found != before.records[id]:
            changes.differing[id] = (before.records[id], found)
    gone = [id for id in before.records if id not in after.records]
    changes.gone |= {id: next((other for other, found in after.records.items() if _is_view_of(id, found)), None) for id in gone}
    _compare_said(changes, before.evaluations, after.evaluations)


def _is_view_of(id: str, record: Object) -> bool:
    """Whether a span is named by a record as another view of its call."""
    metadata = as_object(record.get("metadata"))
    spans = as_list(as_object(metadata.get("otel")).get("outerSpans"))
    return any(span_generation_id(as_text(metadata.get("traceId")), span["spanId"]) == id for span in map(as_object, spans))


def _compare_said(changes: _Changes, before: Iterable[Evaluation], after: Iterable[Evaluation]) -> None:
    was, now = _by_filter(before), _by_filter(after)
    for key, said in now.items():
        if said != (base := was.get(key, Object())):
            changes.said[key] = (base, said)


def _by_filter(evaluations: Iterable[Evaluation]) -> dict[tuple[str, str], Object]:
    """What was said of records that these pieces do not make, by the path and value that find each."""
    found: dict[tuple[str, str], list[Evaluation]] = {}
    for one in evaluations:
        if one.span_key is not None:
            found.setdefault(("id", one.span_key), []).append(one)
        elif one.response_id is not None:
            found.setdefault(("metadata.requestId", one.response_id), []).append(one)
        elif one.trace_id is not None:
            found.setdefault(("metadata.traceId", one.trace_id), []).append(one)
    records: dict[tuple[str, str], Object] = {}
    for key, said in found.items():
        put_evaluations(records.setdefault(key, Object()), said)
    return records


def _apply(store: Store, changes: _Changes, fresh: Block | None, joined: Joined, max_record_bytes: int) -> None:
    present = _insert(store, fresh, joined)
    differing = changes.differing | {id: (Object(), changes.fresh[id]) for id in present}
    absent = _revise(store, differing, joined, max_record_bytes)
    expected = changes.again | {id: differing[id][1] for id in absent}
    if expected:  # what is not there was deleted meanwhile, or never written
        deleted = store.pieces.about(expected, "deleted")
        missing = {id: found for id, found in expected.items() if id not in deleted}
        _insert(store, _block(store, missing, joined, max_record_bytes), joined)
    if changes.gone:
        _gather(store, changes.gone, joined, max_record_bytes)
        joined.removed += store.remove(list(changes.gone))
    if changes.said:
        _revise(store, _found(store, changes.said), joined, max_record_bytes)


def _gather(store: Store, gone: Mapping[str, str | None], joined: Joined, max_record_bytes: int) -> None:
    """Say what people and evaluators said of records that go of those that take their places, beside what was said of these."""
    found = query.compile_find({"id": {"$in": list(gone)}}, store.source, projection={"id": 1, "feedback": 1, "evals": 1})
    views: dict[str, list[str]] = {}
    for document in documents(store.batches(found, UNLIMITED), found):
        id = document.pop("id")
        place = gone[id]
        if place is not None and document:
            views.setdefault(place, []).append(id)
    for place, ids in views.items():
        kept = _versions(store, place)
        changes = gathered(kept, [_versions(store, id) for id in ids]) if kept else []
        for members in changes:
            Revision(store, partial(_with, members), max_record_bytes).first({"id": place})
        if changes:
            joined.changed.append(place)


def _with(members: Object, stored: Object) -> Object:
    return stored | members


def _versions(store: Store, id: str) -> list[Object]:
    """All versions of a record, the oldest first."""
    found = compile_history(id, store.source)
    return list(documents(store.batches(found, UNLIMITED), found))[::-1]


def _found(store: Store, said: Mapping[tuple[str, str], tuple[Object, Object]]) -> dict[str, tuple[Object, Object]]:
    """What was said, by the id of the record that each is about; where several are found it is the last one."""
    found = {value: change for (path, value), change in said.items() if path == "id"}
    for (path, value), change in said.items():
        if path != "id":
            ids = matching_ids(store, query.compile_keys({path: value}, store.source), UNLIMITED)
            found |= dict.fromkeys(ids[-1:], change)
    return found


def _block(store: Store, records: Mapping[str, Object], joined: Joined, max_record_bytes: int) -> Block | None:
    """The records as they are inserted, without those that are refused; None where there is none."""
    if not records:
        return None
    ids = list(records)
    rows, refused = encode_each(map(_as_text, records.values()), max_record_bytes)
    for line in refused:
        id = ids[line.line_index]
        joined.refused.append(Refused(records[id]["metadata"].get("traceId", ""), id, f"{id}: {line.error}"))
    return store.block(rows)


def _insert(store: Store, block: Block | None, joined: Joined) -> list[str]:
    """Insert the records that the store does not have; returns the ids of the others."""
    if block is None:
        return []
    outcome = store.insert(block, only_new=True)
    joined.added += outcome.inserted_ids
    return outcome.unchanged_ids


def _as_text(record: Object) -> Record:
    """The JSON text of a record, which is read at half the cost; what has none is told as a mapping is."""
    try:
        return to_json(record)
    except (UnicodeEncodeError, OverflowError):
        return record


def _revise(store: Store, differing: Mapping[str, tuple[Object, Object]], joined: Joined, max_record_bytes: int) -> list[str]:
    """Bring records up to date; returns the ids of those that the store does not have."""
    if not differing:
        return []
    found: set[str] = set()

    def revise(stored: Object) -> Object:
        id = stored["id"]
        found.add(id)
        base, known = differing[id]
        after = merged(base, known, stored)
        if after is not stored:
            joined.changed.append(id)
        return after

    Revision(store, revise, max_record_bytes, prices=True).every({}, list(differing))
    return [id for id in differing if id not in found]
