"""Arize Phoenix: spans as `get_spans_dataframe` and its REST API hand them out.

Sources: `src/phoenix/server/api/routers/v1/spans.py` and `src/phoenix/trace/dsl/query.py` of Arize-ai/phoenix. A frame,
written as JSON, JSON lines, CSV or Parquet, has the columns `context.trace_id`, `context.span_id`, `parent_id`, `name`,
`span_kind`, `start_time`, `end_time`, `status_code`, `status_message`, `events`, and one `attributes.…` for each attribute
of OpenInference, whose lists of messages are lists again. `GET /v1/projects/{project}/spans` has pages
`{"data": […], "next_cursor": …}` of spans with `context` and flat `attributes`, and `…/spans/otlpv1` the same with OTLP's names
in snake case. All become spans as OpenInference's instrumentations send them, and are read as those are.

Annotations are exported by themselves, from `GET /v1/projects/{project}/span_annotations` (and `trace_annotations`) or
`get_span_annotations_dataframe`, and name their span alone; or they stand under `annotations` of their span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generations.wire.bounds import MOST_NAME_CHARS, Bounded
from generations.wire.cells import framed
from generations.wire.exchange import each_of
from generations.wire.loose_instants import nanoseconds
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.read_json import telemetry_of as otlp_telemetry
from generations.wire.otlp.telemetry import Span, SpanEvent, Telemetry, refuse
from generations.wire.payload import Object, as_list, as_number, as_object, as_text, first_text
from generations.wire.traces import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = (
    'spans of Phoenix: rows of get_spans_dataframe {"context.span_id": …, "attributes.llm.model_name": …} as JSON, CSV or Parquet, '
    'or a page of its API {"data": [{"context": {…}, "attributes": {…}}]}; '
    'annotations {"span_id": …, "annotator_kind": …} together with them'
)

_KIND: Final = "openinference.span.kind"
_ATTRIBUTES: Final = "attributes."
_READ: Final = frozenset(
    [
        "id",
        "name",
        "context",
        "context.trace_id",
        "context.span_id",
        "span_id",
        "trace_id",
        "parent_id",
        "span_kind",
        "start_time",
        "end_time",
        "status_code",
        "status_message",
        "events",
        "attributes",
        "annotations",
    ]
)


def recognises(document: Any) -> bool:
    """True for a span or a row, whatever its kind, for an annotation, and for a page of them."""
    return any(_is_row(item) or _is_otlp(item) or _is_annotation(item) for item in each_of(document, "data")[:1])


def _is_row(item: Object) -> bool:
    context = as_object(item.get("context"))
    return ("context.span_id" in item or "span_id" in context) and "start_time" in item


def _is_otlp(item: Object) -> bool:
    return "span_id" in item and "start_time_unix_nano" in item


def _is_annotation(item: Object) -> bool:
    return "annotator_kind" in item and not item.keys().isdisjoint(_OF_WHAT)


_OF_WHAT: Final = ("span_id", "context.span_id", "trace_id", "session_id")


def said_in(document: Any) -> Iterator[Said]:
    """The annotations of a document, those that stand with their span too."""
    for item in each_of(document, "data"):
        if _is_annotation(item):
            yield Said(_annotation(item, None, None), item)
        else:
            trace_id, span_id = _ids(item)
            yield from (Said(_annotation(as_object(one), trace_id, span_id)) for one in as_list(framed(item.get("annotations"))))


def _ids(row: Object) -> tuple[str | None, str | None]:
    """The ids of the trace and of the span, in any of the forms."""
    context = as_object(framed(row.get("context")))
    trace_id, span_id = (first_text(row.get(f"context.{name}"), context.get(name), row.get(name)) for name in ("trace_id", "span_id"))
    return trace_id, span_id


def _annotation(sent: Object, trace_id: str | None, span_id: str | None) -> Evaluation:
    bounded = Bounded()
    row = as_object(bounded.json({name: framed(cell) if name in ("result", "metadata") else cell for name, cell in sent.items()}))
    result = as_object(row.get("result")) or {name: row.get(f"result.{name}", row.get(name)) for name in ("score", "label", "explanation")}
    return Evaluation(
        trace_id=trace_id or as_text(row.get("trace_id")),
        span_id=span_id or first_text(row.get("span_id"), row.get("context.span_id")),
        response_id=None,
        name=first_text(row.get("name"), row.get("annotation_name")) or "annotation",
        score=as_number(result.get("score")),
        label=as_text(result.get("label")),
        explanation=as_text(result.get("explanation")),
        evaluator=as_text(row.get("annotator_kind")),
        at_ns=bounded.instant_ns(nanoseconds(row.get("updated_at") or row.get("created_at")), "time of an annotation"),
        rest={name: value for name, value in row.items() if name not in _OF_AN_ANNOTATION and value not in (None, "", {})},
    )


_OF_AN_ANNOTATION: Final = frozenset(
    [
        *_OF_WHAT,
        "name",
        "annotation_name",
        "annotator_kind",
        "result",
        *(f"{prefix}{name}" for prefix in ("", "result.") for name in ("score", "label", "explanation")),
        "created_at",
        "updated_at",
    ]
)


def telemetry_of(document: Any) -> Telemetry:
    """The spans of a document."""
    items = [item for item in each_of(document, "data") if not _is_annotation(item)]
    if items and _is_otlp(items[0]):
        return otlp_telemetry({"resourceSpans": [{"scopeSpans": [{"spans": [_camel(item) for item in items]}]}]})
    refused: list[str] = []
    spans: list[Span] = []
    for index, item in enumerate(items):
        trace_id, span_id = _ids(item)
        if trace_id is None or span_id is None:
            refuse(refused, f"data[{index}]", "a span names itself and its trace")
        else:
            spans.append(_span(item, trace_id, span_id))
    return Telemetry(tuple(spans), refused=tuple(refused))


def _span(row: Object, trace_id: str, span_id: str) -> Span:
    bounded = Bounded()
    attributes = bounded.members(_attributes(row).items(), bounded.json)
    if as_text(row.get("span_kind")):
        attributes.setdefault(_KIND, row["span_kind"])
    status = str(row.get("status_code") or "").upper()
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=as_text(row.get("name")) or "",
        parent_span_id=as_text(row.get("parent_id")),
        start_ns=bounded.instant_ns(nanoseconds(row.get("start_time")), "start"),
        end_ns=bounded.instant_ns(nanoseconds(row.get("end_time")), "end"),
        attributes=attributes,
        events=tuple(_event(as_object(event), bounded) for event in as_list(framed(row.get("events")))),
        status="error" if status == "ERROR" else "ok" if status == "OK" else "unset",
        status_message=as_text(row.get("status_message")),
        notes=tuple(bounded.notes),
    )


def _event(event: Object, bounded: Bounded) -> SpanEvent:
    at_ns = bounded.instant_ns(nanoseconds(event.get("timestamp")), "time of an event")
    return SpanEvent(as_text(event.get("name")) or "", at_ns, dict(_flat("", as_object(event.get("attributes")))))


def _attributes(row: Object) -> Object:
    """Flat as an instrumentation sends them; columns that are no attributes stand under `phoenix.`."""
    found: Object = {}
    for name, sent in _flat("", as_object(framed(row.get("attributes")))):
        found[name] = sent
    for name, cell in row.items():
        if cell is None or cell == "":
            continue
        if name.startswith(_ATTRIBUTES):
            found |= dict(_flat(name.removeprefix(_ATTRIBUTES), framed(cell) if _holds_structure(name) else cell))
        elif name not in _READ:
            found[f"phoenix.{name}"] = cell
    return _with_metadata(found)


def _holds_structure(name: str) -> bool:
    """Cells of what was said are texts, also where they look like JSON: whoever reads the attribute knows."""
    return not name.endswith((".value", ".content", ".text", "invocation_parameters", "json_schema", "template"))


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The value below its name as attributes: objects and lists of objects by their keys and indices, other lists whole.

    A name that no attribute may have is not followed further: every name below it would repeat it.
    """
    if name == "metadata" or name.endswith(".metadata") or len(name) > MOST_NAME_CHARS:
        yield name, value
    elif isinstance(value, dict):
        for key, item in as_object(value).items():
            yield from _flat(f"{name}.{key}" if name else key, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in as_list(value)):
        for index, item in enumerate(as_list(value)):
            yield from _flat(f"{name}.{index}", item)
    elif value is not None:
        yield name, value


def _with_metadata(attributes: Object) -> Object:
    """The user's own metadata as one attribute again: the API flattens it, too."""
    own = {name.removeprefix("metadata."): value for name, value in attributes.items() if name.startswith("metadata.")}
    if not own:
        return attributes
    rest = {name: value for name, value in attributes.items() if not name.startswith("metadata.")}
    return rest | {"metadata": as_object(framed(rest.get("metadata"))) | own}


def _camel(value: Any) -> Any:
    """OTLP's names in camel case, where JSON has them."""
    if isinstance(value, list):
        return [_camel(item) for item in as_list(value)]
    if not isinstance(value, dict):
        return value
    return {_camel_name(name): _camel(item) for name, item in as_object(value).items() if item is not None}


def _camel_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)
