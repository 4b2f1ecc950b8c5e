"""Objects in expressions: fields as pairs, merging, and fields by any name."""

import pytest

from .conftest import MISSING

ODD = {"a.b": 1, "$x": 2, "": 3, "__proto__": 4, "\x01d5": 5, 'q"\\': 6}


def test_an_object_is_an_array_of_pairs(gives, fails):
    gives({"$objectToArray": "$o"}, [{"k": "b", "v": [1]}, {"k": "a", "v": None}], o={"b": [1], "a": None})
    gives({"$objectToArray": "$o"}, [{"k": name, "v": value} for name, value in ODD.items()], o=ODD)
    gives({"$objectToArray": "$o"}, [], o={})
    gives({"$objectToArray": "$nowhere"}, None)
    fails({"$objectToArray": "$o"}, "requires an object", o=[1])


def test_pairs_of_both_forms_make_an_object(gives):
    gives({"$arrayToObject": "$a"}, {"x": 1, "y": None}, a=[{"k": "x", "v": 1}, {"v": None, "k": "y"}])
    gives({"$arrayToObject": "$a"}, {"x": 1, "y": [2]}, a=[["x", 1], ["y", [2]]])
    gives({"$arrayToObject": "$a"}, {}, a=[])
    gives({"$arrayToObject": [[["z", "$n"], ["a", "$nowhere"]]]}, {"z": 2.0, "a": None}, n=2.0)
    gives({"$arrayToObject": "$nowhere"}, None)


def test_of_equal_keys_the_last_value_stands_in_the_first_place(gives):
    gives({"$arrayToObject": "$a"}, {"x": 3, "y": 2}, a=[["x", 1], ["y", 2], ["x", 3]])


def test_an_object_survives_the_way_to_pairs_and_back(gives):
    gives({"$arrayToObject": {"$objectToArray": "$o"}}, ODD, o=ODD)


@pytest.mark.parametrize(
    "pairs",
    [
        [["x"]],
        [["x", 1, 2]],
        [[1, 2]],
        [[None, 2]],
        [{"k": "x"}],
        [{"k": "x", "v": 1, "w": 2}],
        [{"k": 1, "v": 1}],
        [["x", 1], {"k": "y", "v": 2}],
        [{"k": "y", "v": 2}, ["x", 1]],
        ["x"],
        [["a\0b", 1]],
        {"k": "x", "v": 1},
    ],
)
def test_what_is_no_array_of_pairs_makes_no_object(fails, pairs):
    fails({"$arrayToObject": "$a"}, "$arrayToObject requires", a=pairs)


def test_merging_overwrites_in_place(gives, fails):
    gives({"$mergeObjects": ["$o", "$p"]}, {"x": 1, "y": 9, "z": 3}, o={"x": 1, "y": 2}, p={"z": 3, "y": 9})
    gives({"$mergeObjects": ["$o", None, "$nowhere"]}, {"x": 1}, o={"x": 1})
    gives({"$mergeObjects": "$o"}, {"x": 1}, o={"x": 1})
    gives({"$mergeObjects": []}, {})
    gives({"$mergeObjects": ["$nowhere", None]}, {})
    fails({"$mergeObjects": ["$o", "$n"]}, "requires objects", o={}, n=1)
    fails({"$mergeObjects": "$a"}, "requires objects", a=[{"x": 1}])


def test_merging_keeps_the_places_of_fields_that_are_there(gives):
    made = [{"a": "$a", "b": "$b"}, {"c": "$c"}, {"a": "$d"}]
    gives({"$mergeObjects": made}, {"b": 2, "c": 3, "a": 4}, b=2, c=3, d=4)
    gives({"$mergeObjects": made}, {"a": 1, "b": 2}, a=1, b=2)
    gives({"$mergeObjects": made[:2]}, {"b": 2, "c": 3}, b=2, c=3)
    gives({"$mergeObjects": ["$o", {"x": "$nowhere"}]}, {"x": 1}, o={"x": 1})


@pytest.mark.parametrize("name", ODD)
def test_every_name_is_reached(gives, name):
    field = {"$literal": name}
    rest = {other: value for other, value in ODD.items() if other != name}
    gives({"$getField": {"field": field, "input": "$o"}}, ODD[name], o=ODD)
    gives({"$getField": {"field": "$name", "input": "$o"}}, ODD[name], o=ODD, name=name)
    gives({"$setField": {"field": field, "input": "$o", "value": "$v"}}, {**ODD, name: "new"}, o=ODD, v="new")
    gives({"$setField": {"field": field, "input": "$o", "value": 7}}, {"first": 1, name: 7}, o={"first": 1})
    gives({"$unsetField": {"field": field, "input": "$o"}}, rest, o=ODD)


def test_a_name_with_dots_is_one_name(gives):
    gives({"$getField": "a.b"}, MISSING, a={"b": 1})
    gives({"$getField": "a"}, {"b": 1}, a={"b": 1})
    gives({"$setField": {"field": "a.b", "input": "$o", "value": 1}}, {"a": {"b": 0}, "a.b": 1}, o={"a": {"b": 0}})


def test_a_field_of_what_has_none(gives, fails):
    gives({"$getField": {"field": "x", "input": None}}, None)
    for source in ["$nowhere", "$n", "$a", "$o"]:
        gives({"$getField": {"field": "x", "input": source}}, MISSING, n=5, a=[{"x": 1}], o={"y": 1})
    fails({"$getField": {"field": "$n", "input": "$o"}}, "requires a string", n=5, o={})
    fails({"$getField": {"field": 5, "input": "$o"}}, "requires a string", o={})


def test_setting_a_field_to_no_value_removes_it(gives):
    for value in ["$$REMOVE", "$nowhere"]:
        gives({"$setField": {"field": "x", "input": "$o", "value": value}}, {"y": 2}, o={"x": 1, "y": 2})
        gives({"$setField": {"field": "z", "input": "$o", "value": value}}, {"x": 1}, o={"x": 1})
    gives({"$setField": {"field": "x", "input": "$o", "value": None}}, {"x": None}, o={"x": 1})
    gives({"$setField": {"field": "x", "input": {"y": "$n"}, "value": 1}}, {"y": 2, "x": 1}, n=2)


def test_fields_are_set_in_objects_only(gives, fails):
    gives({"$setField": {"field": "x", "input": "$nowhere", "value": 1}}, None)
    gives({"$unsetField": {"field": "x", "input": None}}, None)
    fails({"$setField": {"field": "x", "input": "$n", "value": 1}}, "requires an object", n=5)
    fails({"$setField": {"field": "$name", "input": "$o", "value": 1}}, "requires a constant string", o={}, name="x")
    fails({"$unsetField": {"field": 5, "input": "$o"}}, "requires a constant string", o={})
