"""OpenAI's client under one instrumentation: `openai_calls.py INSTRUMENTATION`.

Without a span around them, the calls are told by the order in which they are made, and `tests/programs/test_openai.py` says
what each one must have become.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from instrumentations import BY_NAME

BY_NAME[sys.argv[1]]("openai")

import openai  # noqa: E402 - some instrumentations must come first
from opentelemetry import trace  # noqa: E402

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What should I see in Graz?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather now.", "parameters": PARAMETERS}}
TOOL = {"type": "function", "name": "weather", "description": "The weather now.", "parameters": PARAMETERS}
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/graz.png"}}

client = openai.OpenAI(base_url=os.environ["MODELS"] + "/v1", api_key="none")
chat = client.chat.completions


def make_calls() -> None:
    chat.create(model="gpt-4o", messages=MESSAGES, n=2, temperature=0.5, max_tokens=100, stop=["END"], seed=7)
    for _ in chat.create(model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}):
        pass
    chat.create(model="gpt-4o", messages=MESSAGES, tools=[CHAT_TOOL])
    for _ in chat.create(model="gpt-4o", messages=MESSAGES, tools=[CHAT_TOOL], stream=True, stream_options={"include_usage": True}):
        pass
    chat.create(model="gpt-4o", messages=[{"role": "user", "content": [{"type": "text", "text": "Where is this?"}, PICTURE]}])
    with suppress(openai.RateLimitError):
        client.with_options(max_retries=0).chat.completions.create(model="error-429", messages=MESSAGES)
    chat.create(model="flaky-gpt-4o", messages=MESSAGES)
    client.responses.create(model="gpt-4o", instructions="Be brief.", input="What should I see in Graz?", reasoning={"effort": "low"})
    for _ in client.responses.create(model="gpt-4o", input="What should I see in Graz?", stream=True):
        pass
    client.responses.create(model="gpt-4o", input="Is it raining in Graz?", tools=[TOOL])
    client.embeddings.create(model="text-embedding-3-small", input=["Graz", "Wien"])


async def make_one_call() -> None:
    async with openai.AsyncOpenAI(base_url=os.environ["MODELS"] + "/v1", api_key="none") as client:
        await client.chat.completions.create(model="gpt-4o", messages=MESSAGES, user="u-1")


with trace.get_tracer("tram-guide").start_as_current_span("visit", attributes={"user.id": "u-7", "session.id": "s-7"}):
    make_calls()
asyncio.run(make_one_call())
