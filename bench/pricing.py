"""What computing a record's cost adds to taking it in."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

from bench.place import part

if TYPE_CHECKING:
    from generations.record.encode import Rows


@part
def pricing_cost(count: int = 20_000, rounds: int = 7) -> dict[str, float]:
    """The best of some rounds over sample records, in microseconds of processor time a record, beside what encoding them takes.

    Most of the sample's models are listed; loading the price list, once a process, is told by itself.
    """
    from generations.pricing.prices import Prices
    from generations.pricing.rows import fill_costs
    from generations.record.encode import encode_records
    from generations.record.sample import sample_generations

    records = list(islice(sample_generations(count), count))
    prices = Prices()
    started = time.process_time()
    fill_costs(encode_records(records[:1000]), prices, "default")
    first_ms = (time.process_time() - started) * 1000
    encoding: list[float] = []
    pricing: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        rows: Rows = encode_records(records)
        encoded = time.process_time()
        fill_costs(rows, prices, "default")
        encoding.append(encoded - started)
        pricing.append(time.process_time() - encoded)
    priced = sum(cost is not None for cost in rows.columns["usage_computed_cost"])
    return {
        "us": min(pricing) / count * 1e6,
        "encoding_us": min(encoding) / count * 1e6,
        "priced_share": priced / count,
        "first_1000_ms": first_ms,
    }
