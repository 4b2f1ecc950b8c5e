"""How filters are read: what each operator becomes, and what is refused, where, and with which hint."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from generations import InvalidQuery, UnknownField, UnknownOperator, Unsupported
from generations.query import Source, compile_count
from generations.query import filter as f
from generations.query.constants import Pattern
from generations.query.context import MAX_DEPTH
from generations.query.filter import parse_filter
from generations.query.operators import QUERY, REFUSED_QUERY


def meaning_of(condition: Any) -> Any:
    """The test that a condition beside a field becomes; a negation is that of the whole filter."""
    match parse_filter({"a": condition}):
        case f.Leaf("a", test, "/a"):
            return test
        case f.Not(f.Leaf("a", test, "/a")):
            return f.NotTest(test)
        case other:
            return other


MEANINGS: list[tuple[Any, Any]] = [
    (5, f.Equals(5)),
    (None, f.Equals(None)),
    ({}, f.Equals({})),
    ({"x": 1}, f.Equals({"x": 1})),
    ([1, {"$gt": 2}], f.Equals([1, {"$gt": 2}])),
    (re.compile("x", re.IGNORECASE), f.Matches(Pattern("x", "i"))),
    ({"$date": "2024-06-15T12:00:00Z"}, f.Equals(datetime(2024, 6, 15, 12, tzinfo=UTC))),
    ({"$date": 0}, f.Equals(datetime(1970, 1, 1, tzinfo=UTC))),
    ({"$numberLong": "7"}, f.Equals(7)),
    ({"$regularExpression": {"pattern": "x", "options": "m"}}, f.Matches(Pattern("x", "m"))),
    ({"$eq": 5}, f.Equals(5)),
    ({"$eq": {"$date": "2024-06-15"}}, f.Equals(datetime(2024, 6, 15, tzinfo=UTC))),
    ({"$eq": re.compile("x")}, f.Nothing()),
    ({"$ne": 5}, f.NotTest(f.Equals(5))),
    ({"$gt": 5}, f.Ordered("$gt", 5)),
    ({"$lte": None}, f.Ordered("$lte", None)),
    ({"$in": [1, None, re.compile("x")]}, f.OneOf((1, None), (Pattern("x"),))),
    ({"$in": []}, f.OneOf((), ())),
    ({"$nin": [1]}, f.NotTest(f.OneOf((1,), ()))),
    ({"$exists": True}, f.Exists()),
    ({"$exists": ""}, f.Exists()),
    ({"$exists": []}, f.Exists()),
    ({"$exists": 0}, f.NotTest(f.Exists())),
    ({"$exists": None}, f.NotTest(f.Exists())),
    ({"$type": "string"}, f.HasType(frozenset({"string"}))),
    ({"$type": [2, 10.0]}, f.HasType(frozenset({"string", "null"}))),
    ({"$type": "number"}, f.HasType(frozenset({"int", "long", "double", "decimal"}))),
    ({"$size": 2.0}, f.HasSize(2)),
    ({"$mod": [4.7, -1.2]}, f.Modulo(4, -1)),
    ({"$regex": "x"}, f.Matches(Pattern("x"))),
    ({"$options": "i", "$regex": "x"}, f.Matches(Pattern("x", "i"))),
    ({"$regex": re.compile("x"), "$options": "s"}, f.Matches(Pattern("x", "s"))),
    ({"$all": [1, re.compile("x")]}, f.Tests((f.Equals(1), f.Matches(Pattern("x"))))),
    ({"$all": []}, f.Nothing()),
    ({"$all": [{"$elemMatch": {"$gt": 1}}]}, f.Tests((f.ElementMatches(None, f.Tests((f.Ordered("$gt", 1),))),))),
    ({"$elemMatch": {"b": 1}}, f.ElementMatches(f.Leaf("b", f.Equals(1), "/a/$elemMatch/b"), None)),
    ({"$elemMatch": {"$or": [{"b": 1}]}}, f.ElementMatches(f.AnyOf((f.Leaf("b", f.Equals(1), "/a/$elemMatch/$or/0/b"),)), None)),
    ({"$not": {"$gt": 5}}, f.NotTest(f.Tests((f.Ordered("$gt", 5),)))),
    ({"$not": re.compile("x")}, f.NotTest(f.Matches(Pattern("x")))),
    ({"$gt": 1, "$lt": 5}, f.Tests((f.Ordered("$gt", 1), f.Ordered("$lt", 5)))),
]


@pytest.mark.parametrize(("condition", "meaning"), MEANINGS, ids=[str(condition) for condition, _ in MEANINGS])
def test_a_condition_means(condition: Any, meaning: Any) -> None:
    assert meaning_of(condition) == meaning


def test_a_filter_of_several_names_asks_for_all_of_them() -> None:
    one, other = f.Leaf("a", f.Equals(1), "/a"), f.Leaf("b.c", f.Equals(2), "/b.c")

    assert parse_filter({"a": 1, "b.c": 2}) == f.AllOf((one, other))
    assert parse_filter({"a": 1}) == one
    assert parse_filter({}) == parse_filter(None) == f.MATCH_ALL


def test_filters_are_joined_by_and_or_and_nor() -> None:
    assert parse_filter({"$and": [{"a": 1}]}) == f.AllOf((f.Leaf("a", f.Equals(1), "/$and/0/a"),))
    assert parse_filter({"$or": [{"a": 1}]}) == f.AnyOf((f.Leaf("a", f.Equals(1), "/$or/0/a"),))
    assert parse_filter({"$nor": [{"a": 1}]}) == f.Not(f.AnyOf((f.Leaf("a", f.Equals(1), "/$nor/0/a"),)))


def test_an_expression_is_kept_as_it_is_and_a_comment_is_not() -> None:
    assert parse_filter({"$expr": {"$gt": ["$a", 1]}, "$comment": "why"}) == f.Holds({"$gt": ["$a", 1]}, "/$expr")


def refused(raw: Any) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as caught:
        compile_count(raw, Source())
    return caught.value


@pytest.mark.parametrize(
    ("raw", "path", "hint"),
    [
        ({"model.id": {"$gtr": 1}}, "/model.id/$gtr", "$gt"),
        ({"$adn": []}, "/$adn", "$and"),
        ({"$or": [{"status": "error"}, {"usage.cost": {"$exist": 1}}]}, "/$or/1/usage.cost/$exist", "$exists"),
        ({"metadata.tags": {"$elemMatch": {"$regx": "a"}}}, "/metadata.tags/$elemMatch/$regx", "$regex"),
        ({"status": {"$not": {"$inn": []}}}, "/status/$not/$inn", "$in"),
    ],
    ids=str,
)
def test_an_unknown_operator_is_refused_with_the_nearest_one(raw: Any, path: str, hint: str) -> None:
    error = refused(raw)

    assert isinstance(error, UnknownOperator)
    assert error.path == path
    assert error.hint == f"did you mean {hint!r}?"


@pytest.mark.parametrize(
    ("raw", "path", "hint"),
    [
        ({"model.nmae": "x"}, "/model.nmae", "model.name"),
        ({"$and": [{"usage.promptToken": 1}]}, "/$and/0/usage.promptToken", "usage.promptTokens"),
        ({"metdata.x": 1}, "/metdata.x", None),
        ({"status.code": 1}, "/status.code", None),
        ({"metadata.userId.name": 1}, "/metadata.userId.name", None),
    ],
    ids=str,
)
def test_an_unknown_field_is_refused_with_the_nearest_one(raw: Any, path: str, hint: str | None) -> None:
    error = refused(raw)

    assert isinstance(error, UnknownField)
    assert error.path == path
    assert hint is None or error.hint == f"did you mean {hint!r}?"


@pytest.mark.parametrize("op", REFUSED_QUERY)
def test_what_cannot_be_exact_is_refused_with_the_way_around(op: str) -> None:
    """At the top of a filter and beside a field alike."""
    for raw, path in [({op: {}}, f"/{op}"), ({"metadata.a": {op: 1}}, f"/metadata.a/{op}")]:
        error = refused(raw)

        assert isinstance(error, Unsupported)
        assert (error.path, error.hint) == (path, REFUSED_QUERY[op])


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (5, "/"),
        ([{"a": 1}], "/"),
        ({5: 1}, "/"),
        ({"": 1}, "/"),
        ({"metadata..a": 1}, "/metadata..a"),
        ({"metadata.": 1}, "/metadata."),
        ({"a/b": {"$gtt": 1}}, "/a~1b/$gtt"),
        ({"$gt": 5}, "/$gt"),
        ({"$and": {"status": 1}}, "/$and"),
        ({"$or": []}, "/$or"),
        ({"$nor": [5]}, "/$nor/0"),
        ({"status": {"x": 1, "$gt": 2}}, "/status/$gt"),
        ({"status": {"$gt": 2, "x": 1}}, "/status/x"),
        ({"status": {"$and": [{}]}}, "/status/$and"),
        ({"status": {"$expr": True}}, "/status/$expr"),
        ({"status": {"$in": "error"}}, "/status/$in"),
        ({"status": {"$in": [{"$regex": "x"}]}}, "/status/$in/0"),
        ({"status": {"$gt": re.compile("x")}}, "/status/$gt"),
        ({"status": {"$ne": re.compile("x")}}, "/status/$ne"),
        ({"metadata.a": [re.compile("x")]}, "/metadata.a/0"),
        ({"metadata.a": {"b": re.compile("x")}}, "/metadata.a/b"),
        ({"status": {"$options": "i"}}, "/status/$options"),
        ({"status": {"$regex": 5}}, "/status/$regex"),
        ({"status": {"$regex": "x", "$options": 5}}, "/status/$regex"),
        ({"status": {"$regex": "x", "$options": "iq"}}, "/status"),
        ({"status": {"$regex": "(x"}}, "/status"),
        ({"status": {"$type": "text"}}, "/status/$type"),
        ({"status": {"$type": 99}}, "/status/$type"),
        ({"status": {"$type": True}}, "/status/$type"),
        ({"status": {"$type": []}}, "/status/$type"),
        ({"usage.cost": {"$mod": 4}}, "/usage.cost/$mod"),
        ({"usage.cost": {"$mod": [4]}}, "/usage.cost/$mod"),
        ({"usage.cost": {"$mod": [0.5, 0]}}, "/usage.cost/$mod"),
        ({"usage.cost": {"$mod": [float("nan"), 0]}}, "/usage.cost/$mod"),
        ({"metadata.tags": {"$size": -1}}, "/metadata.tags/$size"),
        ({"metadata.tags": {"$size": 1.5}}, "/metadata.tags/$size"),
        ({"metadata.tags": {"$size": "2"}}, "/metadata.tags/$size"),
        ({"metadata.tags": {"$all": "x"}}, "/metadata.tags/$all"),
        ({"metadata.tags": {"$all": [{"$gt": 1}]}}, "/metadata.tags/$all/0"),
        ({"metadata.tags": {"$elemMatch": 5}}, "/metadata.tags/$elemMatch"),
        ({"metadata.a": {"$elemMatch": {"$expr": True}}}, "/metadata.a/$elemMatch/$expr"),
        ({"status": {"$not": 5}}, "/status/$not"),
        ({"status": {"$not": {}}}, "/status/$not"),
        ({"status": {"$not": {"x": 1}}}, "/status/$not"),
        ({"timestamp": {"$gte": "yesterday"}}, "/timestamp"),
        ({"timestamp": {"$date": "yesterday"}}, "/timestamp/$date"),
        ({"timestamp": {"$date": "0001-01-01T00:00:00+14:00"}}, "/timestamp/$date"),
        ({"timestamp": {"$date": 10**17}}, "/timestamp/$date"),
        ({"timestamp": {"$date": {"$numberLong": "9" * 40}}}, "/timestamp/$date"),
        ({"timestamp": {"$date": {"$numberLong": "soon"}}}, "/timestamp/$date"),
        ({"metadata.a": {"$numberLong": "many"}}, "/metadata.a"),
        ({"metadata.a": {"$numberDouble": "many"}}, "/metadata.a"),
        ({"metadata.a": {"$oid": "0" * 24}}, "/metadata.a"),
        ({"metadata.a": b"bytes"}, "/metadata.a"),
        ({"metadata.a": "\ud800"}, "/metadata.a"),
        ({"metadata.a": {5: 1}}, "/metadata.a"),
    ],
    ids=str,
)
def test_a_malformed_filter_is_refused_where_it_is_wrong(raw: Any, path: str) -> None:
    assert refused(raw).path == path


def nested(op: str, levels: int) -> Any:
    filter: Any = {"status": "error"}
    for _ in range(levels):
        filter = {op: [filter]}
    return filter


def test_a_filter_nests_only_so_deep() -> None:
    """Deeper ones are refused before Python's own stack is at its end."""
    assert parse_filter(nested("$and", MAX_DEPTH)) is not None
    assert "deeper" in refused(nested("$or", MAX_DEPTH + 1)).message
    assert "deeper" in refused(nested("$or", 100_000)).message

    value: Any = 1
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    assert "deeper" in refused({"metadata.a": value}).message

    condition: Any = {"$gt": 1}
    for _ in range(10_000):
        condition = {"$elemMatch": condition}
    assert "deeper" in refused({"metadata.a": condition}).message

    condition = {"$gt": 1}
    for _ in range(10_000):
        condition = {"$not": condition}
    assert "deeper" in refused({"metadata.a": condition}).message


@pytest.mark.parametrize("op", [op for op in QUERY if op not in ("$and", "$or", "$nor", "$expr", "$comment")])
def test_an_operator_of_fields_at_the_top_is_refused_with_an_example(op: str) -> None:
    error = refused({op: 1})

    assert error.path == f"/{op}"
    assert op in (error.hint or "")
