"""`instrument()`: the OpenTelemetry instrumentations that are installed, turned on and heard by this process."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from generations.capture.clients import INSTRUMENTED, watch
from generations.capture.counters import LOG
from generations.capture.instrumentations import LIBRARIES, Found, Library, installed, reads_content_switch
from generations.capture.process import sends_content

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.trace import TracerProvider

Client = TypeVar("Client")

CONTENT_SWITCH: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_NEEDS_SDK: Final = "opentelemetry-sdk is not installed: pip install 'generations[instrument]'"
_IS_ON: Final = "it was on already; what it tells is recorded"
_NEEDS_NOTHING: Final = "`instrument(client)` records one client of openai or anthropic without any of them."


@dataclass(slots=True)
class Instrumentation:
    """What `instrument()` found, and what it did.

    Attributes:
        turned_on: the instrumentations, by their libraries: `{"openai": "opentelemetry-instrumentation-genai-openai 1.3b0"}`.
        left: those found and not turned on, with the reason.
        advice: what could be installed, and what goes missing as it is.
        undoing: what `undo` does, the last first.
    """

    turned_on: dict[str, str] = field(default_factory=dict[str, str])
    left: dict[str, str] = field(default_factory=dict[str, str])
    advice: list[str] = field(default_factory=list[str])
    undoing: list[Callable[[], Any]] = field(default_factory=list[Callable[[], Any]], repr=False)

    def undo(self) -> None:
        """Turn off what was turned on; what was on before stays on, and is heard no more. Harmless when repeated."""
        while self.undoing:
            with suppress(Exception):  # an instrumentation that cannot be turned off is heard no more, at least
                self.undoing.pop()()

    def __str__(self) -> str:
        lines = [f"{library}: {package}" for library, package in self.turned_on.items()] or ["nothing was turned on"]
        lines += [f"not {package}: {reason}" for package, reason in self.left.items()]
        return "\n".join([*lines, *self.advice])


@overload
def instrument(client: None = None, *, stream_usage: None = None) -> Instrumentation: ...
@overload
def instrument(client: Client, *, stream_usage: bool | None = None) -> Client: ...
def instrument(client: Any = None, *, stream_usage: bool | None = None) -> Any:
    """Record every generation: of all libraries that an OpenTelemetry instrumentation is installed for, or of one client.

        print(generations.instrument())

    Without a client, the best instrumentation of each library is turned on, with the program's `TracerProvider` where it has one, and
    with one of our own otherwise. Every span of that provider that tells of a generation is recorded, whoever made it; exporters of
    the program are left alone. Instrumentations that are on already stay as they are. A second call changes nothing.

    With a client of the `openai` or `anthropic` package, or of one made like them, its calls are recorded without OpenTelemetry. They,
    their arguments and what they return stay as they are: `create`, `parse` and `stream`, synchronous and asynchronous;
    streams are recorded while they are read. A client that `with_options` or `copy` makes of this one is another client.

    Never raises.

    Args:
        client: returned as it came; one of an unknown kind is left alone, which is logged.
        stream_usage: whether to ask for the tokens of streamed chat completions, which OpenAI does not tell otherwise; the
            additional chunk is kept from the host. None does so for OpenAI and Azure, and not for servers that might not know it.

    Returns:
        The client; without one, what was turned on, which can be undone.
    """
    if client is not None:
        return watch(client, stream_usage=stream_usage)
    with _state.lock:
        if _state.current is None or not _state.current.undoing:
            _state.current = _turned_on()
        return _state.current


class _State:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.current: Instrumentation | None = None


_state = _State()


def _turned_on() -> Instrumentation:
    done = Instrumentation()
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        done.advice = [_NEEDS_SDK, _NEEDS_NOTHING]
        LOG.warning("nothing was turned on: %s", _NEEDS_SDK)
        return done
    try:
        is_any_on = _turn_on(done)
    except Exception as error:  # noqa: BLE001 - whatever another library raises must not end the host
        LOG.warning("instrumentations could not be turned on: %s: %s", type(error).__name__, error)
        done.advice.append(f"it was not finished, for {type(error).__name__}: {error}")
        is_any_on = bool(done.turned_on)
    if not is_any_on:
        done.advice.append(_NEEDS_NOTHING)
        LOG.warning("%s", str(done).replace("\n", "; "))
    return done


def _turn_on(done: Instrumentation) -> bool:
    """Turn on the best of each library; whether any is on now, by whomever."""
    rows = installed()
    tracers, loggers = _providers(done)
    done.undoing.append(INSTRUMENTED.clear)
    _switch_content_on(rows, done)
    for library, ones in rows:
        _turn_on_best(library, ones, {"tracer_provider": tracers, "logger_provider": loggers}, done)
    _turn_on_pydantic_ai(tracers, done)
    covered = {library.name for library, _ in rows}
    done.advice += [
        f"{library.name} is installed, and no instrumentation for it: pip install {library.to_install}"
        for library in LIBRARIES
        if library.name not in covered and library.is_installed
    ]
    return bool(done.turned_on) or _IS_ON in done.left.values()


def _turn_on_best(library: Library, ones: Sequence[Found], providers: dict[str, Any], done: Instrumentation) -> None:
    """Turn on the first that can be, unless one is on."""
    if not library.is_installed:
        done.left |= {one.package: f"{library.module} is not installed" for one in ones}
        return
    used = next((one for one in ones if _is_on(one)), None)
    if used is not None:
        done.left[used.package] = _IS_ON
    for one in ones:
        if used is None:
            failure = _failure(one, providers, done)
            if failure is None:
                used = one
                done.turned_on[library.name] = one.package
                INSTRUMENTED.add(library.module)
            else:
                done.left[one.package] = failure
        elif one is not used:
            done.left[one.package] = _IS_ON if _is_on(one) else f"{used.package.partition(' ')[0]} tells of {library.name}"
    if library.calls_clients and used is not None and used.module != library.instrumentations[0]:
        done.advice.append(f"streams through {library.name} may be recorded twice: pip install {library.to_install}")


def _is_on(one: Found) -> bool:
    """Whether the program has turned it on; it is not loaded for this, and not made anew, which may change its settings."""
    if one.module not in sys.modules:
        return False
    instance: Any = getattr(one.entry_point.load(), "_instance", None)
    return bool(getattr(instance, "is_instrumented_by_opentelemetry", False))


def _failure(one: Found, providers: dict[str, Any], done: Instrumentation) -> str | None:
    """Turn one on; why it could not be."""
    try:
        instrumentor: Any = one.entry_point.load()()
        instrumentor.instrument(**providers, raise_exception_on_conflict=True)
    except Exception as error:  # noqa: BLE001 - a package that does not fit the others raises anything
        return f"it failed with {type(error).__name__}: {error}"
    done.undoing.append(instrumentor.uninstrument)
    return None


def _turn_on_pydantic_ai(tracers: TracerProvider, done: Instrumentation) -> None:
    """pydantic-ai tells of itself; agents that have settings of their own keep them."""
    if find_spec("pydantic_ai") is None:
        return
    package: Any = import_module("pydantic_ai")
    agents = package.Agent
    if agents._instrument_default:  # noqa: SLF001 - nothing else tells
        done.left["pydantic-ai"] = _IS_ON
        return
    agents.instrument_all(package.InstrumentationSettings(tracer_provider=tracers))
    done.turned_on["pydantic-ai"] = "pydantic-ai"
    done.undoing.append(lambda: agents.instrument_all(False))


def _providers(done: Instrumentation) -> tuple[TracerProvider, LoggerProvider]:
    """Those that what is turned on is to use, heard by us; the program's are heard in any case.

    Messages go to the program's own `LoggerProvider` only if the program has asked for them: they are nothing that its
    exporters should see because generations are recorded.
    """
    from opentelemetry import _logs, trace  # noqa: PLC0415 - the extra
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415 - the extra
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider  # noqa: PLC0415 - the extra
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 - the extra

    from generations.capture.listening import LogListener, SpanListener  # noqa: PLC0415 - needs the extra

    spans, logs = SpanListener(), LogListener()
    done.undoing += [spans.stop, logs.stop]
    tracers: Any = trace.get_tracer_provider()
    if not hasattr(tracers, "add_span_processor"):
        tracers = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False, span_limits=SpanLimits(max_span_attributes=SpanLimits.UNSET))
    elif _leaves_out(tracers):
        done.advice.append("the program's sampler leaves spans out: their generations are recorded without times, or not at all")
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        done.advice.append("OTEL_SDK_DISABLED is set: there are no spans, and nothing is recorded")
    tracers.add_span_processor(spans)
    theirs: Any = _logs.get_logger_provider()
    ours = LoggerProvider(shutdown_on_exit=False)
    ours.add_log_record_processor(logs)
    if not hasattr(theirs, "add_log_record_processor"):
        return tracers, ours
    theirs.add_log_record_processor(logs)
    return tracers, theirs if CONTENT_SWITCH in os.environ else ours


def _leaves_out(tracers: Any) -> bool:
    """Whether traces that begin here are not all recorded, as far as the sampler's description tells."""
    sampler = getattr(tracers, "sampler", None)
    told = sampler.get_description() if sampler is not None else ""
    root = told.partition("root:")[2] or told
    rate = _RATE.match(root)
    return root.startswith("AlwaysOff") or (rate is not None and float(rate[1]) < 1)


_RATE: Final = re.compile(r"TraceIdRatioBased\{([\d.]+)\}")


def _switch_content_on(rows: Sequence[tuple[Library, Sequence[Found]]], done: Instrumentation) -> None:
    """Ask those for messages that tell them only when asked; what the program has decided stays."""
    if CONTENT_SWITCH in os.environ or not sends_content():
        return
    values = {one: value for _, ones in rows for one in ones if (value := reads_content_switch(one.module)) is not None}
    silent = [one.package for one in values if _is_on(one)]
    if silent:
        done.advice.append(f"{', '.join(silent)} was on before, and tells no messages: set {CONTENT_SWITCH}")
    elif values:
        os.environ[CONTENT_SWITCH] = "EVENT_ONLY" if "EVENT_ONLY" in values.values() else "true"
        done.undoing.append(lambda: os.environ.pop(CONTENT_SWITCH, None))
