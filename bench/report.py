"""The numbers as a page of the docs, and as a table on the terminal."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from bench.place import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
NOTES = ROOT / "bench" / "notes.md"
QUERY_RATIO, IMPORT_RATIO, INSERT_RATIO, EXPORT_RATIO = 1.3, 0.5, 0.4, 0.5
COMPILE_MS, SESSIONS_RATIO, IMPORT_MS = 1.0, 20.0, 60.0
FLAT = 3.0
"""How much slower a query may be at the largest size than at the smallest to be called flat."""


def replace_part(name: str, text: str) -> None:
    """Put the text of one program into the page, in place of what it wrote before; what others wrote stays."""
    begin, end = f"<!-- make {name} -->", f"<!-- end of make {name} -->"
    written = f"{begin}\n{text.strip()}\n{end}\n"
    before = PAGE.read_text() if PAGE.exists() else ""
    head, found, rest = before.partition(begin)
    PAGE.write_text(head + written + rest.partition(f"{end}\n")[2] if found else f"{before.rstrip()}\n\n{written}".lstrip())


def page(results: dict[str, Any]) -> str:
    """What `make bench` has to say."""
    parts = [_head(results), _targets(results), _queries(results), _writes(results), _growth(results), _rest(results), _notes(results)]
    return "\n".join(part for part in parts if part)


def _head(results: dict[str, Any]) -> str:
    sizes = " ".join(str(size) for size in results["sizes"])
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("generations", "chdb-core", "pyarrow", "msgspec"))
    return f"""# Benchmarks

Written by `make bench SIZES="{sizes}"` on {datetime.now(UTC):%Y-%m-%d}, in {results["seconds"] / 60:.0f} minutes, on
{os.cpu_count()} cores and {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}, {versions}.

Each number is a ratio between two ways to the same answer, measured by turns in one run over the same data: the package through its
public Python API, and the engine alone with SQL written by hand over the same table, which also has to leave out replaced versions,
its rows read into dicts. Both answers are compared before anything is measured. Ratios carry over to other machines; milliseconds do not.
"""


def targets(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Each target: what, the bound, the measured value, whether it is met. The largest size counts."""
    last = results["by_size"][-1]
    worst = max(last["queries"], key=lambda case: case["ratio"])
    slowest = max(last["queries"], key=lambda case: case["compile_ms"])
    ratios = rates(last)
    sessions = results["sessions"]["raw"] / results["sessions"]["stored"]
    rows = [
        (
            "twelve queries, times hand-written SQL",
            f"≤ {QUERY_RATIO}",
            worst["ratio"],
            worst["ratio"] <= QUERY_RATIO,
            f" ({worst['name']})",
        ),
        ("compile step", f"< {COMPILE_MS} ms", slowest["compile_ms"], slowest["compile_ms"] < COMPILE_MS, f" ms ({slowest['name']})"),
        ("`import` of JSONL, of the engine's own insert", f"≥ {IMPORT_RATIO}", ratios["import"], ratios["import"] >= IMPORT_RATIO, ""),
        ("`insert_many` of 1,000, of the engine's own insert", f"≥ {INSERT_RATIO}", ratios["insert"], ratios["insert"] >= INSERT_RATIO, ""),
        ("`export` to JSONL, of the engine's own SELECT", f"≥ {EXPORT_RATIO}", ratios["export"], ratios["export"] >= EXPORT_RATIO, ""),
        ("agent sessions, times smaller than their JSON", f"≥ {SESSIONS_RATIO:.0f}", sessions, sessions >= SESSIONS_RATIO, ""),
        ("`import generations`", f"< {IMPORT_MS:.0f} ms, no engine", results["importing"]["ms"], _light(results["importing"]), " ms"),
    ]
    if len(results["by_size"]) > 1:
        for name in ("newest 50", "get by id"):
            factor = growth(results, name)
            rows.append((f"{name}, {_span(results)}", f"flat (≤ {FLAT:.0f} times)", factor, factor <= FLAT, " times"))
        steepest = max((case["name"] for case in last["queries"]), key=lambda name: growth(results, name))
        factor, data = growth(results, steepest), results["sizes"][-1] / results["sizes"][0]
        rows.append((f"every query, {_span(results)}", f"linear (≤ {data:.0f} times)", factor, factor <= data, f" times ({steepest})"))
    return [(what, bound, f"{value:.2f}{unit}", met) for what, bound, value, met, unit in rows]


def rates(one: dict[str, Any]) -> dict[str, float]:
    """How the package's rates of writing and reading everything compare with the engine's; 1 is equal, more is faster."""
    by_engine = one["import_by_engine"]["rows"] / one["import_by_engine"]["seconds"]
    return {
        "import": one["size"] / one["import"]["seconds"] / by_engine,
        "insert": one["insert"]["rows"] / one["insert"]["seconds"] / by_engine,
        "export": one["export_by_engine"]["seconds"] / one["export"]["seconds"],
    }


def growth(results: dict[str, Any], name: str) -> float:
    """How much slower a query is at the largest size than at the smallest."""
    first, last = (next(case for case in results["by_size"][index]["queries"] if case["name"] == name) for index in (0, -1))
    return last["ours_ms"] / first["ours_ms"]


def _light(importing: dict[str, Any]) -> bool:
    return importing["ms"] < IMPORT_MS and not importing["engine_loaded"]


def _span(results: dict[str, Any]) -> str:
    return f"{results['sizes'][0]:,} → {results['sizes'][-1]:,}"


def _targets(results: dict[str, Any]) -> str:
    lines = [f"## Targets\n\nAt {results['sizes'][-1]:,} records.\n", "| what | target | measured | |", "| --- | --- | --- | --- |"]
    lines += [f"| {what} | {bound} | {value} | {'met' if met else '**not met**'} |" for what, bound, value, met in targets(results)]
    return "\n".join(lines) + "\n"


def _queries(results: dict[str, Any]) -> str:
    out = ["## Twelve queries\n\nMedian milliseconds through the package / by hand, and the median of the ratios of neighbouring runs.\n"]
    heads = "".join(f" {size:,} | ratio |" for size in results["sizes"])
    out += [f"| query |{heads} compile |", "| --- |" + " --- | --- |" * len(results["sizes"]) + " --- |"]
    for index, case in enumerate(results["by_size"][-1]["queries"]):
        cells = []
        for one in results["by_size"]:
            there = one["queries"][index]
            cells.append(f" {there['ours_ms']:.1f} / {there['engine_ms']:.1f} | {there['ratio']:.2f} |")
        out.append(f"| {case['name']} |{''.join(cells)} {case['compile_ms']:.2f} ms |")
    return "\n".join(out) + "\n"


def _writes(results: dict[str, Any]) -> str:
    out = [
        "## Writing and reading everything\n\nRecords by second; the share is of the engine's own rate. The engine's own insert is one\n"
        "`INSERT … SELECT … FROM file(…, 'JSONEachRow')` that shreds the same file into the columns of the same table, without looking\n"
        "for records that are there already; its own export streams the same columns as `JSONEachRow`.\n",
        "| | " + " | ".join(f"{size:,}" for size in results["sizes"]) + " |",
        "| --- |" + " --- |" * len(results["sizes"]),
    ]

    def line(name: str, cell: Any) -> None:
        out.append(f"| {name} | " + " | ".join(cell(one) for one in results["by_size"]) + " |")

    line("bytes of a record as JSON", lambda one: f"{one['file_bytes'] / one['size']:,.0f}")
    line("engine's own insert", lambda one: f"{one['import_by_engine']['rows'] / one['import_by_engine']['seconds']:,.0f}")
    line("`generations import`", lambda one: f"{one['size'] / one['import']['seconds']:,.0f} ({rates(one)['import']:.2f})")
    line("`insert_many` of 1,000", lambda one: f"{one['insert']['rows'] / one['insert']['seconds']:,.0f} ({rates(one)['insert']:.2f})")
    line("engine's own export", lambda one: f"{one['size'] / one['export_by_engine']['seconds']:,.0f}")
    line("`export` to JSONL", lambda one: f"{one['size'] / one['export']['seconds']:,.0f} ({rates(one)['export']:.2f})")
    line("memory of the exporting process", lambda one: f"{one['export']['memory_mib']:,.0f} MiB")
    line("bytes of a record on disk", lambda one: f"{one['disk']['all'] / one['size']:,.0f}")
    line(
        "of these for the accelerators of open maps",
        lambda one: "–" if one["disk"]["accelerators"] is None else f"{one['disk']['accelerators'] / one['size']:,.0f}",
    )
    return "\n".join(out) + "\n"


def _growth(results: dict[str, Any]) -> str:
    if len(results["sizes"]) < 2:
        return ""
    data = results["sizes"][-1] / results["sizes"][0]
    out = [
        f"## Growth\n\nHow much slower, {_span(results)} records, which is {data:.0f} times the data.\n",
        "| query | times |",
        "| --- | --- |",
    ]
    out += [f"| {case['name']} | {growth(results, case['name']):.1f} |" for case in results["by_size"][-1]["queries"]]
    return "\n".join(out) + "\n"


def _rest(results: dict[str, Any]) -> str:
    sessions, importing = results["sessions"], results["importing"]
    engine = "the engine is loaded" if importing["engine_loaded"] else "neither loads the engine"
    raw, unique, stored = (sessions[name] / (1 << 20) for name in ("raw", "unique", "stored"))
    return f"""## Agent sessions

{sessions["records"]:,} turns that each resend the whole conversation: {raw:.0f} MiB of JSON, {unique:.1f} MiB of unique text,
{stored:.1f} MiB on disk: {raw / stored:.0f} times smaller than the JSON.

## Importing the package

`import generations` takes {importing["ms"]:.0f} ms beyond bare Python, with the class `Generations`
{importing["class_ms"]:.0f} ms; {engine}.
"""


def _notes(results: dict[str, Any]) -> str:
    missed = [what for what, _, _, met in targets(results) if not met]
    if not missed or not NOTES.exists():
        return ""
    return f"## Where a target is not met\n\n{NOTES.read_text().strip()}\n"
