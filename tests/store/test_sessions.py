"""Agents send the whole conversation with every turn; what they repeat costs next to nothing."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from generations.store.chdb_engine import ChdbEngine
from generations.store.store import Store

from .rows import START, encoded

SESSIONS, TURNS = 48, 50  # of half as many each granule that cuts a session counts, and the ratio is 19 to 22 by chance


def words(chance: random.Random, count: int) -> str:
    return " ".join(f"{chance.randrange(20_000):x}" for _ in range(count))


def turns() -> Iterator[dict[str, Any]]:
    """The sessions of one afternoon, each turn when it happened, among those of the others."""
    chance = random.Random(1)
    happened: list[tuple[float, dict[str, Any]]] = []
    for session in range(SESSIONS):
        messages = [{"role": "system", "content": words(chance, 300)}]
        second = chance.uniform(0, 4 * 3600)
        for turn in range(TURNS):
            messages.append({"role": "user", "content": words(chance, 60)})
            answer = words(chance, 90)
            record = {
                "id": f"{session}-{turn}",
                "timestamp": START + timedelta(seconds=second),
                "input": {"type": "text", "content": list(messages)},
                "output": {"type": "text", "content": answer},
                "usage": {"promptTokens": chance.randrange(9000), "completionTokens": chance.randrange(900), "cost": chance.random()},
                "metadata": {"sessionId": f"session-{session}", "userId": f"user-{session}", "agentId": "coder"},
                "performance": {"latency": chance.uniform(200, 4000)},
            }
            happened.append((second, record))
            messages.append({"role": "assistant", "content": answer})
            second += chance.uniform(5, 60)
    yield from (record for _, record in sorted(happened, key=lambda one: one[0]))


def test_sessions_that_resend_their_history_are_stored_twenty_times_smaller_than_their_json(folder: Path) -> None:
    store = Store(ChdbEngine(folder))
    records = list(turns())
    for start in range(0, len(records), 100):
        store.insert(encoded(records[start : start + 100]))

    store._engine.run("OPTIMIZE TABLE generations FINAL")

    stats = store.stats()
    store.close()
    json_bytes = sum(len(msgspec.json.encode(record)) for record in records)
    assert stats.records == SESSIONS * TURNS
    assert json_bytes / stats.compressed_bytes > 20, (json_bytes, stats.compressed_bytes)
