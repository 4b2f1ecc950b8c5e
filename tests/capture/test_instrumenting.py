"""`instrument()` where no instrumentation is installed; `tests/programs` has those that are."""

import logging
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_ON, ParentBasedTraceIdRatio, TraceIdRatioBased

import generations
from generations.capture import instrumenting
from generations.capture.instrumentations import GROUP, LIBRARIES, installed, reads_content_switch

PACKAGES = {
    "genai": "opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor",
    "openinference": "openinference.instrumentation.openai:OpenAIInstrumentor",
    "openllmetry": "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
}


@pytest.fixture
def instrumentation(captured, caplog):
    with caplog.at_level(logging.WARNING, "generations.capture"):
        found = generations.instrument()
    yield found
    found.undo()


def test_where_nothing_is_installed_the_answer_says_what_to_install(instrumentation, caplog):
    told = str(instrumentation)

    assert instrumentation.turned_on == {}
    assert told.startswith("nothing was turned on\n")
    assert "openai is installed, and no instrumentation for it: pip install opentelemetry-instrumentation-genai-openai" in told
    assert "`instrument(client)` records one client of openai or anthropic without any of them." in told
    assert "nothing was turned on" in caplog.get_records("setup")[0].getMessage()


def test_without_the_sdk_the_answer_says_so(captured, monkeypatch):
    monkeypatch.setattr(instrumenting, "find_spec", {}.get)
    monkeypatch.setattr(instrumenting._state, "current", None)

    assert "pip install 'generations[instrument]'" in str(generations.instrument())


def test_importing_capture_loads_nothing_that_it_could_hear_of():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, generations.capture; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}

    assert loaded.isdisjoint({"opentelemetry", "openai", "anthropic", "langchain_core", "litellm", "pydantic_ai"})


def test_a_disabled_sdk_is_told_of(captured, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    found = generations.instrument()
    found.undo()

    assert "OTEL_SDK_DISABLED is set" in str(found)


@pytest.mark.parametrize(
    ("sampler", "leaves_out"),
    [
        (ALWAYS_ON, False),
        (ALWAYS_OFF, True),
        (DEFAULT_ON, False),
        (TraceIdRatioBased(1.0), False),
        (TraceIdRatioBased(0.1), True),
        (ParentBasedTraceIdRatio(0.1), True),
        (ParentBasedTraceIdRatio(1.0), False),
    ],
)
def test_a_sampler_that_leaves_spans_out_is_noticed(sampler, leaves_out):
    assert instrumenting._leaves_out(TracerProvider(sampler=sampler, shutdown_on_exit=False)) is leaves_out


def test_a_second_call_changes_nothing_and_what_was_undone_can_be_done_again(instrumentation):
    assert generations.instrument() is instrumentation
    instrumentation.undo()
    instrumentation.undo()

    again = generations.instrument()
    assert again is not instrumentation
    again.undo()


def test_the_best_of_each_library_comes_first():
    entry_points = [EntryPoint("openai", value, GROUP) for value in reversed(PACKAGES.values())]
    entry_points.append(EntryPoint("requests", "opentelemetry.instrumentation.requests:RequestsInstrumentor", GROUP))

    [(library, ones)] = installed(entry_points)
    assert library.name == "openai"
    assert [one.entry_point.value for one in ones] == list(PACKAGES.values())


def test_messages_are_asked_for_in_the_words_of_each_family():
    assert reads_content_switch("opentelemetry.instrumentation.genai.openai") == "EVENT_ONLY"
    assert reads_content_switch("opentelemetry.instrumentation.botocore") == "true"
    assert reads_content_switch("openinference.instrumentation.openai") is None


def test_no_instrumentation_stands_for_two_libraries():
    modules = [module for library in LIBRARIES for module in library.instrumentations]
    assert len(modules) == len(set(modules))
