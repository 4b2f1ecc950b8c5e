"""Bringing a record up to date with what is known of it now, without taking back what others changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from generations.record import instants
from generations.wire.payload import Object, as_object

_ABSENT: Final = object()
_COMPUTED: Final = ("computedCost", "computedCurrency", "priceSource", "priceVersion")
_REPORTED: Final = ("cost", "currency", "costSource")


def merged(base: Object, known: Object, stored: Object) -> Object:
    """The stored record with what has come to be known since `base`.

    Where the stored record still says what `base` does, it comes to say what `known` says; where somebody changed it
    meanwhile, that stays. What the store derived or computed is left out of what is compared, and derived anew.

    Args:
        base: what was known of it when it was written; empty when that is not known, so that only gaps are filled.
        known: what is known now.
        stored: the record as it is.
    """
    found = _members(_with_instants(base), _with_instants(known), _as_sent(stored))
    if "timestamp" not in base and "timestamp" in known:  # it was the time of its arrival
        found["timestamp"] = instants.parse(known["timestamp"]) or known["timestamp"]
    return stored if _as_sent(found) == _as_sent(stored) else found


def _members(base: Object, known: Object, stored: Object, *, is_divided: bool = True) -> Object:
    found = dict(stored)
    for name in [*known, *(name for name in base if name not in known)]:
        before, now, own = (part.get(name, _ABSENT) for part in (base, known, stored))
        if _same(before, now):
            continue
        if _same(own, before):
            if now is _ABSENT:
                found.pop(name, None)
            else:
                found[name] = now
        elif is_divided and name not in _WHOLE and isinstance(own, dict) and isinstance(now, dict):
            inner = cast("Object", before) if isinstance(before, dict) else {}
            found[name] = _members(inner, cast("Object", now), cast("Object", own), is_divided=name != "evals")
    return found


_WHOLE: Final = frozenset(["feedback", "content"])
"""What is taken from one side or from the other: a mixture of both was said by nobody. So is each eval."""


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


def _as_sent(record: Object) -> Object:
    """A record as it is stored, without what was derived and computed from what was sent."""
    found = dict(record)
    for name, parts in (("usage", _sent_usage(record)), ("performance", _sent_performance(record))):
        if name not in record:
            continue
        if parts:
            found[name] = parts
        else:
            del found[name]
    return found


def _sent_usage(record: Object) -> Object:
    usage: Object = dict(record.get("usage") or {})
    prompt, completion = usage.get("promptTokens"), usage.get("completionTokens")
    if prompt is not None and completion is not None and usage.get("totalTokens") == prompt + completion:
        del usage["totalTokens"]
    if usage.get("priceSource") is not None:
        for name in (*_COMPUTED, *_REPORTED) if usage.get("costSource") == "computed" else _COMPUTED:
            usage.pop(name, None)
    return usage


def _sent_performance(record: Object) -> Object:
    performance: Object = dict(record.get("performance") or {})
    completion, seconds = as_object(record.get("usage")).get("completionTokens"), (performance.get("latency") or 0) / 1000
    if completion is not None and seconds and performance.get("tokensPerSecond") == completion / seconds:
        del performance["tokensPerSecond"]
    return performance


def _with_instants(record: Object) -> Object:
    """The record in the types of a stored one: instants where they are declared, and nothing derived."""
    found = _as_sent(record)
    _revive(found, "timestamp")
    feedback = found.get("feedback")
    if isinstance(feedback, Mapping):
        found["feedback"] = dict(cast("Object", feedback))
        _revive(found["feedback"], "timestamp")
    if isinstance(found.get("evals"), Mapping):
        found["evals"] = {name: dict(one) for name, one in found["evals"].items()}
        for one in found["evals"].values():
            _revive(one, "timestamp")
    return found


def _revive(holder: Object, name: str) -> None:
    if isinstance(value := holder.get(name), str):
        holder[name] = instants.parse(value) or value
