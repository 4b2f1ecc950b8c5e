"""The models of the sample: real names, list prices of their time, and how fast they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SampleModel:
    """A model.

    Attributes:
        record: the record's `model`.
        prompt_usd: US dollars per million prompt tokens; None when nobody billed it.
        completion_usd: US dollars per million completion tokens.
        tokens_per_second: completion tokens by second, roughly.
        weight: how often it is called, beside the others.
    """

    record: dict[str, Any]
    prompt_usd: float | None
    completion_usd: float
    tokens_per_second: float
    weight: int


def _model(
    provider: str, id: str, name: str, version: str | None, *, usd: tuple[float, float] | None = None, speed: float, weight: int = 1
) -> SampleModel:
    record = {"id": id, "name": name, "provider": provider} | ({"version": version} if version else {})
    prompt_usd, completion_usd = usd or (None, 0.0)
    return SampleModel(record, prompt_usd, completion_usd, speed, weight)


CHAT = (
    _model("openai", "gpt-4", "GPT-4", "gpt-4-0613", usd=(30, 60), speed=28, weight=9),
    _model("openai", "gpt-4o", "GPT-4o", "gpt-4o-2024-08-06", usd=(2.5, 10), speed=85, weight=16),
    _model("openai", "gpt-4o-mini", "GPT-4o mini", "gpt-4o-mini-2024-07-18", usd=(0.15, 0.6), speed=110, weight=14),
    _model("anthropic", "claude-3-5-sonnet-20241022", "Claude 3.5 Sonnet", None, usd=(3, 15), speed=72, weight=14),
    _model("anthropic", "claude-3-haiku-20240307", "Claude 3 Haiku", None, usd=(0.25, 1.25), speed=130, weight=7),
    _model("google", "gemini-1.5-pro", "Gemini 1.5 Pro", "gemini-1.5-pro-002", usd=(1.25, 5), speed=60, weight=6),
    _model("google", "gemini-2.0-flash", "Gemini 2.0 Flash", None, usd=(0.1, 0.4), speed=160, weight=6),
    _model("mistral", "mistral-large-latest", "Mistral Large", "mistral-large-2411", usd=(2, 6), speed=45, weight=4),
    _model("groq", "llama-3.3-70b-versatile", "Llama 3.3 70B", None, usd=(0.59, 0.79), speed=270, weight=4),
    _model("ollama", "qwen2.5:14b", "Qwen2.5 14B", None, speed=34, weight=4),
)
REASONING = (
    _model("openai", "o3-mini", "o3-mini", "o3-mini-2025-01-31", usd=(1.1, 4.4), speed=140, weight=5),
    _model("deepseek", "deepseek-reasoner", "DeepSeek R1", None, usd=(0.55, 2.19), speed=35, weight=3),
)
AGENT = tuple(model for model in CHAT if model.record["id"] in ("gpt-4o", "claude-3-5-sonnet-20241022", "gemini-2.0-flash"))
COMPLETION = (_model("openai", "gpt-3.5-turbo-instruct", "GPT-3.5 Turbo Instruct", None, usd=(1.5, 2), speed=95),)
IMAGE = (
    _model("openai", "dall-e-3", "DALL·E 3", None, speed=90, weight=3),
    _model("stability", "stable-diffusion-3.5-large", "Stable Diffusion 3.5", None, speed=90),
)
TRANSCRIPTION = (_model("openai", "whisper-1", "Whisper", None, speed=200),)
SPEECH = (_model("openai", "gpt-4o-mini-tts", "GPT-4o mini TTS", None, usd=(0.6, 12), speed=120),)
MODERATION = (_model("openai", "omni-moderation-latest", "Omni Moderation", None, speed=400),)


def weighted(*tables: tuple[SampleModel, ...]) -> list[SampleModel]:
    """Each model as often as its weight says, to be picked from evenly."""
    return [model for table in tables for model in table for _ in range(model.weight)]
