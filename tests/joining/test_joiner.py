"""Requests are joined in groups, and what has waited too long is settled."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from msgspec.structs import replace

from generations.errors import StoreUnavailable
from generations.joining.joiner import Joiner
from generations.joining.pieces import told_by
from generations.store.collection import Collection
from generations.store.store import Store
from generations.wire.otlp.telemetry import LogRecord, Span, Telemetry
from tests.wire.otlp.payloads import CHAT, a_chat, a_log

DETAILS = "gen_ai.client.inference.operation.details"


@pytest.fixture
def joining(engine):
    """Makes joiners over the target, and closes them."""
    made: list[Joiner] = []

    def make(**settings) -> Joiner:
        made.append(Joiner(lambda project: Collection(Store(engine, project)), **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def records(engine, project) -> Collection:
    return Collection(Store(engine, project))


@pytest.fixture
def trace_id() -> str:
    return uuid.uuid4().hex


def pieces(*told: Span | LogRecord):
    spans = tuple(one for one in told if isinstance(one, Span))
    return told_by(Telemetry(spans, tuple(one for one in told if isinstance(one, LogRecord))))


def test_requests_at_once_of_several_projects_are_all_answered(joining, records, project) -> None:
    joiner = joining()
    told = [(f"{project}-{n % 3}", a_chat(trace_id=uuid.uuid4().hex)) for n in range(30)]

    done = [joiner.take(project, pieces(span)) for project, span in told]

    assert {one.result(20).refused for one in done} == {()}
    for n in range(3):
        of_project = Collection(Store(records.store._engine, f"{project}-{n}"))
        assert {one["id"] for one in of_project.find()} == {span.key for name, span in told if name == f"{project}-{n}"}


def test_two_servers_put_together_what_comes_to_each_of_them_at_once(joining, records, project) -> None:
    """Spans go to one and events to the other, as a balancer before them may have it."""
    servers = joining(), joining()
    traces = [uuid.uuid4().hex for _ in range(12)]
    done = []
    for number, trace in enumerate(traces):
        one, other = servers if number % 2 else servers[::-1]
        done.append(one.take(project, pieces(a_chat(trace_id=trace))))
        done.append(other.take(project, pieces(a_log(DETAILS, {}, trace_id=trace, attributes={"gen_ai.request.seed": 7}))))
    for taken in done:
        taken.result(20)

    found = {one["metadata"]["traceId"]: one["parameters"] for one in records.find({"parameters.seed": 7})}
    assert found.keys() == set(traces)
    assert records.count_documents({}) == len(traces)


def test_what_has_waited_too_long_is_settled_also_by_another_process(joining, records, project, trace_id) -> None:
    first = joining(patience=timedelta(hours=1), kept_for=timedelta(hours=2))
    first.take(project, pieces(a_log(DETAILS, {}, trace_id=trace_id, attributes=CHAT))).result(20)
    first.sweep()
    assert records.count_documents({}) == 0
    first.close()

    joining(patience=timedelta(0)).sweep()

    assert [one["id"] for one in records.find()] == [f"{trace_id}-b7ad6b7169203331"]
    assert joining(patience=timedelta(0)).sweep() is None  # nothing is settled twice
    assert len(records.history(f"{trace_id}-b7ad6b7169203331")) == 1


def test_pieces_go_when_their_time_is_over_and_records_stay(joining, records, project, trace_id) -> None:
    joiner = joining()
    joiner.take(project, pieces(a_chat(trace_id=trace_id))).result(20)
    joiner.sweep()
    assert records.store.pieces.others([trace_id], 0, timedelta(0))[0] != []

    records.store.pieces.drop(timedelta(0))

    assert records.store.pieces.others([trace_id], 0, timedelta(0))[0] == []
    assert records.count_documents({}) == 1


def test_a_retry_after_the_window_changes_nothing(joining, records, project, trace_id) -> None:
    """The record was completed by events that are forgotten now."""
    joiner = joining()
    span, log = a_chat(trace_id=trace_id), a_log(DETAILS, {}, trace_id=trace_id, attributes={"gen_ai.request.seed": 7})
    joiner.take(project, pieces(span, log)).result(20)
    records.store.pieces.drop(timedelta(0))

    joiner.take(project, pieces(span)).result(20)

    assert records.get(span.key)["parameters"]["seed"] == 7
    assert len(records.history(span.key)) == 1


def test_what_was_begun_is_finished_when_it_stops_and_nothing_is_taken_then(joining, records, project) -> None:
    joiner = joining()
    done = [joiner.take(project, pieces(a_chat(trace_id=uuid.uuid4().hex))) for _ in range(5)]

    joiner.close()

    assert all(one.done() for one in done)
    assert records.count_documents({}) == 5
    with pytest.raises(StoreUnavailable, match="stopping"):
        joiner.take(project, pieces(a_chat()))


def test_a_trace_that_cannot_be_understood_costs_no_other(joining, records, project, trace_id, caplog) -> None:
    """However that comes about: the reading of this one fails for a reason that nobody foresaw."""
    strange = a_chat(trace_id=uuid.uuid4().hex, attributes={"gen_ai.input.messages": "boom"})
    joiner = joining()
    told = pieces(strange, a_chat(trace_id=trace_id))
    told[0] = replace(told[0], value=replace(told[0].value, attributes=None))

    taken = joiner.take(project, told).result(20)

    assert [one["metadata"]["traceId"] for one in records.find()] == [trace_id]
    (refused,) = taken.refused
    assert refused.trace_id == strange.trace_id
    assert f"trace {strange.trace_id} could not be understood" in caplog.text
