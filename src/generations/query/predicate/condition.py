"""Conditions, and how they are joined: NULL counts as false, and the constants are decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition; where `nullable` it may be NULL, which counts as false."""

    sql: str
    nullable: bool = False


TRUE = Condition("1")
FALSE = Condition("0")


def all_of(parts: Sequence[Condition]) -> Condition:
    kept = [part for part in parts if part != TRUE]
    if FALSE in kept:
        return FALSE
    return _joined(" AND ", kept, TRUE)


def any_of(parts: Sequence[Condition]) -> Condition:
    kept = [part for part in parts if part != FALSE]
    if TRUE in kept:
        return TRUE
    return _joined(" OR ", kept, FALSE)


def _joined(word: str, parts: Sequence[Condition], empty: Condition) -> Condition:
    if not parts:
        return empty
    if len(parts) == 1:
        return parts[0]
    return Condition("(" + word.join(part.sql for part in parts) + ")", any(part.nullable for part in parts))


def negated(part: Condition) -> Condition:
    """The complement: NULL counts as false before it is turned."""
    if part == TRUE:
        return FALSE
    if part == FALSE:
        return TRUE
    return Condition(f"NOT ({settled(part)})")


def settled(part: Condition) -> str:
    """The condition as SQL that is never NULL."""
    return f"ifNull({part.sql}, 0)" if part.nullable else part.sql
