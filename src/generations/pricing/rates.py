"""Prices by the million, and what the counts of one call cost by them: exact, or unknown with the reason."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import lcm
from typing import Final, NamedTuple

MILLION: Final = 1_000_000

UNITS: Final[Mapping[str, frozenset[str]]] = {
    "promptTokens": frozenset({"input"}),
    "completionTokens": frozenset({"output"}),
    "cachedTokens": frozenset({"input", "cached"}),
    "cacheWriteTokens": frozenset({"input", "cacheWrite"}),
    "cacheWriteHourTokens": frozenset({"input", "cacheWrite", "hour"}),
    "reasoningTokens": frozenset({"output", "reasoning"}),
    "inputAudioTokens": frozenset({"input", "audio"}),
    "outputAudioTokens": frozenset({"output", "audio"}),
    "cachedAudioTokens": frozenset({"input", "audio", "cached"}),
    "inputImageTokens": frozenset({"input", "image"}),
    "outputImageTokens": frozenset({"output", "image"}),
    "cachedImageTokens": frozenset({"input", "image", "cached"}),
}
"""What can have a price of its own, by the name of its field in `usage`, and what is said of such a token.

A token of which more is said is counted inside those of which less is said: `cachedAudioTokens` inside `cachedTokens`
and inside `inputAudioTokens`, and all three inside `promptTokens`.
"""

NAMES: Final = tuple(UNITS)
_INSIDE: Final = {name: [other for other in NAMES if UNITS[name] < UNITS[other]] for name in NAMES}
_PLACES: Final = {name: place for place, name in enumerate(NAMES)}
_HEARD, _SPOKEN = _PLACES["inputAudioTokens"], _PLACES["outputAudioTokens"]
_SPECIFIC_FIRST: Final = sorted(NAMES, key=lambda name: -len(UNITS[name]))
_BOTH: Final = {
    (name, other): joint
    for name, other in combinations(NAMES, 2)
    for joint in NAMES
    if joint not in (name, other) and UNITS[joint] == UNITS[name] | UNITS[other]
}
"""What is counted in two units at once, where neither is inside the other."""

Counts = Sequence[int | None]
"""Tokens of one call in the order of `NAMES`; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A price of one million, or of one request.

    Attributes:
        base: the price, in the currency of its `Rates`.
        tiers: prices that replace it for calls whose prompt is longer than so many tokens; ascending.
    """

    base: Fraction
    tiers: tuple[tuple[int, Fraction], ...] = ()

    def above(self, prompt_tokens: int) -> Fraction:
        """The price for a call with so many tokens in its prompt: all its tokens have the price of its tier."""
        price = self.base
        for start, tier in self.tiers:
            if prompt_tokens > start:
                price = tier
        return price

    def reduced(self, percent: Fraction) -> Rate:
        """The price after a discount."""
        left = 1 - percent / 100
        return Rate(self.base * left, tuple((start, price * left) for start, price in self.tiers))


class _Level(NamedTuple):
    """The arithmetic of one tier, in whole numbers so that it is exact: Σ count × factor, over the denominator.

    Attributes:
        terms: place of the count, and its factor.
        request: what the call costs whatever it holds.
        denominator: what the sum is divided by.
    """

    terms: tuple[tuple[int, int], ...]
    request: int
    denominator: int


class Rates:
    """The prices of one model at one time.

    Args:
        prices: by unit of `UNITS`. A unit without a price is billed as the less specific one that holds it.
        currency: ISO 4217 code.
        request: price of one call, whatever it holds.
        others: what else the model is billed by that no record tells, such as hours of audio.
    """

    def __init__(self, prices: Mapping[str, Rate], currency: str = "USD", request: Rate | None = None, others: Sequence[str] = ()) -> None:
        self.prices = prices
        self.currency = currency
        self.request = request
        self.others = tuple(others)
        rates = [*prices.values(), *([request] if request else [])]
        self._starts = sorted({start for rate in rates for start, _ in rate.tiers})
        self._levels = [self._level(start + 1) for start in (-1, *self._starts)]
        self._is_priced = [name in prices for name in NAMES]
        self._tells_audio = self._is_priced[_HEARD] or self._is_priced[_SPOKEN]

    def cost(self, counts: Counts, audio_tokens: int | None = None, *, hears: bool = True, speaks: bool = False) -> float | str:
        """What a call costs; why that is not known, where it is not. Never 0 for what is unknown.

        Args:
            counts: its tokens.
            audio_tokens: audio of input and output together, for calls that do not tell them apart.
            hears: whether the input may hold audio.
            speaks: whether the output may hold audio.

        Returns:
            The amount, correctly rounded, or the reason in words.
        """
        prompt, completion = counts[0], counts[1]
        if self.others:
            return f"it is billed by {' and '.join(self.others)}, which the record does not tell"
        if not self.prices and self.request is None:
            return "it is listed without a price"
        if self.prices:
            if prompt is None and completion is None:
                return "no tokens were reported"
            missing = self._missing(prompt, completion)
            if missing:
                return missing
            if audio_tokens and counts[_HEARD] is None and counts[_SPOKEN] is None and self._tells_audio:
                if hears and speaks:
                    return "the audio tokens of input and output are not told apart"
                counts = list(counts)
                counts[_SPOKEN if speaks else _HEARD] = audio_tokens
            if any(counts[2:]) and (refusal := self._refusal(counts)):
                return refusal
        level = self._levels[bisect_left(self._starts, prompt or 0)]
        total = level.request
        for place, factor in level.terms:
            count = counts[place]
            if count:
                total += count * factor
        return total / level.denominator

    def reduced(self, percent: Fraction) -> Rates:
        """The same prices after a discount."""
        prices = {name: rate.reduced(percent) for name, rate in self.prices.items()}
        return Rates(prices, self.currency, self.request.reduced(percent) if self.request else None, self.others)

    def _missing(self, prompt: int | None, completion: int | None) -> str | None:
        """What is billed and was not reported, or was reported and has no price."""
        for name, count in (("promptTokens", prompt), ("completionTokens", completion)):
            rate = self.prices.get(name)
            if rate is None and count:
                return f"there is no price for {name}"
            if count is None and rate is not None and rate.base:
                return f"{name} were not reported"
        return None

    def _refusal(self, counts: Counts) -> str | None:
        """Why parts that are told apart do not add up to what holds them."""
        for pair, joint in _BOTH.items():
            told = [bool(counts[_PLACES[name]]) and self._is_priced[_PLACES[name]] for name in pair]
            if all(told) and counts[_PLACES[joint]] is None:
                return f"{joint} were not reported, and {' and '.join(sorted(pair))} have different prices"
            if all(told) and counts[_PLACES[joint]] and not self._is_priced[_PLACES[joint]]:
                return f"there is no price for {joint}"
        alone: dict[str, int] = {}
        for name in _SPECIFIC_FIRST:
            if not self._is_priced[_PLACES[name]]:
                continue
            count = counts[_PLACES[name]] or 0
            parts = {other: alone[other] for other in _INSIDE[name] if other in alone}
            alone[name] = count - sum(parts.values())
            if alone[name] < 0:
                within = " and ".join(other for other in parts if counts[_PLACES[other]])
                return f"{within} are more than {name}, which hold them"
        return None

    def _level(self, prompt_tokens: int) -> _Level:
        prices = {name: rate.above(prompt_tokens) / MILLION for name, rate in self.prices.items()}
        request = self.request.above(prompt_tokens) if self.request else Fraction(0)
        factors = {name: _factor(name, prices) for name in prices}
        denominator = lcm(request.denominator, *(factor.denominator for factor in factors.values()))
        terms = tuple((_PLACES[name], int(factor * denominator)) for name, factor in factors.items() if factor)
        return _Level(terms, int(request * denominator), denominator)


def _factor(name: str, prices: Mapping[str, Fraction]) -> Fraction:
    """What one more token of a unit adds, all other counts the same: its price, less those of the units that held it."""
    alone: dict[str, int] = {}
    for unit in _SPECIFIC_FIRST:
        if unit in prices:
            alone[unit] = (unit == name) - sum(alone[other] for other in _INSIDE[unit] if other in alone)
    return sum((price * alone[unit] for unit, price in prices.items()), Fraction(0))
