"""Filters over free-form documents: null and missing, arrays, types. Each rule holds on every way through the compiler."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.query.stored import Documents, documents_in

DATE = datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)
LATER = datetime(2024, 6, 16, tzinfo=UTC)

DOCUMENTS: dict[str, dict[str, Any]] = {
    # a, of any type
    "missing": {},
    "null": {"a": None},
    "zero": {"a": 0},
    "five": {"a": 5},
    "five as a double": {"a": 5.0},
    "half": {"a": 5.5},
    "beyond doubles": {"a": 2**53 + 1},
    "beyond integers": {"a": 2.0**64},
    "a double": {"a": 2.0**53},
    "true": {"a": True},
    "false": {"a": False},
    "empty text": {"a": ""},
    "text": {"a": "abc"},
    "text of five": {"a": "5"},
    "text of a date": {"a": "2024-06-15T12:30:45Z"},
    "odd text": {"a": "\x01t2024"},
    "date": {"a": DATE},
    "later": {"a": LATER},
    "empty object": {"a": {}},
    "object": {"a": {"b": 1}},
    "object with null": {"a": {"b": None}},
    "two fields": {"a": {"b": 1, "c": 2}},
    "two fields, turned": {"a": {"c": 2, "b": 1}},
    "deep": {"a": {"b": {"c": "x"}}},
    "dotted": {"a.b": 1},
    "empty array": {"a": []},
    "numbers": {"a": [1, 5, 9]},
    "texts": {"a": ["abc", "def"]},
    "mixed": {"a": [None, True, "5", 7.5]},
    "dates": {"a": [DATE]},
    "one null": {"a": [None]},
    "two nulls": {"a": [None, None]},
    "nested": {"a": [[5]]},
    "nested deeper": {"a": [[[5]]]},
    "nested empty": {"a": [[]]},
    "objects": {"a": [{"b": 1}, {"b": 3, "c": 4}]},
    "objects, one without": {"a": [{"b": 3}, {}]},
    "objects, one null": {"a": [{"b": None}, {"b": 3}]},
    "objects and scalars": {"a": [{"b": 1}, 5, "x"]},
    "objects in an array in an array": {"a": [[{"b": 1}]]},
    "objects with arrays": {"a": [{"b": [1, 2]}, {"b": [3]}]},
    "keys that are numbers": {"a": [{"1": "x"}, "y"]},
    "a key that is a number": {"a": {"0": 5}},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documents]:
    with documents_in(tmp_path_factory.mktemp("predicate"), DOCUMENTS) as documents:
        yield documents


ALL = set(DOCUMENTS)
HAVING_A = {name for name, document in DOCUMENTS.items() if "a" in document}
NULLISH = {"missing", "null", "dotted", "mixed", "one null", "two nulls"}
FIVES = {"five", "five as a double", "numbers", "objects and scalars"}

# --- null and missing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", [None, {"$eq": None}, {"$in": [None]}, {"$gte": None}, {"$lte": None}, {"$all": [None]}], ids=str)
def test_null_is_equal_to_null_and_to_a_missing_value(store: Documents, condition: Any) -> None:
    assert store.found({"a": condition}) == NULLISH


def test_nothing_is_greater_or_less_than_null(store: Documents) -> None:
    assert store.found({"a": {"$gt": None}}) == store.found({"a": {"$lt": None}}) == set()


def test_a_field_that_is_null_exists(store: Documents) -> None:
    assert store.found({"a": {"$exists": True}}) == HAVING_A
    assert store.found({"a": {"$exists": False}}) == ALL - HAVING_A


def test_the_type_null_is_that_of_an_explicit_null(store: Documents) -> None:
    assert store.found({"a": {"$type": "null"}}) == NULLISH - {"missing", "dotted"}


def test_null_below_an_array_is_that_of_its_objects(store: Documents) -> None:
    """A scalar parent has a missing field; of an array, only the objects count."""
    arrays_without = {name for name, document in DOCUMENTS.items() if isinstance(document.get("a"), list)}
    given = {"object", "two fields", "two fields, turned", "deep"}

    assert store.found({"a.b": None}) == ALL - given - arrays_without | {
        "objects, one without",
        "objects, one null",
        "keys that are numbers",
    }


# --- negation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        (5, {"$ne": 5}),
        (None, {"$ne": None}),
        ({"$in": [5, "abc"]}, {"$nin": [5, "abc"]}),
        ({"$gt": 5}, {"$not": {"$gt": 5}}),
        ({"$gte": 1, "$lt": 9}, {"$not": {"$gte": 1, "$lt": 9}}),
        (re.compile("^a"), {"$not": re.compile("^a")}),
        ({"$exists": True}, {"$not": {"$exists": True}}),
        ({"$type": "string"}, {"$not": {"$type": "string"}}),
        ({"$size": 1}, {"$not": {"$size": 1}}),
        ({"$elemMatch": {"b": 1}}, {"$not": {"$elemMatch": {"b": 1}}}),
        ({"$all": [1, 5]}, {"$not": {"$all": [1, 5]}}),
        ({"$mod": [2, 1]}, {"$not": {"$mod": [2, 1]}}),
    ],
    ids=str,
)
def test_a_negation_matches_what_the_positive_form_does_not(store: Documents, positive: Any, negative: Any) -> None:
    for path in ("a", "a.b", "a.0"):
        matched = store.found({path: positive})

        assert store.found({path: negative}) == ALL - matched
    assert store.found({"$nor": [{"a": positive}, {"a.b": positive}]}) == ALL - store.found({"$or": [{"a": positive}, {"a.b": positive}]})
    assert store.found({"a": {"$not": {"$not": positive if isinstance(positive, dict) else {"$eq": positive}}}}) == (
        store.found({"a": positive}) if not isinstance(positive, re.Pattern) else set()
    )


def test_what_is_not_at_least_five_is_more_than_what_is_less(store: Documents) -> None:
    assert store.found({"a": {"$lt": 5}}) < store.found({"a": {"$not": {"$gte": 5}}}) | {"numbers"}


# --- arrays -----------------------------------------------------------------------------------------------------------


def test_an_array_equals_what_one_of_its_elements_equals(store: Documents) -> None:
    assert store.found({"a": 5}) == FIVES
    assert store.found({"a": "abc"}) == {"text", "texts"}
    assert store.found({"a": DATE}) == {"date", "dates"}


def test_an_array_is_equal_to_an_array_or_to_an_element_that_is_one(store: Documents) -> None:
    assert store.found({"a": [5]}) == {"nested"}
    assert store.found({"a": [[5]]}) == {"nested", "nested deeper"}
    assert store.found({"a": [1, 5.0, 9]}) == {"numbers"}
    assert store.found({"a": [5, 1, 9]}) == set()
    assert store.found({"a": []}) == {"empty array", "nested empty"}
    assert store.found({"a": {"$in": [[5], 0]}}) == {"nested", "zero"}


def test_different_elements_may_satisfy_different_operators(store: Documents) -> None:
    assert "numbers" in store.found({"a": {"$gt": 6, "$lt": 4}})
    assert "numbers" not in store.found({"a": {"$elemMatch": {"$gt": 6, "$lt": 4}}})
    assert "numbers" in store.found({"a": {"$elemMatch": {"$gt": 4, "$lt": 6}}})


def test_paths_go_through_arrays_of_objects_but_not_into_arrays_in_arrays(store: Documents) -> None:
    objects = {"objects", "objects and scalars", "objects with arrays"}

    assert store.found({"a.b": 1}) == {"object", "two fields", "two fields, turned"} | objects
    assert store.found({"a.0.b": 1}) == objects | {"objects in an array in an array"}


def test_a_number_in_a_path_is_an_index_and_a_key(store: Documents) -> None:
    assert store.found({"a.1": 5}) == {"numbers", "objects and scalars"}
    assert store.found({"a.1": "x"}) == {"keys that are numbers"}
    assert store.found({"a.1": "y"}) == {"keys that are numbers"}
    assert store.found({"a.0": 5}) == {"a key that is a number"}
    assert store.found({"a.0": [5]}) == {"nested"}
    assert store.found({"a.01": {"$exists": True}}) == set()


def test_a_size_is_that_of_an_array(store: Documents) -> None:
    assert store.found({"a": {"$size": 0}}) == {"empty array"}
    assert store.found({"a": {"$size": 3}}) == {"numbers", "objects and scalars"}
    assert store.found({"a.b": {"$size": 2}}) == {"objects with arrays"}


def test_all_values_of_a_list_must_be_there(store: Documents) -> None:
    assert store.found({"a": {"$all": [1, 9]}}) == {"numbers"}
    assert store.found({"a": {"$all": [5]}}) == FIVES
    assert store.found({"a": {"$all": ["abc", re.compile("^d")]}}) == {"texts"}
    assert store.found({"a": {"$all": []}}) == set()
    assert store.found({"a": {"$all": [{"$elemMatch": {"b": 1}}, {"$elemMatch": {"c": 4}}]}}) == {"objects"}


def test_one_element_satisfies_all_of_elem_match(store: Documents) -> None:
    assert store.found({"a": {"$elemMatch": {"b": 3, "c": 4}}}) == {"objects"}
    assert store.found({"a": {"$elemMatch": {"b": 1, "c": 4}}}) == set()
    assert store.found({"a": {"$elemMatch": {"$in": [7.5, "def"]}}}) == {"mixed", "texts"}
    assert store.found({"a": {"$elemMatch": {"$elemMatch": {"$gt": 1}}}}) == {"nested"}


def test_elements_that_are_arrays_count_as_objects_in_elem_match(store: Documents) -> None:
    assert "nested empty" in store.found({"a": {"$elemMatch": {"b": None}}})
    assert store.found({"a": {"$elemMatch": {"0": 5}}}) == {"nested", "nested deeper"}


def test_negations_inside_elem_match_are_of_the_element_itself(store: Documents) -> None:
    """An element that is an array is not opened, so that `[[5]]` has an element that is not greater than 4."""
    assert {"nested", "nested deeper"} <= store.found({"a": {"$elemMatch": {"$not": {"$gt": 4}}}})
    assert "nested" in store.found({"a": {"$elemMatch": {"$ne": 5}}})
    assert "nested" in store.found({"a": {"$elemMatch": {"$nin": [5]}}})


# --- types ------------------------------------------------------------------------------------------------------------


def test_ranges_match_values_of_the_operands_own_type(store: Documents) -> None:
    numbers = {
        "five",
        "five as a double",
        "half",
        "beyond doubles",
        "beyond integers",
        "a double",
        "numbers",
        "mixed",
        "objects and scalars",
    }

    assert store.found({"a": {"$gte": 5}}) == numbers
    assert store.found({"a": {"$gt": ""}}) == {"text", "text of five", "text of a date", "odd text", "texts", "mixed"} | {
        "objects and scalars",
        "keys that are numbers",
    }
    assert store.found({"a": {"$gte": False}}) == {"true", "false", "mixed"}
    assert store.found({"a": {"$gt": False}}) == {"true", "mixed"}
    assert store.found({"a": {"$gt": DATE}}) == {"later"}
    assert store.found({"a": {"$lte": DATE}}) == {"date", "dates"}


def test_objects_and_arrays_have_an_order_too(store: Documents) -> None:
    assert store.found({"a": {"$gt": {"b": 1}}}) >= {"two fields", "two fields, turned", "deep", "objects"}
    assert store.found({"a": {"$lt": {"b": 1}}}) >= {"empty object", "object with null"}
    assert store.found({"a": {"$gte": [5]}}) >= {"nested", "texts", "nested deeper"}
    assert "numbers" not in store.found({"a": {"$gte": [5]}})


def test_numbers_are_one_type_and_compare_exactly(store: Documents) -> None:
    assert store.found({"a": 5.0}) == FIVES
    assert store.found({"a": 2**53}) == store.found({"a": 2.0**53}) == {"a double"}
    assert store.found({"a": 2**53 + 1}) == {"beyond doubles"}
    assert store.found({"a": {"$gt": 2**53}}) == {"beyond doubles", "beyond integers"}
    assert store.found({"a": {"$lt": 2.0**53 + 2, "$gt": 2.0**53}}) == {"beyond doubles"}
    assert store.found({"a": {"$in": [2.0**64, -0.0]}}) == {"beyond integers", "zero"}


def test_alternatives_match_what_each_of_them_matches(store: Documents) -> None:
    values = [5, None, True, [5], {"b": 1}, DATE]
    each = [store.found({"a": value}) for value in values]

    assert store.found({"$or": [*({"a": value} for value in values), {"a.b": 3}]}) == set().union(*each, store.found({"a.b": 3}))
    assert store.found({"$nor": [{"a": value} for value in values]}) == ALL - set().union(*each)


def test_bool_is_no_number(store: Documents) -> None:
    assert store.found({"a": True}) == {"true", "mixed"}
    assert store.found({"a": {"$in": [False]}}) == {"false"}
    assert store.found({"a": 0}) == {"zero"}


def test_nan_and_infinity_are_numbers_that_no_record_holds(store: Documents) -> None:
    assert store.found({"a": float("nan")}) == store.found({"a": {"$gte": float("nan")}}) == set()
    assert store.found({"a": {"$lt": float("inf")}}) >= FIVES


def test_an_object_is_equal_to_one_with_the_same_fields_in_the_same_order(store: Documents) -> None:
    assert store.found({"a": {"b": 1, "c": 2}}) == {"two fields"}
    assert store.found({"a": {"b": 1}}) == {"object", "objects", "objects and scalars"}
    assert store.found({"a": {}}) == {"empty object", "objects, one without"}


def test_keys_with_dots_are_not_paths(store: Documents) -> None:
    assert "dotted" not in store.found({"a.b": 1})


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("int", {"zero", "five", "numbers", "objects and scalars"}),
        ("long", {"beyond doubles"}),
        ("double", {"five as a double", "half", "beyond integers", "a double", "mixed"}),
        ("bool", {"true", "false", "mixed"}),
        ("date", {"date", "later", "dates"}),
        (["null", 3], NULLISH - {"missing", "dotted"} | {"empty object", "object", "object with null", "two fields", "two fields, turned"}
            | {"deep", "objects", "objects, one without", "objects, one null", "objects and scalars", "objects with arrays"}
            | {"keys that are numbers", "a key that is a number"}),
        ("objectId", set()),
    ],
)  # fmt: skip
def test_a_type_is_that_of_the_value_or_of_an_element(store: Documents, asked: Any, names: set[str]) -> None:
    assert store.found({"a": {"$type": asked}}) == names


def test_the_type_array_is_that_of_the_array_itself(store: Documents) -> None:
    assert store.found({"a": {"$type": "array"}}) == {name for name, document in DOCUMENTS.items() if isinstance(document.get("a"), list)}


def test_types_are_told_inside_elem_match(store: Documents) -> None:
    assert store.found({"a": {"$elemMatch": {"$type": "double"}}}) == {"mixed"}
    assert store.found({"a.b": {"$elemMatch": {"$not": {"$type": "int"}}}}) == set()


# --- patterns, remainders, values mixed in lists ----------------------------------------------------------------------


def test_patterns_match_texts_only(store: Documents) -> None:
    assert store.found({"a": {"$regex": "5"}}) == {"text of five", "text of a date", "mixed"}
    assert store.found({"a": re.compile("^AB", re.IGNORECASE)}) == {"text", "texts"}
    assert store.found({"a.b.c": re.compile("x")}) == {"deep"}


def test_a_list_may_mix_values_nulls_and_patterns(store: Documents) -> None:
    assert store.found({"a": {"$in": [re.compile("^d"), 0, None]}}) == NULLISH | {"texts", "zero"}
    assert store.found({"a": {"$in": [True, re.compile("^2024")]}}) == {"true", "mixed", "text of a date"}
    assert store.found({"a": {"$in": []}}) == set()
    assert store.found({"a": {"$nin": []}}) == ALL


def test_a_remainder_is_that_of_the_whole_part(store: Documents) -> None:
    assert store.found({"a": {"$mod": [5, 0]}}) == FIVES | {"zero", "half"}
    assert "five" in store.found({"a": {"$mod": [3.9, 2.1]}})


def test_a_text_that_looks_like_a_tag_is_a_text(store: Documents) -> None:
    assert store.found({"a": "\x01t2024"}) == {"odd text"}
    assert "odd text" not in store.found({"a": {"$type": "date"}})


# --- joined and below other paths -------------------------------------------------------------------------------------


def test_filters_are_joined(store: Documents) -> None:
    assert store.found({"$and": [{"a": {"$gt": 4}}, {"a": {"$lt": 5.2}}]}) == FIVES | {"numbers", "mixed"} - {"mixed"}
    assert store.found({"$or": [{"a": 0}, {"a": True}]}) == {"zero", "true", "mixed"}
    assert store.found({"$nor": [{"a": {"$exists": True}}, {"a.b": 7}]}) == ALL - HAVING_A
    assert store.found({}) == ALL


def test_an_expression_sees_missing_below_null_and_every_type_in_one_order(store: Documents) -> None:
    below_five = store.found({"$expr": {"$lt": ["$a", 5]}})

    assert {"missing", "null", "zero"} <= below_five
    assert not below_five & {"true", "text", "date", "numbers"}
    assert store.found({"$expr": {"$eq": ["$a", None]}}) == {"null"}
    assert store.found({"$expr": "$a"}) == HAVING_A - {"null", "zero", "false"}


def test_deep_paths_meet_scalars_arrays_and_objects(store: Documents) -> None:
    assert store.found({"a.b.c": "x"}) == {"deep"}
    assert store.found({"a.b.c": {"$exists": True}}) == {"deep"}
    assert store.found({"a.b": {"c": "x"}}) == {"deep"}
    assert store.found({"a.b": {"$gt": 2}}) == {"objects", "objects, one without", "objects, one null", "objects with arrays"}


@pytest.mark.parametrize("step", ["`", "\\", "'", "a:b", ":String", "^", "@", "[0]", "null", "a b", "é", "-", "%"])
def test_a_step_may_be_any_name(store: Documents, step: str) -> None:
    """Names that mean something in SQL, or in the names of an engine's sub-columns, mean nothing here."""
    paths = (step, f"a.{step}", f"{step}.a")

    assert store.found({"$or": [{path: condition} for path in paths for condition in ("text", {"$exists": True})]}) == set()
