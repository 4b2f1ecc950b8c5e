"""All that is known of a trace, in pieces and in any order."""

from __future__ import annotations

import itertools

from generations.record.encode import encode_each
from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.trace import Waiting, by_trace, read_traces, records_in

from .payloads import CHAT, TRACE, a_chat, a_log, a_log_request, a_request, a_sent_log, a_sent_span, a_span

SPAN = "b7ad6b7169203331"
DETAILS = "gen_ai.client.inference.operation.details"
MESSAGES = {"gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Here."}]}]}


def test_pieces_give_the_same_records_in_any_order():
    agent = a_span("0000000000000001", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"})
    pieces = [agent, a_chat(parent_span_id="0000000000000001"), a_chat("0000000000000002", parent_span_id="0000000000000001")]
    logs = (a_log(DETAILS, attributes=MESSAGES), a_log("gen_ai.user.message", {"content": "Where?"}))
    readings = [read_traces(order, both).records for order in itertools.permutations(pieces) for both in (logs, logs[::-1])]

    assert all(records == readings[0] for records in readings)


def test_a_span_that_comes_twice_is_one_record():
    assert len(read_traces([a_chat(), a_chat()], []).records) == 1


def test_events_wait_for_their_span():
    reading = read_traces([], [a_log(DETAILS, attributes=CHAT | MESSAGES), a_log("gen_ai.choice", {"index": 0})])

    assert reading.records == ()
    assert reading.waiting == (Waiting(TRACE, SPAN, "span"),)


def test_a_generation_waits_for_the_span_around_it_but_is_a_record_already():
    alone = read_traces([a_chat(parent_span_id="0000000000000001")], [])
    agent = a_span("0000000000000001", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"})
    whole = read_traces([a_chat(parent_span_id="0000000000000001"), agent], [])

    assert alone.waiting == (Waiting(TRACE, "0000000000000001", "parent"),)
    assert whole.waiting == ()
    assert alone.records[0]["id"] == whole.records[0]["id"]
    assert whole.records[0]["metadata"]["agentId"] == "guide"


def test_when_nothing_more_comes_an_event_with_the_whole_call_is_a_record():
    event = a_log(DETAILS, ms=200, attributes=CHAT | MESSAGES)
    reading = read_traces([], [event], is_complete=True)
    [record] = reading.records

    assert record["id"] == f"{TRACE}-{SPAN}"
    assert record["output"]["content"] == "Here."
    assert record["usage"]["promptTokens"] == 12
    assert "performance" not in record
    assert record["metadata"]["notes"] == ["the span never came: start and duration are unknown"]
    assert reading.waiting == ()


def test_messages_without_a_span_cannot_be_joined_and_are_handed_back():
    choice = a_log("gen_ai.choice", {"index": 0}, trace_id=None, span_id=None)

    assert read_traces([], [choice], is_complete=True).unjoined == (choice,)


def test_ordinary_log_lines_and_spans_are_nothing_to_us():
    reading = read_traces([a_span(attributes={"http.request.method": "GET"})], [a_log("", "a line")])

    assert (reading.records, reading.waiting, reading.unjoined) == ((), (), ())


def test_the_nearest_span_that_tells_a_user_counts():
    root = a_span("0000000000000001", attributes={"user.id": "u-1", "session.id": "s-1"})
    agent = a_span(
        "0000000000000002", parent_span_id="0000000000000001", attributes={"gen_ai.operation.name": "invoke_agent", "user.id": "u-2"}
    )
    metadata = read_traces([root, agent, a_chat(parent_span_id="0000000000000002")], []).records[0]["metadata"]

    assert (metadata["userId"], metadata["sessionId"]) == ("u-2", "s-1")


def test_what_has_no_field_is_kept_by_paths():
    span = a_chat(
        attributes={"my.own.thing": 1, "nothing": None}, resource={"service": {"name": "shop"}}, links=((TRACE, "00f067aa0ba902b7"),)
    )
    otel = read_traces([span], []).records[0]["metadata"]["otel"]

    assert otel["attributes"] == {"my": {"own": {"thing": 1}}}
    assert otel["resource"] == {"service": {"name": "shop"}}
    assert otel["links"] == [{"traceId": TRACE, "spanId": "00f067aa0ba902b7"}]


def test_notes_of_reading_end_on_the_record():
    bomb = {"llm.input_messages.999999999.message.content": "boom", "openinference.span.kind": "LLM"}
    span = a_chat(attributes=bomb, notes=("attributes beyond 20000 were ignored",))
    metadata = read_traces([span], []).records[0]["metadata"]

    assert len(metadata["notes"]) == 2
    assert metadata["otel"]["attributes"]["llm"]["input_messages"]["999999999"]["message"]["content"] == "boom"


def test_the_users_own_names_do_not_displace_ours():
    own = {"traceId": "mine", "requestId": 5, "userId": "u-1", "otel": "x", "plan.level": 2}
    told = {f"langsmith.metadata.{name}": value for name, value in own.items()} | {"langsmith.span.kind": "llm"}
    metadata = read_traces([a_chat(attributes=told)], []).records[0]["metadata"]

    assert metadata["traceId"] == TRACE
    assert metadata["requestId"] == "chatcmpl-1"
    assert metadata["userId"] == "u-1"
    assert metadata["plan"] == {"level": 2}
    assert metadata["otel"]["metadata"] == {"traceId": "mine", "requestId": 5, "otel": "x"}


def test_traces_of_a_request_are_told_apart():
    request = a_request(a_sent_span(), a_sent_span(traceId="1" * 32)) | a_log_request(a_sent_log(DETAILS, CHAT))
    pieces = by_trace(telemetry_of(request))

    assert [(trace_id, len(of.spans), len(of.logs)) for trace_id, of in pieces.items()] == [(TRACE, 1, 1), ("1" * 32, 1, 0)]


def test_records_are_taken_by_the_store():
    request = a_request(a_sent_span(attributes=CHAT | {"a.b": [1, {"c": None}]})) | a_log_request(a_sent_log(DETAILS, MESSAGES))
    records = list(records_in(telemetry_of(request)))
    rows, refused = encode_each(records)

    assert refused == []
    assert len(records) == 1
    assert rows


def test_a_session_that_the_program_names_goes_before_a_conversation_that_a_library_made_up():
    visit = a_span("0000000000000001", attributes={"session.id": "s-1"})
    call = a_chat(parent_span_id="0000000000000001", attributes={"gen_ai.conversation.id": "c-1"})
    [within], [alone] = read_traces([visit, call], []).records, read_traces([call], []).records

    assert (within["metadata"]["sessionId"], within["metadata"]["otel"]["conversationId"]) == ("s-1", "c-1")
    assert alone["metadata"]["sessionId"] == "c-1"
