"""Langfuse: observations, as its exports and its API hand them out, with their trace or alone.

Sources: langfuse/langfuse, `observation-stream.ts` for what the user interface exports (JSON, JSON lines, CSV),
`observations-v2.yml` for `GET /api/public/v2/observations`, and the field reference of the export to blob storage, whose names
are in snake case. Rows of a table hold structures as JSON text, and a part of their trace: `traceName`, `userId`, tags.

Observations of type GENERATION and EMBEDDING become records, one each; spans, tools and agents are not generations. What the record
has no field for is kept under `metadata.langfuse`, the trace's own input and output excepted: those of the calls are
in the records. Scores of a trace are feedback and evals, as those that are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from generations.errors import InvalidInput
from generations.record.instants import micros
from generations.wire.bounds import MOST_LEVELS
from generations.wire.call_parameters import call_parameters
from generations.wire.cells import structure, structures
from generations.wire.identity import span_generation_id
from generations.wire.langfuse_scores import join_scores, score_of
from generations.wire.langfuse_usage import usage_of
from generations.wire.loose_instants import iso_instant, utc_instant
from generations.wire.modality import input_type, output_type
from generations.wire.payload import Object, as_list, as_object, as_text, elapsed_ms, first_text, without_absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generations.wire.otlp.evaluations import Evaluation

TITLE = (
    'an export of Langfuse: {"trace": {…}, "observations": […]}, a page {"data": […], "meta": {…}}, or observations as JSON, CSV or Parquet'
)

Piece = tuple[Object, Object]
"""An observation, and what is known of its trace; nothing where that stands with another observation of it."""


def recognises(document: Any) -> bool:
    """True for an export, for the API's trace with its observations, for a page of observations and for one observation."""
    return _is_observation(document) or any(_is_observation(item) for item in _observations(document))


def records(document: Any) -> Iterator[Object]:
    """One record for each observation that is a call of a model, in the document's order; what cannot be read is left out."""
    yield from read([piece for _, piece in pieces(document) if not isinstance(piece, InvalidInput)])


def pieces(document: Any) -> Iterator[tuple[str, Piece | InvalidInput]]:
    """The observations of a document, each with the id of its trace; what an export tells of a trace stands with the first."""
    holder = as_object(document)
    trace, is_export = _trace(holder), bool(as_list(holder.get("observations")))
    told: set[str] = set()
    nameless: list[int] = []
    for index, item in enumerate([document] if _is_observation(document) else _observations(document)):
        observation = as_object(item) if is_export else _from_row(as_object(item))
        if as_text(observation.get("id")) is None:
            nameless.append(index)
            continue
        trace_id = as_text(observation.get("traceId")) or ""
        about = {"name": observation.get("traceName"), "tags": observation.get("traceTags", observation.get("tags"))}
        yield trace_id, (observation, (trace if trace_id not in told else {}) or without_absent(about))
        told.add(trace_id)
    if nameless:
        yield "", InvalidInput(f"an observation has an id, a text: {len(nameless):,} have none, the first at {nameless[0]}")


def read(found: Sequence[Piece]) -> Iterator[Object]:
    """The records of the observations of one trace or more, in their order in each.

    A generation inside another one (two instrumentations of the same call) is a record of its own; the outer one names
    the inner ones in `metadata.langfuse.innerGenerations`, so that a sum can leave the outer ones out.
    """
    by_id = {_id(observation): observation for observation, _ in found}
    inner = _inner_generations(by_id)
    traces: dict[str, Object] = {}
    for observation, trace in found:
        if trace:
            traces[_trace_id(observation)] = trace | traces.get(_trace_id(observation), {})
    records: dict[str, list[Object]] = {}
    for observation, trace in found:
        if _is_call(observation):
            trace_id = _trace_id(observation)
            about = trace or traces.get(trace_id, {})
            records.setdefault(trace_id, []).append(_record(observation, about, inner.get(_id(observation), [])))
    for trace_id, of_trace in records.items():
        _join_scores(traces.get(trace_id, {}), {record["id"]: record for record in of_trace}, by_id)
        yield from of_trace


def _join_scores(trace: Object, records: Mapping[str, Object], by_id: Mapping[str, Object]) -> None:
    """Put the scores of a trace into its records, in place; what is of none of them stays with the trace, in the last."""
    said: list[Evaluation] = []
    sent: dict[int, Any] = {}
    others: list[Any] = []
    for score in as_list(trace.get("scores")):
        try:
            said.append(_score(as_object(score), trace))
        except InvalidInput:
            others.append(score)
        else:
            sent[id(said[-1])] = score

    def around(record: Object) -> Iterator[str]:
        about = record["metadata"]
        yield from (span_generation_id(about.get("traceId"), _id(one)) for one in _around(by_id[about["spanId"]], by_id))

    others += [sent[id(left)] for left in join_scores(said, records, around)]
    if others:
        last = max(records.values(), key=lambda record: record.get("timestamp") or "")
        last["metadata"]["langfuse"].setdefault("trace", {})["scores"] = others


def _score(sent: Object, trace: Object) -> Evaluation:
    """A score as it is exported; one that names no time has none."""
    told = {name: value for name, value in structures(sent, "metadata").items() if name != "projectId" and value != {}}
    told.setdefault("traceId", trace.get("id"))
    at = utc_instant(sent.get("timestamp") or sent.get("updatedAt") or sent.get("createdAt"))
    score = score_of(told, 0 if at is None else micros(at))
    return replace(score, at_ns=None) if at is None else score


def _is_call(observation: Object) -> bool:
    return as_text(observation.get("type")) in ("GENERATION", "EMBEDDING")


def _from_row(row: Object) -> Object:
    """A row under the names of an observation, with its structures and with instants that say their offset."""
    named = {_camel(name): cell for name, cell in structures(row, *row).items()}
    named.setdefault("model", named.pop("providedModelName", None))
    if "usageDetails" not in named and "promptTokens" in named:  # exports of older versions
        named["usage"] = {name: named.pop(name, None) for name in ("promptTokens", "completionTokens", "totalTokens")}
    if isinstance(named.get("metadata"), dict):
        named["metadata"] = {name: structure(value) for name, value in as_object(named["metadata"]).items()}
    for name in ("startTime", "endTime", "completionStartTime"):
        sent = as_text(named.get(name))
        if sent is not None and not sent.endswith("Z"):
            named[name] = iso_instant(sent) or sent
    return named


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def _observations(document: Any) -> list[Any]:
    holder = as_object(document)
    return as_list(holder.get("observations")) or as_list(holder.get("data"))


def _is_observation(item: Any) -> bool:
    observation = as_object(item)
    is_placed = not observation.keys().isdisjoint(("traceId", "trace_id", "id"))
    return isinstance(observation.get("type"), str) and is_placed and ("startTime" in observation or "start_time" in observation)


def _trace(document: Object) -> Object:
    """What an export tells of the trace beside its observations; empty for a page of observations and for one of them."""
    if "trace" in document:
        return as_object(document["trace"])
    if not as_list(document.get("observations")):
        return {}
    return {key: value for key, value in document.items() if key != "observations"}


def _id(observation: Object) -> str:
    return str(observation["id"])


def _trace_id(observation: Object) -> str:
    return as_text(observation.get("traceId")) or ""


def _inner_generations(by_id: Mapping[str, Object]) -> dict[str, list[str]]:
    """Record ids of the generations inside each generation, up to `MOST_LEVELS` deep, by the outer observation's id."""
    inner: dict[str, list[str]] = {}
    for observation in by_id.values():
        for outer in _around(observation, by_id) if _is_call(observation) else ():
            if _is_call(outer):
                inner.setdefault(_id(outer), []).append(_record_id(observation))
    return inner


def _around(observation: Object, by_id: Mapping[str, Object]) -> Iterator[Object]:
    """The observations around one, from the inside out, up to a limit."""
    seen = {_id(observation)}
    parent = by_id.get(str(observation.get("parentObservationId")))
    while parent is not None and _id(parent) not in seen and len(seen) <= MOST_LEVELS:
        seen.add(_id(parent))
        yield parent
        parent = by_id.get(str(parent.get("parentObservationId")))


def _record_id(observation: Object) -> str:
    return span_generation_id(as_text(observation.get("traceId")), _id(observation))


def _record(observation: Object, trace: Object, inner: list[str]) -> Object:
    attributes = as_object(as_object(observation.get("metadata")).get("attributes"))
    parameters, misfits = call_parameters(as_object(observation.get("modelParameters")))
    usage, unread_usage = usage_of(observation)
    record: Object = {
        "id": _record_id(observation),
        "timestamp": observation.get("startTime"),
        "model": _model(observation, attributes),
        "input": _input(observation, usage),
        "output": _output(observation, attributes, usage),
        "parameters": parameters or None,
        "usage": usage or None,
        "metadata": _metadata(observation, trace, attributes),
        "performance": _performance(observation) or None,
        **_status(observation, attributes),
    }
    kept = _kept(observation, trace, inner)
    if misfits:
        kept["modelParameters"] = misfits
    if unread_usage:
        kept["usage"] = unread_usage
    record["metadata"]["langfuse"] = kept
    return without_absent(record)


def _model(observation: Object, attributes: Object) -> Object:
    metadata, output = as_object(observation.get("metadata")), as_object(observation.get("output"))
    provider = first_text(
        *(attributes.get(name) for name in ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")),
        metadata.get("ls_provider"),
    )
    return without_absent(
        {
            "id": first_text(
                observation.get("model"),
                *(attributes.get(name) for name in ("gen_ai.request.model", "llm.model_name", "gen_ai.response.model")),
            ),
            "version": first_text(attributes.get("gen_ai.response.model"), output.get("model"), output.get("model_version")),
            "provider": provider.lower() if provider else None,
        }
    )


def _input(observation: Object, usage: Object) -> Object | None:
    content = observation.get("input")
    if content is None:
        return None
    return without_absent({"type": input_type(content), "content": content, "tokens": usage.get("promptTokens")})


def _output(observation: Object, attributes: Object, usage: Object) -> Object | None:
    content = observation.get("output")
    if content is None:
        return None
    return without_absent(
        {
            "type": output_type(content),
            "content": content,
            "tokens": usage.get("completionTokens"),
            "finishReason": _finish_reason(content, attributes),
        }
    )


def _finish_reason(content: Any, attributes: Object) -> str | None:
    answer = as_object(content)
    first = [as_object(item) for key in ("choices", "candidates") for item in as_list(answer.get(key))[:1]]
    reasons = attributes.get("gen_ai.response.finish_reasons")
    return first_text(
        *(choice.get("finish_reason") for choice in first),
        *(choice.get("finishReason") for choice in first),
        *(as_list(reasons)[:1] or [reasons]),
        attributes.get("llm.finish_reason"),
        as_object(answer.get("response_metadata")).get("finish_reason"),
        as_object(answer.get("incomplete_details")).get("reason"),
    )


def _metadata(observation: Object, trace: Object, attributes: Object) -> Object:
    output = as_object(observation.get("output"))
    is_response = "choices" in output or output.get("object") == "response"
    tags = [tag for tag in as_list(trace.get("tags")) if isinstance(tag, str)]
    return without_absent(
        {
            "requestId": first_text(attributes.get("gen_ai.response.id"), output.get("id") if is_response else None),
            "userId": first_text(trace.get("userId"), observation.get("userId"), attributes.get("user.id")),
            "sessionId": first_text(
                trace.get("sessionId"),
                observation.get("sessionId"),
                attributes.get("session.id"),
                attributes.get("gen_ai.conversation.id"),
            ),
            "functionId": as_text(trace.get("name")),
            "workflowId": as_text(attributes.get("gen_ai.workflow.name")),
            "agentId": first_text(*(attributes.get(name) for name in ("gen_ai.agent.id", "gen_ai.agent.name", "agent.name"))),
            "traceId": as_text(observation.get("traceId")),
            "spanId": as_text(observation.get("id")),
            "parentSpanId": as_text(observation.get("parentObservationId")),
            "tags": tags or None,
        }
    )


def _performance(observation: Object) -> Object:
    """Computed from the instants: the export's own `latency` is in milliseconds here and in seconds there."""
    start = observation.get("startTime")
    return without_absent(
        {
            "latency": elapsed_ms(start, observation.get("endTime")),
            "timeToFirstToken": elapsed_ms(start, observation.get("completionStartTime")),
        }
    )


def _status(observation: Object, attributes: Object) -> Object:
    """Nothing for an observation that has not ended: whether it succeeded is not known."""
    if observation.get("level") == "ERROR":
        error = {"type": as_text(attributes.get("error.type")), "message": as_text(observation.get("statusMessage"))}
        return {"status": "error", "error": without_absent(error) or None}
    return {"status": "success"} if observation.get("endTime") else {}


_OBSERVATION_FIELDS_READ = frozenset(
    [
        "id",
        "traceId",
        "type",
        "parentObservationId",
        "startTime",
        "endTime",
        "input",
        "output",
        "model",
        "modelParameters",
        "usageDetails",
        "costDetails",
        "usage",
        "totalCost",
        "inputUsage",
        "outputUsage",
        "totalUsage",
        "inputCost",
        "outputCost",
        "latency",
        "userId",
        "sessionId",
        "traceName",
        "traceTags",
        "tags",
    ]
)
_TRACE_FIELDS_READ = frozenset(["id", "userId", "sessionId", "input", "output", "scores"])


def _kept(observation: Object, trace: Object, inner: list[str]) -> Object:
    """What has no field of its own, as it was sent; nulls say nothing and are left out."""
    kept = without_absent({key: value for key, value in observation.items() if key not in _OBSERVATION_FIELDS_READ})
    for details in ("costDetails", "usageDetails"):
        if observation.get(details):
            kept[details] = observation[details]
    about_trace = without_absent({key: value for key, value in trace.items() if key not in _TRACE_FIELDS_READ})
    return kept | without_absent({"trace": about_trace or None, "innerGenerations": inner or None})
