"""Computing costs anew: what would change is told first, then it is written.

A repricing may be stopped and repeated at any time: what has its new cost already is not written again.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from generations import query
from generations.errors import MissingExtra
from generations.pricing.documents import PATHS, billed, cost_of, is_reported, with_cost
from generations.pricing.prices import Prices, Unknown
from generations.store.assemble import documents
from generations.store.revise import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generations.store.collection import Collection
    from generations.store.store import Store

_TOLD_EVERY: Final = 10_000
_NO_PRICES: Final = "there are no prices to compute costs from"


@dataclass(slots=True)
class ModelDifference:
    """What repricing makes of the records of one model in one currency.

    Attributes:
        model: the model's id.
        provider: who served it; None where that was not recorded.
        currency: ISO 4217 code; empty where no cost is known, before or after.
        records: how many there are.
        reported: those with a reported cost, which stays; only the cost beside it is computed anew.
        unknown: those whose cost cannot be computed; they stay as they are.
        changed: those whose computed cost becomes another one.
        before: sum of `usage.cost` so far, reported or computed.
        after: sum of `usage.cost` then.
    """

    model: str
    provider: str | None
    currency: str
    records: int = 0
    reported: int = 0
    unknown: int = 0
    changed: int = 0
    before: float = 0.0
    after: float = 0.0


@dataclass(slots=True)
class Repricing:
    """What repricing would do, before it does it.

    Attributes:
        models: the differences, those of the largest sums first.
        records: how many records were looked at.
        ids: the records whose cost changes.
    """

    models: list[ModelDifference] = field(default_factory=list[ModelDifference])
    records: int = 0
    ids: list[str] = field(default_factory=list[str])

    def write(self, store: Store, on_progress: Callable[[int], None] | None = None) -> int:
        """Give the records their new cost, as new versions; returns how many were changed.

        A record that was changed or removed meanwhile is priced as it is now.
        """
        prices = prices_of(store)

        def revise(record: dict[str, Any]) -> dict[str, Any]:
            cost = cost_of(record, prices, store.project)
            return record if isinstance(cost, Unknown) else with_cost(record, cost)

        modified = 0
        for start in range(0, len(self.ids), _TOLD_EVERY):
            revision = Revision(store, revise, change="reprice")
            modified += revision.every({}, self.ids[start : start + _TOLD_EVERY]).modified_count
            if on_progress is not None:
                on_progress(min(start + _TOLD_EVERY, len(self.ids)))
        return modified


def plan_repricing(store: Store, filter: Mapping[str, Any], on_progress: Callable[[int], None] | None = None) -> Repricing:
    """What the store's prices would make of the records that match; nothing is written.

    Args:
        store: where they are, opened with the prices.
        filter: which records.
        on_progress: called with the number of records looked at, every now and then.

    Raises:
        MissingExtra: the store was opened without prices.
    """
    prices = prices_of(store)
    compiled = query.compile_find(filter, store.source, projection=list(PATHS))
    limits = replace(store.limits, result_rows=None, seconds=None)
    found: dict[tuple[str, str | None, str], ModelDifference] = {}
    repricing = Repricing()
    with closing(cast("Any", store.batches(compiled, limits))) as batches:
        for record in documents(batches, compiled):
            _count(record, prices, store.project, found, repricing)
            if on_progress is not None and repricing.records % _TOLD_EVERY == 0:
                on_progress(repricing.records)
    repricing.models = sorted(found.values(), key=lambda one: (-max(one.before, one.after), -one.records, one.model))
    return repricing


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A model some of whose records have no cost.

    Attributes:
        model: the model's id.
        provider: who served it; None where that was not recorded.
        records: those without a cost, reported or computed.
        tokens: what they used, as far as it is known.
        reason: why the newest of them has none.
    """

    model: str
    provider: str | None
    records: int
    tokens: int
    reason: str


def unpriced_models(collection: Collection, prices: Prices | None, filter: Mapping[str, Any]) -> list[Unpriced]:
    """The models of records without a cost, those with the most tokens first.

    Args:
        collection: where the records are.
        prices: what they could be priced by; None where there are no prices.
        filter: which records.
    """
    without = {"$and": [filter, {"usage.cost": None, "usage.computedCost": None}]}
    rows = collection.aggregate(
        [
            {"$match": without},
            {
                "$group": {
                    "_id": {"model": "$model.id", "provider": "$model.provider"},
                    "records": {"$sum": 1},
                    "tokens": {"$sum": "$usage.totalTokens"},
                }
            },
            {"$sort": {"tokens": -1, "records": -1, "_id": 1}},
        ]
    )
    found: list[Unpriced] = []
    for row in rows.to_list():
        model, provider = row["_id"]["model"], row["_id"].get("provider")
        reason = _NO_PRICES
        if prices is not None:
            of_model = {"$and": [without, {"model.id": model, "model.provider": provider}]}
            newest = collection.find_one(of_model, list(PATHS), sort=[("timestamp", -1)])
            cost = cost_of(newest, prices, collection.project) if newest else Unknown("")
            reason = cost.reason if isinstance(cost, Unknown) else "there is a price now: generations reprice"
        found.append(Unpriced(model, provider, row["records"], row["tokens"], reason))
    return found


def prices_of(store: Store) -> Prices:
    """The prices that a store was opened with.

    Raises:
        MissingExtra: there are none.
    """
    if store.prices is None:
        raise MissingExtra(
            "there are no prices to compute costs from", hint="pip install 'generations[prices]', or name a file with --prices"
        )
    return store.prices


def _count(
    record: dict[str, Any], prices: Prices, project: str, found: dict[tuple[str, str | None, str], ModelDifference], repricing: Repricing
) -> None:
    """Count one record in."""
    model: dict[str, Any] = record["model"]
    cost = cost_of(record, prices, project)
    after = record if isinstance(cost, Unknown) else with_cost(record, cost)
    old, new = billed(record), billed(after)

    def row(currency: str) -> ModelDifference:
        key = (model["id"], model.get("provider"), currency)
        return found.setdefault(key, ModelDifference(*key))

    here = row(new[1] if new else "")
    here.records += 1
    here.reported += is_reported(record)
    here.unknown += isinstance(cost, Unknown)
    if new:
        here.after += new[0]
    if old:
        row(old[1]).before += old[0]
    repricing.records += 1
    if after != record:
        here.changed += 1
        repricing.ids.append(record["id"])
