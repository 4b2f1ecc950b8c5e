"""Which prices hold for a call: one's own where there are some, else those of the library."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

from generations.pricing.rates import Counts, Rates

if TYPE_CHECKING:
    from generations.pricing.library import Library, Listed
    from generations.pricing.own import OwnPrice, OwnPrices

Context = tuple[tuple[str, str], ...]
"""How a call was processed, where that has a price: `(("processing", "batch"),)`; empty for the usual way."""

_REMEMBERED: Final = 10_000


class Model(NamedTuple):
    """What a record says of its model, and whose record it is."""

    id: str
    version: str | None
    provider: str | None
    project: str


@dataclass(frozen=True, slots=True)
class Price:
    """The prices for a call.

    Attributes:
        rates: by the million.
        source: whose they are: the name of the price file, or of the library.
        version: which ones: the file's version, or that of the library's release.
    """

    rates: Rates
    source: str
    version: str


class Cost(NamedTuple):
    """What a call costs.

    Attributes:
        amount: in `currency`, correctly rounded.
        source: whose prices, as in `Price`.
        version: which ones.
    """

    amount: float
    currency: str
    source: str
    version: str


class Unknown(NamedTuple):
    """Why the cost of a call is not known, in words; unknown is not 0."""

    reason: str


class Prices:
    """Prices for the calls of any project. What was found for a model is remembered; safe to use from many threads.

    Args:
        own: prices that win over the library's.
        use_library: whether `genai-prices` is asked for what they do not cover; it is loaded when it is first needed.
    """

    def __init__(self, own: OwnPrices | None = None, *, use_library: bool = True) -> None:
        self._own = own
        self._use_library = use_library
        self._library: Library | None = None
        self._found: dict[Model, _Found] = {}
        self.may_price_without_tokens = own is not None and any(
            entry.rates is not None and entry.rates.request is not None and not entry.rates.prices for entry in own.entries
        )

    def price(self, model: Model, instant_us: int, context: Context = ()) -> Price | Unknown:
        """The prices in force for a model at a time, microseconds since 1970; why there are none, where there are none."""
        found = self._found.get(model) or self._find(model)
        if found.entries:
            told = frozenset(context)
            for entry in found.entries:
                if entry.holds(instant_us, told):
                    return self._own_price(entry, model, instant_us, context)
        return self._library_price(model, instant_us, context)

    def cost(
        self,
        model: Model,
        instant_us: int,
        counts: Counts,
        *,
        context: Context = (),
        audio_tokens: int | None = None,
        hears: bool = True,
        speaks: bool = False,
    ) -> Cost | Unknown:
        """What a call costs at the prices in force at its time; see `Rates.cost`."""
        price = self.price(model, instant_us, context)
        if isinstance(price, Unknown):
            return price
        amount = price.rates.cost(counts, audio_tokens, hears=hears, speaks=speaks)
        if isinstance(amount, str):
            return Unknown(amount)
        return Cost(amount, price.rates.currency, price.source, price.version)

    def _find(self, model: Model) -> _Found:
        own = self._own.entries if self._own else ()
        entries = tuple(entry for entry in own if entry.is_for(model.id, model.version, model.provider, model.project))
        if len(self._found) >= _REMEMBERED:
            self._found.clear()
        found = self._found[model] = _Found(entries)
        return found

    def _own_price(self, entry: OwnPrice, model: Model, instant_us: int, context: Context) -> Price | Unknown:
        assert self._own is not None  # noqa: S101 - an entry comes from it
        if entry.rates is not None:
            return Price(entry.rates, self._own.name, self._own.version)
        listed = self._library_price(model, instant_us, context)
        if isinstance(listed, Unknown):
            return listed
        source, version = f"{self._own.name}, {listed.source}", f"{self._own.version}, {listed.version}"
        return Price(listed.rates.reduced(entry.discount), source, version)

    def _library_price(self, model: Model, instant_us: int, context: Context) -> Price | Unknown:
        if not self._use_library:
            return Unknown("no price of your own holds for it, and those of genai-prices are not used")
        found = self._found.get(model) or self._find(model)
        if found.listed is None:
            found.listed = self._listed(model)
        if isinstance(found.listed, str):
            return Unknown(found.listed)
        rates = found.listed.at(instant_us, context)
        if isinstance(rates, str):
            return Unknown(rates)
        price = found.prices.get(id(rates))
        if price is None or price.rates is not rates:
            assert self._library is not None  # noqa: S101 - what is listed comes from it
            price = found.prices[id(rates)] = Price(rates, self._library.name, self._library.version)
        return price

    def _listed(self, model: Model) -> Listed | str:
        if self._library is None:
            from generations.pricing.library import Library  # noqa: PLC0415 - loads the price list

            self._library = Library()
        return self._library.find(model.id, model.version, model.provider)


def is_library_installed() -> bool:
    """Whether the extra `prices` is there."""
    return find_spec("genai_prices") is not None


class _Found:
    """What is known of one model: the entries that are for it, and its place in the library once that was looked up."""

    __slots__ = ("entries", "listed", "prices")

    def __init__(self, entries: tuple[OwnPrice, ...]) -> None:
        self.entries = entries
        self.listed: Listed | str | None = None
        self.prices: dict[int, Price] = {}
