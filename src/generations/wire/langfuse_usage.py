"""Langfuse's `usageDetails` and `costDetails`: open maps of buckets, mostly beside each other, sometimes inside."""

from __future__ import annotations

import math
from typing import Any

from generations.wire.payload import Object, as_count, as_number, as_object, without_absent
from generations.wire.token_counts import Side, inclusive

_PROMPT = ("input", "input_tokens", "prompt_tokens", "promptTokens", "inputTokens")
_COMPLETION = ("output", "output_tokens", "completion_tokens", "completionTokens", "outputTokens")
_TOTAL = ("total", "total_tokens", "totalTokens")
_PROMPT_PARTS = ("input_", "prompt_", "prompt_details.", "input_details.", "cache_")
_COMPLETION_PARTS = ("output_", "completion_", "completion_details.", "output_details.", "reasoning", "thoughts")


def usage_of(observation: Object) -> tuple[Object, Object]:
    """The record's `usage` of one observation, and the legacy `usage` object when it could not be read.

    Langfuse fills `inputUsage` and its like with 0 where nothing is known, so they are not read.
    Buckets named like `input_cached_tokens` stand beside `input`, those named like `prompt_details.cache_read` (from
    OpenInference) inside it; `total` has the last word.
    """
    details = as_object(observation.get("usageDetails"))
    legacy = as_object(observation.get("usage"))
    is_readable_legacy = legacy.get("unit") in (None, "TOKENS")
    usage = _tokens(details or (legacy if is_readable_legacy else {})) | _cost(observation)
    return usage, legacy if not is_readable_legacy else {}


def _tokens(details: Object) -> Object:
    counts = {name: count for name, value in buckets_of(details).items() if (count := as_count(value)) is not None}
    total = _first(counts, _TOTAL)
    prompt_parts = {name: count for name, count in counts.items() if name.startswith(_PROMPT_PARTS) and name not in _PROMPT}
    completion_parts = {name: count for name, count in counts.items() if name.startswith(_COMPLETION_PARTS) and name not in _COMPLETION}
    prompt, completion = inclusive(
        _side(_first(counts, _PROMPT), prompt_parts), _side(_first(counts, _COMPLETION), completion_parts), total
    )
    parts = prompt_parts | completion_parts
    return without_absent(
        {
            "promptTokens": prompt,
            "completionTokens": completion,
            "totalTokens": total,
            "cachedTokens": _sum(parts, ("cached", "cache_read")),
            "cacheWriteTokens": _sum(parts, ("cache_creation", "cache_write")),
            "reasoningTokens": _sum(completion_parts, ("reasoning", "thoughts")),
            "audioTokens": _sum(parts, ("audio",)),
            "inputAudioTokens": _sum(prompt_parts, ("audio",)),
            "outputAudioTokens": _sum(completion_parts, ("audio",)),
            "inputImageTokens": _sum(prompt_parts, ("image",)),
            "outputImageTokens": _sum(completion_parts, ("image",)),
        }
    )


def buckets_of(details: Object) -> Object:
    """The buckets in one level: a dot in their names says that they stand inside a count, as those of OpenAI's own usage do."""
    flat: Object = {}
    for name, value in details.items():
        side = _SIDES.get(name)
        if side is None:
            flat[name] = value
        else:
            flat |= {
                f"{side}.{part}": count for part, count in as_object(value).items() if as_count(count) is not None and part != "text_tokens"
            }
    return flat


_SIDES = {
    "prompt_tokens_details": "prompt_details",
    "completion_tokens_details": "completion_details",
    "input_tokens_details": "input_details",
    "output_tokens_details": "output_details",
}


def _side(count: int | None, parts: dict[str, int]) -> Side:
    return Side(count, sum(parts.values()), all("." in name for name in parts))


def _first(counts: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((counts[name] for name in names if name in counts), None)


def _sum(parts: dict[str, int], words: tuple[str, ...]) -> int | None:
    found = [count for name, count in parts.items() if any(word in name for word in words)]
    return sum(found) if found else None


def _cost(observation: Object) -> Object:
    """US dollars, Langfuse's only currency; `reported` when the sender gave the cost, `computed` when Langfuse did."""
    details = {name: value for name, value in as_object(observation.get("costDetails")).items() if as_number(value) is not None}
    cost = _total_cost(details, observation)
    if cost is None:
        return {}
    is_reported = bool(as_object(observation.get("providedCostDetails")))
    return {"cost": cost, "currency": "USD", "costSource": "reported" if is_reported else "computed"}


def _total_cost(details: Object, observation: Object) -> Any:
    if "total" in details:
        return as_number(details["total"])
    if details:
        return math.fsum(as_number(value) or 0 for value in details.values())
    return as_number(observation.get("totalCost")) or None
