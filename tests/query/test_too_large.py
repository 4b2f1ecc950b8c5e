"""Questions whose statements would be out of all proportion are refused, soon."""

import time

import pytest

from generations import InvalidQuery
from generations.query import Source, compile_aggregate, compile_find

FREE = {"$replaceRoot": {"newRoot": "$metadata"}}
TOO_LARGE = {
    "a sum of many": {"$add": ["$a"] * 20_000},
    "a product of many": {"$multiply": ["$a"] * 20_000},
    "the first of many that is there": {"$ifNull": ["$a"] * 20_000},
    "many texts": {"$concat": [f"$a{number}" for number in range(20_000)]},
    "many sums": [{"$add": ["$a", number]} for number in range(20_000)],
    "a sum of many in a fold": {"$reduce": {"input": "$l", "initialValue": 0, "in": {"$add": ["$$value", *[0] * 20_000]}}},
}


@pytest.mark.parametrize("expression", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_question_whose_statement_would_be_too_long_is_refused(expression):
    started = time.process_time()
    with pytest.raises(InvalidQuery, match="too large"):
        compile_aggregate([FREE, {"$set": {"x": expression}}], Source())
    assert time.process_time() - started < 5  # less than 1 where nothing else runs; some took minutes


def test_many_stages_that_would_be_too_long_are_refused():
    with pytest.raises(InvalidQuery, match="too large"):
        compile_aggregate([FREE, *[{"$set": {"x": {"$add": ["$a", "$x"]}}}] * 900], Source())


def test_a_filter_whose_statement_would_be_too_long_is_refused():
    with pytest.raises(InvalidQuery, match="too large"):
        compile_find({"$or": [{f"metadata.a{number}.b": {"$gt": number}} for number in range(60_000)]}, Source())


@pytest.mark.parametrize(
    "expression",
    [{"$add": ["$a"] * 250}, {"$concat": [f"$a{number}" for number in range(1_000)]}],
    ids=["a sum", "texts"],
)
def test_a_large_question_is_taken(expression):
    assert compile_aggregate([FREE, {"$set": {"x": expression}}], Source()).sql


def test_what_one_question_took_is_not_counted_for_the_next():
    for _ in range(3):
        compile_aggregate([FREE, {"$set": {"x": [{"$add": ["$a", number]} for number in range(2_000)]}}], Source())
