"""What capture costs the host: `python -m bench.capture`; with `--write` the table goes into docs/benchmarks.md.

Medians over calls on the caller's thread, and over what `instrument()` adds to a span, the recorder's thread running beside
it against a server that takes everything, and against none; what the thread itself spends on a record; and how much slower
a busy program becomes.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.sdk.trace import Span, TracerProvider

from bench.report import replace_part
from generations import capture
from generations.capture.listening import SpanListener
from generations.capture.recording import Recording
from generations.capture.records import record_of

CALLS = 20_000
TEXT = "The tram museum in Graz shows the oldest trams of the city. " * 8
MESSAGES = [{"role": "user" if number % 2 == 0 else "assistant", "content": TEXT} for number in range(8)]
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT, "refusal": None}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 900,
        "completion_tokens": 120,
        "total_tokens": 1020,
        "prompt_tokens_details": {"cached_tokens": 512},
        "completion_tokens_details": {"reasoning_tokens": 16},
    },
}


class _TakesEverything(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201)
        text = b'{"refusedCount":0,"refused":[]}'
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def a_server() -> Iterator[str]:
    """Answers at once; a thread of this process, which therefore pays for it as well."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _TakesEverything)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def block() -> None:
    """A block with messages of 4 KB, an output and tokens."""
    with capture.generation(model="gpt-4o", input=MESSAGES) as g:
        g.output = TEXT
        g.usage(prompt_tokens=900, completion_tokens=120)


def answered() -> None:
    """A block that reads the answer of a chat completion."""
    with capture.generation(model="gpt-4o", input=MESSAGES) as g:
        g.response(ANSWER)


@capture.recorded(model="gpt-4o")
def function(messages: list[dict[str, str]]) -> str:
    """A recorded function that does nothing else."""
    del messages
    return TEXT


def in_context() -> None:
    """A block inside of a user, a session and tags."""
    with capture.user("u-1"), capture.session("s-1"), capture.tags("a", "b"):
        block()


ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 900,
    "gen_ai.usage.output_tokens": 120,
    "gen_ai.input.messages": json.dumps([{"role": m["role"], "parts": [{"type": "text", "content": m["content"]}]} for m in MESSAGES]),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": TEXT}]}]),
    **{f"gen_ai.request.parameter_{number}": number for number in range(10)},
}


def heard(listener: SpanListener) -> Callable[[], Any]:
    """What `instrument()` adds to a span of an instrumentation: hearing that it begins and that it has ended."""
    spans: list[Span] = []
    tracers = TracerProvider(shutdown_on_exit=False)
    tracer = tracers.get_tracer("opentelemetry.instrumentation.genai.openai")
    for _ in range(CALLS):
        span = tracer.start_span("chat gpt-4o", attributes=ATTRIBUTES)
        span.end()
        assert isinstance(span, Span)
        spans.append(span)

    def call() -> None:
        span = spans.pop()
        listener.on_start(span)
        listener.on_end(span)

    return call


def measured(call: Callable[[], Any], pause_seconds: float = 0.0) -> dict[str, float]:
    """Microseconds on the caller's thread: median, 95th and 99th percentile."""
    times: list[float] = []
    for number in range(CALLS):
        started = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - started) / 1000)
        if pause_seconds and number % 20 == 0:
            time.sleep(pause_seconds)
    ordered = statistics.quantiles(times, n=100)
    return {"median": statistics.median(times), "p95": ordered[94], "p99": ordered[98]}


def thread_cost() -> tuple[float, float]:
    """Microseconds that the recorder's thread spends on a record of 4 KB: making it, and packing it."""
    kept: list[Recording] = []
    for _ in range(2_000):
        with Recording(kept.append, "gpt-4o", MESSAGES) as g:
            g.response(ANSWER)
    from generations.record.content import to_json

    started = time.perf_counter()
    lines = [to_json(record_of(recording)) for recording in kept]
    made = time.perf_counter()
    for at in range(0, len(lines), 250):
        zlib.compress(b"\n".join(lines[at : at + 250]), 1)
    packed = time.perf_counter()
    return (made - started) / len(lines) * 1e6, (packed - made) / len(lines) * 1e6


def work(seconds: float, record: bool) -> int:
    """How often a busy program gets around: half a millisecond of work each time, then perhaps a generation."""
    ends_at = time.perf_counter() + seconds
    rounds = 0
    while time.perf_counter() < ends_at:
        sum(range(20_000))
        if record:
            block()
        rounds += 1
    return rounds


def main() -> None:
    """Measure, and print a table."""
    calls = {"block": block, "answer": answered, "function": lambda: function(MESSAGES), "in context": in_context}
    say("caller's thread, µs a generation        median     p95     p99")
    with tempfile.TemporaryDirectory() as folder:
        for place, pause_seconds in (("1,000s a second", 0.01), ("without pause", 0.0)):
            with a_server() as url:
                capture.configure(url=url, spool=folder)
                for name, call in {**calls, "span": heard(SpanListener())}.items():
                    found = measured(call, pause_seconds)
                    say(f"{name:<12} {place:<24} {found['median']:>9.1f} {found['p95']:>7.1f} {found['p99']:>7.1f}")
                capture.flush(60)
                told = capture.counters()
                say(f"  {told.captured:,} captured, {told.sent:,} sent, {told.dropped.total():,} dropped for memory")
                capture.configure(enabled=False, spool=False)
        capture.configure(url="http://127.0.0.1:9", spool=folder)
        found = measured(block, 0.01)
        say(f"{'block':<12} {'server down':<24} {found['median']:>9.1f} {found['p95']:>7.1f} {found['p99']:>7.1f}")
        capture.configure(enabled=False, spool=False)
        made, packed = thread_cost()
        say(f"recorder's thread, µs a record: {made:.0f} to make, {packed:.0f} to pack")
        with a_server() as url:
            capture.configure(url=url, spool=folder)
            alone = work(2.0, record=False)
            with_capture = work(2.0, record=True)
            say(f"a program that generates {with_capture / 2:,.0f} times a second keeps {with_capture / alone:.0%} of its speed")
            capture.flush(60)  # nobody comes who would send what is left
            capture.configure(enabled=False, spool=False)
    if "--write" in sys.argv:
        head = f"## Capture\n\nWritten by `python -m bench.capture --write` on {datetime.now(UTC):%Y-%m-%d}. Messages have 4 KB.\n"
        replace_part("capture", "\n".join([head, "```text", *_said, "```"]))


_said: list[str] = []


def say(line: str) -> None:
    """Print a line at once, and keep it for the page."""
    _said.append(line)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
