"""The program of the outage test that captures: it goes on until it is killed.

Each generation that has ended is written down in a file of the program's own, and synced: its mark, and when it ended.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from generations import capture, instrument
from generations.capture.listening import SpanListener

ENDED, MODELS_URL = sys.argv[1:]
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "guide"}
CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
TEXT = "The tram museum in Graz shows the oldest trams of the city. " * 20


def main() -> None:
    ended = os.open(ENDED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number, generate in enumerate((a_block, a_block, a_stream, of_a_client(), inside_of_an_agent())):
        threading.Thread(target=go_on, args=(ended, generate, f"{os.getpid()}-{number}"), daemon=True).start()
    threading.Event().wait()


def go_on(ended: int, generate, name: str) -> None:
    for number in itertools.count():
        mark = f"{name}-{number}"
        with capture.metadata(mark=mark):
            generate()
        os.write(ended, f"{mark} {time.time_ns()}\n".encode())
        os.fdatasync(ended)
        time.sleep(0.005)


def a_block() -> None:
    with capture.generation(model="gpt-4o", input=TEXT) as g:
        g.output = TEXT
        g.usage(prompt_tokens=300, completion_tokens=300)


def a_stream() -> None:
    with capture.generation(model="gpt-4o", input=TEXT) as g:
        for _ in g.stream(iter(TEXT.split())):
            pass


def inside_of_an_agent():
    """Calls that OpenTelemetry's spans tell of, in traces whose outer span is open for fifty of them."""
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SpanListener())
    tracer = tracers.get_tracer("opentelemetry.instrumentation.genai.openai")
    calls = itertools.count()
    agents = []

    def ask() -> None:
        if next(calls) % 50 == 0:
            agents.append(tracer.start_span("invoke_agent guide", attributes=AGENT))
            for ended in agents[:-1]:
                ended.end()
            del agents[:-1]
        tracer.start_span("chat gpt-4o", context=trace.set_span_in_context(agents[0]), attributes=CALL).end()

    return ask


def of_a_client():
    client = instrument(OpenAI(base_url=f"{MODELS_URL}/v1", api_key="none", max_retries=0))

    def ask() -> None:
        with client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Where?"}], stream=True) as events:
            for _ in events:
                pass

    return ask


if __name__ == "__main__":
    main()
