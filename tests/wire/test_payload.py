"""Values whose type nobody guarantees."""

import json

import pytest

from generations.wire.payload import as_count, as_number


@pytest.mark.parametrize("text", ["1e400", "-1e400", "NaN", "Infinity", "9" * 400])
def test_what_no_double_can_hold_is_no_number(text):
    """Python reads it all the same."""
    assert as_number(json.loads(text)) is None
    assert as_count(json.loads(text)) is None


def test_numbers_may_be_written_as_text():
    assert (as_number("1.5e3"), as_number("-7"), as_count("12"), as_count("1.5"), as_number(True)) == (1500.0, -7, 12, None, None)
