"""Cutting streams of JSON into the texts of their values."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations.errors import InvalidInput
from generations.jobs import texts
from generations.jobs.sources import open_source


def cut(content: bytes, path: Path | None = None) -> list[tuple[str, int, bytes]]:
    if path is not None:
        path.write_bytes(content)
    with open_source(path or io.BytesIO(content)) as source:
        found = list(texts.batches(source))
    return [(batch.unit, number, text) for batch in found for number, text in zip(batch.numbers, batch.texts, strict=True)]


def test_each_line_is_a_value_with_its_number():
    assert cut(b'{"a":1}\n{"b":2}\n') == [("line", 1, b'{"a":1}'), ("line", 2, b'{"b":2}')]


def test_empty_lines_are_passed_over_and_counted():
    assert cut(b'{"a":1}\n\n  \r\n{"b":2}') == [("line", 1, b'{"a":1}'), ("line", 4, b'{"b":2}')]


def test_a_broken_line_does_not_hide_the_lines_after_it():
    """Not even when it is the first one, or a string that is never closed."""
    assert [text for _, _, text in cut(b'{"a": "never closed\n{"b":2}\n{"c":3}')] == [b'{"a": "never closed', b'{"b":2}', b'{"c":3}']


def test_the_elements_of_a_list_are_the_values():
    content = b'[ {"a": [1, {"x": 2}]},\n{"b": "],[\\"{"} ]\n'

    assert cut(content) == [("record", 1, b'{"a": [1, {"x": 2}]}'), ("record", 2, b'{"b": "],[\\"{"}')]


def test_a_document_over_many_lines_is_one_value():
    assert cut(b'{\n "a": {\n  "b": [1]\n }\n}\n') == [("record", 1, b'{\n "a": {\n  "b": [1]\n }\n}')]


def test_documents_may_stand_one_behind_the_other():
    assert [text for _, _, text in cut(b'{\n "a": 1\n}\n{\n "b": 2\n}')] == [b'{\n "a": 1\n}', b'{\n "b": 2\n}']


def test_what_stands_between_values_is_handed_on_to_be_refused():
    assert [text for _, _, text in cut(b'[{"a":1}] garbage [{"b":2}]')] == [b'{"a":1}', b"garbage", b'{"b":2}']


def test_a_file_named_jsonl_is_read_by_lines_whatever_its_first_line_is(tmp_path):
    assert [text for _, _, text in cut(b'{"a":\n{"b":2}\n', tmp_path / "x.jsonl")] == [b'{"a":', b'{"b":2}']
    assert [unit for unit, _, _ in cut(b'{"a":\n{"b":2}}\n', tmp_path / "x.json")] == ["record"]


def test_a_list_that_is_cut_short_gives_its_elements_and_then_fails():
    with open_source(io.BytesIO(b'[{"a":1},{"b":2},{"c":')) as source:
        found = texts.batches(source)
        assert next(found).texts == [b'{"a":1}', b'{"b":2}', b'{"c":']
        with pytest.raises(InvalidInput, match="ends inside its list"):
            next(found)


def test_an_empty_source_has_no_values():
    assert cut(b"") == cut(b"\n\n") == cut(b"[]") == cut(b" [ ] ") == []


@pytest.mark.parametrize("form", ["lines", "list", "documents"])
def test_values_longer_than_what_is_read_at_once_come_out_whole(form, monkeypatch):
    monkeypatch.setattr(texts, "_PEEK", 64)
    monkeypatch.setattr(texts, "BATCH_BYTES", 1000)
    values = [{"n": n, "text": 'x"\\[{,' * n * 7} for n in range(60)]
    if form == "lines":
        content = "\n".join(json.dumps(value) for value in values)
    elif form == "list":
        content = json.dumps(values)
    else:
        content = "\n".join(json.dumps(value, indent=1) for value in values)

    found = cut(content.encode())

    assert [json.loads(text) for _, _, text in found] == values
    assert [number for _, number, _ in found] == list(range(1, 61))


TEXT = st.text(alphabet='a"\\[]{},: \n', max_size=5)
VALUES = st.dictionaries(TEXT, TEXT | st.integers() | st.lists(TEXT, max_size=3), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from([None, 2]))
def test_any_list_is_cut_at_its_commas(values, indent):
    found = cut(json.dumps(values, indent=indent).encode())

    assert [json.loads(text) for _, _, text in found] == values


def test_long_records_in_a_pipe_are_lines_too():
    """A broken one among them is refused alone, however long the first line is."""
    long = json.dumps({"text": "x" * 200_000}).encode()

    assert [text for _, _, text in cut(long + b'\n{"broken": \n{"b":2}\n')] == [long, b'{"broken": ', b'{"b":2}']


def test_lines_before_the_end_of_a_packed_file_that_is_cut_short_come_out(tmp_path):
    lines = [json.dumps({"n": n, "text": str(n) * 30}).encode() for n in range(20_000)]
    packed = gzip.compress(b"\n".join(lines))

    with open_source(io.BytesIO(packed[: len(packed) // 2])) as source:
        found = []
        with pytest.raises(InvalidInput, match="cut short"):
            found.extend(text for batch in texts.batches(source) for text in batch.texts)

    assert len(found) > 1000
    assert found[:-1] == lines[: len(found) - 1]
    assert lines[len(found) - 1].startswith(found[-1])


def test_a_line_beyond_all_reason_ends_the_reading(monkeypatch):
    monkeypatch.setattr(texts, "_LONGEST_LINE", 3 << 20)

    with open_source(io.BytesIO(b'{"a":1}\n{"b":2}\n' + b"x" * (6 << 20))) as source:
        found = texts.batches(source)
        assert next(found).texts[:2] == [b'{"a":1}', b'{"b":2}']
        with pytest.raises(InvalidInput, match=r"line 3 of .* is longer than 3 MiB"):
            next(found)


def test_a_document_of_any_depth_is_cut_out_and_left_to_be_refused():
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000

    assert cut(deep) == [("record", 1, deep)]
    assert cut(deep + b'\n{"b":2}') == [("line", 1, deep), ("line", 2, b'{"b":2}')]
