"""LangSmith: runs as `client.list_runs` and the bulk export hand them out.

The shape is `Run` of langsmith 0.15.0 (`langsmith/schemas.py`), which is also the run data format of its documentation:
JSON, JSON lines, or the Parquet files of the bulk export, whose structures are JSON text. A run is read as the span that
the SDK's own exporter over OpenTelemetry makes of it (`_otel_exporter.py`), so that chains, tools and prompts give no
records, but their names, and a call that two runs describe gives one.

Ids are those of the spans, where a run was one: of what comes over OpenTelemetry LangSmith makes the id of the run of eight
zero bytes and the id of the span (`langsmith_run_id_from_otel_span_id`), and the trace's keeps its 32 digits. A run that the
SDK sent itself has ids that no span tells, also where the SDK exports it as one.

Feedback is exported by itself, by `client.list_feedback`; a run has a summary of it, `feedback_stats`, which says the same
where each name was given once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from generations.wire.bounds import Bounded
from generations.wire.cells import framed, object_in, structures
from generations.wire.exchange import each_of
from generations.wire.loose_instants import between_ms, nanoseconds
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.telemetry import Scope, Span, Telemetry, refuse
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import langchain_tokens
from generations.wire.traces import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = (
    'runs of LangSmith: {"id": …, "run_type": "llm", "start_time": …, "inputs": {…}, "outputs": {…}} a line, a list of them, or Parquet; '
    'feedback {"run_id": …, "key": …, "score": …} together with them'
)

_STRUCTURES: Final = (
    "inputs",
    "outputs",
    "extra",
    "events",
    "tags",
    "serialized",
    "feedback_stats",
    "parent_run_ids",
    "prompt_token_details",
    "completion_token_details",
    "prompt_cost_details",
    "completion_cost_details",
    "child_runs",
)


def recognises(document: Any) -> bool:
    """True for a run, whatever its type, for feedback, and for a page of runs."""
    return any({"run_type", "start_time", "id"} <= item.keys() or _is_feedback(item) for item in each_of(document, "runs")[:1])


def _is_feedback(item: Object) -> bool:
    return {"run_id", "key", "score"} <= item.keys()


def telemetry_of(document: Any) -> Telemetry:
    """The runs of a document as spans, those inside others too."""
    refused: list[str] = []
    spans: list[Span] = []
    for place, run in _runs(document):
        if as_text(run.get("id")) is None:
            refuse(refused, place, "a run has an id")
        else:
            spans.append(_span(run))
    return Telemetry(tuple(spans), refused=tuple(refused))


def said_in(document: Any) -> Iterator[Said]:
    """The feedback of a document, and what the summaries in its runs say."""
    for item in each_of(document, "runs"):
        if _is_feedback(item):
            yield Said(_feedback(item), item)
    for _, run in _runs(document):
        for key, summary in object_in(run.get("feedback_stats")).items():
            if as_count(as_object(summary).get("n")) == 1 and not as_object(summary).get("contains_thread_feedback"):
                yield Said(_summed_up(key, as_object(summary), run))


def _feedback(sent: Object) -> Evaluation:
    bounded = Bounded()
    row = as_object(bounded.json(structures(sent, "value", "correction", "feedback_source", "extra", read=framed)))
    source = as_object(row.get("feedback_source"))
    trace_id, run_id = as_text(row.get("trace_id")), as_text(row.get("run_id"))
    return Evaluation(
        trace_id=None if trace_id is None else _trace_id(trace_id),
        span_id=None if run_id is None else _span_id(run_id),
        response_id=None,
        name=as_text(row.get("key")) or "feedback",
        score=_score(row.get("score")),
        label=as_text(row.get("value")),
        explanation=as_text(row.get("comment")),
        evaluator=_EVALUATORS.get(str(source.get("type"))),
        at_ns=bounded.instant_ns(nanoseconds(row.get("modified_at") or row.get("created_at")), "time of feedback"),
        rest=without_absent(
            {name: value for name, value in row.items() if name not in _OF_FEEDBACK and (name, type(value)) != ("value", str)}
        ),
    )


_OF_FEEDBACK: Final = frozenset(["run_id", "trace_id", "key", "score", "comment", "created_at", "modified_at", "session_id", "start_time"])
_EVALUATORS: Final = {"app": "human", "model": "model", "auto_eval": "model"}
"""By the type of the source. What came over the API may be of a program or of its users: the name decides."""


def _summed_up(key: str, summary: Object, run: Object) -> Evaluation:
    """What was given once, of which the mean is the score, and the one value the label."""
    values, comments = list(as_object(summary.get("values"))), as_list(summary.get("comments"))
    sources = {str(object_in(source).get("type")) for source in as_list(summary.get("sources"))}
    return Evaluation(
        trace_id=_trace_of(run),
        span_id=_span_id(run.get("id")),
        response_id=None,
        name=key,
        score=_score(summary.get("avg")),
        label=values[0] if len(values) == 1 else None,
        explanation=as_text(comments[0]) if len(comments) == 1 else None,
        evaluator=_EVALUATORS.get(sources.pop()) if len(sources) == 1 else None,
    )


def _score(value: Any) -> float | None:
    return int(value) if isinstance(value, bool) else as_number(value)


def _runs(document: Any) -> Iterator[tuple[str, Object]]:
    """The runs, each with its place, those inside others too."""
    waiting = [(f"runs[{index}]", item) for index, item in enumerate(each_of(document, "runs")) if not _is_feedback(item)][::-1]
    while waiting:
        place, sent = waiting.pop()
        run = structures(sent, *_STRUCTURES, read=framed)
        yield place, run
        waiting += [(f"child_runs of {run.get('id')}", as_object(child)) for child in reversed(as_list(run.get("child_runs")))]


def _trail(run: Object) -> list[str]:
    return _RUN_ID.findall(str(run.get("dotted_order", "")))


def _trace_of(run: Object) -> str:
    return _trace_id(first_text(run.get("trace_id"), *_trail(run)[:1]) or str(run.get("id")))


def _trace_id(text: str) -> str:
    return text.replace("-", "").lower()


def _span(run: Object) -> Span:
    run_id = _span_id(run.get("id"))
    parents = as_list(run.get("parent_run_ids"))
    parent = first_text(run.get("parent_run_id"), *_trail(run)[-2:-1], *parents[-1:])
    error = as_text(run.get("error"))
    bounded = Bounded()
    attributes = bounded.json(_attributes(run))
    return Span(
        trace_id=_trace_of(run),
        span_id=run_id,
        name=as_text(run.get("name")) or "",
        parent_span_id=None if parent is None else _span_id(parent),
        start_ns=bounded.instant_ns(nanoseconds(run.get("start_time")), "start"),
        end_ns=bounded.instant_ns(nanoseconds(run.get("end_time")), "end"),
        attributes=attributes,
        status="error" if error is not None or run.get("status") == "error" else "unset",
        status_message=error,
        scope=Scope("langsmith"),
        notes=tuple(bounded.notes),
    )


_RUN_ID: Final = re.compile(r"Z([0-9a-fA-F-]{36})")
"""The ids in `dotted_order`, of the root first: `20230914T223155647Z1b64098b-….20230914T223155649Z809ed3a2-…`."""


def _span_id(run_id: Any) -> str:
    """The id of the span that a run was; LangSmith's own of any other run."""
    text = str(run_id).lower()
    return text.removeprefix(_OF_A_SPAN).replace("-", "") if text.startswith(_OF_A_SPAN) else text


_OF_A_SPAN: Final = "00000000-0000-0000-"


def _attributes(run: Object) -> Object:
    """As the SDK's exporter names them; what it does not export stands under `langsmith.run.`."""
    extra = object_in(run.get("extra"))
    metadata = as_object(extra.get("metadata"))
    invocation = dict(as_object(extra.get("invocation_params")))
    models = [invocation.pop(name, None) for name in ("model", "model_name")]
    first_token_ms = between_ms(run.get("start_time"), _first_token_at(run))
    told: Object = {
        "langsmith.span.kind": run.get("run_type"),
        "langsmith.trace.name": run.get("name"),
        "langsmith.trace.session_id": run.get("session_id"),
        "langsmith.span.tags": run.get("tags"),
        "gen_ai.prompt": run.get("inputs"),
        "gen_ai.completion": run.get("outputs"),
        "gen_ai.request.model": first_text(metadata.get("ls_model_name"), *models),
        "gen_ai.response.time_to_first_chunk": None if first_token_ms is None else first_token_ms / 1000,
        "gen_ai.usage.cost": as_number(run.get("total_cost")) or None,  # 0 where LangSmith knows no price
    }
    told |= _usage(run)
    if invocation and "invocation_params" not in metadata:
        told["langsmith.metadata.invocation_params"] = invocation
    told |= {f"langsmith.metadata.{name}": value for name, value in metadata.items()}
    told |= {f"langsmith.run.extra.{name}": value for name, value in extra.items() if name not in ("metadata", "invocation_params")}
    told |= {f"langsmith.run.{name}": framed(value) for name, value in run.items() if name not in _READ}
    return without_absent(told)


_READ: Final = frozenset(
    [
        "id",
        "trace_id",
        "parent_run_id",
        "parent_run_ids",
        "child_run_ids",
        "direct_child_run_ids",
        "child_runs",
        "name",
        "run_type",
        "start_time",
        "end_time",
        "first_token_time",
        "inputs",
        "outputs",
        "inputs_preview",
        "outputs_preview",
        "extra",
        "events",
        "tags",
        "error",
        "session_id",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_token_details",
        "completion_token_details",
        "total_cost",
    ]
)


def _usage(run: Object) -> Object:
    """Counts with their parts inside; LangSmith writes 0 for all of them where it knows none."""
    prompt, completion, total = (as_count(run.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if not (prompt or completion or total):
        return {}
    of_prompt, of_completion = object_in(run.get("prompt_token_details")), object_in(run.get("completion_token_details"))
    parts = langchain_tokens({"input_token_details": of_prompt, "output_token_details": of_completion})
    return {
        "gen_ai.usage.input_tokens": prompt,
        "gen_ai.usage.output_tokens": completion,
        "gen_ai.usage.total_tokens": total,
        "gen_ai.usage.cache_read.input_tokens": parts.cached,
        "gen_ai.usage.cache_write.input_tokens": parts.cache_write,
        "gen_ai.usage.audio.input_tokens": parts.input_audio,
        "gen_ai.usage.reasoning.output_tokens": parts.reasoning,
        "gen_ai.usage.audio.output_tokens": parts.output_audio,
    }


def _first_token_at(run: Object) -> Any:
    """When the first token came: told, or the time of the first event that is one."""
    if run.get("first_token_time"):
        return run["first_token_time"]
    events = map(as_object, as_list(run.get("events")))
    return next((event.get("time") for event in events if event.get("name") == "new_token"), None)
