"""The real clients of OpenAI and Anthropic, instrumented, against the loopback model server."""

import asyncio
from types import SimpleNamespace

import anthropic
import openai
import pytest

from generations.capture import instrument
from tests.targets.model_server import ANSWER

MESSAGES = [{"role": "user", "content": "What should I see?"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
RESPONSE_TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
ANTHROPIC_TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
OPENAI_USAGE = {"promptTokens": 120, "completionTokens": 40, "totalTokens": 160, "cachedTokens": 64, "reasoningTokens": 16}
ANTHROPIC_USAGE = {"promptTokens": 128, "completionTokens": 40, "totalTokens": 168, "cachedTokens": 64, "cacheWriteTokens": 8}


def tokens(record):
    return {name: count for name, count in record["usage"].items() if name in {*OPENAI_USAGE, *ANTHROPIC_USAGE}}


@pytest.fixture(scope="module")
def client(models):
    with openai.OpenAI(base_url=models.openai_url, api_key="none", max_retries=0) as client:
        yield instrument(client, stream_usage=True)


@pytest.fixture(scope="module")
def claude(models):
    with anthropic.Anthropic(base_url=models.url, api_key="none", max_retries=0) as client:
        yield instrument(client)


def run_async(work, models):
    async def all_of_it():
        async with (
            openai.AsyncOpenAI(base_url=models.openai_url, api_key="none", max_retries=0) as gpt,
            anthropic.AsyncAnthropic(base_url=models.url, api_key="none", max_retries=0) as claude,
        ):
            return await work(instrument(gpt, stream_usage=True), instrument(claude))

    return asyncio.run(all_of_it())


def test_a_chat_completion_is_one_complete_record(captured, client):
    answer = client.chat.completions.create(
        model="gpt-4o", messages=MESSAGES, n=2, temperature=0.5, stop="END", seed=7, extra_headers={"X-Secret": "s3cret"}
    )

    assert answer.choices[0].message.content == ANSWER
    record = captured.record()
    assert record["model"] == {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"}
    assert record["input"] == {"type": "text", "content": MESSAGES}
    assert record["output"]["content"] == ANSWER
    assert record["output"]["finishReason"] == "stop"
    assert record["output"]["alternatives"] == [{"content": f"{ANSWER} (1)", "finishReason": "stop"}]
    assert record["parameters"] == {"temperature": 0.5, "stopSequences": ["END"], "seed": 7, "n": 2}
    assert tokens(record) == OPENAI_USAGE
    assert record["metadata"]["requestId"] == answer.id
    assert record["status"] == "success"
    assert record["performance"]["latency"] > 0
    assert "s3cret" not in str(record)


def test_what_the_host_appends_later_is_not_in_the_record(captured, client):
    """Agents go on with the same list."""
    messages = list(MESSAGES)
    answer = client.chat.completions.create(model="gpt-4o", messages=messages)
    messages.append(answer.choices[0].message)
    client.chat.completions.create(model="gpt-4o", messages=messages)

    first, second = captured.records()
    assert first["input"]["content"] == MESSAGES
    assert second["input"]["content"] == [*MESSAGES, {"role": "assistant", "content": ANSWER, "refusal": None}]


def test_tool_calls_are_the_output(captured, client):
    client.chat.completions.create(model="gpt-4o", messages=MESSAGES, tools=[TOOL])

    record = captured.record()
    assert record["output"]["type"] == "json"
    assert record["output"]["finishReason"] == "tool_calls"
    assert record["output"]["content"]["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city": "Graz"}'}
    assert record["parameters"]["tools"] == [TOOL]


@pytest.mark.parametrize("tools", [[], [TOOL]])
def test_a_stream_is_recorded_as_its_whole_answer(captured_by_server, client, tools):
    """The additional chunk with the tokens is not the host's: nobody who reads `choices[0]` stumbles over it."""
    asked = {"tools": tools} if tools else {}
    stream = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True, **asked)
    chunks = list(stream)

    assert chunks
    assert all(chunk.choices for chunk in chunks)
    record = captured_by_server.record()
    assert tokens(record) == OPENAI_USAGE
    assert 0 < record["performance"]["timeToFirstToken"] <= record["performance"]["latency"]
    assert record["performance"]["tokensPerSecond"] > 0
    assert record["output"]["finishReason"] == ("tool_calls" if tools else "stop")
    if tools:
        [call] = record["output"]["content"]["tool_calls"]
        assert call == {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Graz"}'}}
    else:
        assert record["output"]["content"] == ANSWER


def test_the_choices_of_a_stream_are_told_apart(captured, client):
    list(client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True, n=2))

    output = captured.record()["output"]
    assert [output["content"], *(one["content"] for one in output["alternatives"])] == [ANSWER, ANSWER]


def test_without_being_asked_the_server_is_sent_what_the_host_wrote(captured, models):
    """A server that does not know `stream_options` would refuse the call."""
    with openai.OpenAI(base_url=models.openai_url, api_key="none") as client:
        list(instrument(client).chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True))

    assert models.asked[-1] == {"model": "gpt-4o", "messages": MESSAGES, "stream": True}
    assert "usage" not in captured.record()


def test_the_stream_helper_of_the_client_works_as_before(captured, client):
    with client.chat.completions.stream(model="gpt-4o", messages=MESSAGES) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert "content.delta" in kinds
    assert final.choices[0].message.content == ANSWER
    assert captured.record()["output"]["content"] == ANSWER


def test_parsed_answers_are_recorded_once(captured, client):
    client.chat.completions.parse(model="gpt-4o", messages=MESSAGES)

    assert captured.record()["output"]["content"] == ANSWER


def test_a_raw_response_stays_raw_and_is_recorded(captured, client):
    """LangChain asks in this way."""
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=MESSAGES)

    assert raw.status_code == 200
    assert raw.parse().choices[0].message.content == ANSWER
    assert tokens(captured.record()) == OPENAI_USAGE


@pytest.mark.parametrize("status", [429, 500])
def test_an_error_is_recorded_and_raised_unchanged(captured, client, status):
    with pytest.raises(openai.APIStatusError) as raised:
        client.chat.completions.create(model=f"error-{status}", messages=MESSAGES)

    assert raised.value.status_code == status
    record = captured.record()
    assert record["status"] == "error"
    assert record["error"]["type"] == f"openai.{type(raised.value).__name__}"
    assert "not to be had" in record["error"]["message"]
    assert record["error"]["code"] == "not_now"
    assert record["input"]["content"] == MESSAGES


def test_a_stream_that_breaks_off_is_recorded_with_what_had_come(captured, client):
    """The SDK takes it for an end, and so the program does; only the finish reason is not there."""
    list(client.chat.completions.create(model="gpt-4o-broken", messages=MESSAGES, stream=True))

    record = captured.record()
    assert record["output"] == {"type": "text", "content": "The tram "}
    assert record["status"] == "success"


def test_a_stream_that_is_closed_early_is_an_error_with_what_had_come(captured, client):
    with client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break

    record = captured.record()
    assert record["output"]["content"] == "The "
    assert (record["status"], record["error"]["type"]) == ("error", "GeneratorExit")


def test_a_stream_that_is_let_go_is_recorded_all_the_same(captured, client):
    next(iter(client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)))

    assert captured.record()["error"]["type"] == "GeneratorExit"


@pytest.mark.parametrize("stream", [False, True])
def test_responses_are_recorded(captured, client, stream):
    answer = client.responses.create(model="gpt-4o", input="What should I see?", instructions="Be brief.", stream=stream)
    if stream:
        *_, last = answer
        assert last.type == "response.completed"
        answer = last.response
    assert answer.output_text == ANSWER

    record = captured.record()
    assert record["output"]["content"] == ANSWER
    assert tokens(record) == OPENAI_USAGE
    assert record["input"]["content"][0] == {"role": "system", "content": "Be brief."}
    assert record["metadata"]["requestId"] == answer.id
    assert ("timeToFirstToken" in record["performance"]) is stream


def test_function_calls_of_responses_are_the_output(captured, client):
    client.responses.create(model="gpt-4o", input="Weather?", tools=[RESPONSE_TOOL])

    record = captured.record()
    assert record["output"]["type"] == "json"
    assert record["output"]["content"][0]["name"] == "weather"


@pytest.mark.parametrize("stream", [False, True])
def test_messages_are_recorded_with_cached_tokens_inside(captured_by_server, claude, stream):
    """Anthropic counts cached tokens beside the others; the record counts them inside."""
    answer = claude.messages.create(
        model="claude-sonnet-4", max_tokens=100, system="Be brief.", messages=MESSAGES, tools=[ANTHROPIC_TOOL], stream=stream
    )
    if stream:
        assert [event.type for event in answer][-1] == "message_stop"

    record = captured_by_server.record()
    assert record["model"] == {"id": "claude-sonnet-4", "version": "claude-sonnet-4-20250514", "provider": "anthropic"}
    assert tokens(record) == ANTHROPIC_USAGE
    assert record["output"]["content"]["content"] == [
        {"type": "text", "text": ANSWER},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Graz"}},
    ]
    assert record["output"]["finishReason"] == "tool_use"
    assert record["parameters"]["maxTokens"] == 100


def test_the_stream_helper_of_anthropic_is_recorded(captured_by_server, claude):
    with claude.messages.stream(model="claude-sonnet-4", max_tokens=100, messages=MESSAGES) as stream:
        text = "".join(stream.text_stream)

    assert text == ANSWER
    record = captured_by_server.record()
    assert record["output"]["content"] == ANSWER
    assert tokens(record) == ANTHROPIC_USAGE
    assert record["performance"]["timeToFirstToken"] > 0


def test_counting_tokens_is_no_generation(captured, claude):
    claude.messages.count_tokens(model="claude-sonnet-4", messages=MESSAGES)

    assert captured.records() == []


def test_asynchronous_clients_are_recorded(captured_by_server, models):
    async def work(gpt, claude):
        await gpt.chat.completions.create(model="gpt-4o", messages=MESSAGES)
        stream = await gpt.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)
        assert [chunk.choices[0].index async for chunk in stream]
        await gpt.responses.create(model="gpt-4o", input="What should I see?")
        await claude.messages.create(model="claude-sonnet-4", max_tokens=100, messages=MESSAGES)
        async with claude.messages.stream(model="claude-sonnet-4", max_tokens=100, messages=MESSAGES) as events:
            assert await events.get_final_text() == ANSWER
        with pytest.raises(openai.RateLimitError):
            await gpt.chat.completions.create(model="error-429", messages=MESSAGES)

    run_async(work, models)

    records = captured_by_server.records()
    assert [record["status"] for record in records] == ["success"] * 5 + ["error"]
    assert [record["output"]["content"] for record in records[:5]] == [ANSWER] * 5
    assert [tokens(record) for record in records[:5]] == [OPENAI_USAGE] * 3 + [ANTHROPIC_USAGE] * 2


def test_a_cancelled_call_is_an_error(captured, models):
    async def work(gpt, claude):
        call = asyncio.create_task(gpt.chat.completions.create(model="gpt-4o-slow", messages=MESSAGES))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run_async(work, models)

    record = captured.record()
    assert (record["status"], record["error"]) == ("error", {"type": "asyncio.CancelledError"})
    assert 50 < record["performance"]["latency"] < 400


def test_instrumenting_twice_records_once(captured, client):
    instrument(client)
    client.chat.completions.create(model="gpt-4o", messages=MESSAGES)

    assert len(captured.records()) == 1


class Unknown:
    """A client of another make: `create` takes and returns what nobody knows."""

    class Chat:
        class Completions:
            def create(self, *args, **kwargs):
                return args, kwargs

        completions = Completions()

    chat = Chat()


class Hostile:
    def __getattr__(self, name):
        raise RuntimeError(name)


def test_an_unknown_shape_never_breaks_the_call(captured):
    client = instrument(Unknown())
    strange = object()

    assert client.chat.completions.create(1, strange, model=strange) == ((1, strange), {"model": strange})
    assert captured.record()["model"]["id"] == "<object>"


def test_what_is_no_client_comes_back_as_it_is(captured, caplog):
    hostile = Hostile()

    assert instrument(hostile) is hostile
    assert "not a client" in caplog.text


def test_calls_of_one_task_that_run_at_once_are_all_recorded(captured):
    """Also those of a client of another make, whose `create` begins where it is called and not where it runs."""

    class Completions:
        async def create(self, **kwargs):
            await asyncio.sleep(0.01)
            return {"object": "chat.completion", "model": kwargs["model"], "choices": []}

    client = instrument(SimpleNamespace(chat=SimpleNamespace(completions=Completions())))

    async def both():
        await asyncio.gather(*(client.chat.completions.create(model=model, messages=MESSAGES) for model in ("a", "b")))

    asyncio.run(both())
    assert sorted(record["model"]["id"] for record in captured.records()) == ["a", "b"]
