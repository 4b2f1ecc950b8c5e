"""Which shape a JSON document has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generations.errors import InvalidInput
from generations.record.fields import ROOTS
from generations.wire import inspect_log, langfuse_export
from generations.wire.otlp import document as otlp_document
from generations.wire.payload import Object, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of writing generations down.

    Attributes:
        name: short name, for people and options.
        title: what such a document looks like, for error messages.
        recognises: True when a parsed document is in this dialect.
        records: the document's records in our shape, not yet validated.
    """

    name: str
    title: str
    recognises: Callable[[Any], bool]
    records: Callable[[Any], Iterator[Object]]


def _is_own(document: Any) -> bool:
    return not as_object(document).keys().isdisjoint(ROOTS)


def _own(document: Any) -> Iterator[Object]:
    yield as_object(document)


OWN = Dialect("generations", 'our own record: {"model": {"id": …}, "input": {…}, "output": {…}, …}', _is_own, _own)
LANGFUSE = Dialect("langfuse", langfuse_export.TITLE, langfuse_export.recognises, langfuse_export.records)
OTLP = Dialect("otlp", otlp_document.TITLE, otlp_document.recognises, otlp_document.records)
INSPECT = Dialect("inspect", inspect_log.TITLE, inspect_log.recognises, inspect_log.records)

DIALECTS: tuple[Dialect, ...] = (OTLP, LANGFUSE, INSPECT, OWN)
"""In the order in which they are tried: ours is the least particular."""


def detect(document: Any) -> Dialect:
    """The dialect of one document; a list is in the dialect of its first element, an empty list in ours.

    Raises:
        InvalidInput: no dialect recognises it.
    """
    if isinstance(document, list):
        elements = as_list(document)
        return detect(elements[0]) if elements else OWN
    for dialect in DIALECTS:
        if dialect.recognises(document):
            return dialect
    raise InvalidInput(_found(document), hint="it can be " + "; or ".join(dialect.title for dialect in DIALECTS))


def _found(document: Any) -> str:
    if not isinstance(document, dict):
        return f"not a generation: {'null' if document is None else f'a bare {type(document).__name__}'}"
    keys = list(as_object(document))
    shown = ", ".join(f'"{key}"' for key in keys[:5]) + (", …" if len(keys) > 5 else "")
    return f"not a shape that can be imported: an object with the keys {shown}" if keys else "not a generation: an empty object"
