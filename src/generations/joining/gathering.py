"""What people and evaluators said of records that turn out to be views of one call, put together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from generations.record.said import all_evals, all_feedback
from generations.wire.payload import Object, as_object

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def gathered(kept: Sequence[Object], others: Sequence[Sequence[Object]]) -> list[Object]:
    """What a record has to say one after the other, so that its history holds all feedback and evals of all views of its call.

    Of feedback, and of each eval, the latest is the last. A view whose feedback or eval was taken back adds none.

    Args:
        kept: the versions of the record that stays, the oldest first.
        others: those of each record that goes.

    Returns:
        The members that change, for each new version; none where everything is there already.
    """
    return _feedback(kept, others) + _evals(kept, others)


def _feedback(kept: Sequence[Object], others: Sequence[Sequence[Object]]) -> list[Object]:
    missing = all_feedback(kept)
    known = len(missing)
    for versions in others:
        if versions[-1].get("feedback"):
            missing += [one for one in all_feedback(versions) if one not in missing]
    missing = sorted(missing[known:], key=_given_at)
    if missing:
        latest = max((found for versions in (kept, *others) if (found := as_object(versions[-1].get("feedback")))), key=_given_at)
        missing += [latest] if missing[-1] != latest else []
    return [{"feedback": one} for one in missing]


def _evals(kept: Sequence[Object], others: Sequence[Sequence[Object]]) -> list[Object]:
    missing = all_evals(kept)
    known = len(missing)
    for versions in others:
        current = _current_evals(versions)
        missing += [(name, one) for name, one in all_evals(versions) if name in current and (name, one) not in missing]
    rounds: list[dict[str, Object]] = []  # of one name each holds one
    for name, one in sorted(missing[known:], key=lambda told: _given_at(told[1])):
        if not rounds or name in rounds[-1]:
            rounds.append({})
        rounds[-1][name] = one
    states = [_current_evals(kept)]
    for told in rounds:
        states.append(states[-1] | told)
    for name in {name: None for told in rounds for name in told}:
        latest = max((evals[name] for versions in (kept, *others) if name in (evals := _current_evals(versions))), key=_given_at)
        if states[-1][name] != latest:
            states.append(states[-1] | {name: latest})
    return [{"evals": state} for state in states[1:]]


def _current_evals(versions: Sequence[Object]) -> dict[str, Object]:
    return cast("dict[str, Object]", as_object(versions[-1].get("evals")))


def _given_at(said: Any) -> datetime:
    at = said.get("timestamp")
    return at if isinstance(at, datetime) else _LONG_AGO
