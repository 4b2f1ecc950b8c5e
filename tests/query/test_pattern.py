"""Regular expressions: what the engine cannot match as PCRE does is refused, the rest is translated and matches alike."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from generations import InvalidQuery, Unsupported
from generations.query.constants import Pattern
from generations.query.pattern import to_re2
from tests.query.stored import Documents, documents_in

TEXTS = [
    "", "a", "abc", "ABC", "a\n", "a\nb", "\n", "a b", "a#b", "aXc", "a\nc", "5", "x5y", "é", "É", "日本", "a$", "$", "[a]", "]", "\\",
    "a-b", "a.b", "aaa", "first\nsecond\n", " a", "tab\there", "-", "^", "{2}", "a{2}", "a\vb", "\x1b[0m", "a&&b", "(?=", "a{,3}",
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documents]:
    with documents_in(tmp_path_factory.mktemp("pattern"), {repr(text): {"a": text} for text in TEXTS}) as documents:
        yield documents


@pytest.mark.parametrize(
    ("pattern", "options"),
    [
        ("a", ""),
        ("^a$", ""),
        ("a$", ""),
        ("a$", "m"),
        ("^b", "m"),
        ("^$", ""),
        ("a.b", ""),
        ("a.b", "s"),
        ("a.c", "im"),
        ("a#b", ""),
        ("a # a comment\n b", "x"),
        ("a\\ b", "x"),
        ("a[ #]b", "x"),
        ("a\\#b", "x"),
        ("[$]", ""),
        ("\\$", ""),
        ("a[^$]", ""),
        ("[]a]", ""),
        ("[^]a]", ""),
        ("\\[a\\]", ""),
        ("[\\]a]{2}", ""),
        ("\\d", ""),
        ("^\\w+$", ""),
        ("\\s", ""),
        ("\\bb\\b", ""),
        ("(?i)abc", ""),
        ("(?:a|b)c?$", ""),
        ("(a)(b)?", ""),
        ("a{2,}", ""),
        ("a{2}", ""),
        ("a+?", ""),
        ("^(?P<x>a)", ""),
        ("[[]", ""),
        ("日", ""),
        ("é", ""),
        ("[é日]", ""),
        ("\\x61", ""),
        ("second$", ""),
        ("first$", "m"),
        ("\\Aa", ""),
        ("\\.", ""),
        ("a-b|a\\.b", "u"),
        ("\\\\", ""),
        ("-", ""),
        ("[a-]b", ""),
        ("a\\sb", ""),
        ("a\\Sb", ""),
        ("a[\\s]b", ""),
        ("a[^\\s]b", ""),
        ("a[\\S]b", ""),
        ("[&&b]{3}", ""),
        ("[+--]", ""),
        ("\\(\\?=", ""),
        ("[(?=]", ""),
        ("\\\\1", ""),
        ("a(?#what follows)b", ""),
        ("(?m)^b", ""),
        ("(?m)a$", ""),
        ("(?is)A.B", ""),
        ("(?x) a  b", ""),
        ("a(?i:B)c", ""),
    ],
)
@pytest.mark.filterwarnings("ignore:Possible nested set|Possible set difference:FutureWarning")
def test_a_pattern_matches_what_pcre_matches(store: Documents, pattern: str, options: str) -> None:
    """The reference matches with Python's engine, which agrees with PCRE in all of these."""
    condition: dict[str, Any] = {"$regex": pattern, "$options": options} if options else {"$regex": pattern}

    found = store.found({"a": condition})

    assert found != {repr(text) for text in TEXTS}


def test_a_dollar_also_stands_before_a_last_line_feed(store: Documents) -> None:
    assert store.found({"a": {"$regex": "^a$"}}) == {repr("a"), repr("a\n")}
    assert store.found({"a": {"$regex": "^$"}}) == {repr(""), repr("\n")}


def test_a_dot_is_no_line_feed_unless_the_option_says_so(store: Documents) -> None:
    assert store.found({"a": {"$regex": "^a.c$"}}) == {repr("aXc"), repr("abc")}
    assert store.found({"a": {"$regex": "^a.c$", "$options": "s"}}) == {repr("aXc"), repr("abc"), repr("a\nc")}


def test_case_is_ignored_beyond_ascii(store: Documents) -> None:
    assert store.found({"a": re.compile("é", re.IGNORECASE)}) == {repr("é"), repr("É")}


def test_the_option_x_drops_blanks_and_comments_outside_of_classes(store: Documents) -> None:
    assert store.found({"a": {"$regex": "^ a [ ] b $ # two words", "$options": "x"}}) == {repr("a b")}


def test_quoted_text_is_taken_letter_by_letter() -> None:
    assert to_re2(Pattern("\\Q(?=a.\\E$"), "/a") == "(?-s)\\(\\?=a\\.(?:\\n?\\z)"


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("(?=a)", "look-around"),
        ("(?!a)", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(?>a+)b", "atomic"),
        ("(a)\\1", "back-reference"),
        ("(?P<x>a)(?P=x)", "back-reference"),
        ("(?<x>a)\\k<x>", "back-reference"),
        ("(?<x>a)\\g{x}", "back-reference"),
        ("(a(?R)?)", "recursion"),
        ("(a)(?1)", "recursion"),
        ("(?(1)a|b)", "a condition"),
        ("a\\Kb", "\\K"),
        ("\\Ga", "\\G"),
        ("a\\Rb", "\\R"),
        ("\\X", "\\X"),
        ("\\h", "\\h"),
        ("\\N", "\\N"),
        ("a++", "possessive"),
        ("a*+b", "possessive"),
        ("a{2}+", "possessive"),
        ("a{,3}", "lower bound"),
        ("a{1001}", "1000"),
        ("a(?m:^b)", "the option m"),
        ("\\v", "\\v"),
        ("[\\h]", "\\h"),
        ("(?|a|b)", "branch reset"),
        ("(*UCP)\\d", "verb"),
        ("a(*SKIP)b", "verb"),
    ],
)
def test_what_needs_backtracking_is_refused_by_name(pattern: str, named: str) -> None:
    with pytest.raises(Unsupported) as caught:
        to_re2(Pattern(pattern), "/a")

    assert named in caught.value.message
    assert caught.value.path == "/a"
    assert "linear time" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "pattern", ["(", "a)", "[a", "[[", "[]", "[^]", "[z-a]", "[\\d-z]", "*", "a{3,2}", "(?P<x>a)(?P<x>b)", "\\", "a**", "(?z)"]
)
def test_what_does_not_compile_is_refused_where_it_stands(pattern: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        to_re2(Pattern(pattern), "/a/$regex")

    assert caught.value.path == "/a/$regex"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="unknown regular expression option 'g'"):
        to_re2(Pattern("a", "gi"), "/a")


def test_a_caret_that_might_stand_behind_the_last_line_feed_is_refused() -> None:
    """RE2 lets it, PCRE does not; it matters where nothing need follow."""
    with pytest.raises(Unsupported):
        to_re2(Pattern("^$", "m"), "/a")
    assert to_re2(Pattern("^a", "m"), "/a") == "(?m-s)^a"
