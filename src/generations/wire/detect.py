"""Which format a document is in, and the formats that there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from generations.errors import InvalidInput
from generations.record.fields import ROOTS
from generations.record.nearest import nearest
from generations.wire import (
    helicone_export,
    inspect_log,
    langfuse_export,
    langsmith_export,
    litellm_spend,
    llm_logs,
    openai_batch,
    openai_stored,
    phoenix_export,
)
from generations.wire.otlp import document as otlp_document
from generations.wire.payload import Object, as_list, as_object
from generations.wire.traces import Traces, records_of, traces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of writing generations down.

    Attributes:
        name: short name, for people and options.
        title: what such a document looks like, for error messages.
        recognises: True when a parsed document is in this dialect; the row of a table is an object of its cells.
        records: the document's records in our shape, not yet validated.
        traces: how the pieces of several documents are put together, where a trace may be spread over them.
        is_poorer: the program that writes it also sends its calls as they happen, and tells more then.
    """

    name: str
    title: str
    recognises: Callable[[Any], bool]
    records: Callable[[Any], Iterator[Object]]
    traces: Traces | None = None
    is_poorer: bool = False


def _traced(name: str, title: str, recognises: Callable[[Any], bool], traces: Traces) -> Dialect:
    return Dialect(name, title, recognises, partial(records_of, traces), traces)


def _is_own(document: Any) -> bool:
    return not as_object(document).keys().isdisjoint(ROOTS)


def _own(document: Any) -> Iterator[Object]:
    yield as_object(document)


OWN = Dialect("generations", 'our own record: {"model": {"id": …}, "input": {…}, "output": {…}, …}', _is_own, _own)
OTLP = _traced("otlp", otlp_document.TITLE, otlp_document.recognises, traces_of(otlp_document.telemetry_of_document))
LANGFUSE = _traced("langfuse", langfuse_export.TITLE, langfuse_export.recognises, Traces(langfuse_export.pieces, langfuse_export.read))
LANGSMITH = _traced(
    "langsmith", langsmith_export.TITLE, langsmith_export.recognises, traces_of(langsmith_export.telemetry_of, langsmith_export.said_in)
)
PHOENIX = _traced(
    "phoenix", phoenix_export.TITLE, phoenix_export.recognises, traces_of(phoenix_export.telemetry_of, phoenix_export.said_in)
)
HELICONE = Dialect("helicone", helicone_export.TITLE, helicone_export.recognises, helicone_export.records)
LITELLM = Dialect("litellm", litellm_spend.TITLE, litellm_spend.recognises, litellm_spend.records, is_poorer=True)
LLM = Dialect("llm", llm_logs.TITLE, llm_logs.recognises, llm_logs.records)
OPENAI_BATCH = Dialect("openai-batch", openai_batch.TITLE, openai_batch.recognises, openai_batch.records)
OPENAI_STORED = Dialect("openai-stored", openai_stored.TITLE, openai_stored.recognises, openai_stored.records)
INSPECT = Dialect("inspect", inspect_log.TITLE, inspect_log.recognises, inspect_log.records)

DIALECTS: tuple[Dialect, ...] = (
    OTLP,
    LANGFUSE,
    LANGSMITH,
    PHOENIX,
    HELICONE,
    LITELLM,
    LLM,
    OPENAI_BATCH,
    OPENAI_STORED,
    INSPECT,
    OWN,
)
"""In the order in which they are tried: ours is the least particular."""


def named(name: str) -> Dialect:
    """The dialect of this name.

    Raises:
        InvalidInput: there is none.
    """
    names = [dialect.name for dialect in DIALECTS]
    if name in names:
        return DIALECTS[names.index(name)]
    close = nearest(name, names)
    meant = f"did you mean {close!r}? " if close else ""
    raise InvalidInput(f"{name!r} is no format that can be imported", hint=f"{meant}there are {', '.join(sorted(names))}")


def detect(document: Any) -> Dialect:
    """The dialect of one document; a list is in the dialect of its first element, an empty list in ours.

    Raises:
        InvalidInput: no dialect recognises it.
    """
    if isinstance(document, list):
        elements = as_list(document)
        return detect(elements[0]) if elements else OWN
    found = detected(document)
    if found is not None:
        return found
    if openai_batch.is_request(document):
        raise InvalidInput(
            "requests of a batch are no generations without their answers", hint="import them in one command with the output file"
        )
    raise InvalidInput(found_in(document), hint="it can be " + "; or ".join(dialect.title for dialect in DIALECTS))


def detected(document: Any) -> Dialect | None:
    """The dialect of one document; None when there is none."""
    return next((dialect for dialect in DIALECTS if dialect.recognises(document)), None)


def found_in(document: Any) -> str:
    """What a document is that is in no dialect, or not in the one that was expected."""
    if not isinstance(document, dict):
        return f"not a generation: {'null' if document is None else f'a bare {type(document).__name__}'}"
    keys = list(as_object(document))
    shown = ", ".join(f'"{key}"' for key in keys[:5]) + (", …" if len(keys) > 5 else "")
    return f"not a shape that can be imported: an object with the keys {shown}" if keys else "not a generation: an empty object"
