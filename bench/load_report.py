"""What `make load` measured, as a section of the benchmarks page."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bench.report import replace_part

INGEST_RATIO, SINGLE_RATIO, READ_MS, IDLE_SHARE = 0.5, 20.0, 5.0, 0.01


def write(section: str) -> None:
    """Put the section into the page, in place of the one before."""
    replace_part("load", section)


def section(results: dict[str, Any]) -> str:
    """The section of the page."""
    return "\n".join([_head(results), _targets(results), _writes(results), _reads(results)])


def _head(results: dict[str, Any]) -> str:
    open_requests, batches = _listed(results["in_flight"]), _listed(_values(results["writes"]["http"], "batch"))
    before, after = results["load_before"], results["load_after"]
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"""## The server

Written by `make load SIZE={results["size"]}` on {day}. The machine's load was {before:.1f} before and {after:.1f} after;
the server and its clients share its cores. The clients are one process that sends bodies made beforehand; each keeps
{open_requests} requests open at the same time, with batches of {batches}. A record counts when its request is
answered: it is on disk then.
"""


def _listed(values: Iterable[int]) -> str:
    *most, last = (f"{value:,}" for value in values)
    return f"{', '.join(most)} and {last}"


def targets(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Each target: what, the bound, the measured value, whether it is met."""
    writes, idle = results["writes"], results["idle"]
    in_process, single = rate_of(writes["in_process"]), rate_of(writes["single"])
    large = max(_rate(one) for one in writes["http"] if one["batch"] == 1000) / in_process
    small = next(_rate(one) for one in writes["http"] if (one["clients"], one["batch"]) == (16, 1)) / single
    worst = max(results["reads"], key=lambda one: one["http_ms"] - one["in_process_ms"])
    beyond_ms = worst["http_ms"] - worst["in_process_ms"]
    return [
        ("batches of 1,000 over HTTP, of `insert_many` in-process", f"≥ {INGEST_RATIO}", f"{large:.2f}", large >= INGEST_RATIO),
        ("batches of one from 16 clients, times `insert_one`", f"≥ {SINGLE_RATIO:.0f}", f"{small:.1f}", small >= SINGLE_RATIO),
        (
            "a read over HTTP, beyond the same in-process",
            f"≤ {READ_MS:.0f} ms",
            f"{beyond_ms:.1f} ms ({worst['name']})",
            beyond_ms <= READ_MS,
        ),
        ("at rest, of one core", f"< {IDLE_SHARE:.0%}", f"{idle['share']:.1%}", idle["share"] < IDLE_SHARE),
    ]


def rate_of(runs: list[dict[str, Any]]) -> float:
    """Records by second, the mean of runs."""
    return statistics.mean(one["rows"] / one["seconds"] for one in runs)


def _rate(one: dict[str, Any]) -> float:
    return one["records"] / one["seconds"]


def _targets(results: dict[str, Any]) -> str:
    lines = ["| what | target | measured | |", "| --- | --- | --- | --- |"]
    lines += [f"| {what} | {bound} | {value} | {'met' if met else '**not met**'} |" for what, bound, value, met in targets(results)]
    return "\n".join(lines) + "\n"


def _writes(results: dict[str, Any]) -> str:
    writes = results["writes"]
    out = [
        "Records by second that were acknowledged, and milliseconds of a request (p50 / p95 / p99).\n",
        "| clients | " + " | ".join(f"batches of {batch:,}" for batch in _values(writes["http"], "batch")) + " |",
        "| --- |" + " --- |" * len(_values(writes["http"], "batch")),
    ]
    for clients in _values(writes["http"], "clients"):
        cells = [f"{_rate(one):,.0f} ({_three(one['ms'])})" for one in writes["http"] if one["clients"] == clients]
        out.append(f"| {clients} | " + " | ".join(cells) + " |")
    out.append(
        f"\nOne client that sends one record after the other waits {_three(writes['alone'])} ms for each. In-process and one after the"
        f"\nother: `insert_many` of 1,000 {rate_of(writes['in_process']):,.0f}, `insert_one` {rate_of(writes['single']):,.0f}."
        f" The server then held {writes['memory_mib']:,.0f} MiB.\n"
    )
    return "\n".join(out)


def _reads(results: dict[str, Any]) -> str:
    idle = results["idle"]
    out = [
        f"Milliseconds of a read at {results['size']:,} records: medians at rest, and p50 / p95 / p99 while four clients wrote"
        f"\n{idle['written_meanwhile']:,.0f} records by second in batches of 100.\n",
        "| read | in-process | over HTTP | while writing |",
        "| --- | --- | --- | --- |",
    ]
    out += [
        f"| {one['name']} | {one['in_process_ms']:.1f} | {one['http_ms']:.1f} | {_three(one['writing_ms'])} |" for one in results["reads"]
    ]
    rest = f"{idle['share']:.1%} of one core, the median of some windows of 4 s, and held {idle['memory_mib']:,.0f} MiB"
    out.append(f"\nAt rest after that the server took {rest}.\n")
    return "\n".join(out)


def _values(runs: list[dict[str, Any]], name: str) -> list[int]:
    return list(dict.fromkeys(one[name] for one in runs))


def _three(ms: dict[str, float]) -> str:
    return f"{ms['p50']:.0f} / {ms['p95']:.0f} / {ms['p99']:.0f}"
