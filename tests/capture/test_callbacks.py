"""The callbacks of LangChain and LiteLLM on base classes that stand in for theirs: what they tell is plain, and makes the record alone.

The libraries themselves are in `tests/programs`.
"""

import sys
from importlib import import_module
from types import ModuleType, SimpleNamespace
from uuid import UUID

import msgspec
import pytest

from generations import capture
from generations.capture.reading import record_of

GRAPH, NODE, TOOL, RUN = (UUID(int=number) for number in (0xA1, 0xA2, 0xA3, 0xA4))
LITELLM_CALL = {
    "id": "chatcmpl-7",
    "litellm_call_id": "b157d6f0",
    "call_type": "acompletion",
    "status": "success",
    "custom_llm_provider": "openai",
    "startTime": 1795466561.621178,
    "endTime": 1795466561.907369,
    "completionStartTime": 1795466561.907369,
    "model": "gpt-4o",
    "metadata": {"requester_metadata": {"team": "tours"}},
    "response_cost": 0.00062,
    "total_tokens": 160,
    "prompt_tokens": 120,
    "completion_tokens": 40,
    "request_tags": ("a", "b"),
    "messages": [{"role": "user", "content": "What is this?"}],
    "response": {"id": "chatcmpl-7", "model": "gpt-4o-2024-08-06", "choices": [{"message": {"role": "assistant", "content": "A tram."}}]},
}


@pytest.fixture
def kept():
    return []


@pytest.fixture
def handler(kept, monkeypatch):
    yield from callback("langchain", "GenerationsHandler", "langchain_core.callbacks", "BaseCallbackHandler", kept, monkeypatch)


@pytest.fixture
def logger(kept, monkeypatch):
    yield from callback("litellm", "GenerationsLogger", "litellm.integrations.custom_logger", "CustomLogger", kept, monkeypatch)


def callback(library, name, its_module, base, kept, monkeypatch):
    """An instance of the callback; what it hands over is put into `kept`."""
    standing_in = ModuleType(its_module)
    setattr(standing_in, base, type(base, (), {}))
    monkeypatch.setitem(sys.modules, its_module, standing_in)
    module = import_module(f"generations.capture.{library}")
    monkeypatch.setattr(module, "keep", kept.append)
    yield getattr(module, name)()
    del sys.modules[module.__name__]


def carried(recording):
    """The recording as another process would find it: its told values have been bytes."""
    told = recording.told
    recording.told = msgspec.msgpack.decode(msgspec.msgpack.encode(told))
    assert recording.told == told
    return recording


def message(kind, content, **members):
    return SimpleNamespace(type=kind, content=content, **members)


class Text(str):
    """As LangChain's own class of texts."""


def ask(handler):
    """A tool of a graph's node calls a model, which is asked for two answers."""
    handler.on_chain_start(None, {}, run_id=GRAPH, name="guide of cities")
    handler.on_chain_start({"id": ["langgraph", "Node"]}, {}, run_id=NODE, parent_run_id=GRAPH)
    handler.on_tool_start({"name": "weather"}, "Graz", run_id=TOOL, parent_run_id=NODE)
    asked = [message("system", "Be brief."), message("human", ({"type": "text", "text": "Is it sunny?"},))]
    handler.on_chat_model_start(
        {"name": "ChatOpenAI"},
        [asked],
        run_id=RUN,
        parent_run_id=TOOL,
        metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o", "thread_id": "s-7", "team": ("tours", 7)},
        invocation_params={"model": "gpt-4o", "temperature": 0.5, "stop": ("\n",), "stream": False},
        tags=["travel", "seq:step:1"],
    )
    asked.clear()


def answer():
    used = {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17, "input_token_details": {"cache_read": 4}}
    about = {"id": "chatcmpl-1", "model_name": "gpt-4o-2024-08-06", "finish_reason": "tool_calls", "service_tier": "flex"}
    about["token_usage"] = {"cost": 0.002, "is_byok": False}
    calls = [{"id": "call-1", "name": "weather", "args": {"city": "Graz"}}]
    first = message("ai", "", tool_calls=calls, usage_metadata=used, response_metadata=about)
    second = message("ai", "It is.", response_metadata={"finish_reason": "stop"})
    choices = [SimpleNamespace(text=one.content, generation_info=None, message=one) for one in (first, second)]
    return SimpleNamespace(generations=[choices], llm_output={"token_usage": {"prompt_tokens": 12}})


def test_what_langchain_told_makes_the_same_record_when_it_has_been_bytes(handler, kept):
    with capture.user("u-8"):
        ask(handler)
    handler.on_llm_new_token("It", run_id=RUN)
    handler.on_llm_end(answer(), run_id=RUN)
    handler.on_llm_end(answer(), run_id=RUN)
    [recording] = kept
    record = record_of(recording)

    assert record == record_of(carried(recording))
    assert (record["id"], recording.source) == (str(RUN), "langchain")
    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"]["content"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Is it sunny?"}]},
    ]
    assert record["parameters"] == {"temperature": 0.5, "stopSequences": ["\n"]}
    assert record["output"]["content"]["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city":"Graz"}'}
    assert record["output"]["finishReason"] == "tool_calls"
    assert record["output"]["alternatives"] == [{"content": "It is.", "finishReason": "stop"}]
    tokens = {"promptTokens": 12, "completionTokens": 5, "totalTokens": 17, "cachedTokens": 4}
    assert record["usage"] == tokens | {"cost": 0.002, "currency": "USD", "costSource": "reported"}
    assert record["metadata"] == {
        "requestId": "chatcmpl-1",
        "serviceTier": "flex",
        "userId": "u-8",
        "sessionId": "s-7",
        "workflowId": "guide of cities",
        "functionId": "weather",
        "runId": str(RUN),
        "traceId": GRAPH.hex,
        "spanId": RUN.hex[16:],
        "parentSpanId": TOOL.hex[16:],
        "tags": ["travel"],
        "team": ["tours", 7],
    }


@pytest.mark.parametrize(
    ("used", "counted"),
    [
        ({"input_token_details": {"cache_read": 0, "cache_creation": 0, "ephemeral_5m_input_tokens": 7}}, ("cacheWriteTokens", 7)),
        ({"input_token_details": {"flex_cache_read": 4}, "output_token_details": {"flex_reasoning": 2}}, ("reasoningTokens", 2)),
    ],
    ids=["anthropic's cache", "openai's tiers"],
)
def test_tokens_of_langchain_are_counted_as_wherever_it_tells_them(handler, kept, used, counted):
    handler.on_llm_start({}, ["Is it sunny?"], run_id=RUN)
    told = message("ai", "It is.", usage_metadata={"input_tokens": 12, "output_tokens": 5, "total_tokens": 17} | used)
    handler.on_llm_end(SimpleNamespace(generations=[[SimpleNamespace(generation_info=None, message=told)]], llm_output=None), run_id=RUN)
    name, count = counted

    assert record_of(kept[0])["usage"][name] == count


def test_a_call_of_langchain_that_fails_makes_the_same_record_when_it_has_been_bytes(handler, kept):
    handler.on_llm_start({"id": ["langchain", "OpenAI"]}, ["Is it sunny?"], run_id=RUN)
    for text in ("It ", "is"):
        handler.on_llm_new_token(Text(text), run_id=RUN)
    handler.on_llm_error(TimeoutError("too late"), run_id=RUN)
    [recording] = kept
    record = record_of(recording)

    assert record == record_of(carried(recording))
    assert (record["model"], record["input"]["content"]) == ({"id": "OpenAI"}, "Is it sunny?")
    assert (record["output"]["content"], set(map(type, recording.chunks))) == ("It is", {str})
    assert record["error"] == {"type": "TimeoutError", "message": "too late"}
    assert record["metadata"] == {"runId": str(RUN), "traceId": RUN.hex, "spanId": RUN.hex[16:]}


def test_what_litellm_told_makes_the_same_record_when_it_has_been_bytes(logger, kept):
    told = {"litellm_call_id": "b157d6f0", "standard_logging_object": LITELLM_CALL}
    with capture.user("u-7"), capture.tags("travel"):
        logger.log_pre_api_call("gpt-4o", [], told)
    logger.log_success_event(told, None, None, None)
    [recording] = kept
    record = record_of(recording)

    assert record == record_of(carried(recording))
    assert (record["id"][:8], recording.source) == ("litellm-", "litellm")
    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["usage"]["cost"] == 0.00062
    assert (record["metadata"]["userId"], record["metadata"]["team"]) == ("u-7", "tours")
    assert record["metadata"]["tags"] == ["travel", "a", "b"]
    assert record["performance"] == {"latency": pytest.approx(286.191)}


def test_what_waits_is_as_large_as_what_was_told(handler, logger, kept):
    long = "x" * 100_000
    logger.log_success_event({"standard_logging_object": LITELLM_CALL | {"messages": long}}, None, None, None)
    handler.on_llm_start({}, [long], run_id=RUN)
    handler.on_llm_end(None, run_id=RUN)

    assert all(100_000 < recording.size_bytes < 110_000 for recording in kept)


def test_what_calls_no_model_is_no_record_and_is_not_counted(logger, captured, monkeypatch):
    monkeypatch.setattr(sys.modules[type(logger).__module__], "keep", capture.process.keep)
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "response": {}}
    for call in (LITELLM_CALL, LITELLM_CALL | {"call_type": "afile_list", **nothing}):
        logger.log_success_event({"standard_logging_object": call}, None, None, None)

    assert captured.record()["model"]["id"] == "gpt-4o"
    assert (capture.counters().captured, capture.counters().waiting) == (1, 0)
