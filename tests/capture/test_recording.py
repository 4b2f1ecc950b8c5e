"""Blocks and functions of the host, recorded: what is kept, what is raised, what is timed."""

import asyncio
import contextvars
import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.trace import NonRecordingSpan, SpanContext, use_span

from generations import capture
from generations.capture import generation, process, recorded


def test_a_block_is_one_record(captured_by_server):
    with generation(
        model="gpt-4o", input="Say hello.", provider="openai", function="greet", parameters={"temperature": 0.2}, tags=["demo"]
    ) as g:
        g.output = "Hello."
        g.finish_reason = "stop"
        g.alternatives = ["Hi.", {"content": "Hey.", "score": 0.4}]
        g.metadata["customer"] = {"id": 7}
        g.usage(prompt_tokens=3, completion_tokens=2, cached_tokens=1, cost=0.001)

    record = captured_by_server.record()
    assert record["id"] == g.id
    assert record["model"] == {"id": "gpt-4o", "provider": "openai"}
    assert record["input"] == {"type": "text", "content": "Say hello."}
    assert record["output"] == {
        "type": "text",
        "content": "Hello.",
        "finishReason": "stop",
        "alternatives": [{"content": "Hi."}, {"content": "Hey.", "score": 0.4}],
    }
    assert record["usage"]["cost"] == 0.001
    assert record["usage"]["costSource"] == "reported"
    assert record["usage"]["totalTokens"] == 5
    assert record["metadata"] == {"functionId": "greet", "tags": ["demo"], "customer": {"id": 7}}
    assert record["parameters"] == {"temperature": 0.2}
    assert record["status"] == "success"


def test_an_error_is_recorded_and_goes_on_unchanged(captured):
    class QuotaExceeded(Exception):
        code = "quota"

    error = QuotaExceeded("no more today")
    with pytest.raises(QuotaExceeded) as raised, generation(model="m", input="x"):
        raise error

    assert raised.value is error
    record = captured.record()
    assert record["status"] == "error"
    assert record["error"]["message"] == "no more today"
    assert record["error"]["code"] == "quota"
    assert record["error"]["type"].endswith("QuotaExceeded")


def test_a_cancelled_block_is_an_error(captured):
    async def work():
        async with generation(model="m", input="x"):
            await asyncio.sleep(10)

    async def cancelled():
        task = asyncio.create_task(work())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    assert captured.record()["error"] == {"type": "asyncio.CancelledError"}


def test_a_stream_inside_a_block_is_timed_and_put_together(captured_by_server):
    with generation(model="m", input="x") as g:
        for word in g.stream(slowly("a", "b", "c")):
            assert word in "abc"
        g.usage(completion_tokens=30)

    record = captured_by_server.record()
    assert record["output"]["content"] == "abc"
    performance = record["performance"]
    assert 10 <= performance["timeToFirstToken"] < performance["latency"] - 15
    assert performance["tokensPerSecond"] == pytest.approx(30 / performance["latency"] * 1000, rel=0.01)


def slowly(*words):
    for word in words:
        time.sleep(0.012)
        yield word


def test_functions_of_every_colour_are_recorded(captured):
    @recorded(model="plain", tags=["demo"])
    def plain(question, depth=1):
        return f"{question}!"

    @recorded(model="coroutine")
    async def coroutine(question):
        await asyncio.sleep(0)
        return {"answer": question}

    @recorded(model="generator")
    def generator(question):
        got = yield "one "
        yield got
        return "returned"

    @recorded(model="async generator")
    async def async_generator(question):
        yield "one "
        yield "two"

    @recorded
    def unnamed(model, question):
        raise KeyError(question)

    async def awaited():
        return await coroutine("why"), [piece async for piece in async_generator("why")]

    assert plain("why", depth=2) == "why!"
    assert asyncio.run(awaited()) == ({"answer": "why"}, ["one ", "two"])
    running = generator("why")
    assert (next(running), running.send("sent")) == ("one ", "sent")
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value == "returned"
    with pytest.raises(KeyError):
        unnamed("gpt-4o", "why")

    by_model = {record["model"]["id"]: record for record in captured.records()}
    assert by_model["plain"]["input"]["content"] == {"question": "why", "depth": 2}
    assert by_model["plain"]["metadata"]["functionId"].endswith("plain")
    assert by_model["plain"]["metadata"]["tags"] == ["demo"]
    assert by_model["plain"]["output"]["content"] == "why!"
    assert by_model["coroutine"]["input"]["content"] == "why"
    assert by_model["coroutine"]["output"]["content"] == {"answer": "why"}
    assert by_model["generator"]["output"]["content"] == "one sent"
    assert by_model["async generator"]["output"]["content"] == "one two"
    assert by_model["async generator"]["performance"]["timeToFirstToken"] > 0
    assert by_model["gpt-4o"]["error"]["type"] == "KeyError"


def test_what_is_thrown_into_a_recorded_generator_is_its_own_to_handle(captured):
    @recorded(model="m")
    def forgiving():
        try:
            yield "one "
        except ValueError:
            yield "forgiven"

    running = forgiving()
    next(running)

    assert running.throw(ValueError()) == "forgiven"
    running.close()
    assert captured.record()["output"]["content"] == "one forgiven"


def test_a_generator_that_is_closed_early_is_an_error(captured):
    @recorded(model="m")
    def words():
        yield "one "
        yield "two"

    running = words()
    next(running)
    running.close()

    record = captured.record()
    assert record["output"]["content"] == "one "
    assert record["error"]["type"] == "GeneratorExit"


def test_context_nests_and_ends_with_its_block(captured):
    with capture.user("u-1"), capture.session("s-1"), capture.tags("a", "b"), capture.metadata(release="1", region="eu"):
        with capture.tags("b", "c"), capture.metadata(release="2"), generation(model="inner"):
            pass
        with generation(model="outer"):
            pass
    with generation(model="outside"):
        pass

    inner, outer, outside = captured.records()
    assert inner["metadata"] == {"userId": "u-1", "sessionId": "s-1", "tags": ["a", "b", "c"], "release": "2", "region": "eu"}
    assert outer["metadata"]["tags"] == ["a", "b"]
    assert outer["metadata"]["release"] == "1"
    assert "metadata" not in outside


def test_tasks_have_their_own_context(captured):
    async def ask(name):
        with capture.user(name):
            await asyncio.sleep(0.01)
            with generation(model="m", input=name):
                await asyncio.sleep(0.01)

    async def all_of_them():
        await asyncio.gather(*(ask(f"u-{number}") for number in range(5)))

    asyncio.run(all_of_them())

    told = [(record["metadata"]["userId"], record["input"]["content"]) for record in captured.records()]
    assert sorted(told) == [(f"u-{number}", f"u-{number}") for number in range(5)]


def test_tasks_may_share_a_scope(captured):
    scope = capture.tags("a")

    async def ask(name, seconds):
        with capture.user(name), scope:
            await asyncio.sleep(seconds)
            with generation(model="m", input=name):
                pass
        with generation(model="m", input=name):
            pass
        return dict(baggage.get_all())

    async def all_of_them():
        return await asyncio.gather(ask("u-1", 0.02), ask("u-2", 0.01), ask("u-3", 0.03))

    assert asyncio.run(all_of_them()) == [{}] * 3
    told = sorted((record["input"]["content"], str(record.get("metadata"))) for record in captured.records())
    assert told == sorted((name, told) for name in ("u-1", "u-2", "u-3") for told in (str({"userId": name, "tags": ["a"]}), "None"))


def test_a_scope_left_in_another_context_raises_nothing_and_changes_nothing(captured):
    """Asynchronous generators may be finalised elsewhere."""
    scope = capture.user("u-1")
    contextvars.copy_context().run(scope.__enter__)

    with capture.user("u-2"):
        scope.__exit__(None, None, None)
        with generation(model="m"):
            pass

    assert captured.record()["metadata"]["userId"] == "u-2"


def test_the_current_span_is_taken_over(captured):
    span = NonRecordingSpan(SpanContext(trace_id=0x1234, span_id=0x56, is_remote=False))
    with use_span(span), generation(model="m"):
        pass

    metadata = captured.record()["metadata"]
    assert metadata == {"traceId": f"{0x1234:032x}", "spanId": f"{0x56:016x}"}


def test_context_travels_as_baggage_and_is_read_from_it(captured):
    with capture.user("u-1"), capture.tags("a"), capture.tags("b"), capture.metadata(release="1", region="eu", count=2):
        carried = dict(baggage.get_all())
    texts = {"generations.metadata.release": "1", "generations.metadata.region": "eu"}
    assert carried == {"user.id": "u-1", "generations.tags": "a,b", **texts}
    assert not baggage.get_all()

    came = otel_context.Context()
    for name, value in carried.items():
        came = baggage.set_baggage(name, value, came)
    token = otel_context.attach(came)
    try:
        with capture.tags("here"), generation(model="m"):
            pass
    finally:
        otel_context.detach(token)
    metadata = captured.record()["metadata"]
    assert metadata == {"userId": "u-1", "tags": ["a", "b", "here"], "release": "1", "region": "eu"}


def test_leaving_a_scope_gives_back_the_baggage_that_was_there():
    came = baggage.set_baggage("user.id", "u-0", baggage.set_baggage("generations.tags", "a", otel_context.Context()))
    token = otel_context.attach(baggage.set_baggage("theirs", object(), came))
    before = otel_context.get_current()
    try:
        with capture.user("u-1"), capture.tags("b", "c"):
            inside = baggage.get_all()
        assert {**inside, "theirs": None} == {"user.id": "u-1", "generations.tags": "a,b,c", "theirs": None}
        assert otel_context.get_current() is before
    finally:
        otel_context.detach(token)


def test_a_scope_can_be_entered_again_inside_of_itself():
    scope = capture.tags("a")
    with scope, scope:
        assert baggage.get_baggage("generations.tags") == "a,a"
    assert not baggage.get_all()


def test_each_task_and_thread_has_its_own_baggage():
    async def ask(name):
        with capture.user(name), capture.session(f"s-{name}"):
            await asyncio.sleep(0.01)
            started = asyncio.create_task(carried())
            in_thread = await asyncio.to_thread(lambda: dict(baggage.get_all()))
            assert await started == in_thread == {"user.id": name, "session.id": f"s-{name}"}
        assert not baggage.get_all()

    async def carried():
        await asyncio.sleep(0.01)
        return dict(baggage.get_all())

    async def all_of_them():
        await asyncio.gather(*(ask(f"u-{number}") for number in range(5)))

    asyncio.run(all_of_them())
    alone = threading.Thread(target=lambda: seen.update(baggage.get_all()))
    seen = {}
    with capture.user("u-1"):
        alone.start()
        alone.join()
    assert seen == {}


@pytest.mark.parametrize(
    ("module", "name"), [(baggage, "set_baggage"), (baggage, "get_all"), (otel_context, "attach"), (otel_context, "detach")]
)
def test_trouble_in_opentelemetry_is_not_the_hosts(captured, monkeypatch, module, name):
    def trouble(*_, **__):
        raise RuntimeError("not today")

    contextvars.copy_context().run(lambda: told_in_spite_of(monkeypatch, module, name, trouble))

    assert captured.record()["metadata"] == {"userId": "u-1", "tags": ["a"]}


def told_in_spite_of(monkeypatch, module, name, trouble):
    monkeypatch.setattr(module, name, trouble)
    with capture.user("u-1"), capture.tags("a"), generation(model="m"):
        pass
    monkeypatch.undo()


class Guarded(dict):
    def __iter__(self):
        raise AssertionError("nobody may ask")

    copy = items = keys = __iter__


class Strange:
    def __repr__(self):
        raise AssertionError("nobody may ask")

    __str__ = __repr__


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (datetime(2026, 1, 2, tzinfo=UTC), {"$date": "2026-01-02T00:00:00.000000Z"}),
        (b"\x00\x01", "AAE="),
        ((1, {2}), [1, [2]]),
        ({1: "one", None: 2}, {"1": "one", "<NoneType>": 2}),
        (float("nan"), None),
        ("half \ud800 of a pair", "half ? of a pair"),
        (SimpleNamespace(a=1, b=None), {"a": 1}),
        (Strange(), f"<{Strange.__module__}.Strange>"),
        (list(range(20)), list(range(20))),
        (Guarded(a=1, b=[2]), {"a": 1, "b": [2]}),
    ],
)
def test_any_value_can_be_recorded(captured, value, kept):
    with generation(model="m", input=[value]):
        pass

    assert captured.record()["input"]["content"] == [kept]


def test_a_value_that_holds_itself_is_cut(captured):
    knot = []
    knot += [knot, knot]
    started = time.perf_counter()
    with generation(model="m", input=knot) as g:
        g.metadata["depth"] = knot
        time.sleep(0)

    assert time.perf_counter() - started < 2
    capture.flush(20)
    assert capture.counters().captured == 1


@pytest.mark.parametrize("mistake", [{"parameters": 5}, {"metadata": "text"}, {"tags": 3}])
def test_mistakes_in_telling_are_not_the_hosts_end(captured, mistake):
    with generation(model="m", input="x", **mistake):
        pass

    assert captured.record()["model"]["id"] == "m"


def test_values_of_the_wrong_type_do_not_cost_the_record(captured):
    """The server would refuse it; what was meant is kept where it can be."""
    with capture.metadata(userId=17, tags="one", requestId={"a": 1}, agentId=["x"]), generation(model="m", provider=5) as g:
        g.usage(prompt_tokens="12", completion_tokens=-1, cached_tokens=object(), cost="free", currency=7)
        g.finish_reason = 3
        g.alternatives = [{"score": "high"}, 5]
        g.output = 7
        g.tags.append(3)
        g.parameters["temperature"] = "warm"

    record = captured.record()
    assert record["usage"] == {"promptTokens": 12}
    assert record["metadata"] == {
        "tags": ["one"],
        "userId": "17",
        "unread": {"requestId": {"a": 1}, "agentId": ["x"]},
        "unreadParameters": {"temperature": "warm"},
    }
    assert record["output"]["alternatives"] == [{"content": {"score": "high"}}, {"content": 5}]


def test_answers_of_a_provider_are_read_from_plain_json_too(captured):
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-4",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 10, "output_tokens": 2},
    }
    with generation() as g:
        assert g.response(answer) is answer

    record = captured.record()
    assert record["model"]["id"] == "claude-4"
    assert record["usage"]["promptTokens"] == 15
    assert record["output"] == {"type": "text", "content": "Hello.", "finishReason": "end_turn"}


def test_what_an_answer_tells_beside_is_kept_with_the_cost_and_the_tier_that_it_names(captured):
    answer = {
        "id": "gen-1",
        "object": "chat.completion",
        "model": "openai/gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
        "service_tier": "flex",
        "system_fingerprint": "fp_1",
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": 2,
            "cost": 0.002,
            "is_byok": False,
            "cost_details": {"upstream_inference_cost": 0},
        },
    }
    with generation() as g:
        g.response(answer)

    record = captured.record()
    assert (record["usage"]["cost"], record["usage"]["currency"], record["usage"]["costSource"]) == (0.002, "USD", "reported")
    assert record["metadata"]["serviceTier"] == "flex"
    assert record["metadata"]["response"]["system_fingerprint"] == "fp_1"


def test_the_tier_of_anthropic_is_told_beside_its_tokens(captured):
    with generation() as g:
        g.response({"type": "message", "model": "claude-4", "content": [], "usage": {"output_tokens": 1, "service_tier": "batch"}})

    assert captured.record()["metadata"]["serviceTier"] == "batch"


def test_an_answer_that_reports_a_failure_is_an_error(captured):
    with generation(model="m") as g:
        g.response({"object": "response", "status": "failed", "output": [], "error": {"code": "server_error", "message": "sorry"}})

    record = captured.record()
    assert record["status"] == "error"
    assert record["error"] == {"type": "server_error", "message": "sorry", "code": "server_error"}


def test_many_threads_lose_nothing(captured):
    def work(number):
        for call in range(100):
            with generation(model="m", input=f"{number}-{call}") as g:
                g.output = "x"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = captured.records()
    assert len({record["id"] for record in records}) == 800
    assert capture.counters().sent == 800


def test_a_flush_may_wait_as_long_as_it_takes(captured):
    with generation(model="m"):
        pass

    assert capture.flush(float("inf"))


def test_a_piece_of_a_stream_that_lets_nothing_be_asked_is_the_hosts_affair(captured):
    class Hostile:
        def __getattr__(self, name):
            raise RuntimeError(name)

    with generation(model="m") as g:
        g.chunk(Hostile())

    assert captured.record()["status"] == "success"


def test_a_fork_lets_go_only_of_a_lock_that_it_had(captured):
    """While something is imported for longer than a fork waits, that goes on after it."""
    recorder = process._process.recorder
    with recorder._delivery.loading:
        recorder.before_fork(0.01)
        recorder.after_fork()
        assert recorder._delivery.loading.locked()

    recorder.before_fork(1)
    recorder.after_fork()
    assert not recorder._delivery.loading.locked()
