"""Two instrumentations around one call give one record, and tokens are counted once."""

from __future__ import annotations

import time

import pytest

from generations.wire.otlp.trace import read_traces

from .payloads import START_NS, TRACE, a_chat, a_span

OUTER, INNER, OTHER = "0000000000000001", "0000000000000002", "0000000000000003"
FRAMEWORK = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o",
    "llm.token_count.prompt": 12,
    "llm.token_count.completion": 5,
    "llm.token_count.prompt_details.cache_read": 4,
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Where?",
    "framework.run": "r-1",
}


def a_framework_call(span_id=OUTER, **fields):
    return a_span(span_id, scope="framework", attributes=FRAMEWORK | fields.pop("attributes", {}), **fields)


def test_a_framework_around_a_client_is_one_call_told_by_both():
    reading = read_traces([a_framework_call(), a_chat(INNER, parent_span_id=OUTER)], [])
    [record] = reading.records

    assert record["id"] == f"{TRACE}-{INNER}"
    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5, "cachedTokens": 4}
    assert record["input"]["content"] == [{"role": "user", "content": "Where?"}]
    assert record["metadata"]["requestId"] == "chatcmpl-1"
    [outer] = record["metadata"]["otel"]["outerSpans"]
    assert (outer["spanId"], outer["dialect"], outer["attributes"]) == (OUTER, "openinference", {"framework": {"run": "r-1"}})


def test_the_record_of_the_outer_span_is_superseded():
    """It may have been written when only the outer span had come."""
    alone = read_traces([a_framework_call()], [])
    both = read_traces([a_framework_call(), a_chat(INNER, parent_span_id=OUTER)], [])

    assert both.superseded_ids == (alone.records[0]["id"],)


def test_spans_of_other_kinds_between_them_do_not_matter():
    between = a_span(OTHER, parent_span_id=OUTER, attributes={"http.request.method": "POST"})

    assert len(read_traces([a_framework_call(), between, a_chat(INNER, parent_span_id=OTHER)], []).records) == 1


def test_three_layers_are_one_call():
    middle = a_framework_call(OTHER, parent_span_id=OUTER)
    reading = read_traces([a_framework_call(), middle, a_chat(INNER, parent_span_id=OTHER)], [])

    [record] = reading.records
    assert record["id"] == f"{TRACE}-{INNER}"
    assert len(reading.superseded_ids) == 2


@pytest.mark.parametrize("operation", ["execute_tool", "invoke_agent"])
def test_what_a_tool_or_an_agent_inside_does_is_another_call(operation):
    between = a_span(OTHER, parent_span_id=OUTER, attributes={"gen_ai.operation.name": operation})

    assert len(read_traces([a_framework_call(), between, a_chat(INNER, parent_span_id=OTHER)], []).records) == 2


def test_another_model_inside_is_another_call():
    embedding = a_chat(
        INNER, parent_span_id=OUTER, attributes={"gen_ai.request.model": "ada", "gen_ai.response.model": "ada", "gen_ai.response.id": None}
    )

    assert len(read_traces([a_framework_call(), embedding], []).records) == 2


def test_a_router_names_the_provider_before_the_model():
    outer = a_framework_call(attributes={"llm.model_name": "openai/gpt-4o"})

    assert len(read_traces([outer, a_chat(INNER, parent_span_id=OUTER)], []).records) == 1


def test_a_span_around_several_calls_is_their_sum_and_left_out():
    inner = [a_chat(span_id, parent_span_id=OUTER, attributes={"gen_ai.response.id": span_id}) for span_id in (INNER, OTHER)]
    reading = read_traces([a_framework_call(attributes={"llm.token_count.prompt": 24}), *inner], [])

    assert [record["metadata"]["spanId"] for record in reading.records] == [INNER, OTHER]
    assert reading.superseded_ids == (f"{TRACE}-{OUTER}",)


def test_a_span_around_several_calls_that_tell_no_tokens_is_kept():
    bare = {"gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None}
    inner = [a_chat(span_id, parent_span_id=OUTER, attributes=bare | {"gen_ai.response.id": span_id}) for span_id in (INNER, OTHER)]

    assert sum("usage" in record for record in read_traces([a_framework_call(), *inner], []).records) == 1


def test_of_a_failed_try_and_a_retry_the_outer_span_is_the_one_with_its_answer():
    failed = a_chat(INNER, parent_span_id=OUTER, status="error", attributes={"gen_ai.response.id": None, "gen_ai.usage.input_tokens": None})
    outer = a_framework_call(attributes={"gen_ai.response.id": "chatcmpl-1"})
    records = read_traces([outer, failed, a_chat(OTHER, parent_span_id=OUTER)], []).records

    assert [(record["metadata"]["spanId"], record["status"]) for record in records] == [(INNER, "error"), (OTHER, "success")]


def test_spans_beside_each_other_with_the_same_response_are_one_call():
    records = read_traces([a_chat(INNER, scope="one"), a_chat(OTHER, scope="two")], []).records

    assert len(records) == 1


def test_without_anything_around_it_each_instrumentation_begins_its_own_trace():
    records = read_traces([a_chat(INNER, scope="one"), a_chat(INNER, scope="two", trace_id="1" * 32)], []).records

    assert len(records) == 1


def test_the_end_of_a_stream_says_how_long_it_took():
    stream = {"request_data": "{}", "response_data": "{}", "duration": 0.25, "gen_ai.request.model": "gpt-4o"}
    stream |= {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 5}
    ended = START_NS + 300 * 10**6
    logged = a_span(OUTER, scope="logfire.openai", attributes=stream, start_ns=ended, end_ns=ended)

    assert len(read_traces([logged, a_chat(INNER)], []).records) == 1


def test_the_same_response_id_alone_is_no_proof():
    """Some servers number their answers from a small range."""
    later = {"start_ns": START_NS + 10**9, "end_ns": START_NS + 2 * 10**9}

    assert len(read_traces([a_chat(INNER, scope="one"), a_chat(OTHER, scope="two", **later)], []).records) == 2
    assert len(read_traces([a_chat(INNER), a_chat(OTHER)], []).records) == 2


def test_a_stream_whose_framework_tells_no_id_is_known_by_its_parent_model_and_counts():
    framework = a_framework_call(parent_span_id="00000000000000ff")
    beside = a_chat(INNER, parent_span_id="00000000000000ff", start_ns=START_NS + 10**6)
    reading = read_traces([framework, beside], [])
    [record] = reading.records

    assert record["id"] == f"{TRACE}-{INNER}"
    assert record["metadata"]["requestId"] == "chatcmpl-1"


def test_equal_calls_at_once_stay_as_many():
    frameworks = [a_framework_call(f"00000000000000a{number}") for number in range(3)]
    clients = [a_chat(f"00000000000000b{number}", attributes={"gen_ai.response.id": f"chatcmpl-{number}"}) for number in range(3)]

    assert len(read_traces([*frameworks, *clients], []).records) == 3


@pytest.mark.parametrize(
    "told",
    [
        {"gen_ai.usage.input_tokens": 13},
        {"gen_ai.request.model": "claude", "gen_ai.response.model": "claude"},
        {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0},
    ],
    ids=["other counts", "another model", "no counts"],
)
def test_calls_beside_each_other_that_differ_are_two(told):
    assert len(read_traces([a_framework_call(), a_chat(INNER, attributes=told)], []).records) == 2


def test_counts_that_differ_are_flagged_and_not_mixed():
    outer = a_framework_call(attributes={"llm.token_count.prompt": 99})
    [record] = read_traces([outer, a_chat(INNER, parent_span_id=OUTER)], []).records

    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5}
    assert "otel-genai counted 12 + 5 tokens, openinference 99 + 5" in record["metadata"]["notes"][0]


def test_spans_that_are_each_others_parents_do_not_hang():
    spans = [a_chat(INNER, parent_span_id=OTHER), a_chat(OTHER, parent_span_id=INNER), a_chat(OUTER, parent_span_id=OUTER)]

    assert read_traces(spans, []).records


def test_very_long_chains_of_generations_are_read_in_reasonable_time():
    spans = [
        a_chat(f"{number:016x}", parent_span_id=f"{number - 1:016x}" if number > 1 else None, attributes={"gen_ai.response.id": None})
        for number in range(1, 2001)
    ]

    assert len(read_traces(spans, []).records) == 1


FAILED = {"gen_ai.response.id": None, "gen_ai.response.model": None, "gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None}


def test_a_failed_call_that_two_instrumentations_saw_beside_each_other_is_one_call():
    """It has neither id nor tokens; one of the two often says only that it failed."""
    one = a_chat(INNER, scope="one", status="error", attributes=FAILED | {"error.type": "rate_limit_error"})
    other = a_chat(OTHER, scope="two", status="error", status_message="429: not now", attributes=FAILED)
    [record] = read_traces([one, other], []).records

    assert record["error"] == {"type": "rate_limit_error", "message": "429: not now"}


def test_a_failed_call_beside_another_of_the_same_instrumentation_is_its_own():
    tries = [a_chat(span_id, scope="one", status="error", attributes=FAILED) for span_id in (INNER, OTHER)]

    assert len(read_traces([*tries, a_chat(OUTER, scope="two", status="error", attributes=FAILED)], []).records) == 3


def at(ms, until):
    return {"start_ns": START_NS + ms * 10**6, "end_ns": START_NS + until * 10**6}


def test_a_stream_of_a_framework_is_paired_though_other_calls_have_the_same_counts():
    """Those that tell their answer are told by it, and only the others are counted."""
    times = {INNER: (1, 11), OTHER: (20, 30)}
    chats = [a_chat(span_id, scope="client", attributes={"gen_ai.response.id": span_id}, **at(*when)) for span_id, when in times.items()]
    told = a_framework_call("00000000000000f1", attributes={"gen_ai.response.id": INNER}, **at(0, 12))
    streamed = a_framework_call("00000000000000f2", **at(19, 32))

    records = read_traces([told, streamed, *chats], []).records

    assert [record["metadata"]["spanId"] for record in records] == [INNER, OTHER]
    assert all("outerSpans" in record["metadata"]["otel"] for record in records)


def test_a_client_that_does_not_see_the_frameworks_span_is_paired_by_time():
    """Its parent is the one around the framework's."""
    chain = a_span("00000000000000c1", parent_span_id=OTHER, attributes={"openinference.span.kind": "CHAIN"}, **at(0, 100))
    framework = a_framework_call("00000000000000f1", parent_span_id="00000000000000c1", **at(10, 40))

    def records(*whens, parent=OTHER):
        chats = [a_chat(f"000000000000000{until}", scope="client", parent_span_id=parent, **at(11, until)) for until in whens]
        return read_traces([a_span(OTHER), chain, framework, *chats], []).records

    assert len(records(39)) == 1
    assert len(records(60)) == 2
    assert len(records(38, 39)) == 3
    assert len(records(39, parent="00000000000000a1")) == 2


def test_a_call_that_is_seen_by_very_many_is_read_as_fast_as_they_are_alone():
    def seconds(parent_of):
        spans = [a_chat(f"{number:016x}", parent_span_id=parent_of(number)) for number in range(1, 1_001)]
        started = time.process_time()
        read_traces(spans, [])
        return time.process_time() - started

    seconds(lambda _: "")
    alone = seconds(lambda _: "")
    assert seconds(lambda number: f"{number - 1:016x}") < 5 * alone
