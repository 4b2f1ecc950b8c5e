"""Which OpenTelemetry instrumentations tell of generations, and which one is used where several tell of one library.

For each library the first installed one of its row is turned on. In this order, by what they told of the same calls:

1. OpenTelemetry's own (`opentelemetry-instrumentation-genai-…`): the convention's current names, error classes, time to the first
   token, all kinds of tokens; a framework's and its client's tell a call once. Messages come in an event beside the span,
   where no limit on attributes cuts them, and where no exporter of the program sees them.
2. OpenInference: tells the most of a request, its user included; messages are flattened into attributes, of which SDKs keep
   128 by default, and so the beginning of a long conversation is lost.
3. OpenLLMetry: neither seed, stop sequences nor the number of choices; a stream that is closed early is never told.
4. OpenTelemetry's earlier ones, which tell neither cached nor reasoning tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Final

GROUP: Final = "opentelemetry_instrumentor"
_OTEL: Final = "opentelemetry.instrumentation.genai."
_OPENINFERENCE: Final = "openinference.instrumentation."
_PLAIN: Final = "opentelemetry.instrumentation."


@dataclass(frozen=True, slots=True)
class Library:
    """What calls models.

    Attributes:
        module: by which one sees that it is installed.
        instrumentations: modules of its instrumentations, the best first.
        calls_clients: it calls models through other libraries of the table, and only its best instrumentation tells so: with the
            others the client's span stands in a trace of its own, and streams have no response id to tell by that both are one.
    """

    name: str
    module: str
    instrumentations: tuple[str, ...]
    calls_clients: bool = False

    @property
    def is_installed(self) -> bool:
        """Whether it could be imported."""
        try:
            return find_spec(self.module) is not None
        except (ImportError, ValueError):  # no package above it, or one that is no package
            return False

    @property
    def to_install(self) -> str:
        """The distribution of its best instrumentation."""
        return self.instrumentations[0].replace(".", "-").replace("_", "-")


LIBRARIES: Final = (
    Library("openai", "openai", (_OTEL + "openai", _OPENINFERENCE + "openai", _PLAIN + "openai", _PLAIN + "openai_v2")),
    Library("anthropic", "anthropic", (_OTEL + "anthropic", _OPENINFERENCE + "anthropic", _PLAIN + "anthropic")),
    Library("langchain", "langchain_core", (_OTEL + "langchain", _OPENINFERENCE + "langchain", _PLAIN + "langchain"), calls_clients=True),
    Library(
        "llama-index", "llama_index", (_OTEL + "llama_index", _OPENINFERENCE + "llama_index", _PLAIN + "llamaindex"), calls_clients=True
    ),
    Library("openai-agents", "agents", (_OTEL + "openai_agents", _OPENINFERENCE + "openai_agents", _PLAIN + "openai_agents")),
    Library("google-genai", "google.genai", (_PLAIN + "google_genai", _OPENINFERENCE + "google_genai", _PLAIN + "google_generativeai")),
    Library("bedrock", "botocore", (_OTEL + "bedrock", _OPENINFERENCE + "bedrock", _PLAIN + "bedrock", _PLAIN + "botocore")),
    Library("vertexai", "vertexai", (_OPENINFERENCE + "vertexai", _PLAIN + "vertexai")),
    Library("litellm", "litellm", (_OPENINFERENCE + "litellm", _PLAIN + "litellm")),
    Library("groq", "groq", (_PLAIN + "groq", _OPENINFERENCE + "groq")),  # the latter tells nothing of streams
    Library("mistralai", "mistralai", (_OPENINFERENCE + "mistralai", _PLAIN + "mistralai")),
    Library("ollama", "ollama", (_OPENINFERENCE + "ollama", _PLAIN + "ollama")),
    Library("cohere", "cohere", (_OPENINFERENCE + "cohere", _PLAIN + "cohere")),
    Library("together", "together", (_OPENINFERENCE + "together", _PLAIN + "together")),
    Library("watsonx", "ibm_watsonx_ai", (_PLAIN + "watsonx",)),
    Library("replicate", "replicate", (_PLAIN + "replicate",)),
    Library("portkey", "portkey_ai", (_OTEL + "portkey", _OPENINFERENCE + "portkey")),
    Library("crewai", "crewai", (_OPENINFERENCE + "crewai", _PLAIN + "crewai")),
    Library("dspy", "dspy", (_OTEL + "dspy", _OPENINFERENCE + "dspy")),
    Library("agno", "agno", (_OTEL + "agno", _OPENINFERENCE + "agno", _PLAIN + "agno")),
    Library("smolagents", "smolagents", (_OTEL + "smolagents", _OPENINFERENCE + "smolagents")),
    Library("qwen-agent", "qwen_agent", (_OTEL + "qwen_agent",)),
    Library("haystack", "haystack", (_OPENINFERENCE + "haystack", _PLAIN + "haystack")),
    Library("google-adk", "google.adk", (_OPENINFERENCE + "google_adk",)),
    Library("autogen-agentchat", "autogen_agentchat", (_OPENINFERENCE + "autogen_agentchat",)),
)
"""All that is known; pydantic-ai, which tells of itself, is turned on as well."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instrumentation that is installed.

    Attributes:
        package: its distribution, with the version: `opentelemetry-instrumentation-genai-openai 1.3b0`.
        entry_point: loads its class.
    """

    package: str
    entry_point: metadata.EntryPoint

    @property
    def module(self) -> str:
        """Where its class is."""
        return self.entry_point.value.partition(":")[0]


def installed(entry_points: Iterable[metadata.EntryPoint] | None = None) -> list[tuple[Library, list[Found]]]:
    """The libraries that an instrumentation is installed for, each with all of its instrumentations, the best first."""
    found: dict[str, Found] = {}
    for entry_point in metadata.entry_points(group=GROUP) if entry_points is None else entry_points:
        distribution = entry_point.dist
        package = f"{distribution.name} {distribution.version}" if distribution is not None else entry_point.value
        one = Found(package, entry_point)
        found.setdefault(one.module, one)
    rows = [(library, [found[module] for module in library.instrumentations if module in found]) for library in LIBRARIES]
    return [(library, ones) for library, ones in rows if ones]


def reads_content_switch(module: str) -> str | None:
    """The value of `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` with which an instrumentation tells messages in an event.

    None for one that does not ask it, because it tells them anyway.
    """
    if module.startswith(_OTEL) or module == _PLAIN + "google_genai":
        return "EVENT_ONLY"
    return "true" if module in (_PLAIN + "botocore", _PLAIN + "openai_v2") else None
