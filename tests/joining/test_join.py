"""Pieces of traces become records: whatever the order, the requests and the processes in which they come."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from generations.joining.join import Joined, keep, make, write
from generations.joining.pieces import Told, evaluation_piece, settling_piece, told_by
from generations.record.encode import MAX_BYTES
from generations.store.collection import Collection
from generations.store.store import Store
from generations.wire.otlp.evaluations import Evaluation
from generations.wire.otlp.telemetry import LogRecord, Span, Telemetry
from generations.wire.otlp.trace import read_traces
from tests.wire.otlp.payloads import CHAT, START_NS, a_chat, a_log, a_span, an_event

AGENT, STEP, CHAT_ID = "00000000000000a1", "00000000000000b2", "b7ad6b7169203331"
DETAILS = "gen_ai.client.inference.operation.details"


@pytest.fixture
def store(engine, project) -> Store:
    return Store(engine, project)


@pytest.fixture
def records(store) -> Collection:
    return Collection(store)


@pytest.fixture
def trace_id() -> str:
    return uuid.uuid4().hex


def took(store: Store, *told: Span | LogRecord | Evaluation | Told) -> Joined:
    """Take one request."""
    spans = tuple(one for one in told if isinstance(one, Span))
    logs = tuple(one for one in told if isinstance(one, LogRecord))
    pieces = told_by(Telemetry(spans, logs))
    pieces += [evaluation_piece(one) for one in told if isinstance(one, Evaluation)]
    pieces += [one for one in told if isinstance(one, Told)]
    return took_pieces(store, pieces)


def took_pieces(store: Store, pieces: list[Told], max_record_bytes: int = MAX_BYTES) -> Joined:
    return write(store, make(store, keep(store, pieces), max_record_bytes), max_record_bytes)


def a_trace(trace_id: str) -> list[Span | LogRecord]:
    """An agent, a step of it seen by a framework, the call in that seen by a client, and what events tell of the call."""
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner", "user.id": "user-1"}
    result = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.8}
    return [
        a_span(AGENT, trace_id=trace_id, name="invoke_agent planner", attributes=agent),
        a_chat(STEP, trace_id=trace_id, parent_span_id=AGENT, scope="framework", attributes={"framework.step": 3}),
        a_chat(trace_id=trace_id, parent_span_id=STEP, ms=200),
        a_log("gen_ai.user.message", {"content": "Hi"}, trace_id=trace_id, ms=1),
        a_log("gen_ai.choice", {"index": 0, "message": {"content": "Hello"}}, trace_id=trace_id, ms=2),
        a_log(DETAILS, {}, trace_id=trace_id, ms=3, attributes={"gen_ai.request.seed": 7}),
        a_log("gen_ai.evaluation.result", None, trace_id=trace_id, ms=4, attributes=result),
    ]


def expected(told: list[Span | LogRecord]) -> list[dict]:
    """What the pure reading of the whole makes of it."""
    reading = read_traces([one for one in told if isinstance(one, Span)], [one for one in told if isinstance(one, LogRecord)])
    return list(reading.records)


def as_told(found: dict) -> dict:
    """A stored record without what the store derives and keeps itself."""
    found = {name: value for name, value in found.items() if name not in ("createdAt", "updatedAt")}
    found["usage"] = {name: value for name, value in found["usage"].items() if name != "totalTokens"}
    found["performance"] = {name: value for name, value in found["performance"].items() if name != "tokensPerSecond"}
    found["evals"] = {name: {**one, "timestamp": None} for name, one in found["evals"].items()}
    return found | {"timestamp": None}


def told(found: dict) -> dict:
    return {**found, "timestamp": None, "evals": {name: {**one, "timestamp": None} for name, one in found["evals"].items()}}


@settings(
    max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.permutations(range(7)), st.lists(st.integers(1, 6), max_size=6, unique=True), st.booleans())
def test_the_order_of_arrival_makes_no_difference(records, store, order, cuts, is_resent) -> None:
    """In one request or several, each of them once or twice."""
    pieces = a_trace(uuid.uuid4().hex)
    shuffled = [pieces[index] for index in order]
    bounds = [0, *sorted(cuts), 7]
    requests = [shuffled[start:end] for start, end in pairwise(bounds)]

    for request in requests + (requests if is_resent else []):
        took(store, *request)

    found = records.find({"metadata.traceId": pieces[0].trace_id}).to_list()
    assert [as_told(one) for one in found] == [told(one) for one in expected(pieces)]


def test_what_comes_at_once_is_written_once(records, store, trace_id) -> None:
    joined = took(store, *a_trace(trace_id))

    assert joined.added == [f"{trace_id}-{CHAT_ID}"]
    assert len(records.history(joined.added[0])) == 1


def test_a_retry_adds_nothing(records, store, trace_id) -> None:
    took(store, *a_trace(trace_id))

    joined = took(store, *a_trace(trace_id))

    assert (joined.added, joined.changed, joined.removed) == ([], [], [])
    assert len(records.history(f"{trace_id}-{CHAT_ID}")) == 1


def test_equal_events_of_one_request_are_two(records, store, trace_id) -> None:
    said = a_log("gen_ai.user.message", {"content": "yes"}, trace_id=trace_id)
    took(store, said, said)
    took(store, said, said)
    took(store, a_chat(trace_id=trace_id))

    (found,) = records.find({}).to_list()
    assert [message["content"] for message in found["input"]["content"]] == ["yes", "yes"]


def test_what_people_did_meanwhile_stays(records, store, trace_id) -> None:
    """Feedback, a change of what is known by now, and a field of their own."""
    _, step, chat, *logs = a_trace(trace_id)
    id = chat.key
    took(store, chat)
    records.add_feedback(id, thumbs="up", comment="good")
    records.update_one({"id": id}, {"$set": {"metadata.reviewed": True, "usage.completionTokens": 6}})

    joined = took(store, step, *logs)

    found = records.get(id)
    assert joined.changed == [id]
    assert (found["feedback"]["comment"], found["metadata"]["reviewed"], found["usage"]["completionTokens"]) == ("good", True, 6)
    assert (found["output"]["content"], found["parameters"]["seed"]) == ("Hello", 7)
    assert [version.change for version in records.history(id)] == ["update", "update", "feedback", "insert"]


def test_what_was_derived_follows_what_is_known(records, store, trace_id) -> None:
    """The span comes after the event, with another count."""
    took(store, a_log(DETAILS, {}, trace_id=trace_id, attributes=CHAT), settling_piece(trace_id))
    assert records.find_one({})["usage"]["totalTokens"] == 17

    took(store, a_chat(trace_id=trace_id, attributes={"gen_ai.usage.output_tokens": 8}))

    (found,) = records.find({}).to_list()
    assert (found["usage"]["totalTokens"], found["performance"]["tokensPerSecond"]) == (20, 32)


def test_a_deleted_record_does_not_come_back(records, store, trace_id) -> None:
    """Neither by a retry, nor by the events of its span, nor as the other view of the same call, nor when the wait is over."""
    agent, step, chat, *logs = a_trace(trace_id)
    took(store, agent, step, chat, logs[0])
    records.delete_one({"id": chat.key})

    took(store, agent, step, chat, *logs)
    took(store, settling_piece(trace_id))

    assert records.count_documents({}) == 0


def test_with_a_record_what_it_was_made_of_is_deleted(records, store, engine, trace_id) -> None:
    other = a_chat("00000000000000c3", trace_id=trace_id, attributes={"gen_ai.response.id": "other"})
    took(store, *a_trace(trace_id), other)
    records.delete_one({"id": f"{trace_id}-{CHAT_ID}"})

    left = engine.query(f"SELECT kind, body FROM generations_pieces WHERE trace_id = '{trace_id}' ORDER BY kind, key").to_pylist()

    assert [row["body"] for row in left if row["kind"] == "deleted"] == ["null", "null"]
    assert [row["kind"] for row in left if row["kind"] != "deleted"] == ["span", "span"]
    assert "chatcmpl-1" not in "".join(row["body"] for row in left)


def test_a_record_that_turns_out_to_be_another_view_of_a_call_goes(records, store, trace_id) -> None:
    """What was said of it is said of the call."""
    _, step, chat, *_ = a_trace(trace_id)
    took(store, step)
    assert [one["id"] for one in records.find({})] == [step.key]
    records.add_feedback(step.key, comment="good")

    joined = took(store, chat)

    assert (joined.added, joined.removed) == ([chat.key], [step.key])
    assert [(one["id"], one["feedback"]["comment"]) for one in records.find({})] == [(chat.key, "good")]


def test_what_was_said_of_all_views_of_a_call_stays(records, store, trace_id) -> None:
    """Two of them go at once, and a third stays; what was said first of each stands in the history of the one that is left."""
    outer, lost, step, missing = (f"00000000000000{number}" for number in ("c1", "c2", "c3", "c4"))
    views = [
        a_chat(outer, trace_id=trace_id),
        a_chat(step, trace_id=trace_id, parent_span_id=lost),
        a_chat(trace_id=trace_id, parent_span_id=missing),
    ]
    for view in views:
        took(store, view)
    ids = [view.key for view in views]
    for day, id in enumerate([*ids, *reversed(ids)], 1):
        records.add_feedback(id, comment=f"day {day}", timestamp=datetime(2025, 3, day, tzinfo=UTC))
        records.add_eval(id, "tone", score=day / 10, timestamp=datetime(2025, 3, day, tzinfo=UTC))
    records.add_eval(ids[0], "length", label="short")
    for id in ids:
        records.add_feedback(id, comment="the same", user_id="ann", timestamp=datetime(2025, 3, 5, 12, tzinfo=UTC))
    records.add_feedback(ids[2], comment="the latest", timestamp=datetime(2025, 3, 7, tzinfo=UTC))

    joined = took(
        store,
        a_chat(lost, trace_id=trace_id, parent_span_id=outer),
        a_chat(missing, trace_id=trace_id, parent_span_id=step),
    )

    assert (sorted(joined.removed), joined.changed[-1]) == (sorted(ids[:2]), ids[2])
    (found,) = records.find({}).to_list()
    assert (found["id"], found["feedback"]["comment"]) == (ids[2], "the latest")
    assert {name: one.get("score", one.get("label")) for name, one in found["evals"].items()} == {"tone": 0.6, "length": "short"}
    comments = [given["comment"] for given in records.feedback(ids[2])]
    assert (comments[0], sorted(comments)) == ("the latest", [*(f"day {day}" for day in range(1, 7)), "the latest", "the same"])
    assert sorted(one["score"] for one in records.evals(ids[2]) if one["name"] == "tone") == [day / 10 for day in range(1, 7)]
    assert len(records.evals(ids[2])) == 7


def test_an_event_that_tells_a_whole_call_waits_for_its_span(records, store, trace_id) -> None:
    event = a_log(DETAILS, {}, trace_id=trace_id, attributes=CHAT, ms=250)
    took(store, event)
    assert records.count_documents({}) == 0

    took(store, settling_piece(trace_id))
    without = records.get(f"{trace_id}-{CHAT_ID}")
    took(store, a_chat(trace_id=trace_id))
    whole = records.get(f"{trace_id}-{CHAT_ID}")

    assert "latency" not in without.get("performance", {})
    assert any("the span never came" in note for note in without["metadata"]["notes"])
    assert (whole["performance"]["latency"], "notes" in whole["metadata"]) == (250, False)


def test_pieces_without_their_records_make_them_when_they_are_sent_again(records, store, trace_id) -> None:
    """The process ended between the two."""
    pieces = told_by(Telemetry((a_chat(trace_id=trace_id),)))
    keep(store, pieces)

    joined = took_pieces(store, pieces)

    assert joined.added == [f"{trace_id}-{CHAT_ID}"]


def test_an_update_that_was_cut_off_is_made_when_its_piece_is_sent_again(records, store, trace_id) -> None:
    """Alone, or with another one."""
    seed = a_log(DETAILS, {}, trace_id=trace_id, attributes={"gen_ai.request.seed": 7})
    took(store, a_chat(trace_id=trace_id))
    keep(store, told_by(Telemetry(logs=(seed,))))

    took(store, seed, a_log("gen_ai.user.message", {"content": "Hi"}, trace_id=trace_id))

    found = records.get(f"{trace_id}-{CHAT_ID}")
    assert (found["parameters"]["seed"], found["input"]["content"][0]["content"]) == (7, "Hi")


def test_a_removal_that_was_cut_off_is_made_when_its_piece_is_sent_again(records, store, trace_id) -> None:
    _, step, chat, *_ = a_trace(trace_id)
    took(store, step)
    keep(store, told_by(Telemetry((chat,))))

    took(store, chat)

    assert [one["id"] for one in records.find({})] == [chat.key]


def test_pieces_without_their_records_make_them_when_more_comes(records, store, trace_id) -> None:
    keep(store, told_by(Telemetry((a_chat(trace_id=trace_id),))))

    took(store, a_log(DETAILS, {}, trace_id=trace_id, attributes={"gen_ai.request.seed": 7}))

    assert records.get(f"{trace_id}-{CHAT_ID}")["parameters"]["seed"] == 7


def test_of_two_processes_one_sees_the_pieces_of_both(records, store, trace_id) -> None:
    """Both have put theirs on disk before either makes records."""
    span = told_by(Telemetry((a_chat(trace_id=trace_id),)))
    log = told_by(Telemetry(logs=(a_log(DETAILS, {}, trace_id=trace_id, attributes={"gen_ai.request.seed": 7}),)))
    store.pieces.append([one.piece for one in log])

    took_pieces(store, span)
    took_pieces(store, log)

    assert records.get(f"{trace_id}-{CHAT_ID}")["parameters"]["seed"] == 7


def test_an_evaluation_finds_its_generation_before_and_after(records, store, trace_id) -> None:
    id = f"{trace_id}-{CHAT_ID}"
    took(store, Evaluation(trace_id, CHAT_ID, None, "tone", score=0.5, evaluator="LLM"))
    took(store, a_chat(trace_id=trace_id))
    took(store, Evaluation(trace_id, None, None, "thumbs", label="up", evaluator="HUMAN"))

    found = records.get(id)
    assert (found["evals"]["tone"]["score"], found["feedback"]["thumbs"]) == (0.5, "up")


@pytest.mark.parametrize("by", ["span", "response", "trace"])
def test_an_evaluation_finds_a_generation_whose_pieces_are_gone(records, store, trace_id, by) -> None:
    """Scores come days later."""
    about = {"traceId": trace_id, "requestId": f"answer-of-{trace_id}"}
    records.insert_one({"id": f"{trace_id}-{CHAT_ID}", "model": {"id": "m"}, "metadata": about})
    named = {"span": (trace_id, CHAT_ID, None), "response": (None, None, about["requestId"]), "trace": (trace_id, None, None)}[by]
    said = Evaluation(*named, "tone", score=0.5, at_ns=START_NS)

    took(store, said)
    took(store, said)
    took(store, replace(said, name="style"))

    assert records.find_one({})["evals"].keys() == {"tone", "style"}
    assert len(records.history(f"{trace_id}-{CHAT_ID}")) == 3


def test_annotations_on_a_span_made_afterwards_reach_the_trace_that_it_names(records, store, trace_id) -> None:
    annotation = {"annotations.0.annotation.name": "correct", "annotations.0.annotation.score": 1, "openinference.span.kind": "EVALUATOR"}
    took(store, a_chat(trace_id=trace_id))

    took(store, a_span("00000000000000e5", trace_id=uuid.uuid4().hex, links=((trace_id, CHAT_ID),), attributes=annotation))

    assert records.get(f"{trace_id}-{CHAT_ID}")["evals"]["correct"]["score"] == 1


def test_a_record_that_cannot_be_taken_costs_the_others_nothing(records, store, trace_id) -> None:
    huge = a_chat("00000000000000c3", trace_id=trace_id, attributes={"gen_ai.response.id": "other", "gen_ai.prompt": "x" * 5000})

    joined = took_pieces(store, told_by(Telemetry((a_chat(trace_id=trace_id), huge))), 4_000)

    assert [one["id"] for one in records.find({})] == [f"{trace_id}-{CHAT_ID}"]
    (refused,) = joined.refused
    assert (refused.trace_id, refused.record_id) == (trace_id, huge.key)
    assert "the largest allowed" in refused.message


def test_no_project_sees_the_pieces_of_another(engine, store, trace_id) -> None:
    took(store, a_log(DETAILS, {}, trace_id=trace_id, attributes={"gen_ai.request.seed": 7}))
    theirs = Store(engine, f"{store.project}-theirs")

    took(theirs, a_chat(trace_id=trace_id))

    assert "parameters" not in Collection(theirs).find_one({})


def test_pieces_that_more_was_added_to_are_kept_anew(store, trace_id) -> None:
    """From half of the time that they are kept on."""
    first, second = (told_by(Telemetry((a_chat(id, trace_id=trace_id),))) for id in ("00000000000000c1", "00000000000000c2"))
    keep(store, first)

    keep(store, second, kept_for=timedelta(0))

    found, aging = store.pieces.others([trace_id], 0, timedelta(hours=1))
    assert sorted(piece.key for piece in found) == ["00000000000000c1", "00000000000000c2"]
    assert aging == set()
    assert store.pieces.others([trace_id], 0, timedelta(0))[1] == {trace_id}


def test_a_first_token_event_says_nothing_twice(records, store, trace_id) -> None:
    """Values come back from the disk as they were: events, links, numbers of any size."""
    span = a_chat(trace_id=trace_id, events=(an_event("custom", n=10**20),), links=(("a" * 32, "b" * 16),), attributes={"custom.f": 1.5})
    took(store, span)
    before = records.get(span.key)

    took(store, a_span("00000000000000d4", trace_id=trace_id, name="unrelated"))

    assert records.get(span.key) == before
    assert len(records.history(span.key)) == 1


def test_of_spans_that_tell_of_no_generation_only_the_outline_is_kept(records, store, engine, trace_id) -> None:
    """It leads from the call to the agent, and may name the user."""
    agent = a_span(AGENT, trace_id=trace_id, attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"})
    asked = {"db.query.text": "SELECT secret", "user.id": "user-1"}
    query = a_span(STEP, trace_id=trace_id, parent_span_id=AGENT, attributes=asked, events=(an_event("row", text="secret"),))

    took(store, query, a_chat(trace_id=trace_id, parent_span_id=STEP))
    took(store, agent)

    (found,) = records.find({}).to_list()
    assert (found["metadata"]["userId"], found["metadata"]["agentId"]) == ("user-1", "planner")
    kept = engine.query(f"SELECT body FROM generations_pieces WHERE trace_id = '{trace_id}'").column("body").to_pylist()
    assert "secret" not in "".join(kept)
