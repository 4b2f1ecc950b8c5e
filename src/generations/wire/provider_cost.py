"""What a provider says in the `usage` of its answer that the call cost, in US dollars.

Only what is documented counts, for a bare `cost` may be anything: gateways write roubles there.

- OpenRouter: `cost` is what its account was charged. With a key of one's own (`is_byok`) that is its fee, and
  `cost_details.upstream_inference_cost` is what the provider charged beside it.
- Perplexity: `cost.total_cost`, with `currency` or by kinds of tokens.
- xAI: `cost_in_usd_ticks`.
"""

from __future__ import annotations

from typing import Any, Final

from generations.wire.payload import Object, as_number, as_object

_TICKS: Final = 10_000_000_000
_MOST_USD: Final = 10**9
_FREE: Final = ":free"
"""How the ids of OpenRouter's models end that cost nothing."""


def provider_cost(usage: Object, model: Any = None) -> float | None:
    """The cost; None where it is not told, and for a 0, unless the model is known to be free.

    Args:
        usage: of an answer.
        model: the one that answered.
    """
    cost = _told(usage)
    if cost is None or not 0 <= cost < _MOST_USD:
        return None
    is_free = isinstance(model, str) and model.endswith(_FREE)
    return float(cost) if cost or is_free else None


def beside_the_cost(usage: Object, model: Any = None) -> Object:
    """The usage without the members that `provider_cost` tells whole; what it is the sum of stays."""
    if provider_cost(usage, model) is None:
        return usage
    if "cost_in_usd_ticks" in usage:
        return {name: value for name, value in usage.items() if name != "cost_in_usd_ticks"}
    parts = as_object(usage.get("cost"))
    if parts:
        return usage | {"cost": {name: value for name, value in parts.items() if name not in ("total_cost", "currency")}}
    return usage if usage.get("is_byok") is True else {name: value for name, value in usage.items() if name != "cost"}


def _told(usage: Object) -> float | None:
    if "cost_in_usd_ticks" in usage:
        ticks = as_number(usage["cost_in_usd_ticks"])
        return None if ticks is None else ticks / _TICKS
    parts = as_object(usage.get("cost"))
    if parts:
        return as_number(parts.get("total_cost")) if parts.get("currency") == "USD" or "input_tokens_cost" in parts else None
    return _charged_by_openrouter(usage)


def _charged_by_openrouter(usage: Object) -> float | None:
    if not isinstance(usage.get("cost_details"), dict) and not isinstance(usage.get("is_byok"), bool):
        return None
    charged = as_number(usage.get("cost"))
    of_provider = as_number(as_object(usage.get("cost_details")).get("upstream_inference_cost"))
    match usage.get("is_byok"):
        case True:
            return None if charged is None or not of_provider else charged + of_provider
        case False:
            return charged
        case _:  # answers of times when only those with an own key told it
            return charged if not of_provider or of_provider == charged else None
