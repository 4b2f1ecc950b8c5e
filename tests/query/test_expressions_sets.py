"""Arrays as sets: equality by value, first representations kept, null and missing as MongoDB has them."""

import pytest

MIXED = [5, 5.0, "5", None, True, 1, [1], [1.0], {"a": 1}, {"a": 1.0}]
DISTINCT = [5, "5", None, True, 1, [1], {"a": 1}]


def test_a_union_keeps_the_first_of_equal_values(gives):
    gives({"$setUnion": ["$a", "$b"]}, DISTINCT, a=MIXED, b=[1.0, {"a": 1}])
    gives({"$setUnion": ["$a"]}, [2.0], a=[2.0, 2])
    gives({"$setUnion": []}, [])


def test_an_intersection_keeps_what_is_in_all(gives):
    gives({"$setIntersection": ["$a", "$b", "$c"]}, [2, [1]], a=[1, 2, 2, [1]], b=[2.0, [1.0], 3], c=[[1], 2])
    gives({"$setIntersection": ["$a"]}, [1], a=[1, 1.0])
    gives({"$setIntersection": ["$a", []]}, [], a=[1])
    gives({"$setIntersection": []}, [])


def test_a_difference_keeps_what_is_not_in_the_second(gives):
    gives({"$setDifference": ["$a", "$b"]}, [3, {"y": 1, "x": 1}], a=[1, 3, 3.0, {"y": 1, "x": 1}], b=[1.0, {"x": 1, "y": 1}])


@pytest.mark.parametrize("op", ["$setUnion", "$setIntersection", "$setDifference"])
def test_a_set_of_nothing_is_null(gives, fails, op):
    gives({op: ["$a", "$nowhere"]}, None, a=[1])
    gives({op: ["$a", None]}, None, a=[1])
    gives({op: ["$a", None]}, None, a="text")
    fails({op: ["$a", "$b"]}, "must be arrays", a=[1], b="text")


def test_sets_are_equal_by_their_elements(gives, fails):
    gives({"$setEquals": ["$a", "$b"]}, True, a=[1, 2, 2], b=[2.0, 1])
    gives({"$setEquals": ["$a", "$b", [1]]}, False, a=[1, 2], b=[2, 1])
    gives({"$setEquals": ["$a", "$b"]}, False, a=[[1, 2]], b=[[2, 1]])
    gives({"$setEquals": [[], "$b"]}, True, b=[])
    fails({"$setEquals": ["$a", "$nowhere"]}, "must be arrays", a=[1])


def test_subsets(gives, fails):
    gives({"$setIsSubset": ["$a", "$b"]}, True, a=[1, 1.0], b=[1, 2])
    gives({"$setIsSubset": ["$a", "$b"]}, False, a=[True], b=[1, 2])
    gives({"$setIsSubset": [[], "$b"]}, True, b=[])
    fails({"$setIsSubset": [None, "$b"]}, "must be arrays", b=[])


def test_some_or_all_elements_count_as_true(gives, fails):
    truths = [([], False, True), ([0, None, False], False, False), ([0, ""], True, False), ([[], {}, "0", 2.5], True, True)]
    for array, some, every in truths:
        gives({"$anyElementTrue": ["$a"]}, some, a=array)
        gives({"$allElementsTrue": ["$a"]}, every, a=array)
    gives({"$anyElementTrue": [[0, "$n"]]}, False, n=0.0)
    fails({"$anyElementTrue": ["$nowhere"]}, "must be an array")
    fails({"$allElementsTrue": ["$a"]}, "must be an array", a=None)
