"""The installed price list: models are found under any name, at the prices of their time, and never guessed."""

from datetime import UTC, datetime
from random import Random

import pytest

from generations.pricing.library import Library, Listed
from generations.pricing.rates import NAMES

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEYS = {
    "promptTokens": "input_tokens",
    "completionTokens": "output_tokens",
    "cachedTokens": "cache_read_tokens",
    "cacheWriteTokens": "cache_write_tokens",
    "cacheWriteHourTokens": "cache_write_1h_tokens",
    "reasoningTokens": "output_reasoning_tokens",
    "inputAudioTokens": "input_audio_tokens",
    "outputAudioTokens": "output_audio_tokens",
    "cachedAudioTokens": "cache_audio_read_tokens",
    "inputImageTokens": "input_image_tokens",
    "outputImageTokens": "output_image_tokens",
    "cachedImageTokens": "cache_image_read_tokens",
}


@pytest.fixture(scope="module")
def library():
    return Library()


def us(instant):
    return int(instant.timestamp() * 1_000_000)


def price(found, unit="promptTokens", at=NOW, context=()):
    assert isinstance(found, Listed), found
    rates = found.at(us(at), context)
    return rates if isinstance(rates, str) else float(rates.prices[unit].base)


@pytest.mark.parametrize(
    ("id", "version", "provider", "model", "usd"),
    [
        ("gpt-4", None, "openai", "gpt-4", 30),
        ("gpt-4", "gpt-4-0613", None, "gpt-4", 30),
        ("gpt-4o", None, "azure.ai.openai", "gpt-4o", 2.5),
        ("azure/gpt-4o-2024-08-06", None, None, "gpt-4o", 2.5),
        ("openai/gpt-4o", None, "litellm", "gpt-4o", 2.5),
        ("our-deployment", "gpt-4o-2024-08-06", "azure", "gpt-4o", 2.5),
        ("bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0", None, None, "regional.anthropic.claude-3-5-sonnet-20241022-v2:0", None),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", None, "aws.bedrock", "regional.anthropic.claude-3-5-sonnet-20241022-v2:0", None),
        ("claude-3-5-sonnet@20240620", None, "gcp.vertex_ai", "claude-3-5-sonnet", None),
        ("publishers/google/models/gemini-2.5-flash", None, "vertex_ai", "gemini-2.5-flash", 0.3),
        ("models/gemini-2.5-flash", None, "gemini", "gemini-2.5-flash", 0.3),
        ("claude-3-haiku-20240307", None, None, "claude-3-haiku", 0.25),
        ("text-embedding-3-small", None, "openai", "text-embedding-3-small", 0.02),
        ("anthropic/claude-3-haiku", None, "openrouter", "anthropic/claude-3-haiku", 0.25),
    ],
)
def test_a_model_is_found_under_the_names_that_are_recorded(library, id, version, provider, model, usd):
    found = library.find(id, version, provider)

    assert isinstance(found, Listed), found
    assert found.id == model
    assert usd is None or price(found) == usd


@pytest.mark.parametrize(
    ("id", "provider", "reason"),
    [
        ("our-own-llama", "openai", "openai has no price for it"),
        ("gpt-4o", "our-gateway", "the provider 'our-gateway' is not in the price list"),
        ("llama-3", "vllm", "the provider 'vllm' is not in the price list"),
        ("our-own-llama", None, "no provider was recorded, and the name does not tell one"),
    ],
)
def test_what_is_not_listed_is_unknown(library, id, provider, reason):
    """A provider that is named is believed: a gateway that calls itself otherwise may bill otherwise."""
    assert library.find(id, None, provider) == reason


def test_a_text_that_is_no_name_is_not_looked_up(library):
    assert library.find("gpt-4" * 1000, None, "openai") == "its name is too long for one"


@pytest.mark.parametrize("version", ["0613", "preview", "v1", "latest", "001", "2024-08-06", "fp_44709d6fcb"])
def test_no_version_alone_is_taken_for_a_model(library, version):
    for provider in ("openai", "google", "mistral", "aws", "anthropic", "azure"):
        assert library.find("our-own-llama", version, provider) == f"{provider} has no price for it"


def test_prices_are_those_of_the_time(library):
    o3 = library.find("o3", None, "openai")

    assert price(o3, at=datetime(2025, 6, 9, 23, 59, tzinfo=UTC)) == 10
    assert price(o3, at=datetime(2025, 6, 11, tzinfo=UTC)) == 2


def test_prices_may_depend_on_the_hour(library):
    deepseek = library.find("deepseek-chat", None, "deepseek")
    day = datetime(2025, 3, 3, tzinfo=UTC)

    assert price(deepseek, at=day.replace(hour=12)) > price(deepseek, at=day.replace(hour=20))


def test_batches_and_service_tiers_have_their_price_where_it_is_listed(library):
    now = datetime(2026, 11, 1, tzinfo=UTC)
    claude, gpt4 = library.find("claude-sonnet-4-5", None, "anthropic"), library.find("gpt-4", None, "openai")

    assert price(claude, at=now, context=(("processing", "batch"),)) == price(claude, at=now) / 2
    assert price(claude, at=now, context=(("service_tier", "standard"),)) == price(claude, at=now)
    assert price(gpt4, at=now, context=(("service_tier", "scale"),)) == "there is no price for service_tier 'scale' at that time"


def test_the_arithmetic_is_that_of_the_library(library):
    """Every listed model, with tokens of every kind: the same to the last digit, or unknown."""
    from genai_prices import Usage

    chance = Random(4)
    compared = 0
    for provider in library._snapshot.providers:
        for model in provider.models:
            told = tokens(chance)
            rates = Listed(model, is_own=True).at(us(NOW))
            assert not isinstance(rates, str)
            cost = rates.cost([told.get(name) for name in NAMES])
            if isinstance(cost, str):
                continue
            usage = Usage(**{KEYS[name]: count for name, count in told.items()})
            assert cost == float(model.calc_price(usage, provider, genai_request_timestamp=NOW).total_price), (provider.id, model.id, told)
            compared += 1
    assert compared > 1500


def tokens(chance):
    prompt, completion = chance.choice([40, 5_000, 300_000]), chance.randint(1, 3_000)
    if chance.random() < 0.4:
        return {"promptTokens": prompt, "completionTokens": completion}
    cached, written, heard, seen = (chance.randint(0, prompt // 5) for _ in range(4))
    return {
        "promptTokens": prompt,
        "completionTokens": completion,
        "cachedTokens": cached,
        "cacheWriteTokens": written,
        "cacheWriteHourTokens": chance.randint(0, written),
        "reasoningTokens": chance.randint(0, completion // 4),
        "inputAudioTokens": heard,
        "outputAudioTokens": chance.randint(0, completion // 4),
        "cachedAudioTokens": chance.randint(0, min(cached, heard) // 2),
        "inputImageTokens": seen,
        "outputImageTokens": chance.randint(0, completion // 4),
        "cachedImageTokens": chance.randint(0, min(cached, seen) // 2),
    }
