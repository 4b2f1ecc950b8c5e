"""Texts in expressions: code points and bytes, ASCII case, parts, trimming, replacing, patterns."""

from datetime import UTC, datetime

import pytest

DATE = datetime(2024, 6, 15, 12, 30, 45, 123000, tzinfo=UTC)


def test_concat_puts_texts_together(gives):
    gives({"$concat": ["$a", "-", "$b"]}, "é-\x01s", a="é", b="\x01s")
    gives({"$concat": []}, "")
    gives({"$concat": "$a"}, "x", a="x")


def test_the_first_operand_that_is_no_text_decides_a_concat(gives, fails):
    gives({"$concat": ["$nowhere", 5]}, None)
    fails({"$concat": [5, "$nowhere"]}, "$concat only supports strings")
    fails({"$concat": ["$a"]}, "$concat only supports strings", a=DATE)


def test_case_is_that_of_ascii(gives):
    gives({"$toUpper": "$a"}, "HéLLO", a="héllo")
    gives({"$toLower": "$a"}, "hÉllo", a="HÉLLO")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (5, "5"), (-(2**63), "-9223372036854775808"), (1.5, "1.5"), (1e6, "1E+06"), (DATE, "2024-06-15T12:30:45.123Z")],
)
def test_numbers_and_dates_are_taken_for_texts(gives, value, text):
    gives({"$toUpper": "$a"}, text, a=value)
    gives({"$substrBytes": ["$a", 0, -1]}, text.lower() if isinstance(value, float) else text, a=value)


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_other_values_are_not(fails, value):
    for expression in ({"$toLower": "$a"}, {"$substrCP": ["$a", 0, 1]}, {"$strcasecmp": ["$a", "x"]}):
        fails(expression, "can't convert from this BSON type to String", a=value)


def test_strcasecmp_compares_without_case(gives):
    for a, b, sign in [("abc", "ABC", 0), ("a", "B", -1), ("b", "A", 1), (None, "", 0), (5, "5", 0)]:
        gives({"$strcasecmp": ["$a", "$b"]}, sign, a=a, b=b)


def test_lengths_count_code_points_or_bytes(gives, fails):
    gives({"$strLenCP": "$a"}, 3, a="é😀x")
    gives({"$strLenBytes": "$a"}, 7, a="é😀x")
    fails({"$strLenCP": "$nowhere"}, "$strLenCP requires a string argument")
    fails({"$strLenBytes": "$a"}, "$strLenBytes requires a string argument", a=5)


def test_parts_by_code_points(gives, fails):
    gives({"$substrCP": ["$a", 1, 2]}, "él", a="hélo")
    gives({"$substrCP": ["$a", "$i", "$n"]}, "o", a="hélo", i=3.0, n=2**31 - 1)
    gives({"$substrCP": ["$a", 9, 2]}, "", a="hélo")
    fails({"$substrCP": ["$a", 0.5, 1]}, "starting index must be a 32-bit integer", a="x")
    fails({"$substrCP": ["$a", 0, -1]}, "length must be a nonnegative integer", a="x")
    fails({"$substrCP": ["$a", -1, 1]}, "starting index must be a nonnegative integer", a="x")
    fails({"$substrCP": ["$a", "$nowhere", 1]}, "starting index must be a 32-bit integer", a="x")


def test_parts_by_bytes_never_cut_a_character(gives, fails):
    gives({"$substrBytes": ["$a", 1, 2]}, "é", a="hélo")
    gives({"$substr": ["$a", 3, -1]}, "lo", a="hélo")
    gives({"$substr": ["$a", 0.9, 1.9]}, "h", a="hélo")
    gives({"$substr": ["$a", 99, 1]}, "", a="hélo")
    fails({"$substrBytes": ["$a", 2, 1]}, "starting index is a UTF-8 continuation byte", a="hélo")
    fails({"$substrBytes": ["$a", 0, 2]}, "ending index is in the middle", a="hélo")
    fails({"$substrBytes": ["$a", -1, 2]}, "starting index must be non-negative", a="hélo")
    fails({"$substrBytes": ["$a", None, 2]}, "starting index must be a numeric type", a="hélo")


@pytest.mark.parametrize(
    ("arguments", "by_code_points", "by_bytes"),
    [
        (["l"], 2, 3),
        (["z"], -1, -1),
        (["l", 3], 3, 3),
        (["l", 9], -1, -1),
        (["lo", 0, 4], 3, -1),
        (["l", 0, 2], -1, -1),
        (["l", 3, 1], -1, -1),
        ([""], 0, 0),
        (["", 5], -1, 5),
    ],
)
def test_positions(gives, arguments, by_code_points, by_bytes):
    """As the server has it: by code points a match may end after the end, and nothing is found at the very end."""
    gives({"$indexOfCP": ["$a", *arguments]}, by_code_points, a="héllo")
    gives({"$indexOfBytes": ["$a", *arguments]}, by_bytes, a="héllo")


def test_positions_of_nothing_and_in_nothing(gives, fails):
    gives({"$indexOfCP": ["$nowhere", "a", -1]}, None)
    gives({"$indexOfCP": ["", ""]}, 0)
    fails({"$indexOfCP": ["a", "$nowhere"]}, "requires a string as the second argument")
    fails({"$indexOfBytes": [5, "a"]}, "requires a string as the first argument")
    fails({"$indexOfBytes": ["a", "a", -1]}, "requires a nonnegative starting index")
    fails({"$indexOfBytes": ["a", "a", 0, 1.5]}, "requires an integral ending index")


def test_split_cuts_at_a_separator(gives, fails):
    gives({"$split": ["$a", ","]}, ["", "é", "", "x"], a=",é,,x")
    gives({"$split": ["$a", "$b"]}, ["1", "2"], a="1ab2", b="ab")
    gives({"$split": ["$a", ","]}, [""], a="")
    gives({"$split": ["$a", "$nowhere"]}, None, a="x")
    gives({"$split": ["$a", "b"]}, ["\x01s", "x"], a="\x01sbx")
    fails({"$split": ["$a", ""]}, "non-empty separator", a="x")
    fails({"$split": ["$a", "$b"]}, "non-empty separator", a="x", b="")
    fails({"$split": ["$a", "x"]}, "as a first argument", a=5)


def test_trim_drops_blanks_at_the_ends(gives, fails):
    text = "\0 \u00a0\u2003a b\n"
    gives({"$trim": {"input": "$a"}}, "a b", a=text)
    gives({"$ltrim": {"input": "$a"}}, "a b\n", a=text)
    gives({"$rtrim": {"input": "$a"}}, "\0 \u00a0\u2003a b", a=text)
    gives({"$trim": {"input": "$nowhere"}}, None)
    fails({"$trim": {"input": 5}}, "$trim requires its input to be a string")


@pytest.mark.parametrize(
    ("operator", "chars", "result"),
    [("$trim", "éx]", "a-x^a"), ("$ltrim", "éx]", "a-x^aé"), ("$rtrim", "éx]", "xa-x^a"), ("$trim", "", "xa-x^aé"), ("$trim", "xaé^-", "")],
)
def test_trim_drops_given_characters(gives, operator, chars, result):
    gives({operator: {"input": "$a", "chars": chars}}, result, a="xa-x^aé")
    gives({operator: {"input": "$a", "chars": "$c"}}, result, a="xa-x^aé", c=chars)


def test_trim_needs_characters_that_are_text(gives, fails):
    gives({"$trim": {"input": "$a", "chars": None}}, None, a="x")
    gives({"$trim": {"input": "$a", "chars": "$nowhere"}}, None, a="x")
    fails({"$trim": {"input": "$a", "chars": "$c"}}, "requires 'chars' to be a string", a="x", c=5)


@pytest.mark.parametrize(
    ("find", "one", "every"),
    [("l", "heL.1lo", "heL.1L.1o"), ("", "L.1hello", "L.1hL.1eL.1lL.1lL.1oL.1"), ("z", "hello", "hello"), (".", "hello", "hello")],
)
def test_replacing(gives, find, one, every):
    for expression in ({"input": "$a", "find": "$f", "replacement": "$r"}, {"input": "$a", "find": find, "replacement": "L.1"}):
        gives({"$replaceOne": expression}, one, a="hello", f=find, r="L.1")
        gives({"$replaceAll": expression}, every, a="hello", f=find, r="L.1")


def test_replacing_in_nothing_is_null_and_types_are_checked_first(gives, fails):
    gives({"$replaceAll": {"input": "$nowhere", "find": "a", "replacement": "b"}}, None)
    gives({"$replaceOne": {"input": "a", "find": "a", "replacement": None}}, None)
    fails({"$replaceOne": {"input": "$nowhere", "find": 5, "replacement": "b"}}, "requires that 'find' be a string")


# --- patterns ---------------------------------------------------------------------------------------------------------


def test_regex_match(gives, fails):
    gives({"$regexMatch": {"input": "$a", "regex": "^H", "options": "i"}}, True, a="hello")
    gives({"$regexMatch": {"input": "$a", "regex": "^H"}}, False, a="hello")
    gives({"$regexMatch": {"input": "$nowhere", "regex": ".*"}}, False)
    gives({"$regexMatch": {"input": "$a", "regex": None}}, False, a="hello")
    fails({"$regexMatch": {"input": "$a", "regex": "h"}}, "needs 'input' to be of type string", a=5)


def test_regex_find_tells_position_and_captures(gives):
    gives(
        {"$regexFind": {"input": "$a", "regex": "(l+)(o)?(z)?"}},
        {"match": "llo", "idx": 2, "captures": ["ll", "o", None]},
        a="héllo llo",
    )
    gives({"$regexFind": {"input": "$a", "regex": "z"}}, None, a="hello")
    gives({"$regexFind": {"input": "$nowhere", "regex": "z"}}, None)
    gives({"$regexFind": {"input": "$a", "regex": "(a)|(b)"}}, {"match": "b", "idx": 1, "captures": [None, "b"]}, a="xb")
    gives({"$regexFind": {"input": "$a", "regex": "x*"}}, {"match": "", "idx": 0, "captures": []}, a="abc")


def test_regex_find_all_goes_on_after_each_match(gives, fails):
    found = [{"match": "a1", "idx": 1, "captures": ["1"]}, {"match": "a22", "idx": 4, "captures": ["22"]}]
    gives({"$regexFindAll": {"input": "$a", "regex": "a(\\d+)"}}, found, a="éa1 a22")
    gives({"$regexFindAll": {"input": "$a", "regex": "^a"}}, [{"match": "a", "idx": 0, "captures": []}], a="aaa")
    gives({"$regexFindAll": {"input": "$nowhere", "regex": "a"}}, [])
    fails({"$regexFindAll": {"input": "$a", "regex": "x*"}}, "matches the empty text", a="abc")
    fails({"$regexFindAll": {"input": "$a", "regex": "x*"}}, "matches the empty text", a="")


def test_patterns_are_constants(gives, fails):
    gives({"$regexFind": {"input": "$a", "regex": {"$concat": ["hel", "lo"]}}}, {"match": "hello", "idx": 0, "captures": []}, a="hello")
    gives({"$regexFind": {"input": "$a", "regex": "$nowhere"}}, None, a="hello")
    gives({"$regexMatch": {"input": "$a", "regex": "$nowhere"}}, False, a="hello")
    fails({"$regexMatch": {"input": "$a", "regex": "$a"}}, "must be a constant", a="hello")


def test_a_group_that_may_be_empty_or_take_no_part_is_refused(fails):
    fails({"$regexFind": {"input": "$a", "regex": "a(b*)?"}}, "may be empty or take no part", a="abc")
    fails({"$regexFind": {"input": "$a", "regex": "(x(y*)|z)"}}, "may be empty or take no part", a="abc")


@pytest.mark.parametrize("pattern", ["(a)[(](b)?", r"\((a)(?:b(c))?", "(?P<n>a)(?:(b)|c)"])
def test_brackets_that_are_no_groups_do_not_count(answer, pattern):
    captures = answer({"$regexFind": {"input": "$a", "regex": pattern}}, a="(a a( ac a(")["captures"]

    assert captures[0] == "a"
    assert captures[1:] in ([], [None])
