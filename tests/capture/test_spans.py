"""Spans and log records of OpenTelemetry's SDK, made as instrumentations make them, become records in the process."""

import json
import time

import pytest
from msgspec.structs import replace
from opentelemetry import baggage, context, trace
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from generations import capture
from generations.capture.counters import Tally
from generations.capture.listening import LogListener, SpanListener
from generations.capture.open_spans import OPEN_SPANS, OpenSpans
from generations.capture.spans import EndedSpan
from generations.capture.traces import Traces

ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "The tram museum."}]}]
QUESTION = [{"role": "user", "parts": [{"type": "text", "content": "What should I see?"}]}]
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.usage.input_tokens": 9,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.output.messages": json.dumps(ANSWER),
}
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"}


class Heard:
    """A provider of tracers and one of loggers that capture hears."""

    def __init__(self, **settings):
        self.tracers = TracerProvider(shutdown_on_exit=False, **settings)
        self.tracers.add_span_processor(SpanListener())
        self.loggers = LoggerProvider(shutdown_on_exit=False)
        self.loggers.add_log_record_processor(LogListener())

    def tracer(self, scope="opentelemetry.instrumentation.genai.openai"):
        return self.tracers.get_tracer(scope)

    def call(self, scope="opentelemetry.instrumentation.genai.openai", **changed):
        """A call of a model that has ended; its record's id."""
        span = self.tracer(scope).start_span("chat gpt-4o", attributes=CALL | changed)
        span.end()
        return id_of(span)

    def tell(self, span, name="gen_ai.client.inference.operation.details", **attributes):
        logger = self.loggers.get_logger("opentelemetry.instrumentation.genai.openai")
        logger.emit(LogRecord(event_name=name, attributes=attributes, context=trace.set_span_in_context(span)))


def id_of(span):
    ids = span.get_span_context()
    return f"{ids.trace_id:032x}-{ids.span_id:016x}"


@pytest.fixture
def heard():
    return Heard()


def test_a_span_that_tells_of_a_call_is_a_record(captured, heard):
    id = heard.call()

    record = captured.record()
    assert record["id"] == id
    assert record["model"] == {"id": "gpt-4o", "provider": "openai"}
    assert record["output"]["content"] == "The tram museum."
    assert (record["usage"]["promptTokens"], record["usage"]["completionTokens"]) == (9, 5)
    assert record["metadata"]["requestId"] == "chatcmpl-1"
    counters = capture.counters()
    assert (counters.captured, counters.sent, counters.waiting) == (1, 1, 0)


def test_the_same_span_sent_over_otlp_as_well_is_the_same_record(captured_by_server, heard):
    exporter = OTLPSpanExporter(f"{captured_by_server.server.url}/v1/traces", headers={"Generations-Project": captured_by_server.project})
    heard.tracers.add_span_processor(SimpleSpanProcessor(exporter))
    heard.call()

    assert captured_by_server.record()["output"]["content"] == "The tram museum."


def test_what_is_around_a_call_is_no_record_and_tells_whose_it_is(captured, heard):
    with (
        heard.tracer("http").start_as_current_span("GET /", attributes={"http.request.method": "GET", "user.id": "u-1"}),
        heard.tracer().start_as_current_span("invoke_agent guide", attributes=AGENT),
        heard.tracer("db").start_as_current_span("SELECT"),
    ):
        heard.call()

    metadata = captured.record()["metadata"]
    assert metadata["agentId"] == "guide"
    assert metadata["userId"] == "u-1"


def test_spans_of_other_things_are_not_counted(captured, heard):
    with heard.tracer("http").start_as_current_span("GET /"):
        heard.tracer("db").start_span("SELECT").end()

    assert captured.records() == []
    assert capture.counters().captured == 0


def test_what_has_ended_does_not_wait_for_ever_for_what_is_around_it(captured, heard):
    """What is still open tells of itself all the same, and when it says something else the record is given again."""
    with heard.tracer().start_as_current_span("invoke_agent guide", attributes=AGENT) as agent:
        id = heard.call()

        assert captured.record()["metadata"]["agentId"] == "guide"
        agent.set_attribute("gen_ai.agent.name", "driver")

    record = captured.record()
    assert (record["id"], record["metadata"]["agentId"]) == (id, "driver")
    assert capture.counters().captured == 2


def test_events_bring_the_messages_before_and_after_their_span(captured, heard):
    span = heard.tracer().start_span("chat gpt-4o", attributes={key: value for key, value in CALL.items() if "messages" not in key})
    heard.tell(span, **{"gen_ai.input.messages": QUESTION})
    span.end()
    assert captured.record()["input"]["content"] == QUESTION

    heard.tell(span, **{"gen_ai.output.messages": ANSWER})
    assert captured.record()["output"]["content"] == "The tram museum."


def test_ordinary_log_lines_are_nothing_to_capture(captured, heard):
    heard.loggers.get_logger("app").emit(LogRecord(body="hello", severity_text="INFO"))

    assert captured.records() == []


def test_a_call_that_the_programs_sampler_leaves_out_is_recorded_by_its_event(captured):
    heard = Heard(sampler=ALWAYS_OFF)
    span = heard.tracer().start_span("chat gpt-4o", attributes=CALL)
    heard.tell(span, **CALL)
    span.end()

    record = captured.record()
    assert record["id"] == id_of(span)
    assert record["usage"]["promptTokens"] == 9


def test_an_event_that_comes_after_its_span_was_forgotten_does_not_replace_the_record(heard, monkeypatch):
    ended = []
    monkeypatch.setattr("generations.capture.listening.keep", ended.append)
    span = heard.tracer().start_span("chat gpt-4o", attributes=CALL)
    span.end()
    heard.tell(span, **CALL)
    traces = Traces(OpenSpans(), Tally(), 0)

    [first] = [record for piece in ended for record in traces.add(piece)] + traces.all()
    assert first["performance"]["latency"] >= 0


def test_two_spans_around_each_other_are_one_record(captured, heard):
    with heard.tracer("openinference.instrumentation.langchain").start_as_current_span(
        "ChatOpenAI", attributes={"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "metadata": '{"team": "tours"}'}
    ):
        id = heard.call()

    record = captured.record()
    assert record["id"] == id
    assert record["metadata"]["team"] == "tours"


def test_two_traces_of_one_call_are_one_record(captured, heard):
    """Some instrumentations of frameworks put no span around the client's."""
    usage = {"llm.token_count.prompt": 9, "llm.token_count.completion": 5}
    output = json.dumps({"id": "chatcmpl-1", "choices": [], "object": "chat.completion", "model": "gpt-4o"})
    of_framework = heard.tracer("openinference.instrumentation.langchain").start_span(
        "ChatOpenAI", attributes={"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "output.value": output, **usage}
    )
    heard.call()
    of_framework.end()

    assert len(captured.records()) == 1


def test_a_stream_that_outlives_the_span_around_it_is_one_record(captured, heard):
    outer = heard.tracer("openinference.instrumentation.langchain").start_span(
        "ChatOpenAI", attributes={"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}
    )
    inner = heard.tracer().start_span("chat gpt-4o", attributes=CALL, context=trace.set_span_in_context(outer))
    outer.end()
    assert captured.records() == []
    inner.end()

    assert captured.record()["id"] == id_of(inner)


def test_a_span_that_nobody_ends_holds_nothing_up(captured, heard):
    forgotten = heard.tracer().start_span("invoke_agent", attributes=AGENT)
    id = heard.call()
    del forgotten

    assert captured.record()["id"] == id


def test_who_asks_is_told_of_spans_as_of_blocks(captured, heard):
    with capture.user("u-17"), capture.session("s-4"), capture.tags("checkout"), capture.metadata(release={"number": 11}):
        heard.call(**{"gen_ai.conversation.id": "made up by a library"})

    metadata = captured.record()["metadata"]
    assert (metadata["userId"], metadata["sessionId"]) == ("u-17", "s-4")
    assert (metadata["tags"], metadata["release"]) == (["checkout"], {"number": 11})


def test_context_of_the_wrong_type_does_not_cost_the_record(captured_by_server, heard):
    with capture.metadata(agentId=7, userId=["u-1"]):
        heard.call()

    metadata = captured_by_server.record()["metadata"]
    assert (metadata["agentId"], metadata["unread"]) == ("7", {"userId": ["u-1"]})


def test_baggage_of_another_service_is_taken_up(captured, heard):
    carried = baggage.set_baggage("generations.tags", "a,b", baggage.set_baggage("user.id", "u-9"))
    attached = context.attach(carried)
    heard.call()
    context.detach(attached)

    metadata = captured.record()["metadata"]
    assert (metadata["userId"], metadata["tags"]) == ("u-9", ["a", "b"])


def test_exporters_of_the_program_see_what_they_saw_before(captured, heard):
    exporter = InMemorySpanExporter()
    heard.tracers.add_span_processor(SimpleSpanProcessor(exporter))
    with capture.user("u-17"):
        heard.call()

    [span] = exporter.get_finished_spans()
    assert dict(span.attributes) == CALL


def test_content_off_keeps_what_instrumentations_put_anywhere(captured, heard):
    captured.configure(content=False)
    heard.call(**{"traceloop.entity.input": "secret", "gen_ai.input.messages": '[{"role": "user", "content": "secret"}]'})

    record = captured.record()
    assert "secret" not in json.dumps(record)
    assert record["usage"]["promptTokens"] == 9


def test_values_of_any_kind_become_json(captured, heard):
    heard.call(**{"app.bytes": b"\xff", "app.numbers": [1.5, 2.5], "app.flag": True, "app.nan": float("nan")})

    told = captured.record()["metadata"]["otel"]["attributes"]["app"]
    assert told == {"bytes": "/w==", "numbers": [1.5, 2.5], "flag": True, "nan": "nan"}


def test_a_span_that_cannot_be_read_raises_nothing(captured):
    SpanListener().on_end(object())
    SpanListener().on_start(object())
    LogListener().on_emit(object())

    assert captured.records() == []


@pytest.fixture
def ended(heard, monkeypatch):
    """Makes pieces, which go nowhere; `ended(0)` is what has ended meanwhile."""
    found = []
    monkeypatch.setattr("generations.capture.listening.keep", lambda piece: isinstance(piece, EndedSpan) and found.append(piece))

    def make(count, **changed):
        for _ in range(count):
            heard.call(**changed)
        return [found.pop(0) for _ in range(count or len(found))]

    return make


def test_what_is_held_is_bounded_and_nothing_of_it_is_lost(ended):
    traces = Traces(OpenSpans(), Tally(), 64 << 10)
    given = [record for piece in ended(100, note="x" * 1_000) for record in traces.add(piece)]

    assert 50 < len(given) < 100
    assert len({record["id"] for record in [*given, *traces.all()]}) == 100


class Noted:
    """Entries of a journal that hold what they were written for."""

    def __init__(self):
        self.entries = []

    def write(self, captured):
        self.entries.append(captured.span)
        return captured.span


def test_what_is_open_around_a_call_is_noted_when_it_is_other_than_before(heard, ended):
    traces, noted = Traces(OPEN_SPANS, Tally(), 1 << 20), Noted()
    with heard.tracer().start_as_current_span("invoke_agent guide", attributes=AGENT) as agent:
        for _ in range(2):
            traces.add(ended(1)[0])
            traces.note_open(noted.write)
        [first] = noted.entries
        assert first.attributes == AGENT
        assert traces.released() == []

        agent.set_attribute("gen_ai.agent.name", "driver")
        traces.note_open(noted.write)
        assert len(noted.entries) == 1
        traces.add(ended(1)[0])
        traces.note_open(noted.write)
        assert [span.attributes["gen_ai.agent.name"] for span in noted.entries] == ["guide", "driver"]
        assert traces.released() == [first]


def test_pieces_are_released_once_nothing_of_their_trace_is_open(heard, ended):
    traces, noted = Traces(OPEN_SPANS, Tally(), 1 << 20), Noted()
    with heard.tracer().start_as_current_span("invoke_agent guide", attributes=AGENT):
        for name in ("one", "two"):
            traces.add(ended(1)[0], name)
        traces.note_open(noted.write)
        assert len(traces.all()) == 2
        assert traces.released() == []

    traces.add(ended(1)[0], "the agent")
    assert traces.released() == noted.entries, "it tells more than what was noted of it"
    assert traces.all() == [], "nothing is other than it was"
    assert traces.released() == ["one", "two", "the agent"]


def test_what_is_noted_of_open_spans_does_not_gather(heard, ended):
    """An agent of a thousand steps is open for as long as all of them take."""
    traces, noted = Traces(OPEN_SPANS, Tally(), 1 << 30), Noted()
    tracer = heard.tracer()
    with tracer.start_as_current_span("invoke_agent guide", attributes=AGENT):
        for _ in range(20):
            with tracer.start_as_current_span("a step"):
                traces.add(ended(1)[0])
                traces.note_open(noted.write)
            for piece in ended(0):
                traces.add(piece)
        assert len(noted.entries) - len(traces.released()) < 5


def test_pieces_of_other_things_and_those_told_twice_are_released_at_once(heard, ended):
    traces = Traces(OpenSpans(), Tally(), 1 << 20)
    [piece] = ended(1)
    traces.add(piece, "first")
    traces.add(piece, "again")
    traces.add(piece._replace(span=replace(piece.span, trace_id="f" * 32, attributes={}, scope=None)), "another thing")

    assert traces.released() == ["again", "another thing"]


def test_a_trace_without_end_is_bounded_too(heard, ended):
    """An agent that runs for days is one trace."""
    traces = Traces(OpenSpans(), Tally(), 1 << 30)
    with heard.tracer("app").start_as_current_span("work"):
        pieces = ended(2_100)
    given = [record for piece in pieces for record in traces.add(piece)]

    assert len(given) >= 2_000
    assert len({record["id"] for record in [*given, *traces.all()]}) == 2_100


def test_records_are_given_when_their_trace_is_whole_and_once(ended):
    traces = Traces(OpenSpans(), Tally(), 1 << 20)
    [piece] = ended(1)
    traces.add(piece)
    assert traces.due() == []
    time.sleep(traces.due_seconds())

    assert len(traces.due()) == 1
    assert traces.due_seconds() is None
    assert traces.add(piece) == []
    assert traces.all() == []


def test_open_spans_are_forgotten_when_nobody_holds_them(heard):
    open_spans = OpenSpans()
    span = heard.tracer().start_span("chat")
    open_spans.begin(1, 2, span, None)
    assert open_spans.has(f"{1:032x}")
    assert [one.name for one in open_spans.of(f"{1:032x}")] == ["chat"]
    del span

    assert not open_spans.has(f"{1:032x}")
    assert open_spans.of(f"{1:032x}") == []
    assert open_spans._by_trace == {}


def test_a_span_that_ends_after_its_listener_has_stopped_is_not_open_for_ever(heard):
    listener = SpanListener()
    heard.tracers.add_span_processor(listener)
    before = set(OPEN_SPANS._by_trace)
    for processor in heard.tracers._active_span_processor._span_processors:
        span = heard.tracer().start_span("chat")
        processor.stop()
        span.end()
    del span

    assert set(OPEN_SPANS._by_trace) <= before


def test_who_asks_is_told_to_the_listener_that_came_after_one_that_has_stopped(captured, heard):
    [stopped] = heard.tracers._active_span_processor._span_processors
    stopped.stop()
    heard.tracers.add_span_processor(SpanListener())
    with capture.user("u-17"):
        heard.call()

    assert captured.record()["metadata"]["userId"] == "u-17"


KILLED = """
import os, sys, time
from opentelemetry.sdk.trace import TracerProvider
from generations import capture
from generations.capture.listening import SpanListener
capture.configure(redact="email")
tracers = TracerProvider(shutdown_on_exit=False)
tracers.add_span_processor(SpanListener())
tracer = tracers.get_tracer("app")
CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.response.id": "r-1"}
with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"}):
    for output in ("I am ada@example.com.", "I am, too."):
        with tracer.start_as_current_span("chat", attributes={**CALL, "gen_ai.response.id": output}) as outer:
            tracer.start_span("chat", attributes={**CALL, "gen_ai.response.id": output, "gen_ai.completion": output}).end()
            time.sleep(0.3)
        print(flush=True)
        sys.stdin.readline()
    if os.fork() == 0:
        os.closerange(0, 3)
        time.sleep(5)
        os._exit(0)
    print(flush=True)
    sys.stdin.readline()
    time.sleep(60)
"""


def test_what_waits_for_an_open_span_survives_a_kill(captured_by_server, started_program):
    """A client's span inside of a framework's is one call, here as well; as long as the program lives nothing is sent, and its children
    have no part in it."""
    place = {"GENERATIONS_URL": captured_by_server.server.url, "GENERATIONS_PROJECT": captured_by_server.project}
    process = started_program(KILLED, **place, GENERATIONS_SPOOL=captured_by_server.spool)
    captured_by_server.configure(redact="email")
    for _ in (1, 2, 3):
        assert process.stdout.readline() == "\n"
        process.stdin.write("\n")
        process.stdin.flush()
    with capture.generation(model="while it lives"):
        pass
    assert [record["model"]["id"] for record in captured_by_server.records()] == ["while it lives"]
    process.kill()
    process.wait()

    records = [record for record in captured_by_server.records() if record["model"]["id"] == "m"]
    assert sorted(record["output"]["content"] for record in records) == ["I am [email].", "I am, too."]
    assert {record["metadata"]["agentId"] for record in records} == {"guide"}
    assert capture.counters().recovered == 2


KILLED_WHILE_GIVING = """
import os, time
from opentelemetry.sdk.trace import TracerProvider
from generations.capture.listening import SpanListener
from generations.capture.spool import Spool
tracers = TracerProvider(shutdown_on_exit=False)
tracers.add_span_processor(SpanListener())
tracer = tracers.get_tracer("app")
with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent"}) as agent:
    tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}).end()
    time.sleep(0.5)
    agent.set_attribute("gen_ai.agent.name", "driver")
    Spool.append = lambda *_: os._exit(9)
time.sleep(5)
"""


@pytest.mark.programs
def test_a_kill_while_a_record_is_given_leaves_what_was_told_last(captured_by_server, program):
    place = {"GENERATIONS_URL": captured_by_server.server.url, "GENERATIONS_PROJECT": captured_by_server.project}
    program(KILLED_WHILE_GIVING, status=9, **place, GENERATIONS_SPOOL=captured_by_server.spool)
    with capture.generation(model="of the next process"):
        pass

    [record] = [record for record in captured_by_server.records() if record["model"]["id"] == "m"]
    assert record["metadata"]["agentId"] == "driver"


PROGRAM = """
import os, signal, sys
from opentelemetry.sdk.trace import TracerProvider
from generations import capture
from generations.capture.listening import SpanListener
capture.configure(flush_on_sigterm=True)
tracers = TracerProvider(shutdown_on_exit=False)
tracers.add_span_processor(SpanListener())
tracer = tracers.get_tracer("app")
with tracer.start_as_current_span("work"):
    if os.environ["HOW"] == "fork":
        tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "of the parent"}).end()
        if os.fork() == 0:
            tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "of the child"}).end()
            capture.flush()
            os._exit(0)
        os.wait()
    else:
        tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}).end()
    if os.environ["HOW"] == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
    sys.exit()
"""


@pytest.mark.programs
@pytest.mark.parametrize(("how", "models"), [("exit", ["m"]), ("sigterm", ["m"]), ("fork", ["of the child", "of the parent"])])
def test_the_end_of_a_program_gives_what_is_held(captured_by_server, program, how, models):
    program(
        PROGRAM,
        status=-15 if how == "sigterm" else 0,
        HOW=how,
        GENERATIONS_URL=captured_by_server.server.url,
        GENERATIONS_PROJECT=captured_by_server.project,
    )

    assert sorted(record["model"]["id"] for record in captured_by_server.on_server()) == models
