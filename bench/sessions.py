"""Agent sessions resend the whole conversation with each turn: what is left of that on disk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bench.engine import Engine
from bench.place import part
from generations import Generations

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstv" for vowel in "aeiou"]


def agent_sessions(sessions: int, turns: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Records of sessions in order of time, the sessions interleaved; each turn sends all messages before it."""
    chance = random.Random(seed)  # noqa: S311 - seeded samples
    vocabulary = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(8000)]
    histories: list[list[dict[str, str]]] = [[{"role": "system", "content": _words(chance, vocabulary, 150)}] for _ in range(sessions)]
    started = [datetime(2025, 3, 1, tzinfo=UTC) + timedelta(minutes=chance.uniform(0, 60 * 24)) for _ in range(sessions)]
    for turn in range(turns):
        for session, history in enumerate(histories):
            history.append({"role": "tool" if turn % 3 else "user", "content": _words(chance, vocabulary, chance.randint(20, 120))})
            answer = _words(chance, vocabulary, chance.randint(10, 80))
            yield {
                "id": f"session-{session}-turn-{turn}",
                "timestamp": started[session] + timedelta(seconds=25 * turn + chance.uniform(0, 10)),
                "model": {"id": "gpt-4o", "provider": "openai"},
                "input": {"type": "text", "content": {"messages": list(history)}},
                "output": {"type": "text", "content": answer},
                "metadata": {"sessionId": f"session-{session}", "agentId": "coder", "turn": turn},
            }
            history.append({"role": "assistant", "content": answer})


def _words(chance: random.Random, vocabulary: list[str], count: int) -> str:
    return " ".join(chance.choices(vocabulary, k=count))


@part
def session_compression(folder: str, sessions: int, turns: int) -> dict[str, Any]:
    """Bytes of the sessions as JSON, as unique text, and on disk after the store merged them."""
    raw = unique = 0
    encoder = msgspec.json.Encoder()
    with Generations(folder) as db:
        batch: list[dict[str, Any]] = []
        for record in agent_sessions(sessions, turns):
            raw += len(encoder.encode(record)) + 1
            unique += len(record["output"]["content"]) + len(record["input"]["content"]["messages"][-1]["content"])
            batch.append(record)
            if len(batch) == 1000:
                db.insert_many(batch)
                batch = []
        if batch:
            db.insert_many(batch)
        engine = Engine(folder)
        engine.run("OPTIMIZE TABLE generations FINAL")
        stored = int(engine.value("SELECT sum(bytes_on_disk) AS n FROM system.parts WHERE active AND table = 'generations'"))
        engine.close()
    return {"records": sessions * turns, "raw": raw, "unique": unique, "stored": stored}
