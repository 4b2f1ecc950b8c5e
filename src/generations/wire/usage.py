"""Token counts of any convention, as the record counts them: each token once, parts inside their whole; and what they cost."""

from __future__ import annotations

from msgspec.structs import asdict, replace

from generations.wire.bounds import MOST_TOKENS
from generations.wire.call import Tokens
from generations.wire.payload import Object, without_absent
from generations.wire.token_counts import Side, inclusive


def usage_of(tokens: Tokens, cost_usd: float | None = None) -> tuple[Object, list[str]]:
    """The record's `usage`, and notes on counts that contradict each other.

    Counts whose parts are larger than their whole were counted beside each other, whatever the convention says: raw
    counts of Anthropic, for instance, passed on under a name that means the sum.

    Args:
        tokens: the counts, and what the provider says that they cost.
        cost_usd: what somebody else says. It counts where the provider says nothing, and where it is 0: an answer from a
            cache still has the cost of the first time.
    """
    notes: list[str] = []
    tokens = _plausible(tokens, notes)
    prompt = _side("prompt", tokens.prompt, (tokens.cached or 0) + (tokens.cache_write or 0), tokens.are_inside, notes)
    completion = _side("completion", tokens.completion, tokens.reasoning or 0, tokens.are_inside, notes)
    total = tokens.total
    if total is not None and notes and total == (tokens.prompt or 0) + (tokens.completion or 0):
        total = None  # the sum of the same raw counts: it decides nothing, and is too small
    counts = inclusive(prompt, completion, total)
    told = [count for count in counts if count is not None]
    if total is not None and told and sum(told) != total:
        notes.append(f"the total of {total} tokens is not the sum of its parts, {' + '.join(map(str, told))}")
    audio = [count for count in (tokens.input_audio, tokens.output_audio) if count is not None]
    usage: Object = {
        "promptTokens": counts[0],
        "completionTokens": counts[1],
        "totalTokens": total,
        "cachedTokens": tokens.cached,
        "cacheWriteTokens": tokens.cache_write,
        "cacheWriteHourTokens": tokens.cache_write_hour,
        "reasoningTokens": tokens.reasoning,
        "audioTokens": sum(audio) if audio else None,
        "inputAudioTokens": tokens.input_audio,
        "outputAudioTokens": tokens.output_audio,
        "cachedAudioTokens": tokens.cached_audio,
        "inputImageTokens": tokens.input_image,
        "outputImageTokens": tokens.output_image,
        "cachedImageTokens": tokens.cached_image,
    }
    cost = cost_usd if tokens.cost_usd is None or cost_usd == 0 else tokens.cost_usd
    if cost is not None and cost >= 0:
        usage |= {"cost": cost, "currency": "USD", "costSource": "reported"}
    return without_absent(usage), notes


def _plausible(tokens: Tokens, notes: list[str]) -> Tokens:
    absurd = [name for name, count in asdict(tokens).items() if count is not None and count > MOST_TOKENS]
    if not absurd:
        return tokens
    notes.append(f"counts of more than {MOST_TOKENS} tokens were ignored: {', '.join(absurd)}")
    return replace(tokens, **dict.fromkeys(absurd))


def _side(name: str, count: int | None, parts: int, are_inside: bool, notes: list[str]) -> Side:
    if count is not None and are_inside and parts > count:
        kind = "cached" if name == "prompt" else "reasoning"
        notes.append(f"more {kind} tokens ({parts}) than {name} tokens ({count}) were sent: they are counted beside each other")
        return Side(count, parts, parts_are_inside=False)
    return Side(count, parts, are_inside)
