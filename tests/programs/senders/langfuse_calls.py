"""Langfuse's client of OpenAI, with nothing changed but the address and the keys: the calls of the other frameworks."""

from __future__ import annotations

import os
from contextlib import suppress

os.environ["LANGFUSE_BASE_URL"] = os.environ["GENERATIONS"]
os.environ["LANGFUSE_PUBLIC_KEY"] = "anything"
os.environ["LANGFUSE_SECRET_KEY"] = os.environ["GENERATIONS_KEY"]

import openai as plain
from langfuse import get_client, propagate_attributes
from langfuse.openai import OpenAI

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What should I see in Graz?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather now.", "parameters": PARAMETERS}}

langfuse = get_client()
client = OpenAI(base_url=os.environ["MODELS"] + "/v1", api_key="none", max_retries=0)
create = client.chat.completions.create
about = {"temperature": 0.5, "max_tokens": 100}

with (
    langfuse.start_as_current_observation(as_type="span", name="visit") as visit,
    propagate_attributes(user_id="u-7", session_id="s-7", tags=["tour"]),
):
    create(model="gpt-4o", messages=MESSAGES, **about)
    for _ in create(model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}, **about):
        pass
    question = [{"role": "user", "content": "Is it raining in Graz?"}]
    with langfuse.start_as_current_observation(as_type="agent", name="forecaster"):
        message = create(model="gpt-4o", messages=question, tools=[TOOL], **about).choices[0].message
        found = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Rain in Graz."}
        create(model="gpt-4o", messages=[*question, message.model_dump(exclude_none=True), found], tools=[TOOL], **about)
    with suppress(plain.RateLimitError):
        create(model="error-429", messages=MESSAGES, **about)
langfuse.flush()
langfuse.shutdown()
