"""Five questions to 5,000 sample generations: `make demo`."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from generations import Generations, sample_generations

DATA = Path("demo-data")
RECORDS = 5_000
SHOWN = 6
console = Console(width=None if sys.stdout.isatty() else 120)


def find_high_quality_generations(db: Generations) -> list[dict[str, Any]]:
    """Find all generations from a specific model with high ratings"""
    return db.find(
        {
            "model.id": "gpt-4",
            "feedback.rating": {"$gte": 4},
            "timestamp": {"$gte": datetime(2023, 1, 1, tzinfo=UTC), "$lte": datetime(2023, 1, 31, tzinfo=UTC)},
        }
    ).to_list()


def analyze_token_usage_by_model(db: Generations) -> list[dict[str, Any]]:
    """Analyze token usage by model"""
    return db.aggregate(
        [
            {
                "$group": {
                    "_id": "$model.id",
                    "totalTokens": {"$sum": "$usage.totalTokens"},
                    "averageTokens": {"$avg": "$usage.totalTokens"},
                    "count": {"$sum": 1},
                }
            },
            {"$sort": {"totalTokens": -1}},
        ]
    ).to_list()


def add_feedback_to_a_generation(db: Generations) -> list[dict[str, Any]]:
    """Add feedback to a generation; what was said before stays"""
    db.update_one(
        {"id": "generation-123"},
        {
            "$set": {
                "feedback": {
                    "rating": 5,
                    "thumbs": "up",
                    "comment": "Excellent response, very helpful",
                    "timestamp": datetime.now(UTC),
                    "userId": "user-456",
                }
            }
        },
    )
    return db.feedback("generation-123")


def compare_latency_of_functions(db: Generations) -> list[dict[str, Any]]:
    """Which functions keep people waiting"""
    return db.aggregate(
        [
            {"$match": {"status": "success", "metadata.functionId": {"$exists": True}}},
            {
                "$group": {
                    "_id": "$metadata.functionId",
                    "count": {"$sum": 1},
                    "p50_p95_ms": {
                        "$percentile": {"input": "$performance.latency", "p": [0.5, 0.95], "method": "approximate"},
                    },
                }
            },
            {"$sort": {"count": -1}},
        ]
    ).to_list()


def rank_users_by_cost(db: Generations) -> list[dict[str, Any]]:
    """Who spends most in a month, and how many of their generations have no known cost"""
    return db.aggregate(
        [
            {
                "$group": {
                    "_id": {
                        "user": "$metadata.userId",
                        "month": {"$dateToString": {"date": "$timestamp", "format": "%Y-%m"}},
                    },
                    "cost": {"$sum": "$usage.cost"},
                    "unpriced": {"$sum": {"$cond": [{"$gt": ["$usage.cost", None]}, 0, 1]}},
                }
            },
            {"$sort": {"cost": -1}},
        ]
    ).to_list()


QUESTIONS: list[Callable[[Generations], list[dict[str, Any]]]] = [
    find_high_quality_generations,
    analyze_token_usage_by_model,
    add_feedback_to_a_generation,
    compare_latency_of_functions,
    rank_users_by_cost,
]


def main() -> None:
    """Load the samples into a fresh folder, ask, and show each answer under its question."""
    if DATA.exists():
        shutil.rmtree(DATA)
    started = time.perf_counter()
    with Generations(DATA) as db:
        db.insert_many(sample_generations(RECORDS, start=datetime(2023, 1, 1, tzinfo=UTC)))
        db.insert_one(a_known_generation())
        console.print(f"{db.count_documents({}):,} sample generations are in {DATA}, in {time.perf_counter() - started:.1f} s.\n")
        for question in QUESTIONS:
            show(question, db)
    console.print(f'Ask on:\n  .venv/bin/generations --data {DATA} find \'{{"status": "error"}}\' --limit 5')


def a_known_generation() -> dict[str, Any]:
    """The record that the feedback is for."""
    return {
        "id": "generation-123",
        "timestamp": datetime(2023, 1, 15, 9, 30, tzinfo=UTC),
        "model": {"id": "gpt-4", "provider": "openai"},
        "input": {"type": "text", "content": "What is 2 + 2?"},
        "output": {"type": "text", "content": "4"},
        "usage": {"promptTokens": 14, "completionTokens": 1},
        "feedback": {"rating": 4, "comment": "Correct"},
    }


def show(question: Callable[[Generations], list[dict[str, Any]]], db: Generations) -> None:
    """Print what is asked, as it is written above, and the answer as a table."""
    title = inspect.getdoc(question) or ""
    code = inspect.getsource(question).split('"""')[2]
    started = time.perf_counter()
    rows = question(db)
    took_ms = (time.perf_counter() - started) * 1000
    console.rule(title, align="left")
    console.print(Syntax(textwrap.dedent(code).strip(), "python", background_color="default", word_wrap=True))
    console.print(as_table([flat(row) for row in rows[:SHOWN]]))
    more = f", the first {SHOWN} are shown" if len(rows) > SHOWN else ""
    console.print(f"{len(rows):,} in the answer{more}; {took_ms:.0f} ms\n")


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A record as the few columns that a person looks at; any other row as it is, a compound `_id` spread out."""
    if "model" in row:
        return {
            "id": row["id"],
            "timestamp": row["timestamp"],
            "model": row["model"]["id"],
            "rating": row["feedback"]["rating"],
            "output": row["output"]["content"],
        }
    key = row.get("_id")
    return {**key, **{name: value for name, value in row.items() if name != "_id"}} if isinstance(key, dict) else row


def as_table(rows: list[dict[str, Any]]) -> Table:
    """Rows with the columns of all of them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table()
    cells = [[in_a_cell(row.get(name)) for name in names] for row in rows]
    for index, name in enumerate(names):
        numeric = all(isinstance(row.get(name), int | float | None) for row in rows)
        width = max(len(name), *(len(line[index]) for line in cells))
        table.add_column(name, justify="right" if numeric else "left", min_width=min(width, 20), max_width=48, no_wrap=True)
    for line in cells:
        table.add_row(*line)
    return table


def in_a_cell(value: Any) -> str:
    """A value as people read it."""
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.0f}" if value.is_integer() else f"{value:,.4f}" if abs(value) < 1 else f"{value:,.2f}"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case str():
            return value.replace("\n", " ")
        case _:
            return json.dumps(value, default=str)


if __name__ == "__main__":
    main()
