"""The clients of other providers, each under one instrumentation: `client_calls.py HOW CLIENT…`.

HOW is `instrument`, which records in the process, or what `instrumentations` knows. Each client makes the same four calls in a
span that names it as the user; `tests/programs/test_clients.py` says what each must have become.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from instrumentations import BY_NAME

MODELS = os.environ["MODELS"]
QUESTION = "What should I see in Graz?"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather now.", "parameters": SCHEMA}}
HOW_MUCH = {"temperature": 0.5, "max_tokens": 100}


def ask_groq() -> None:
    import groq

    create = groq.Groq(base_url=MODELS, api_key="none", max_retries=0).chat.completions.create
    model = "openai/gpt-oss-20b"
    create(model=model, messages=MESSAGES, **HOW_MUCH)
    for _ in create(model=model, messages=MESSAGES, stream=True):
        pass
    create(model=model, messages=MESSAGES, tools=[TOOL])
    with suppress(groq.RateLimitError):
        create(model="error-429", messages=MESSAGES)


def ask_mistralai() -> None:
    from mistralai.client import Mistral
    from mistralai.client.errors import SDKError

    chat = Mistral(server_url=MODELS, api_key="none").chat
    model = "mistral-large-latest"
    chat.complete(model=model, messages=MESSAGES, **HOW_MUCH)
    for _ in chat.stream(model=model, messages=MESSAGES):
        pass
    chat.complete(model=model, messages=MESSAGES, tools=[TOOL])
    with suppress(SDKError):
        chat.complete(model="error-429", messages=MESSAGES)


def ask_ollama() -> None:
    import ollama

    chat = ollama.Client(host=MODELS).chat
    chat(model="llama3.2", messages=MESSAGES, options={"temperature": 0.5, "num_predict": 100})
    for _ in chat(model="llama3.2", messages=MESSAGES, stream=True):
        pass
    chat(model="llama3.2", messages=MESSAGES, tools=[TOOL])
    with suppress(ollama.ResponseError):
        chat(model="error-429", messages=MESSAGES)


def ask_cohere() -> None:
    import cohere

    client = cohere.ClientV2(base_url=MODELS, api_key="none")
    model, once = "command-a-03-2025", {"request_options": {"max_retries": 0}}
    client.chat(model=model, messages=MESSAGES, **HOW_MUCH)
    for _ in client.chat_stream(model=model, messages=MESSAGES):
        pass
    client.chat(model=model, messages=MESSAGES, tools=[TOOL])
    with suppress(cohere.TooManyRequestsError):
        client.chat(model="error-429", messages=MESSAGES, **once)


def ask_google_genai() -> None:
    from google import genai
    from google.genai import errors, types

    client = genai.Client(api_key="none", vertexai=False, http_options=types.HttpOptions(base_url=MODELS))
    models = client.models  # without its client it is closed
    model, brief = "gemini-2.5-flash", {"system_instruction": "Be brief."}
    how_much = types.GenerateContentConfig(temperature=0.5, max_output_tokens=100, **brief)
    models.generate_content(model=model, contents=QUESTION, config=how_much)
    for _ in models.generate_content_stream(model=model, contents=QUESTION, config=types.GenerateContentConfig(**brief)):
        pass
    weather = types.FunctionDeclaration(name="weather", description="The weather now.", parameters_json_schema=SCHEMA)
    tools = [types.Tool(function_declarations=[weather])]
    models.generate_content(model=model, contents=QUESTION, config=types.GenerateContentConfig(tools=tools, **brief))
    with suppress(errors.ClientError):
        models.generate_content(model="error-429", contents=QUESTION, config=types.GenerateContentConfig(**brief))


def ask_bedrock() -> None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "us-east-1"}
    client: Any = boto3.client("bedrock-runtime", endpoint_url=MODELS, config=Config(retries={"total_max_attempts": 1}), **keys)
    model = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    asked = {"messages": [{"role": "user", "content": [{"text": QUESTION}]}], "system": [{"text": "Be brief."}]}
    client.converse(modelId=model, inferenceConfig={"temperature": 0.5, "maxTokens": 100}, **asked)
    for _ in client.converse_stream(modelId=model, **asked)["stream"]:
        pass
    tool = {"toolSpec": {"name": "weather", "description": "The weather now.", "inputSchema": {"json": SCHEMA}}}
    client.converse(modelId=model, toolConfig={"tools": [tool]}, **asked)
    with suppress(ClientError):
        client.converse(modelId="error-429", **asked)


CLIENTS: dict[str, Callable[[], None]] = {
    "bedrock": ask_bedrock,
    "cohere": ask_cohere,
    "google_genai": ask_google_genai,
    "google_generativeai": ask_google_genai,
    "groq": ask_groq,
    "mistralai": ask_mistralai,
    "ollama": ask_ollama,
}

how, clients = sys.argv[1], sys.argv[2:]
if how == "instrument":
    import generations
    from generations import capture

    capture.configure(url=os.environ["GENERATIONS"], api_key=os.environ["GENERATIONS_KEY"], spool=False)
    turned_on = generations.instrument()
    print(json.dumps({"turned_on": turned_on.turned_on, "left": turned_on.left}))
    for name in clients:
        with capture.user(name):
            CLIENTS[name]()
    assert capture.flush(20), capture.counters()
else:
    from opentelemetry import trace

    BY_NAME[how](*clients)
    for name in clients:
        with trace.get_tracer("tram-guide").start_as_current_span("visit", attributes={"user.id": name}):
            CLIENTS[name]()
