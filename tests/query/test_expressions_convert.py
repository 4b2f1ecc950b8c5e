"""Types in expressions: their names, and conversions with what they accept."""

import math
from datetime import UTC, datetime

import pytest

from .conftest import MISSING

DATE = datetime(2024, 6, 15, 12, 30, 45, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (5, "int"),
        (2**31, "long"),
        (5.0, "double"),
        ("5", "string"),
        (True, "bool"),
        (None, "null"),
        ([5], "array"),
        ({}, "object"),
        (DATE, "date"),
    ],
)
def test_type_names(gives, value, name):
    gives({"$type": "$a"}, name, a=value)
    gives({"$isNumber": "$a"}, name in ("int", "long", "double"), a=value)


def test_the_type_of_nothing_and_of_longs(gives):
    gives({"$type": "$nowhere"}, "missing")
    gives({"$isNumber": "$nowhere"}, False)
    gives({"$type": {"$toLong": "$a"}}, "long", a=5)
    gives({"$type": {"$toLong": "$a"}}, "null")


@pytest.mark.parametrize(
    ("operator", "value", "result"),
    [
        ("$toBool", 0.0, False),
        ("$toBool", math.nan, True),
        ("$toBool", "", True),
        ("$toBool", "false", True),
        ("$toBool", [], True),
        ("$toBool", DATE, True),
        ("$toInt", 2.9, 2),
        ("$toInt", -2.9, -2),
        ("$toInt", True, 1),
        ("$toInt", "-12", -12),
        ("$toInt", "+7", 7),
        ("$toInt", 2.0**31 - 1, 2**31 - 1),
        ("$toLong", "9223372036854775807", 2**63 - 1),
        ("$toLong", -(2.0**63), -(2**63)),
        ("$toLong", DATE, 1718454645123),
        ("$toLong", datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), -1),
        ("$toDouble", 5, 5.0),
        ("$toDouble", "1.5e3", 1500.0),
        ("$toDouble", ".5", 0.5),
        ("$toDouble", "-Infinity", -math.inf),
        ("$toDouble", DATE, 1718454645123.0),
        ("$toDouble", False, 0.0),
        ("$toString", True, "true"),
        ("$toString", 5, "5"),
        ("$toString", "x", "x"),
        ("$toString", DATE, "2024-06-15T12:30:45.123Z"),
        ("$toDate", 1718454645123, DATE),
        ("$toDate", -1.9, datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        ("$toDate", DATE, DATE),
    ],
)
def test_conversions(gives, operator, value, result):
    gives({operator: "$a"}, result, a=value)
    gives({operator: "$nowhere"}, None)


@pytest.mark.parametrize(
    ("double", "text"),
    [
        (3.0, "3"),
        (2.5, "2.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e15, "1000000000000000"),
        (1e16, "1e+16"),
        (12345678901234568.0, "1.2345678901234568e+16"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e300, "1e+300"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_doubles_as_text_are_the_shortest_that_read_back(gives, double, text):
    gives({"$toString": "$a"}, text, a=double)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("$toInt", 2**31),
        ("$toInt", 2147483648.0),
        ("$toInt", math.nan),
        ("$toInt", "1.5"),
        ("$toInt", ""),
        ("$toInt", " 1"),
        ("$toInt", "0x10"),
        ("$toInt", DATE),
        ("$toInt", [1]),
        ("$toLong", 2.0**63),
        ("$toLong", "9223372036854775808"),
        ("$toDouble", "abc"),
        ("$toDouble", "1e400"),
        ("$toDouble", "0x10"),
        ("$toDouble", {}),
        ("$toString", [1]),
        ("$toString", {}),
        ("$toDate", True),
        ("$toDate", 1e30),
        ("$toDate", "yesterday or so"),
    ],
)
def test_what_cannot_be_converted_is_an_error(fails, answer, operator, value):
    target = {"$toInt": "int", "$toLong": "long", "$toDouble": "double", "$toString": "string", "$toDate": "date"}[operator]
    fails({operator: "$a"}, f"{operator}: failed to convert a value to {target}", a=value)
    assert answer({"$convert": {"input": "$a", "to": target, "onError": "$b"}}, a=value, b=[1]) == [1]
    assert answer({"$convert": {"input": "$a", "to": target, "onError": "$b"}}, a=value) == MISSING


def test_convert_by_name_number_or_object(gives, fails):
    for to in ("int", 16, 16.0, {"type": "int"}):
        gives({"$convert": {"input": "$a", "to": to}}, 2, a=2.5)
    gives({"$convert": {"input": "$a", "to": None}}, None, a=2.5)
    fails({"$convert": {"input": "$a", "to": "integer"}}, "unknown type 'integer'", a=2.5)
    fails({"$convert": {"input": "$a", "to": "decimal"}}, "conversion to decimal is not supported", a=2.5)
    fails({"$convert": {"input": "$a", "to": "$t"}}, "a type that differs by record", a=2.5, t="int")


def test_convert_of_nothing_is_on_null(gives):
    gives({"$convert": {"input": "$a", "to": "int", "onNull": "none", "onError": "bad"}}, "none")
    gives({"$convert": {"input": "$a", "to": "int", "onNull": "none", "onError": "bad"}}, 5, a="5")
    gives({"$convert": {"input": "$a", "to": "int", "onError": "bad"}}, None)
    gives({"$convert": {"input": "$a", "to": None, "onNull": "none"}}, "none")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-06-15", datetime(2024, 6, 15, tzinfo=UTC)),
        (" 2024-06-15T12:30:45.123Z\n", DATE),
        ("\0\u00a02024-06-15 12:30:45.123", DATE),
        ("2024-06-15T12:30", datetime(2024, 6, 15, 12, 30, tzinfo=UTC)),
        ("2024-06-15T12:30:45.5+05:30", datetime(2024, 6, 15, 7, 0, 45, 500000, tzinfo=UTC)),
        ("2024-06-15T12:30:45-0530", datetime(2024, 6, 15, 18, 0, 45, tzinfo=UTC)),
        ("2024-06-15T12:30:45+02", datetime(2024, 6, 15, 10, 30, 45, tzinfo=UTC)),
        ("2024-06-15T12:30:45 Z", datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_dates_are_read_from_iso_texts(gives, text, instant):
    gives({"$toDate": "$a"}, instant, a=text)


@pytest.mark.parametrize("text", ["2024-02-30", "2024-13-01", "2024-00-10", "bad", "", "order 12345 of ACME", "12.5", "-1234", "123456"])
def test_texts_that_are_certainly_no_dates_cannot_be_converted(gives, text):
    gives({"$convert": {"input": "$a", "to": "date", "onError": "no"}}, "no", a=text)


@pytest.mark.parametrize(
    "text",
    [
        "July 4, 2017",
        "2024/06/15",
        "15.06.2024",
        "20240615",
        "2024-6-5",
        "Sat, 15 Jun 2024 12:30:45 GMT",
        "@1718454645",
        "4th of july 2017",
    ],
)
def test_texts_that_may_be_dates_in_another_notation_fail_the_query(fails, text):
    fails({"$convert": {"input": "$a", "to": "date", "onError": "no"}}, "must be in ISO 8601", a=text)
