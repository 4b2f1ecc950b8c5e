"""Anthropic's client under one instrumentation: `anthropic_calls.py INSTRUMENTATION`; `tests/programs/test_anthropic.py`
says what each call must have become.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from instrumentations import BY_NAME

BY_NAME[sys.argv[1]]("anthropic")

import anthropic  # noqa: E402 - some instrumentations must come first
from opentelemetry import trace  # noqa: E402

MESSAGES = [{"role": "user", "content": "What should I see in Graz?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "weather", "description": "The weather now.", "input_schema": SCHEMA}
MODEL = "claude-haiku-4-5-20251001"

client = anthropic.Anthropic(base_url=os.environ["MODELS"], api_key="none")
create = client.messages.create


def make_calls() -> None:
    create(model=MODEL, max_tokens=100, system="Be brief.", messages=MESSAGES, stop_sequences=["END"])
    for _ in create(model=MODEL, max_tokens=100, messages=MESSAGES, stream=True):
        pass
    with client.messages.stream(model=MODEL, max_tokens=100, messages=MESSAGES, tools=[TOOL]) as stream:
        stream.get_final_message()
    create(model=MODEL, max_tokens=2000, messages=MESSAGES, thinking={"type": "enabled", "budget_tokens": 1024})
    with suppress(anthropic.RateLimitError):
        client.with_options(max_retries=0).messages.create(model="error-429", max_tokens=100, messages=MESSAGES)
    create(model="flaky-claude", max_tokens=100, messages=MESSAGES)


async def make_one_call() -> None:
    async with anthropic.AsyncAnthropic(base_url=os.environ["MODELS"], api_key="none") as client:
        await client.messages.create(model=MODEL, max_tokens=100, messages=MESSAGES)


with trace.get_tracer("tram-guide").start_as_current_span("visit", attributes={"user.id": "u-7", "session.id": "s-7"}):
    make_calls()
asyncio.run(make_one_call())
