"""The cost of encoded records, filled into their columns before they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from generations.pricing.prices import Context, Cost, Model, Prices
from generations.pricing.rates import NAMES
from generations.record.content import from_json
from generations.record.encode import Rows
from generations.record.fields import BY_PATH

_COUNTS: Final = tuple(BY_PATH[f"usage.{name}"].column for name in NAMES)
_OTHERS: Final = (
    "timestamp",
    "model_id",
    "model_version",
    "model_provider",
    "input_type",
    "output_type",
    "usage_audio_tokens",
    "usage_computed_cost",
    "usage_price_source",
    "parameters",
    "metadata",
)

CONTEXT_KEYS: Final = {
    "service_tier": "service_tier",
    "serviceTier": "service_tier",
    "processing": "processing",
    "speed": "speed",
}
"""Keys of `parameters` and `metadata` that tell how a call was processed, and what they tell."""

_WORDS: Final = frozenset({"auto", "default", "standard", "flex", "priority", "scale", "fast", "batch"})
"""What providers call it. Metadata is the recorder's own: any other word there, such as a customer's tier, tells nothing of prices."""

_ANSWERED: Final = (("openai", "response"), ("gen_ai", "openai", "response"), ("gen_ai", "response"))
"""Where, in the attributes of a span, the provider tells the tier that it really used."""


_HEARING: Final = ("audio", "multimodal")


def fill_costs(rows: Rows, prices: Prices, project: str) -> None:
    """Put the cost by our prices beside what was reported, in place; where nothing was reported it becomes the cost.

    Rows that carry a computed cost, such as those of an export, keep it. What is unknown stays absent.
    """
    columns = rows.columns
    told = zip(zip(*(columns[name] for name in _COUNTS), strict=True), *(columns[name] for name in _OTHERS), strict=True)
    for row, (counts, at, model_id, version, provider, asked, answered, audio, computed, source, parameters, metadata) in enumerate(told):
        if counts[0] is None and counts[1] is None and not prices.may_price_without_tokens:
            continue
        if computed is not None or source is not None:
            continue
        is_told = _may_tell(parameters) or _may_tell(metadata)
        context = context_of(_object(parameters), _object(metadata)) if is_told else ()
        model = Model(model_id, version, provider, project)
        hears, speaks = sides(asked, answered)
        found = prices.cost(model, at, counts, context=context, audio_tokens=audio, hears=hears, speaks=speaks)
        if isinstance(found, Cost):
            _put(columns, row, found)


def sides(input_type: str | None, output_type: str | None) -> tuple[bool, bool]:
    """Whether the input and the output of a call may hold audio; where neither says so, it is the input that may."""
    speaks = output_type == "audio"
    return input_type in _HEARING or not speaks, speaks


def context_of(parameters: Mapping[str, Any], metadata: Mapping[str, Any]) -> Context:
    """How a call was processed, as its parameters asked for it or, which goes before that, its metadata tells."""
    told: dict[str, str] = {}
    for holder in (parameters, metadata):
        for key, name in CONTEXT_KEYS.items():
            value = holder.get(key)
            if isinstance(value, str) and (holder is parameters or value in _WORDS):
                told[name] = value
    tier = _answered_tier(metadata)
    if tier is not None:
        told["service_tier"] = tier
    if told.get("service_tier") == "batch":  # Anthropic's word for it
        told["processing"] = told.pop("service_tier")
    return tuple(sorted(told.items()))


def _answered_tier(metadata: Mapping[str, Any]) -> str | None:
    otel = metadata.get("otel")
    attributes: Any = cast("Mapping[str, Any]", otel).get("attributes") if isinstance(otel, Mapping) else None
    for path in _ANSWERED:
        found = attributes
        for step in (*path, "service_tier"):
            found = cast("Mapping[str, Any]", found).get(step) if isinstance(found, Mapping) else None
        if isinstance(found, str):
            return found
    return None


def _may_tell(text: str) -> bool:
    """Whether a JSON text may tell how a call was processed; looking for words is a tenth of a microsecond, parsing many."""
    return '_tier"' in text or 'Tier"' in text or '"processing"' in text or '"speed"' in text


def _object(text: str) -> Mapping[str, Any]:
    found = from_json(text) if text else None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _put(columns: dict[str, list[Any]], row: int, found: Cost) -> None:
    columns["usage_computed_cost"][row] = found.amount
    columns["usage_computed_currency"][row] = found.currency
    columns["usage_price_source"][row] = found.source
    columns["usage_price_version"][row] = found.version
    taken = {"usage", "usage."}
    if columns["usage_cost"][row] is None and columns["usage_currency"][row] in (None, found.currency):
        columns["usage_cost"][row] = found.amount
        columns["usage_currency"][row] = found.currency
        columns["usage_cost_source"][row] = "computed"
    if columns["given"][row]:
        # A null that was sent gives way to what is known now.
        names = ("cost", "currency", "costSource") if columns["usage_cost_source"][row] == "computed" else ()
        taken |= {f"usage.{name}" for name in (*names, "computedCost", "computedCurrency", "priceSource", "priceVersion")}
        columns["given"][row] = [path for path in columns["given"][row] if path not in taken]
