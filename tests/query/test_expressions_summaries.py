"""Sums, means, extremes, deviations and percentiles of one array or several arguments."""

import math
from datetime import UTC, datetime

import pytest

LONG_MAX = 2**63 - 1
NAN, INFINITY = float("nan"), float("inf")


def test_a_single_array_is_opened_and_several_arguments_are_not(gives):
    gives({"$sum": "$a"}, 6, a=[1, 2, 3])
    gives({"$sum": ["$a"]}, 6, a=[1, 2, 3])
    gives({"$sum": ["$a", 10]}, 10, a=[1, 2, 3])
    gives({"$sum": "$a"}, 3, a=[1, 2, [3]])
    gives({"$max": ["$a", 10]}, [1], a=[1])
    gives({"$avg": ["$n", 2, "$nowhere"]}, 1.5, n=1)


def test_what_is_no_number_adds_nothing(gives):
    gives({"$sum": "$a"}, 5, a=["1", True, None, {"n": 1}, datetime(2024, 1, 1, tzinfo=UTC), 5])
    for nothing in [[], ["x"], None, "x"]:
        gives({"$sum": "$a"}, 0, a=nothing)
        gives({"$avg": "$a"}, None, a=nothing)
    gives({"$sum": "$nowhere"}, 0)
    gives({"$sum": []}, 0)


@pytest.mark.parametrize(
    ("numbers", "total"),
    [
        ([1, 2.0], 3.0),
        ([2**31 - 1, 1], 2**31),
        ([LONG_MAX, 1, -1], LONG_MAX),
        ([0.1] * 10, 1.0),
        ([1e100, 1.0, -1e100], 1.0),
        ([2**53 + 1, 0.5, 0.5], 2.0**53 + 2),
        ([INFINITY, 1], INFINITY),
        ([INFINITY, -INFINITY], NAN),
        ([NAN, 1], NAN),
    ],
)
def test_integers_stay_integers_and_doubles_are_added_without_loss(gives, numbers, total):
    gives({"$sum": "$a"}, total, a=numbers)


def test_integers_beyond_64_bits_become_a_double(gives):
    for numbers, total in [([LONG_MAX, 1], 2.0**63), ([-(2**63), -1], -(2.0**63)), ([LONG_MAX] * 3, 3 * 2.0**63)]:
        gives({"$eq": [{"$sum": "$a"}, total]}, True, a=numbers)
        gives({"$type": {"$sum": "$a"}}, "double", a=numbers)


def test_a_mean_is_a_double(gives):
    gives({"$avg": "$a"}, 2.0, a=[1, 3])
    gives({"$eq": [{"$avg": "$a"}, 2.0**63]}, True, a=[LONG_MAX, LONG_MAX])
    gives({"$avg": "$n"}, 7.0, n=7)


def test_extremes_are_taken_across_types(gives):
    mixed = [None, 3, "a", 3.0, [0], False, {"x": 1}]
    gives({"$min": "$a"}, 3, a=mixed)
    gives({"$max": "$a"}, False, a=mixed)
    gives({"$min": ["$n", "$s", "$nowhere"]}, 2, n=2, s="x")
    gives({"$max": ["$n", 5.0]}, 5, n=5)
    gives({"$min": "$a"}, NAN, a=[1, NAN])
    for nothing in [[], [None], None]:
        gives({"$max": "$a"}, None, a=nothing)
    gives({"$max": "$nowhere"}, None)
    gives({"$min": []}, None)


def test_deviations(gives):
    gives({"$stdDevPop": "$a"}, math.sqrt(200 / 3), a=[10, "x", 20, 30, None])
    gives({"$stdDevSamp": "$a"}, 10.0, a=[10, 20, 30])
    gives({"$stdDevPop": [4, 8]}, 2.0)
    gives({"$stdDevPop": "$n"}, 0.0, n=5)
    gives({"$stdDevSamp": "$n"}, None, n=5)
    gives({"$stdDevPop": "$a"}, None, a=["x"])


def test_a_percentile_is_one_of_the_numbers(gives):
    def percentiles(*p):
        return {"$percentile": {"input": "$a", "p": list(p), "method": "approximate"}}

    gives(percentiles(0, 0.25, 0.5, 0.51, 0.95, 1), [1.0, 1.0, 2.0, 3.0, 4.0, 4.0], a=[4, 2, "x", 1, None, 3])
    gives(percentiles(0.5, 0.9), [None, None], a=[None])
    gives(percentiles(0.5), [7.0], a=7)
    gives(percentiles(0.5), [None], a="x")
    gives(percentiles(1, 0), [5.0, -INFINITY], a=[5, NAN, -INFINITY])


def test_a_median_is_the_lower_of_two(gives):
    gives({"$median": {"input": "$a", "method": "approximate"}}, 2.0, a=[4, 1, 3, 2])
    gives({"$median": {"input": ["$n", "$m"], "method": "approximate"}}, 1.0, n=1, m=5)
    gives({"$median": {"input": "$nowhere", "method": "approximate"}}, None)


@pytest.mark.parametrize("p", [[], 0.5, [1.5], ["x"], [True], ["$n"]])
def test_percentiles_are_constants_from_0_to_1(fails, p):
    fails({"$percentile": {"input": "$a", "p": p, "method": "approximate"}}, "from 0 to 1", a=[1])


def test_only_the_approximate_method_is_known(fails):
    fails({"$median": {"input": "$a", "method": "exact"}}, "must be 'approximate'", a=[1])
