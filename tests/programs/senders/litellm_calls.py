"""LiteLLM with one of its callbacks, `generic_api` or `otel`: a question, a stream, two calls for a tool, and a refusal."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress

import litellm
from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What should I see in Graz?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather now.", "parameters": PARAMETERS}}
SERVER = {"api_base": os.environ["MODELS"] + "/v1", "api_key": "none", "max_retries": 0}


async def ask(model: str, messages: list, **more: object) -> object:
    about = {"user": "u-7", "metadata": {"session_id": "s-7", "tags": ["tour"]}, "temperature": 0.5, "max_tokens": 100}
    return await litellm.acompletion(model=f"openai/{model}", messages=messages, **SERVER, **about, **more)


def callback(name: str) -> str | GenericAPILogger:
    """By name, the first needs LiteLLM's proxy; what it names is here without."""
    if name != "generic_api":
        return name
    headers = {"Authorization": "Bearer " + os.environ["GENERATIONS_KEY"]}
    return GenericAPILogger(endpoint=os.environ["GENERATIONS"] + "/api/litellm", headers=headers, batch_size=1)


async def main() -> None:
    litellm.callbacks = [callback(sys.argv[1])]
    await ask("gpt-4o", MESSAGES)
    async for _ in await ask("gpt-4o", MESSAGES, stream=True, stream_options={"include_usage": True}):
        pass
    question = [{"role": "user", "content": "Is it raining in Graz?"}]
    message = (await ask("gpt-4o", question, tools=[TOOL])).choices[0].message
    found = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Rain in Graz."}
    await ask("gpt-4o", [*question, json.loads(message.model_dump_json(exclude_none=True)), found], tools=[TOOL])
    with suppress(litellm.RateLimitError):
        await ask("error-429", MESSAGES)
    await asyncio.sleep(0.5)  # calls are told by tasks that nobody waits for
    await GLOBAL_LOGGING_WORKER.flush()


asyncio.run(main())
