"""Extended JSON brings back what was handed to it, to the letter."""

import math
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.record.extended import extended, extended_line, extended_query, read_extended, restored

KEYS = st.text(max_size=4) | st.sampled_from(["$date", "$numberDouble", "$literal", "$problem", "a"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]))
    | st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(fold=0)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_any_answer_comes_back_equal_and_of_the_same_types(value: object) -> None:
    assert repr(read_extended(extended_line(value))) == repr(value)
    assert repr(restored(extended(value))) == repr(value)


def test_numbers_that_json_lacks_come_back() -> None:
    [nan, *infinities] = read_extended(extended_line([math.nan, math.inf, -math.inf]))

    assert math.isnan(nan)
    assert infinities == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ({"timestamp": {"$gte": datetime(2024, 1, 1)}}, {"timestamp": {"$gte": {"$date": "2024-01-01T00:00:00.000000Z"}}}),  # noqa: DTZ001 - as readers of the mission write it
        (datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), {"$date": "2024-01-01T00:00:00.000000Z"}),
        ({"$in": (1, 2)}, {"$in": [1, 2]}),
        (re.compile("^gpt", re.IGNORECASE | re.MULTILINE), {"$regularExpression": {"pattern": "^gpt", "options": "im"}}),
        (math.nan, {"$numberDouble": "NaN"}),
        ({"$date": "2024-01-01"}, {"$date": "2024-01-01"}),
    ],
)
def test_a_query_travels_in_the_words_of_extended_json(query: object, sent: object) -> None:
    assert extended_query(query) == sent
