"""Types of inputs and outputs, read off their content."""

from __future__ import annotations

import pytest

from generations.record.fields import INPUT_TYPES, OUTPUT_TYPES
from generations.wire.modality import input_type, output_type

_IMAGE = {"type": "image_url", "image_url": {"url": "data:,"}}
_SOUND = {"type": "input_audio", "input_audio": {}}
_WORDS = {"type": "text", "text": "What is this?"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("hello", "text"),
        ([{"role": "user", "content": "hello"}], "text"),
        ([{"role": "user", "content": [_WORDS, _IMAGE]}], "multimodal"),
        ([{"role": "user", "content": [_IMAGE]}], "image"),
        ({"messages": [{"role": "user", "content": [_SOUND]}]}, "audio"),
        ({"contents": [{"parts": [{"inline_data": {"mime_type": "image/png"}}]}]}, "image"),
        ([{"role": "user", "parts": [{"type": "blob", "modality": "video"}]}], "multimodal"),
        ([{"type": "function_call", "arguments": {"city": "Tokyo"}}], "text"),
        ({"anything": 1}, "text"),
        ([], "text"),
    ],
)
def test_the_type_of_an_input_follows_its_parts(content, expected):
    assert input_type(content) == expected
    assert expected in INPUT_TYPES


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("hello", "text"),
        ({"role": "assistant", "content": "hello"}, "text"),
        ({"role": "assistant", "parts": [{"type": "text", "content": ""}, {"type": "tool_call", "name": "look"}]}, "json"),
        ({"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}, {"type": "tool_call", "name": "look"}]}, "json"),
        ([{"role": "assistant", "content": "hello"}], "text"),
        ({"choices": [{"message": {"content": "hello"}}]}, "text"),
        ({"choices": [{"message": {"content": None, "tool_calls": [{}]}}]}, "json"),
        ({"role": "assistant", "content": "", "additional_kwargs": {"tool_calls": [{}]}}, "json"),
        ({"candidates": [{"content": {"parts": [{"text": "hello"}]}}]}, "text"),
        ({"output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}]}, "text"),
        ({"output": [{"type": "function_call", "name": "look"}]}, "json"),
        ({"answer": 42}, "json"),
        ([{"type": "image", "url": "…"}], "image"),
    ],
)
def test_the_type_of_an_output_tells_words_from_structures(content, expected):
    assert output_type(content) == expected
    assert expected in OUTPUT_TYPES
