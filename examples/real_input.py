"""Real input, checked: import traces, an evaluation log and benchmark answers, ask the mission's questions, and compare.

    python examples/real_input.py DIR

DIR holds `traces-langfuse/*.json`, `inspect-ai/*.json` and `mt-bench/*.jsonl`. Every number that the store answers with is
compared with a count over the same files, made here from their raw JSON with nothing of the package. A difference ends
the program with exit code 1.

Where there is `usage/usages.jsonl`, each of its usage objects is recorded for each provider that could have sent it, and the
cost that is computed is compared with the price that the file says.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mt_bench import generations_of

from generations import Generations

START, END = datetime(2023, 6, 1, tzinfo=UTC), datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)

PRICED_AT = datetime(2026, 6, 1, tzinfo=UTC)
"""A time at which the prices held that the usage objects are listed with; some have changed since, which the price list dates."""

TOKENS = {
    "input_tokens": "promptTokens",
    "output_tokens": "completionTokens",
    "cache_read_tokens": "cachedTokens",
    "cache_write_tokens": "cacheWriteTokens",
    "output_reasoning_tokens": "reasoningTokens",
    "input_audio_tokens": "inputAudioTokens",
    "cache_audio_read_tokens": "cachedAudioTokens",
    "input_image_tokens": "inputImageTokens",
}
"""The counts of the usage objects that the record has a field for."""


@dataclass
class Call:
    """One call of a model as its source file tells it."""

    source: str
    model: str
    at: datetime
    tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    latency_ms: float | None = None
    trace: str | None = None
    category: str | None = None
    output: Any = None


@dataclass
class Check:
    """What was compared, and what was different."""

    compared: int = 0
    different: list[str] = field(default_factory=list)

    def equal(self, what: str, answered: Any, counted: Any) -> None:
        """Compare one answer of the store with one count; floats up to the order in which they were added."""
        self.compared += 1
        if not _same(answered, counted):
            self.different.append(f"{what}: the store says {answered!r}, the files say {counted!r}")


def main() -> None:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "mt-bench").is_dir():
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    traces, logs = sorted(folder.glob("traces-langfuse/*.json")), sorted(folder.glob("inspect-ai/*.json"))
    questions, answers = folder / "mt-bench" / "question.jsonl", folder / "mt-bench" / "gpt-4.jsonl"
    calls = [*calls_of_traces(traces), *calls_of_logs(logs), *calls_of_answers(questions, answers)]
    check = Check()
    usages = folder / "usage" / "usages.jsonl"
    os.environ["GENERATIONS_PRICES"] = "off"  # the files are counted as they are; the usage objects are priced
    with tempfile.TemporaryDirectory() as place:
        url = f"{place}/data"
        first, again = import_files(url, [*traces, *logs]), import_files(url, [*traces, *logs])
        with Generations(url) as db:
            inserted = [db.insert_many(generations_of(questions, answers)) for _ in range(2)]
            compare_imports(check, calls, first, again, inserted)
            compare_counts(check, db, calls)
            compare_tokens(check, db, calls)
            compare_feedback(check, db, calls)
        priced = compare_prices(check, usages, f"{place}/priced") if usages.exists() else None
    for line in check.different:
        print(f"DIFFERENT  {line}")
    files = len(traces) + len(logs) + 1
    print(f"{len(calls)} generations of {files} files: {check.compared} numbers compared, {len(check.different)} different")
    if priced:
        print(priced)
    sys.exit(1 if check.different or not calls else 0)


def import_files(url: str, files: list[Path]) -> list[dict[str, Any]]:
    """What `generations import` reports of each file, as a user would run it."""
    program = str(Path(sys.executable).with_name("generations"))
    done = subprocess.run([program, "--data", url, "import", *map(str, files)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def calls_of_traces(files: Iterable[Path]) -> Iterable[Call]:
    """The observations of type GENERATION; where these files name parts of the tokens, the parts are inside the counts."""
    for file in files:
        for observation in json.loads(file.read_text())["observations"]:
            if observation["type"] == "GENERATION":
                usage, start = observation["usageDetails"], _instant(observation["startTime"])
                yield Call(
                    source=file.name,
                    model=observation["model"],
                    at=start,
                    tokens=usage["total"],
                    prompt_tokens=usage["input"],
                    completion_tokens=usage["output"],
                    cost=observation["totalCost"],
                    latency_ms=round((_instant(observation["endTime"]) - start).total_seconds() * 1000, 3),
                    trace=observation["traceId"],
                    output=observation["output"],
                )


def calls_of_logs(files: Iterable[Path]) -> Iterable[Call]:
    """The events of type `model`; their model is written `provider/model`."""
    for file in files:
        for sample in json.loads(file.read_text())["samples"]:
            for event in sample["events"]:
                if event["event"] == "model":
                    usage = event["output"]["usage"]
                    yield Call(
                        source=file.name,
                        model=event["model"].split("/", 1)[1],
                        at=_instant(event["timestamp"]),
                        tokens=usage["total_tokens"],
                        prompt_tokens=usage["input_tokens"],
                        completion_tokens=usage["output_tokens"],
                        latency_ms=round(event["output"]["time"] * 1000, 3),
                        output=event["output"]["choices"][0]["message"]["content"],
                    )


def calls_of_answers(questions: Path, answers: Path) -> Iterable[Call]:
    """One call for each turn of each answer."""
    lines = [json.loads(line) for line in questions.read_text().splitlines()]
    categories = {line["question_id"]: line["category"] for line in lines}
    for line in answers.read_text().splitlines():
        answer = json.loads(line)
        for text in answer["choices"][0]["turns"]:
            at = datetime.fromtimestamp(answer["tstamp"], UTC)
            yield Call(source=answers.name, model=answer["model_id"], at=at, category=categories[answer["question_id"]], output=text)


def compare_imports(check: Check, calls: list[Call], first: list[dict[str, Any]], again: list[dict[str, Any]], inserted: list[Any]) -> None:
    """Each file is taken whole the first time, and adds nothing the second time."""
    for report, repeated in zip(first, again, strict=True):
        name = Path(report["source"]).name
        expected = sum(call.source == name for call in calls)
        check.equal(f"{name}, added", (report["read"], report["added"], report["refused"]), (expected, expected, 0))
        check.equal(f"{name}, added again", (repeated["added"], repeated["unchanged"]), (0, expected))
    expected = sum(call.category is not None for call in calls)
    check.equal("answers, inserted", [(one.inserted_count, one.unchanged_count) for one in inserted], [(expected, 0), (0, expected)])


def compare_counts(check: Check, db: Generations, calls: list[Call]) -> None:
    check.equal("records", db.count_documents({}), len(calls))
    check.equal("models", db.distinct("model.id"), sorted({call.model for call in calls}))
    for model in {call.model for call in calls}:
        check.equal(f"records of {model}", db.count_documents({"model.id": model}), sum(call.model == model for call in calls))
    for trace in {call.trace for call in calls}:
        check.equal(
            f"records of trace {trace}", db.count_documents({"metadata.traceId": trace}), sum(call.trace == trace for call in calls)
        )
    for category in {call.category for call in calls}:
        counted = sum(call.category == category for call in calls)
        check.equal(f"records of category {category}", db.count_documents({"metadata.category": category}), counted)
    check.equal("records with a cost", db.count_documents({"usage.cost": {"$ne": None}}), sum(call.cost is not None for call in calls))
    check.equal(
        "slow records", db.count_documents({"performance.latency": {"$gt": 1000}}), sum((call.latency_ms or 0) > 1000 for call in calls)
    )
    written = [call for call in calls if isinstance(call.output, str) and "the" in call.output]
    check.equal("records that say 'the'", db.count_documents({"output.content": {"$regex": "the"}}), len(written))
    stored = sorted(json.dumps(record["output"]["content"], sort_keys=True) for record in db.find({}, {"output.content": 1}))
    check.equal("outputs", stored, sorted(json.dumps(call.output, sort_keys=True) for call in calls))
    for record in db.find({}, {"timestamp": 1}, sort=[("timestamp", 1)], limit=1):
        check.equal("the oldest", record["timestamp"], min(call.at for call in calls))


def compare_tokens(check: Check, db: Generations, calls: list[Call]) -> None:
    """The mission's second example, and the same for the parts and the cost."""
    token_usage_by_model = db.aggregate(
        [
            {
                "$group": {
                    "_id": "$model.id",
                    "totalTokens": {"$sum": "$usage.totalTokens"},
                    "averageTokens": {"$avg": "$usage.totalTokens"},
                    "count": {"$sum": 1},
                    "promptTokens": {"$sum": "$usage.promptTokens"},
                    "completionTokens": {"$sum": "$usage.completionTokens"},
                    "cost": {"$sum": "$usage.cost"},
                    "slowest": {"$max": "$performance.latency"},
                }
            },
            {"$sort": {"totalTokens": -1}},
        ]
    ).to_list()
    by_model: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_model[call.model].append(call)
    check.equal("models with tokens", {row["_id"] for row in token_usage_by_model}, set(by_model))
    totals = [row["totalTokens"] for row in token_usage_by_model]
    check.equal("models by tokens", totals, sorted(totals, reverse=True))
    for row in token_usage_by_model:
        model, mine = row["_id"], by_model[row["_id"]]
        known = [call.tokens for call in mine if call.tokens is not None]
        check.equal(f"tokens of {model}", row["totalTokens"], sum(known))
        check.equal(f"average tokens of {model}", row["averageTokens"], sum(known) / len(known) if known else None)
        check.equal(f"count of {model}", row["count"], len(mine))
        check.equal(f"prompt tokens of {model}", row["promptTokens"], sum(call.prompt_tokens or 0 for call in mine))
        check.equal(f"completion tokens of {model}", row["completionTokens"], sum(call.completion_tokens or 0 for call in mine))
        check.equal(f"cost of {model}", row["cost"], math.fsum(call.cost or 0 for call in mine))
        check.equal(
            f"slowest of {model}", row["slowest"], max((call.latency_ms for call in mine if call.latency_ms is not None), default=None)
        )


def compare_feedback(check: Check, db: Generations, calls: list[Call]) -> None:
    """The mission's first and third example: nobody rated yet, then some are, then they are found."""
    high_ratings = {"model.id": "gpt-4", "feedback.rating": {"$gte": 4}, "timestamp": {"$gte": START, "$lte": END}}
    check.equal("high ratings before", db.count_documents(high_ratings), 0)
    rated = [call for call in calls if call.model == "gpt-4" and START <= call.at <= END]
    good = sum(call.category == "math" for call in rated)
    asked = {"model.id": "gpt-4", "timestamp": {"$gte": START, "$lte": END}}
    for record in db.find(asked, {"id": 1, "metadata.category": 1}).to_list():
        rating = 5 if record["metadata"]["category"] == "math" else 2
        feedback = {
            "rating": rating,
            "thumbs": "up" if rating >= 4 else "down",
            "comment": "Excellent response, very helpful" if rating >= 4 else "Not what was asked",
            "timestamp": datetime.now(UTC),
            "userId": "user-456",
        }
        result = db.update_one({"id": record["id"]}, {"$set": {"feedback": feedback}})
        check.equal(f"{record['id']} rated", (result.matched_count, result.modified_count), (1, 1))
    found = db.find(high_ratings).to_list()
    check.equal("high ratings", len(found), good)
    check.equal("high ratings, each of them good", {record["feedback"]["thumbs"] for record in found}, {"up"} if good else set())
    check.equal("low ratings", db.count_documents({"feedback.rating": {"$lt": 4}}), len(rated) - good)
    check.equal("records after", db.count_documents({}), len(calls))


def compare_prices(check: Check, usages: Path, url: str) -> str:
    """What each usage object costs at each provider, and how many tokens of each kind there are; returns what to say of it.

    A model that the file has no price for may have a cost where it has been listed since, or is found behind a path
    (`openai/gpt-4o`); those are counted, and told.
    """
    cases = [json.loads(line) for line in usages.read_text().splitlines()]
    records: list[dict[str, Any]] = []
    prices: dict[str, float | None] = {}
    tokens: defaultdict[str, int] = defaultdict(int)
    for number, case in enumerate(cases):
        model = case["body"].get("model") or case["body"].get("modelVersion") or "not told"
        for extracted in case["extracted"]:
            usage = {TOKENS[name]: count for name, count in extracted["usage"].items() if name in TOKENS}
            for extractor in extracted["extractors"]:
                key = f"{number} {extractor['provider_id']} {extractor['api_flavor']}"
                known = "input_price" in extractor
                prices[key] = float(Decimal(extractor["input_price"]) + Decimal(extractor["output_price"])) if known else None
                if known and "completionTokens" not in usage:  # what is not there was not produced: an embedding
                    usage = usage | {"completionTokens": 0}
                for name, count in usage.items():
                    tokens[name] += count
                records.append(
                    {
                        "id": key,
                        "timestamp": PRICED_AT,
                        "model": {"id": model, "provider": extractor["provider_id"]},
                        "usage": usage,
                        "metadata": {"usage": extracted["usage"]},
                    }
                )
    del os.environ["GENERATIONS_PRICES"]
    with Generations(url) as db:
        db.insert_many(records)
        more = 0
        for record in db.find({}, ["id", "usage"]):
            cost, price = record["usage"].get("cost"), prices.pop(record["id"])
            if price is None and cost is not None:
                more += 1
            else:
                check.equal(f"cost of {record['id']}", cost, price)
        check.equal("usage objects without a record", sorted(prices), [])
        (sums,) = db.aggregate([{"$group": {"_id": None, **{name: {"$sum": f"$usage.{name}"} for name in TOKENS.values()}}}])
        for name in TOKENS.values():
            check.equal(f"{name} of the usage objects", sums[name], tokens[name])
        known = db.count_documents({"usage.cost": {"$ne": None}})
    return f"{len(cases)} usage objects as {len(records)} calls: {known - more} priced that the file lists, {more} more"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _same(answered: Any, counted: Any) -> bool:
    if isinstance(answered, float) or isinstance(counted, float):
        return answered is not None and counted is not None and math.isclose(answered, counted, rel_tol=1e-12, abs_tol=1e-15)
    return bool(answered == counted)


if __name__ == "__main__":
    main()
