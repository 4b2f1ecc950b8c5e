"""The dialects of the GenAI conventions, and how a span tells which one it is in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from generations.wire.otlp.attributes import MOST_REMEMBERED
from generations.wire.otlp.dialects.genai import GENAI
from generations.wire.otlp.dialects.langfuse import LANGFUSE
from generations.wire.otlp.dialects.langsmith import LANGSMITH
from generations.wire.otlp.dialects.litellm import LITELLM
from generations.wire.otlp.dialects.mlflow import MLFLOW
from generations.wire.otlp.dialects.openinference import OPENINFERENCE
from generations.wire.otlp.dialects.openllmetry import OPENLLMETRY
from generations.wire.otlp.dialects.pydantic import LOGFIRE, PYDANTIC_AI
from generations.wire.otlp.dialects.vercel import VERCEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generations.wire.otlp.dialect import Dialect
    from generations.wire.otlp.telemetry import Span

DIALECTS: Final[tuple[Dialect, ...]] = (
    LANGFUSE,
    LANGSMITH,
    MLFLOW,
    OPENINFERENCE,
    VERCEL,
    PYDANTIC_AI,
    LOGFIRE,
    LITELLM,
    OPENLLMETRY,
    GENAI,
)
"""The most specific first: the first whose signs are on a span reads it. Each says why it stands where it does.

Platforms whose word on a span is the user's own come before instrumentations, and these before the common convention,
because each of them also sets names of those below it.
"""


def dialect_of(span: Span) -> Dialect | None:
    """The dialect of a span; None when it has nothing to do with generations."""
    if len(span.attributes) > MOST_REMEMBERED:
        return _told_by(span.scope.name, span.attributes.keys())
    return _remembered(span.scope.name, frozenset(span.attributes))


def _told_by(scope: str, names: Iterable[str]) -> Dialect | None:
    return next((dialect for dialect in DIALECTS if dialect.signs.are_on(scope, names)), None)


_remembered = lru_cache(maxsize=1024)(_told_by)
"""The spans of one instrumentation have the same names again and again."""
