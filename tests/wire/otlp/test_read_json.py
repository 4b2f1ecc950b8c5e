"""OTLP/JSON, as spans and log records."""

from __future__ import annotations

import math

import pytest

from generations.wire import bounds
from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.telemetry import Telemetry

from .payloads import START_NS, TRACE, a_log_request, a_request, a_sent_log, a_sent_span, as_pairs


def the_span(**fields):
    [span] = telemetry_of(a_request(a_sent_span(**fields))).spans
    return span


def test_a_span_is_read_with_its_scope_and_resource():
    span = the_span(parentSpanId="00f067aa0ba902b7", status={"code": 2, "message": "429"})

    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE, "b7ad6b7169203331", "00f067aa0ba902b7")
    assert (span.name, span.kind, span.status, span.status_message) == ("chat gpt-4o", "client", "error", "429")
    assert (span.start_ns, span.end_ns) == (START_NS, START_NS + 250_000_000)
    assert (span.scope.name, span.scope.version) == ("genai", "1.0")
    assert span.resource == {"service": {"name": "shop"}}
    assert span.notes == ()


def test_values_of_every_kind_come_back_as_they_were():
    values = {
        "text": "a",
        "yes": True,
        "count": 2**53 + 1,
        "share": 0.5,
        "list": ["a", 1, {"b": None}],
        "map": {"c": {"d": "e"}},
        "null": None,
    }

    assert the_span(attributes=values).attributes == values


def test_what_no_json_number_can_say_is_text():
    assert the_span(attributes={"rate": math.nan}).attributes == {"rate": "nan"}


def test_bytes_stay_base64():
    sent = a_sent_span() | {"attributes": [{"key": "b", "value": {"bytesValue": "AQI="}}]}
    assert telemetry_of(a_request(sent)).spans[0].attributes == {"b": "AQI="}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (TRACE.upper(), TRACE),
        ("CvdlGRbNQ92ESOshHIAxnA==", TRACE),
    ],
    ids=["upper case", "base64, as protobuf's own JSON has it"],
)
def test_ids_are_repaired_where_they_are_unambiguous(sent, expected):
    assert the_span(traceId=sent).trace_id == expected


@pytest.mark.parametrize("sent", ["", "0" * 32, "abc", None, "z" * 32, 7])
def test_a_span_without_ids_is_refused_with_its_place_and_the_others_are_read(sent):
    found = telemetry_of(a_request(a_sent_span(traceId=sent), a_sent_span("00f067aa0ba902b7")))

    assert [span.span_id for span in found.spans] == ["00f067aa0ba902b7"]
    assert found.refused[0].startswith("resourceSpans[0].scopeSpans[0].spans[0]: ")


def test_enumerations_are_read_by_number_and_by_name():
    assert the_span(kind="SPAN_KIND_SERVER").kind == "server"
    assert the_span(kind=99).kind == "unspecified"
    assert the_span(status={"code": "STATUS_CODE_OK"}).status == "ok"


def test_a_log_record_has_the_time_it_was_seen_when_it_has_no_other():
    [log] = telemetry_of(a_log_request(a_sent_log("gen_ai.choice", {"gen_ai.system": "openai"}, {"index": 0}))).logs

    assert log.at_ns == START_NS + 200_000_000
    assert (log.event_name, log.body, log.attributes) == ("gen_ai.choice", {"index": 0}, {"gen_ai.system": "openai"})


def test_the_name_of_an_event_may_be_an_attribute():
    sent = a_sent_log("", {"event.name": "gen_ai.choice"})

    assert telemetry_of(a_log_request(sent)).logs[0].event_name == "gen_ai.choice"


@pytest.mark.parametrize(
    "at", ["1", str(1_750_000_000_000), str(2**63 - 1), str(-(2**40))], ids=["one", "milliseconds", "2262", "before 1970"]
)
def test_an_absurd_time_is_ignored_with_a_note(at):
    span = the_span(startTimeUnixNano=at)

    assert span.start_ns is None
    assert span.end_ns is not None
    assert "the start was ignored" in span.notes[0]


def test_a_time_that_was_not_set_is_absent_without_a_note():
    span = the_span(startTimeUnixNano="0")

    assert (span.start_ns, span.notes) == (None, ())


def test_what_the_senders_own_limits_kept_back_is_noted():
    span = the_span(droppedAttributesCount=3, droppedEventsCount=1)

    assert span.notes == ("the sender dropped 3 attributes", "the sender dropped 1 events")


def test_too_many_attributes_are_cut_off_with_a_note(monkeypatch):
    monkeypatch.setattr(bounds, "MOST_ATTRIBUTES", 3)
    span = the_span(attributes={f"a{number}": number for number in range(5)})

    assert span.attributes == {"a0": 0, "a1": 1, "a2": 2}
    assert span.notes == ("attributes beyond 3 were ignored",)


def test_texts_are_cut_off_together_with_a_note(monkeypatch):
    monkeypatch.setattr(bounds, "MOST_CHARS", 15)
    span = the_span(name="12345", attributes={"a": "x" * 8, "b": "y" * 8, "c": "z"})

    assert span.attributes == {"a": "x" * 8, "b": "yy", "c": ""}
    assert "texts were cut off" in span.notes[0]


def test_long_lists_and_deep_values_are_cut_off_with_a_note(monkeypatch):
    monkeypatch.setattr(bounds, "MOST_ITEMS", 2)
    deep: object = "bottom"
    for _ in range(100):
        deep = {"in": deep}
    span = the_span(attributes={"deep": deep, "long": [1, 2, 3]})

    assert span.attributes["long"] == [1, 2]
    assert len(span.notes) == 2


def test_a_name_that_is_more_than_a_name_in_javascript_is_ignored_with_a_note():
    sent = a_sent_span() | {"attributes": as_pairs({"__proto__": 1, "a.__proto__.b": 2, "c": {"__proto__": 3, "d": 4}})}
    [span] = telemetry_of(a_request(sent)).spans

    assert span.attributes == {"c": {"d": 4}}
    assert span.notes == ("an attribute named `__proto__` was ignored",)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"resourceSpans": None}])
def test_what_is_no_request_holds_nothing(document):
    assert telemetry_of(document) == Telemetry()


@pytest.mark.parametrize(
    ("held", "refused"),
    [
        (5, "resourceSpans: this is no list"),
        ([None], "resourceSpans[0]: this is no object"),
        ([{"scopeSpans": {}}], "resourceSpans[0].scopeSpans: this is no list"),
        ([{"scopeSpans": [{"spans": "x"}]}], "resourceSpans[0].scopeSpans[0].spans: this is no list"),
        ([{"scopeSpans": [{"spans": [5]}]}], "resourceSpans[0].scopeSpans[0].spans[0]: this is no object"),
    ],
)
def test_what_should_hold_spans_and_does_not_is_refused_with_its_place(held, refused):
    assert telemetry_of({"resourceSpans": held}).refused == (refused,)
