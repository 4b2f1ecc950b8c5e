"""Traces that are spread over several files."""

from __future__ import annotations

import gzip
import json
import os
import threading

import pytest

from generations.errors import InvalidInput
from generations.jobs.batch_requests import BatchRequests
from generations.jobs.importing import import_from, pieces_among

from ..wire.exports import a_feedback_of_langsmith, a_row_of_phoenix, a_run, an_annotation_of_phoenix
from ..wire.otlp.payloads import TRACE, a_log_request, a_request, a_sent_log, a_sent_span

MESSAGE = a_sent_log("gen_ai.user.message", {}, {"content": "Which river?"})
ANSWER = a_sent_log("gen_ai.choice", {}, {"index": 0, "message": {"content": "The Vltava."}})
ID = f"{TRACE}-b7ad6b7169203331"


@pytest.fixture
def taken(collection, tmp_path):
    """Writes files, and imports them together."""

    def taken(**files: list[dict] | str):
        paths = []
        for name, documents in files.items():
            paths.append(tmp_path / f"{name}.json")
            text = documents if isinstance(documents, str) else "\n".join(map(json.dumps, documents))
            paths[-1].write_text(text)
        with pieces_among([str(path) for path in paths]) as pieces:
            return [import_from(path, collection.store, pieces=pieces) for path in paths]

    return taken


def counts(report) -> tuple[int, int, int, int, int]:
    return report.read, report.added, report.unchanged, report.replaced, report.refused


@pytest.mark.parametrize("order", [("traces", "logs"), ("logs", "traces")])
def test_events_find_their_span_in_another_file_whatever_the_order(taken, collection, order):
    files = {"traces": [a_request(a_sent_span())], "logs": [a_log_request(MESSAGE), a_log_request(ANSWER)]}

    reports = taken(**{name: files[name] for name in order})

    assert [(report.dialect, counts(report)) for report in reports] == [("otlp", (1, 1, 0, 0, 0)), ("otlp", (0, 0, 0, 0, 0))]
    record = collection.get(ID)
    assert (record["input"]["content"], record["output"]["content"]) == ([{"role": "user", "content": "Which river?"}], "The Vltava.")


def test_a_trace_that_is_cut_by_the_end_of_a_file_is_whole(taken, collection):
    """As the Collector's exporter cuts it when it begins a new file."""
    about = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
    agent = a_sent_span("00f067aa0ba902b7", attributes=about)

    first, second = (taken(one=[a_request(a_sent_span(parentSpanId="00f067aa0ba902b7"))], two=[a_request(agent)]) for _ in range(2))

    assert collection.get(ID)["metadata"]["agentId"] == "planner"
    assert (counts(first[0]), counts(second[0])) == ((1, 1, 0, 0, 0), (1, 0, 1, 0, 0))


def test_each_record_counts_as_one_of_the_file_where_its_trace_begins(taken):
    other = {"traceId": "c" * 32}

    reports = taken(
        one=[a_request(a_sent_span())],
        two=[a_request(a_sent_span(**other), a_sent_span("00f067aa0ba902b7"))],
        three=[{"model": {"id": "m"}}],
    )

    assert [(report.dialect, counts(report)) for report in reports] == [
        ("otlp", (2, 2, 0, 0, 0)),
        ("otlp", (1, 1, 0, 0, 0)),
        ("generations", (1, 1, 0, 0, 0)),
    ]


def test_what_is_refused_is_told_with_the_file_that_it_stands_in(taken):
    spans = [a_request(a_sent_span()), {"unheard": "of"}, {"model": {"id": "m"}}]

    one, two = taken(one=spans, two=[a_log_request(MESSAGE)])

    assert (counts(one), counts(two)) == ((3, 2, 0, 0, 1), (0, 0, 0, 0, 0))
    assert [(refusal.unit, refusal.number) for refusal in one.refusals] == [("line", 2)]
    assert one.rejected_path.read_text() == json.dumps(spans[1]) + "\n"


def test_annotations_and_feedback_find_what_they_are_of_in_another_file(taken, collection):
    taken(annotations=[{"data": [an_annotation_of_phoenix()]}], spans=[a_row_of_phoenix()])
    taken(runs=[a_run()], feedback=[a_feedback_of_langsmith()])

    assert [record["evals"]["relevance"]["score"] for record in collection.find({})] == [0.9, 0.9]


def test_annotations_of_nothing_that_is_there_are_refused(taken, collection, tmp_path):
    astray = an_annotation_of_phoenix(span_id="9" * 16)

    spans, annotations = taken(spans=[a_row_of_phoenix()], annotations=[an_annotation_of_phoenix(), astray])
    alone = import_from(tmp_path / "annotations.json", collection.store)

    assert (counts(spans), counts(annotations), counts(alone)) == ((1, 1, 0, 0, 0), (1, 0, 0, 0, 1), (2, 0, 0, 0, 2))
    assert "import it in one command with the spans" in str(alone.refusals[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_among_several_sources_is_read_once(collection, tmp_path):
    """As a shell makes one of `<(zcat traces.json.gz)`."""
    pipe, file = tmp_path / "pipe", tmp_path / "logs.json"
    os.mkfifo(pipe)
    file.write_text(json.dumps(a_log_request(MESSAGE)))
    sender = threading.Thread(target=pipe.write_text, args=(json.dumps(a_request(a_sent_span())),), daemon=True)

    with BatchRequests.among([str(pipe), str(file)]), pieces_among([str(pipe), str(file)]) as pieces:
        sender.start()
        assert counts(import_from(pipe, collection.store, pieces=pieces)) == (1, 1, 0, 0, 0)


def test_what_is_of_no_generation_is_kept_as_it_was_sent_and_can_be_mended(collection, tmp_path):
    annotations, span = tmp_path / "annotations.json", tmp_path / "spans.json"
    annotations.write_text(json.dumps(an_annotation_of_phoenix(name="\ud800")))
    span.write_text(json.dumps(a_row_of_phoenix()))

    rejected = import_from(annotations, collection.store).rejected_path

    assert json.loads(rejected.read_text()) == an_annotation_of_phoenix(name="\ud800")
    rejected.write_text(rejected.read_text().replace("\\ud800", "tone"))
    with pieces_among([str(rejected), str(span)]) as pieces:
        assert [import_from(path, collection.store, pieces=pieces).refused for path in (rejected, span)] == [0, 0]


def test_an_id_that_is_no_text_costs_no_other_file(taken, collection):
    runs, spans = taken(runs=[a_run(trace_id="\ud800"), a_feedback_of_langsmith(run_id="\udfff")], spans=[a_request(a_sent_span())])

    assert (counts(runs), counts(spans)) == ((2, 0, 0, 0, 2), (1, 1, 0, 0, 0))


def test_what_is_said_with_a_span_that_is_no_generation_goes_with_it(taken):
    annotations = [{"name": "relevance", "annotator_kind": "LLM", "result": {"score": 1}}]
    retriever = a_row_of_phoenix(annotations=annotations, **{"attributes.openinference.span.kind": "RETRIEVER"})
    tool = a_run(run_type="tool", feedback_stats={"speed": {"n": 1, "avg": 1.0, "values": {}}})

    assert [counts(report) for report in taken(spans=[retriever], runs=[tool])] == [(0, 0, 0, 0, 0)] * 2


def test_a_document_of_which_some_spans_cannot_be_read_is_refused_once(taken):
    """It is kept whole, and that as often as it has such spans would be the square of it."""
    [report] = taken(one=[a_request(a_sent_span(), *[{}] * 50)])

    assert counts(report) == (2, 1, 0, 0, 1)
    assert "spans[1]: a span has" in report.refusals[0].message
    assert "and 40 more" in report.refusals[0].message


def test_a_file_that_is_cut_short_gives_what_stands_before_the_end(collection, tmp_path):
    whole, cut = tmp_path / "logs.json", tmp_path / "traces.json.gz"
    whole.write_text(json.dumps(a_log_request(MESSAGE)))
    cut.write_bytes(gzip.compress(b"\n".join([json.dumps(a_request(a_sent_span())).encode()] * 9))[:-9])

    with pieces_among([str(whole), str(cut)]) as pieces:
        assert counts(import_from(whole, collection.store, pieces=pieces)) == (1, 1, 0, 0, 0)
        with pytest.raises(InvalidInput, match="cut short"):
            import_from(cut, collection.store, pieces=pieces)

    assert collection.get(ID)["input"]["content"] == [{"role": "user", "content": "Which river?"}]
