"""LangSmith's exporter."""

from __future__ import annotations

import json

from generations.wire.otlp.trace import read_traces

from .payloads import a_span, only

MESSAGE = {"lc": 1, "type": "constructor", "kwargs": {"content": "Where?", "type": "human"}}
LLM = {
    "langsmith.span.kind": "llm",
    "langsmith.span.id": "run-1",
    "langsmith.trace.name": "ChatOpenAI",
    "langsmith.trace.session_id": "project-1",
    "langsmith.metadata.thread_id": "t-1",
    "langsmith.metadata.plan": "gold",
    "langsmith.span.tags": "a, b",
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.total_tokens": 17,
    "gen_ai.usage.input_token_details": "{'cache_read': 4}",
    "gen_ai.prompt": json.dumps({"messages": [[MESSAGE]]}),
}


def test_a_run_of_langchain_becomes_one_record():
    kwargs = {"content": "Here.", "response_metadata": {"model_name": "gpt-4o-2024-08-06", "finish_reason": "stop"}}
    kwargs["usage_metadata"] = {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17, "input_token_details": {"cache_read": 4}}
    outputs = {"generations": [[{"text": "Here.", "message": {"lc": 1, "kwargs": kwargs}}]]}
    record = only(a_span(scope="langsmith", attributes=LLM | {"gen_ai.completion": json.dumps(outputs)}))

    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["content"] == [{"role": "user", "content": "Where?"}]
    assert record["output"]["finishReason"] == "stop"
    assert record["usage"] == {"promptTokens": 12, "completionTokens": 5, "totalTokens": 17, "cachedTokens": 4}
    metadata = record["metadata"]
    assert (metadata["sessionId"], metadata["plan"], metadata["tags"]) == ("t-1", "gold", ["a", "b"])


def test_a_wrapped_client_passes_on_the_request_and_the_answer():
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}], "temperature": 0.5}
    answer = {"id": "chatcmpl-1", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here."}}]}
    answer["usage_metadata"] = {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17}
    told = {"gen_ai.prompt": json.dumps(request), "gen_ai.completion": json.dumps(answer), "gen_ai.response.id": "chatcmpl-1"}
    told |= {"gen_ai.response.finish_reasons": "stop", "langsmith.request.streaming": True}
    record = only(a_span(scope="langsmith", attributes=LLM | told))

    assert record["input"]["content"] == request["messages"]
    assert record["output"] == {"type": "text", "content": "Here.", "tokens": 5, "finishReason": "stop"}
    assert record["parameters"] == {"stream": True, "temperature": 0.5}
    assert record["metadata"]["requestId"] == "chatcmpl-1"


def test_parameters_in_the_metadata_are_parameters():
    told = {"langsmith.metadata.ls_invocation_params": '{"temperature": 0.5}'}

    assert only(a_span(attributes=LLM | told))["parameters"] == {"temperature": 0.5}


def test_prompts_and_retrievers_are_no_generations_whatever_their_operation():
    for kind, operation in (("prompt", "chat"), ("retriever", "embeddings"), ("chain", "chain"), ("tool", "execute_tool")):
        span = a_span(attributes=LLM | {"langsmith.span.kind": kind, "gen_ai.operation.name": operation})
        assert read_traces([span], []).records == ()


def test_a_provider_that_was_guessed_to_be_langchain_is_unknown():
    assert "provider" not in only(a_span(attributes=LLM | {"gen_ai.system": "langchain"}))["model"]


def test_a_run_that_failed_has_the_exception_and_no_output():
    empty = {"generations": [[{"text": "", "message": {"lc": 1, "kwargs": {"content": "", "type": "ai", "response_metadata": {}}}}]]}
    told = {"gen_ai.completion": json.dumps(empty), "langsmith.metadata.ls_temperature": 0.5}
    said = "OpenAIRateLimitError('429 - not now.')Traceback (most recent call last):\n  File"
    record = only(a_span(attributes=LLM | told, status="error", status_message=said))

    assert record["error"] == {"type": "OpenAIRateLimitError", "message": "429 - not now."}
    assert "output" not in record
    assert record["parameters"] == {"temperature": 0.5}
