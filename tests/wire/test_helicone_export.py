"""Requests exported from Helicone."""

from __future__ import annotations

import json

import pytest

from generations.wire.helicone_export import recognises, records

from .exports import MESSAGES, a_completion, a_helicone_request


def only(**fields):
    [record] = records(a_helicone_request(**fields))
    return record


def test_a_request_becomes_one_record_with_what_both_bodies_say():
    assert only() == {
        "id": "q1",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"},
        "input": {"type": "text", "content": MESSAGES, "tokens": 12},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5, "finishReason": "stop"},
        "parameters": {"temperature": 0.5, "maxTokens": 16},
        "usage": {
            "promptTokens": 12,
            "completionTokens": 5,
            "totalTokens": 17,
            "cachedTokens": 4,
            "reasoningTokens": 2,
            "audioTokens": 0,
            "inputAudioTokens": 0,
            "cost": 0.00007,
            "currency": "USD",
            "costSource": "reported",
        },
        "performance": {"latency": 2000, "timeToFirstToken": 150},
        "status": "success",
        "feedback": {"thumbs": "up", "timestamp": "2025-03-01T11:00:00.000000Z"},
        "metadata": {
            "requestId": "chatcmpl-1",
            "userId": "u-9",
            "sessionId": "s-3",
            "Environment": "production",
            "helicone": {
                "response_id": "r1",
                "response_created_at": "2025-03-01T10:00:02.000Z",
                "response_status": 200,
                "request_path": "https://api.openai.com/v1/chat/completions",
                "country_code": "CZ",
                "scores": {},
                "Helicone-Session-Id": "s-3",
                "response": {"created": 1740823200},
            },
        },
    }


def test_a_page_holds_a_record_for_each_request_but_not_for_tools():
    tool = a_helicone_request("q3", request_body={"_type": "tool", "toolName": "search"}, response_body={})
    page = {"data": [a_helicone_request("q1"), a_helicone_request("q2"), tool], "error": None}

    assert recognises(page)
    assert [record["id"] for record in records(page)] == ["q1", "q2"]


def test_rows_of_csv_hold_json_also_with_quotes_doubled_twice():
    """That is how Helicone's own tool writes objects into CSV."""
    row = {name: str(value) for name, value in a_helicone_request().items() if not isinstance(value, dict | None)}
    row |= {name: json.dumps(value).replace('"', '""') for name, value in a_helicone_request().items() if isinstance(value, dict)}
    [record] = records(row)

    assert record["usage"] == only()["usage"]
    assert record["output"] == only()["output"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, {"promptTokens": 8, "completionTokens": 5, "cachedTokens": 4}),
        ({"provider": "ANTHROPIC"}, {"promptTokens": 12, "completionTokens": 5, "cachedTokens": 4}),
        ({"prompt_tokens": 2}, {"promptTokens": 6, "completionTokens": 5, "cachedTokens": 4}),
        ({"reasoning_tokens": 3, "total_tokens": 16}, {"promptTokens": 8, "completionTokens": 8, "cachedTokens": 4, "reasoningTokens": 3}),
        ({"reasoning_tokens": 3, "total_tokens": 13}, {"promptTokens": 8, "completionTokens": 5, "cachedTokens": 4, "reasoningTokens": 3}),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, {}),
    ],
)
def test_without_the_bodies_the_columns_count_each_token_once(columns, expected):
    usage = only(request_body={}, response_body={}, cost=0, **columns).get("usage", {})

    assert usage == expected


def test_without_the_bodies_helicones_own_reading_of_them_stands_in():
    schema = {"request": {"messages": MESSAGES}, "response": {"messages": [{"role": "assistant", "content": "The Vltava."}]}}
    record = only(request_body="", response_body="", llmSchema=schema)

    assert (record["input"]["content"], record["output"]["content"]) == (MESSAGES, "The Vltava.")
    assert record["model"]["id"] == "gpt-4o"


def test_a_cost_of_zero_is_unknown_unless_the_answer_came_from_the_cache():
    assert "cost" not in only(cost=0)["usage"]
    assert only(cost=0, cache_reference_id="7c7e9a3e-6f3f-4d0a-9a1e-000000000001")["usage"]["cost"] == 0


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        (
            {"response_status": 429, "response_body": {"error": {"message": "Slow down.", "type": "rate_limit", "code": "x"}}},
            "error",
            {"type": "rate_limit", "message": "Slow down.", "code": "429"},
        ),
        ({"response_status": 500, "response_body": "upstream failed"}, "error", {"message": "upstream failed", "code": "500"}),
        ({"response_status": -3, "response_body": {}}, "error", None),
        ({"response_status": -2, "response_body": {}}, None, None),
    ],
)
def test_failures_are_told_and_what_is_pending_has_no_status(fields, status, error):
    record = only(**fields)

    assert (record.get("status"), record.get("error")) == (status, error)


def test_embeddings_are_an_output_too():
    body = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    record = only(request_body={"model": "text-embedding-3-small", "input": "Vltava"}, response_body=body)

    assert record["output"] == {"type": "json", "content": [[0.5]]}
    assert (record["input"]["content"], record["usage"]["promptTokens"]) == ("Vltava", 3)


def test_a_second_reading_gives_the_same_record():
    assert only() == only()
    assert only(response_body=a_completion("chatcmpl-2"))["id"] == "q1"
