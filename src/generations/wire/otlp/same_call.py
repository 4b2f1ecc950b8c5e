"""Telling which spans are one call of a model, seen by two instrumentations, and putting together what each knows.

A framework's span around a client's span is the usual case (LangChain around OpenAI); both say what was used, and only one
may be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec
from msgspec.structs import replace

from generations.wire.bounds import MOST_LEVELS, MOST_TWINS
from generations.wire.call import Call, Tokens
from generations.wire.otlp.generation_record import Reading, failure_message

Around = Callable[[str], Collection[str]]


class OneCall(msgspec.Struct, frozen=True):
    """One call.

    Attributes:
        reading: the innermost span, completed with what the others know.
        outer: the other spans, from the inside out.
    """

    reading: Reading
    outer: tuple[Reading, ...] = ()


def calls_among(readings: Mapping[str, Reading], enclosing: Mapping[str, str], around: Around) -> list[OneCall]:
    """The calls that spans are, in the order of `readings`.

    Args:
        readings: the spans that were understood as calls, by their keys.
        enclosing: for each of them, the nearest one of them around it, with no agent or tool between.
        around: the keys of all spans around one of them.

    A span around one other of the same model is the same call. Around several, it is the one with the same response id,
    else their sum, and left out if any of them tells its tokens. Spans beside each other are one call when they come from
    different instrumentations, overlap in time and have the same response id; ids alone are no proof, because small servers
    number their answers from a small range. They may be in different traces: where nothing is around a call, each
    instrumentation begins its own. Where one of them tells no id, as frameworks do of streams, the same parent, model and
    counts are enough; where a call failed and has neither id nor counts, that both failed. When the client does not see the
    framework's span, its parent is one around that; then it must also lie within its time, and be the only one that does.
    """
    if len(readings) < 2:
        return [OneCall(reading) for reading in readings.values()]
    same = {key: key for key in readings}
    inside: dict[str, list[str]] = {}
    for inner, outer in enclosing.items():
        inside.setdefault(outer, []).append(inner)
    sums: set[str] = set()
    for outer, inners in inside.items():
        twins = [inner for inner in inners if _has_same_response(readings[outer].call, readings[inner].call)]
        if not twins and len(inners) == 1 and _may_be_same(readings[outer].call, readings[inners[0]].call):
            twins = inners
        if twins:
            _join(same, outer, twins[0])
        elif len(inners) > 1 and any(readings[inner].call.tokens.is_told() for inner in inners):
            sums.add(outer)
    _join_beside(same, readings)
    _join_elsewhere(same, readings, around)
    joined = _joined(same)
    groups: dict[str, list[str]] = {}
    for key in readings:
        if key not in sums or key in joined:
            groups.setdefault(_root(same, key), []).append(key)
    return [_put_together([readings[key] for key in group], enclosing) for group in groups.values()]


def _join_beside(same: dict[str, str], readings: Mapping[str, Reading]) -> None:
    by_response: dict[str, list[str]] = {}
    for key, reading in readings.items():
        if reading.call.response_id is not None:
            by_response.setdefault(reading.call.response_id, []).append(key)
    for keys in by_response.values():
        for one, other in combinations(keys, 2) if len(keys) <= MOST_TWINS else ():
            if readings[one].span.scope.name != readings[other].span.scope.name and _overlap(readings[one], readings[other]):
                _join(same, one, other)
    by_counts: dict[tuple[object, ...], dict[str, list[str]]] = {}
    for key in _told_by_counts(same, readings):
        reading = readings[key]
        of_counts = by_counts.setdefault((reading.span.trace_id, reading.span.parent_key, *_main(reading.call.tokens)), {})
        of_counts.setdefault(reading.span.scope.name, []).append(key)
    for of_counts in by_counts.values():
        _join_pairs(same, readings, list(of_counts.values()))


def _join_elsewhere(same: dict[str, str], readings: Mapping[str, Reading], around: Around) -> None:
    """Join those whose parent is not the same, but is around the other's: the one that alone lies within the other."""
    by_counts: dict[tuple[object, ...], list[str]] = {}
    for key in _told_by_counts(same, readings):
        by_counts.setdefault((readings[key].span.trace_id, *_main(readings[key].call.tokens)), []).append(key)
    for keys in by_counts.values():
        pairs = [pair for pair in combinations(keys, 2) if _are_within(*pair, readings, around)] if len(keys) <= MOST_TWINS else []
        for one, other in pairs:
            if sum(one in pair or other in pair for pair in pairs) == 1:
                _join(same, one, other)


def _are_within(one: str, other: str, readings: Mapping[str, Reading], around: Around) -> bool:
    first, second = readings[one], readings[other]
    if first.span.scope.name == second.span.scope.name or not _lack_an_id(first, second) or not _lies_within(first, second):
        return False
    return first.span.parent_key in around(other) or second.span.parent_key in around(one)


def _told_by_counts(same: dict[str, str], readings: Mapping[str, Reading]) -> list[str]:
    """Those that are not yet one call with another and tell what they used, or failed before they used anything."""
    joined = _joined(same)
    return [key for key, reading in readings.items() if key not in joined and _can_be_told_by_counts(reading)]


def _can_be_told_by_counts(reading: Reading) -> bool:
    tokens = reading.call.tokens
    has_failed = reading.span.status == "error" and reading.call.response_id is None and not tokens.is_told()
    return has_failed or bool(tokens.prompt and tokens.completion)


def _lack_an_id(one: Reading, other: Reading) -> bool:
    """Whether one of them tells no answer, and nothing else speaks against their being one call."""
    return (one.call.response_id is None or other.call.response_id is None) and _may_be_same(one.call, other.call)


def _join_pairs(same: dict[str, str], readings: Mapping[str, Reading], by_scope: list[list[str]]) -> None:
    """Equal calls at once, seen by two instrumentations, are as many pairs: the first with the first, and so on."""
    if len(by_scope) != 2 or len(by_scope[0]) != len(by_scope[1]):
        return
    ones, others = (sorted(keys, key=lambda member: readings[member].span.start_ns or 0) for keys in by_scope)
    for one, other in zip(ones, others, strict=True):
        first, second = readings[one], readings[other]
        if _lack_an_id(first, second) and _overlap(first, second):
            _join(same, one, other)


def _has_same_response(one: Call, other: Call) -> bool:
    return one.response_id is not None and one.response_id == other.response_id


def _may_be_same(one: Call, other: Call) -> bool:
    """Whether both can be the same model: a chat with the search for its context inside is two calls."""
    ones, others = _models(one), _models(other)
    return not ones or not others or any(a.startswith(b) or b.startswith(a) for a in ones for b in others)


def _models(call: Call) -> list[str]:
    """The names of the model without the provider that routers put before them (`openai/gpt-4o`)."""
    return [name.rpartition("/")[2].lower() for name in (call.requested_model, call.answered_model) if name]


def _overlap(one: Reading, other: Reading) -> bool:
    first, second = _interval_ns(one), _interval_ns(other)
    return first is None or second is None or (first[0] <= second[1] and second[0] <= first[1])


def _lies_within(one: Reading, other: Reading) -> bool:
    """Whether either lies within the time of the other; no when a time is not known."""
    first, second = _interval_ns(one), _interval_ns(other)
    if first is None or second is None:
        return False
    return (first[0] <= second[0] and second[1] <= first[1]) or (second[0] <= first[0] and first[1] <= second[1])


def _interval_ns(reading: Reading) -> tuple[float, int] | None:
    """Start and end; None when one is not known."""
    span = reading.span
    if span.start_ns is None or span.end_ns is None:
        return None
    return span.start_ns - (reading.call.duration_ms or 0) * 1e6, span.end_ns


def _root(same: dict[str, str], key: str) -> str:
    while same[key] != key:
        same[key] = same[same[key]]  # halves the path, so that long chains stay cheap
        key = same[key]
    return key


def _joined(same: dict[str, str]) -> set[str]:
    """Those that are one call with another."""
    return {end for member, other in same.items() if member != other for end in (member, _root(same, other))}


def _join(same: dict[str, str], one: str, other: str) -> None:
    same[_root(same, one)] = _root(same, other)


def _put_together(group: Sequence[Reading], enclosing: Mapping[str, str]) -> OneCall:
    """The innermost first: it starts last, is usually the first to be seen, and its times are those of the call."""
    ordered = sorted(group, key=lambda reading: (-_depth(reading.span.key, enclosing), -(reading.span.start_ns or 0), reading.span.key))
    inner, *outer = ordered
    for other in outer:
        inner = _completed(inner, other)
    return OneCall(inner, tuple(outer))


def _depth(key: str, enclosing: Mapping[str, str]) -> int:
    depth = 0
    seen = {key}
    while key in enclosing and enclosing[key] not in seen and depth < MOST_LEVELS:
        key = enclosing[key]
        seen.add(key)
        depth += 1
    return depth


def _completed(reading: Reading, other: Reading) -> Reading:
    mine, others = reading.call, other.call
    notes = reading.notes
    if mine.tokens.is_told() and others.tokens.is_told() and _main(mine.tokens) != _main(others.tokens):
        ours, theirs = _in_words(mine.tokens), _in_words(others.tokens)
        notes += (f"{reading.dialect} counted {ours} tokens, {other.dialect} {theirs}; the first is kept",)
    notes += tuple(note for note in other.notes + other.span.notes if note not in notes)
    call = with_fallback(mine, others)
    if call.error_message is None and failure_message(reading.span) is None:
        call = replace(call, error_message=failure_message(other.span))
    return replace(reading, call=call, notes=notes)


def with_fallback(call: Call, other: Call) -> Call:
    """The call, with what it does not tell taken from another view of it.

    Counts of tokens are not mixed: where both tell them, parts are taken over only if the whole is the same.
    """
    found: dict[str, Any] = {}
    for name in Call.__struct_fields__:  # `fields` reads annotations each time, for 0.3 ms
        mine, others = getattr(call, name), getattr(other, name)
        if name in ("parameters", "custom", "kept"):
            found[name] = {**others, **mine}
        elif name == "tokens":
            found[name] = _tokens(mine, others)
        elif name == "choices":
            found[name] = mine if any(choice.content is not None for choice in mine) or not others else others
        elif mine is None or mine is False or mine == ():
            found[name] = others
    return replace(call, **found)


def _tokens(mine: Tokens, others: Tokens) -> Tokens:
    if not mine.is_told():
        return others.with_cost_of(mine)
    if _main(mine) != _main(others):
        return mine.with_cost_of(others)
    parts = {
        name: getattr(others, name)
        for name in Tokens.__struct_fields__
        if getattr(mine, name) is None and mine.are_inside == others.are_inside
    }
    return replace(mine, **parts).with_cost_of(others)


def _main(tokens: Tokens) -> tuple[int | None, int | None]:
    return tokens.prompt, tokens.completion


def _in_words(tokens: Tokens) -> str:
    return f"{tokens.prompt} + {tokens.completion}"
