"""LangChain under one instrumentation, and the client below it if it is named: `langchain_calls.py INSTRUMENTATION [openai]`.

A question, a stream, an agent with a tool, and a refusal.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from instrumentations import BY_NAME

BY_NAME[sys.argv[1]]("langchain", *sys.argv[2:])

import openai  # noqa: E402 - some instrumentations must come first
from langchain.agents import create_agent  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402
from opentelemetry import trace  # noqa: E402

MESSAGES = [("system", "Be brief."), ("user", "What should I see in Graz?")]


def chat(model: str = "gpt-4o") -> ChatOpenAI:
    url = os.environ["MODELS"] + "/v1"
    return ChatOpenAI(model=model, base_url=url, api_key="none", max_retries=0, temperature=0.5, max_tokens=100, stream_usage=True)


@tool
def weather(city: str) -> str:
    """The weather now."""
    return f"Rain in {city}."


with trace.get_tracer("tram-guide").start_as_current_span("visit", attributes={"user.id": "u-7", "session.id": "s-7"}):
    chat().invoke(MESSAGES)
    for _ in chat().stream(MESSAGES):
        pass
    create_agent(chat(), [weather], name="forecaster").invoke({"messages": [("user", "Is it raining in Graz?")]})
    with suppress(openai.RateLimitError):
        chat("error-429").invoke(MESSAGES)
