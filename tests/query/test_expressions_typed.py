"""Arithmetic, texts, dates and conversions over the typed columns of records mean what they mean over any value."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generations import Collection, QueryFailed
from generations.store.store import Store
from tests import reference

START = datetime(2026, 3, 29, 0, 30, 15, 250_000, tzinfo=UTC)

PARTS: list[dict[str, Any]] = [
    {},
    {"usage": {"promptTokens": 10, "completionTokens": 3, "cost": 0.125}, "performance": {"latency": 2.5}},
    {"usage": {"promptTokens": 0, "completionTokens": None, "cost": 10.235}, "performance": {"latency": 0.5}},
    {"usage": {"promptTokens": 7, "completionTokens": 2**53, "cost": None}, "metadata": {"userId": "Ann-É"}},
    {"metadata": {"userId": "", "factor": 3}, "performance": {"latency": None}},
    {"metadata": {"userId": None, "zone": "Asia/Kolkata"}, "feedback": {"timestamp": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)}},
    {"metadata": {"userId": " 42 ", "zone": "+05:30", "factor": "x"}, "usage": {"cost": 1}, "feedback": {"timestamp": None}},
]
RECORDS = [
    {"id": f"r-{n}", "timestamp": START + timedelta(hours=17 * n), "model": {"id": f"Model-{n % 2}"}, **part}
    for n, part in enumerate(PARTS)
]


@pytest.fixture(scope="module")
def stored(engine) -> Collection:
    collection = Collection(Store(engine, "expressions-typed"))
    collection.insert_many(RECORDS)
    return collection


def exactly(value: Any) -> Any:
    """5 is not 5.0 and not true; a long is an integer like others."""
    return (
        float if isinstance(value, float) else bool if isinstance(value, bool) else int if isinstance(value, int) else type(value),
        value,
    )


COST, PROMPT, COMPLETION, LATENCY = "$usage.cost", "$usage.promptTokens", "$usage.completionTokens", "$performance.latency"
USER, MODEL, TIME, RATED = "$metadata.userId", "$model.id", "$timestamp", "$feedback.timestamp"
BERLIN, KOLKATA = "Europe/Berlin", "+05:30"


@pytest.mark.parametrize(
    "expression",
    [
        {"$add": [PROMPT, COMPLETION]},
        {"$add": [PROMPT, COMPLETION, COST]},
        {"$add": [COST, LATENCY]},
        {"$add": [COST]},
        {"$add": [TIME, PROMPT]},
        {"$subtract": [TIME, RATED]},
        {"$subtract": [RATED, 86_400_000]},
        {"$subtract": [PROMPT, COMPLETION]},
        {"$multiply": [PROMPT, 1000]},
        {"$multiply": [COST, PROMPT]},
        {"$divide": [COST, {"$add": [PROMPT, 1]}]},
        {"$divide": [{"$cond": [{"$gt": [PROMPT, 0]}, PROMPT, None]}, 4]},
        {"$mod": [PROMPT, 4]},
        {"$mod": [COST, 0.1]},
        {"$round": [COST, 2]},
        {"$round": [{"$multiply": [PROMPT, 11]}, -1]},
        {"$trunc": [LATENCY]},
        {"$ceil": COST},
        {"$abs": {"$subtract": [1, PROMPT]}},
        {"$pow": [PROMPT, 2]},
        {"$sqrt": COST},
        {"$concat": [MODEL, ":", USER]},
        {"$toLower": MODEL},
        {"$toUpper": USER},
        {"$toUpper": PROMPT},
        {"$strLenCP": MODEL},
        {"$substrCP": [MODEL, 0, 5]},
        {"$substrBytes": [TIME, 0, 10]},
        {"$indexOfCP": [USER, "-"]},
        {"$split": [USER, "-"]},
        {"$trim": {"input": USER}},
        {"$trim": {"input": USER, "chars": MODEL}},
        {"$replaceAll": {"input": MODEL, "find": "-", "replacement": USER}},
        {"$regexMatch": {"input": USER, "regex": "^a", "options": "i"}},
        {"$regexFind": {"input": MODEL, "regex": "-(\\d)"}},
        {"$strcasecmp": [MODEL, "MODEL-0"]},
        {"$type": PROMPT},
        {"$type": COST},
        {"$isNumber": COST},
        {"$toString": COST},
        {"$toString": TIME},
        {"$toInt": COST},
        {"$toDouble": PROMPT},
        {"$toBool": PROMPT},
        {"$toLong": RATED},
        {"$convert": {"input": USER, "to": "int", "onError": -1, "onNull": "none"}},
        {"$convert": {"input": PROMPT, "to": "date"}},
        {"$year": TIME},
        {"$hour": {"date": TIME, "timezone": BERLIN}},
        {"$dayOfWeek": {"date": RATED, "timezone": KOLKATA}},
        {"$hour": {"date": TIME, "timezone": "$metadata.zone"}},
        {"$dateToString": {"date": TIME, "format": "%Y-%m-%d"}},
        {"$dateToString": {"date": RATED, "format": "%H:%M:%S.%L %z", "timezone": BERLIN}},
        {"$dateToString": {"date": RATED, "onNull": MODEL}},
        {"$dateTrunc": {"date": TIME, "unit": "day"}},
        {"$dateTrunc": {"date": TIME, "unit": "day", "timezone": BERLIN}},
        {"$dateTrunc": {"date": TIME, "unit": "hour", "binSize": 6, "timezone": BERLIN}},
        {"$dateTrunc": {"date": RATED, "unit": "week", "startOfWeek": "monday"}},
        {"$dateTrunc": {"date": TIME, "unit": "month", "binSize": 2}},
        {"$dateAdd": {"startDate": TIME, "unit": "day", "amount": 1, "timezone": BERLIN}},
        {"$dateAdd": {"startDate": RATED, "unit": "month", "amount": PROMPT}},
        {"$dateDiff": {"startDate": RATED, "endDate": TIME, "unit": "month"}},
        {"$dateToParts": {"date": RATED}},
        {"$dateFromParts": {"year": {"$add": [2000, PROMPT]}, "day": {"$add": [PROMPT, 1]}}},
    ],
    ids=str,
)
def test_columns_mean_what_their_records_mean(stored: Collection, expression: dict[str, Any]) -> None:
    records = {found["id"]: found for found in stored.find({})}
    answers = {found["id"]: found.get("x", reference.MISSING) for found in stored.aggregate([{"$project": {"id": 1, "x": expression}}])}

    assert len(answers) == len(RECORDS)
    for name, answer in answers.items():
        assert exactly(answer) == exactly(reference.evaluate(expression, records[name])), name


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"$divide": [COST, PROMPT]}, "can't $divide by zero"),
        ({"$multiply": [{"$add": [COMPLETION, 2**40]}, {"$add": [COMPLETION, 2**40]}]}, "beyond 64 bits"),
        ({"$strLenCP": USER}, "requires a string argument"),
        ({"$add": [MODEL, 1]}, "only supports numeric or date types"),
        ({"$multiply": [COST, "$metadata.factor"]}, "only supports numeric types"),
        ({"$concat": [MODEL, TIME]}, "only supports strings"),
        ({"$year": MODEL}, "can't convert from this BSON type to Date"),
    ],
    ids=str,
)
def test_columns_fail_where_their_records_fail(stored: Collection, expression: dict[str, Any], words: str) -> None:
    with pytest.raises(QueryFailed) as failed:
        list(stored.aggregate([{"$project": {"x": expression}}]))
    assert words in str(failed.value)


def test_only_records_that_reach_an_error_fail(stored: Collection) -> None:
    quotient = {"$cond": [{"$eq": [PROMPT, 0]}, 0, {"$divide": [COST, PROMPT]}]}
    found = stored.aggregate([{"$match": {"usage.cost": {"$exists": True}}}, {"$project": {"x": quotient}}, {"$sort": {"x": 1}}])

    assert [record["x"] for record in found] == [None, None, 0, 0.0125]
