"""LiteLLM's proxy as a process, asked by the clients of OpenAI and Anthropic: `litellm_proxy_calls.py CALLBACK`.

The callback is set up as `docs/senders.md` says, with the address of the server in place of the one there;
`tests/programs/test_litellm_proxy.py` says what each call must have become.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import anthropic
import httpx
import openai

HERE = Path(__file__).parent
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What should I see in Graz?"}]
WEATHER = [{"role": "user", "content": "Is it raining in Graz?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather now.", "parameters": PARAMETERS}}
ABOUT = {
    "temperature": 0.5,
    "max_tokens": 100,
    "user": "u-7",
    "extra_body": {"metadata": {"session_id": "s-7", "tags": ["tour"], "desk": "main square"}},
}


def configuration(callback: str) -> str:
    """The block of the docs that names the callback, and what the proxy needs besides."""
    page = (HERE.parents[2] / "docs/senders.md").read_text()
    [block] = [block for block in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if callback in block]
    return block.replace("http://127.0.0.1:4300", os.environ["GENERATIONS"]) + (HERE / "litellm_proxy.yaml").read_text()


@contextmanager
def proxy(callback: str) -> Iterator[tuple[str, str]]:
    """The proxy: where it listens, and a key. It is told to stop at the end, a while after the last call: it sends nothing then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = "sk-" + secrets.token_hex(16)
    env = os.environ | {
        "DEFAULT_FLUSH_INTERVAL_SECONDS": "1",
        "GENERATIONS_AUTHORIZATION": "Bearer " + os.environ["GENERATIONS_KEY"],
        "LITELLM_MASTER_KEY": key,
        "OPENAI_URL": os.environ["MODELS"] + "/v1",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "PYTHONPATH": str(HERE),
        "USE_OTEL_LITELLM_REQUEST_SPAN": "true",
    }
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(configuration(callback))
        command = [str(Path(sys.executable).with_name("litellm")), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        with subprocess.Popen(command, env=env, cwd=folder, stdout=sys.stderr) as process:
            try:
                wait_for(url, process)
                yield url, key
                time.sleep(3)
            finally:
                process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(f"{url}/health/liveliness", trust_env=False).raise_for_status()
            return
        time.sleep(0.1)
    raise SystemExit("the proxy has ended")


def ask_openai(client: openai.OpenAI) -> None:
    chat = client.chat.completions
    chat.create(model="tram-guide", messages=QUESTION, **ABOUT)
    for _ in chat.create(model="tram-guide", messages=QUESTION, stream=True, stream_options={"include_usage": True}, **ABOUT):
        pass
    message = chat.create(model="tram-guide", messages=WEATHER, tools=[TOOL], **ABOUT).choices[0].message
    found = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Rain in Graz."}
    asked = message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"})
    chat.create(model="tram-guide", messages=[*WEATHER, asked, found], tools=[TOOL], **ABOUT)
    with suppress(openai.RateLimitError):
        chat.create(model="refused", messages=QUESTION, **ABOUT)
    chat.create(model="of-no-price", messages=QUESTION)
    with suppress(openai.BadRequestError):
        chat.create(model="unheard-of", messages=QUESTION)
    client.responses.create(model="tram-guide", instructions="Be brief.", input="What should I see in Graz?")
    for _ in client.responses.create(model="tram-guide", input="What should I see in Graz?", stream=True):
        pass
    client.embeddings.create(model="vectors", input=["Graz", "Wien"])


def ask_anthropic(client: anthropic.Anthropic) -> None:
    create = client.messages.create
    create(model="claude", max_tokens=100, system="Be brief.", messages=QUESTION[1:], metadata={"user_id": "u-8"})
    for _ in create(model="claude", max_tokens=100, messages=QUESTION[1:], stream=True):
        pass


with proxy(sys.argv[1]) as (url, key):
    ask_openai(openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0))
    ask_anthropic(anthropic.Anthropic(base_url=url, api_key=key, max_retries=0))
