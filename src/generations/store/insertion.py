"""What an insert does with each row, decided before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from generations.record.fields import FIELDS

FEEDBACK: Final = tuple(field.column for field in FIELDS if field.path.startswith("feedback."))
"""The columns of a record's feedback."""

EVALS: Final = ("evals", "evals_odd")
"""The columns of a record's evals."""

SAID: Final = (*FEEDBACK, *EVALS, "given")
"""What was said of a record afterwards, and what tells its nulls: a resend that says nothing of it takes nothing away."""


class Known(NamedTuple):
    """The current version of a record, without its content."""

    seq: int
    sent_hash: bytes
    created_at_us: int


@dataclass(frozen=True, slots=True)
class InsertOutcome:
    """What became of each id of one insert; an id stands in exactly one list, once.

    Attributes:
        inserted_ids: records the store did not have.
        unchanged_ids: records it had, exactly as sent; nothing was written.
        replaced_ids: records it had with another content; a new version was written.
    """

    inserted_ids: list[str]
    unchanged_ids: list[str]
    replaced_ids: list[str]


class Versions(NamedTuple):
    """What the store keeps about each of a block's rows.

    Attributes:
        seqs: the number of each.
        supersedes: the number of what each replaces, 0 for nothing.
        changes: why each was written.
        created_at_us: when the store first took each record.
    """

    seqs: Sequence[int]
    supersedes: Sequence[int]
    changes: Sequence[str]
    created_at_us: Sequence[int]


class Insertion(NamedTuple):
    """Which of the rows sent are written, as what, and what is told to the caller."""

    rows: list[int]
    versions: Versions
    outcome: InsertOutcome


def plan_insert(
    ids: Sequence[str],
    hashes: Sequence[bytes],
    known: Mapping[str, Known],
    seqs: Sequence[int],
    now_us: int,
    *,
    only_new: bool = False,
) -> Insertion:
    """Decide over each row.

    Args:
        ids: of the rows sent; one may come several times, its rows are then versions in that order.
        hashes: what was sent, condensed.
        known: the current versions of those ids that the store has.
        seqs: a fresh number for each row.
        now_us: the time of this insert.
        only_new: leave those alone that the store has, whatever is sent.
    """
    latest: dict[str, Known] = dict(known)
    rows: list[int] = []
    supersedes: list[int] = []
    changes: list[str] = []
    for row, (name, sent_hash, seq) in enumerate(zip(ids, hashes, seqs, strict=True)):
        before = latest.get(name)
        if before is not None and (only_new or before.sent_hash == sent_hash):
            continue
        latest[name] = Known(seq, sent_hash, before.created_at_us if before else now_us)
        rows.append(row)
        supersedes.append(before.seq if before else 0)
        changes.append("resend" if before else "insert")
    created_at_us = [latest[ids[row]].created_at_us for row in rows]
    versions = Versions([seqs[row] for row in rows], supersedes, changes, created_at_us)
    return Insertion(rows, versions, _outcome(ids, known, {ids[row] for row in rows}))


def _outcome(ids: Sequence[str], known: Mapping[str, Known], written: set[str]) -> InsertOutcome:
    outcome = InsertOutcome([], [], [])
    for name in dict.fromkeys(ids):
        if name not in written:
            outcome.unchanged_ids.append(name)
        elif name in known:
            outcome.replaced_ids.append(name)
        else:
            outcome.inserted_ids.append(name)
    return outcome


def untangle(versions: Iterable[tuple[str, int, int]]) -> dict[int, int]:
    """Find records that two processes wrote at the same moment, so that both their versions are current.

    Args:
        versions: id, seq and supersedes of all versions of some records, in any order.

    Returns:
        What versions have to replace instead, by seq, for the versions of each record to be one chain in the order of
        their numbers. Whoever finds out first, or also: the answer is the same.
    """
    mended: dict[int, int] = {}
    before: tuple[str, int] = ("", 0)
    for name, seq, supersedes in sorted(versions):
        if name == before[0] and supersedes != before[1]:
            mended[seq] = before[1]
        before = (name, seq)
    return mended


def says_all(columns: Mapping[str, Sequence[Any]], row: int) -> bool:
    """Whether a row says something about feedback and about evals."""
    return _has_feedback(columns, row) and _has_evals(columns, row)


def keep_said(columns: Mapping[str, list[Any]], row: int, before: Mapping[str, Any]) -> None:
    """Put the feedback and the evals of the version before into a row that has none, in place."""
    if not _has_feedback(columns, row):
        _keep_feedback(columns, row, before)
    if not _has_evals(columns, row):
        for name in EVALS:
            columns[name][row] = before[name]


def _has_evals(columns: Mapping[str, Sequence[Any]], row: int) -> bool:
    """Whether a row has any eval; an explicit null says nothing."""
    return columns["evals"][row] not in ("", "null")


def _has_feedback(columns: Mapping[str, Sequence[Any]], row: int) -> bool:
    """Whether a row says anything about feedback; an explicit null says nothing."""
    given: Sequence[str] = columns["given"][row]
    return any(name.startswith("feedback.") for name in given) or any(columns[name][row] not in (None, []) for name in FEEDBACK)


def _keep_feedback(columns: Mapping[str, list[Any]], row: int, before: Mapping[str, Any]) -> None:
    """Put the feedback of the version before into a row that has none, in place."""
    for name in FEEDBACK:
        columns[name][row] = before[name]
    columns["given"][row] = [name for name in columns["given"][row] if name != "feedback"] + [
        name for name in before["given"] if name == "feedback" or name.startswith("feedback.")
    ]
