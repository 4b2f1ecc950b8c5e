"""Providers and models under the names that others give them."""

import pytest

from generations.pricing.names import model_names, provider_names, split_provider


@pytest.mark.parametrize(
    ("recorded", "listed"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("openai.responses", "openai"),
        ("aws.bedrock", "aws"),
        ("amazon-bedrock", "aws"),
        ("azure.ai.openai", "azure"),
        ("az.ai.openai", "azure"),
        ("azure_ai", "azure"),
        ("gcp.vertex_ai", "google"),
        ("gcp.gemini", "google"),
        ("google.generative-ai", "google"),
        ("vertex_ai", "google"),
        ("x_ai", "x-ai"),
        ("xai.chat", "x-ai"),
        ("mistral_ai", "mistral"),
        ("together_ai", "together"),
    ],
)
def test_a_provider_is_known_by_the_names_of_every_instrumentation(recorded, listed):
    assert listed in provider_names(recorded)


@pytest.mark.parametrize("recorded", [None, "", "litellm"])
def test_who_only_passes_calls_on_tells_no_provider(recorded):
    assert provider_names(recorded) == []


@pytest.mark.parametrize(
    ("id", "version", "names"),
    [
        ("gpt-4o", None, ["gpt-4o"]),
        ("gpt-4o", "gpt-4o-2024-08-06", ["gpt-4o-2024-08-06", "gpt-4o"]),
        ("gpt-4", "0613", ["gpt-4-0613", "gpt-4"]),
        ("gpt-4o", "fp_44709d6fcb", ["gpt-4o"]),
        ("our-deployment", "gpt-4o-2024-08-06", ["gpt-4o-2024-08-06", "our-deployment-gpt-4o-2024-08-06", "our-deployment"]),
        ("publishers/google/models/gemini-2.5-pro", None, ["publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"]),
    ],
)
def test_what_answered_goes_before_what_was_asked_for(id, version, names):
    assert model_names(id, version) == names


@pytest.mark.parametrize(
    ("id", "split"),
    [
        ("azure/gpt-4o", ("azure", "gpt-4o")),
        ("vertex_ai/claude-3-5-sonnet@20240620", ("google", "claude-3-5-sonnet@20240620")),
        ("bedrock/converse/us.amazon.nova-pro-v1:0", ("aws", "us.amazon.nova-pro-v1:0")),
        ("openrouter/anthropic/claude-3.5-sonnet", ("openrouter", "anthropic/claude-3.5-sonnet")),
        ("gpt-4o", None),
        ("/gpt-4o", None),
    ],
)
def test_the_provider_before_a_name_is_told_from_it(id, split):
    assert split_provider(id) == split
