"""Arithmetic in expressions: what stays whole, what becomes a double, dates, rounding, and what is an error."""

import math
from datetime import UTC, datetime, timedelta

import pytest

DATE = datetime(2024, 6, 15, 12, 30, 45, 123000, tzinfo=UTC)
INT64 = 2**63 - 1


# --- $add, $subtract, $multiply, $divide, $mod --------------------------------------------------------------------------


def test_integers_stay_whole_and_a_double_makes_doubles(gives):
    gives({"$add": ["$a", "$b"]}, 7, a=5, b=2)
    gives({"$add": ["$a", "$b"]}, 7.0, a=5, b=2.0)
    gives({"$subtract": ["$a", "$b"]}, -2, a=5, b=7)
    gives({"$multiply": ["$a", "$b", 3]}, 30.0, a=5, b=2.0)
    gives({"$mod": ["$a", "$b"]}, 1.0, a=5.0, b=2)


def test_sums_of_nothing_and_of_one(gives):
    gives({"$add": []}, 0)
    gives({"$multiply": []}, 1)
    gives({"$add": "$a"}, 2.0, a=2.0)
    gives({"$add": ["$a"]}, DATE, a=DATE)


def test_doubles_are_added_from_left_to_right(gives):
    gives({"$add": ["$a", "$b", "$c"]}, 0.1 + 0.2 + 0.3, a=0.1, b=0.2, c=0.3)
    gives({"$add": ["$a", "$b", "$c"]}, 1e16, a=1e16, b=1.0, c=-0.5)


def test_integers_beyond_64_bits_are_doubles(gives):
    gives({"$add": ["$a", 1]}, 2.0**63, a=INT64)
    gives({"$add": ["$a", "$b", -1]}, INT64 - 1, a=INT64, b=0)
    gives({"$subtract": ["$a", 1]}, -(2.0**63), a=-(2**63))
    gives({"$multiply": ["$a", "$a"]}, float(INT64) ** 2, a=INT64)
    gives({"$multiply": ["$a", 2]}, 2**33, a=2**32)


@pytest.mark.parametrize("operator", ["$add", "$subtract", "$multiply", "$divide", "$mod"])
@pytest.mark.parametrize("nothing", [{}, {"b": None}])
def test_null_and_missing_give_null(gives, operator, nothing):
    gives({operator: ["$a", "$b"]}, None, a=5, **nothing)
    gives({operator: ["$b", "$a"]}, None, a=5, **nothing)


def test_the_first_operand_that_is_no_number_decides_a_sum(gives, fails):
    gives({"$add": ["$nowhere", "$s"]}, None, s="x")
    fails({"$add": ["$s", "$nowhere"]}, "$add only supports numeric or date types", s="x")
    gives({"$multiply": [None, "$s"]}, None, s="x")
    fails({"$multiply": ["$s", None]}, "$multiply only supports numeric types", s="x")


@pytest.mark.parametrize("operator", ["$subtract", "$divide", "$mod"])
@pytest.mark.parametrize("value", ["x", True, [1], {"b": 1}])
def test_what_is_no_number_is_an_error(fails, gives, operator, value):
    fails({operator: ["$a", 2]}, operator, a=value)
    gives({operator: ["$a", None]}, None, a=value)


def test_a_quotient_is_a_double(gives):
    gives({"$divide": ["$a", 2]}, 3.0, a=6)
    gives({"$divide": ["$a", "$b"]}, 2.5, a=5, b=2)
    gives({"$divide": ["$a", "$b"]}, 0.0, a=5, b=math.inf)


def test_division_by_zero_is_an_error_but_not_of_null(fails, gives):
    fails({"$divide": ["$a", "$b"]}, "can't $divide by zero", a=1, b=0)
    fails({"$divide": ["$a", 0]}, "can't $divide by zero", a=1)
    fails({"$mod": ["$a", "$b"]}, "can't $mod by zero", a=1, b=0.0)
    gives({"$divide": ["$a", "$b"]}, None, b=0)


def test_an_error_reaches_only_documents_that_reach_it(gives):
    """The engine computes ahead what does not depend on a lambda's parameter, unless it is told not to."""
    gives({"$cond": [{"$eq": ["$b", 0]}, 0, {"$divide": ["$a", "$b"]}]}, 0, a=1, b=0)
    gives({"$ifNull": ["$a", {"$divide": [1, "$b"]}]}, 1, a=1, b=0)
    gives({"$map": {"input": "$l", "in": {"$cond": [{"$eq": ["$b", 0]}, 0, {"$mod": ["$a", "$b"]}]}}}, [0], a=1, b=0, l=[1])
    gives({"$map": {"input": "$l", "in": {"$cond": [{"$lt": ["$a", 0]}, 0, {"$sqrt": "$a"}]}}}, [0], a=-1, l=[1])


def test_a_remainder_has_the_sign_of_the_dividend(gives):
    for a, b, rest in [(7, 3, 1), (-7, 3, -1), (7, -3, 1), (-(2**63), -1, 0), (INT64, 10, 7)]:
        gives({"$mod": ["$a", "$b"]}, rest, a=a, b=b)


@pytest.mark.parametrize(
    ("a", "b"), [(5.5, 2), (-2.5, 0.1), (1e18, 1.005), (-(2**63), 3.0), (0.3, 0.1), (5.0, math.inf), (1e-30, 7.0), (2.0**80, 10)]
)
def test_remainders_of_doubles_are_exact(gives, a, b):
    gives({"$mod": ["$a", "$b"]}, math.fmod(a, b), a=a, b=b)


def test_remainders_that_would_not_be_exact_fail(fails):
    fails({"$mod": ["$a", "$b"]}, "of such different size", a=1e300, b=3.0)


# --- dates ------------------------------------------------------------------------------------------------------------


def test_a_date_and_a_number_are_a_date_later_or_earlier(gives):
    gives({"$add": ["$d", 1000]}, DATE + timedelta(seconds=1), d=DATE)
    gives({"$add": [1, "$d", 2]}, DATE + timedelta(milliseconds=3), d=DATE)
    gives({"$subtract": ["$d", 86_400_000]}, DATE - timedelta(days=1), d=DATE)
    gives({"$add": ["$d", None]}, None, d=DATE)


def test_fractions_of_milliseconds_are_rounded_away_from_zero(gives):
    gives({"$add": ["$d", 0.5]}, DATE + timedelta(milliseconds=1), d=DATE)
    gives({"$add": ["$d", -2.5]}, DATE - timedelta(milliseconds=3), d=DATE)
    gives({"$subtract": ["$d", 0.49]}, DATE, d=DATE)


def test_dates_differ_by_milliseconds(gives):
    gives({"$subtract": ["$d", "$e"]}, 1500, d=DATE, e=DATE - timedelta(milliseconds=1500))
    gives({"$subtract": ["$d", "$e"]}, -1, d=datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), e=datetime(1970, 1, 1, tzinfo=UTC))


def test_dates_are_not_added_nor_taken_from_numbers(fails):
    fails({"$add": ["$d", "$d"]}, "only one date allowed", d=DATE)
    fails({"$subtract": [1, "$d"]}, "can't $subtract", d=DATE)
    fails({"$multiply": ["$d", 2]}, "$multiply only supports numeric types", d=DATE)


def test_dates_stay_within_four_digits_of_the_year(fails):
    fails({"$add": ["$d", 10**18]}, "date overflow", d=DATE)
    fails({"$add": ["$d", math.inf]}, "date overflow", d=DATE)
    fails({"$subtract": ["$d", 10**14]}, "date overflow", d=DATE)


# --- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "result"),
    [
        ("$abs", -5, 5),
        ("$abs", -2.5, 2.5),
        ("$ceil", 1.2, 2.0),
        ("$ceil", 7, 7),
        ("$floor", -1.2, -2.0),
        ("$floor", 2**62, 2**62),
        ("$round", 2.5, 2.0),
        ("$round", 3.5, 4.0),
        ("$round", -0.5, 0.0),
        ("$round", INT64, INT64),
        ("$trunc", -1.9, -1.0),
        ("$trunc", 1e300, 1e300),
    ],
)
def test_numbers_keep_their_kind(gives, operator, value, result):
    gives({operator: "$a"}, result, a=value)
    gives({operator: "$nowhere"}, None)


def test_the_least_integer_has_no_absolute_value(fails):
    fails({"$abs": "$a"}, "can't take $abs of long long min", a=-(2**63))


@pytest.mark.parametrize(
    ("value", "places", "rounded", "cut"),
    [
        (10.235, 2, 10.23, 10.23),
        (1.005, 2, 1.0, 1.0),
        (2.5, 1, 2.5, 2.5),
        (2.3, 1, 2.3, 2.2),
        (0.125, 2, 0.12, 0.12),
        (0.375, 2, 0.38, 0.37),
        (-1234.567, -2, -1200.0, -1200.0),
        (1250.0, -2, 1200.0, 1200.0),
        (1350.0, -2, 1400.0, 1300.0),
        (1e300, 5, 1e300, 1e300),
        (1250, -2, 1200, 1200),
        (1350, -2, 1400, 1300),
        (-1351, -2, -1400, -1300),
        (5, 3, 5, 5),
        (7, -20, 0, 0),
    ],
)
def test_places_are_decimal_and_exact(gives, value, places, rounded, cut):
    """The exact value of 10.235 is less than it looks, that of 2.3 too."""
    gives({"$round": ["$a", places]}, rounded, a=value)
    gives({"$round": ["$a", "$p"]}, rounded, a=value, p=places)
    gives({"$trunc": ["$a", places]}, cut, a=value)
    gives({"$trunc": ["$a", "$p"]}, cut, a=value, p=float(places))


def test_places_are_whole_numbers_within_bounds(gives, fails):
    gives({"$round": ["$a", "$p"]}, None, a=1.5)
    gives({"$round": [1.5, None]}, None)
    for places in (1.5, 101, -21, "x", True):
        fails({"$round": ["$a", "$p"]}, "the precision of $round", a=1.5, p=places)
        fails({"$round": ["$a", places]}, "the precision of $round", a=1.5)
    fails({"$round": ["$a", -1]}, "beyond 64 bits", a=INT64)


# --- powers and logarithms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "exponent", "power"),
    [
        (2, 3, 8),
        (2, 62, 2**62),
        (2, 63, 2.0**63),
        (-2, 63, -(2**63)),
        (3, 39, 3**39),
        (2, -1, 0.5),
        (-1, 1001, -1),
        (-1, -3, -1),
        (1, 10**12, 1),
        (0, 0, 1),
        (0, 5, 0),
        (2, 0.5, math.sqrt(2)),
        (2.0, 3, 8.0),
        (10, 400, math.inf),
    ],
)
def test_powers_are_whole_where_they_fit(gives, base, exponent, power):
    gives({"$pow": ["$a", "$b"]}, power, a=base, b=exponent)


def test_powers_of_nothing_and_of_zero(gives, fails):
    gives({"$pow": ["$nowhere", 2]}, None)
    fails({"$pow": ["$a", -1]}, "base of 0 and a negative exponent", a=0)
    fails({"$pow": ["$a", 2]}, "$pow's base must be numeric", a="2")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"$sqrt": "$a"}, 3.0),
        ({"$exp": {"$subtract": ["$a", 9]}}, 1.0),
        ({"$ln": "$a"}, math.log(9)),
        ({"$log10": {"$add": ["$a", 91]}}, 2.0),
        ({"$log": ["$a", 3]}, 2.0),
    ],
)
def test_roots_and_logarithms_are_doubles(answer, expression, value):
    assert answer(expression, a=9) == pytest.approx(value, rel=1e-15)
    assert isinstance(answer(expression, a=9), float)
    assert answer(expression) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"$sqrt": -1}, "greater than or equal to 0"),
        ({"$ln": 0}, "must be a positive number"),
        ({"$log10": -2}, "must be a positive number"),
        ({"$log": [0, 10]}, "must be a positive number"),
        ({"$log": [10, 1]}, "not equal to 1"),
        ({"$log": ["x", 10]}, "must be numeric"),
        ({"$exp": "x"}, "only supports numeric types"),
    ],
)
def test_arguments_outside_of_the_domain_are_errors(fails, expression, words):
    fails(expression, words)
