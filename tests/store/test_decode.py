"""JSON text of the engine becomes Python values, nothing lost."""

import time
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.query import tagged
from generations.store.decode import record_of, texts, value_of

NOON = datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)
NOON_TEXT = "2024-06-15T12:30:45.000000Z"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
query_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-9e18, 9e18)
    | st.text(alphabet=st.characters(codec="utf-8") | st.just("\x01"))
    | st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2299, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis wants naive bounds
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_instants_at_declared_paths_are_aware_datetimes() -> None:
    record = record_of(
        f'{{"timestamp":"{NOON_TEXT}","feedback":{{"timestamp":"{NOON_TEXT}"}},"createdAt":"{NOON_TEXT}","updatedAt":"{NOON_TEXT}"}}'.encode()
    )

    assert record == {"timestamp": NOON, "feedback": {"timestamp": NOON}, "createdAt": NOON, "updatedAt": NOON}


def test_feedback_on_alternatives_has_instants_too() -> None:
    record = record_of(f'{{"output":{{"alternatives":[{{"feedback":{{"timestamp":"{NOON_TEXT}"}}}},{{"feedback":null}},{{}}]}}}}'.encode())

    assert record == {"output": {"alternatives": [{"feedback": {"timestamp": NOON}}, {"feedback": None}, {}]}}


@pytest.mark.parametrize("feedback", [b"null", b"{}", b'{"timestamp":null}'])
def test_a_null_or_empty_feedback_stays_what_it_is(feedback: bytes) -> None:
    assert record_of(b'{"feedback":' + feedback + b"}") == {"feedback": msgspec.json.decode(feedback)}


def test_dates_in_open_content_are_aware_datetimes() -> None:
    record = record_of(f'{{"metadata":{{"due":[{{"$date":"{NOON_TEXT}"}}],"timestamp":"{NOON_TEXT}"}}}}'.encode())

    assert record == {"metadata": {"due": [NOON], "timestamp": NOON_TEXT}}


@pytest.mark.parametrize("odd", ['{"$date":"tomorrow"}', '{"$date":5}', f'{{"$date":"{NOON_TEXT}","x":1}}', '{"$date":"' + "x" * 27 + '"}'])
def test_what_only_looks_like_a_date_stays_an_object(odd: str) -> None:
    assert record_of(f'{{"metadata":{{"x":{odd}}}}}'.encode()) == {"metadata": {"x": msgspec.json.decode(odd)}}


def test_a_string_that_mentions_dates_stays_a_string() -> None:
    content = 'ask with {"$date": "2024-06-15T12:30:45.000000Z"} or \x01d5.0'
    text = msgspec.json.encode({"input": {"content": content}})

    assert record_of(text) == {"input": {"content": content}}


@given(json_values)
def test_any_json_in_a_record_comes_back_equal(value: object) -> None:
    decoded = record_of(msgspec.json.encode({"metadata": {"x": value}}))["metadata"]["x"]

    assert msgspec.json.encode(decoded) == msgspec.json.encode(value)


@given(query_values)
def test_any_value_of_a_pipeline_comes_back_equal_and_of_its_type(value: object) -> None:
    decoded = value_of(tagged.text_of(value).encode())

    assert decoded == value
    assert repr(types_of(decoded)) == repr(types_of(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\u0001d5.0"', 5.0),
        (r'"\u0001d123456789012345678901234567890"', 123456789012345678901234567890),
        (r'"\u0001d-7"', -7),
        (r'"\u0001d1e22"', 1e22),
        (r'"\u0001dInfinity"', float("inf")),
        (r'"\u0001d-Infinity"', float("-inf")),
        (r'"\u0001t2024-06-15T12:30:45.000000Z"', NOON),
        (r'"\u0001sd5.0"', "\x01d5.0"),
        (r'"plain"', "plain"),
        (r'[{"a":"\u0001d5.0"}]', [{"a": 5.0}]),
    ],
)
def test_a_tagged_string_is_the_value_it_stands_for(text: str, value: object) -> None:
    decoded = value_of(text.encode())

    assert decoded == value
    assert type(decoded) is type(value)


def test_not_a_number_is_a_float() -> None:
    assert repr(value_of(rb'"\u0001dNaN"')) == "nan"


def test_texts_come_in_order_from_batches_of_any_string_type() -> None:
    letters = [f"{n}" for n in range(1000)]
    batches = [pa.record_batch({"doc": pa.array(letters, kind)}) for kind in (pa.string(), pa.large_string(), pa.binary())]

    assert list(texts(batches)) == [letter.encode() for letter in letters] * 3


def test_deep_content_does_not_exhaust_the_stack() -> None:
    depth = 500
    text = b'{"metadata":' + b'{"a":' * depth + b'{"$date":"' + NOON_TEXT.encode() + b'"}' + b"}" * depth + b"}"
    value = record_of(text)["metadata"]
    for _ in range(depth):
        value = value["a"]

    assert value == NOON


def test_a_record_of_two_kilobytes_is_decoded_within_ten_microseconds() -> None:
    """The best of many, since the machine may be busy."""
    text = msgspec.json.encode(
        {
            "id": "generation-1",
            "timestamp": NOON_TEXT,
            "model": {"id": "gpt-4", "provider": "openai"},
            "input": {"type": "text", "content": [{"role": "user", "content": "hello world " * 70}]},
            "output": {"type": "text", "content": "lorem ipsum " * 60, "tokens": 10},
            "usage": {"promptTokens": 100, "completionTokens": 40, "totalTokens": 140, "cost": 0.0031},
            "metadata": {"userId": "u", "tags": ["a", "b"], "x": {"y": 1}},
            "feedback": {"rating": 5, "timestamp": NOON_TEXT},
            "createdAt": NOON_TEXT,
            "updatedAt": NOON_TEXT,
        }
    )
    assert len(text) > 2000

    assert min(seconds_for(text) for _ in range(50)) < 10e-6


def seconds_for(text: bytes) -> float:
    started = time.perf_counter()
    for _ in range(100):
        record_of(text)
    return (time.perf_counter() - started) / 100


def types_of(value: object) -> object:
    match value:
        case list():
            return [types_of(item) for item in value]
        case dict():
            return {key: types_of(item) for key, item in value.items()}
        case _:
            return type(value)
