"""Langfuse trace exports."""

from __future__ import annotations

import json

import pytest

from generations.errors import InvalidInput
from generations.wire.langfuse_export import pieces, read, recognises, records

from .payloads import a_span, an_export, an_observation


def only(document):
    [record] = records(document)
    return record


def test_a_generation_becomes_one_record_with_what_it_says():
    record = only(an_export(an_observation(parentObservationId="a1"), userId="u-9", sessionId="s-3", tags=["quiz"]))

    assert record["id"] == "t1-b1"
    assert record["timestamp"] == "2025-03-01T10:00:00.000Z"
    assert record["model"] == {"id": "gpt-4"}
    assert record["input"] == {
        "type": "text",
        "content": [{"role": "user", "content": "Which river runs through Prague?"}],
        "tokens": 12,
    }
    assert record["output"] == {"type": "text", "content": {"role": "assistant", "content": "The Vltava."}, "tokens": 5}
    assert record["performance"] == {"latency": 2500}
    assert record["status"] == "success"
    expected = {"userId": "u-9", "sessionId": "s-3", "functionId": "river quiz", "tags": ["quiz"]}
    expected |= {"traceId": "t1", "spanId": "b1", "parentSpanId": "a1"}
    assert {key: value for key, value in record["metadata"].items() if key != "langfuse"} == expected


def test_spans_tools_and_agents_are_no_generations():
    """They repeat the usage of the calls inside them."""
    document = an_export(a_span("a1", usageDetails={"input": 12}), an_observation("b1"), an_observation("c1", type="AGENT"))

    assert [record["id"] for record in records(document)] == ["t1-b1"]


def test_a_second_reading_gives_the_same_records():
    document = an_export(an_observation("b1"), an_observation("b2"))

    assert list(records(document)) == list(records(document))
    assert len({record["id"] for record in records(document)}) == 2


def test_a_generation_around_another_one_names_it():
    """Two instrumentations of one call are told apart, at any depth, so that a sum can leave the outer one out."""
    outer, span, inner = an_observation("o"), a_span("s", parentObservationId="o"), an_observation("i", parentObservationId="s")

    by_id = {record["id"]: record for record in records(an_export(outer, span, inner))}

    assert by_id["t1-o"]["metadata"]["langfuse"]["innerGenerations"] == ["t1-i"]
    assert "innerGenerations" not in by_id["t1-i"]["metadata"]["langfuse"]


def test_observations_that_name_each_other_as_parents_do_not_hang():
    first, second = an_observation("x", parentObservationId="y"), an_observation("y", parentObservationId="x")

    assert len(list(records(an_export(first, second)))) == 2


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"input": 12, "output": 5, "total": 17}, {"promptTokens": 12, "completionTokens": 5, "totalTokens": 17}),
        (
            {"input": 80, "input_cached_tokens": 20, "output": 10, "output_reasoning_tokens": 30, "total": 140},
            {"promptTokens": 100, "completionTokens": 40, "totalTokens": 140, "cachedTokens": 20, "reasoningTokens": 30},
        ),
        (
            {"input": 100, "prompt_details.cache_read": 20, "output": 40, "completion_details.reasoning": 30, "total": 140},
            {"promptTokens": 100, "completionTokens": 40, "totalTokens": 140, "cachedTokens": 20, "reasoningTokens": 30},
        ),
        (
            {"input": 100, "input_cache_read": 20, "output": 40, "output_reasoning": 30, "total": 140},
            {"promptTokens": 100, "completionTokens": 40, "totalTokens": 140, "cachedTokens": 20, "reasoningTokens": 30},
        ),
        (
            {"input": 3, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50, "output": 7},
            {"promptTokens": 153, "completionTokens": 7, "cachedTokens": 100, "cacheWriteTokens": 50},
        ),
        (
            {"input": 4, "output": 6, "input_audio": 2, "output_audio": 1, "total": 13},
            {
                "promptTokens": 6,
                "completionTokens": 7,
                "totalTokens": 13,
                "audioTokens": 3,
                "inputAudioTokens": 2,
                "outputAudioTokens": 1,
            },
        ),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": 9}, "input_cached_tokens": 4},
            {"promptTokens": 13, "cachedTokens": 4},
        ),
        ({"total": 9}, {"totalTokens": 9}),
        ({}, None),
    ],
    ids=[
        "plain",
        "beside",
        "inside by name",
        "inside by total",
        "anthropic",
        "audio",
        "words are no part",
        "only a total",
        "nothing known",
    ],
)
def test_tokens_are_counted_once_whatever_the_buckets_mean(details, expected):
    """Parts stand beside the count for Langfuse's own SDKs and inside it for others; the total decides."""
    record = only(an_export(an_observation(usageDetails=details, costDetails={}, totalCost=0)))

    assert record.get("usage") == expected


def test_a_cost_is_reported_only_when_the_sender_gave_it():
    computed = only(an_export(an_observation()))
    reported = only(an_export(an_observation(providedCostDetails={"total": 0.5}, costDetails={"total": 0.5})))
    unknown = only(an_export(an_observation(costDetails={}, totalCost=0)))

    assert computed["usage"]["cost"] == 0.00066
    assert computed["usage"]["currency"] == "USD"
    assert computed["usage"]["costSource"] == "computed"
    assert reported["usage"]["costSource"] == "reported"
    assert "cost" not in unknown["usage"]


def test_the_time_to_the_first_token_is_measured_from_the_start():
    record = only(an_export(an_observation(completionStartTime="2025-03-01T10:00:00.420Z")))

    assert record["performance"] == {"latency": 2500, "timeToFirstToken": 420}


def test_the_exports_own_latency_is_not_trusted():
    """It is in milliseconds in some answers of Langfuse and in seconds in others."""
    assert only(an_export(an_observation(latency=2.5)))["performance"] == {"latency": 2500}
    assert "performance" not in only(an_export(an_observation(endTime=None)))


def test_an_error_has_its_message_and_an_unfinished_call_has_no_status():
    failed = only(an_export(an_observation(level="ERROR", statusMessage="429 Too Many Requests", output=None)))
    unfinished = only(an_export(an_observation(endTime=None)))

    assert failed["status"] == "error"
    assert failed["error"] == {"message": "429 Too Many Requests"}
    assert "output" not in failed
    assert "status" not in unfinished


def test_parameters_get_their_names_and_odd_values_are_kept_aside():
    sent = {"temperature": "0.5", "top_p": 1, "max_tokens": 64, "stop": "END", "seed": 7, "presence_penalty": "high"}
    sent |= {"frequency_penalty": None, "stop_sequences": '{"arrayValue":{}}', "temperature ": 1}
    record = only(an_export(an_observation(modelParameters=sent | {"maxTokens": "many"})))

    assert record["parameters"] == {
        "temperature": 0.5,
        "topP": 1,
        "maxTokens": 64,
        "stopSequences": ["END"],
        "seed": 7,
        "presence_penalty": "high",
        "frequency_penalty": None,
        "stop_sequences": '{"arrayValue":{}}',
        "temperature ": 1,
    }
    assert record["metadata"]["langfuse"]["modelParameters"] == {"maxTokens": "many"}


def test_attributes_of_the_span_tell_provider_agent_and_finish():
    attributes = {
        "gen_ai.system": "OpenAI",
        "gen_ai.response.model": "gpt-4-0613",
        "gen_ai.response.id": "resp-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.conversation.id": "conv-1",
        "gen_ai.agent.name": "guide",
        "user.id": "u-1",
    }
    record = only(an_export(an_observation(metadata={"attributes": attributes, "mine": 1})))

    assert record["model"] == {"id": "gpt-4", "version": "gpt-4-0613", "provider": "openai"}
    assert record["output"]["finishReason"] == "stop"
    assert record["metadata"]["requestId"] == "resp-1"
    assert record["metadata"]["sessionId"] == "conv-1"
    assert record["metadata"]["agentId"] == "guide"
    assert record["metadata"]["userId"] == "u-1"
    assert record["metadata"]["langfuse"]["metadata"] == {"attributes": attributes, "mine": 1}


def test_what_has_no_field_is_kept_and_no_value_is_made_up():
    score = {"name": "toxicity", "value": 0, "source": "EVAL"}
    record = only(an_export(an_observation(promptName="river", environment="prod", somethingNew=[1]), release="v9", scores=[score]))

    kept = record["metadata"]["langfuse"]
    assert kept["promptName"] == "river"
    assert kept["environment"] == "prod"
    assert kept["somethingNew"] == [1]
    assert kept["usageDetails"] == {"input": 12, "output": 5, "total": 17}
    assert kept["trace"] == {"name": "river quiz", "release": "v9", "tags": []}
    assert record["evals"] == {"toxicity": {"score": 0, "evaluator": "program", "source": "EVAL"}}
    assert "feedback" not in record, "an evaluator's score is nobody's feedback"


AT = "2025-03-01T11:00:00.000000Z"


def a_score(**fields):
    """As an export has it."""
    sent = {"id": "s-1", "traceId": "t1", "observationId": None, "name": "tone", "value": 0.5, "stringValue": None, "dataType": "NUMERIC"}
    return sent | {"source": "EVAL", "timestamp": "2025-03-01T11:00:00Z", "projectId": "p-1", "metadata": "{}", "comment": None} | fields


def test_scores_are_feedback_and_evals_of_the_generation_that_they_are_of():
    agent = an_observation("a1", type="AGENT")
    first = an_observation("b1", parentObservationId="a1")
    last = an_observation("b2", startTime="2025-03-01T10:00:09.000Z")
    scores = [
        a_score(),
        a_score(observationId="b1", source="ANNOTATION", name="thumbs", value=1, comment="Good"),
        a_score(observationId="a1", name="plan", dataType="CATEGORICAL", value=None, stringValue="fine"),
    ]

    found = {record["id"]: record for record in records(an_export(agent, first, last, scores=scores))}

    assert found["t1-b2"]["evals"] == {
        "tone": {"score": 0.5, "evaluator": "program", "id": "s-1", "source": "EVAL", "dataType": "NUMERIC", "timestamp": AT}
    }
    assert found["t1-b1"]["feedback"] == {"thumbs": "up", "comment": "Good", "categories": ["thumbs"], "timestamp": AT}
    assert found["t1-b1"]["evals"]["plan"]["label"] == "fine"


def test_scores_that_are_none_of_a_generation_stay_with_the_trace():
    strange = [a_score(dataType="NUMERIC", value="high"), a_score(observationId="elsewhere")]

    record = only(an_export(an_observation(), scores=strange))

    assert record["metadata"]["langfuse"]["trace"]["scores"] == strange
    assert "evals" not in record


def test_what_is_said_of_no_generation_stands_once_however_many_there_are():
    observations = [an_observation(f"b{number}", startTime=f"2025-03-01T10:00:0{number}.000Z") for number in (1, 3, 2)]

    found = records(an_export(*observations, scores=[a_score(observationId="elsewhere")]))

    assert [record["id"] for record in found if "scores" in record["metadata"]["langfuse"]["trace"]] == ["t1-b3"]


@pytest.mark.parametrize("id", [None, 5, ""])
def test_an_observation_without_an_id_is_refused_and_costs_no_other(id):
    document = an_export(an_observation("b1"), an_observation(id), scores=[a_score()])

    refused = [str(piece) for _, piece in pieces(document) if isinstance(piece, InvalidInput)]

    assert only(document)["id"] == "t1-b1"
    assert refused == ["an observation has an id, a text: 1 have none, the first at 1"]


def test_what_an_export_tells_of_a_trace_is_handed_on_once():
    """It may be long, and the pieces of several files wait on disk."""
    document = an_export(*(an_observation(f"b{number}") for number in range(3)), metadata={"about": "x" * 1000})

    assert [bool(trace.get("metadata")) for _, (_, trace) in pieces(document)] == [True, False, False]
    assert all(record["metadata"]["langfuse"]["trace"]["metadata"] for record in records(document))


def test_usage_counted_in_characters_is_kept_but_is_no_token_count():
    record = only(an_export(an_observation(usageDetails=None, costDetails=None, totalCost=None, usage={"input": 9, "unit": "CHARACTERS"})))

    assert "usage" not in record
    assert record["metadata"]["langfuse"]["usage"] == {"input": 9, "unit": "CHARACTERS"}


def test_a_trace_of_the_api_a_page_and_a_single_observation_are_read_as_well():
    trace = {"id": "t1", "name": "river quiz", "userId": "u-1", "observations": [an_observation()]}

    assert only(trace)["metadata"]["userId"] == "u-1"
    assert only({"data": [an_observation()], "meta": {"page": 1}})["id"] == "t1-b1"
    assert only(an_observation(sessionId="s-1"))["metadata"]["sessionId"] == "s-1"


def test_a_generation_without_a_model_is_handed_on_without_one():
    """The importer refuses it with the reason; a model is not made up."""
    assert only(an_export(an_observation(model=None)))["model"] == {}


def a_row(**cells):
    """A row of the export to blob storage, as JSON lines have it."""
    row = {
        "id": "b1",
        "trace_id": "t1",
        "project_id": "p1",
        "type": "GENERATION",
        "name": "chat",
        "start_time": "2025-03-01 10:00:00.000000",
        "end_time": "2025-03-01 10:00:02.500000",
        "completion_start_time": "2025-03-01 10:00:00.150000",
        "level": "DEFAULT",
        "input": '[{"role": "user", "content": "Which river runs through Prague?"}]',
        "output": "The Vltava.",
        "metadata": {"attributes": '{"gen_ai.system": "OpenAI"}'},
        "provided_model_name": "gpt-4",
        "model_parameters": '{"temperature": 0.5}',
        "usage_details": {"input": "12", "output": "5", "total": "17"},
        "cost_details": {"input": 0.00036, "output": 0.0003, "total": 0.00066},
        "user_id": "u-9",
        "session_id": "s-3",
        "trace_name": "river quiz",
        "tags": ["quiz"],
    }
    return row | cells


def test_a_row_of_the_export_to_blob_storage_becomes_a_record():
    record = only(a_row())
    langfuse = record["metadata"].pop("langfuse")

    assert record == {
        "id": "t1-b1",
        "timestamp": "2025-03-01T10:00:00.000000Z",
        "model": {"id": "gpt-4", "provider": "openai"},
        "input": {"type": "text", "content": [{"role": "user", "content": "Which river runs through Prague?"}], "tokens": 12},
        "output": {"type": "text", "content": "The Vltava.", "tokens": 5},
        "parameters": {"temperature": 0.5},
        "usage": {
            "promptTokens": 12,
            "completionTokens": 5,
            "totalTokens": 17,
            "cost": 0.00066,
            "currency": "USD",
            "costSource": "computed",
        },
        "performance": {"latency": 2500, "timeToFirstToken": 150},
        "status": "success",
        "metadata": {
            "userId": "u-9",
            "sessionId": "s-3",
            "functionId": "river quiz",
            "traceId": "t1",
            "spanId": "b1",
            "tags": ["quiz"],
        },
    }
    assert (langfuse["projectId"], langfuse["name"]) == ("p1", "chat")


def test_the_second_version_of_the_api_and_csv_give_the_same_record():
    """The API hands out inputs as text unless it is asked to parse them; in CSV every cell is text."""
    camel = {"".join(part if index == 0 else part.capitalize() for index, part in enumerate(name.split("_"))): name for name in a_row()}
    of_the_api = {name: a_row()[snake] for name, snake in camel.items()}
    of_csv = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in of_the_api.items()}

    assert recognises({"data": [of_the_api], "meta": {"cursor": None}})
    assert list(records({"data": [of_the_api], "meta": {"cursor": None}})) == [only(a_row())]
    assert only(of_csv | {"parentObservationId": ""}) == only(a_row())


def test_embeddings_are_calls_of_a_model_too():
    assert only(an_export(an_observation(type="EMBEDDING")))["id"] == "t1-b1"


def test_counts_of_older_tables_stand_in_columns_of_their_own():
    row = a_row(promptTokens="12", completionTokens="5", totalTokens="17")
    del row["usage_details"]

    assert only(row)["usage"]["totalTokens"] == 17


def test_rows_of_one_trace_name_the_generations_inside_them():
    outer, inner = a_row(id="o"), a_row(id="i", parent_observation_id="o")
    found = [piece for row in (outer, inner) for _, piece in pieces(row)]

    assert [record["metadata"]["langfuse"].get("innerGenerations") for record in read(found)] == [["t1-i"], None]
