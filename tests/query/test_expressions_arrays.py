"""Arrays in expressions: positions, parts, search, functions over elements, order; null and missing as MongoDB has them."""

from datetime import UTC, datetime

import pytest

from .conftest import MISSING

DATE = datetime(2024, 6, 15, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(("array", "size"), [([], 0), ([1, [2, 3], None], 3), ([{"a": 1}], 1)])
def test_size_counts_the_elements(gives, array, size):
    gives({"$size": "$a"}, size, a=array)


@pytest.mark.parametrize("document", [{}, {"a": None}, {"a": 5}, {"a": "text"}, {"a": {"b": []}}])
def test_size_of_what_is_no_array_is_an_error(fails, document):
    fails({"$size": "$a"}, "$size must be an array", **document)


def test_an_error_reaches_only_documents_that_reach_it(gives):
    """The engine computes ahead what does not depend on a lambda's parameter, unless it is told not to."""
    gives({"$cond": [{"$isArray": "$a"}, {"$size": "$a"}, -1]}, -1, a=5)
    gives({"$ifNull": ["$b", {"$size": "$a"}]}, 1, a=5, b=1)
    gives({"$and": [{"$isArray": "$a"}, {"$gt": [{"$size": "$a"}, 1]}]}, False, a=5)
    gives({"$map": {"input": "$b", "in": {"$size": "$a"}}}, [], a=5, b=[])
    gives({"$map": {"input": "$b", "in": {"$cond": ["$$this.ok", {"$size": "$a"}, 0]}}}, [0], a=5, b=[{"ok": False}])
    gives({"$switch": {"branches": [{"case": "$b", "then": {"$first": "$a"}}], "default": "no"}}, "no", a=5, b=False)


def test_positions_count_from_the_end_when_negative(gives):
    for index, element in [(0, "x"), (2, 7), (-1, 7), (-3, "x"), (1.0, None), (3, MISSING), (-4, MISSING)]:
        gives({"$arrayElemAt": ["$a", index]}, element, a=["x", None, 7])
        gives({"$arrayElemAt": ["$a", "$i"]}, element, a=["x", None, 7], i=index)


def test_the_element_of_nothing_is_null(gives):
    gives({"$arrayElemAt": ["$nowhere", 0]}, None)
    gives({"$arrayElemAt": [None, "text"]}, None)
    gives({"$arrayElemAt": ["text", None]}, None)
    gives({"$first": "$nowhere"}, None)
    gives({"$last": None}, None)


@pytest.mark.parametrize("index", ["0", True, 1.5, 2**31, [0]])
def test_a_position_is_a_whole_number(fails, index):
    fails({"$arrayElemAt": ["$a", {"$literal": index}]}, "must be a whole number", a=[1, 2])


def test_first_and_last(gives, fails):
    gives({"$first": "$a"}, {"k": 1}, a=[{"k": 1}, 2])
    gives({"$last": "$a"}, DATE, a=[1, DATE])
    gives({"$first": "$a"}, MISSING, a=[])
    fails({"$last": "$a"}, "must be an array", a="text")


def test_first_n_and_last_n(gives, fails):
    gives({"$firstN": {"n": 2, "input": "$a"}}, [None, 2], a=[None, 2, 3])
    gives({"$lastN": {"n": "$n", "input": "$a"}}, [2, 3], a=[1, 2, 3], n=2.0)
    gives({"$lastN": {"n": 9, "input": "$a"}}, [1], a=[1])
    fails({"$firstN": {"n": 0, "input": "$a"}}, "greater than 0", a=[1])
    fails({"$firstN": {"n": 1, "input": "$a"}}, "must be an array", a=None)


def test_max_n_and_min_n_leave_nulls_out(gives):
    gives({"$maxN": {"n": 3, "input": "$a"}}, [True, "b", 7], a=[1, None, "b", 7, True])
    gives({"$minN": {"n": 2, "input": "$a"}}, [1, 7], a=[7, None, 1, "b"])
    gives({"$minN": {"n": 2, "input": "$a"}}, [], a=[None])


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([2], [1, 2]),
        ([-2], [3, 4]),
        ([0], []),
        ([9], [1, 2, 3, 4]),
        ([-9], [1, 2, 3, 4]),
        ([1, 2], [2, 3]),
        ([-3, 2], [2, 3]),
        ([-9, 2], [1, 2]),
        ([9, 2], []),
        ([None], None),
        ([1, None], None),
        (["$nowhere"], None),
        ([1, "$nowhere"], None),
    ],
)
def test_slices(gives, arguments, part):
    gives({"$slice": ["$a", *arguments]}, part, a=[1, 2, 3, 4])


def test_a_slice_takes_one_element_at_least(fails):
    fails({"$slice": ["$a", 0, 0]}, "greater than 0", a=[1])
    fails({"$slice": ["$a", 1]}, "must be an array", a="text")


def test_in_compares_by_value(gives, fails):
    array = [5, None, [1], {"a": 1.0}]
    for value in [5, 5.0, None, [1], {"a": 1}]:
        gives({"$in": ["$v", "$a"]}, True, v=value, a=array)
    for value in [True, "5", 1, {"a": 2}, []]:
        gives({"$in": ["$v", "$a"]}, False, v=value, a=array)
    gives({"$in": ["$nowhere", "$a"]}, False, a=[None])
    gives({"$in": ["$v", ["x", "y"]]}, True, v="y")
    gives({"$in": [1, []]}, False)
    fails({"$in": [1, "$a"]}, "requires an array", a=None)


def test_the_position_of_a_value(gives, fails):
    gives({"$indexOfArray": ["$a", 2]}, 1, a=[1, 2.0, 2])
    gives({"$indexOfArray": ["$a", 2, 2]}, 2, a=[1, 2.0, 2])
    gives({"$indexOfArray": ["$a", 2, 0, 1]}, -1, a=[1, 2.0, 2])
    gives({"$indexOfArray": ["$a", 1, 5, 2]}, -1, a=[1])
    gives({"$indexOfArray": ["$nowhere", 1]}, None)
    gives({"$indexOfArray": ["$a", "$nowhere"]}, -1, a=[None])
    fails({"$indexOfArray": ["$a", 1, -1]}, "not negative", a=[1])
    fails({"$indexOfArray": ["$a", 1]}, "requires an array", a=1)


def test_arrays_one_after_the_other(gives, fails):
    gives({"$concatArrays": ["$a", ["x"], "$b"]}, [1, "x", [2]], a=[1], b=[[2]])
    gives({"$concatArrays": []}, [])
    gives({"$concatArrays": ["$a", "$nowhere"]}, None, a=[1])
    fails({"$concatArrays": ["$a", 1]}, "only supports arrays", a=[1])


def test_reversed(gives, fails):
    gives({"$reverseArray": "$a"}, [{"k": 1}, 2.0, "1"], a=["1", 2.0, {"k": 1}])
    gives({"$reverseArray": "$nowhere"}, None)
    fails({"$reverseArray": "$a"}, "must be an array", a="abc")


def test_is_array(gives):
    for value, is_array in [([], True), ([1], True), ({}, False), ("[]", False), (None, False)]:
        gives({"$isArray": ["$v"]}, is_array, v=value)
    gives({"$isArray": "$nowhere"}, False)


def test_ranges(gives, fails):
    gives({"$range": [0, 5, 2]}, [0, 2, 4])
    gives({"$range": ["$n", 0, -1]}, [2, 1], n=2.0)
    gives({"$range": [3, 1]}, [])
    fails({"$range": [0, 5, 0]}, "not 0")
    fails({"$range": [0, "$nowhere"]}, "whole numbers")
    fails({"$range": [0, 1.5]}, "whole numbers")


def test_zip_is_as_long_as_the_shortest_or_the_longest(gives, fails):
    inputs = ["$a", "$b"]
    gives({"$zip": {"inputs": inputs}}, [[1, "x"]], a=[1, 2], b=["x"])
    gives({"$zip": {"inputs": inputs, "useLongestLength": True}}, [[1, "x"], [2, None]], a=[1, 2], b=["x"])
    filled = {"inputs": inputs, "useLongestLength": True, "defaults": [0, "$d"]}
    gives({"$zip": {**filled}}, [[1, "x"], [2, "-"]], a=[1, 2], b=["x"], d="-")
    gives({"$zip": {"inputs": ["$a", None]}}, None, a=[1])
    fails({"$zip": {"inputs": inputs}}, "no array", a=[1], b=2)
    fails({"$zip": {"inputs": "$a"}}, "must be a list", a=[1])
    fails({"$zip": {"inputs": inputs, "useLongestLength": True, "defaults": [1]}}, "as long as inputs", a=[], b=[])


# --- functions over elements --------------------------------------------------------------------------------------------


def test_map_gives_null_where_there_is_no_value(gives, fails):
    gives({"$map": {"input": "$a", "in": "$$this.k"}}, [1, None, None], a=[{"k": 1}, {}, 5])
    gives({"$map": {"input": "$a", "as": "each", "in": ["$$each", "$b"]}}, [[1, "x"], [2.5, "x"]], a=[1, 2.5], b="x")
    gives({"$map": {"input": "$nowhere", "in": 1}}, None)
    fails({"$map": {"input": "$a", "in": 1}}, "must be an array", a=5)


def test_variables_of_outer_functions_are_seen_inside(gives):
    inner = {"$map": {"input": "$b", "as": "y", "in": ["$$x", "$$y", "$c"]}}
    gives({"$map": {"input": "$a", "as": "x", "in": inner}}, [[[1, 3, 9], [1, 4, 9]], [[2, 3, 9], [2, 4, 9]]], a=[1, 2], b=[3, 4], c=9)
    shadowed = {"$map": {"input": "$$this", "in": "$$this"}}
    gives({"$map": {"input": "$a", "in": shadowed}}, [[1], [2, 3]], a=[[1], [2, 3]])


def test_filter_keeps_what_counts_as_true(gives, fails):
    gives({"$filter": {"input": "$a", "cond": "$$this"}}, [1, "", [], {}, DATE], a=[0, 1, "", None, [], {}, False, 0.0, DATE])
    gives({"$filter": {"input": "$a", "as": "x", "cond": {"$gt": ["$$x", "$n"]}, "limit": 1}}, [3], a=[1, 3, 4], n=2)
    gives({"$filter": {"input": "$a", "cond": True, "limit": "$nowhere"}}, [1, 2], a=[1, 2])
    gives({"$filter": {"input": None, "cond": True}}, None)
    fails({"$filter": {"input": "$a", "cond": True, "limit": 0}}, "greater than 0", a=[1])
    fails({"$filter": {"input": "$a", "cond": True}}, "must be an array", a="text")


def test_reduce_folds_from_the_left(gives, fails):
    gives({"$reduce": {"input": "$a", "initialValue": [], "in": {"$concatArrays": [["$$this"], "$$value"]}}}, [3, 2, 1], a=[1, 2, 3])
    gives({"$reduce": {"input": "$a", "initialValue": 0, "in": {"$sum": ["$$value", "$$this", "$n"]}}}, 36.5, a=[1, 2.5, 3], n=10)
    gives({"$reduce": {"input": [], "initialValue": "$n", "in": "$$this"}}, 5, n=5)
    gives({"$reduce": {"input": [1], "initialValue": 0, "in": "$$this.nowhere"}}, MISSING)
    gives({"$reduce": {"input": "$nowhere", "initialValue": 0, "in": 1}}, None)
    fails({"$reduce": {"input": "$a", "initialValue": 0, "in": 1}}, "be an array", a=1)


def test_a_fold_inside_a_function_sees_its_variables(gives):
    total = {"$reduce": {"input": "$$row", "initialValue": "$n", "in": {"$sum": ["$$value", "$$this"]}}}
    gives({"$map": {"input": "$a", "as": "row", "in": total}}, [13, 10, 15], a=[[1, 2], [], [5]], n=10)


# --- order --------------------------------------------------------------------------------------------------------------


def test_values_of_all_types_have_an_order(gives):
    mixed = [True, "b", 2, None, {"a": 1}, [1], DATE, 1.5, "B", False, float("nan")]
    ordered = [None, float("nan"), 1.5, 2, "B", "b", {"a": 1}, [1], False, True, DATE]
    gives({"$sortArray": {"input": "$a", "sortBy": 1}}, ordered, a=mixed)
    gives({"$sortArray": {"input": "$a", "sortBy": -1}}, ordered[::-1], a=mixed)


def test_big_integers_are_ordered_exactly(gives):
    gives({"$sortArray": {"input": "$a", "sortBy": 1}}, [2.0**53, 2**53 + 1, 2**53 + 2], a=[2**53 + 2, 2**53 + 1, 2.0**53])


def test_equal_elements_keep_their_order(gives):
    rows = [{"p": 1, "n": 1}, {"p": 0, "n": 2}, {"p": 1.0, "n": 3}, {"n": 4}]
    for direction, order in [(1, [4, 2, 1, 3]), (-1, [1, 3, 2, 4])]:
        ordered = {"$sortArray": {"input": "$a", "sortBy": {"p": direction}}}
        gives({"$map": {"input": ordered, "in": "$$this.n"}}, order, a=rows)


def test_sorted_by_several_fields_and_inner_ones(gives):
    rows = [{"p": {"q": 2}, "n": 1}, {"p": {"q": 1}, "n": 2}, {"p": {"q": 2}, "n": 3}, 5, {"p": None}]
    gives({"$sortArray": {"input": "$a", "sortBy": {"p.q": -1, "n": -1}}}, [rows[2], rows[0], rows[1], 5, {"p": None}], a=rows)


def test_a_direction_is_one_or_minus_one(fails, gives):
    fails({"$sortArray": {"input": "$a", "sortBy": 2}}, "1 or -1", a=[])
    fails({"$sortArray": {"input": "$a", "sortBy": {"p": True}}}, "1 or -1", a=[])
    fails({"$sortArray": {"input": "$a", "sortBy": {}}}, "must name a field", a=[])
    fails({"$sortArray": {"input": "$a", "sortBy": 1}}, "must be an array", a=1)
    gives({"$sortArray": {"input": "$nowhere", "sortBy": 1}}, None)
