"""Calls that are recorded in the process: `captured_calls.py HOW`; `tests/programs/test_captured.py` says what each must have
become.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress

import generations
from generations import capture

MODELS = os.environ["MODELS"]
OPENAI = {"base_url": f"{MODELS}/v1", "api_key": "none", "max_retries": 0}
QUESTION = [{"role": "user", "content": "What should I see in Graz?"}]


def with_instrumentations() -> None:
    """The client of OpenAI alone, in LangChain, and in an agent of pydantic-ai; that of Anthropic; and, undone, nothing."""
    import openai
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_openai import ChatOpenAI
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    instrumentation = generations.instrument()
    print(json.dumps({"turned_on": instrumentation.turned_on, "left": instrumentation.left}))
    client = generations.instrument(openai.OpenAI(**OPENAI))  # which is not to be recorded twice
    with capture.user("u-7"), capture.session("s-7"):
        client.chat.completions.create(model="gpt-4o", messages=QUESTION, n=2, seed=7)
    for _ in client.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True, stream_options={"include_usage": True}):
        pass
    with suppress(openai.RateLimitError):
        client.chat.completions.create(model="error-429", messages=QUESTION)
    ask_anthropic()
    chain = ChatPromptTemplate.from_template("What should I see in {city}?") | ChatOpenAI(model="gpt-4o", stream_usage=True, **OPENAI)
    chain.with_config(run_name="guide of cities").invoke({"city": "Graz"})
    list(chain.stream({"city": "Graz"}))
    provider = OpenAIProvider(base_url=OPENAI["base_url"], api_key="none")
    Agent(OpenAIChatModel("gpt-4o", provider=provider), name="guide").run_sync("What should I see in Graz?")
    instrumentation.undo()
    openai.OpenAI(**OPENAI).chat.completions.create(model="gpt-4o", messages=QUESTION)


def ask_anthropic() -> None:
    import anthropic

    client = anthropic.Anthropic(base_url=MODELS, api_key="none", max_retries=0)
    client.messages.create(model="claude-haiku-4-5-20251001", max_tokens=100, system="Be brief.", messages=QUESTION)


def with_a_provider_of_its_own() -> None:
    """A program that exports its spans itself, and has turned on one instrumentation itself."""
    import openai
    from openinference.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(tracers)
    OpenAIInstrumentor().instrument()
    instrumentation = generations.instrument()
    with trace.get_tracer("tram-guide").start_as_current_span("visit"):
        openai.OpenAI(**OPENAI).chat.completions.create(model="gpt-4o", messages=QUESTION)
        ask_anthropic()
    seen = {span.instrumentation_scope.name: sorted(span.attributes) for span in exporter.get_finished_spans()}
    print(json.dumps({"left": instrumentation.left, "advice": instrumentation.advice, "seen": seen}))


def with_langchain() -> None:
    """A model, its stream, a chain, an agent with a tool, an error, and an asynchronous call, by the callback handler."""
    from langchain.agents import create_agent
    from langchain_core.messages import HumanMessage
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    from generations.capture.langchain import GenerationsHandler

    @tool
    def weather(city: str) -> str:
        """The weather now."""
        return f"Sunny in {city}."

    handler = GenerationsHandler()
    config = {"callbacks": [handler], "metadata": {"session_id": "s-7", "team": "tours"}, "tags": ["travel"]}
    model = ChatOpenAI(model="gpt-4o", temperature=0.5, stream_usage=True, **OPENAI)
    model.invoke([("system", "Be brief."), ("human", "What should I see in Graz?")], config=config)
    list(model.stream("What should I see in Graz?", config=config))
    chain = (ChatPromptTemplate.from_template("What should I see in {city}?") | model).with_config(run_name="guide of cities")
    chain.invoke({"city": "Graz"}, config=config)
    create_agent(model, [weather], name="guide").invoke({"messages": [("human", "Is it sunny?")]}, config=config)
    with suppress(Exception):
        ChatOpenAI(model="error-429", **OPENAI).invoke("What should I see in Graz?", config=config)
    stream = model.stream("What should I see in Graz?", config=config)
    next(stream), next(stream)
    stream.close()
    ChatOpenAI(model="gpt-4o", n=2, **OPENAI).generate([[HumanMessage("What should I see in Graz?")]], callbacks=[handler])

    async def ask() -> None:
        with capture.user("u-7"):
            await model.ainvoke("What should I see in Graz?", config=config)

    asyncio.run(ask())


def with_litellm() -> None:
    """A call, its stream and an error, each synchronous and asynchronous, by the logger."""
    import litellm

    from generations.capture.litellm import GenerationsLogger

    litellm.callbacks = [GenerationsLogger()]
    litellm.suppress_debug_info = True
    call = {"messages": QUESTION, "api_base": OPENAI["base_url"], "api_key": "none", "max_retries": 0}
    streamed = {"stream": True, "stream_options": {"include_usage": True}}

    async def ask() -> None:
        with capture.user("u-7"), capture.tags("travel"):
            await litellm.acompletion(model="openai/gpt-4o", **call)
            async for _ in await litellm.acompletion(model="openai/gpt-4o", **call, **streamed):
                pass
            with suppress(litellm.RateLimitError):
                await litellm.acompletion(model="openai/error-429", **call)
            await asyncio.sleep(1)  # its loggers are called by a task of its own

    with capture.user("u-7"), capture.tags("travel"):
        litellm.completion(model="openai/gpt-4o", **call)
        for _ in litellm.completion(model="openai/gpt-4o", **call, **streamed):
            pass
        with suppress(litellm.RateLimitError):
            litellm.completion(model="openai/error-429", **call)
    asyncio.run(ask())


capture.configure(url=os.environ["GENERATIONS"], api_key=os.environ["GENERATIONS_KEY"], spool=False)
{
    "instrumentations": with_instrumentations,
    "own-provider": with_a_provider_of_its_own,
    "langchain": with_langchain,
    "litellm": with_litellm,
}[sys.argv[1]]()
assert capture.flush(20), capture.counters()
