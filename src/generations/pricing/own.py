"""Prices of one's own: contracts, discounts, models that nobody else lists. Read strictly from a TOML or JSON text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fnmatch import translate
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final, cast

from generations.errors import ConfigError
from generations.pricing.names import provider_names, split_provider
from generations.pricing.rates import Rate, Rates
from generations.record.instants import micros
from generations.record.nearest import did_you_mean

KEYS: Final = {
    "input": "promptTokens",
    "output": "completionTokens",
    "cached": "cachedTokens",
    "cacheWrite": "cacheWriteTokens",
    "cacheWriteHour": "cacheWriteHourTokens",
    "reasoning": "reasoningTokens",
    "inputAudio": "inputAudioTokens",
    "outputAudio": "outputAudioTokens",
    "cachedAudio": "cachedAudioTokens",
    "inputImage": "inputImageTokens",
    "outputImage": "outputImageTokens",
    "cachedImage": "cachedImageTokens",
}
"""Prices of a million tokens, by the tokens that they are for."""

_NEEDS: Final = {
    "cached": ("input",),
    "cacheWrite": ("input",),
    "cacheWriteHour": ("cacheWrite",),
    "reasoning": ("output",),
    "inputAudio": ("input",),
    "outputAudio": ("output",),
    "cachedAudio": ("cached", "inputAudio"),
    "inputImage": ("input",),
    "outputImage": ("output",),
    "cachedImage": ("cached", "inputImage"),
}
"""Tokens that are counted inside others have a price only where those have one."""

_SCOPE: Final = ("model", "provider", "project", "from", "until", "serviceTier", "processing")
_ENTRY: Final = (*_SCOPE, "currency", "discount", "request", *KEYS, "tiers")
_TIER: Final = ("above", "request", *KEYS)
_FILE: Final = ("name", "version", "currency", "prices")
_CONTEXT: Final = {"serviceTier": "service_tier", "processing": "processing"}


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One entry of the file: for which calls it holds, and its prices.

    Attributes:
        model: pattern for the id or the version of the model; None is any.
        provider: pattern for the provider; None is any.
        project: the project; None is any.
        from_us: it holds from this time on, microseconds since 1970; None is ever.
        until_us: it holds no more at this time.
        context: how the call must have been processed; empty is any way.
        rates: its prices, the discount taken off; None where it is a discount on the prices of the library.
        discount: in percent.
    """

    model: re.Pattern[str] | None
    provider: re.Pattern[str] | None
    project: str | None
    from_us: int | None
    until_us: int | None
    context: frozenset[tuple[str, str]]
    rates: Rates | None
    discount: Fraction

    def is_for(self, model_id: str, version: str | None, provider: str | None, project: str) -> bool:
        """Whether it holds for this model in this project, at whatever time."""
        if self.project not in (None, project):
            return False
        if self.model is not None and not any(self.model.match(name.lower()) for name in (model_id, version) if name):
            return False
        return self.provider is None or any(self.provider.match(name) for name in _providers(model_id, provider))

    def holds(self, instant_us: int, context: frozenset[tuple[str, str]]) -> bool:
        """Whether it holds at a time and for a way of processing."""
        if self.from_us is not None and instant_us < self.from_us:
            return False
        return (self.until_us is None or instant_us < self.until_us) and self.context <= context


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """The prices of one file. Of the entries that hold for a call the first one counts.

    Attributes:
        name: what the file calls itself, else its own name; it becomes `usage.priceSource`.
        version: what the file says, else the beginning of its SHA-256; it becomes `usage.priceVersion`.
    """

    name: str
    version: str
    entries: tuple[OwnPrice, ...]


def read_prices(text: str, file_name: str) -> OwnPrices:
    """The prices that a text holds; JSON where the name says so, else TOML.

    Raises:
        ConfigError: it is not one or the other, or says something that is not understood; the message names the place.
    """
    reader = _Reader(text, file_name)
    found = reader.parsed()
    reader.known(found, _FILE, ())
    currency = reader.currency(found.get("currency", "USD"), ("currency",))
    entries = found.get("prices")
    if not isinstance(entries, list) or not entries:
        raise reader.error("there are no prices", ("prices",), "begin each with [[prices]]")
    version = reader.text(found["version"], ("version",)) if "version" in found else sha256(text.encode()).hexdigest()[:12]
    name = reader.text(found["name"], ("name",)) if "name" in found else file_name
    read = [reader.entry(entry, index, currency) for index, entry in enumerate(cast("list[Any]", entries))]
    return OwnPrices(name, version, tuple(read))


Place = tuple[str | int, ...]


class _Reader:
    """Reads one file, and knows where in it everything stands."""

    def __init__(self, text: str, file_name: str) -> None:
        self._text = text
        self._file_name = file_name
        self._is_json = file_name.lower().endswith(".json")

    def parsed(self) -> dict[str, Any]:
        try:
            found = json.loads(self._text, parse_float=Decimal) if self._is_json else tomllib.loads(self._text, parse_float=Decimal)
        except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
            kind = "JSON" if self._is_json else "TOML"
            raise ConfigError(
                f"{self._file_name} is not {kind}: {error}", hint="a name that ends in .json is JSON, any other TOML"
            ) from None
        except RecursionError:
            raise ConfigError(f"{self._file_name} is nested too deeply") from None
        if not isinstance(found, dict):
            raise ConfigError(f"{self._file_name} does not hold an object", hint='such as {"prices": […]}')
        return cast("dict[str, Any]", found)

    def entry(self, found: Any, index: int, currency: str) -> OwnPrice:
        place: Place = ("prices", index)
        entry = self.known(found, _ENTRY, place)
        currency = self.currency(entry["currency"], (*place, "currency")) if "currency" in entry else currency
        discount = self.percent(entry["discount"], (*place, "discount")) if "discount" in entry else Fraction(0)
        start, end = (self.instant(entry[key], (*place, key)) if key in entry else None for key in ("from", "until"))
        if start is not None and end is not None and end <= start:
            raise self.error("it ends before it begins", (*place, "until"), "`until` is the first moment at which it holds no more")
        texts = {key: self.text(entry[key], (*place, key)) for key in _SCOPE if key in entry and key not in ("from", "until")}
        return OwnPrice(
            model=_pattern(texts.get("model")),
            provider=_pattern(texts.get("provider")),
            project=texts.get("project"),
            from_us=start,
            until_us=end,
            context=frozenset((name, texts[key]) for key, name in _CONTEXT.items() if key in texts),
            rates=self.rates(entry, place, currency, discount),
            discount=discount,
        )

    def rates(self, entry: Mapping[str, Any], place: Place, currency: str, discount: Fraction) -> Rates | None:
        """The prices of an entry; None where it only has a discount."""
        prices = {key: self.price(entry[key], (*place, key)) for key in ("request", *KEYS) if key in entry}
        if not prices:
            if not discount:
                raise self.error("the entry has neither a price nor a discount", place, f"give one of {', '.join(KEYS)}, request, discount")
            for key in ("tiers", "currency"):
                if key in entry:
                    raise self.error(
                        "a discount on the library's prices has none of its own", (*place, key), "leave it out, or give prices"
                    )
            return None
        for key in prices:
            for needed in _NEEDS.get(key, ()):
                if needed not in prices:
                    hint = f"such tokens are counted inside those of `{needed}`"
                    raise self.error(f"`{key}` needs a price for `{needed}`", (*place, key), hint)
        tiers = self.tiers(entry.get("tiers", []), place, prices)
        rates = {
            key: Rate(price, tuple((above, tier[key]) for above, tier in tiers if key in tier)).reduced(discount)
            for key, price in prices.items()
        }
        request = rates.pop("request", None)
        return Rates({KEYS[key]: rate for key, rate in rates.items()}, currency, request)

    def tiers(self, found: Any, place: Place, prices: Mapping[str, Fraction]) -> list[tuple[int, dict[str, Fraction]]]:
        """The tiers of an entry, by their beginning."""
        if not isinstance(found, list):
            raise self.error("tiers are a list", (*place, "tiers"), "begin each with [[prices.tiers]]")
        tiers: dict[int, dict[str, Fraction]] = {}
        for index, one in enumerate(cast("list[Any]", found)):
            here: Place = (*place, "tiers", index)
            tier = self.known(one, _TIER, here)
            above = tier.get("above")
            if not isinstance(above, int) or isinstance(above, bool) or above <= 0:
                raise self.error("a tier says above how many prompt tokens it begins", (*here, "above"), "such as above = 200000")
            if above in tiers:
                raise self.error(f"two tiers begin above {above}", (*here, "above"), "put their prices into one")
            tiers[above] = {key: self.price(value, (*here, key)) for key, value in tier.items() if key != "above"}
            for key in tiers[above]:
                if key not in prices:
                    raise self.error(f"the tier has a price for `{key}`, and the entry has none", (*here, key), "give both")
        return sorted(tiers.items())

    def known(self, found: Any, keys: tuple[str, ...], place: Place) -> dict[str, Any]:
        """The object that stands at a place, none of its keys unknown."""
        if not isinstance(found, dict):
            raise self.error("this is not a table of keys", place, f"its keys are {', '.join(keys)}")
        for key in cast("dict[str, Any]", found):
            if key not in keys:
                hint = did_you_mean(key, keys) or f"one of {', '.join(keys)}"
                raise self.error(f"unknown key {key!r}", (*place, key), hint)
        return cast("dict[str, Any]", found)

    def price(self, value: Any, place: Place) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite() or value < 0:
            raise self.error("a price is a number that is not negative", place, "write it without quotes, such as 2.5")
        return Fraction(value)

    def percent(self, value: Any, place: Place) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not 0 <= value <= 100:
            raise self.error("a discount is a number of percent, 0 to 100", place, "such as 15")
        return Fraction(value)

    def currency(self, value: Any, place: Place) -> str:
        if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
            raise self.error("a currency is the three capital letters of ISO 4217", place, "such as USD or EUR")
        return value

    def text(self, value: Any, place: Place) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.error("a text is wanted here", place, "put it between quotes")
        return value

    def instant(self, value: Any, place: Place) -> int:
        """Microseconds since 1970 of a day, which begins at midnight UTC, or of an instant."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(), UTC)
        if not isinstance(value, datetime):
            raise self.error("a day or an instant is wanted here", place, "such as 2026-01-31 or 2026-01-31T12:00:00Z")
        return micros(value)

    def error(self, message: str, place: Place, hint: str) -> ConfigError:
        lines = {} if self._is_json else _lines(self._text)
        line = next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), None)
        where = f"{self._file_name}, line {line}" if line else self._file_name
        return ConfigError(f"{where}: {message}", hint=hint, path=".".join(map(str, place)) or None)


def _lines(text: str) -> dict[Place, int]:
    """The lines of a TOML text in which its entries, tiers and keys stand."""
    lines: dict[Place, int] = {}
    within: Place = ()
    entry = tier = -1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[\s*(prices)\s*(\.\s*tiers)?\s*\]\]", line)
        if header:
            entry, tier = (entry, tier + 1) if header[2] else (entry + 1, -1)
            within = ("prices", entry, "tiers", tier) if header[2] else ("prices", entry)
            lines[within] = number
        elif key := re.match(r"\s*['\"]?([\w-]+)['\"]?\s*=", line):
            lines.setdefault((*within, key[1]), number)
    return lines


def _pattern(text: str | None) -> re.Pattern[str] | None:
    """A pattern with `*` and `?`, whatever the case."""
    return None if text is None else re.compile(translate(text.strip().lower()))


def _providers(model_id: str, provider: str | None) -> Iterator[str]:
    """The names under which an entry may mean the provider of a call."""
    if provider:
        yield provider.lower()
        yield from provider_names(provider)
    elif (split := split_provider(model_id)) is not None:
        yield split[0]
