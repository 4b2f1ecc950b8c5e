"""What was said of a generation: all feedback and all evals that its versions hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

_Said = TypeVar("_Said")
_NOTHING: Final[dict[str, Any]] = {}


def all_feedback(versions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The feedback in the versions of a record, the oldest first; what was given at the same time is one."""
    given: list[dict[str, Any]] = []
    before: Any = None
    for version in versions:
        now = version.get("feedback")
        if now and now != before:
            _give(given, now, now)
        before = now
    return given


def all_evals(versions: Iterable[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The evals in the versions of a record, each with its name, the oldest first; as with feedback."""
    given: list[tuple[str, dict[str, Any]]] = []
    before = _NOTHING
    for version in versions:
        now: dict[str, Any] = version.get("evals") or _NOTHING
        for name, one in now.items():
            if one != before.get(name):
                _give(given, (name, one), one)
        before = now
    return given


def _give(given: list[_Said], one: _Said, about: Mapping[str, Any]) -> None:
    """Put it at the end; an equal one with a time is the same, which has come back."""
    if about.get("timestamp") is not None and one in given:
        given.remove(one)
    given.append(one)
