"""Pydantic AI with its own instrumentation: a question, a stream, an agent with a tool, and a refusal."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from instrumentations import send_spans
from opentelemetry import trace
from pydantic_ai import Agent, ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

QUESTION = "What should I see in Graz?"

send_spans()
Agent.instrument_all()
provider = OpenAIProvider(base_url=os.environ["MODELS"] + "/v1", api_key="none")
model = OpenAIChatModel("gpt-4o", provider=provider)
guide = Agent(model, name="guide", instructions="Be brief.", model_settings={"temperature": 0.5, "max_tokens": 100})
forecaster = Agent(model, name="forecaster")


@forecaster.tool_plain
def weather(city: str) -> str:
    return f"Rain in {city}."


async def stream() -> None:
    async with guide.run_stream(QUESTION) as answer:
        async for _ in answer.stream_text():
            pass


with trace.get_tracer("tram-guide").start_as_current_span("visit", attributes={"user.id": "u-7", "session.id": "s-7"}):
    guide.run_sync(QUESTION)
    asyncio.run(stream())
    forecaster.run_sync("Is it raining in Graz?")
    with suppress(ModelHTTPError):
        Agent(OpenAIChatModel("error-429", provider=provider), name="guide").run_sync(QUESTION)
