"""Calls from simonw/llm's database."""

from __future__ import annotations

import pytest

from generations.jobs.llm_database import LARGEST_ATTACHMENT, llm_batches
from generations.jobs.sources import open_source
from generations.wire.detect import LLM
from generations.wire.llm_logs import records

from ..wire.exports import a_database_of_llm


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The records of a small database, by id."""
    import json

    path = tmp_path_factory.mktemp("llm") / "logs.db"
    a_database_of_llm(str(path))
    with open_source(path) as source:
        found = [record for batch in llm_batches(source) for text in batch.texts for record in records(json.loads(text))]
    return {record["id"]: record for record in found}


IMAGE = {"type": "image", "mimeType": "image/png", "id": "a1", "data": "iVBORw=="}


def test_a_call_of_an_older_version_becomes_a_record_with_what_stands_beside_it(calls):
    assert calls["01a"] == {
        "id": "01a",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o", "version": "gpt-4o-2024-08-06"},
        "input": {
            "type": "multimodal",
            "content": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Rivers of Bohemia\nWhat is this?"}, IMAGE]},
            ],
            "tokens": 12,
        },
        "output": {"type": "text", "content": "A river.", "tokens": 5, "finishReason": "stop"},
        "parameters": {"temperature": 0.5, "schema": {"type": "object"}},
        "usage": {"promptTokens": 12, "completionTokens": 5, "cachedTokens": 4},
        "performance": {"latency": 1500},
        "status": "success",
        "metadata": {
            "requestId": "chatcmpl-1",
            "sessionId": "c1",
            "llm": {"name": "Rivers", "tokenDetails": {"prompt_tokens_details": {"cached_tokens": 4}}},
        },
    }


def test_tools_and_their_calls_belong_to_the_record_and_cached_tokens_of_anthropic_are_added(calls):
    record = calls["01b"]

    assert record["input"]["content"] == "And?"
    assert record["output"]["content"]["tool_calls"] == [{"id": "call-1", "name": "look", "arguments": {"name": "Vltava"}}]
    assert record["parameters"]["tools"] == [{"name": "look", "description": "Looks it up.", "input_schema": {"type": "object"}}]
    assert (record["usage"]["promptTokens"], record["usage"]["cachedTokens"]) == (12, 10)


def test_a_turn_holds_all_that_was_sent_and_only_its_own_answer(calls):
    first, second = calls["02a"], calls["02b"]
    sent = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "About Rivers of Bohemia"}, IMAGE]},
    ]

    assert (first["input"]["content"], first["output"]["content"]) == (sent, "A river.")
    assert second["input"]["content"] == [*sent, {"role": "assistant", "content": "A river."}, {"role": "user", "content": "Sure?"}]
    assert second["output"] == {"type": "text", "content": "Yes.", "tokens": 5, "finishReason": "stop"}
    assert second["metadata"] == {"sessionId": "c2", "llm": {"name": "Rivers again"}}


def test_large_attachments_are_told_by_their_size(tmp_path):
    import sqlite3

    path = tmp_path / "logs.db"
    a_database_of_llm(str(path))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE attachments SET content = zeroblob(?)", [LARGEST_ATTACHMENT + 1])
    with open_source(path) as source:
        [batch] = llm_batches(source)

    assert len(batch.texts) == 4
    assert b'"size":1048577' in batch.texts[0]


def test_thoughts_and_cached_tokens_of_google_are_inside_its_counts():
    details = {"candidatesTokenCount": 2, "thoughtsTokenCount": 3, "cachedContentTokenCount": 4}
    row = {"llmTable": "responses", "id": "x", "model": "gemini-2.5-flash", "response": "!", "input_tokens": 12, "output_tokens": 5}
    [record] = LLM.records(row | {"token_details": details})

    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5, "cachedTokens": 4, "reasoningTokens": 3}
