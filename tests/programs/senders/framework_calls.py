"""Frameworks under one instrumentation each, with that of the client below them turned on as well: `framework_calls.py HOW FRAMEWORK…`.

HOW is `instrument`, which records in the process, or what `instrumentations` knows. Each framework asks four times, in a span that
names it as the user; `tests/programs/test_calling_others.py` says what each call must have become.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from instrumentations import BY_NAME

MODELS = os.environ["MODELS"]
OPENAI = {"base_url": f"{MODELS}/v1", "api_key": "none"}
QUESTION = "What should I see in Graz?"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather now.", "parameters": SCHEMA}}


def weather(city: str) -> str:
    """The weather now.

    Args:
        city: Where.
    """
    return f"Rain in {city}."


def ask_openai_agents() -> None:
    from agents import Agent, ModelSettings, OpenAIResponsesModel, Runner, function_tool
    from openai import AsyncOpenAI, RateLimitError

    def model(name: str = "gpt-4o") -> OpenAIResponsesModel:
        return OpenAIResponsesModel(model=name, openai_client=AsyncOpenAI(max_retries=0, **OPENAI))

    async def ask() -> None:
        how_much = ModelSettings(temperature=0.5, max_tokens=100)
        guide = Agent(name="guide", instructions="Be brief.", model=model(), model_settings=how_much)
        await Runner.run(guide, QUESTION)
        async for _ in Runner.run_streamed(guide, QUESTION).stream_events():
            pass
        await Runner.run(Agent(name="forecaster", model=model(), tools=[function_tool(weather)]), QUESTION)
        with suppress(RateLimitError):
            await Runner.run(Agent(name="guide", model=model("error-429")), QUESTION)

    asyncio.run(ask())


def ask_litellm() -> None:
    import litellm

    litellm.suppress_debug_info = True
    server = {"api_base": OPENAI["base_url"], "api_key": "none", "max_retries": 0}
    litellm.completion(model="openai/gpt-4o", messages=MESSAGES, temperature=0.5, max_tokens=100, **server)
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    for _ in litellm.completion(model="openai/gpt-4o", messages=MESSAGES, **streamed, **server):
        pass
    litellm.completion(model="openai/gpt-4o", messages=MESSAGES, tools=[TOOL], **server)
    with suppress(litellm.RateLimitError):
        litellm.completion(model="openai/error-429", messages=MESSAGES, **server)


def ask_smolagents() -> None:
    from smolagents import OpenAIModel, tool
    from smolagents.models import ChatMessage

    def model(name: str = "gpt-4o") -> OpenAIModel:
        return OpenAIModel(model_id=name, api_base=OPENAI["base_url"], api_key="none", retry=False, client_kwargs={"max_retries": 0})

    asked = [ChatMessage.from_dict(message | {"content": [{"type": "text", "text": message["content"]}]}) for message in MESSAGES]
    model().generate(asked, temperature=0.5, max_tokens=100)
    for _ in model().generate_stream(asked):
        pass
    model().generate(asked, tools_to_call_from=[tool(weather)])
    with suppress(Exception):
        model("error-429").generate(asked)


def ask_llama_index() -> None:
    from llama_index.core.llms import ChatMessage
    from llama_index.core.tools import FunctionTool
    from llama_index.llms.ollama import Ollama
    from ollama import ResponseError

    def model(name: str = "llama3.2") -> Ollama:
        return Ollama(model=name, base_url=MODELS, temperature=0.5, context_window=4096)

    asked = [ChatMessage(**message) for message in MESSAGES]
    model().chat(asked)
    for _ in model().stream_chat(asked):
        pass
    model().chat_with_tools([FunctionTool.from_defaults(weather)], chat_history=asked)
    with suppress(ResponseError):
        model("error-429").chat(asked)


def ask_dspy() -> None:
    import dspy
    import litellm

    litellm.suppress_debug_info = True

    def model(name: str = "gpt-4o") -> dspy.LM:
        return dspy.LM(
            f"openai/{name}", api_base=OPENAI["base_url"], api_key="none", cache=False, num_retries=0, temperature=0.5, max_tokens=100
        )

    model()(messages=MESSAGES)
    model()(messages=MESSAGES, stream=True)
    model()(messages=MESSAGES, tools=[TOOL])
    with suppress(Exception):
        model("error-429")(messages=MESSAGES)


def ask_agno() -> None:
    from agno.agent import Agent
    from agno.models.openai import OpenAIChat

    def agent(model: str = "gpt-4o", **more: object) -> Agent:
        chat = OpenAIChat(id=model, temperature=0.5, max_tokens=100, max_retries=0, **OPENAI)
        return Agent(name="guide", model=chat, instructions="Be brief.", telemetry=False, **more)

    agent().run(QUESTION)
    for _ in agent().run(QUESTION, stream=True):
        pass
    agent(tools=[weather]).run(QUESTION)
    with suppress(Exception):
        agent("error-429").run(QUESTION)


FRAMEWORKS: dict[str, Callable[[], None]] = {
    "agno": ask_agno,
    "dspy": ask_dspy,
    "litellm": ask_litellm,
    "llama_index": ask_llama_index,
    "openai_agents": ask_openai_agents,
    "smolagents": ask_smolagents,
}
BELOW = {"llama_index": "ollama"}

how, frameworks = sys.argv[1], sys.argv[2:]
if how == "instrument":
    import generations
    from generations import capture

    capture.configure(url=os.environ["GENERATIONS"], api_key=os.environ["GENERATIONS_KEY"], spool=False)
    turned_on = generations.instrument()
    print(json.dumps({"turned_on": turned_on.turned_on, "left": turned_on.left}))
    for name in frameworks:
        with capture.user(name):
            FRAMEWORKS[name]()
    assert capture.flush(20), capture.counters()
else:
    from opentelemetry import trace

    BY_NAME[how](*frameworks, *{BELOW.get(name, "openai") for name in frameworks})
    for name in frameworks:
        with trace.get_tracer("tram-guide").start_as_current_span("visit", attributes={"user.id": name}):
            FRAMEWORKS[name]()
