"""Streamed answers, put together."""

from __future__ import annotations

import copy
import time

import pytest

from generations.wire.streamed import joined

CALL = {"index": 0, "id": "c", "function": {"name": "look", "arguments": "{"}}
CHAT = [
    {"choices": [{"delta": {"content": "Hel", "audio": {"data": "ab"}, "tool_calls": [CALL]}}]},
    {"choices": [{"delta": {"content": "lo", "audio": {"data": "cd"}, "tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}}]},
]
CITED = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "", "citations": []}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"url": "x"}}},
]


def test_texts_and_arguments_are_those_of_all_pieces():
    [choice], [block] = joined(CHAT)["choices"], joined(CITED)["content"]

    assert choice["message"]["content"] == "Hello"
    assert choice["message"]["audio"] == {"data": "abcd"}
    assert choice["message"]["tool_calls"] == [{"id": "c", "function": {"name": "look", "arguments": "{}"}}]
    assert block == {"type": "text", "text": "Hi", "citations": [{"url": "x"}]}


@pytest.mark.parametrize("events", [CHAT, CITED])
def test_the_events_stay_as_they_were(events):
    before = copy.deepcopy(events)

    joined(events)

    assert events == before


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [{"delta": {"content": "x" * 40}}]},
        {"choices": [{"text": "x" * 40}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "x" * 40}}]}}]},
        {"type": "response.output_text.delta", "delta": "x" * 40},
        {"type": "content_block_delta", "delta": {"text": "x" * 40}},
        {"type": "content_block_delta", "delta": {"citation": {}}},
    ],
    ids=["content", "text", "arguments", "response", "block", "citations"],
)
def test_an_answer_takes_as_long_as_it_is_and_not_the_square_of_it(event):
    started = time.process_time()

    assert joined([event] * 40_000)
    assert time.process_time() - started < 2
