"""Files of OpenAI's Batch API, and its stored completions."""

from __future__ import annotations

import pytest

from generations.wire import openai_batch, openai_stored

from .exports import MESSAGES, REQUEST, a_batch_request, a_completion, a_page_of_completions, a_stored_completion, an_answered_request

USAGE = {
    "promptTokens": 12,
    "completionTokens": 5,
    "totalTokens": 17,
    "cachedTokens": 4,
    "reasoningTokens": 2,
    "audioTokens": 0,
    "inputAudioTokens": 0,
}


def only(line):
    [record] = openai_batch.records(line)
    return record


def test_an_answered_request_becomes_a_record_that_was_processed_in_a_batch():
    assert only(an_answered_request(request=REQUEST)) == {
        "id": "batch_req_q-1",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"},
        "input": {"type": "text", "content": MESSAGES, "tokens": 12},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5, "finishReason": "stop"},
        "parameters": {"temperature": 0.5, "maxTokens": 16},
        "usage": USAGE,
        "status": "success",
        "metadata": {
            "requestId": "chatcmpl-1",
            "processing": "batch",
            "openaiBatch": {"customId": "q-1", "statusCode": 200, "apiRequestId": "req_7", "response": {"created": 1740823200}},
        },
    }


def test_without_its_request_the_model_is_the_one_that_answered():
    record = only(an_answered_request())

    assert record["model"]["id"] == "gpt-4o-2024-08-06"
    assert record.keys().isdisjoint(("input", "parameters"))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            an_answered_request(response=None, error={"code": "batch_expired", "message": "It took too long."}),
            {"message": "It took too long.", "code": "batch_expired"},
        ),
        (
            an_answered_request(
                response={"status_code": 400, "request_id": "r", "body": {"error": {"message": "No.", "type": "invalid_request_error"}}}
            ),
            {"type": "invalid_request_error", "message": "No.", "code": "400"},
        ),
    ],
)
def test_failed_requests_are_errors_of_an_unknown_model_unless_the_request_is_known(line, error):
    assert only(line)["error"] == error
    assert (only(line)["model"]["id"], only(line)["status"]) == ("unknown", "error")
    assert only(line | {"request": REQUEST})["model"]["id"] == "gpt-4o"


def test_ids_are_those_of_lines_or_of_answers_but_not_the_custom_ones():
    """A `custom_id` is unique in its batch only; the lines of some providers have no other."""
    line = an_answered_request()
    del line["id"]

    assert only(line)["id"] == "chatcmpl-1"
    assert only(line)["model"].get("provider") is None


def test_lines_of_the_input_file_are_told_from_those_of_the_output():
    assert (openai_batch.is_request(a_batch_request()), openai_batch.recognises(a_batch_request())) == (True, False)
    assert (openai_batch.is_request(an_answered_request()), openai_batch.recognises(an_answered_request())) == (False, True)


def test_a_page_of_stored_completions_holds_a_record_for_each():
    page = a_page_of_completions(a_stored_completion("chatcmpl-1"), a_stored_completion("chatcmpl-2"))
    first, second = openai_stored.records(page)

    assert openai_stored.recognises(page)
    assert second["id"] == "chatcmpl-2"
    assert first == {
        "id": "chatcmpl-1",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o-2024-08-06", "version": "gpt-4o-2024-08-06", "provider": "openai"},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5, "finishReason": "stop"},
        "parameters": {"temperature": 0.5},
        "usage": USAGE,
        "status": "success",
        "metadata": {"requestId": "chatcmpl-1", "team": "rivers", "openai": {"apiRequestId": "req_7", "response": {"created": 1740823200}}},
    }


@pytest.mark.parametrize("messages", [[{"id": "m1", "name": None} | MESSAGES[0]], {"object": "list", "data": [{"id": "m1"} | MESSAGES[0]]}])
def test_messages_put_beside_a_stored_completion_are_its_input(messages):
    [record] = openai_stored.records(a_stored_completion(messages=messages))

    assert record["input"] == {"type": "text", "content": MESSAGES, "tokens": 12}


def test_stored_responses_are_read_too():
    output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "The Vltava."}]}]
    response = {"id": "resp_1", "object": "response", "created_at": 1740823200, "status": "completed", "model": "gpt-4o", "error": None}
    response |= {
        "output": output,
        "input": MESSAGES,
        "temperature": 0.5,
        "usage": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17},
    }
    [record] = openai_stored.records(response)

    assert (record["input"]["content"], record["output"]["content"]) == (MESSAGES, "The Vltava.")
    assert (record["usage"]["totalTokens"], record["parameters"]) == (17, {"temperature": 0.5})


def test_an_empty_page_is_one():
    assert openai_stored.recognises(a_page_of_completions())
    assert list(openai_stored.records(a_page_of_completions())) == []
    assert not openai_stored.recognises({"data": [a_completion(object="chat.completion.chunk")]})
