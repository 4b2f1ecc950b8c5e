"""Bodies of JSON taken apart: one object, a list, lines, and what is broken."""

from __future__ import annotations

import time

import pytest

from generations.errors import InvalidInput, InvalidRecord
from generations.wire.json_texts import texts_of, value_of


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b'{"a": 1}', [b'{"a": 1}']),
        (b'\n {\n "a": {}\n}', [b'\n {\n "a": {}\n}']),
        (b'[{"a":1},{"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'{"a":1}\n{"b":2}\r\n\n', [b'{"a":1}', b'{"b":2}\r']),
        (b"[]", []),
    ],
)
def test_objects_lists_and_lines_are_told_apart(body, texts):
    assert texts_of(body) == texts


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b'[{"a":1},{"b":"cut sho', [b'{"a":1}', b'{"b":"cut sho']),
        (b'[{"a":1},{"b":"cut sho\\', [b'{"a":1}', b'{"b":"cut sho\\']),
        (b'[{"a":1},nonsense,{"b":[1,{"c":","}]}]', [b'{"a":1}', b"nonsense", b'{"b":[1,{"c":","}]}']),
        (b'[{"a":NaN},{"b":"]},\\"{"}]', [b'{"a":NaN}', b'{"b":"]},\\"{"}']),
        (b"[", []),
    ],
)
def test_a_broken_list_keeps_its_good_parts(body, texts):
    assert texts_of(body) == texts


def test_a_part_that_is_nested_too_deeply_costs_no_other():
    deep = b"[" * 100_000 + b"]" * 100_000

    assert texts_of(b'[{"a":1},{"b":' + deep + b'},{"c":1}]') == [b'{"a":1}', b'{"b":' + deep + b"}", b'{"c":1}']


@pytest.mark.parametrize("body", [b"", b"  ", b"text", b'"text"', b"\xff\xfe"])
def test_anything_else_is_refused(body):
    with pytest.raises(InvalidInput, match="expected a JSON object, a list or lines"):
        texts_of(body)


def test_numbers_that_only_python_writes_are_null():
    assert value_of(b'{"a":NaN,"b":[Infinity,-Infinity,1]}') == {"a": None, "b": [None, None, 1]}


@pytest.mark.parametrize("text", [b'{"a":', b'{"a":NaN', b'{"NaN":"\\ud800"}', b'{"a":1e999}', b"\xff"])
def test_a_text_that_is_no_json_is_refused(text):
    with pytest.raises(InvalidRecord):
        value_of(text)


def test_a_text_that_ends_in_its_escape_takes_as_long_as_it_is_and_not_the_square_of_it():
    body = b'[{"a": 1}, "' + b'\\"' * 100_000 + b"\\"
    started = time.process_time()

    assert texts_of(body)[0] == b'{"a": 1}'
    assert time.process_time() - started < 2
