"""Records become rows, or are refused with the path of what is wrong."""

import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations.errors import InvalidRecord
from generations.record.encode import COLUMNS, Rows, encode_lines, encode_one, encode_records
from generations.record.fields import FIELDS
from generations.record.generation import Generation, Metadata, Model, Usage
from generations.record.sample import sample_generations

from .builders import INSTANTS, JSON_MAPS, JSON_VALUES, a_record, as_text, letters, refusal_of, row_of

FULL = {
    "id": "generation-123",
    "timestamp": "2024-06-15T14:30:45.5+02:00",
    "model": {"id": "gpt-4", "name": "GPT-4", "version": "0613", "provider": "openai"},
    "input": {"type": "text", "content": [{"role": "user", "content": "hi"}], "tokens": 3},
    "output": {
        "type": "json",
        "content": {"a": None},
        "tokens": 4,
        "finishReason": "stop",
        "alternatives": [{"content": "b", "tokens": 1, "score": 0.5, "finishReason": "stop", "feedback": {"thumbs": "up"}}],
    },
    "parameters": {
        "temperature": 0,
        "topP": 0.5,
        "maxTokens": 9,
        "stopSequences": ["."],
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "n": 1,
    },
    "usage": {
        "promptTokens": 10,
        "completionTokens": 20,
        "totalTokens": 31,
        "cachedTokens": 1,
        "cacheWriteTokens": 2,
        "cacheWriteHourTokens": 1,
        "reasoningTokens": 3,
        "audioTokens": 4,
        "inputAudioTokens": 3,
        "outputAudioTokens": 1,
        "cachedAudioTokens": 1,
        "inputImageTokens": 2,
        "outputImageTokens": 5,
        "cachedImageTokens": 0,
        "cost": 1,
        "currency": "USD",
        "costSource": "reported",
        "computedCost": 1.5,
        "computedCurrency": "EUR",
        "priceSource": "contract",
        "priceVersion": "2024-06",
    },
    "metadata": {
        "requestId": "r",
        "userId": "u",
        "sessionId": "s",
        "functionId": "f",
        "workflowId": "w",
        "agentId": "a",
        "traceId": "t",
        "spanId": "p",
        "parentSpanId": "q",
        "tags": ["x", "y"],
        "own": {"deep": 1},
    },
    "performance": {"latency": 500, "timeToFirstToken": 100.5, "tokensPerSecond": 7},
    "feedback": {
        "rating": 4,
        "thumbs": "up",
        "comment": "good",
        "categories": ["helpful"],
        "timestamp": "2024-06-16T00:00:00Z",
        "userId": "v",
    },
    "evals": {"relevance": {"score": 0.5, "label": "fair", "testId": "t-1"}},
    "status": "error",
    "error": {"type": "timeout", "message": "too late", "code": "504"},
}


def test_every_field_of_the_table_has_its_column_in_the_tables_order():
    """Open content has two columns, and so have open maps."""
    stems = dict.fromkeys(name.removesuffix(suffix) for name in COLUMNS for suffix in ("_text", "_json", "_odd"))

    for field in FIELDS:
        assert field.kept_by_store or field.column in stems
    assert COLUMNS[-2:] == ("given", "sent_hash")
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_a_full_record_stands_in_its_columns():
    row = row_of(FULL)

    assert row["timestamp"] == 1718454645500000
    assert row["feedback_timestamp"] == 1718496000000000
    assert (row["input_content_text"], row["input_content_json"]) == (None, '[{"role":"user","content":"hi"}]')
    assert row["output_content_json"] == '{"a":null}'
    assert json.loads(row["output_alternatives"]) == FULL["output"]["alternatives"]
    assert json.loads(row["parameters"]) == FULL["parameters"]
    assert row["metadata_odd"] is False
    assert row["given"] == []
    for field in FIELDS:
        holder: Any = FULL
        for step in field.path.split("."):
            holder = None if holder is None else holder.get(step)
        if field.type in ("string", "integer", "number", "strings") and not field.kept_by_store:
            assert row[field.column] == holder, field.path
            assert holder is not None, f"the example lacks {field.path}"


def test_a_record_needs_only_a_model():
    row = row_of({"model": {"id": "gpt-4"}})

    assert row.pop("model_id") == "gpt-4"
    assert len(row.pop("id")) == 36
    assert abs(row.pop("timestamp") - datetime.now(UTC).timestamp() * 1e6) < 60e6
    assert len(row.pop("sent_hash")) == 16
    assert {name: value for name, value in row.items() if value not in (None, "", [])} == {
        "parameters_odd": False,
        "metadata_odd": False,
        "evals_odd": False,
    }


def test_bytes_mappings_and_generations_give_the_same_row():
    rows = [row_of(FULL), row_of(as_text(FULL)), row_of(as_text(FULL, indent=2)), row_of(Generation.from_dict(FULL))]

    assert all(one == other for one, other in pairwise(rows))


def test_columns_of_no_records_are_all_there_and_empty():
    rows = encode_records([])

    assert len(rows) == 0
    assert tuple(rows.columns) == COLUMNS


def test_taking_rows_keeps_the_asked_order():
    rows = encode_records([a_record(id=name) for name in "abc"]).take([2, 0])

    assert rows.ids == ["c", "a"]
    assert isinstance(rows, Rows)


@settings(max_examples=60, deadline=None)
@given(JSON_VALUES, JSON_MAPS)
def test_anything_that_json_can_hold_stands_in_the_text_to_the_letter(value: Any, found: dict[str, Any]):
    record = a_record(
        input={"type": "text", "content": value}, output={"type": "other", "content": [value]}, metadata=found, parameters=found
    )

    row = row_of(record)

    text, json_text = row["input_content_text"], row["input_content_json"]
    assert letters(text if isinstance(value, str) else json.loads(json_text)) == letters(value)
    assert letters(json.loads(row["output_content_json"])) == letters([value])
    assert letters(json.loads(row["metadata"])) == letters(found)
    assert not row["metadata"].startswith(" ")


@settings(max_examples=60, deadline=None)
@given(JSON_VALUES, JSON_MAPS, st.booleans())
def test_the_hash_does_not_depend_on_how_a_record_travelled(value: Any, found: dict[str, Any], is_ascii: bool):
    record = a_record(output={"type": "other", "content": value, "tokens": 1}, metadata=found, status="success")
    turned = dict(reversed([(name, dict(reversed(part.items())) if name == "output" else part) for name, part in record.items()]))

    hashes = {row_of(one)["sent_hash"] for one in (record, turned, as_text(record, ensure_ascii=is_ascii), as_text(turned, indent=1))}

    assert len(hashes) == 1


def test_the_order_of_open_keys_counts_for_the_hash():
    assert row_of(a_record(metadata={"a": 1, "b": 2}))["sent_hash"] != row_of(a_record(metadata={"b": 2, "a": 1}))["sent_hash"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a_record(metadata={"a": 5}), a_record(metadata={"a": 5.0})),
        (a_record(metadata={}), a_record(metadata=None)),
        (a_record(metadata={}), a_record()),
        (a_record(usage__cost=None), a_record(usage={})),
        (a_record(usage=None), a_record()),
        (a_record(usage={}), a_record()),
        (a_record(input__type="text", input__content=""), a_record(input__type="text")),
        (a_record(input__type="text", input__content="null"), a_record(input__type="text", input__content=None)),
        (a_record(input__type="text", input__content="[1]"), a_record(input__type="text", input__content=[1])),
        (a_record(input__type="text", input__content="a"), a_record(output__type="text", output__content="a")),
        (a_record(timestamp="2024-01-01T00:00:00Z"), a_record(timestamp="2024-01-01T00:00:00.000001Z")),
        (a_record(feedback__categories=[]), a_record(feedback__categories=None)),
        (
            a_record(usage={"promptTokens": 1, "completionTokens": 2}),
            a_record(usage={"promptTokens": 1, "completionTokens": 2, "totalTokens": 4}),
        ),
    ],
    ids=str,
)
def test_different_records_have_different_hashes(one: dict[str, Any], other: dict[str, Any]):
    assert row_of(one)["sent_hash"] != row_of(other)["sent_hash"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a_record(id="a"), a_record(id="b")),
        (a_record(timestamp="2024-01-01T00:00:00Z"), a_record(timestamp="2024-01-01T02:00:00.000+02:00")),
        (a_record(timestamp="2024-01-01T00:00:00Z"), a_record(timestamp=datetime(2024, 1, 1, tzinfo=UTC))),
        (a_record(timestamp="2024-01-01T00:00:00Z"), a_record(timestamp={"$date": 1704067200000})),
        (a_record(usage__promptTokens=5), a_record(usage__promptTokens=5.0)),
        (
            a_record(usage={"promptTokens": 1, "completionTokens": 2}),
            a_record(usage={"promptTokens": 1, "completionTokens": 2, "totalTokens": 3}),
        ),
        (a_record(metadata={"at": {"$date": "2024-01-01T01:00:00+01:00"}}), a_record(metadata={"at": datetime(2024, 1, 1, tzinfo=UTC)})),
    ],
    ids=str,
)
def test_equal_records_have_equal_hashes(one: dict[str, Any], other: dict[str, Any]):
    """The id is how a record is found, not what it says; what would be derived anyway may be sent too."""
    assert row_of(one)["sent_hash"] == row_of(other)["sent_hash"]


def test_defaults_that_depend_on_the_time_are_not_hashed():
    first, second = encode_one(a_record(feedback__rating=5)), encode_one(a_record(feedback__rating=5))

    assert first.columns["sent_hash"] == second.columns["sent_hash"]
    assert first.ids != second.ids


@pytest.mark.parametrize(
    ("record", "given"),
    [
        (a_record(usage__cost=None), ["usage.cost"]),
        (a_record(usage=None), ["usage"]),
        (a_record(usage={}), ["usage."]),
        (a_record(feedback=None, error=None, status=None), ["error", "feedback", "status"]),
        (a_record(feedback={}, error={}, performance={}), ["error.", "feedback.", "performance."]),
        (a_record(feedback__categories=[]), ["feedback.categories."]),
        (a_record(feedback__categories=None), ["feedback.categories"]),
        (a_record(feedback={"categories": [], "rating": None}), ["feedback.categories.", "feedback.rating"]),
        (a_record(usage={}, model={"id": "m", "name": None}), ["model.name", "usage."]),
        (a_record(input={"type": "text", "content": None, "tokens": None}), ["input.tokens"]),
        (a_record(usage={"promptTokens": 5.0, "cost": None}, performance={}), ["performance.", "usage.cost"]),
        (a_record(metadata=None, parameters=None), []),
        (a_record(id=None, timestamp=None), []),
    ],
    ids=str,
)
@pytest.mark.parametrize("how", [as_text, dict], ids=["bytes", "mapping"])
def test_what_columns_cannot_tell_is_given(record: dict[str, Any], given: list[str], how: Any):
    assert row_of(how(record))["given"] == given


def test_null_maps_and_contents_are_told_from_absent_ones():
    null = row_of(a_record(metadata=None, input={"type": "text", "content": None}, output={"type": "text", "alternatives": None}))
    absent = row_of(a_record(input={"type": "text"}, output={"type": "text"}))

    names = ("metadata", "input_content_json", "output_alternatives")
    assert [null[name] for name in names] == ["null", "null", "null"]
    assert [absent[name] for name in names] == ["", "", ""]


@pytest.mark.parametrize(
    ("usage", "latency_ms", "total", "rate"),
    [
        ({"promptTokens": 10, "completionTokens": 20}, 500, 30, 40.0),
        ({"promptTokens": 10, "completionTokens": 20, "totalTokens": 99}, None, 99, None),
        ({"promptTokens": 10, "completionTokens": 20, "totalTokens": None}, 2000, None, 10.0),
        ({"promptTokens": 10}, 500, None, None),
        ({"completionTokens": 20}, 0, None, None),
        ({"promptTokens": 0, "completionTokens": 0}, 500, 0, 0.0),
        ({"promptTokens": 2**63 - 1, "completionTokens": 1}, 1e-320, None, None),
    ],
)
def test_totals_and_rates_are_derived_where_their_parts_are_known(usage: dict[str, Any], latency_ms: float | None, total: Any, rate: Any):
    row = row_of(a_record(usage=usage, **({} if latency_ms is None else {"performance__latency": latency_ms})))

    assert (row["usage_total_tokens"], row["performance_tokens_per_second"]) == (total, rate)


def test_a_rate_that_was_sent_stays_and_a_null_one_stays_null():
    usage = {"promptTokens": 1, "completionTokens": 20}

    assert row_of(a_record(usage=usage, performance={"latency": 500, "tokensPerSecond": 7}))["performance_tokens_per_second"] == 7
    assert row_of(a_record(usage=usage, performance={"latency": 500, "tokensPerSecond": None}))["performance_tokens_per_second"] is None
    assert row_of(a_record(usage=usage, performance={"latency": 5e-324}))["performance_tokens_per_second"] is None


def test_feedback_without_an_instant_was_given_now():
    assert abs(row_of(a_record(feedback__rating=5))["feedback_timestamp"] - datetime.now(UTC).timestamp() * 1e6) < 60e6
    assert row_of(a_record(feedback={}))["feedback_timestamp"] is None
    assert row_of(a_record(feedback={"rating": 5, "timestamp": None}))["feedback_timestamp"] is None


@settings(max_examples=40, deadline=None)
@given(INSTANTS)
def test_instants_of_any_offset_become_microseconds_in_utc(instant: datetime):
    expected = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    nested = row_of(a_record(timestamp=instant, feedback__timestamp=instant, metadata__at=instant))

    assert (nested["timestamp"], nested["feedback_timestamp"]) == (expected, expected)
    assert row_of(as_text(a_record(timestamp=instant.isoformat())))["timestamp"] == expected
    held = json.loads(nested["metadata"])["at"]["$date"]
    assert held[-8:-7] == "."
    assert datetime.fromisoformat(held) == instant.astimezone(UTC)


def test_dates_in_open_content_have_one_form_wherever_they_stand():
    sent = {"$date": "2024-06-15T14:30:45+02:00"}
    written = {"$date": "2024-06-15T12:30:45.000000Z"}
    record = a_record(
        input={"type": "text", "content": [sent]},
        output={"type": "other", "content": {"at": sent}, "alternatives": [{"content": {"at": sent}}]},
        parameters={"at": {"deep": [{"$date": 1718454645000}]}},
        metadata={
            "at": sent,
            "naive": datetime(2024, 6, 15, 12, 30, 45),  # noqa: DTZ001 - naive is UTC
            "other": datetime(2024, 6, 15, 14, 30, 45, tzinfo=timezone(timedelta(hours=2))),
        },
    )

    row = row_of(record)

    assert json.loads(row["input_content_json"]) == [written]
    assert json.loads(row["output_content_json"]) == {"at": written}
    assert json.loads(row["output_alternatives"]) == [{"content": {"at": written}}]
    assert json.loads(row["parameters"]) == {"at": {"deep": [written]}}
    assert json.loads(row["metadata"]) == {"at": written, "naive": written, "other": written}
    assert row["metadata_odd"]


@pytest.mark.parametrize(
    "value", [{"$date": "tomorrow"}, {"$date": 1.5}, {"$date": "2024-01-01T00:00:00Z", "x": 1}, "$date", {"$date": None}]
)
def test_what_only_looks_like_a_date_stays_as_it_is(value: Any):
    assert json.loads(row_of(a_record(metadata__at=value))["metadata"]) == {"at": value}


def test_of_equal_keys_the_last_one_counts():
    row = row_of(b'{"model":{"id":"x"},"metadata":{"a":1,"b":{"c":1,"c":2},"a":3},"input":{"type":"text","content":[{"r":1,"r":2}]}}')

    assert row["metadata"] == '{"a":3,"b":{"c":2}}'
    assert row["input_content_json"] == '[{"r":2}]'


@pytest.mark.parametrize(
    ("found", "is_odd"),
    [
        ({"a": {"b": None}, "c": [1, "x", None, True, 2.5], "d": {}, "e": []}, False),
        ({"a": 10**18 - 1, "b": -(10**18) + 1}, False),
        ({"a.b": 1}, True),
        ({"a": {"$x": 1}}, True),
        ({"": 1}, True),
        ({"a": [[1]]}, True),
        ({"a": [1, {"b": 1}]}, True),
        ({"a": 10**18}, True),
        ({"a": [-(10**18)]}, True),
    ],
    ids=str,
)
def test_a_map_is_odd_when_the_accelerator_would_distort_it(found: dict[str, Any], is_odd: bool):
    for _ in range(2):  # keys once seen are remembered
        row = row_of(a_record(metadata=found))
        assert row["metadata_odd"] == is_odd


@pytest.mark.parametrize(
    ("one", "is_odd"),
    [
        ({"score": 1, "timestamp": "2024-06-15T12:30:45Z"}, False),
        ({"seen": {"$date": "2024-06-15T12:30:45Z"}, "label": None}, False),
        ({"seen": {"$date": "whenever"}}, True),
        ({"more": {"seen": {"$date": "2024-06-15T12:30:45Z"}}}, True),
        ({"a.b": 1}, True),
    ],
    ids=str,
)
def test_evals_are_odd_as_maps_are_but_for_their_dates(one: dict[str, Any], is_odd: bool):
    assert row_of(a_record(evals={"relevance": one}))["evals_odd"] == is_odd


def test_the_instant_of_an_eval_has_one_form_and_all_else_stays_as_sent():
    at = datetime(2024, 6, 15, 14, 30, 45, tzinfo=timezone(timedelta(hours=2)))
    evals = {"b": {"score": 1, "timestamp": at, "more": [1.0, None]}, "a": {"timestamp": "2024-06-15", "duration": None}}

    assert row_of(a_record(evals=evals))["evals"] == (
        '{"b":{"score":1,"timestamp":{"$date":"2024-06-15T12:30:45.000000Z"},"more":[1.0,null]},'
        '"a":{"timestamp":{"$date":"2024-06-15T00:00:00.000000Z"},"duration":null}}'
    )


def test_evals_are_part_of_what_was_sent():
    hashes = [row_of(a_record(**more))["sent_hash"] for more in ({}, {"evals": {}}, {"evals": None}, {"evals": {"a": {"score": 0}}})]

    assert len(set(hashes)) == 4
    assert row_of({"model": {"id": "gpt-4"}, "status": "success"})["sent_hash"].hex() == "2e4c5d50e614c4b89ad7a437e14e2576", (
        "older stores know records by it"
    )


def test_declared_keys_of_open_maps_may_be_null_and_keep_their_spelling():
    row = row_of(a_record(parameters={"maxTokens": 5.0, "temperature": 1, "stopSequences": None}, metadata={"userId": None}))

    assert row["parameters"] == '{"maxTokens":5.0,"temperature":1,"stopSequences":null}'
    assert (row["parameters_max_tokens"], row["parameters_temperature"], row["parameters_stop_sequences"]) == (5, 1.0, [])
    assert row["metadata_user_id"] is None


def test_instants_in_the_feedback_of_alternatives_have_one_form():
    alternatives = [{"content": "a", "tokens": 5.0, "feedback": {"timestamp": datetime(2024, 1, 1, tzinfo=UTC), "comment": None}}]

    row = row_of(a_record(output={"type": "text", "alternatives": alternatives}))

    assert (
        row["output_alternatives"] == '[{"content":"a","tokens":5,"feedback":{"timestamp":"2024-01-01T00:00:00.000000Z","comment":null}}]'
    )


def test_a_batch_is_all_or_nothing_and_names_the_record():
    with pytest.raises(InvalidRecord) as refused:
        encode_records([a_record(id="a"), a_record(id="b", usage__promptTokens=-1)])

    assert str(refused.value) == "record 1 (id 'b'): a count is never negative at usage.promptTokens; leave it out when it is unknown"
    assert refused.value.path == "usage.promptTokens"


def test_records_above_the_size_are_refused():
    record = a_record(output={"type": "text", "content": "x" * 1000})

    assert "largest allowed has 1,000" in str(refusal_at(record, max_bytes=1000))
    assert "largest allowed has 1,000" in str(refusal_at(as_text(record), max_bytes=1000))
    assert "largest allowed has 1,000" in str(refusal_at(b"[" * 2000, max_bytes=1000))
    assert len(encode_records([record], max_bytes=2000)) == 1


def test_whitespace_between_the_parts_of_a_record_is_not_counted():
    record = a_record(metadata={"list": list(range(100))})

    assert len(as_text(record, indent=8)) > 1000
    assert row_of(record)["metadata"] == encode_one(as_text(record, indent=8), max_bytes=1000).columns["metadata"][0]


def refusal_at(record: Any, max_bytes: int) -> InvalidRecord:
    with pytest.raises(InvalidRecord) as refused:
        encode_one(record, max_bytes=max_bytes)
    return refused.value


def test_what_the_store_keeps_cannot_be_sent():
    assert refusal_of(a_record(createdAt="2024-01-01T00:00:00Z")).path == "createdAt"
    assert refusal_of(as_text(a_record(updatedAt=None))).path == "updatedAt"


def test_lines_are_refused_one_by_one():
    lines = [as_text(a_record(id="a")), b"nonsense", as_text(a_record(id="b", statu="x")), as_text(a_record(id="c"))]

    rows, refused = encode_lines(lines)

    assert rows.ids == ["a", "c"]
    assert [(refusal.line_index, refusal.error.path) for refusal in refused] == [(1, None), (2, "statu")]


def test_an_export_can_be_imported():
    exported = a_record(
        id="a",
        links={"jaeger": "https://jaeger.example/trace/a"},
        createdAt="2024-01-01T00:00:00.000000Z",
        updatedAt="2024-01-01T00:00:00.000000Z",
    )

    for record in (exported, exported | {"usage": None}, exported | {"timestamp": {"$date": 0}}):
        rows, refused = encode_lines([as_text(record)])
        assert (rows.ids, refused) == (["a"], [])


def test_lines_without_ids_get_the_same_ids_each_time():
    """However the file is cut into parts; equal lines are as many records as there are lines."""
    lines = [as_text(a_record(metadata__n=n % 2)) for n in range(6)]

    whole, _ = encode_lines(lines)
    seen: dict[bytes, int] = {}
    parts = [id_ for start in range(0, 6, 2) for id_ in encode_lines(lines[start : start + 2], seen=seen)[0].ids]

    assert whole.ids == parts
    assert len(set(parts)) == 6


def test_generations_are_encoded_as_they_are_built():
    record = Generation(
        model=Model(id="gpt-4"),
        usage=Usage(prompt_tokens=1, completion_tokens=2),
        metadata=Metadata({"own": 1}, user_id="u"),
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )

    row = row_of(record)

    assert (row["metadata"], row["metadata_user_id"], row["usage_total_tokens"]) == ('{"own":1,"userId":"u"}', "u", 3)


def test_the_sample_is_taken_whole():
    records = list(sample_generations(300))

    assert encode_records(records).columns["sent_hash"] == encode_records(map(as_text, records)).columns["sent_hash"]


PRICED = {"computedCost": 0.5, "computedCurrency": "USD", "priceSource": "list", "priceVersion": "1"}


@pytest.mark.parametrize(
    ("sent", "back"),
    [
        ({"promptTokens": 7}, {"promptTokens": 7, "cost": 0.5, "currency": "USD", "costSource": "computed", **PRICED}),
        ({"promptTokens": 7, "cost": 0.4}, {"promptTokens": 7, "cost": 0.4, **PRICED}),
        (None, {"cost": 0.5, "currency": "USD", "costSource": "computed", **PRICED}),
    ],
)
def test_what_was_computed_from_prices_is_no_part_of_what_was_sent(sent, back):
    """A record that is exported with its cost and imported again is the one that is there."""
    plain = {"id": "one", "model": {"id": "m"}, **({"usage": sent} if sent else {})}

    assert row_of(plain | {"usage": back})["sent_hash"] == row_of(plain)["sent_hash"]
    assert row_of(plain | {"usage": back})["usage_cost"] == back["cost"]
    assert row_of(plain | {"usage": back})["usage_price_source"] == "list"


def test_a_cost_that_its_sender_computed_is_part_of_what_was_sent():
    assert (
        row_of({"model": {"id": "m"}, "usage": {"cost": 1.0, "costSource": "computed"}})["sent_hash"]
        != row_of({"model": {"id": "m"}, "usage": {"cost": 2.0, "costSource": "computed"}})["sent_hash"]
    )
