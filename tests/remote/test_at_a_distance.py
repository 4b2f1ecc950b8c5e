"""What a real server and its client do together beyond the contract: many records, files, all kinds of values."""

import gzip
import json
import math
import re
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime

import pytest

from generations import Generations, InvalidRecord, LimitExceeded, sample_generations
from generations.errors import NotFound
from generations.jobs.importing import import_from
from generations.remote import backend
from generations.wire.litellm_spend import records
from tests.wire.exports import a_spend_log

NOON = datetime(2024, 6, 15, 12, 30, 45, 123456, tzinfo=UTC)


@pytest.fixture
def distant(targets, project):
    with Generations(targets("server"), project=project) as generations:
        yield generations


@pytest.fixture
def small_requests(monkeypatch):
    """As if a request could carry 10 kB."""
    monkeypatch.setattr(backend, "REQUEST_BYTES", 10_000)


def test_many_records_travel_in_many_requests(distant, small_requests):
    result = distant.insert_many({"id": f"g-{n}", "model": {"id": "m"}, "metadata": {"text": "x" * 500}} for n in range(100))

    assert (result.inserted_count, len(result.inserted_ids)) == (100, 100)
    assert [record["id"] for record in distant.find({}, ["id"])] == result.inserted_ids


def test_none_of_many_requests_is_sent_when_the_last_record_is_bad(distant, small_requests):
    records = [{"id": f"g-{n}", "model": {"id": "m"}, "metadata": {"text": "x" * 500}} for n in range(100)]
    records.append({"id": "bad", "model": {"id": "m"}, "usage": {"cost": "cheap"}})

    with pytest.raises(InvalidRecord, match=r"record 100 \(id 'bad'\)"):
        distant.insert_many(records)
    assert distant.count_documents({}) == 0


def test_a_refusal_names_the_record_as_a_folder_does(distant):
    """It had no id when it was given."""
    for record, said in [
        ({"model": {"id": "m"}, "usage": {"cost": "cheap"}}, "record 0: "),
        ({"model": {"id": "m"}, "metadata": {"x": math.nan}}, "record 0: "),
        (b'{"model": ', "record 0: "),
        (b"[1]", "record 0: "),
        (5, "record 0: a record is a mapping"),
        ({"id": "a", "model": {"id": "m"}, "metadata": {"x": "y" * (33 << 20)}}, "33 554 432|33,554,432"),
    ]:
        with pytest.raises(InvalidRecord, match=said):
            distant.insert_one(record)


def test_a_record_may_be_text_over_several_lines(distant):
    distant.insert_one(b'{\n  "id": "a",\n  "model": {"id": "m"}\n}')

    assert distant.get("a")["model"] == {"id": "m"}


@pytest.mark.parametrize("id", ["a/b", "..", ".", "ä ö", "100%2F", "?x#y", "\x00"])
def test_an_id_may_hold_what_a_path_may_not(distant, id):
    distant.insert_one({"id": id, "model": {"id": "m"}})
    distant.add_feedback(id, rating=5)

    assert [version.change for version in distant.history(id)] == ["feedback", "insert"]


def test_feedback_on_an_unknown_record_is_told_apart(distant):
    with pytest.raises(NotFound):
        distant.add_feedback("nobody", rating=5)


def test_filters_carry_instants_patterns_and_numbers_that_json_lacks(distant):
    distant.insert_many(
        [
            {"id": "a", "timestamp": NOON, "model": {"id": "gpt-4"}},
            {"id": "b", "timestamp": NOON.replace(microsecond=123455), "model": {"id": "GPT-4o"}},
        ]
    )

    assert distant.count_documents({"timestamp": {"$gte": NOON}}) == 1
    assert distant.count_documents({"model.id": re.compile("^gpt", re.IGNORECASE)}) == 2
    assert distant.count_documents({"usage.cost": {"$ne": math.nan}}) == 2
    assert distant.distinct("timestamp", {"id": "a"}) == [NOON]
    assert distant.update_one({"timestamp": NOON}, {"$set": {"metadata.when": NOON}}).modified_count == 1
    assert distant.find_one({"metadata.when": NOON})["metadata"] == {"when": NOON}


def test_pipelines_give_values_that_json_lacks(distant):
    distant.insert_one({"id": "a", "model": {"id": "m"}})

    [found] = distant.aggregate(
        [
            {
                "$project": {
                    "nan": {"$literal": math.nan},
                    "early": {"$dateFromParts": {"year": 12}},
                    "one": {"$literal": 1},
                    "double": {"$literal": 1.0},
                }
            }
        ]
    )

    assert math.isnan(found["nan"])
    assert found["early"] == datetime(12, 1, 1, tzinfo=UTC)
    assert (repr(found["one"]), repr(found["double"])) == ("1", "1.0")


def test_a_limit_is_told_as_what_it_is(distant):
    distant.insert_many({"model": {"id": "m"}} for _ in range(100))
    slow = [{"$project": {"x": {"$range": [0, 1_000_000]}}}, {"$unwind": "$x"}, {"$group": {"_id": "$x"}}, {"$count": "n"}]

    with pytest.raises(LimitExceeded) as stopped:
        distant.aggregate(slow, max_time_ms=50).to_list()
    assert stopped.value.hint


def test_what_goes_wrong_in_the_middle_of_an_answer_is_told_as_what_it_is(distant):
    """More rows than a query may give, which shows after most of them were sent."""
    distant.insert_many({"model": {"id": "m"}} for _ in range(11))
    rows = distant.aggregate([{"$project": {"text": "x" * 100, "n": {"$range": [0, 100_000]}}}, {"$unwind": "$n"}])

    assert next(rows)["n"] == 0
    with pytest.raises(LimitExceeded, match="result_rows"):
        for _ in rows:
            pass


def test_an_export_is_the_file_that_a_folder_writes(distant, tmp_path, subtests):
    with Generations(tmp_path / "data", project=distant.project) as folder:
        for generations in (distant, folder):
            generations.insert_many(sample_generations(50))
        for format in ("jsonl", "json", "csv", "parquet"):
            with subtests.test(format=format):
                reports = [
                    generations.export(
                        tmp_path / f"{place}.{format}", format=format, filter={"status": "success"}, fields=["id", "usage.cost"], sort="id"
                    )
                    for place, generations in (("there", distant), ("here", folder))
                ]

                assert (tmp_path / f"there.{format}").read_bytes() == (tmp_path / f"here.{format}").read_bytes()
                assert reports[0].count == reports[0].expected == reports[1].count > 0
                assert reports[0].manifest["sha256"] == reports[1].manifest["sha256"]


def test_an_export_is_imported_again_with_nothing_added(distant, tmp_path):
    distant.insert_many(sample_generations(50))
    distant.export(tmp_path / "all.jsonl.gz")

    report = import_from(tmp_path / "all.jsonl.gz", distant.origin)

    assert gzip.decompress((tmp_path / "all.jsonl.gz").read_bytes()).count(b"\n") == 50
    assert (report.read, report.unchanged, report.added) == (50, 50, 0)


def test_an_import_counts_and_refuses_as_on_a_folder(distant, tmp_path):
    lines = [
        {"model": {"id": "m"}},
        {"model": {"id": "m"}},
        {"id": "a", "model": {"id": "m"}, "createdAt": "2024-01-01T00:00:00Z"},
        {"id": "a", "model": {"id": "m"}},
        {"id": "a", "model": {"id": "n"}},
        {"id": "bad", "model": {"id": "m"}, "usage": {"cost": "cheap"}},
    ]
    source = tmp_path / "some.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)))

    first, second = (import_from(source, distant.origin) for _ in range(2))

    assert (first.read, first.added, first.unchanged, first.replaced, first.refused) == (6, 3, 1, 1, 1)
    assert second.added == 0
    assert distant.count_documents({}) == 3


def test_spend_logs_of_litellm_complete_what_was_posted_to_the_server(distant, tmp_path):
    [record] = records(a_spend_log(litellm_call_id="c-1"))
    distant.insert_one(record | {"input": {"type": "text", "content": "As it was posted."}})
    (tmp_path / "spend.jsonl").write_text(json.dumps(a_spend_log(litellm_call_id="c-1", team_id="t-1")))

    first, second = (import_from(tmp_path / "spend.jsonl", distant.origin) for _ in range(2))

    assert (first.replaced, second.replaced, second.unchanged) == (1, 0, 1)
    found = distant.get(record["id"])
    assert (found["input"]["content"], found["metadata"]["litellm"]["team_id"]) == ("As it was posted.", "t-1")


def test_a_long_answer_is_read_in_flat_memory(distant):
    """Far less of it is held than the 20 MB that it has."""
    distant.insert_many({"model": {"id": "m"}, "metadata": {"text": "x" * 2000}} for _ in range(10_000))
    tracemalloc.start()
    with distant.find() as cursor:
        assert sum(1 for _ in cursor) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 5 << 20


def test_a_client_needs_neither_an_engine_nor_arrow(targets, project):
    """The package by itself is enough, and says what is missing where more is needed."""
    program = f"""
import sys
sys.modules |= dict.fromkeys(["chdb", "pyarrow", "clickhouse_connect", "starlette", "typer", "rich"])
from generations import Generations, MissingExtra
with Generations({targets("server")!r}, project={project!r}) as generations:
    generations.insert_many([{{"id": "a", "model": {{"id": "m"}}}}, {{"id": "b", "model": {{"id": "m"}}}}])
    generations.add_feedback("a", rating=5)
    generations.export("-", fields=["id"], sort="id")
    print(len(generations.find({{"feedback.rating": 5}}).to_list()), flush=True)
    try:
        generations.find().to_arrow()
    except MissingExtra as error:
        print(error.hint)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[:3] == ['{"id":"a"}', '{"id":"b"}', "1"]
    assert "pip install" in done.stdout
