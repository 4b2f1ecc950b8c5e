"""The nearest known name, for every message about an unknown one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant; None when nothing is close.

    Case and separators do not count (`prompt_tokens` finds `promptTokens`), and a bare last part
    finds the whole path (`promptTokens` finds `usage.promptTokens`) when nothing else is closer.
    """
    plain: dict[str, str] = {}
    tails: dict[str, str] = {}
    for candidate in known:
        plain.setdefault(_plain(candidate), candidate)
        tails.setdefault(_plain(candidate.rpartition(".")[2]), candidate)
    wanted = _plain(name)
    for table in (plain, tails):
        if wanted in table:
            return table[wanted]
    for table, cutoff in ((plain, 0.7), (tails, 0.8)):
        close = get_close_matches(wanted, table, n=1, cutoff=cutoff)
        if close:
            return table[close[0]]
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known name; None when nothing is close."""
    found = nearest(name, known)
    return None if found is None else f"did you mean '{found}'?"


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")
