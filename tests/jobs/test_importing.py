"""Imports: everything good is taken, everything else is told and kept, and nothing is taken twice."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from generations.errors import InvalidInput, StoreUnavailable
from generations.jobs import importing, texts
from generations.jobs.importing import import_from

from ..wire.payloads import a_log, a_model_event, a_span, an_export, an_observation


def a_record(id_: str, **fields) -> dict:
    return {"id": id_, "timestamp": "2023-01-01T00:00:00Z", "model": {"id": "gpt-4"}} | fields


def lines(*records: dict | str) -> bytes:
    return "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records).encode()


def counts(report) -> tuple[int, int, int, int, int]:
    return report.read, report.added, report.unchanged, report.replaced, report.refused


def ids(collection) -> set[str]:
    return {record["id"] for record in collection.find({}, {"id": 1})}


def test_a_repeated_import_adds_nothing(collection, tmp_path):
    path = tmp_path / "some.jsonl"
    path.write_bytes(lines(a_record("a"), a_record("b"), {"model": {"id": "no-id"}}, {"model": {"id": "no-id"}}))

    assert counts(import_from(path, collection.store)) == (4, 4, 0, 0, 0)
    assert counts(import_from(path, collection.store)) == (4, 0, 4, 0, 0)
    assert collection.count_documents({}) == 4


def test_a_changed_record_replaces_the_one_before(collection):
    import_from(io.BytesIO(lines(a_record("a"), a_record("b"))), collection.store)

    report = import_from(io.BytesIO(lines(a_record("a", status="error"), a_record("b"))), collection.store)

    assert counts(report) == (2, 0, 1, 1, 0)
    assert collection.get("a")["status"] == "error"


def test_every_record_is_counted_once_also_when_an_id_stands_twice_in_a_file(collection):
    twice = lines(a_record("a"), a_record("a"), a_record("b"), a_record("b", status="error"))

    report = import_from(io.BytesIO(twice), collection.store)

    assert counts(report) == (4, 2, 1, 1, 0)
    assert collection.get("b")["status"] == "error"


def test_refused_lines_are_told_with_number_and_reason_and_the_others_are_taken(collection, tmp_path):
    path = tmp_path / "mixed.jsonl"
    bad = ['{"id": "cut', '{"id":"x","modle":{"id":"m"}}', '{"id":"y","model":{"id":"m"},"usage":{"cost":"much"}}', '{"id":"z"}', "\udcff"]
    content = lines(a_record("a"), bad[0], "", bad[1], a_record("b"), bad[2], bad[3])
    path.write_bytes(content + b'{"id":"\xff","model":{"id":"m"}}\n')

    report = import_from(path, collection.store)

    assert counts(report) == (7, 2, 0, 0, 5)
    assert ids(collection) == {"a", "b"}
    assert [(refusal.unit, refusal.number) for refusal in report.refusals] == [("line", number) for number in (2, 4, 6, 7, 8)]
    told = [str(refusal) for refusal in report.refusals]
    assert "model" in told[1], "the nearest known name"
    assert "usage.cost" in told[2]
    assert "model" in told[3]
    assert report.rejected_path == tmp_path / "mixed.jsonl.rejected.jsonl"
    expected = lines(*bad[:4]) + b'{"id":"\xff","model":{"id":"m"}}\n'
    assert report.rejected_path.read_bytes() == expected, "verbatim, so that they can be mended and imported"
    reasons = [json.loads(line) for line in (tmp_path / "mixed.jsonl.rejected.reasons.jsonl").read_text().splitlines()]
    assert [reason["number"] for reason in reasons] == [2, 4, 6, 7, 8]
    assert reasons[2]["path"] == "usage.cost"


def test_a_rejected_file_can_be_mended_and_imported(collection, tmp_path):
    path = tmp_path / "some.jsonl"
    path.write_bytes(lines(a_record("a"), {"id": "b", "model": "gpt-4"}))
    rejected = import_from(path, collection.store).rejected_path

    rejected.write_text(rejected.read_text().replace('"gpt-4"', '{"id": "gpt-4"}'))

    assert counts(import_from(rejected, collection.store)) == (1, 1, 0, 0, 0)
    assert ids(collection) == {"a", "b"}


def test_no_file_is_left_behind_when_nothing_was_refused(collection, tmp_path):
    path = tmp_path / "some.jsonl"
    path.write_bytes(lines(a_record("a")))

    assert import_from(path, collection.store).rejected_path is None
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_refused_from_a_pipe_is_kept_as_well(collection, tmp_path, monkeypatch):
    """It cannot be read again, so a second import does not replace the first one's file."""
    monkeypatch.chdir(tmp_path)
    paths = [import_from(io.BytesIO(b'{"nothing": 1}\nnot json\n'), collection.store).rejected_path for _ in range(2)]

    assert len(set(paths)) == 2
    assert all(Path(path).read_bytes() == b'{"nothing": 1}\nnot json\n' for path in paths)


@pytest.mark.parametrize("form", ["list", "document", "gzip", "list of one line each"])
def test_our_json_is_taken_in_any_form(form, collection):
    records = [a_record("a", metadata={"deep": {"er": [1, 2.0, None]}}), a_record("b")]
    content = {
        "list": json.dumps(records).encode(),
        "document": json.dumps(records[0], indent=2).encode() + json.dumps(records[1], indent=2).encode(),
        "gzip": gzip.compress(lines(*records)),
        "list of one line each": b"[\n" + b",\n".join(json.dumps(record).encode() for record in records) + b"\n]\n",
    }[form]

    assert counts(import_from(io.BytesIO(content), collection.store)) == (2, 2, 0, 0, 0)
    assert collection.get("a")["metadata"] == {"deep": {"er": [1, 2.0, None]}}


def test_an_export_of_ours_is_taken_without_what_the_store_adds(collection):
    collection.insert_one(a_record("a"))
    exported = json.dumps({**a_record("a"), "createdAt": "2024-01-01T00:00:00Z", "updatedAt": "2024-01-01T00:00:00Z"}).encode()

    assert counts(import_from(io.BytesIO(exported), collection.store)) == (1, 0, 1, 0, 0)


def test_a_langfuse_export_and_an_inspect_log_are_taken_once(collection):
    exports = [json.dumps(an_export(a_span("s"), an_observation("b1"), an_observation("b2"))), json.dumps(a_log(a_model_event()))]

    reports = [import_from(io.BytesIO(document.encode()), collection.store) for document in exports * 2]

    assert [report.dialect for report in reports[:2]] == ["langfuse", "inspect"]
    assert [counts(report) for report in reports] == [(2, 2, 0, 0, 0), (1, 1, 0, 0, 0), (2, 0, 2, 0, 0), (1, 0, 1, 0, 0)]
    assert ids(collection) == {"t1-b1", "t1-b2", "s1-1"}


def test_a_langfuse_generation_without_a_model_is_refused_and_can_be_mended(collection, tmp_path):
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(an_export(an_observation("b1"), an_observation("b2", model=None)), indent=2))

    report = import_from(path, collection.store)

    assert counts(report) == (2, 1, 0, 0, 1)
    assert "model" in str(report.refusals[0])
    mended = report.rejected_path.read_text().replace('"model":{}', '"model":{"id":"gpt-4"}')
    report.rejected_path.write_text(mended)
    import_from(report.rejected_path, collection.store)
    assert ids(collection) == {"t1-b1", "t1-b2"}


def test_exports_of_another_dialect_may_come_as_lines(collection):
    content = lines(an_export(an_observation("b1")), an_export(an_observation("b2")))

    report = import_from(io.BytesIO(content), collection.store)

    assert counts(report) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("content", ['{"foo": 1, "bar": 2}', "id,model\n1,gpt-4\n", "<xml/>"])
def test_a_file_that_holds_no_generations_is_refused_whole(content, collection, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text(content)

    with pytest.raises(InvalidInput):
        import_from(path, collection.store)

    assert list(tmp_path.iterdir()) == [path]


def test_what_stands_before_the_end_of_a_file_that_is_cut_short_is_taken(collection, tmp_path):
    path = tmp_path / "cut.json"
    path.write_text(json.dumps([a_record("a"), a_record("b"), a_record("c")])[:-20])

    with pytest.raises(InvalidInput, match="ends inside its list"):
        import_from(path, collection.store)

    assert ids(collection) == {"a", "b"}


def test_a_record_above_the_size_limit_is_refused(collection):
    content = lines(a_record("small"), a_record("big", metadata={"text": "x" * 5000}))

    report = import_from(io.BytesIO(content), collection.store, rejected_path=Path("/dev/null"), max_record_bytes=1000)

    assert counts(report) == (2, 1, 0, 0, 1)


def test_progress_tells_records_and_bytes_up_to_the_end(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "BATCH_TEXTS", 10)
    path = tmp_path / "some.jsonl"
    path.write_bytes(lines(*(a_record(str(n)) for n in range(35))))
    told = []

    report = import_from(path, collection.store, on_progress=told.append)

    assert told[-1] == report
    assert [one.read for one in told] == sorted(one.read for one in told)
    assert len({one.read for one in told}) == 4
    assert report.read_bytes == report.total_bytes == path.stat().st_size


def test_stopping_in_between_loses_nothing_and_repeating_finishes(collection, monkeypatch):
    """What the engine was taking when the import stopped is there, whole."""
    monkeypatch.setattr(texts, "BATCH_TEXTS", 10)
    content = lines(*(a_record(str(n)) for n in range(40)))

    def stop(report) -> None:
        if report.read >= 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_from(io.BytesIO(content), collection.store, on_progress=stop)
    before = collection.count_documents({})
    report = import_from(io.BytesIO(content), collection.store)

    assert before in {20, 30}
    assert (report.added, report.unchanged) == (40 - before, before)


def test_an_error_of_the_store_stops_the_import_and_is_told(collection, monkeypatch):
    def full(rows):
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(collection.store, "insert", full)

    with pytest.raises(StoreUnavailable, match="full"):
        import_from(io.BytesIO(lines(a_record("a"))), collection.store)


def test_all_refusals_are_in_the_file_even_when_the_report_shows_some(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "SHOWN_REFUSALS", 3)
    path = tmp_path / "bad.jsonl"
    path.write_bytes(lines(a_record("a"), *({"id": str(n)} for n in range(10))))

    report = import_from(path, collection.store)

    assert report.refused == 10
    assert len(report.refusals) == 3
    assert len(report.rejected_path.read_bytes().splitlines()) == 10


def test_what_is_refused_and_cannot_be_kept_stops_the_import(collection, tmp_path):
    (tmp_path / "folder.jsonl").mkdir()

    with pytest.raises(StoreUnavailable, match=r"folder\.jsonl cannot be written: Is a directory; what was imported is safe"):
        import_from(io.BytesIO(b"not json\n"), collection.store, rejected_path=tmp_path / "folder.jsonl")
