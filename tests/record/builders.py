"""Builders that name only what matters, and what Hypothesis draws from."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from generations.errors import InvalidRecord
from generations.record.encode import encode_one

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "\x00", "null", '"', "\\u00e9", "é", "😀", "$date", "2024-06-15T12:30:45Z", "a\tb\r\nc", "[1]", "/"]
)
KEYS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["a.b", "$x", "", "\x00", "a", "userid"])
INTEGERS = st.integers() | st.sampled_from([2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40, 10**17, 10**18])
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5.0, -0.0, 1e22, 1e-7, 1.7976931348623157e308, 5e-324])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)
JSON_MAPS = st.dictionaries(KEYS, JSON_VALUES, max_size=4)
INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2299, 12, 30), timezones=st.timezones() | st.just(UTC))  # noqa: DTZ001 - Hypothesis wants naive bounds


def a_record(**paths: Any) -> dict[str, Any]:
    """A record with whatever is named: `usage__cost=0.2` is `usage.cost`."""
    record: dict[str, Any] = {"model": {"id": "gpt-4"}}
    for path, value in paths.items():
        *above, last = path.split("__")
        holder = record
        for step in above:
            holder = holder.setdefault(step, {})
        holder[last] = value
    return record


def row_of(record: Any) -> dict[str, Any]:
    """The one row of a record."""
    return {name: values[0] for name, values in encode_one(record).columns.items()}


def refusal_of(record: Any) -> InvalidRecord:
    """The error that refuses a record."""
    try:
        encode_one(record)
    except InvalidRecord as error:
        return error
    raise AssertionError(f"was taken: {record!r}"[:400])


def as_text(record: Any, **options: Any) -> bytes:
    """A record as another program would write it."""
    return json.dumps(record, **options).encode()


def letters(value: Any) -> str:
    """A value to the letter: 5 is not 5.0, and the order of keys counts."""
    return repr(value)


def outcome_of(record: Any) -> str | None:
    """The path of the refusal; None when the record is taken."""
    try:
        encode_one(record)
    except InvalidRecord as error:
        return error.path or "the record"
    return None
