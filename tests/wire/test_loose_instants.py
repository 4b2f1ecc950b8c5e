"""Instants as exports write them, and structures in the cells of tables."""

from __future__ import annotations

import pytest

from generations.wire.cells import framed, structure
from generations.wire.loose_instants import between_ms, iso_instant, nanoseconds

NOON = "2025-03-01T12:00:00.000000Z"


@pytest.mark.parametrize(
    "told",
    [
        "2025-03-01 12:00:00",
        "2025-03-01T12:00:00Z",
        "2025-03-01T13:00:00+01:00",
        1740830400,
        1740830400.0,
        "1740830400000",
        1740830400000000,
        1740830400000000000,
    ],
)
def test_text_without_an_offset_is_utc_and_numbers_tell_their_unit_by_their_size(told):
    assert iso_instant(told) == NOON


@pytest.mark.parametrize("told", [None, "", "soon", 0, -5, 10**25, True, {}])
def test_what_says_no_instant_is_none(told):
    assert iso_instant(told) is None
    assert nanoseconds(told) is None


def test_durations_never_run_backwards():
    assert between_ms("2025-03-01 12:00:00", "2025-03-01T12:00:00.2505Z") == 250.5
    assert between_ms("2025-03-01 12:00:01", "2025-03-01 12:00:00") is None
    assert between_ms("2025-03-01 12:00:01", None) is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ('{""a"": """"}', {"a": ""}),
        ('plain, with "" quotes', 'plain, with "" quotes'),
        ("[not JSON]", "[not JSON]"),
        (5, 5),
    ],
)
def test_cells_hold_json_also_doubly_quoted(cell, expected):
    assert structure(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("{'a': None, 'b': True}", {"a": None, "b": True}),
        ("{'a', 'b'}", "{'a', 'b'}"),
        ("[b'a']", "[b'a']"),
        ("[__import__('os')]", "[__import__('os')]"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_data_frames_write_pythons_notation_of_which_only_literals_are_read(cell, expected):
    assert framed(cell) == expected
    assert structure(cell) == cell
