"""OTLP/JSON in files."""

from __future__ import annotations

from generations.wire.detect import OTLP
from generations.wire.otlp.document import recognises, telemetry_of_document

from .payloads import CHAT, a_log_request, a_request, a_sent_log, a_sent_span

DETAILS = a_sent_log(
    "gen_ai.client.inference.operation.details",
    {"gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Here."}]}]},
)


def test_one_request_is_a_document():
    assert recognises(a_request(a_sent_span()))
    assert [record["usage"]["promptTokens"] for record in OTLP.records(a_request(a_sent_span()))] == [12]


def test_requests_may_be_collected_under_traces_and_logs():
    document = {"traces": [a_request(a_sent_span())], "logs": [a_log_request(DETAILS)]}
    [record] = OTLP.records(document)

    assert recognises(document)
    assert record["output"]["content"] == "Here."
    assert record["performance"] == {"latency": 250}


def test_what_is_collected_and_is_no_request_is_refused_with_its_place():
    telemetry = telemetry_of_document({"traces": [5, a_request(a_sent_span()), {"spans": []}, {}], "logs": [None]})

    assert len(telemetry.spans) == 1
    assert telemetry.refused == tuple(f"{place}: this is no export request" for place in ("traces[0]", "traces[2]", "logs[0]"))


def test_events_whose_span_stands_elsewhere_do_not_replace_its_record():
    whole = a_sent_log("gen_ai.client.inference.operation.details", CHAT)

    assert recognises(a_log_request(whole))
    assert list(OTLP.records(a_log_request(whole))) == []


def test_a_second_reading_gives_the_same_records():
    document = a_request(a_sent_span(), a_sent_span("0000000000000002"))

    assert list(OTLP.records(document)) == list(OTLP.records(document))
