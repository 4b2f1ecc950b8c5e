"""Spans exported from Phoenix."""

from __future__ import annotations

import pytest

from generations.wire.detect import PHOENIX
from generations.wire.phoenix_export import recognises, telemetry_of

from .exports import MESSAGES, a_row_of_phoenix, a_span_of_phoenix, an_agent_of_phoenix, an_annotation_of_phoenix

TRACE, SPAN, PARENT = "a" * 32, "2" * 16, "1" * 16


def only(*items):
    [record] = PHOENIX.records({"data": list(items)})
    return record


def test_a_span_of_kind_llm_becomes_a_record_and_the_agent_around_it_does_not():
    record = only(a_row_of_phoenix(), an_agent_of_phoenix())

    assert record == {
        "id": f"{TRACE}-{SPAN}",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4o-2024-08-06", "version": "gpt-4o-2024-08-06", "provider": "openai"},
        "input": {"type": "text", "content": MESSAGES, "tokens": 12},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5},
        "parameters": {"temperature": 0.5},
        "usage": {"promptTokens": 12, "completionTokens": 5, "totalTokens": 17, "cachedTokens": 4},
        "performance": {"latency": 2000, "timeToFirstToken": 150},
        "status": "success",
        "metadata": {
            "sessionId": "s-3",
            "agentId": "quiz master",
            "traceId": TRACE,
            "spanId": SPAN,
            "parentSpanId": PARENT,
            "team": "rivers",
            "otel": {
                "dialect": "openinference",
                "name": "ChatCompletion",
                "kind": "unspecified",
                "attributes": {"phoenix": {"cumulative_error_count": 0}},
            },
        },
    }


def test_the_api_and_the_frame_give_the_same_record():
    row = a_row_of_phoenix()
    del row["cumulative_error_count"]

    assert only(a_span_of_phoenix()) == only(row)


def test_the_api_with_the_names_of_otlp_is_read_as_otlp():
    span = {
        "trace_id": TRACE,
        "span_id": SPAN,
        "name": "ChatCompletion",
        "start_time_unix_nano": 1740823200000000000,
        "end_time_unix_nano": 1740823202000000000,
        "status": {"code": 2, "message": "Slow down."},
        "attributes": [
            {"key": "openinference.span.kind", "value": {"string_value": "LLM"}},
            {"key": "llm.model_name", "value": {"string_value": "gpt-4o"}},
            {"key": "llm.token_count.prompt", "value": {"int_value": 12}},
        ],
    }

    record = only(span)

    assert recognises({"data": [span], "next_cursor": None})
    assert (record["id"], record["model"]["id"], record["usage"]) == (f"{TRACE}-{SPAN}", "gpt-4o", {"promptTokens": 12})
    assert (record["status"], record["error"]) == ("error", {"message": "Slow down."})


def test_cells_of_csv_hold_the_lists_of_a_data_frame_in_pythons_notation():
    row = {name: value if isinstance(value, str) else str(value) for name, value in a_row_of_phoenix().items()}
    del row["cumulative_error_count"]

    assert only(row) == only(a_span_of_phoenix())


@pytest.mark.parametrize("start", ["2025-03-01 10:00:00+00:00", "2025-03-01T10:00:00", 1740823200000, 1740823200000000000])
def test_instants_are_read_as_frames_write_them(start):
    assert only(a_row_of_phoenix(start_time=start))["timestamp"] == "2025-03-01T10:00:00.000000Z"


def test_what_was_said_stays_text_also_where_it_looks_like_json():
    messages = "[{'message.role': 'user', 'message.content': '{\"a\": 1}'}]"

    assert only(a_row_of_phoenix(**{"attributes.llm.input_messages": messages}))["input"]["content"][0]["content"] == '{"a": 1}'


def test_annotations_are_evals_or_what_people_said():
    by_a_person = an_annotation_of_phoenix(name="note", annotator_kind="HUMAN", result={"explanation": "Nice"})

    record = only(a_row_of_phoenix(), an_annotation_of_phoenix(), by_a_person)

    assert record["evals"]["relevance"] == {
        "score": 0.9,
        "label": "relevant",
        "explanation": "To the point.",
        "evaluator": "LLM",
        "id": "U3BhbkFubm90YXRpb246MQ==",
        "source": "API",
        "metadata": {"judge": "gpt-4o"},
        "timestamp": "2025-03-01T12:00:00.000000Z",
    }
    assert record["feedback"] == {"comment": "Nice", "categories": ["note"], "timestamp": "2025-03-01T12:00:00.000000Z"}


@pytest.mark.parametrize(
    "annotation",
    [
        {"context.span_id": "2" * 16, "annotation_name": "tone", "annotator_kind": "CODE", "result.score": 0.5, "result.label": "kind"},
        {"span_id": "2" * 16, "name": "tone", "annotator_kind": "CODE", "score": 0.5, "label": "kind", "metadata": "{}"},
        {"span_id": "1" * 16, "name": "tone", "annotator_kind": "CODE", "result": "{'score': 0.5, 'label': 'kind'}"},
        {"trace_id": "a" * 32, "name": "tone", "annotator_kind": "CODE", "result": {"score": 0.5, "label": "kind"}},
    ],
)
def test_annotations_are_read_in_every_form_and_those_around_a_call_are_of_it(annotation):
    assert recognises(annotation)
    assert only(an_agent_of_phoenix(), a_row_of_phoenix(), annotation)["evals"] == {
        "tone": {"score": 0.5, "label": "kind", "evaluator": "CODE"}
    }


def test_annotations_may_stand_with_their_span():
    own = {"name": "tone", "annotator_kind": "CODE", "result": {"score": 0.5}}

    for span in (a_row_of_phoenix(annotations=[own]), a_span_of_phoenix(annotations=[own])):
        assert only(span)["evals"] == {"tone": {"score": 0.5, "evaluator": "CODE"}}
        assert "annotations" not in only(span)["metadata"]["otel"].get("attributes", {}).get("phoenix", {})


def test_spans_without_ids_are_refused_with_their_places_and_cost_no_other():
    nameless = {name: value for name, value in a_row_of_phoenix().items() if not name.startswith("context.")}

    telemetry = telemetry_of({"data": [a_row_of_phoenix(), nameless, None]})

    assert [span.span_id for span in telemetry.spans] == [SPAN]
    assert telemetry.refused == tuple(f"data[{index}]: a span names itself and its trace" for index in (1, 2))


def test_a_name_that_is_too_long_is_left_out_with_all_that_is_below_it():
    """Each of them would repeat it."""
    row = a_row_of_phoenix()
    row["attributes.llm.invocation"] = {"x" * 10_000: {str(index): index for index in range(10_000)}}

    [span] = telemetry_of(row).spans

    assert not any(len(name) > 1024 for name in span.attributes)
    assert span.notes == ("attributes with a name of more than 1024 characters were ignored",)
