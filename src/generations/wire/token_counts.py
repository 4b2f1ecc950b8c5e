"""Token counts whose parts stand inside the total for some senders and beside it for others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a call, input or output, as the sender counts it.

    Attributes:
        count: the sender's main count; None when it was not sent.
        parts: sum of the parts that are told apart: cached, audio, reasoning.
        parts_are_inside: the sender's convention: `count` already contains `parts`.
    """

    count: int | None
    parts: int
    parts_are_inside: bool


def inclusive(prompt: Side, completion: Side, total: int | None) -> tuple[int | None, int | None]:
    """Prompt and completion tokens with all their parts inside, none counted twice.

    The total that was sent decides which reading is right, because senders do not keep to one convention: the
    sender's own convention is tried first. Where no reading adds up to the total, the convention stands.
    """
    told = _whole(prompt, prompt.parts_are_inside), _whole(completion, completion.parts_are_inside)
    if total is None:
        return told
    readings = [
        (prompt.parts_are_inside, completion.parts_are_inside),
        (True, True),
        (False, False),
        (False, True),
        (True, False),
    ]
    for prompt_inside, completion_inside in readings:
        counts = _whole(prompt, prompt_inside), _whole(completion, completion_inside)
        if sum(count or 0 for count in counts) == total:
            return counts
    return told


def _whole(side: Side, parts_are_inside: bool) -> int | None:
    if side.count is None:
        return side.parts or None
    return side.count if parts_are_inside else side.count + side.parts
