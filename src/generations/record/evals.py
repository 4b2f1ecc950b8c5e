"""Evals as they are given one by one, before they stand in a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from generations.errors import InvalidInput
from generations.record import content
from generations.record.fields import EVAL
from generations.record.mend import describe, mend_eval

_KNOWN: Final = frozenset(field.path.rpartition(".")[2] for field in EVAL)
_ABOUT: Final = frozenset(["evaluator", "duration", "testId", "timestamp"])
"""Keys that tell of the evaluation and not what it found."""


def checked_evals(given: Iterable[Any] | Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Evals by their names, as a record holds them and as reads return them: instants are aware datetimes.

    Args:
        given: objects with a `name`, or one such; declared keys that are null count as left out. One without a timestamp is from now.

    Raises:
        InvalidInput: there are none, one of them says nothing or has no name, two have the same one, or a score is not
            from 0 to 1. With the path of what is wrong, `1.score`, or `score` of one alone; of the record's own rules
            `evals.relevance.label`.
        InvalidRecord: a value that the record would not take.
    """
    evals: dict[str, dict[str, Any]] = {}
    is_alone = isinstance(given, Mapping)
    for index, one in enumerate(cast("Iterable[Any]", (given,) if is_alone else given)):
        at = "" if is_alone else f"{index}."
        name, said = _named(one, at)
        if name in evals:
            raise InvalidInput(f"the eval {name!r} is there twice", hint="send the second one in a call of its own", path=f"{at}name")
        _, parsed = content.dumps({**said, "timestamp": said.get("timestamp") or datetime.now(UTC)})
        mended = mend_eval(name, parsed, f"evals.{name}")
        content.normalise_dates(mended)
        evals[name] = content.revive_dates(mended)
    if not evals:
        raise InvalidInput("there is no eval", hint='send at least one, such as {"name": "relevance", "score": 0.9}')
    return evals


def as_given(name: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """An eval that stands in a record, with its name."""
    return {"name": name, **{key: value for key, value in stored.items() if key != "name"}}


def _named(one: Any, at: str) -> tuple[str, dict[str, Any]]:
    """The name of an eval, and what it says."""
    if not isinstance(one, Mapping):
        raise InvalidInput(f"expected an eval, found {describe(one)}", hint='send {"name": "relevance", "score": 0.9}', path=at[:-1])
    said = {key: value for key, value in cast("Mapping[str, Any]", one).items() if value is not None or key not in _KNOWN}
    name = said.pop("name", None)
    if not isinstance(name, str):
        raise InvalidInput(f"the name of an eval is a string, not {describe(name)}", hint="say what was looked at", path=f"{at}name")
    if said.keys() <= _ABOUT:
        raise InvalidInput(f"the eval {name!r} says nothing", hint="give a score, a label or an explanation", path=at[:-1] or None)
    score = said.get("score")
    if isinstance(score, (int, float)) and not isinstance(score, bool) and not 0 <= score <= 1:
        hint = "divide it by the highest score of the evaluator's scale"
        raise InvalidInput(f"a score is from 0 to 1, not {score:g}", hint=hint, path=f"{at}score")
    return name, said
