"""Updates: read records, change them, and write them back as new versions, a chunk at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from generations import query
from generations.errors import InvalidQuery
from generations.record.decode import decode_document
from generations.record.encode import MAX_BYTES, encode_records
from generations.results import UpdateResult
from generations.store.decode import Document, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from generations.query.compiled import Compiled
    from generations.store.limits import Limits
    from generations.store.store import Change, Store

CHUNK_RECORDS: Final = 1_000
"""Records that an update reads and rewrites at once."""

CHUNK_BYTES: Final = 64 << 20
"""JSON text after which a chunk is full before its number of records is."""

_KEPT_BY_STORE: Final = ("createdAt", "updatedAt")
_IMMOVABLE: Final = ("id", "timestamp")


class _Revised(NamedTuple):
    """A record that an update changed, and the version that it replaces."""

    seq: int
    record: Document
    differing: frozenset[str]
    size_bytes: int


class Revision:
    """One change over the records that match a filter.

    Args:
        store: where they are.
        revise: the record as it should be, made of the record as it is, which it leaves as it was.
        max_record_bytes: the largest record that is taken.
        change: what the history says made the new versions; None tells feedback and evals from any other update.
        prices: whether what was changed is priced, where it carries no computed cost.
    """

    def __init__(
        self,
        store: Store,
        revise: Callable[[Document], Document],
        max_record_bytes: int = MAX_BYTES,
        change: Change | None = None,
        *,
        prices: bool = False,
    ) -> None:
        self._store = store
        self._revise = revise
        self._change: Change | None = change
        self._prices = prices
        self._limits = replace(store.limits, result_rows=None)
        self._max_record_bytes = max_record_bytes
        self._matched = 0
        self._modified = 0

    def first(self, filter: Mapping[str, Any]) -> UpdateResult:
        """Change the first record that matches."""
        self._rewrite(query.compile_keys(filter, self._store.source, limit=1))
        return UpdateResult(self._matched, self._modified)

    def every(self, filter: Mapping[str, Any], ids: Sequence[str] | None = None) -> UpdateResult:
        """Change every record that matches, or those of them that are named, a chunk after the other.

        A chunk is rewritten whole or not at all; other writers get their turn between chunks, and a record that no
        longer matches when its chunk comes is left alone. An error leaves the chunks before it changed.
        """
        if ids is None:
            ids = matching_ids(self._store, query.compile_keys(filter, self._store.source), self._limits)
        for start in range(0, len(ids), CHUNK_RECORDS):
            chunk = list(ids[start : start + CHUNK_RECORDS])
            self._rewrite(query.compile_keys({"$and": [filter, {"id": {"$in": chunk}}]}, self._store.source))
        return UpdateResult(self._matched, self._modified)

    def _rewrite(self, matching: Compiled) -> None:
        waiting: list[_Revised] = []
        with self._store.writing():
            for revised in self._revised(matching):
                waiting.append(revised)
                if sum(one.size_bytes for one in waiting) >= CHUNK_BYTES:
                    self._write(waiting)
                    waiting = []
            self._write(waiting)

    def _revised(self, matching: Compiled) -> Iterator[_Revised]:
        """The records that the update makes different."""
        for batch in self._store.batches(matching, self._limits):
            seqs = cast("list[int]", batch.column("seq").to_pylist())
            for seq, text in zip(seqs, texts([batch.select(["doc"])]), strict=True):
                before = decode_document(text)
                for name in _KEPT_BY_STORE:
                    before.pop(name, None)
                after = self._revise(before)
                self._matched += 1
                if not identical(before, after):
                    _must_stay(before, after)
                    yield _Revised(seq, after, _differing(before, after), len(text))

    def _write(self, revised: Sequence[_Revised]) -> None:
        if not revised:
            return
        rows = encode_records((one.record for one in revised), max_bytes=self._max_record_bytes)
        if self._prices:
            self._store.price(rows)
        differing = frozenset[str]().union(*(one.differing for one in revised))
        self._store.rewrite(rows, [one.seq for one in revised], self._change or _SAID.get(differing, "update"))
        self._modified += len(revised)


def matching_ids(store: Store, matching: Compiled, limits: Limits) -> list[str]:
    """The ids of the records that `compile_keys` finds, in their natural order."""
    ids = replace(matching, sql=f"SELECT id FROM ({matching.sql})", columns=("id",))
    return cast("list[str]", store.query(ids, limits)["id"].to_pylist())


def identical(one: Any, other: Any) -> bool:
    """Whether two values are the same to the letter: 5 is not 5.0, and the order of keys counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        left, right = cast("Document", one), cast("Document", other)
        return list(left) == list(right) and all(identical(value, right[key]) for key, value in left.items())
    if isinstance(one, list):
        first, second = cast("list[Any]", one), cast("list[Any]", other)
        return len(first) == len(second) and all(map(identical, first, second))
    return bool(one == other)


_SAID: Final[Mapping[frozenset[str], Change]] = {frozenset(["feedback"]): "feedback", frozenset(["evals"]): "eval"}
"""What made a version in which nothing else differs."""


def _differing(before: Document, after: Document) -> frozenset[str]:
    """The top-level names at which two records differ."""
    return frozenset(name for name in before.keys() | after.keys() if not identical(before.get(name), after.get(name)))


def _must_stay(before: Document, after: Document) -> None:
    if after.get("id") != before["id"]:
        raise InvalidQuery("an update cannot change the id of a record", path="/id", hint="insert it under the new id and delete the old")
    if after.get("timestamp") is None:
        raise InvalidQuery("an update cannot remove the timestamp", path="/timestamp")
