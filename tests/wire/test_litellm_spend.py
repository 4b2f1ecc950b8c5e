"""Rows of LiteLLM's spend logs."""

from __future__ import annotations

import json

from generations.wire.litellm import record_of
from generations.wire.litellm_spend import recognises, records

from .exports import MESSAGES, a_spend_log
from .test_litellm import payload


def only(**columns):
    [record] = records(a_spend_log(**columns))
    return record


def test_a_row_becomes_a_record():
    record = only()
    litellm = record["metadata"].pop("litellm")

    assert record == {
        "id": "litellm-chatcmpl-1",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o", "name": "rivers", "version": "gpt-4o-2024-08-06", "provider": "openai"},
        "input": {"type": "text", "content": MESSAGES, "tokens": 12},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5, "finishReason": "stop"},
        "parameters": {"temperature": 0.5},
        "usage": {
            "promptTokens": 12,
            "completionTokens": 5,
            "totalTokens": 17,
            "cachedTokens": 4,
            "reasoningTokens": 2,
            "cost": 0.00007,
            "currency": "USD",
            "costSource": "reported",
        },
        "performance": {"latency": 2000, "timeToFirstToken": 150},
        "status": "success",
        "metadata": {"requestId": "chatcmpl-1", "userId": "u-9", "sessionId": "s-3", "tags": ["quiz"]},
    }
    assert litellm["metadata"] == {"user_api_key_alias": "rivers"}


def test_rows_of_a_dump_are_text_in_every_cell():
    row = {name: json.dumps(value) if isinstance(value, dict | list) else str(value) for name, value in a_spend_log().items()}
    row |= {"startTime": "2025-03-01 10:00:00", "endTime": "2025-03-01 10:00:02", "completionStartTime": "2025-03-01 10:00:00.15"}

    assert list(records(row)) == [only()]


def test_without_messages_the_numbers_are_read():
    """`store_prompts_in_spend_logs` is off by default."""
    record = only(messages={}, response={}, proxy_server_request={})

    assert record.keys().isdisjoint(("input", "output", "parameters"))
    assert record["usage"]["cachedTokens"] == 4


def test_failures_are_errors_with_what_went_wrong():
    about = {
        "status": "failure",
        "error_information": {"error_class": "RateLimitError", "error_message": "Slow down.", "error_code": "429"},
    }
    record = only(status="failure", metadata=about, response={}, spend=0, prompt_tokens=0, completion_tokens=0, total_tokens=0)

    assert (record["status"], record["error"]) == ("error", {"type": "RateLimitError", "message": "Slow down.", "code": "429"})
    assert "usage" not in record


def test_a_page_holds_a_record_for_each_call_of_a_model():
    tool = a_spend_log(
        "t", call_type="call_mcp_tool", response={}, prompt_tokens=0, completion_tokens=0, total_tokens=0, metadata={}, spend=0
    )
    page = {"data": [a_spend_log("a"), a_spend_log("b"), tool], "total": 3}

    assert recognises(page)
    assert [record["id"] for record in records(page)] == ["litellm-a", "litellm-b"]


CALL = {"id": "chatcmpl-1", "litellm_call_id": "c-1", "startTime": 1740823200.4996, "messages": MESSAGES}


def its_row(id_="chatcmpl-1", **columns):
    """The row of that call, which keeps milliseconds."""
    return a_spend_log(id_, **{"litellm_call_id": "c-1", "startTime": "2025-03-01T10:00:00.500Z"} | columns)


def test_a_row_has_the_id_of_the_payload_that_was_posted_of_the_same_call():
    posted = record_of(payload(**CALL))["id"]
    told_in_metadata = its_row(litellm_call_id=None, metadata={"litellm_call_id": "c-1"})

    for row in (its_row(), its_row(startTime="2025-03-01 10:00:00.5"), told_in_metadata):
        assert [record["id"] for record in records(row)] == [posted]


def test_ids_agree_where_the_spend_logs_add_to_theirs():
    cached = record_of(payload(**CALL | {"id": "chatcmpl-1_cache_hit1740823200.51"}))["id"]
    late = record_of(payload(**CALL | {"startTime": 1740823200.9997}))["id"]
    batch = record_of(payload(**CALL | {"call_type": "aretrieve_batch"}))["id"]

    assert only(**its_row("chatcmpl-1_cache_hit1740823200.62"))["id"] == cached
    assert only(**its_row(startTime="2025-03-01T10:00:01Z"))["id"] == late
    assert only(**its_row("chatcmpl-1_batch_cost", call_type="aretrieve_batch"))["id"] == batch


def test_another_call_and_a_failure_have_ids_of_their_own():
    """Of a request that failed each attempt is posted, and there is one row."""
    posted = {record_of(payload(**CALL))["id"], record_of(payload(**CALL | {"status": "failure"}))["id"]}
    others = (
        its_row(litellm_call_id="c-2"),
        its_row("chatcmpl-2"),
        its_row(startTime="2025-03-01T10:00:09Z"),
        its_row(call_type="aresponses"),
        its_row("c-1", status="failure"),
        its_row(litellm_call_id=None),
    )

    assert posted.isdisjoint(only(**row)["id"] for row in others)
    assert len({only(**row)["id"] for row in others}) == len(others)


def test_payloads_that_callbacks_wrote_into_files_are_read_as_those_that_are_posted():
    assert recognises(payload())
    assert list(records(payload())) == [record_of(payload())]
