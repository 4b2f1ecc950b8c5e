"""The cost of records as they are read: to see what other prices would make of them, and to put it into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from generations.pricing.prices import Cost, Model, Prices, Unknown
from generations.pricing.rates import NAMES
from generations.pricing.rows import context_of, sides
from generations.record import instants

Document = Mapping[str, Any]

PATHS: Final = ("id", "timestamp", "model", "input.type", "output.type", "parameters", "usage", "metadata")
"""What of a record tells its cost."""


def cost_of(record: Document, prices: Prices, project: str) -> Cost | Unknown:
    """What a record costs by these prices, whatever cost it carries."""
    usage, model = _object(record, "usage"), _object(record, "model")
    hears, speaks = sides(_object(record, "input").get("type"), _object(record, "output").get("type"))
    return prices.cost(
        Model(model["id"], model.get("version"), model.get("provider"), project),
        instants.micros(record["timestamp"]),
        [usage.get(name) for name in NAMES],
        context=context_of(_object(record, "parameters"), _object(record, "metadata")),
        audio_tokens=usage.get("audioTokens"),
        hears=hears,
        speaks=speaks,
    )


def billed(record: Document) -> tuple[float, str] | None:
    """The cost of a record as it stands, reported or computed, and its currency; None where it is not known."""
    usage = _object(record, "usage")
    return None if usage.get("cost") is None else (usage["cost"], usage.get("currency") or "")


def is_reported(record: Document) -> bool:
    """Whether the sender reported the cost."""
    usage = _object(record, "usage")
    return usage.get("cost") is not None and usage.get("costSource") != "computed"


def with_cost(record: Document, cost: Cost) -> dict[str, Any]:
    """The record with another computed cost; a reported one stays. The same record where the cost is the same.

    The same amount from another version of the same prices is the same cost.
    """
    usage = _object(record, "usage")
    computed = {
        "computedCost": cost.amount,
        "computedCurrency": cost.currency,
        "priceSource": cost.source,
        "priceVersion": cost.version,
    }
    is_ours = not is_reported(record) and (usage.get("costSource") == "computed" or usage.get("currency") in (None, cost.currency))
    if is_ours:
        computed = {"cost": cost.amount, "currency": cost.currency, "costSource": "computed"} | computed
    if all(usage.get(name) == value for name, value in computed.items() if name != "priceVersion"):
        return dict(record)
    return {**record, "usage": {**usage, **computed}}


def _object(record: Document, name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}
