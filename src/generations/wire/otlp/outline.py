"""What has to be kept of spans that have nothing to do with generations but stand around some."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from generations.wire.otlp.dialects import GENAI, dialect_of
from generations.wire.otlp.evaluations import RESULT, may_be_annotated
from generations.wire.otlp.names import context_names
from generations.wire.otlp.telemetry import Span

_CONTEXT: Final = context_names(GENAI.names)


def outline_of(span: Span) -> Span:
    """The span; of one that no dialect reads only where it stands in its trace, and in whose name it was made.

    A whole application sends its requests and its questions to databases too. They lead from a generation to the agent around
    it, and nothing else of them is wanted.
    """
    if dialect_of(span) is not None or may_be_annotated(span) or any(event.name == RESULT for event in span.events):
        return span
    attributes = {name: span.attributes[name] for name in span.attributes.keys() & _CONTEXT}
    return replace(span, attributes=attributes, events=(), links=(), status_message=None, resource={}, notes=())
