"""Exports over HTTP: any format, streamed, to be checked by a manifest and to go on where they broke off."""

import csv
import gzip
import hashlib
import io
import json
import time

import pyarrow as pa
import pytest
from pyarrow import parquet

RECORDS = [
    {
        "id": f"g{n}",
        "timestamp": f"2023-01-{n + 1:02}T00:00:00Z",
        "model": {"id": "gpt-4" if n % 2 else "gpt-4o"},
        "input": {"type": "text", "content": f"question {n}\n"},
        "output": {"type": "text", "content": f"answer, {n}"},
        "usage": {"cost": n / 100},
        "metadata": {"sessionId": f"s{n % 3}"},
    }
    for n in range(8)
]
PATH = "/api/generations/export"


@pytest.fixture(scope="module")
def http(server):
    with server.client(headers={"Generations-Project": "exporting", "Accept-Encoding": "identity"}) as client:
        assert client.post("/api/generations", json=RECORDS).status_code == 201
        yield client


def exported(http, **asked):
    answer = http.post(PATH, json=asked)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def ids(records):
    return [record["id"] for record in records]


def test_the_export_of_the_mission(http):
    body = {
        "format": "jsonl",
        "filters": {"model.id": "gpt-4", "timestamp": {"gte": "2023-01-01T00:00:00Z", "lte": "2023-01-04T23:59:59Z"}},
        "fields": ["input", "output", "feedback"],
    }
    answer = http.post(PATH, json=body)

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="generations.jsonl"'
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {name: RECORDS[n][name] for name in ("input", "output")} for n in (1, 3)
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"filters": {"usage.cost": {"$gte": 0.06}}}, ["g6", "g7"]),
        ({"filters": {"usage.cost": {"gt": 0.01, "$lt": 0.04}}}, ["g2", "g3"]),
        ({"filters": {"$or": [{"id": {"in": ["g1"]}}, {"usage.cost": 0.07}]}}, ["g1", "g7"]),
        ({"filters": {"metadata.sessionId": {"ne": "s0"}, "usage.cost": {"lt": 0.03}}}, ["g1", "g2"]),
        ({"filters": {"timestamp": {"$date": "2023-01-02T00:00:00Z"}}}, ["g1"]),
        ({"filter": {"id": {"$regex": "[01]$"}}, "filters": {"model.id": "gpt-4"}}, ["g1"]),
        ({"sort": {"usage.cost": -1}, "limit": 2}, ["g7", "g6"]),
    ],
)
def test_filters_of_both_spellings_sort_and_limit(http, asked, expected):
    assert ids(exported(http, **asked)) == expected


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"filters": {"timestamp": {"gtee": "2023-01-01"}}}, "/timestamp/$gtee"),
        ({"filters": {"model.nme": "x"}}, "/model.nme"),
        ({"format": "xml"}, "format"),
        ({"filtre": {}}, None),
        ({"fields": ["usage.cots"]}, "/projection"),
        ({"snapshot": "now"}, "snapshot"),
        ({"limit": -1}, "/limit"),
        ({"filters": json.loads('{"$and":[' * 300 + "{}" + "]}" * 300)}, None),
    ],
)
def test_what_cannot_be_exported_is_told_before_anything_is_sent(http, body, path):
    answer = http.post(PATH, json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    if path is not None:
        assert answer.json()["errors"][0]["path"] == path


def test_every_format_holds_the_same_records(http):
    fields = {"fields": ["id", "usage.cost", "output.content"], "sort": {"id": 1}}
    lines = exported(http, **fields)
    listed = http.post(PATH, json={"format": "json", **fields})
    rows = list(csv.DictReader(io.StringIO(http.post(PATH, json={"format": "csv", **fields}).text)))
    table = parquet.read_table(io.BytesIO(http.post(PATH, json={"format": "parquet", **fields}).content))

    assert listed.headers["content-type"] == "application/json"
    assert listed.json() == lines
    assert [(row["id"], float(row["usage.cost"]), row["output.content"]) for row in rows] == [
        (one["id"], one["usage"]["cost"], one["output"]["content"]) for one in lines
    ]
    assert table["id"].to_pylist() == ids(lines)


def test_nothing_is_a_whole_answer_too(http):
    nothing = {"filters": {"id": "none"}, "fields": ["id"]}

    assert exported(http, **nothing) == []
    assert http.post(PATH, json={"format": "json", **nothing}).json() == []
    assert http.post(PATH, json={"format": "csv", **nothing}).text == '"id"\n'
    assert parquet.read_table(io.BytesIO(http.post(PATH, json={"format": "parquet", **nothing}).content)).num_rows == 0


@pytest.mark.parametrize(
    ("accepted", "packing"), [("gzip", "gzip"), ("gzip, zstd", "zstd"), ("zstd;q=0, gzip;q=0.5", "gzip"), ("br", None), ("*", None)]
)
def test_the_answer_is_packed_as_the_request_accepts(http, accepted, packing):
    with http.stream("POST", PATH, json={"sort": {"id": 1}}, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    plain = {"gzip": gzip.decompress, "zstd": lambda data: pa.input_stream(io.BytesIO(data), compression="zstd").read(), None: bytes}

    assert answer.headers.get("content-encoding") == packing
    assert plain[packing](raw) == http.post(PATH, json={"sort": {"id": 1}}).content


def test_the_manifest_has_count_size_and_digest(http):
    answer = http.post(PATH, json={"filters": {"model.id": "gpt-4"}})
    manifest = http.get(f"/api/exports/{answer.headers['generations-export']}").json()

    assert manifest["count"] == 4
    assert manifest["bytes"] == len(answer.content)
    assert manifest["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert (manifest["state"], manifest["snapshot"]) == ("complete", answer.headers["generations-snapshot"])


def test_a_manifest_is_of_its_project_alone(server, http):
    id = http.post(PATH, json={}).headers["generations-export"]
    with server.client(headers={"Generations-Project": "another"}) as other:
        assert other.get(f"/api/exports/{id}").status_code == 404


@pytest.mark.parametrize(
    "order", [{}, {"sort": {"timestamp": -1}}, {"sort": {"metadata.sessionId": 1}, "filters": {"usage.cost": {"gt": 0}}}]
)
def test_an_export_goes_on_where_it_broke_off(server, project, order):
    """What was changed, added or removed since is as it was, but for what was removed."""
    with server.client(headers={"Generations-Project": project}) as http:
        http.post("/api/generations", json=RECORDS)
        whole = http.post(PATH, json=order)
        first = [json.loads(line) for line in whole.text.splitlines()]
        http.patch(f"/api/generations/{first[1]['id']}", json={"$set": {"usage.cost": 9}})
        http.patch(f"/api/generations/{first[5]['id']}", json={"$set": {"timestamp": "2020-01-01T00:00:00Z"}})
        http.post("/api/generations", json={"id": "g55", "model": {"id": "m"}, "timestamp": "2023-01-05T00:00:00Z"})

        for place in range(len(first)):
            rest = exported(http, **order, snapshot=whole.headers["generations-snapshot"], after=first[place]["id"])
            assert rest == first[place + 1 :]
        gone = http.post(PATH, json={"after": "never"})
        assert (gone.status_code, gone.json()["errors"][0]["path"]) == (404, "after")


def test_no_more_exports_run_than_may(serve_inside):
    """A reader that is slow keeps its place, and the next is told to come back; one that leaves frees it."""
    record = {"model": {"id": "m"}, "output": {"type": "text", "content": "x" * 1_000_000}}
    with serve_inside(concurrent_exports=1) as inside, inside.client(headers={"Accept-Encoding": "identity"}) as http:
        http.post("/api/generations", json=[record] * 40)
        with http.stream("POST", PATH, json={}) as slow:
            id = slow.headers["generations-export"]
            assert http.get(f"/api/exports/{id}").json()["state"] == "running"
            refused = http.post(PATH, json={})
            assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "5")
        while (manifest := http.get(f"/api/exports/{id}").json())["state"] == "running":
            time.sleep(0.01)
        assert (manifest["state"], manifest["sha256"]) == ("failed", None)
        assert http.post(PATH, json={"limit": 1}).status_code == 200
