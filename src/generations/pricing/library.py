"""The prices of `genai-prices`: bundled with the package, dated, of some fifty providers. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Protocol

from generations.pricing.names import model_names, provider_names, split_provider
from generations.pricing.rates import Rate, Rates

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

    class _Snapshot(Protocol):
        providers: list[Provider]


NAME: Final = "genai-prices"

_UNITS: Final = {
    "input_mtok": "promptTokens",
    "output_mtok": "completionTokens",
    "cache_read_mtok": "cachedTokens",
    "cache_write_mtok": "cacheWriteTokens",
    "cache_write_1h_mtok": "cacheWriteHourTokens",
    "output_reasoning_mtok": "reasoningTokens",
    "input_audio_mtok": "inputAudioTokens",
    "output_audio_mtok": "outputAudioTokens",
    "cache_audio_read_mtok": "cachedAudioTokens",
    "input_image_mtok": "inputImageTokens",
    "output_image_mtok": "outputImageTokens",
    "cache_image_read_mtok": "cachedImageTokens",
}
_EXTRAS: Final = frozenset(
    {"web_searches_kcount", "storage_searches_kcount", "output_citation_mtok", "input_video_mtok", "output_video_mtok"}
)
"""Billed beside the tokens, or inside them at a price of their own, and in no field of the record: left out."""

_STANDARD: Final = frozenset({"", "auto", "default", "standard", "on_demand", "on-demand", "realtime"})
"""Values of a service tier, a speed or a way of processing that mean nothing special."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_US: Final = 60_000_000
_REMEMBERED: Final = 10_000
_LONGEST_NAME: Final = 300
"""Looking a name up goes through all patterns of its provider: what is longer than any name is not looked up."""


class Library:
    """The list of prices that is installed; made once, loaded when it is first asked.

    Looking a model up costs milliseconds, and its prices at a time microseconds; both are remembered.
    """

    def __init__(self) -> None:
        from genai_prices import __version__  # noqa: PLC0415 - loads pydantic and 1.6 MB of prices
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - the same

        self.name = NAME
        self.version = __version__
        self._snapshot: _Snapshot = get_snapshot()
        self._by_id = {provider.id: provider for provider in self._snapshot.providers}
        self._found: dict[tuple[str, str | None, str | None], Listed | str] = {}

    def find(self, model_id: str, version: str | None, provider: str | None) -> Listed | str:
        """The model in the list; why it is not there, where it is not.

        A provider that is named is believed: its models have its prices. Without one the model's name tells it, by its
        prefix or by being known.
        """
        asked = (model_id, version, provider)
        found = self._found.get(asked)
        if found is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            is_name = len(model_id) <= _LONGEST_NAME and len(version or "") <= _LONGEST_NAME
            found = self._found[asked] = self._looked_up(model_id, version, provider) if is_name else "its name is too long for one"
        return found

    def _looked_up(self, model_id: str, version: str | None, provider: str | None) -> Listed | str:
        named = provider_names(provider)
        if named:
            for name in named:
                if name in self._by_id:
                    return self._of(self._by_id[name], model_id, version) or f"{name} has no price for it"
            return f"the provider {provider!r} is not in the price list"
        split = split_provider(model_id)
        if split is not None and split[0] in self._by_id:
            return self._of(self._by_id[split[0]], split[1], version) or f"{split[0]} has no price for it"
        for candidate in self._snapshot.providers:
            if candidate.model_match is not None and candidate.model_match.is_match(model_id.lower()):
                return self._of(candidate, model_id, version) or f"{candidate.id} has no price for it"
        return "no provider was recorded, and the name does not tell one"

    def _of(self, provider: Provider, model_id: str, version: str | None) -> Listed | None:
        split = split_provider(model_id)
        names = model_names(model_id, version)
        if split is not None:
            names += [name for name in model_names(split[1], version) if name not in names]
        for name in names:
            model = provider.find_model(name, all_providers=self._snapshot.providers)
            if model is not None:
                return Listed(model, is_own=any(model is own for own in provider.models))
        return None


class Listed:
    """A model of the list.

    Args:
        model: what the list says of it.
        is_own: whether its provider lists it; otherwise its prices are those of whoever made it, and those for special
            ways of processing do not hold.
    """

    def __init__(self, model: ModelInfo, *, is_own: bool) -> None:
        self.id = model.id
        self._model = model
        self._variants = (model.price_variants or []) if is_own else []
        self._period_us = _MINUTE_US if _depends_on_time_of_day(model) else _MINUTE_US * 24 * 60
        self._at: dict[tuple[int, tuple[tuple[str, str], ...]], Rates | str] = {}
        self._converted: dict[int, tuple[ModelPrice, Rates]] = {}

    def at(self, instant_us: int, context: tuple[tuple[str, str], ...] = ()) -> Rates | str:
        """Its prices in force at a time, microseconds since 1970.

        Args:
            instant_us: when the call was made.
            context: how it was processed, such as `("processing", "batch")`; ordinary values need no price of their own.

        Returns:
            The prices, or why there are none for such a call.
        """
        key = (instant_us // self._period_us, context)
        found = self._at.get(key)
        if found is None:
            if len(self._at) >= _REMEMBERED:
                self._at.clear()
            found = self._at[key] = self._rates(_EPOCH + timedelta(microseconds=instant_us), dict(context))
        return found

    def _rates(self, instant: datetime, context: Mapping[str, str]) -> Rates | str:
        special = {key: value for key, value in context.items() if value not in _STANDARD}
        if not special:
            return self._convert(self._model.get_prices(instant))
        for key, value in special.items():
            if not any(
                variant.when.get(key) == value and (variant.constraint is None or variant.constraint.active(instant))
                for variant in self._variants
            ):
                return f"there is no price for {key} {value!r} at that time"
        return self._convert(self._model.get_prices(instant, special))

    def _convert(self, price: ModelPrice) -> Rates:
        kept = self._converted.get(id(price))
        if kept is None or kept[0] is not price:
            kept = self._converted[id(price)] = (price, _rates(price))
        return kept[1]


def _rates(price: ModelPrice) -> Rates:
    prices: dict[str, Rate] = {}
    request: Rate | None = None
    others: list[str] = []
    for key, value in vars(price).items():
        if value is None or key.startswith("_") or key in _EXTRAS:
            continue
        if key in _UNITS:
            prices[_UNITS[key]] = _rate(value, 1)
        elif key == "requests_kcount":
            request = _rate(value, 1000)
        else:
            others.append(key.removeprefix("input_").removeprefix("output_").replace("_", " "))
    return Rates(prices, request=request, others=list(dict.fromkeys(others)))


def _rate(value: object, per: int) -> Rate:
    """A price of the list, which is a decimal number or one with tiers."""
    if isinstance(value, Decimal):
        return Rate(Fraction(value) / per)
    base: Decimal = getattr(value, "base")  # noqa: B009 - the library's classes are loaded only with it
    tiers = [(tier.start, Fraction(tier.price) / per) for tier in getattr(value, "tiers")]  # noqa: B009 - the same
    return Rate(Fraction(base) / per, tuple(sorted(tiers)))


def _depends_on_time_of_day(model: ModelInfo) -> bool:
    constraints = [variant.constraint for variant in model.price_variants or ()]
    if isinstance(model.prices, list):
        constraints += [one.constraint for one in model.prices]
    return any(hasattr(constraint, "start_time") for constraint in constraints)
