"""Under which names a model is looked for: providers and models are spelled differently by everyone who passes them on."""

from __future__ import annotations

from typing import Final

PROVIDERS: Final = {
    "amazon": "aws",
    "amazon-bedrock": "aws",
    "amazon_bedrock": "aws",
    "aws_bedrock": "aws",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure-openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "azure_text": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere_chat": "cohere",
    "fireworks-ai": "fireworks",
    "fireworks_ai": "fireworks",
    "fireworksai": "fireworks",
    "gcp": "google",
    "gemini": "google",
    "github_copilot": "github-copilot",
    "google-genai": "google",
    "google-vertex": "google",
    "google_genai": "google",
    "google_vertexai": "google",
    "grok": "x-ai",
    "meta_llama": "meta",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
    "moonshot_ai": "moonshotai",
    "novita_ai": "novita",
    "text-completion-openai": "openai",
    "together-ai": "together",
    "together_ai": "together",
    "togetherai": "together",
    "vertex": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "voyage": "voyageai",
    "x.ai": "x-ai",
    "x_ai": "x-ai",
    "xai": "x-ai",
    "z.ai": "zai",
}
"""Names of providers in OpenTelemetry, LiteLLM, LangChain and the Vercel AI SDK, by the name in the price list."""

PASSERS_ON: Final = frozenset({"litellm", "litellm_proxy", "portkey", "helicone", "langchain"})
"""Who passes calls on and bills nothing: the provider is told by the model's name."""


def provider_names(provider: str | None) -> list[str]:
    """The names under which a provider may stand in the price list, the likeliest first; empty when it tells nothing.

    `openai.responses` is tried whole, then as `openai`.
    """
    if provider is None:
        return []
    name = provider.strip().lower()
    if not name or name in PASSERS_ON:
        return []
    head = name.partition(".")[0]
    return list(dict.fromkeys((PROVIDERS.get(name, name), PROVIDERS.get(head, head))))


def model_names(model_id: str, version: str | None) -> list[str]:
    """The names under which a model may stand in the price list, the most exact first.

    What answered goes before what was asked for; a version that is only the end of a name (`0613`) is put behind the
    id. A path before the name (`publishers/google/models/`, `us/`) is tried with and without it.
    """
    names: list[str] = []
    if version and not version.startswith("fp_"):
        names += [version] if _is_name(version) else []
        names += [] if version.startswith(model_id) else [f"{model_id}-{version}"]
    names.append(model_id)
    tails = [name.rpartition("/")[2] for name in names if "/" in name]
    return list(dict.fromkeys([*names, *tails]))


def split_provider(model_id: str) -> tuple[str, str] | None:
    """The provider before a model's name, and the name (`azure/gpt-4o`, `bedrock/converse/us.anthropic.…`); None without one."""
    head, slash, rest = model_id.partition("/")
    if not slash or not head or not rest:
        return None
    provider = PROVIDERS.get(head.lower(), head.lower())
    for route in ("converse/", "invoke/") if provider == "aws" else ():
        rest = rest.removeprefix(route)
    return provider, rest


def _is_name(version: str) -> bool:
    """Whether a version reads like the whole name of a model: `gpt-4o-2024-08-06`, not `2024-08-06` or `preview`."""
    return version[:1].isalpha() and any(sign in version for sign in "-.@")
