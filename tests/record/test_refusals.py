"""What is refused, where, and how the message says to mend it."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations.record.content import MAX_DEPTH
from generations.record.fields import FIELDS

from .builders import JSON_VALUES, TEXTS, a_record, as_text, outcome_of, refusal_of, row_of

WRONG = [
    ({}, "a required field is missing at model.id"),
    ({"model": None}, "a required field is missing at model.id"),
    ({"model": {}}, "a required field is missing at model.id"),
    ({"model": {"id": None}}, "a required field is missing at model.id"),
    ({"model": "gpt-4"}, 'expected an object, found a string at model; send {"id": "gpt-4"}'),
    ([], "a record is an object, not a list"),
    (5, "not an integer"),
    (None, "not null"),
    (a_record(input={}), "a required field is missing at input.type"),
    (a_record(input={"type": None}), "a required field is missing at input.type"),
    (a_record(input={"content": "x", "tokens": None}), "a required field is missing at input.type"),
    (a_record(output={"content": "x"}), "a required field is missing at output.type"),
    (a_record(output="x"), "expected an object, found a string at output"),
    (a_record(output__type="txt"), "'txt' is not an allowed value at output.type; did you mean 'text'?"),
    (a_record(feedback__thumbs="sideways"), "at feedback.thumbs; one of up, down"),
    (a_record(status=1), 'expected a string, found an integer at status; send "1"'),
    (a_record(id=""), "an id has 1 to 1024 characters, this one 0 at id"),
    (a_record(id="x" * 1025), "this one 1025 at id"),
    (a_record(id=True), "expected a string, found true at id"),
    (a_record(prompt_tokens=1), "unknown field at prompt_tokens; did you mean 'usage.promptTokens'?"),
    (a_record(_id="a"), "unknown field at _id; did you mean 'id'?"),
    (a_record(usage__promptToken=1), "unknown field at usage.promptToken; did you mean 'usage.promptTokens'?"),
    (a_record(usage__unheardOf=None), "unknown field at usage.unheardOf; put what is your own under metadata"),
    (a_record(userId="u"), "unknown field at userId; did you mean 'metadata.userId'?"),
    (a_record(usage=[]), "expected an object, found a list at usage"),
    (a_record(usage__promptTokens=-1), "a count is never negative at usage.promptTokens"),
    (a_record(usage__promptTokens=1.5), "expected an integer, found a number at usage.promptTokens"),
    (a_record(usage__promptTokens=True), "expected an integer, found true at usage.promptTokens"),
    (a_record(usage__promptTokens="5"), "found a string at usage.promptTokens; send 5 without quotes"),
    (a_record(usage__promptTokens=2**63), "at most 64 bits at usage.promptTokens"),
    (a_record(usage__cost="much"), "expected a number, found a string at usage.cost"),
    (a_record(usage__cost="2.5"), "found a string at usage.cost; send 2.5 without quotes"),
    (a_record(usage__cost=10**400), "larger than a float can hold at usage.cost"),
    (a_record(usage__cost=False), "expected a number, found false at usage.cost"),
    (a_record(performance__latency=-0.1), "never negative at performance.latency"),
    (a_record(feedback__categories="a"), 'expected a list of strings, found a string at feedback.categories; send ["a"]'),
    (a_record(feedback__categories=["a", 1]), "expected a string, found an integer at feedback.categories.1"),
    (a_record(metadata=[]), "expected an object, found a list at metadata"),
    (a_record(metadata="x"), "expected an object, found a string at metadata"),
    (a_record(metadata__userId=42), 'expected a string, found an integer at metadata.userId; send "42"'),
    (a_record(metadata__tags=[None]), "expected a string, found null at metadata.tags.0"),
    (a_record(links={"jaeger": "https://jaeger.example/"}), "links are no part of a record: a server makes them at links; leave them out"),
    (a_record(evals=[]), "expected an object of evals by name, found a list at evals"),
    (a_record(evals={"a": 0.5}), 'expected an object, found a number at evals.a; send {"score": 0.5}'),
    (a_record(evals={"a": None}), "expected an object, found null at evals.a"),
    (a_record(evals={"": {}}), "the name of an eval has 1 to 256 characters, this one 0 at evals"),
    (a_record(evals={"x" * 257: {}}), "this one 257 at evals"),
    (a_record(evals={"a.b": {}}), "no '.' and no '$' at its start, and 'a.b' has at evals; call it 'a_b'"),
    (a_record(evals={"$a": {}}), "and '$a' has at evals; call it 'a'"),
    (a_record(evals={"a": {"score": "high"}}), "expected a number, found a string at evals.a.score"),
    (a_record(evals={"a": {"duration": -1}}), "never negative at evals.a.duration"),
    (a_record(evals={"a": {"testId": 7}}), 'expected a string, found an integer at evals.a.testId; send "7"'),
    (a_record(evals={"a": {"timestamp": "soon"}}), "expected an instant, found 'soon' at evals.a.timestamp"),
    (a_record(parameters__temperature="hot"), "expected a number, found a string at parameters.temperature"),
    (a_record(parameters__maxTokens=2**64), "at most 64 bits at parameters.maxTokens"),
    (a_record(parameters__maxTokens=0.5), "expected an integer, found a number at parameters.maxTokens"),
    (a_record(timestamp=5), 'found an integer at timestamp; send ISO-8601 text, or {"$date": milliseconds since 1970}'),
    (a_record(timestamp="yesterday"), "expected an instant, found 'yesterday' at timestamp"),
    (a_record(timestamp="1899-12-31T23:59:59Z"), "between the years 1900 and 2299 at timestamp"),
    (a_record(timestamp="2300-01-01T00:00:00Z"), "between the years 1900 and 2299 at timestamp"),
    (a_record(timestamp={"$date": "never"}), "expected an instant, found an object at timestamp"),
    (a_record(feedback__timestamp="0001-01-01T00:00:00Z"), "between the years 1900 and 2299 at feedback.timestamp"),
    (a_record(output={"type": "text", "alternatives": {}}), "expected a list of alternatives, found an object at output.alternatives"),
    (a_record(output={"type": "text", "alternatives": ["x"]}), "expected an object, found a string at output.alternatives.0"),
    (
        a_record(output={"type": "text", "alternatives": [{}, {"scor": 1}]}),
        "unknown field at output.alternatives.1.scor; did you mean 'output.alternatives.1.score'?",
    ),
    (
        a_record(output={"type": "text", "alternatives": [{"score": "x"}]}),
        "expected a number, found a string at output.alternatives.0.score",
    ),
    (a_record(output={"type": "text", "alternatives": [{"tokens": -1}]}), "never negative at output.alternatives.0.tokens"),
    (
        a_record(output={"type": "text", "alternatives": [{"feedback": {"ratin": 1}}]}),
        "at output.alternatives.0.feedback.ratin; did you mean 'output.alternatives.0.feedback.rating'?",
    ),
]


@pytest.mark.parametrize(("record", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_refusal_says_what_where_and_how_to_mend_it(record: Any, message: str):
    assert message in str(refusal_of(as_text(record)))
    if isinstance(record, dict):
        assert message in str(refusal_of(record))


class Unknown:
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "JSON cannot hold a value of type set at metadata.deep.0.x; send a list"),
        (b"x", "type bytes at metadata.deep.0.x; decode it to text"),
        (Decimal("1.5"), "type Decimal at metadata.deep.0.x"),
        (uuid4(), "type UUID at metadata.deep.0.x"),
        (date(2024, 1, 1), "type date at metadata.deep.0.x; send a datetime"),
        (Unknown(), "type Unknown at metadata.deep.0.x"),
        (float("nan"), "JSON cannot hold nan at metadata.deep.0.x"),
        (float("-inf"), "JSON cannot hold -inf at metadata.deep.0.x"),
        ({1: 2}, "keys are strings; this one is 1, of type int at metadata.deep.0.x"),
        ({None: 2}, "keys are strings; this one is None"),
        ("\ud800", "half of a surrogate pair ('\\ud800') is not a character at metadata.deep.0.x"),
        ({"\udfff": 1}, "half of a surrogate pair ('\\udfff')"),
        (10**5000, "more digits than can be kept at metadata.deep.0.x"),
        (datetime(1850, 1, 1, tzinfo=UTC), "between the years 1900 and 2299 at metadata.deep.0.x"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isprintable() else "",
)
def test_what_json_cannot_hold_is_refused_with_its_path(value: Any, message: str):
    assert message in str(refusal_of(a_record(metadata={"fine": None, "deep": [{"x": value}]})))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "there is no JSON in an empty text"),
        (b"  ", "there is no JSON in an empty text"),
        (b"{", "the text is not JSON"),
        (b'{"model":{"id":"x"}} {}', "the text is not JSON: extra data (line 1, column 22)"),
        (b'{"model":{"id":"x"},}', "the text is not JSON"),
        (b"{'model':1}", "the text is not JSON"),
        (b'{"model":{"id":"\xff"}}', "not UTF-8: byte 0xff at byte 16"),
        (b'{"model":{"id":"x"},"metadata":{"a":"\xed\xa0\x80"}}', "not UTF-8"),
        (b'{"model":{"id":"x"},"metadata":{"a":NaN}}', "JSON cannot hold nan at metadata.a"),
        (b'{"model":{"id":"x"},"metadata":{"a":[1e400]}}', "JSON cannot hold inf at metadata.a.0"),
        (b'{"model":{"id":"x"},"metadata":{"a":"\\ud83d"}}', "half of a surrogate pair"),
        (b'{"model":{"id":"x"},"metadata":{"a":' + b"1" * 5000 + b"}}", "more digits than can be kept"),
        (b'{"model":{"id":"x"},"metadata":{"a":"\n"}}', "the text is not JSON"),
        (b'{"model":{"id":"x"},"metadata":{"a":01}}', "the text is not JSON"),
    ],
)
def test_text_that_is_not_sound_json_is_refused(text: bytes, message: str):
    assert message in str(refusal_of(text))


def test_instants_beyond_all_calendars_are_refused():
    """Turning them to UTC would overflow."""
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=10)))
    last = datetime(9999, 12, 31, tzinfo=timezone(timedelta(hours=-24, minutes=1)))

    for instant in (first, last):
        assert refusal_of(a_record(timestamp=instant)).path == "timestamp"
        assert refusal_of(a_record(feedback__timestamp=instant)).path == "feedback.timestamp"
        assert refusal_of(a_record(metadata__at=instant)).path == "metadata.at"


def nested(levels: int) -> Any:
    value: Any = "bottom"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("path", ["input.content", "output.alternatives", "metadata", "parameters"])
@pytest.mark.parametrize("levels", [MAX_DEPTH + 20, 900, 50_000])
@pytest.mark.parametrize("bottom", [b"1", b'{"$date":0}', b"{}"])
def test_deep_nesting_is_refused_and_never_exhausts_the_stack(path: str, levels: int, bottom: bytes):
    inner = b'{"a":' * levels + bottom + b"}" * levels
    texts = {
        "input.content": b'{"model":{"id":"x"},"input":{"type":"text","content":' + inner + b"}}",
        "output.alternatives": b'{"model":{"id":"x"},"output":{"type":"text","alternatives":[{"content":' + inner + b"}]}}",
        "metadata": b'{"model":{"id":"x"},"metadata":' + inner + b"}",
        "parameters": b'{"model":{"id":"x"},"parameters":' + inner + b"}",
    }

    assert "nested more than 200 levels deep" in str(refusal_of(texts[path]))


@pytest.mark.parametrize("levels", [MAX_DEPTH + 20, 900, 50_000])
def test_deep_python_values_are_refused(levels: int):
    assert "nested more than 200 levels deep" in str(refusal_of(a_record(metadata={"a": nested(levels)})))


def test_what_nests_within_the_limit_is_taken():
    """Many brackets do not make a deep record."""
    value = nested(150)

    assert json.loads(row_of(a_record(input={"type": "text", "content": value}))["input_content_json"]) == value
    assert len(row_of(a_record(metadata={"a": [[]] * 1000}))["metadata"]) > 1000


def test_a_value_that_contains_itself_is_refused():
    loop: list[Any] = []
    loop.append(loop)

    assert "nested more than" in str(refusal_of(a_record(metadata={"a": loop})))


_PLACES = [field.path for field in FIELDS if not field.kept_by_store and field.type not in ("json", "map", "alternatives")]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_PLACES), JSON_VALUES)
def test_a_typed_field_is_taken_or_refused_at_its_path(path: str, value: Any):
    """Nothing escapes as another error, and bytes are judged like mappings."""
    record = a_record(**{path.replace(".", "__"): value})
    for name in ("input", "output"):
        if name in record:
            record[name].setdefault("type", "text")

    outcomes = {outcome_of(record), outcome_of(as_text(record))}

    assert len(outcomes) == 1
    (outcome,) = outcomes
    assert outcome is None or outcome == path or outcome.startswith(path + ".")


@settings(max_examples=100, deadline=None)
@given(JSON_VALUES | st.dictionaries(st.sampled_from([*_PLACES, "model", "usage", "metadata", "output"]) | TEXTS, JSON_VALUES))
def test_any_json_is_taken_or_refused_as_an_invalid_record(value: Any):
    outcome_of(as_text(value))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_taken_or_refused_as_an_invalid_record(text: bytes):
    assert refusal_of(text).code == "invalid_record"


def test_no_hint_leads_to_what_json_cannot_hold():
    assert str(refusal_of(a_record(usage__cost="NaN"))) == "expected a number, found a string at usage.cost"
