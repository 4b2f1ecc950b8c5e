"""The sample looks like months of a busy application, and is the same each time."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from generations.record.encode import encode_records
from generations.record.fields import OUTPUT_TYPES
from generations.record.sample import DAYS, END, sample_generations

COUNT = 3000


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return list(sample_generations(COUNT))


def test_equal_arguments_give_equal_samples_and_other_seeds_others(records):
    assert list(sample_generations(50)) == list(sample_generations(50))
    assert list(sample_generations(50, seed=1)) != list(sample_generations(50))


def test_they_are_as_many_as_asked():
    assert [len(list(sample_generations(count))) for count in (0, 1, 7, 100)] == [0, 1, 7, 100]
    assert list(sample_generations(3, days=0.01))


def test_they_come_in_order_of_time_over_the_span(records):
    times = [datetime.fromisoformat(record["timestamp"]) for record in records]

    assert all(one <= other for one, other in pairwise(times))
    assert END - timedelta(days=DAYS) <= times[0] < END - timedelta(days=DAYS - 2)
    assert END - timedelta(days=15) < times[-1] < END + timedelta(days=2)
    assert len({(at.year, at.month) for at in times}) >= 6


def test_a_start_and_a_length_can_be_asked_for():
    start = datetime(2022, 12, 15, tzinfo=UTC)
    times = [datetime.fromisoformat(record["timestamp"]) for record in sample_generations(1000, start=start, days=60)]

    assert start <= times[0] < start + timedelta(days=1)
    assert start + timedelta(days=50) < times[-1] < start + timedelta(days=62)


def test_ids_are_unique_and_carry_the_time(records):
    assert len({record["id"] for record in records}) == COUNT
    for record in records:
        ms = int(record["id"].replace("-", "")[:12], 16)
        assert ms == int(datetime.fromisoformat(record["timestamp"]).timestamp() * 1000)


def test_they_are_all_taken_and_about_three_kilobytes(records):
    texts = [json.dumps(record, ensure_ascii=False) for record in records]

    assert len(encode_records(records)) == COUNT
    assert 2000 < sum(map(len, texts)) / COUNT < 4000
    assert min(map(len, texts)) < 1200


def test_they_cover_what_the_record_can_say(records):
    output_types = Counter(record["output"]["type"] for record in records if "output" in record)
    assert set(output_types) == set(OUTPUT_TYPES)
    assert {record["input"]["type"] for record in records} == {"text", "audio", "multimodal"}
    assert len({record["model"]["provider"] for record in records}) >= 6
    assert Counter(record["model"]["id"] for record in records)["gpt-4"] > COUNT / 50
    assert 0.01 < sum(record["status"] == "error" for record in records) / COUNT < 0.05
    assert 0.05 < sum("feedback" in record for record in records) / COUNT < 0.15
    assert sum("alternatives" in record.get("output", {}) for record in records) > 20
    assert 0.6 < sum("cost" in record.get("usage", {}) for record in records) / COUNT < 0.95
    assert {record["metadata"]["customer"]["plan"]["tier"] for record in records} == {"free", "pro", "enterprise"}
    assert {tag for record in records for tag in record["metadata"]["tags"]} >= {"beta", "production"}
    assert len({record["metadata"]["userId"] for record in records}) > 200
    assert any("because" in str(record.get("output", {}).get("content")) for record in records)
    assert any(record["metadata"].get("experiment", "") is None for record in records)
    assert not any("usage" in record and "totalTokens" not in record["usage"] for record in records)


def test_failed_calls_have_an_error_and_no_output(records):
    failed = [record for record in records if record["status"] == "error"]

    assert failed
    assert all("error" in record and "output" not in record and "usage" not in record for record in failed)
    assert not any("error" in record for record in records if record["status"] == "success")


def test_sessions_resend_their_growing_history(records):
    sessions: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["metadata"]["functionId"] == "run-agent":
            sessions.setdefault(record["metadata"]["sessionId"], []).append(record)

    assert 0.15 < sum(map(len, sessions.values())) / COUNT < 0.45
    for turns in sessions.values():
        assert [turn["metadata"]["turn"] for turn in turns] == list(range(1, len(turns) + 1))
        assert len({turn["metadata"]["traceId"] for turn in turns}) == 1
        for one, other in pairwise(turn["input"]["content"]["messages"] for turn in turns):
            assert other[: len(one)] == one
            assert len(other) == len(one) + 2


def test_changing_a_record_changes_no_other():
    first, *rest = sample_generations(200)
    kept = json.dumps(rest)
    first["model"]["id"] = first["metadata"]["tags"][0] = "changed"
    first["parameters"]["changed"] = True

    assert json.dumps(rest) == kept
