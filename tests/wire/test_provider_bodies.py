"""Raw requests and answers of providers."""

from __future__ import annotations

import pytest

from generations.wire.call import Choice, Tokens
from generations.wire.provider_bodies import answer_of, langchain_tokens, request_of, spoken


def test_a_chat_completion_keeps_its_choices_and_what_stands_beside_them():
    answer = answer_of(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "gpt-4o-2024-08-06",
            "system_fingerprint": "fp_1",
            "choices": [
                {"index": 0, "finish_reason": "stop", "logprobs": None, "message": {"role": "assistant", "content": "Hi", "refusal": None}},
                {"index": 1, "finish_reason": "length", "logprobs": {"content": []}, "message": {"role": "assistant", "content": "Ho"}},
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "prompt_tokens_details": {"cached_tokens": 4}},
        }
    )

    assert answer.choices == (Choice("Hi", "stop"), Choice("Ho", "length"))
    assert answer.tokens == Tokens(9, 2, total=11, cached=4)
    assert answer.rest == {"system_fingerprint": "fp_1", "choices": [{}, {"logprobs": {"content": []}}]}


@pytest.mark.parametrize(
    ("usage", "rest"),
    [
        ({"prompt_tokens": 9, "cost": 15.75, "cost_rub": 15.75}, {"cost": 15.75, "cost_rub": 15.75}),
        ({"input_tokens": 9, "server_tool_use": {"web_search_requests": 2}}, {"server_tool_use": {"web_search_requests": 2}}),
        (
            {"completion_tokens_details": {"reasoning_tokens": 1, "rejected_prediction_tokens": 3}},
            {"completion_tokens_details": {"rejected_prediction_tokens": 3}},
        ),
        ({"prompt_tokens": 9, "completion_tokens_details": {"accepted_prediction_tokens": 0}}, {}),
    ],
    ids=["a cost that is not known to be dollars", "searches", "rejected predictions", "zeros"],
)
def test_what_a_usage_tells_beside_its_counts_is_kept(usage, rest):
    answer = answer_of({"choices": [], "usage": usage})

    assert answer.rest.get("usage", {}) == rest


def test_a_response_of_one_text_is_that_text():
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}
    answer = answer_of(
        {"object": "response", "id": "resp_1", "status": "completed", "output": [item], "usage": {"input_tokens": 3, "output_tokens": 1}}
    )

    assert answer.choices == (Choice("Hi", "completed"),)
    assert answer.tokens == Tokens(3, 1)


def test_a_message_of_anthropic_counts_cached_tokens_beside_the_others():
    usage = {"input_tokens": 3, "output_tokens": 7, "cache_read_input_tokens": 100, "cache_creation": {"ephemeral_1h_input_tokens": 5}}
    answer = answer_of(
        {"type": "message", "id": "msg_1", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "usage": usage}
    )

    assert answer.choices == (Choice("Hi", "end_turn"),)
    assert answer.tokens == Tokens(3, 7, cached=100, cache_write_hour=5, are_inside=False)


def test_thoughts_of_gemini_stand_beside_its_candidates():
    usage = {"promptTokenCount": 6, "candidatesTokenCount": 10, "thoughtsTokenCount": 90}
    candidate = {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}
    answer = answer_of({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"})

    assert answer.choices == (Choice("Hi", "STOP"),)
    assert answer.tokens == Tokens(6, 100, reasoning=90)


def test_gemini_counts_what_tools_brought_beside_the_prompt_and_tells_modalities_apart():
    usage = {
        "prompt_token_count": 20,
        "tool_use_prompt_token_count": 300,
        "candidates_token_count": 10,
        "cached_content_token_count": 8,
        "prompt_tokens_details": [{"modality": "TEXT", "token_count": 5}, {"modality": "AUDIO", "token_count": 15}],
        "cache_tokens_details": [{"modality": "AUDIO", "token_count": 8}],
        "candidates_tokens_details": [{"modality": "IMAGE", "token_count": 9}],
    }

    assert answer_of({"candidates": [], "usage_metadata": usage}).tokens == Tokens(
        320, 10, cached=8, input_audio=15, cached_audio=8, output_image=9
    )


@pytest.mark.parametrize(
    ("of_input", "told"),
    [
        ({"cache_read": 4, "cache_creation": 8}, {"cached": 4, "cache_write": 8}),
        ({"cache_creation": 0}, {"cache_write": 0}),
        ({"cache_creation": 0, "ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 5}, {"cache_write": 8, "cache_write_hour": 5}),
        ({"priority_cache_read": 4, "priority": 8}, {"cached": 4}),
        ({"flex_cache_read": 4, "flex_cache_creation": 2, "flex": 8}, {"cached": 4, "cache_write": 2}),
    ],
)
def test_what_langchain_tells_of_the_cache_is_read_however_it_names_it(of_input, told):
    assert langchain_tokens({"input_tokens": 12, "output_tokens": 5, "input_token_details": of_input}) == Tokens(12, 5, **told)


def test_an_llm_result_of_langchain_is_read_through_its_message():
    message = {"kwargs": {"content": "Hi", "id": "run-1", "response_metadata": {"model_name": "gpt-4o-1", "finish_reason": "stop"}}}
    message["kwargs"]["usage_metadata"] = {"input_tokens": 9, "output_tokens": 2, "input_token_details": {"cache_read": 4}}
    answer = answer_of({"generations": [[{"text": "Hi", "message": message}]], "llm_output": None})

    assert answer.model == "gpt-4o-1"
    assert answer.response_id is None
    assert answer.choices[0].finish_reason == "stop"
    assert answer.tokens == Tokens(9, 2, cached=4)


@pytest.mark.parametrize("body", [{}, {"content": "Hi"}, {"output": "Hi"}, {"choices": None}])
def test_other_answers_are_of_no_known_shape(body):
    assert answer_of(body) is None


def test_instructions_beside_the_messages_become_the_first_of_them():
    request = request_of(
        {"model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "stop": None}
    )

    assert request.input == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert request.parameters == {"max_tokens": 5}


def test_words_for_anything_count_only_beside_a_model():
    assert request_of({"input": "Hi", "topic": "rivers"}).input is None
    assert request_of({"input": "Hi", "model": "m"}).input == "Hi"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "assistant", "content": "Hi", "refusal": None}, "Hi"),
        ({"role": "assistant", "parts": [{"type": "text", "content": "Hi"}]}, "Hi"),
        ({"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}, "Hi"),
        ("Hi", "Hi"),
        ({"content": None, "tool_calls": [{"id": "c", "arguments": {"x": None}}]}, {"tool_calls": [{"id": "c", "arguments": {"x": None}}]}),
        ({"content": "Hi", "reasoning_content": "hm"}, {"content": "Hi", "reasoning_content": "hm"}),
    ],
)
def test_a_message_of_nothing_but_text_is_that_text(message, expected):
    assert spoken(message) == expected


def test_the_output_of_embeddings_are_their_vectors():
    items = [{"object": "embedding", "index": index, "embedding": [0.5, index]} for index in range(2)]
    answer = answer_of({"object": "list", "model": "ada", "data": items, "usage": {"prompt_tokens": 8, "total_tokens": 8}})

    assert answer.choices == (Choice([[0.5, 0], [0.5, 1]]),)
    assert answer.tokens == Tokens(prompt=8, total=8)
