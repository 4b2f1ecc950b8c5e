"""Runs exported from LangSmith."""

from __future__ import annotations

import json

import pytest

from generations.wire.detect import LANGSMITH
from generations.wire.langsmith_export import recognises, telemetry_of

from .exports import MESSAGES, RUN, TRACE, a_chain, a_completion, a_feedback_of_langsmith, a_run
from .otlp.payloads import CHAT, a_span
from .otlp.payloads import only as only_span

TRACE_ID = TRACE.replace("-", "")


def only(*runs):
    [record] = LANGSMITH.records({"runs": list(runs)})
    return record


def test_a_run_of_type_llm_becomes_a_record_and_the_chain_around_it_does_not():
    record = only(a_chain(), a_run())
    otel = record["metadata"].pop("otel")

    assert record == {
        "id": f"{TRACE_ID}-{RUN}",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o", "version": "gpt-4o-2024-08-06", "provider": "openai"},
        "input": {"type": "text", "content": MESSAGES, "tokens": 12},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5, "finishReason": "stop"},
        "parameters": {"temperature": 0.5},
        "usage": {
            "promptTokens": 12,
            "completionTokens": 5,
            "totalTokens": 17,
            "cachedTokens": 4,
            "reasoningTokens": 2,
            "cost": 0.00007,
            "currency": "USD",
            "costSource": "reported",
        },
        "performance": {"latency": 2000, "timeToFirstToken": 150},
        "status": "success",
        "metadata": {
            "requestId": "chatcmpl-1",
            "sessionId": "s-3",
            "workflowId": "quiz",
            "traceId": TRACE_ID,
            "spanId": RUN,
            "parentSpanId": TRACE,
            "tags": ["quiz"],
            "ls_model_name": "gpt-4o",
            "ls_provider": "openai",
            "team": "rivers",
        },
    }
    assert otel["attributes"]["langsmith"]["run"]["status"] == "success"


def test_runs_inside_a_run_are_read_too():
    assert only(a_chain(child_runs=[a_run()]))["id"] == f"{TRACE_ID}-{RUN}"


def test_a_call_that_two_runs_describe_is_one_record():
    """A wrapped client inside a chat model: both are of type llm, and both tell what was used."""
    answer = a_completion()
    inner = a_run(
        "00000000-0000-4000-8000-000000000001", parent_run_id=RUN, inputs={"model": "gpt-4o", "messages": MESSAGES}, outputs=answer
    )

    record = only(a_chain(), a_run(), inner)

    assert record["id"] == f"{TRACE_ID}-00000000-0000-4000-8000-000000000001"
    assert record["usage"]["totalTokens"] == 17
    assert [outer["spanId"] for outer in record["metadata"]["otel"]["outerSpans"]] == [RUN]


def test_a_run_that_came_over_opentelemetry_has_the_id_of_its_span():
    """LangSmith makes the id of such a run of eight zero bytes and the id of the span."""
    around = "00000000-0000-0000-00f0-67aa0ba902b7"
    span = a_span("b7ad6b7169203331", trace_id=TRACE_ID, attributes=CHAT)

    record = only(a_chain(id=around), a_run("00000000-0000-0000-B7AD-6b7169203331", parent_run_id=around))

    assert record["id"] == only_span(span)["id"]
    assert (record["metadata"]["spanId"], record["metadata"]["parentSpanId"]) == ("b7ad6b7169203331", "00f067aa0ba902b7")
    assert record["metadata"]["workflowId"] == "quiz"


def test_parents_are_told_by_the_dotted_order_where_nothing_else_tells_them():
    run = a_run()
    del run["parent_run_id"], run["trace_id"]

    metadata = only(run)["metadata"]

    assert (metadata["traceId"], metadata["parentSpanId"]) == (TRACE_ID, TRACE)


def test_cells_of_a_table_hold_json_or_what_a_data_frame_writes():
    structured = ("inputs", "outputs", "extra", "tags")
    as_json = a_run() | {name: json.dumps(a_run()[name]) for name in structured}
    as_python = a_run() | {name: str(a_run()[name]) for name in structured}

    assert only(as_json) == only(as_python) == only(a_run())


def test_counts_of_the_run_stand_in_where_the_outputs_have_none():
    outputs = {"generations": [[{"text": "The Vltava."}]]}
    details = {"prompt_token_details": {"cache_read": 4}, "completion_token_details": {"reasoning": 2}}

    usage = only(a_run(outputs=outputs, **details))["usage"]

    assert (usage["promptTokens"], usage["cachedTokens"], usage["completionTokens"], usage["reasoningTokens"]) == (12, 4, 5, 2)


def test_zeros_for_unknown_counts_and_costs_are_left_out():
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "total_cost": "0"}

    assert "usage" not in only(a_run(outputs={"generations": [[{"text": "?"}]]}, **nothing))


def test_what_anthropic_wrote_to_its_cache_is_counted_where_only_the_parts_tell_it():
    details = {"cache_read": 2, "cache_creation": 0, "ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 0}

    usage = only(a_run(outputs={"output": "!"}, prompt_token_details=details))["usage"]

    assert (usage["promptTokens"], usage["cachedTokens"], usage["cacheWriteTokens"]) == (12, 2, 3)


def test_runs_without_an_id_are_refused_with_their_places_and_cost_no_other():
    telemetry = telemetry_of({"runs": [a_run(), a_run(None), 5, a_run("b", child_runs=[{"name": "inside"}])]})

    assert [span.span_id for span in telemetry.spans] == [RUN, "b"]
    assert telemetry.refused == ("runs[1]: a run has an id", "runs[2]: a run has an id", "child_runs of b: a run has an id")


def test_a_failed_run_is_an_error():
    record = only(a_run(outputs=None, error="RateLimitError('slow down')", status="error"))

    assert (record["status"], record["error"]) == ("error", {"type": "RateLimitError", "message": "slow down"})


def test_feedback_is_an_eval_or_what_people_said_by_its_source():
    by_a_person = {"key": "thumbs", "score": True, "feedback_source": {"type": "app"}, "comment": "Good"}

    record = only(a_run(), a_feedback_of_langsmith(), a_feedback_of_langsmith(**by_a_person))

    assert record["evals"]["relevance"] == {
        "score": 0.9,
        "explanation": "To the point.",
        "evaluator": "model",
        "id": "f1a2c3d4-0000-4000-8000-000000000000",
        "feedback_source": {"type": "model", "metadata": {"judge": "gpt-4o"}},
        "timestamp": "2025-03-01T12:00:00.000000Z",
    }
    assert record["feedback"]["thumbs"] == "up"
    assert record["feedback"]["comment"] == "Good"


def test_a_summary_says_what_was_given_once_and_nothing_of_what_was_given_more_often():
    stats = {
        "helpful": {"n": 1, "avg": 1.0, "values": {}, "comments": ["Yes"], "sources": ['{"type": "app"}']},
        "tone": {"n": 1, "avg": None, "values": {"kind": 1}, "comments": []},
        "relevance": {"n": 3, "avg": 0.5},
        "mood": {"n": 1, "avg": 0.2, "contains_thread_feedback": True},
    }

    record = only(a_run(feedback_stats=stats))

    assert record["feedback"] == {"comment": "Yes", "categories": ["helpful"]}
    assert record["evals"] == {"tone": {"label": "kind"}}


def test_feedback_itself_goes_before_its_summary():
    run = a_run(feedback_stats={"relevance": {"n": 1, "avg": 0.9}})

    assert list(only(run, a_feedback_of_langsmith())["evals"]) == ["relevance"]


@pytest.mark.parametrize("document", [a_run(), a_chain(), a_feedback_of_langsmith(), {"runs": [a_run()], "cursors": {}}])
def test_runs_of_any_type_and_pages_of_them_are_recognised(document):
    assert recognises(document)
