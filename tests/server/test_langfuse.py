"""What Langfuse's SDKs send beside OTLP: the older ingestion and scores, over HTTP."""

from __future__ import annotations

import json

import pytest

from tests.wire.test_langfuse_ingestion import AGENT, CREATE, SPAN, TRACE, UPDATE, event


def ingest(http, *events: dict):
    answer = http.post("/api/public/ingestion", json={"batch": list(events), "metadata": {"batch_size": len(events)}})
    assert answer.status_code == 207, answer.text
    return answer.json()


def record(http, id: str = "t-g") -> dict:
    return http.get(f"/api/generations/{id}").json()


def score(**fields) -> dict:
    return {"id": "s-1", "traceId": "t", "observationId": "g", "name": "user-feedback", "value": 1, "dataType": "BOOLEAN"} | fields


def test_events_of_one_generation_are_merged_across_requests_whatever_their_order(http):
    told = ingest(http, UPDATE)
    before = record(http)
    for one in (SPAN, CREATE, AGENT, TRACE):
        ingest(http, one)
    found = record(http)

    assert told == {"successes": [{"id": "e-update", "status": 201}], "errors": []}
    assert (before["output"]["content"], before["model"]["id"]) == ("Hello!", "unknown")
    assert (found["model"]["id"], found["metadata"]["userId"], found["metadata"]["agentId"]) == ("gpt-4o", "ann", "planner")
    assert found["performance"]["latency"] == 2000
    assert [one["name"] for one in found["metadata"]["langfuse"]["around"]] == ["planner", "retrieve"]
    assert found["usage"]["cost"] == 0.001
    assert "notes" not in found["metadata"]


def test_a_batch_that_is_sent_again_adds_nothing_and_takes_nothing_back(http):
    ingest(http, TRACE, CREATE, UPDATE)
    http.patch("/api/generations/t-g", json={"$set": {"metadata.reviewed": True, "output.content": "Mended."}})

    ingest(http, TRACE, CREATE, UPDATE)

    found = record(http)
    assert (found["output"]["content"], found["metadata"]["reviewed"]) == ("Mended.", True)
    assert http.get("/api/generations", params={"count": "true"}).json()["totalDocs"] == 1


def test_one_bad_event_costs_no_other_and_is_told_by_its_id(http):
    bad = event("generation-create", "no body", id="bad")
    told = ingest(http, TRACE, bad, {"type": "x"}, CREATE, {"id": "log", "type": "sdk-log", "timestamp": "now", "body": {}})

    assert [one["id"] for one in told["successes"]] == ["e-trace", "e-create", "log"]
    assert [(one["id"], one["status"]) for one in told["errors"]] == [("bad", 400), ("", 400)]
    assert "body" in told["errors"][0]["error"]
    assert record(http)["model"]["id"] == "gpt-4o"


@pytest.mark.parametrize("first", ["score", "generation"])
def test_scores_of_people_become_feedback_before_and_after_their_generation(http, first):
    steps = [lambda: http.post("/api/public/scores", json=[score(comment="Nice")]), lambda: ingest(http, TRACE, CREATE, UPDATE)]
    answers = [step() for step in (steps if first == "score" else steps[::-1])]
    posted = answers[0 if first == "score" else 1]

    assert (posted.status_code, posted.json()) == (202, {"message": "Accepted"})
    feedback = record(http)["feedback"]
    assert (feedback["thumbs"], feedback["comment"], feedback["categories"]) == ("up", "Nice", ["user-feedback: true"])


def test_scores_of_programs_become_evals(http):
    said = event("score-create", score(name="relevance", value=0.8, dataType="NUMERIC", source="EVAL"), id="e-score")
    assert [one["id"] for one in ingest(http, TRACE, CREATE, said)["successes"]] == ["e-trace", "e-create", "e-score"]

    found = record(http)
    assert (found["evals"]["relevance"]["score"], found["evals"]["relevance"]["evaluator"]) == (0.8, "program")
    assert "feedback" not in found
    assert http.post("/api/generations/count", json={"filter": {"evals.relevance.score": {"$gt": 0.5}}}).json()["count"] == 1


def test_a_score_under_the_same_id_takes_the_place_of_the_one_before(http):
    ingest(http, TRACE, CREATE)
    for value in (0.2, 0.9):
        http.post("/api/public/scores", json=[score(name="quality", value=value, dataType="NUMERIC", source="EVAL")])

    assert {name: one["score"] for name, one in record(http)["evals"].items()} == {"quality": 0.9}


def test_a_score_of_a_trace_is_of_its_last_generation(http):
    later = event("generation-create", {**CREATE["body"], "id": "later", "startTime": "2025-03-01T11:00:00Z"})
    http.post("/api/public/scores", json=score(observationId=None))
    ingest(http, TRACE, later, CREATE)

    assert "feedback" not in record(http)
    assert record(http, "t-later")["feedback"]["thumbs"] == "up"


def test_a_score_of_what_is_around_generations_is_of_the_last_inside_it(http):
    beside = event("generation-create", {"id": "beside", "traceId": "t", "model": "m", "startTime": "2025-03-01T11:00:00Z"})
    http.post("/api/public/scores", json=score(observationId="outer"))
    ingest(http, TRACE, AGENT, SPAN, CREATE, beside)

    assert record(http)["feedback"]["thumbs"] == "up"
    assert "feedback" not in record(http, "t-beside")


def test_what_several_people_said_is_one_feedback(http):
    ingest(http, TRACE, CREATE)
    at = "2025-03-01T10:00:0{}Z"
    several = [
        score(id="a", name="rating", value=4, dataType="NUMERIC", timestamp=at.format(1)),
        score(id="b", name="rating", value=5, dataType="NUMERIC", timestamp=at.format(2)),
        score(id="c", comment="Nice", timestamp=at.format(3)),
        score(id="d", name="tone", value="warm", dataType="CATEGORICAL", timestamp=at.format(4)),
    ]
    http.post("/api/public/scores", json=several)

    assert record(http)["feedback"] == {
        "rating": 5,
        "thumbs": "up",
        "comment": "Nice",
        "categories": ["tone: warm", "user-feedback: true", "rating"],
        "timestamp": "2025-03-01T10:00:04.000000Z",
    }


def test_scores_reach_generations_that_came_over_otlp_or_in_our_own_form(http):
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
    ]
    times = {"startTimeUnixNano": "1740823200000000000", "endTimeUnixNano": "1740823201000000000"}
    span = {"traceId": trace_id, "spanId": span_id, "name": "chat m", "attributes": attributes, **times}
    http.post("/api/public/otel/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    http.post("/api/generations", json={"id": "own", "model": {"id": "m"}, "metadata": {"traceId": "own-trace"}})

    http.post(
        "/api/public/scores",
        json=[score(traceId=trace_id, observationId=span_id), score(id="s-2", traceId="own-trace", observationId=None)],
    )

    assert record(http, f"{trace_id}-{span_id}")["feedback"]["thumbs"] == "up"
    assert record(http, "own")["feedback"]["thumbs"] == "up"


def test_bad_scores_cost_no_others(http):
    ingest(http, TRACE, CREATE)
    several = http.post("/api/public/scores", json=[score(), score(id="s-2", name=""), 7, score(id="s-3", traceId=None, sessionId="s")])
    single = http.post("/api/public/scores", json=score(value="high"))

    assert (several.status_code, several.json()["accepted"], several.json()["rejected"]) == (207, 1, 3)
    assert len(several.json()["errors"]) == 3
    assert (single.status_code, single.json()["code"]) == (400, "invalid_input")
    assert record(http)["feedback"]["thumbs"] == "up"


@pytest.mark.parametrize("path", ["ingestion", "scores"])
@pytest.mark.parametrize("body", [b"", b"text", b'{"batch": 7}', b'{"a":' + b"[" * 100_000, b"\xff"])
def test_a_body_that_is_neither_gets_the_error_of_langfuse(http, path, body):
    answer = http.post(f"/api/public/{path}", content=body)

    assert answer.status_code == 400
    assert answer.json().keys() == {"message", "error", "code", "requestId"}


def test_a_cut_batch_leaves_the_whole_events_of_it_in_place(http):
    body = json.dumps({"batch": [TRACE, CREATE, UPDATE]})[:-40]

    told = http.post("/api/public/ingestion", content=body).json()

    assert ([one["id"] for one in told["successes"]], len(told["errors"])) == (["e-trace", "e-create"], 1)
    assert record(http)["model"]["id"] == "gpt-4o"


def test_the_key_is_a_password_and_names_the_project(serve_inside):
    with serve_inside() as inside, inside.client() as http:
        key, _ = inside.state.keys.keys.create("mine", ["ingest"])
        inside.state.keys.forget()

        assert http.get("/api/public/projects", auth=("any name", key)).json()["data"][0]["id"] == "mine"
        assert http.get("/api/public/projects", auth=("any name", "wrong")).status_code == 401
        assert http.post("/api/public/ingestion", json={"batch": []}, auth=("any name", key)).json() == {"successes": [], "errors": []}
