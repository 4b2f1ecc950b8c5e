"""OTLP/JSON in files: export requests as the Collector's file exporter and others write them down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.telemetry import Telemetry
from generations.wire.otlp.trace import records_in
from generations.wire.payload import Object, as_list, as_object

TITLE: Final = 'OTLP/JSON: {"resourceSpans": […]} or {"resourceLogs": […]}, in one object or one in each line'


def recognises(document: Any) -> bool:
    """True for an export request, and for requests collected under `traces` and `logs`."""
    return _is_request(document) or any(map(_is_request, _collected(document)))


def records(document: Any) -> Iterator[Object]:
    """The records of all traces in a document. Log records find their spans within the document only.

    Those whose span is not in it give no record, even if they tell the whole call: the span may stand in another line or
    file, and the record of the event, which has the same id but neither start nor duration, must not replace its record.
    """
    requests = [document] if _is_request(document) else _collected(document)
    yield from records_in(sum(map(telemetry_of, requests), Telemetry()))


def _is_request(document: Any) -> bool:
    return not as_object(document).keys().isdisjoint(("resourceSpans", "resourceLogs"))


def _collected(document: Any) -> list[Any]:
    return [request for name in ("traces", "logs") for request in as_list(as_object(document).get(name))]
