"""OTLP/JSON in files: export requests as the Collector's file exporter and others write them down."""

from __future__ import annotations

from typing import Any, Final

from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.telemetry import Telemetry
from generations.wire.payload import as_list, as_object

TITLE: Final = 'OTLP/JSON: {"resourceSpans": […]} or {"resourceLogs": […]}, in one object or one in each line'


def recognises(document: Any) -> bool:
    """True for an export request, and for requests collected under `traces` and `logs`."""
    return _is_request(document) or any(map(_is_request, _collected(document)))


def telemetry_of_document(document: Any) -> Telemetry:
    """The spans and log records of a document.

    Log records whose span is not in the file give no record, even if they tell the whole call: the span may stand in another
    file, and the record of the event, which has the same id but neither start nor duration, must not replace its record.
    """
    requests = [document] if _is_request(document) else _collected(document)
    return sum(map(telemetry_of, requests), Telemetry())


def _is_request(document: Any) -> bool:
    return not as_object(document).keys().isdisjoint(("resourceSpans", "resourceLogs"))


def _collected(document: Any) -> list[Any]:
    return [request for name in ("traces", "logs") for request in as_list(as_object(document).get(name))]
