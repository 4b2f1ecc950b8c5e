"""Exports of other programs: each is told by its content, taken once, and refused where it is not what was said."""

from __future__ import annotations

import csv
import gzip
import io
import json
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from generations.connect import open_engine, open_prices
from generations.errors import InvalidInput
from generations.jobs import translating
from generations.jobs.batch_requests import BatchRequests
from generations.jobs.importing import import_from
from generations.pricing.own import read_prices
from generations.pricing.prices import Prices
from generations.store.collection import Collection
from generations.store.store import Store
from generations.wire.detect import DIALECTS
from generations.wire.litellm import record_of as litellm_record

from ..wire.exports import (
    MESSAGES,
    a_batch_request,
    a_chain,
    a_database_of_llm,
    a_helicone_request,
    a_page_of_completions,
    a_row_of_phoenix,
    a_run,
    a_span_of_phoenix,
    a_spend_log,
    a_stored_completion,
    an_agent_of_phoenix,
    an_answered_request,
)
from ..wire.otlp.payloads import a_request, a_sent_span
from ..wire.payloads import a_log, a_model_event, an_observation
from ..wire.test_litellm import payload as a_litellm_payload


@pytest.fixture(scope="module")
def engine(targets):
    """On one target: what becomes of records on the others is the matter of `test_importing`."""
    engine = open_engine(targets("embedded"))
    yield engine
    engine.close()


@pytest.fixture
def collection(engine, project) -> Collection:
    """A collection with nothing in it, that knows prices."""
    return Collection(Store(engine, project, prices=PRICES))


PRICES = open_prices("")
RUNS = [a_chain(), a_run()]
SPANS = [an_agent_of_phoenix(), a_row_of_phoenix()]


def counts(report) -> tuple[int, int, int, int, int]:
    return report.read, report.added, report.unchanged, report.replaced, report.refused


def as_lines(documents) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def as_csv(rows) -> bytes:
    """As data frames and Postgres write it: structures as text."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    for row in rows:
        cells = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()}
        writer.writerow({name: "" if value is None else value for name, value in cells.items()})
    return out.getvalue().encode()


def as_parquet(rows) -> bytes:
    """Lists and structs, but for those without members, which Parquet cannot hold; LangSmith writes its own as text."""
    out = io.BytesIO()
    names = dict.fromkeys(name for row in rows for name in row if name != "events")
    kept = [{name: None if row.get(name) in ({}, []) else row.get(name) for name in names} for row in rows]
    kept = [{name: json.dumps(value) if name in ("inputs", "outputs", "extra") else value for name, value in row.items()} for row in kept]
    parquet.write_table(pa.Table.from_pylist(kept), out)
    return out.getvalue()


SOURCES = {
    "helicone": [
        as_lines([a_helicone_request()]),
        json.dumps({"data": [a_helicone_request()], "error": None}, indent=1).encode(),
        as_csv([a_helicone_request()]),
    ],
    "langfuse": [
        as_lines([an_observation()]),
        json.dumps({"data": [an_observation()], "meta": {"cursor": "x"}}).encode(),
        as_csv([an_observation()]),
        as_parquet([an_observation()]),
    ],
    "langsmith": [as_lines(RUNS), json.dumps(RUNS).encode(), as_csv(RUNS), as_parquet(RUNS)],
    "phoenix": [as_lines(SPANS), json.dumps({"data": [a_span_of_phoenix()]}).encode(), as_csv(SPANS), as_parquet(SPANS)],
    "litellm": [as_lines([a_spend_log()]), as_csv([a_spend_log()]), json.dumps({"data": [a_spend_log()], "total": 1}).encode()],
    "openai-batch": [as_lines([an_answered_request()])],
    "openai-stored": [as_lines([a_stored_completion()]), json.dumps(a_page_of_completions(a_stored_completion())).encode()],
    "inspect": [json.dumps(a_log(a_model_event())).encode()],
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_format_is_told_by_its_content_and_a_call_is_the_same_in_every_form_of_it(collection, name):
    reports = [import_from(io.BytesIO(content), collection.store) for content in SOURCES[name]]
    again = import_from(io.BytesIO(gzip.compress(SOURCES[name][-1])), collection.store, format=name) if name not in _PACKED else None

    assert {report.dialect for report in reports} == {name}
    assert [report.read - report.refused for report in reports] == [1] * len(reports)
    assert sum(report.added for report in reports) == 1
    assert again is None or (again.dialect, counts(again)) == (name, (1, 0, 1, 0, 0))
    [record] = collection.find({})
    assert record["usage"]["promptTokens"] == (20 if name == "inspect" else 12)
    assert ("cost" in record["usage"]) == (name != "openai-batch"), "the price list knows no prices of batches"


_PACKED = frozenset(["langfuse", "langsmith", "phoenix"])
"""Those whose last form is Parquet, which is packed within."""


def test_spend_logs_complete_calls_that_were_posted_and_take_nothing_from_them(collection):
    posted = litellm_record(a_litellm_payload(litellm_call_id="c-1", end_user="ann"))
    collection.insert_one(posted)
    about = {"litellm_call_id": "c-1", "startTime": "2026-11-23T20:42:41.621Z", "messages": {}, "response": {}, "end_user": "bob"}
    rows = as_lines([a_spend_log("chatcmpl-7", **about, team_id="t-1"), a_spend_log("chatcmpl-8", **about)])

    first, second = (import_from(io.BytesIO(rows), collection.store) for _ in range(2))

    assert (counts(first), counts(second)) == ((2, 1, 0, 1, 0), (2, 0, 2, 0, 0))
    found = collection.get(posted["id"])
    assert (found["input"], found["output"]) == (posted["input"], posted["output"])
    assert (found["metadata"]["userId"], found["metadata"]["litellm"]["team_id"]) == ("ann", "t-1")
    assert collection.count_documents({}) == 2


def test_a_batch_is_priced_as_one(engine, project):
    """Never by the prices of ordinary calls, which are twice as high."""
    halved = read_prices('name = "ours"\n[[prices]]\nmodel = "gpt-4o*"\nprocessing = "batch"\ninput = 1.25\noutput = 5\n', "prices.toml")
    collection = Collection(Store(engine, project, prices=Prices(halved, use_library=True)))

    import_from(io.BytesIO(as_lines([an_answered_request()])), collection.store)

    assert collection.get("batch_req_q-1")["usage"]["cost"] == pytest.approx((12 * 1.25 + 5 * 5) / 1e6)


def test_a_database_of_llm_gives_the_calls_of_both_its_versions(collection, tmp_path):
    path = tmp_path / "logs.db"
    a_database_of_llm(str(path))
    packed = tmp_path / "logs.db.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    report = import_from(path, collection.store)

    assert (report.dialect, counts(report)) == ("llm", (4, 4, 0, 0, 0))
    assert counts(import_from(packed, collection.store, format="llm")) == (4, 0, 4, 0, 0)
    with path.open("rb") as pipe:
        assert counts(import_from(io.BytesIO(pipe.read()), collection.store)) == (4, 0, 4, 0, 0)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("logs.db-")] == [], "it is only read"


def test_another_database_is_refused_with_what_it_should_be(collection, tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE other (id)")
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"SQLite format 3\x00" + b"?" * 5000)

    with pytest.raises(InvalidInput, match="without the tables of simonw/llm") as refused:
        import_from(tmp_path / "other.db", collection.store)
    assert "logs.db" in str(refused.value.hint)
    with pytest.raises(InvalidInput, match="cannot be read as a SQLite database"):
        import_from(damaged, collection.store)
    with pytest.raises(InvalidInput, match="and langfuse is not kept in one"):
        import_from(tmp_path / "other.db", collection.store, format="langfuse")


def test_an_unknown_format_is_refused_with_the_names_that_there_are(collection):
    with pytest.raises(InvalidInput, match="'langsmit' is no format") as refused:
        import_from(io.BytesIO(b""), collection.store, format="langsmit")

    assert "did you mean 'langsmith'?" in str(refused.value.hint)
    assert all(dialect.name in str(refused.value.hint) for dialect in DIALECTS)


@pytest.mark.parametrize("content", [as_lines([a_run()]), as_csv([a_run()]), as_parquet([a_run()]), b"nothing of the kind\n"])
def test_a_format_that_does_not_fit_is_refused_with_what_was_expected(collection, content):
    with pytest.raises(InvalidInput, match="is not in the format helicone") as refused:
        import_from(io.BytesIO(content), collection.store, format="helicone")

    assert '"request_body"' in str(refused.value.hint)
    assert collection.count_documents({}) == 0


def test_lines_of_another_shape_are_refused_with_their_number_and_the_others_taken(collection, tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_bytes(
        as_lines([a_helicone_request("q1"), {"foo": 1}]) + b"{cut\n" + as_lines([a_helicone_request("q2", request_created_at=5)])
    )

    report = import_from(path, collection.store)

    assert counts(report) == (4, 2, 0, 0, 2)
    assert [(refusal.unit, refusal.number) for refusal in report.refusals] == [("line", 2), ("line", 3)]
    assert '"foo"' in report.refusals[0].message
    assert "expected an export of Helicone" in str(report.refusals[0].hint)
    assert report.rejected_path is not None
    assert report.rejected_path.read_bytes() == b'{"foo": 1}\n{cut\n'


def test_a_record_that_breaks_a_rule_is_refused_with_the_line_it_came_from(collection, tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_bytes(as_lines([a_helicone_request("q1"), a_helicone_request("q" * 5000)]))

    report = import_from(path, collection.store)

    assert counts(report) == (2, 1, 0, 0, 1)
    assert (report.refusals[0].unit, report.refusals[0].number, report.refusals[0].path) == ("line", 2, "id")


def test_rows_of_csv_that_are_none_are_kept_as_they_stand_there(collection, tmp_path):
    path = tmp_path / "export.csv"
    good = as_csv([a_spend_log("a"), a_spend_log("b", model='a "quoted", broken\nname')])
    names = good.split(b"\r\n")[0].split(b",")
    path.write_bytes(good + b"too,short\r\n" + b'"x"y' + b"," * (len(names) - 1) + b"\r\n" + b"\xff" + b"," * (len(names) - 1) + b"\r\n")

    report = import_from(path, collection.store)

    assert counts(report) == (5, 2, 0, 0, 3)
    assert collection.get("litellm-b")["model"]["id"] == 'a "quoted", broken\nname'
    assert [(refusal.unit, refusal.number) for refusal in report.refusals] == [("row", 3), ("row", 4), ("row", 5)]
    told = [f"{refusal.message}; {refusal.hint}" for refusal in report.refusals]
    assert f"2 cells where the header has {len(names)} names" in told[0]
    assert "not a row of CSV" in told[1]
    assert "UTF-8" in told[2]
    assert report.rejected_path is not None
    assert report.rejected_path.read_bytes().startswith(b'too,short\n"x"y,')


def test_a_header_that_is_no_csv_is_told(collection):
    table = as_csv([a_spend_log()]).replace(b"request_id,", b'request_id,"x"y,', 1)

    with pytest.raises(InvalidInput, match="the header of a stream is not CSV"):
        import_from(io.BytesIO(table), collection.store)


def test_csv_may_have_a_mark_at_its_start_semicolons_and_the_index_of_a_data_frame(collection):
    table = as_csv([a_spend_log("a", messages={}, response={}, metadata={}, proxy_server_request={}, request_tags=[])]).decode()
    header, row = table.replace(",", ";").split("\r\n")[:2]

    report = import_from(io.BytesIO(f"\ufeff;{header}\n0;{row}\n".encode()), collection.store)

    assert (report.dialect, counts(report)) == ("litellm", (1, 1, 0, 0, 0))


def test_our_own_records_are_not_read_back_from_csv(collection, tmp_path):
    (tmp_path / "ours.csv").write_text('"id","model"\n"a","gpt-4"\n')

    for format in (None, "generations"):
        with pytest.raises(InvalidInput, match="our own records") as refused:
            import_from(tmp_path / "ours.csv", collection.store, format=format)
        assert "Parquet" in str(refused.value.hint)


def test_langfuses_parquet_has_maps_and_instants_without_an_offset(collection):
    """As ClickHouse writes them."""
    counts_type, cost_type = pa.map_(pa.string(), pa.uint64()), pa.map_(pa.string(), pa.decimal128(18, 12))
    columns = {
        "id": ["b1"],
        "trace_id": ["t1"],
        "type": ["GENERATION"],
        "start_time": pa.array([1740823200_000000], pa.timestamp("us")),
        "end_time": pa.array([1740823202_000000], pa.timestamp("us")),
        "input": [b'[{"role": "user", "content": "Which river?"}]'],
        "output": ["The Vltava."],
        "provided_model_name": ["gpt-4"],
        "usage_details": pa.array([[("input", 12), ("output", 5), ("total", 17)]], counts_type),
        "cost_details": pa.array([[("total", Decimal("0.00066"))]], cost_type),
    }
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    file.seek(0)

    report = import_from(file, collection.store)

    record = collection.get("t1-b1")
    assert (report.dialect, counts(report)) == ("langfuse", (1, 1, 0, 0, 0))
    assert (record["timestamp"].isoformat(), record["performance"]["latency"]) == ("2025-03-01T10:00:00+00:00", 2000)
    assert (record["usage"]["totalTokens"], record["usage"]["promptTokens"]) == (17, 12)
    assert record["input"]["content"] == [{"role": "user", "content": "Which river?"}]


def test_spans_that_cannot_be_read_are_told_and_the_others_taken(collection, tmp_path):
    """As the line that they stand in, which can be mended and imported."""
    broken = a_sent_span() | {"traceId": "short"}
    path = tmp_path / "traces.jsonl"
    path.write_bytes(as_lines([a_request(a_sent_span(), broken), a_request(a_sent_span("0000000000000002"))]))

    report = import_from(path, collection.store)

    assert counts(report) == (3, 2, 0, 0, 1)
    assert (report.refusals[0].unit, report.refusals[0].number) == ("line", 1)
    assert "resourceSpans[0].scopeSpans[0].spans[1]: a span has a traceId" in report.refusals[0].message


def test_answers_of_a_batch_are_joined_to_their_requests(collection, tmp_path):
    requests, answers = tmp_path / "input.jsonl", tmp_path / "output.jsonl"
    requests.write_bytes(as_lines([a_batch_request("q-1"), a_batch_request("q-2", seed=7), a_batch_request("q-2", seed=8)]))
    answers.write_bytes(as_lines([an_answered_request(id_) for id_ in ("q-1", "q-2", "q-3")]))

    with BatchRequests.among([str(requests), str(answers), str(tmp_path / "missing"), "-"]) as known:
        report = import_from(answers, collection.store, requests=known)

    assert known.sources == {str(requests): 3}
    assert counts(report) == (3, 3, 0, 0, 0)
    joined, ambiguous, alone = (collection.get(f"batch_req_q-{number}") for number in (1, 2, 3))
    assert (joined["input"]["content"], joined["model"]["id"]) == (MESSAGES, "gpt-4o")
    assert "input" not in alone
    assert "input" not in ambiguous
    assert ambiguous["metadata"]["openaiBatch"]["requestIsAmbiguous"] is True


def test_answers_that_came_without_their_requests_can_be_completed_later(collection, tmp_path):
    requests = tmp_path / "input.jsonl"
    requests.write_bytes(as_lines([a_batch_request("q-1")]))
    import_from(io.BytesIO(as_lines([an_answered_request()])), collection.store)

    with BatchRequests.among([str(requests)]) as known:
        report = import_from(io.BytesIO(as_lines([an_answered_request()])), collection.store, requests=known)

    assert counts(report) == (1, 0, 0, 1, 0)


def test_requests_alone_are_no_generations(collection, tmp_path):
    path = tmp_path / "input.jsonl"
    path.write_bytes(as_lines([a_batch_request()]))

    with pytest.raises(InvalidInput, match="no generations without their answers") as refused:
        import_from(path, collection.store)
    assert "output file" in str(refused.value.hint)


def test_pieces_of_a_trace_are_put_together_over_many_lines(collection):
    """The span around a call stands behind it, with other traces between; exports are in the order in which spans ended."""
    others = [a_row_of_phoenix(f"{number:016x}", **{"context.trace_id": f"{number:032x}"}) for number in range(1, 60)]
    report = import_from(io.BytesIO(as_lines([a_row_of_phoenix(), *others, an_agent_of_phoenix()])), collection.store)

    assert counts(report) == (60, 60, 0, 0, 0)
    assert collection.get(f"{'a' * 32}-{'2' * 16}")["metadata"]["agentId"] == "quiz master"


def test_of_packed_csv_that_is_cut_short_the_whole_rows_are_taken(collection, tmp_path):
    path = tmp_path / "log.csv.gz"
    table = as_csv(
        [
            a_spend_log(f"c{number}", messages=[{"role": "user", "content": "".join(uuid.uuid4().hex for _ in range(50))}])
            for number in range(50)
        ]
    )
    path.write_bytes(gzip.compress(table)[:-4000])

    with pytest.raises(InvalidInput, match="cut short"):
        import_from(path, collection.store)
    assert 10 < collection.count_documents({}) < 50


def test_of_a_file_that_is_cut_short_what_came_before_is_taken(collection):
    cut = json.dumps([an_agent_of_phoenix(), a_row_of_phoenix()]).encode()[:-1]

    with pytest.raises(InvalidInput, match="ends inside its list"):
        import_from(io.BytesIO(cut), collection.store)
    assert collection.get(f"{'a' * 32}-{'2' * 16}")["metadata"]["agentId"] == "quiz master"


def test_traces_that_waited_long_give_way_to_others(collection, monkeypatch):
    monkeypatch.setattr(translating, "MOST_HELD_BYTES", 8_000)
    others = [a_row_of_phoenix(f"{number:016x}", **{"context.trace_id": f"{number:032x}"}) for number in range(1, 60)]
    report = import_from(io.BytesIO(as_lines([a_row_of_phoenix(), *others, an_agent_of_phoenix()])), collection.store)

    assert counts(report) == (60, 60, 0, 0, 0)
    assert "agentId" not in collection.get(f"{'a' * 32}-{'2' * 16}")["metadata"]
