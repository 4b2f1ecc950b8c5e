"""OTLP/JSON in files: export requests as the Collector's file exporter and others write them down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.telemetry import Telemetry, refuse
from generations.wire.payload import as_list, as_object

TITLE: Final = 'OTLP/JSON: {"resourceSpans": […]} or {"resourceLogs": […]}, in one object or one in each line'


def recognises(document: Any) -> bool:
    """True for an export request, and for requests collected under `traces` and `logs`."""
    return _is_request(document) or any(_is_request(request) for _, request in _collected(document))


def telemetry_of_document(document: Any) -> Telemetry:
    """The spans and log records of a document.

    Log records whose span is not in the file give no record, even if they tell the whole call: the span may stand in another
    file, and the record of the event, which has the same id but neither start nor duration, must not replace its record.
    """
    if _is_request(document):
        return telemetry_of(document)
    refused: list[str] = []
    found: list[Telemetry] = []
    for place, request in _collected(document):
        if _is_request(request) or request == {}:
            found.append(telemetry_of(request))
        else:
            refuse(refused, place, "this is no export request")
    spans, logs = (span for one in found for span in one.spans), (log for one in found for log in one.logs)
    return Telemetry(tuple(spans), tuple(logs), (*refused, *(reason for one in found for reason in one.refused)))


def _is_request(document: Any) -> bool:
    return not as_object(document).keys().isdisjoint(("resourceSpans", "resourceLogs"))


def _collected(document: Any) -> Iterator[tuple[str, Any]]:
    for name in ("traces", "logs"):
        yield from ((f"{name}[{index}]", request) for index, request in enumerate(as_list(as_object(document).get(name))))
