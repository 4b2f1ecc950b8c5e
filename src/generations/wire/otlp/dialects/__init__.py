"""The dialects of the GenAI conventions, and how a span tells which one it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from generations.wire.otlp.dialects.genai import GENAI
from generations.wire.otlp.dialects.langfuse import LANGFUSE
from generations.wire.otlp.dialects.langsmith import LANGSMITH
from generations.wire.otlp.dialects.mlflow import MLFLOW
from generations.wire.otlp.dialects.openinference import OPENINFERENCE
from generations.wire.otlp.dialects.openllmetry import OPENLLMETRY
from generations.wire.otlp.dialects.pydantic import LOGFIRE, PYDANTIC_AI
from generations.wire.otlp.dialects.vercel import VERCEL

if TYPE_CHECKING:
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
    OPENLLMETRY,
    GENAI,
)
"""The most specific first: the first that recognises a span reads it. Each one's `told_by` says how and why.

Platforms whose word on a span is the user's own come before instrumentations, and these before the common convention,
because each of them also sets names of those below it.
"""


def dialect_of(span: Span) -> Dialect | None:
    """The dialect of a span; None when it has nothing to do with generations."""
    return next((dialect for dialect in DIALECTS if dialect.recognises(span)), None)
